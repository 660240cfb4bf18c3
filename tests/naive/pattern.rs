//! Quixote's pattern for a `Cookie` header, and a matcher that tries everything, as Python's does.
//!
//! The matcher goes back to the last choice that it can change: in the worst case that takes time
//! exponential in the length, so it is for short headers. The matcher works for any pattern.

use std::collections::BTreeMap;
use std::ops::Range;

/// A pattern: what a text may have at a place.
enum Pattern {
    /// One byte of these.
    Byte(fn(u8) -> bool),
    /// One after the other.
    All(Vec<Pattern>),
    /// The first with which the rest matches.
    Any(Vec<Pattern>),
    /// As often as the rest still matches.
    Often(Box<Pattern>),
    /// Once if the rest then matches, otherwise not at all.
    Perhaps(Box<Pattern>),
    /// Remembered under this name.
    Group(&'static str, Box<Pattern>),
}

use Pattern::{All, Any, Byte, Group, Often, Perhaps};

type Groups = BTreeMap<&'static str, Range<usize>>;
type Then<'a> = &'a mut dyn FnMut(usize, &mut Groups) -> bool;

impl Pattern {
    /// Whether this matches at a place of the text, and `then` matches the rest.
    fn leads_on(&self, text: &[u8], at: usize, groups: &mut Groups, then: Then<'_>) -> bool {
        match self {
            Byte(fits) => text.get(at).is_some_and(|byte| fits(*byte)) && then(at + 1, groups),
            All(parts) => all_lead_on(parts, text, at, groups, then),
            Any(parts) => parts.iter().any(|part| part.leads_on(text, at, groups, then)),
            Often(part) => {
                let again = &mut |end, groups: &mut Groups| {
                    end > at && self.leads_on(text, end, groups, then)
                };
                part.leads_on(text, at, groups, again) || then(at, groups)
            }
            Perhaps(part) => part.leads_on(text, at, groups, then) || then(at, groups),
            Group(name, part) => part.leads_on(text, at, groups, &mut |end, groups| {
                let before = groups.insert(*name, at..end);
                let leads_on = then(end, groups);
                if !leads_on {
                    groups.remove(name);
                    groups.extend(before.map(|before| (*name, before)));
                }
                leads_on
            }),
        }
    }
}

fn all_lead_on(
    parts: &[Pattern],
    text: &[u8],
    at: usize,
    groups: &mut Groups,
    then: Then<'_>,
) -> bool {
    let Some((first, rest)) = parts.split_first() else { return then(at, groups) };
    first.leads_on(text, at, groups, &mut |end, groups| all_lead_on(rest, text, end, groups, then))
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | 0x0b | 0x0c | b'\r' | b' ')
}

/// ```text
/// \s* (?P<name> [^=;,\s]+ ) \s*
/// ( = \s* ( (?P<qvalue> "(\\[\x00-\x7f]|[^"])*" ) | (?P<value> [^";,\s]* ) ) )? \s* [;,]?
/// ```
fn cookie() -> Pattern {
    fn blanks() -> Pattern {
        Often(Box::new(Byte(is_blank)))
    }
    const OF_NAME: fn(u8) -> bool = |byte| !b"=;,".contains(&byte) && !is_blank(byte);
    let name = All(vec![Byte(OF_NAME), Often(Box::new(Byte(OF_NAME)))]);
    let escape = All(vec![Byte(|byte| byte == b'\\'), Byte(|byte| byte <= 0x7f)]);
    let inner = Any(vec![escape, Byte(|byte| byte != b'"')]);
    let quote = || Byte(|byte| byte == b'"');
    let quoted = All(vec![quote(), Often(Box::new(inner)), quote()]);
    let bare = Often(Box::new(Byte(|byte| !b"\";,".contains(&byte) && !is_blank(byte))));
    let value = Any(vec![Group("qvalue", Box::new(quoted)), Group("value", Box::new(bare))]);
    All(vec![
        blanks(),
        Group("name", Box::new(name)),
        blanks(),
        Perhaps(Box::new(All(vec![Byte(|byte| byte == b'='), blanks(), value]))),
        blanks(),
        Perhaps(Box::new(Byte(|byte| b";,".contains(&byte)))),
    ])
}

/// The cookies of a header in Quixote's dictionary; bytes that are not ASCII become Latin-1.
pub fn parse_cookies(header: &[u8]) -> BTreeMap<String, String> {
    let (pattern, mut cookies, mut at) = (cookie(), BTreeMap::new(), 0);
    while at < header.len() {
        let (mut groups, mut end) = (Groups::new(), None);
        let found = pattern.leads_on(header, at, &mut groups, &mut |place, _| {
            end = Some(place);
            true
        });
        at = end.filter(|_| found).unwrap_or(at + 1);
        let text = |group: &str| groups.get(group).and_then(|range| header.get(range.clone()));
        let Some(name) = text("name").filter(|name| !name.starts_with(b"$")) else { continue };
        let value = match text("qvalue").map(unescaped).as_deref() {
            Some([_, value @ .., _]) => latin_1(value),
            Some(_) | None => latin_1(text("value").unwrap_or_default()),
        };
        cookies.insert(latin_1(name), value);
    }
    cookies
}

/// `re.sub(r'\\(.)', r'\1', text)`: in Python, `.` does not match a line feed.
fn unescaped(text: &[u8]) -> Vec<u8> {
    match text {
        [] => Vec::new(),
        [b'\\', byte, rest @ ..] if *byte != b'\n' => [&[*byte], &*unescaped(rest)].concat(),
        [byte, rest @ ..] => [&[*byte], &*unescaped(rest)].concat(),
    }
}

fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
