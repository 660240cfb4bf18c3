//! A table of the benches' results, and of whether each target is met. It reads the files in which
//! criterion keeps its results, so no number is typed by hand.
//!
//! `cargo bench --bench table` prints the table. With `-- --write` it goes into
//! `benches/README.md`, and the two pictures beside that page are drawn.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

#[path = "table/page.rs"]
mod page;
#[path = "table/plot.rs"]
mod plot;
#[path = "setup/estimates.rs"]
mod results;
#[path = "table/targets.rs"]
mod targets;

use std::fs;

fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let (targets, results) = (page::targets(), page::results());
    // As a test it only shows that it can run.
    if has("--test") || !has("--bench") {
        return;
    }
    println!("{targets}\n{results}");
    if has("--write") {
        let folder = env!("CARGO_MANIFEST_DIR");
        let write = |name: &str, text: &str| {
            fs::write(format!("{folder}/{name}"), text).expect("the folder can be written to");
        };
        write("cost.svg", &plot::cost());
        write("memory.svg", &plot::memory());
        let page = fs::read_to_string(format!("{folder}/README.md")).unwrap_or_default();
        write("README.md", &page::with_results(&page));
    }
}
