//! Fills in the words of a step: with values that were bound, and with what the browsers hold.

use std::time::Duration;

use super::Stage;
use crate::judge::jar::latin_1;

impl Stage<'_> {
    /// The operations of a step, with bound values. Operations that end with `?` are left out if
    /// the server does not have them.
    pub(super) fn words(&self, ops: &str) -> String {
        let known = |op: &str| {
            let name = op.split(':').next().unwrap_or(op);
            self.kit.target.caps.has(name)
        };
        let word = |op: &str| -> Option<String> {
            let op = match op.strip_suffix('?') {
                Some(op) => known(op).then_some(op)?,
                None => op,
            };
            Some(match op.split_once('$') {
                Some((head, name)) => {
                    format!("{head}{}", self.variables.get(name).map_or("", String::as_str))
                }
                None => op.to_owned(),
            })
        };
        ops.split(' ').filter_map(word).collect::<Vec<_>>().join(" ")
    }

    /// `{name}` is the name of the session cookie, `{A}` is the id of the browser A, `{half of A}`
    /// its first half, `{longer A}` the id with one more digit, and `{all of A}` every cookie of A,
    /// expired or not; `{swapped}`, `{mangled}`, `{encoded}` and `{bare}` are names that are almost
    /// the right one.
    pub(crate) fn fill(&mut self, text: &str) -> String {
        let name = self.cookie().to_owned();
        let swap = |it: char| {
            if it.is_ascii_lowercase() { it.to_ascii_uppercase() } else { it.to_ascii_lowercase() }
        };
        let swapped: String = name.chars().map(swap).collect();
        let mut filled = text
            .replace("{name}", &name)
            .replace("{swapped}", &swapped)
            .replace("{mangled}", &name.replace('_', "."))
            .replace("{encoded}", &encoded(&name))
            .replace("{bare}", bare(&name));
        for client in self.jars.keys().cloned().collect::<Vec<_>>() {
            let id = self.id(&client).unwrap_or_default();
            // A thief sends what a browser would have forgotten.
            let all = self.jar(&client).header("/do", Duration::ZERO).unwrap_or_default();
            filled = filled
                .replace(&format!("{{{client}}}"), &id)
                .replace(&format!("{{half of {client}}}"), first_half(&id))
                .replace(&format!("{{longer {client}}}"), &longer(&id))
                .replace(&format!("{{all of {client}}}"), &latin_1(&all));
        }
        filled
    }
}

/// A name whose last character is written as its number, which names no cookie.
fn encoded(name: &str) -> String {
    let mut head = name.to_owned();
    head.pop().map_or_else(String::new, |last| format!("{head}%{:02X}", u32::from(last)))
}

/// A name without the prefix by which browsers protect the cookie.
pub(crate) fn bare(name: &str) -> &str {
    let prefixes = ["__Host-", "__Secure-"];
    prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// An id with one more digit, inside the quotation marks if it has some.
fn longer(id: &str) -> String {
    let end = id.trim_end_matches(|it: char| !it.is_ascii_alphanumeric()).len();
    let (head, tail) = id.split_at(end);
    format!("{head}0{tail}")
}

/// The first half of an id or a form token.
pub(crate) fn first_half(text: &str) -> &str {
    let half = text.chars().count() / 2;
    text.char_indices().nth(half).map_or(text, |(at, _)| text.get(..at).unwrap_or(text))
}
