//! Cookie text that is written and read by our own code, compared with other implementations.
//!
//! Under strict the reference is the grammar of RFC 6265, written down here once more. The `cookie`
//! crate is a second opinion; [`differs_for_the_crate`] lists where it differs. Under live and
//! copying the reference is Quixote's pattern.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "naive/pattern.rs"]
#[allow(unreachable_pub, reason = "a module shared by tests")]
mod pattern;

use cookie::time::Duration;
use cookie::{Cookie, SameSite};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, SmolStr, read_cookie, set_cookie,
};

/// Headers are put together from pieces that mean something to one parser or the other.
const PIECES: &[&[u8]] = &[
    b"QX_session",
    b"qx_session",
    b"a",
    b"=",
    b";",
    b"; ",
    b"\"",
    b" ",
    b"\t",
    b"\xff",
    b"\xe2\x82",
    "\u{a0}\u{2003}".as_bytes(),
    "\u{fffd}".as_bytes(),
    b"*del*",
    b"00000000000000a1",
    b"; QX_session=5e5e5e5e5e5e5e5e",
    b"; Path=/; Max-Age=1",
];

/// RFC 6265, sections 4.2.1 and 5.2: pairs between semicolons. Each has a name before the first
/// equals sign and a value after it, both without the spaces and tabs around them.
fn read_by_the_grammar(config: &Config, header: &[u8]) -> Option<CookieValue> {
    let mut chars: Vec<char> = String::from_utf8_lossy(header).chars().collect();
    chars.push(';');
    let (mut found, mut name, mut part) = (None, None, Vec::new());
    for char in chars {
        match (char, &name) {
            (';', _) => {
                let value = stripped(&part);
                if name.take().is_some_and(|own: String| own == *config.cookie_name) {
                    found = Some(unquoted(&value));
                }
                part.clear();
            }
            ('=', None) => {
                name = Some(stripped(&part));
                part.clear();
            }
            _ => part.push(char),
        }
    }
    found.filter(|_| !config.cookie_name.is_empty()).map(|value| value.as_str().into())
}

fn stripped(part: &[char]) -> String {
    let is_blank = |char: &&char| [' ', '\t'].contains(*char);
    let rest: Vec<_> = part.iter().skip_while(is_blank).collect();
    let mut back: Vec<_> = rest.into_iter().rev().skip_while(is_blank).collect();
    back.reverse();
    back.into_iter().collect()
}

fn unquoted(value: &str) -> String {
    match value.as_bytes() {
        [b'"', .., b'"'] => value[1..value.len() - 1].to_owned(),
        _ => value.to_owned(),
    }
}

/// The crate strips all white space of Unicode, so a name that browsers do not protect can become
/// one that they do.
fn differs_for_the_crate(header: &[u8]) -> bool {
    let text = String::from_utf8_lossy(header);
    text.chars().any(|char| char.is_whitespace() && char != ' ' && char != '\t')
}

fn read_by_the_crate(config: &Config, header: &[u8]) -> Option<CookieValue> {
    let header = String::from_utf8_lossy(header);
    Cookie::split_parse(header.as_ref())
        .filter_map(Result::ok)
        .filter(|cookie| cookie.name() == config.cookie_name)
        .last()
        .map(|cookie| cookie.value_trimmed().into())
}

fn read_by_the_pattern(config: &Config, header: &[u8]) -> Option<CookieValue> {
    let cookies = pattern::parse_cookies(header);
    cookies.get(config.cookie_name.as_str()).map(|value| value.as_str().into())
}

/// Bytes that mean something to Quixote's pattern.
const MARKS: &[u8] = b"aab=;,\"\\$ \t\n\x0b\x0c\r\x1c\x85\xa0\xff";

