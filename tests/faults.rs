//! Planted faults: each patch in `tests/faults/` breaks one thing and names the checks that must
//! catch it.
//!
//! A patch opens with a sentence that says what is wrong, as a person would report it, followed by
//! one line per check:
//!
//! - `Caught by: explore PROPERTY: RULES`: the exploration of the small worlds, which runs here;
//! - `Caught by: unit TEST`: a unit test of the library, which runs here, too;
//! - `Caught by: fuzz TARGET: REGEX`: a fuzz target, which `.ci/fuzz` runs.
//!
//! RULES are the rules that the fault breaks and that have an arrow to PROPERTY in
//! `spec/session.md`. If there are none, the colon is left out too. So every arrow has teeth: there
//! is a fault that breaks its rule, and that its property reports. A fault is planted under strict,
//! unless PROPERTY has the name of another semantics before it.
//!
//! Building takes seconds per fault, so the exploration runs in CI and by hand: `cargo test
//! --features cli --test faults -- --ignored`. With a number in SHARE, every ninth fault is
//! explored, counted from that number. `cargo test --features cli --test faults -- --nocapture
//! matrix` prints which property catches which fault.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "faults/checks.rs"]
mod checks;

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use diffy::Patch;
use quixote_session::Semantics;
use quixote_session::check::Property;
use serde_json::Value;

use checks::{Explored, caught_by, explored, patches};

struct Fault {
    name: String,
    text: String,
}

impl Fault {
    /// All faults, ordered by file, so that each build finds as much as possible unchanged.
    fn all() -> Vec<Self> {
        let patches = patches(&here().join("tests/faults"));
        let mut faults: Vec<_> =
            patches.into_iter().map(|(name, text)| Self { name, text }).collect();
        faults.sort_by_key(|fault| (fault.file().to_owned(), fault.name.clone()));
        faults
    }

