//! The kept corpus, and the findings, through the harness without a fuzzer: on stable, in seconds.

use std::fs;
use std::path::{Path, PathBuf};

use quixote_session::check::Cells;

use crate::{cookie, differential, state, step, trace};

/// Every file of a folder, in order; none where there is no folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs a target over what is kept for it. A panic names no file, so each is named before.
fn replay(target: &str, mut run: impl FnMut(&[u8])) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = files(&here.join("corpus").join(target));
    let found = files(&here.join("regressions").join(target));
    assert!(kept.len() >= 10, "the corpus of {target} has moved");
    for file in kept.iter().chain(&found) {
        println!("{}", file.display());
        run(&fs::read(file).unwrap());
    }
    println!("{target}: {} inputs kept, {} findings", kept.len(), found.len());
}

/// The cells that can be reached, as `tests/cells.rs` has shown that they are all.
fn reachable() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = fs::read_to_string(here.join("../tests/snapshots/cells__cells.snap")).unwrap();
    let table = kept.find("| event |").unwrap();
    kept[table..].trim_end().to_owned()
}

#[test]
fn step_finds_nothing_in_its_corpus_which_reaches_every_cell() {
    let mut cells = Cells::default();
    replay("step", |input| step::run(input, &mut |cell| cells.count(cell)));
    println!("{} cells\n{}", cells.len(), cells.report(true));
    let (reached, reachable) = (cells.report(false), reachable());
    let dark: Vec<_> = reachable.lines().filter(|line| !reached.contains(line)).collect();
    assert!(dark.is_empty(), "of these rows not all cells are reached:\n{}", dark.join("\n"));
    assert_eq!(reached, reachable, "no other cells are reached");
}

#[test]
fn differential_finds_nothing_in_its_corpus() {
    replay("differential", differential::run);
}

#[test]
fn cookie_finds_nothing_in_its_corpus() {
    replay("cookie", cookie::run);
}

#[test]
fn trace_finds_nothing_in_its_corpus() {
    replay("trace", trace::run);
}

#[test]
fn state_finds_nothing_in_its_corpus() {
    replay("state", state::run);
}