fn set_by_the_crate(config: &Config, op: &CookieOp) -> String {
    let value = match op.value {
        CookieChange::Set(id) | CookieChange::Stillborn(id) => id.reveal().to_string(),
        CookieChange::Revoke => String::new(),
    };
    let mut cookie = Cookie::new(config.cookie_name.as_str(), value);
    cookie.set_path(op.path.as_str());
    if let Some(domain) = &config.cookie_domain {
        cookie.set_domain(domain.as_str());
    }
    if !matches!(op.value, CookieChange::Set(_)) {
        cookie.set_max_age(Duration::ZERO);
    }
    if config.cookie_hardened {
        cookie.set_secure(true);
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Lax);
    }
    cookie.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    // [cookie-1] [cookie-2] [cookie-3] [cookie-10]
    #[test]
    fn a_header_is_read_as_the_grammar_has_it(
        pieces in vec(select(PIECES), 0..16),
        name in select(&["QX_session", "a", "", " a", "\u{fffd}", "a=b"][..]),
    ) {
        let config = Config { cookie_name: name.into(), ..Config::STRICT };
        let header = pieces.concat();
        let read = read_cookie(&config, &header);
        prop_assert_eq!(&read, &read_by_the_grammar(&config, &header));
        if !differs_for_the_crate(&header) {
            prop_assert_eq!(read, read_by_the_crate(&config, &header));
        }
    }

    #[test]
    fn any_bytes_are_read_as_the_grammar_has_them(header in vec(any::<u8>(), 0..64)) {
        let config = Config { cookie_name: "a".into(), ..Config::STRICT };
        let read = read_cookie(&config, &header);
        prop_assert_eq!(&read, &read_by_the_grammar(&config, &header));
        if !differs_for_the_crate(&header) {
            prop_assert_eq!(read, read_by_the_crate(&config, &header));
        }
    }

    #[test]
    fn any_text_around_the_name_is_read_as_the_grammar_has_it(
        before in "[ \t\u{a0}\u{2003}\u{85}\n\r;a]{0,3}",
        between in "[ \t\u{a0}\u{2003}\u{b}\u{feff}]{0,2}",
        behind in "[ \t\u{a0}\u{3000}\";=]{0,4}",
    ) {
        let config = Config::STRICT;
        let header = format!("{before}__Host-session{between}={behind}5e{behind}");
        let read = read_cookie(&config, &header);
        prop_assert_eq!(read, read_by_the_grammar(&config, header.as_bytes()));
    }

    // [cookie-4] [cookie-5] [cookie-6] [cookie-7] [cookie-9]
    #[test]
    fn quixote_reads_as_its_pattern_has_it(
        header in vec(select(MARKS), 0..18),
        name in select(&["a", "b", "", "$a", "\u{a0}", "\"a", "\\"][..]),
        copying: bool,
    ) {
        let base = if copying { Config::QUIXOTE_PERSISTENT } else { Config::QUIXOTE };
        let found = pattern::parse_cookies(&header).into_keys();
        for name in found.chain([name.to_owned()]) {
            let config = Config { cookie_name: name.into(), ..base.clone() };
            let read = read_cookie(&config, &header);
            prop_assert_eq!(read, read_by_the_pattern(&config, &header));
        }
    }

    /// Elsewhere quotes are closed only by chance; here they are the subject.
    #[test]
    fn quotes_end_where_the_pattern_has_them_end(
        inner in vec(select(&b"\"\\\\a;=\n\xe9"[..]), 0..14),
        behind in "(;? ?a=[bc\"]{0,3}){0,2}",
    ) {
        let config = Config { cookie_name: "a".into(), ..Config::QUIXOTE };
        let header = [b"a=\"", &inner[..], behind.as_bytes()].concat();
        let read = read_cookie(&config, &header);
        prop_assert_eq!(read, read_by_the_pattern(&config, &header));
    }

    #[test]
    fn a_cookie_is_written_as_the_crate_writes_it(
        id in any::<[u8; 16]>(),
        form in 0..3,
        path in "(/[!-:<-~]{0,12})?",
        domain in proptest::option::of(r"\.?[a-z]{1,6}(\.[a-z]{1,6}){0,2}"),
        cookie_hardened: bool,
    ) {
        let value = match form {
            0 => CookieChange::Set(id.into()),
            1 => CookieChange::Stillborn(id.into()),
            _ => CookieChange::Revoke,
        };
        let cookie_domain = domain.map(SmolStr::from);
        let config = Config { cookie_domain, cookie_hardened, ..Config::QUIXOTE };
        let op = CookieOp { value, path: path.into() };
        prop_assert_eq!(set_cookie(&config, &op).unwrap(), set_by_the_crate(&config, &op));
    }
}

/// Every listed difference is real; otherwise the list would excuse too much.
#[test]
fn the_crate_strips_what_a_browser_leaves() {
    let whitespace = |char: &char| char.is_whitespace() && ![' ', '\t'].contains(char);
    let all: Vec<char> = ('\0'..=char::MAX).filter(whitespace).collect();
    assert!(all.len() > 20);
    for char in all {
        let header = format!("{char}__Host-session=mallory");
        assert_eq!(read_by_the_grammar(&Config::STRICT, header.as_bytes()), None);
        assert!(read_by_the_crate(&Config::STRICT, header.as_bytes()).is_some(), "{char:?}");
    }
}
