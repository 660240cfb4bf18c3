//! The TLA+ model and the machine agree on every transition, in both directions.
//!
//! `spec/tlc graph` writes graphs of `spec/SessionManager.tla`: the small ones are kept in
//! `tests/tla/graphs` and compared here without TLC; a file or folder named by `TLA_GRAPHS`, of any
//! size, is compared by the ignored test. Every transition of the model is made by `step`, which
//! shows the same and leads to the same state; every input of the world that `step` accepts is a
//! transition of the model; every one that it refuses is none.

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

use std::fs::File;
use std::path::{Path, PathBuf};

use compare::compare;
use graph::Graph;

/// Compares the graphs in a folder, or one; each must have something to compare.
fn compare_all(path: &Path) -> usize {
    let mut paths: Vec<PathBuf> = if path.is_dir() {
        path.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect()
    } else {
        vec![path.to_owned()]
    };
    paths.sort();
    for path in &paths {
        let graph = Graph::read(File::open(path).unwrap());
        let compared = compare(&graph);
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
    paths.len()
}

#[test]
fn the_model_and_the_machine_agree_on_the_graphs_that_are_kept() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tla/graphs");
    assert!(compare_all(&folder) >= 3, "a graph for each semantics");
}

#[test]
#[ignore = "reads what `spec/tlc graph` has written"]
fn the_model_and_the_machine_agree_on_the_graphs_named_by_tla_graphs() {
    let path = std::env::var("TLA_GRAPHS").expect("TLA_GRAPHS names a graph or a folder of graphs");
    assert!(compare_all(Path::new(&path)) > 0, "{path} has no graphs");
}
