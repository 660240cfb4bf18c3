//! A `Cookie` header as Quixote reads it: by a pattern that is older than RFC 6265, and looser.
//!
//! Quixote searches for one name after the other: a name is everything up to a blank, `=`, `;` or
//! `,`. After it there may be `=` and a value, which is in quotes or goes up to a blank, `"`, `;`
//! or `,`. There may be blanks in between. Anything else is skipped. The pattern itself is in
//! `tests/naive/pattern.rs`, with a matcher that tries everything.

use alloc::borrow::Cow;
use alloc::string::String;

/// The value of the last cookie of this name. Both texts have one character for each byte above
/// 0x7f; no such character means anything here.
// [cookie-1] [cookie-11]
pub(super) fn last_value<'a>(header: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut last = None;
    let mut rest = header;
    while let Some((found, value, behind)) = next_cookie(rest) {
        // [cookie-8]
        if found == name && !found.starts_with('$') {
            last = Some(value);
        }
        // So the loop ends.
        debug_assert!(behind.len() < rest.len(), "a cookie is at least one byte");
        rest = behind;
    }
    last.map(Value::text)
}

/// A value, as the header has it.
enum Value<'a> {
    Bare(&'a str),
    /// What is between quotes.
    Quoted(&'a str),
}

impl<'a> Value<'a> {
    fn text(self) -> Cow<'a, str> {
        match self {
            Self::Quoted(text) if text.contains('\\') => Cow::Owned(unescaped(text)),
            Self::Bare(text) | Self::Quoted(text) => Cow::Borrowed(text),
        }
    }
}

/// The name and value of the first cookie, and the rest of the header.
// [cookie-4]
fn next_cookie(header: &str) -> Option<(&str, Value<'_>, &str)> {
    let ends_name = |byte: u8| is_blank(byte) || matches!(byte, b'=' | b';' | b',');
    let (_, header) = split_before(header, |byte| !ends_name(byte));
    if header.is_empty() {
        return None;
    }
    let (name, rest) = split_before(header, ends_name);
    let (value, rest) = match without_blanks(rest).strip_prefix('=') {
        Some(rest) => value(without_blanks(rest)),
        // [cookie-7]
        None => (Value::Bare(""), rest),
    };
    Some((name, value, rest))
}

/// The value that the text begins with, and the rest of the text.
fn value(text: &str) -> (Value<'_>, &str) {
    let quoted = text.strip_prefix('"').and_then(|inner| {
        let (value, rest) = inner.split_at_checked(closing_quote(inner)?)?;
        Some((Value::Quoted(value), rest.strip_prefix('"')?))
    });
    quoted.unwrap_or_else(|| {
        let ends_value = |byte: u8| is_blank(byte) || matches!(byte, b'"' | b';' | b',');
        let (value, rest) = split_before(text, ends_value);
        (Value::Bare(value), rest)
    })
}

/// The place of the closing quote; the text begins after the opening one. The pattern takes a
/// backslash together with the next character as long as a quote comes later, and alone if none
/// does. So the closing quote is the first without a backslash before it or, if each has one, the
/// last.
///
/// In the second case the whole rest of the header was looked at. That happens only once: no quote
/// in the rest has an `=` or a blank before it, as a quote that begins a value has.
// [cookie-5]
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    let unescaped = text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    unescaped.or_else(|| text.rfind('"'))
}

/// Removes the backslash before any character except a line feed. A backslash at the end escapes
/// the quote.
// [cookie-6]
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match chars.peek() {
            Some('\n') => plain.push(char),
            Some(_) if char == '\\' => plain.extend(chars.next()),
            None if char == '\\' => {}
            Some(_) | None => plain.push(char),
        }
    }
    plain
}

/// What Python calls white space in bytes.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn without_blanks(text: &str) -> &str {
    split_before(text, |byte| !is_blank(byte)).1
}

/// Splits the text before the first byte for which `ends` is true, which must be ASCII.
fn split_before(text: &str, ends: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(ends).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use alloc::borrow::Cow;

    use super::last_value;

    #[test]
    fn only_a_value_with_a_backslash_is_copied() {
        assert!(matches!(last_value(r#"a="b""#, "a"), Some(Cow::Borrowed("b"))));
        assert!(matches!(last_value(r#"a="b\c""#, "a"), Some(Cow::Owned(text)) if text == "bc"));
    }
}
