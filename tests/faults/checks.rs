//! The checks that a patch names, read from its text.

/// What the exploration must find with the fault in place.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Explored<'a> {
    /// The semantics under which the fault shows: strict, if none is named.
    pub(crate) semantics: &'a str,
    pub(crate) property: &'a str,
    /// The rules that the fault breaks and that help to keep the property.
    pub(crate) rules: Vec<&'a str>,
}

/// What stands behind `Caught by:` and this word, line by line.
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
