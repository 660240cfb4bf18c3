//! The specification and the code, bound to each other in both directions.
//!
//! Every MUST of `spec/session.md` is cited by its number where the code obeys it and where a test
//! checks it:
//!
//! ```text
//! // [token-4]
//! ```
//!
//! [`trace::faults`] finds what does not fit. With `UPDATE_SPEC=1` the test writes what is
//! generated: `spec/traceability.md`, and the tables in `spec/session.md`. A rule whose sentence
//! has changed fails the test until `REVIEWED`, which is set together with `UPDATE_SPEC`, names it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "faults/checks.rs"]
mod checks;
#[path = "spec/clauses.rs"]
mod clauses;
#[path = "spec/generated.rs"]
mod generated;
#[path = "spec/planted.rs"]
mod planted;
#[path = "spec/rules.rs"]
mod rules;
#[path = "spec/sources.rs"]
mod sources;
#[path = "spec/teeth.rs"]
mod teeth;
#[path = "spec/trace.rs"]
mod trace;

use std::fs;
use std::path::{Path, PathBuf};

use quixote_session::check::Property;

use self::rules::Spec;
use self::sources::read_sources;
use self::trace::faults;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn spec_text() -> String {
    fs::read_to_string(root().join("spec/session.md")).unwrap()
}

fn properties() -> Vec<&'static str> {
    Property::ALL.iter().map(|property| property.id()).collect()
}

fn reviewed() -> trace::Reviewed {
    let path = root().join("spec/traceability.md");
    generated::reviewed(&fs::read_to_string(path).unwrap_or_default())
}

#[test]
fn every_must_is_obeyed_and_tested_and_every_citation_is_in_the_spec() {
    let (spec, sources) = (spec_text(), read_sources(&root()));
    let faults = faults(&spec, &sources, &properties(), &reviewed());
    let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), shown.join("\n"));
}

#[test]
fn every_arrow_has_teeth() {
    let faults = teeth::without_teeth(&Spec::parse(&spec_text()).0, &planted());
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_table_of_clauses_is_complete() {
    let faults = clauses::faults(&spec_text(), &properties());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_generated_tables_are_what_the_code_produces() {
    let (spec, sources) = (spec_text(), read_sources(&root()));
    let again = std::env::var("REVIEWED").unwrap_or_default();
    let again: Vec<&str> = again.split(',').collect();
    let page = generated::traceability(&Spec::parse(&spec).0, &sources, &reviewed(), &again);
    let read = |name: &str| fs::read_to_string(root().join(name)).unwrap();
    let found = generated::Found {
        guarantees: read("spec/guarantees/README.md"),
        verdicts: read("spec/verdicts.md"),
        witnessed: read("tests/snapshots/properties__witnessed.snap"),
        proved: read("spec/proofs/proof/All.v"),
        planted: planted(),
    };
    let with_tables = generated::with_tables(&spec, &sources, &found);
    let path = root().join("spec/traceability.md");
    if std::env::var_os("UPDATE_SPEC").is_some() {
        fs::write(&path, &page).unwrap();
        fs::write(root().join("spec/session.md"), &with_tables).unwrap();
        return;
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    same("spec/traceability.md", &committed, &page);
    same("spec/session.md", &spec, &with_tables);
}

/// The planted faults.
fn planted() -> Vec<(String, String)> {
    checks::patches(&root().join("tests/faults"))
}

/// Fails with the first line that differs; a whole page would be too much to read.
fn same(name: &str, committed: &str, generated: &str) {
    let ends = ["(the end)"];
    let pairs = committed.lines().chain(ends).zip(generated.lines().chain(ends));
    let differs = pairs.zip(1..).find(|((one, other), _)| one != other);
    if let Some(((committed, generated), line)) = differs {
        panic!(
            "{name}:{line} is\n  {committed}\nand the code produces\n  {generated}\n\
             UPDATE_SPEC=1 cargo test --test spec writes it anew"
        );
    }
}

#[test]
fn every_section_is_called_like_a_file() {
    for section in Spec::parse(&spec_text()).0.sections() {
        let places = ["src", "src/check", "examples"];
        let exists = |place: &&str| root().join(place).join(format!("{section}.rs")).is_file();
        assert!(places.iter().any(exists) || section == "driver", "no file for `{section}`");
    }
}

#[test]
fn every_file_that_the_spec_names_is_there() {
    for page in ["spec/session.md", "spec/README.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let named = text.split('`').skip(1).step_by(2);
        let folders = ["src/", "tests/", "examples/"];
        for name in named.filter(|name| folders.iter().any(|folder| name.starts_with(folder))) {
            assert!(root().join(name).exists(), "{page} names {name}, which is gone");
        }
    }
}

/// The number of rules, by keyword: `cargo test --test spec -- --nocapture the_rules_are_counted`.
#[test]
fn the_rules_are_counted() {
    let spec = spec_text();
    let (spec, faults) = Spec::parse(&spec);
    assert!(faults.is_empty(), "{faults:?}");
    let binding = spec.rules.iter().filter(|rule| rule.is_binding()).count();
    println!("{} rules, {binding} of them MUST or MUST NOT", spec.rules.len());
    assert!(binding > 0);
}
