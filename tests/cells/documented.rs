//! The refusals that the documentation of `Event` names, event by event.

use std::collections::{BTreeMap, BTreeSet};

/// An event and the refusals that it may meet; `unknown_request` is documented once for all.
pub(crate) type Refusals = BTreeMap<String, BTreeSet<String>>;

/// Reads `src/event.rs` for links to a `Refusal` in the documentation before each variant. The
/// groups `Request` and `Manager` are not events themselves.
pub(crate) fn refusals(source: &str) -> Refusals {
    let mut refusals = Refusals::new();
    for name in ["Event", "RequestEvent", "ManagerEvent"] {
        let body = source.split(&format!("pub enum {name} {{")).nth(1).unwrap();
        refusals.extend(of_variants(body.split("\n}\n").next().unwrap()));
    }
    refusals.retain(|event, _| !["request", "manager(_manager_event)"].contains(&event.as_str()));
    refusals
}

fn of_variants(body: &str) -> Refusals {
    let (mut refusals, mut named) = (Refusals::new(), BTreeSet::new());
    for line in body.lines() {
        let indented = line.strip_prefix("    ").unwrap_or_default();
        if let Some(text) = indented.strip_prefix("/// ") {
            let links = text.split("crate::Refusal::").skip(1);
            named.extend(links.map(|link| snake_case(link.split(')').next().unwrap())));
            // "Refused as [`ThatOther`](Self::ThatOther) is."
            if let Some((_, other)) = text.split_once("Refused as [`") {
                named.extend(refusals[&snake_case(other.split('`').next().unwrap())].clone());
            }
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