    fn patch(&self) -> Patch<'_, str> {
        Patch::from_str(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn file(&self) -> &str {
        let file = self.text.lines().find_map(|line| line.strip_prefix("+++ b/"));
        file.unwrap_or_else(|| panic!("{}: changes no file", self.name))
    }

    /// The file in `tree` with the fault in it. The context of the patch must match exactly.
    fn planted_in(&self, tree: &Path) -> String {
        let source = fs::read_to_string(tree.join(self.file())).unwrap();
        diffy::apply(&source, &self.patch())
            .unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn explored(&self) -> Vec<Explored<'_>> {
        explored(&self.text).collect()
    }
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_fault_applies_and_names_checks_that_exist() {
    for fault in Fault::all() {
        fault.planted_in(here());
        let explored = fault.explored();
        for Explored { semantics, property, .. } in &explored {
            let told = format!("{}: {property} under {semantics}", fault.name);
            let semantics = Semantics::ALL.iter().find(|own| own.to_string() == *semantics);
            let kept = |own: &&Property| semantics.is_some_and(|which| own.is_kept_by(*which));
            assert!(Property::ALL.iter().filter(kept).any(|own| own.id() == *property), "{told}");
        }
        let fuzzed = caught_by(&fault.text, "fuzz").inspect(|check| {
            let target = check.split_once(": ").map_or("", |(target, _)| target);
            let source = here().join(format!("fuzz/fuzz_targets/{target}.rs"));
            assert!(source.exists(), "{}: no fuzz target in {check:?}", fault.name);
        });
        let named = fault.text.lines().filter(|line| line.starts_with("Caught by")).count();
        assert!(named > 0, "{}: names no check", fault.name);
        let known = explored.len() + fuzzed.count() + caught_by(&fault.text, "unit").count();
        assert_eq!(known, named, "{}: unknown check", fault.name);
    }
}

/// Prints the matrix of properties and faults, row by row.
#[test]
fn every_row_of_the_matrix_of_properties_has_a_fault() {
    let faults = Fault::all();
    for property in Property::ALL.iter().filter(|one| one.is_kept_by(Semantics::Strict)) {
        let id = property.id();
        println!("{id}");
        let mut caught = 0;
        for fault in &faults {
            for by in fault.explored().iter().filter(|by| by.property == id) {
                println!("    {:45} {}", fault.name.trim_end_matches(".patch"), by.rules.join(" "));
                caught += usize::from(by.semantics == "strict");
            }
        }
        assert!(caught > 0, "no fault is caught by {id}");
    }
}

#[test]
#[ignore = "builds the crate once per fault: minutes"]
fn every_fault_is_caught_by_its_properties() {
    let copy = copy_of_the_crate("crate");
    assert!(broken_in(&copy, "strict").is_empty(), "the copy without a fault breaks nothing");
    let mut missed = Vec::new();
    let mut faults = Fault::all();
    faults.retain(|fault| !fault.explored().is_empty());
    for (_, fault) in faults.iter().enumerate().filter(|(place, _)| is_in_share(*place)) {
        let path = copy.join(fault.file());
        let source = fs::read_to_string(&path).unwrap();
        fs::write(&path, fault.planted_in(&copy)).unwrap();
        let explored = fault.explored();
        for semantics in Semantics::ALL.map(|semantics| semantics.to_string()) {
            let named = || explored.iter().filter(|by| by.semantics == semantics);
            if named().next().is_none() {
                continue;
            }
            let broken = broken_in(&copy, &semantics);
            println!("{}, {semantics}: {}", fault.name, broken.join(", "));
            for by in named().filter(|by| !broken.iter().any(|one| one == by.property)) {
                missed.push(format!("{}: only {broken:?}, not {}", fault.name, by.property));
            }
        }
        fs::write(&path, source).unwrap();
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
#[ignore = "builds the crate once per fault: minutes"]
fn every_fault_is_caught_by_its_unit_tests() {
    let copy = copy_of_the_crate("unit");
    let faults = Fault::all();
    let named = faults
        .iter()
        .flat_map(|fault| caught_by(&fault.text, "unit").map(move |test| (fault, test)));
    let mut sound = BTreeSet::new();
    for (_, (fault, test)) in named.enumerate().filter(|(place, _)| is_in_share(*place)) {
        assert!(!sound.insert(test) || passes(&copy, test), "{test} fails without a fault");
        let path = copy.join(fault.file());
        let source = fs::read_to_string(&path).unwrap();
        fs::write(&path, fault.planted_in(&copy)).unwrap();
        assert!(!passes(&copy, test), "{}: {test} passes", fault.name);
        println!("{}: {test} fails", fault.name);
        fs::write(&path, source).unwrap();
    }
}

/// Whether a unit test of the copy passes. It is built without optimisation, and uses what the
/// crate's own tests have built.
fn passes(copy: &Path, test: &str) -> bool {
    let run = Command::new(env!("CARGO"))
        .args(["test", "--quiet", "--locked", "--features", "cli", "--lib"])
        .args(["--config", "profile.test.package.quixote-session.opt-level=0"])
        .args(["--", "--exact", test])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", here().join("target"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    let ran = told.contains("1 passed") || told.contains("1 failed");
    assert!(ran, "{test}: {told}{}", String::from_utf8_lossy(&run.stderr));
    run.status.success()
}

/// Whether SHARE picks the fault at this place; without SHARE, every fault is picked.
fn is_in_share(place: usize) -> bool {
    let share = env::var("SHARE").unwrap_or_default();
    share.is_empty() || share.parse::<usize>().unwrap() % 9 == place % 9
}

/// A copy of everything that `Cargo.toml` names, and of nothing that takes long to copy.
fn copy_of_the_crate(name: &str) -> PathBuf {
    let copy = here().join("target/faults").join(name);
    let _ = fs::remove_dir_all(&copy);
    for folder in ["src", "adapters/reference", "benches", "tests/cli", "crates", "examples"] {
        copy_folder(&here().join(folder), &copy.join(folder));
    }
    for file in ["Cargo.toml", "Cargo.lock", "tests/cli.rs"] {
        fs::copy(here().join(file), copy.join(file)).unwrap();
    }
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            fs::copy(&path, &copy).unwrap();
        }
    }
}

/// The ids of the properties that the copy breaks under this semantics.
fn broken_in(copy: &Path, semantics: &str) -> Vec<String> {
    let run = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--features", "cli", "--bin", "quixote-session", "--"])
        .args(["explore", "--semantics", semantics, "--json"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.with_file_name("target"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTFLAGS", "--cap-lints warn")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    let found: Value = serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|error| panic!("the copy does not build or run: {error}\n{errors}"));
    let properties = found["semantics"][0]["properties"].as_object().unwrap();
    let broken = properties.iter().filter(|(_, told)| told["found"]["verdict"] == "broken");
    broken.map(|(id, _)| id.clone()).collect()
}
