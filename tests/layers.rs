//! A module imports only from modules below it, so each can be read without those above it.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

/// The modules of the library, from the lowest up: each may import only those before it.
const ORDER: [&str; 20] = [
    // Data.
    "serial",
    "version",
    "grammar",
    "semantics",
    "time",
    "token",
    "entropy",
    "form_tokens",
    "presented",
    "config",
    "session",
    "event",
    "effect",
    // The store, the rules, the text.
    "state",
    "step",
    "driver",
    "null",
    "cookie",
    "quixote",
    // The checks.
    "check",
];

/// The imports of a module that are not below it.
fn upward(module: &str, text: &str) -> Vec<String> {
    let place = |name: &str| ORDER.iter().position(|own| *own == name);
    let own = place(module).unwrap_or_else(|| panic!("{module} has no place in the order"));
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let named = code.flat_map(|line| line.split("crate::").skip(1));
    let named = named.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next());
    let is_upward = |name: &&str| place(name).is_some_and(|other| other > own);
    named.map(Option::unwrap).filter(is_upward).map(Into::into).collect()
}

fn look(folder: &Path, module: Option<&str>, wrong: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let module = module.unwrap_or(stem);
        if path.is_dir() {
            look(&path, Some(module), wrong);
        } else if !["lib", "main", "cli", "judge"].contains(&module) {
            let found = upward(module, &fs::read_to_string(&path).unwrap());
            wrong.extend(found.iter().map(|name| format!("{}: {name}", path.display())));
        }
    }
}

#[test]
fn no_module_imports_one_above_it() {
    let mut wrong = Vec::new();
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    look(&src, None, &mut wrong);
    assert!(wrong.is_empty(), "imports of what is above:\n{}", wrong.join("\n"));
}

#[test]
fn an_upward_import_is_found() {
    assert_eq!(upward("token", "use crate::time::Timestamp;\nuse crate::step::step;\n"), ["step"]);
    assert_eq!(upward("state", "    let it = crate::check::Size::Small;"), ["check"]);
    assert_eq!(
        upward("state", "/// See [`step`](crate::step).\nuse crate::token::SessionId;"),
        [""; 0]
    );
}
