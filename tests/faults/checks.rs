//! The patches, and the checks that each names, read from its text.

use std::fs;
use std::path::Path;

/// The file name and the text of each patch in a folder, in the order of the names.
pub(crate) fn patches(folder: &Path) -> Vec<(String, String)> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut patches: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "patch"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    patches.sort();
    patches
}

/// What the exploration must find with the fault in place.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Explored<'a> {
    /// The semantics under which the fault shows: strict, if none is named.
    pub(crate) semantics: &'a str,
    pub(crate) property: &'a str,
    /// The rules that the fault breaks and that help to keep the property.
    pub(crate) rules: Vec<&'a str>,
}

/// The rest of each line that begins with `Caught by:` and this word.
pub(crate) fn caught_by<'a>(text: &'a str, kind: &str) -> impl Iterator<Item = &'a str> {
    let checks = text.lines().filter_map(|line| line.strip_prefix("Caught by: "));
    checks.filter_map(move |check| check.strip_prefix(kind)?.strip_prefix(' '))
}

pub(crate) fn explored(text: &str) -> impl Iterator<Item = Explored<'_>> {
    caught_by(text, "explore").map(|check| {
        let (property, rules) = check.split_once(": ").unwrap_or((check, ""));
        let (semantics, property) = property.split_once(' ').unwrap_or(("strict", property));
        Explored { semantics, property, rules: rules.split_whitespace().collect() }
    })
}
