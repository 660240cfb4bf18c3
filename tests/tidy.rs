//! The rules of the house as a test: short lines, functions and files, and nothing left undone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

const COLUMNS: usize = 100;
// Bounds against sprawl, not a matter of style: a match over every event may take what it needs.
const FUNCTION_LINES: usize = 60;
const FILE_LINES: usize = 600;

/// Every Rust file of the project, with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let of_fuzz = ["fuzz/src", "fuzz/fuzz_targets", "fuzz/examples"];
    let ours = ["src", "tests", "examples", "benches", "crates", "adapters"];
    for folder in ours.into_iter().chain(of_fuzz) {
        collect(&here.join(folder), &mut found);
    }
    found.sort();
    assert!(found.len() > 20, "the folders have moved");
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        // What is built or installed in these folders is not part of the project.
        let is_others = ["target", "node_modules"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !is_others {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
}

/// What is wrong with one file, as `line: what`.
fn complaints(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut wrong = Vec::new();
    if lines.len() > FILE_LINES {
        wrong.push(format!("{}: more than {FILE_LINES} lines", lines.len()));
    }
    for (number, line) in (1..).zip(&lines) {
        // A row of a table must be on one line.
        let whole = ["//! |", "/// |"].iter().any(|head| line.trim_start().starts_with(head));
        if line.chars().count() > COLUMNS && !whole {
            wrong.push(format!("{number}: more than {COLUMNS} columns"));
        }
        let undone = [["TO", "DO"], ["FIX", "ME"], ["todo", "!("], ["dbg", "!("]];
        if undone.iter().any(|word| line.contains(&word.concat())) {
            wrong.push(format!("{number}: left undone"));
        }
    }
    wrong.extend(long_functions(&lines));
    wrong
}

/// Functions whose signature and body take more lines than allowed: from the line with `fn` to
/// the closing brace at the same depth.
fn long_functions(lines: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (number, line) in (1..).zip(lines) {
        let code = line.trim_start();
        let starts = ["fn ", "async fn ", "const fn "]
            .iter()
            .any(|head| code.strip_prefix("pub ").unwrap_or(code).starts_with(head))
            || (code.starts_with("pub(") && code.contains("fn "));
        if !starts || code.ends_with(';') || code.ends_with('}') {
            continue;
        }
        let indent = line.len().saturating_sub(code.len());
        let closing = format!("{}}}", " ".repeat(indent));
        let rest = lines.iter().skip(number);
        let length = rest.take_while(|line| **line != closing).count().saturating_add(2);
        if length > FUNCTION_LINES {
            wrong.push(format!("{number}: a function of {length} lines"));
        }
    }
    wrong
}

#[test]
fn lines_functions_and_files_are_short_and_nothing_is_left_undone() {
    let mut wrong = Vec::new();
    // A generated file may be long: nobody reads it without its source.
    let generated = |text: &str| text.lines().take(3).any(|line| line.starts_with("//! Generated"));
    for (path, text) in sources().into_iter().filter(|(_, text)| !generated(text)) {
        // An example may tell its story in one function.
        let story = path.components().any(|part| part.as_os_str() == "examples");
        let found = complaints(&text).into_iter();
        let found = found.filter(|found| !(story && found.contains("a function of")));
        wrong.extend(found.map(|found| format!("{}:{found}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_rules_can_be_broken() {
    let long = format!("fn long() {{\n{}}}\n", "    call();\n".repeat(FUNCTION_LINES));
    assert_eq!(complaints(&long), ["1: a function of 62 lines"]);
    assert_eq!(complaints(&"x".repeat(COLUMNS + 1)), ["1: more than 100 columns"]);
    assert_eq!(complaints(&"\n".repeat(FILE_LINES + 1)), ["601: more than 600 lines"]);
    assert_eq!(complaints(&["// TO", "DO"].concat()), ["1: left undone"]);
    assert_eq!(complaints("fn short() {\n    call();\n}\n"), [""; 0]);
}
