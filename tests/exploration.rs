//! Searches the small worlds exhaustively, and compares the result with the committed pages.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use quixote_session::Semantics;
use quixote_session::check::replay::replay;
use quixote_session::check::trace::TraceReader;
use quixote_session::check::{Guarantees, Property, Size, Verdict};

/// Searched once for all tests of this file.
static SMALL: LazyLock<Guarantees> =
    LazyLock::new(|| Guarantees::explore(Size::Small, &Semantics::ALL, &mut |_, _, _| true));

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/guarantees")
}

/// Every file of the folder with the table and its counterexamples.
fn files(found: &Guarantees) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::from([("README.md".to_owned(), found.page().into_bytes())]);
    for counterexample in found.counterexamples() {
        let name = counterexample.name();
        files.insert(format!("{name}.md"), counterexample.page().into_bytes());
        files.insert(format!("{name}.jsonl"), counterexample.trace().unwrap());
    }
    files
}

/// Run with `UPDATE_GUARANTEES=1` to write the folder again, and review the difference.
#[test]
fn the_verdicts_are_those_declared_and_the_committed_pages_show_them() {
    let found = &*SMALL;
    assert_eq!(found.surprises(), [""; 0]);
    let files = files(found);
    if std::env::var_os("UPDATE_GUARANTEES").is_some() {
        let _ = fs::remove_dir_all(committed());
        fs::create_dir_all(committed()).unwrap();
        for (name, content) in &files {
            fs::write(committed().join(name), content).unwrap();
        }
    }
    let mut on_disk: Vec<String> = fs::read_dir(committed())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    on_disk.sort();
    assert_eq!(on_disk, files.keys().cloned().collect::<Vec<_>>());
    for (name, content) in &files {
        let committed = fs::read_to_string(committed().join(name)).unwrap();
        assert_eq!(committed, String::from_utf8_lossy(content), "{name}");
    }
}

#[test]
fn every_counterexample_replays() {
    for counterexample in SMALL.counterexamples() {
        let trace = counterexample.trace().unwrap();
        let reader = TraceReader::new(counterexample.name(), &trace[..]).unwrap();
        let replayed = replay(reader).unwrap();
        assert!(replayed.differs.is_none(), "{}", counterexample.name());
        assert!(replayed.steps > 0);
    }
}

/// These are the faults that strict repairs.
#[test]
fn the_known_weaknesses_show() {
    let found = &*SMALL;
    let broken = |semantics: Semantics, property: Property| {
        let column = found.columns.iter().find(|column| column.semantics == semantics).unwrap();
        matches!(column.verdict(property), Verdict::Broken { .. })
    };
    for (semantics, property) in [
        (Semantics::Live, Property::FailureLeavesNoTrace),
        (Semantics::Copying, Property::NoIdComesBack),
        (Semantics::Live, Property::NoUpdateIsLost),
        (Semantics::Copying, Property::NoUpdateIsLost),
        (Semantics::Copying, Property::TokenAcceptedOnce),
        (Semantics::Live, Property::OneUserPerId),
        (Semantics::Live, Property::LogoutReachesTheClient),
        (Semantics::Live, Property::CookieNamesStored),
        (Semantics::Live, Property::NothingPastItsLimits),
    ] {
        assert!(broken(semantics, property), "{semantics}: {property}");
    }
}

#[test]
fn a_search_that_is_stopped_claims_nothing() {
    let mut calls = 0;
    let found = Guarantees::explore(Size::Small, &[Semantics::Strict], &mut |_, _, _| {
        calls += 1;
        calls < 3
    });
    assert_eq!(found.columns[0].verdict(Property::StoredHasInfo), Verdict::Unknown);
    assert_eq!(found.surprises(), [""; 0]);
}
