//! Runs the kept corpus and the findings through the harness, without a fuzzer: on stable, in
//! seconds.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use flate2::read::GzDecoder;
use quixote_session::check::Cells;
use tar::Archive;

use crate::{cookie, differential, state, step, trace};

/// The name of an input, and its bytes.
type Named = (String, Vec<u8>);

/// Every input in the archive of a target.
fn kept(target: &str) -> Vec<Named> {
    let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("corpus/{target}.tar.gz"));
    let mut archive = Archive::new(GzDecoder::new(fs::File::open(archive).unwrap()));
    let files = archive.entries().unwrap().map(Result::unwrap);
    let files = files.filter(|entry| entry.header().entry_type().is_file());
    let read = files.map(|mut entry| {
        let name = entry.path().unwrap().display().to_string();
        let mut input = Vec::new();
        entry.read_to_end(&mut input).unwrap();
        (name, input)
    });
    read.collect()
}

/// Every finding of a target; none if there is no folder.
fn found(target: &str) -> Vec<Named> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target);
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let files = entries.map(|entry| entry.unwrap().path());
    files.map(|file| (file.display().to_string(), fs::read(file).unwrap())).collect()
}

/// Runs a target over what is kept for it. A panic does not name the input, so each is named before
/// it runs.
fn replay(target: &str, mut run: impl FnMut(&[u8])) {
    let (kept, found) = (kept(target), found(target));
    assert!(kept.len() >= 10, "too few inputs are kept for {target}: {}", kept.len());
    for (name, input) in kept.iter().chain(&found) {
        println!("{name}");
        run(input);
    }
    println!("{target}: {} inputs kept, {} findings", kept.len(), found.len());
}

/// The cells that can be reached; `tests/cells.rs` shows that there are no others.
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
