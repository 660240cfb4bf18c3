//! Why a trace cannot be read.

use core::error::Error;
use core::fmt;
use std::string::{String, ToString as _};

use serde::Deserialize;

/// Where a trace cannot be read, and what was expected there.
///
/// ```
/// use quixote_session::check::trace::TraceReader;
///
/// let error = TraceReader::new("empty.jsonl", &b""[..]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "empty.jsonl:1:1: expected the header of a trace, found the end of the file"
/// );
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TraceError {
    /// The name that the reader was given.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// The byte of that line, from 1, if it is known; otherwise 1.
    pub column: usize,
    /// What was expected, and what was found. Secrets are shortened in it.
    pub message: String,
}

/// One line: `file:line:column: message`.
impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = printable(&self.file);
        write!(f, "{file}:{}:{}: {}", self.line, self.column, self.message)
    }
}

impl Error for TraceError {}

/// What is wrong with one line, before its place in the file is known.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) column: usize,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn at(column: usize, message: &str) -> Self {
        Self { column: column.max(1), message: shortened(message, 400) }
    }

    pub(super) fn new(message: &str) -> Self {
        Self::at(1, message)
    }

    pub(super) fn in_file(self, file: &str, line: u64) -> TraceError {
        TraceError { file: file.into(), line, column: self.column, message: self.message }
    }
}

/// Reads a line, which is one JSON document.
pub(super) fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, Fault> {
    serde_json::from_str(line).map_err(|error| {
        let text = error.to_string();
        let place = std::format!(" at line {} column {}", error.line(), error.column());
        let text = text.strip_suffix(place.as_str()).unwrap_or(&text);
        let number = number_at(line, error.column());
        Fault::at(error.column(), &said_as_expected(text, number, error.is_eof()))
    })
}

/// The number at this column, as it was written; empty if there is none. If a number does not fit,
/// serde shows the nearest number that its own types can hold.
fn number_at(line: &str, column: usize) -> &str {
    let is_part = |it: char| it.is_ascii_digit() || matches!(it, '+' | '-' | '.' | 'e' | 'E');
    let Some((before, behind)) = line.split_at_checked(column) else { return "" };
    let begin = before.trim_end_matches(is_part).len();
    let end = line.len().saturating_sub(behind.trim_start_matches(is_part).len());
    line.get(begin..end).unwrap_or_default()
}

/// The text of serde, reworded to say what was expected.
fn said_as_expected(text: &str, number: &str, cut_off: bool) -> String {
    let key = |kind: &str| text.strip_prefix(kind).and_then(|rest| rest.strip_prefix(' '));
    if cut_off {
        std::format!("expected the rest of a JSON object, the line is cut off: {text}")
    } else if text == "number out of range" {
        std::format!("expected {}, found {}", in_words("u64"), shown_number(number))
    } else if let Some(key) = key("missing field") {
        std::format!("expected the key {key}, it is missing")
    } else if let Some(key) = key("duplicate field") {
        std::format!("expected the key {key} once, it stands twice")
    } else if text == "trailing characters" {
        "expected the end of the line after one JSON object".into()
    } else if let Some((found, expected)) = text.rsplit_once(", expected ") {
        let expected = in_words(expected);
        let is_number = ["integer", "floating point"]
            .iter()
            .any(|kind| found.split_once(": ").is_some_and(|(_, what)| what.starts_with(kind)));
        if is_number && !number.is_empty() {
            return std::format!("expected {expected}, found {}", shown_number(number));
        }
        // Shortened, so that there is room for what was expected.
        std::format!("{}, expected {expected}", shortened(found, 100))
    } else if text.replace("unexpected", "").contains("expected") {
        text.into()
    } else {
        std::format!("expected JSON: {text}")
    }
}

/// A type of Rust in words, for people who write traces in another language.
fn in_words(expected: &str) -> String {
    let below = |bits: u32| std::format!("a whole number below 2^{bits}");
    match expected {
        "u64" => below(u64::BITS),
        "u32" => below(u32::BITS),
        "usize" => below(usize::BITS),
        "u8" => "a whole number below 256".into(),
        "i64" => "a whole number from -2^63 to 2^63 - 1".into(),
        _ => expected.into(),
    }
}

/// A number for an error text. A long one may be an id without quotes, so it is cut like every
/// secret. Its length is shown, as that may tell what it was meant to be.
fn shown_number(number: &str) -> String {
    let shown = shortened(number, 100);
    if shown == number {
        return shown;
    }
    std::format!("{shown} ({} characters)", number.len())
}

/// Text from outside, made safe for a terminal and a log. Control characters are escaped. Of a run
/// of 12 or more hex digits, which may be a secret, only the first four are shown. The text ends
/// after `most` bytes.
// [trace-19]
pub(crate) fn shortened(text: &str, most: usize) -> String {
    cut(text, most, |shown, character| {
        // Writing to a string does not fail.
        let _ = write_printable(shown, character);
    })
}

/// The same, for a writer that itself escapes control characters, as that of JSON does.
pub(crate) fn shortened_raw(text: &str, most: usize) -> String {
    cut(text, most, String::push)
}

fn cut(text: &str, most: usize, push: impl Fn(&mut String, char)) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if shown.len() >= most {
            shown.push('…');
            break;
        }
        let run = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (taken, kept) = if run >= 12 { (run, 4) } else { (first.len_utf8(), first.len_utf8()) };
        if run >= 12 {
            shown.push_str(rest.get(..kept).unwrap_or_default());
            shown.push('…');
        } else {
            push(&mut shown, first);
        }
        rest = rest.get(taken..).unwrap_or_default();
    }
    shown
}

/// Text from outside, made safe for a terminal: characters that are not printable are escaped.
///
/// ```
/// use quixote_session::check::trace::printable;
///
/// assert_eq!(printable("caf\u{e9}\u{1b}[31m"), "caf\u{e9}\\u{1b}[31m");
/// ```
#[must_use]
pub fn printable(text: &str) -> String {
    let mut shown = String::new();
    for character in text.chars() {
        // Writing to a string does not fail.
        let _ = write_printable(&mut shown, character);
    }
    shown
}

fn write_printable(to: &mut impl fmt::Write, character: char) -> fmt::Result {
    match character {
        '"' | '\'' | '\\' => to.write_char(character),
        _ => write!(to, "{}", character.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use super::{number_at, shortened, shortened_raw};

    #[test]
    fn text_from_outside_is_made_fit_to_show() {
        assert_eq!(shortened("a \"b\" é", 99), "a \"b\" é");
        assert_eq!(shortened("\u{1b}[31m\n\u{202e}", 99), "\\u{1b}[31m\\n\\u{202e}");
        assert_eq!(shortened("x00000000000000A1y", 99), "x0000…y");
        assert_eq!(shortened("deadbeef", 99), "deadbeef", "too short for a secret");
        assert_eq!(shortened("nosuch", 3), "nos…");
        assert_eq!(shortened_raw("\u{1b}[31m 00000000000000A1", 99), "\u{1b}[31m 0000…");
    }

    #[test]
    fn a_number_is_found_as_it_was_written() {
        let line = r#"{"now":-1.5e+3,"x":""}"#;
        assert_eq!((number_at(line, 7), number_at(line, 14)), ("-1.5e+3", "-1.5e+3"));
        assert_eq!((number_at(line, 3), number_at(line, 99)), ("", ""));
        assert_eq!((number_at("é1", 1), number_at("1", 0)), ("", "1"));
    }
}
