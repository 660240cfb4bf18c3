//! The sources of the project, and the citations in them.

use std::fs;
use std::path::Path;

/// One file.
pub(crate) struct Source {
    /// Its path from the root of the project.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Whether a citation is where the code obeys, or where a check is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    Code,
    Test,
}

/// A rule that is cited by its number, as in `// [step-33]`.
pub(crate) struct Citation {
    pub(crate) path: String,
    pub(crate) line: usize,
    /// The rule, such as `step-33`.
    pub(crate) rule: String,
    pub(crate) side: Side,
    /// The item that it is in, or directly before.
    pub(crate) item: String,
}

/// Every source that may cite, in path order. The checker itself is left out: it plants citations.
pub(crate) fn read_sources(root: &Path) -> Vec<Source> {
    let mut sources = Vec::new();
    for folder in ["src", "tests", "examples", "spec"] {
        read_folder(root, folder, &mut sources);
    }
    sources.sort_by(|one, next| one.path.cmp(&next.path));
    sources
}

fn read_folder(root: &Path, folder: &str, sources: &mut Vec<Source>) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
    for entry in entries.map(Result::unwrap) {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            read_folder(root, &path, sources);
            continue;
        }
        let of_checker = path.starts_with("tests/spec");
        if [".rs", ".tla"].iter().any(|end| path.ends_with(end)) && !of_checker {
            // A file may disappear while others work on the tree.
            let Ok(text) = fs::read_to_string(root.join(&path)) else { continue };
            sources.push(Source { path, text });
        }
    }
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.into() }
    }

    /// Code obeys. `tests`, `src/check` and everything after `#[cfg(test)]` check, except that the
    /// trace format in `src/check` counts as code.
    fn side(&self) -> Side {
        let format = ["trace", "replay", "record", "transcript"];
        let of_check = self.path.strip_prefix("src/check/");
        let checks = of_check.is_some_and(|name| !format.iter().any(|own| name.starts_with(own)));
        if checks || self.path.starts_with("tests/") { Side::Test } else { Side::Code }
    }

    pub(crate) fn citations(&self) -> Vec<Citation> {
        let lines: Vec<&str> = self.text.lines().map(str::trim).collect();
        let mut citations: Vec<Citation> = Vec::new();
        let mut side = self.side();
        for (number, line) in lines.iter().enumerate() {
            if matches!(*line, "#[cfg(test)]" | "#![cfg(test)]") {
                side = Side::Test;
            }
            let cited = line.strip_prefix("// [").map(|_| rules_in_brackets(line));
            citations.extend(cited.into_iter().flatten().map(|rule| Citation {
                path: self.path.clone(),
                line: number.saturating_add(1),
                rule,
                side,
                item: item_at(&lines, number),
            }));
        }
        citations
    }

    /// The definitions of a TLA+ module that have a comment with a rule in brackets above them: the
    /// rule, and the name.
    pub(crate) fn model_names(&self) -> Vec<(String, String)> {
        if self.path.rsplit('.').next() != Some("tla") {
            return Vec::new();
        }
        let (mut names, mut cited): (Vec<_>, Vec<String>) = (Vec::new(), Vec::new());
        for line in self.text.lines().map(str::trim) {
            if line.starts_with("\\*") || line.starts_with("(*") {
                cited.extend(rules_in_brackets(line));
            } else if let Some((head, _)) = line.split_once("==") {
                let name = head.split(['(', ' ', '[']).next().unwrap_or_default();
                names.extend(cited.drain(..).map(|rule| (rule, name.to_owned())));
            }
        }
        names
    }
}

/// Everything that looks like the name of a rule: `[step-14]`.
fn rules_in_brackets(line: &str) -> Vec<String> {
    let inner = line.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    inner.filter(|name| is_rule_name(name)).map(Into::into).collect()
}

pub(crate) fn is_rule_name(name: &str) -> bool {
    name.split_once('-').is_some_and(|(section, number)| {
        !section.is_empty()
            && section.bytes().all(|byte| byte.is_ascii_lowercase())
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// The item that begins below the comments; if there is none, the one that begins above.
fn item_at(lines: &[&str], number: usize) -> String {
    let below = lines.iter().skip(number);
    let mut below = below.skip_while(|line| line.starts_with("//") || line.starts_with("#["));
    let next = below.next().and_then(|line| item_of(line));
    let above = || lines.iter().take(number).rev().find_map(|line| item_of(line));
    next.or_else(above).unwrap_or_default()
}

/// The name of the item, field or variant that a line declares.
fn item_of(line: &str) -> Option<String> {
    let words = line.split_whitespace().filter(|word| !word.starts_with("pub"));
    let words: Vec<&str> = words.filter(|word| !["const", "unsafe"].contains(word)).collect();
    let name = |word: &str| {
        let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
        word.get(..end).filter(|name| !name.is_empty()).map(ToOwned::to_owned)
    };
    let (first, second) = (*words.first()?, words.get(1));
    match first {
        "fn" | "struct" | "enum" | "static" | "mod" | "trait" => second.and_then(|word| name(word)),
        "impl" | "impl<T>" => words.last().filter(|word| **word == "{").map(|_| "impl".into()),
        _ if line.starts_with("pub const") || line.starts_with("const") => name(first),
        // A field or a variant.
        _ if first.ends_with(':') || ["{", "("].contains(second.unwrap_or(&"")) => name(first),
        _ if words.len() == 1 && (first.ends_with(',') || first.ends_with("),")) => {
            name(first).filter(|name| name.starts_with(char::is_uppercase))
        }
        _ => None,
    }
}
