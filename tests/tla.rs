//! The TLA+ model and the machine agree on every transition, in both directions.
//!
//! `spec/tlc graph` writes graphs of `spec/SessionManager.tla`: the small ones are kept in
//! `tests/tla/graphs` and compared here without TLC; a file or folder named by `TLA_GRAPHS`, of any
//! size, is compared by the ignored test. For every transition of the model, `step` must have the
//! same effects and lead to the same state. Every input of the world that `step` accepts must be a
//! transition of the model, and no input that it refuses may be one.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "tla/compare.rs"]
mod compare;
#[path = "tla/events.rs"]
mod events;
#[path = "tla/graph.rs"]
mod graph;
#[path = "tla/machine.rs"]
mod machine;
#[path = "tla/planted.rs"]
mod planted;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use compare::compare;
use graph::Graph;

/// The most differences that are shown; more would add nothing.
const ENOUGH: usize = 20;

fn kept_graphs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tla/graphs")
}

/// Compares the graphs in a folder, or a single graph, several at a time. Each must have something
/// to compare.
fn compare_all(path: &Path) -> usize {
    let mut paths: Vec<PathBuf> = if path.is_dir() {
        path.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
    } else {
        vec![path.to_owned()]
    };
    paths.sort();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
            compare_one(path);
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, Into::into);
        (0..workers).for_each(|_| _ = scope.spawn(work));
    });
    paths.len()
}

fn compare_one(path: &Path) {
    let graph = Graph::read(File::open(path).unwrap());
    let compared = compare(&graph, ENOUGH);
    let differences = &compared.differences;
    assert!(differences.is_empty(), "{}:\n{}", path.display(), differences.join("\n\n"));
    assert!(compared.transitions > 0 && compared.refused > 0, "{compared:?}");
    println!(
        "{}: {} states, {} transitions, {} refusals, no difference",
        path.file_name().unwrap().display(),
        graph.states.len(),
        graph.transitions(),
        compared.refused
    );
}

#[test]
fn the_model_and_the_machine_agree_on_the_graphs_that_are_kept() {
    assert!(compare_all(&kept_graphs()) >= 3, "a graph for each semantics");
}

#[test]
#[ignore = "reads what `spec/tlc graph` has written"]
fn the_model_and_the_machine_agree_on_the_graphs_named_by_tla_graphs() {
    let path = std::env::var("TLA_GRAPHS").expect("TLA_GRAPHS names a graph or a folder of graphs");
    assert!(compare_all(Path::new(&path)) > 0, "{path} has no graphs");
}

/// A comparison that leaves a key out would not notice that the key is wrong.
#[test]
fn every_key_of_a_step_and_of_a_state_is_compared() {
    let mut left: Vec<_> = planted::all().collect();
    // Small graphs that together have everything that can be changed.
    for name in ["cookies-copying", "users-strict", "time-strict", "taken-strict"] {
        let file = File::open(kept_graphs().join(name).with_extension("gz")).unwrap();
        let graph = Graph::read(file);
        left.retain(|(what, change)| match planted::changed(graph.clone(), *change) {
            None => true,
            Some(graph) => {
                let found = compare(&graph, 1).differences;
                assert!(!found.is_empty(), "{name} with another {what} is no different");
                false
            }
        });
    }
    let left: Vec<_> = left.into_iter().map(|(what, _)| what).collect();
    assert!(left.is_empty(), "no graph has a {left:?} to change");
}
