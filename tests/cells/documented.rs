//! The refusals that the documentation of `Event` names, event by event.

use std::collections::{BTreeMap, BTreeSet};

/// An event and the refusals that it may meet; `unknown_request` is documented once for all.
pub(crate) type Refusals = BTreeMap<String, BTreeSet<String>>;

/// Reads `src/event.rs`: in the lines of documentation in front of each variant, what links to a
/// `Refusal`.
pub(crate) fn refusals(source: &str) -> Refusals {
    let body = source.split("pub enum Event {").nth(1).unwrap();
    let body = body.split("\n}\n").next().unwrap();
    let (mut refusals, mut named) = (Refusals::new(), BTreeSet::new());
    for line in body.lines() {
        let indented = line.strip_prefix("    ").unwrap_or_default();
        if let Some(text) = indented.strip_prefix("/// ") {
            let links = text.split("crate::Refusal::").skip(1);
            named.extend(links.map(|link| snake_case(link.split(')').next().unwrap())));
        } else if indented.starts_with(char::is_uppercase) {
            let variant = indented.trim_end_matches([' ', '{', ',']);
            refusals.insert(snake_case(variant), std::mem::take(&mut named));
        }
    }
    refusals
}

fn snake_case(name: &str) -> String {
    let spell = |text: String, letter: char| {
        let gap = if letter.is_uppercase() && !text.is_empty() { "_" } else { "" };
        format!("{text}{gap}{}", letter.to_ascii_lowercase())
    };
    name.chars().fold(String::new(), spell)
}
