//! Cookie text: the `Cookie` header of a request to its session cookie, a [`CookieOp`] to the
//! `Set-Cookie` header of a response.
//!
//! This is written by hand, because only one cookie matters here: the `cookie` crate parses all of
//! them and allocates for each. `tests/cookies.rs` compares both functions with that crate.

mod pattern;

use alloc::borrow::Cow;
use alloc::string::String;

use crate::config::{Config, ConfigError};
use crate::effect::{CookieChange, CookieOp};
use crate::grammar::{is_attribute_value, is_cookie_name, is_domain};
use crate::presented::CookieValue;
use crate::semantics::Headers;

/// The header that goes with every response that sets or revokes the session cookie, so that no
/// shared cache gives the response to somebody else (RFC 9111, section 5.2.2.5).
// [cookie-21]
pub const CACHE_CONTROL: (&str, &str) = ("Cache-Control", "no-store");

/// The header that goes with every response that depends on a session: it tells a cache that other
/// visitors get another response (RFC 9110, section 12.5.5). If the response sets or revokes the
/// cookie, [`CACHE_CONTROL`] goes with it, too.
// [cookie-22]
pub const VARY: (&str, &str) = ("Vary", "Cookie");

/// The value of the session cookie in a `Cookie` header.
///
/// If there are several cookies of that name, the last one counts. Strict reads the header as RFC
/// 6265 says (section 4.2.1), and strips one pair of double quotes around the value. Live and
/// copying read it as Quixote does: a comma separates cookies, as a semicolon does; white space
/// ends a value without quotes; a backslash in quotes makes the next character a plain one; a name
/// alone is a cookie with the empty value; and a byte above 0x7f is the Latin-1 character of its
/// number.
///
/// None if the header has no such cookie. The empty value and Quixote's `*del*` are values here,
/// which name no session. Any bytes are read in linear time, and at worst give no cookie. Join
/// several `Cookie` headers of one request with `"; "`.
///
/// ```
/// use quixote_session::{Config, CookieValue, read_cookie};
///
/// let read = |header: &str| read_cookie(&Config::STRICT, header);
/// assert_eq!(read(r#"a=1; __Host-session="nosuchid""#), Some("nosuchid".into()));
/// assert_eq!(read("__Host-session=first; __Host-session=last"), Some("last".into()));
/// assert_eq!(read("__Host-session="), Some("".into()));
/// assert_eq!(read("__host-session=x; ;;=; %%"), None);
///
/// let read = |header: &str| read_cookie(&Config::QUIXOTE, header);
/// assert_eq!(read(r#"a="1; 2", QX_session="no\such;id""#), Some("nosuch;id".into()));
/// assert_eq!(read("QX_session=first QX_session"), Some("".into()));
/// assert_eq!(read_cookie(&Config::QUIXOTE, b"QX_session=\xff; other=1"), Some("\u{ff}".into()));
/// ```
// [cookie-10]
pub fn read_cookie(config: &Config, header: impl AsRef<[u8]>) -> Option<CookieValue> {
    let header = header.as_ref();
    read_cookie_text(
        config,
        &match config.differences().headers {
            Headers::Rfc6265 => text_of(header),
            // [cookie-9]
            Headers::OfQuixote => latin_1(header),
        },
    )
}

/// The same for a header that was turned into text, as it is in a trace.
pub(crate) fn read_cookie_text(config: &Config, header: &str) -> Option<CookieValue> {
    let name = config.cookie_name.as_str();
    match config.differences().headers {
        Headers::Rfc6265 => last_value(header, name).map(CookieValue::from),
        Headers::OfQuixote => pattern::last_value(header, name).map(|value| value.as_ref().into()),
    }
}

/// Most headers are UTF-8, and those do not go through the lossy reader, which is slow because it
/// looks at every byte by itself.
fn text_of(header: &[u8]) -> Cow<'_, str> {
    str::from_utf8(header).map_or_else(|_| String::from_utf8_lossy(header), Cow::Borrowed)
}

/// One character for each byte.
fn latin_1(header: &[u8]) -> Cow<'_, str> {
    match str::from_utf8(header) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        Ok(_) | Err(_) => Cow::Owned(header.iter().copied().map(char::from).collect()),
    }
}

/// RFC 6265, sections 4.2.1 and 5.2.
// [cookie-1] [cookie-3] [cookie-11]
fn last_value<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    // The last cookie counts, so the search begins at the end and stops at the first that it finds.
    header.rsplit(';').find_map(|pair| {
        let (own, value) = pair.split_once('=')?;
        let named = trim(own) == name && !name.is_empty();
        named.then(|| without_quotes(trim(value)))
    })
}

/// Removes the white space of RFC 6265, section 5.2, from both ends, and no other. A character that
/// is part of the name for a browser must not vanish here, or another name could turn into one that
/// browsers protect.
// [cookie-2]
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn without_quotes(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// The `Set-Cookie` header of a response (RFC 6265, section 4.1.1), to be sent with
/// [`CACHE_CONTROL`].
///
/// The value is a whole id, or empty. The name, path and domain hold only characters that cannot
/// end them, so the header holds nothing but what the machine put there.
///
/// # Errors
/// [`ConfigError::CookieName`], [`CookiePath`](ConfigError::CookiePath) or
/// [`CookieDomain`](ConfigError::CookieDomain) for the part that no cookie can carry. After
/// [`Config::check`] has passed, only the second is possible, and only if the path comes from a
/// `script_name`.
///
/// ```
/// use quixote_session::{Config, CookieChange, CookieOp, set_cookie};
///
/// let revoke = CookieOp { value: CookieChange::Revoke, path: "/app/".into() };
/// let header = set_cookie(&Config::QUIXOTE, &revoke);
/// assert_eq!(header.as_deref(), Ok("QX_session=; Path=/app/; Max-Age=0"));
///
/// let set = CookieOp { value: CookieChange::Set([0xa1; 16].into()), path: "/".into() };
/// assert_eq!(
///     set_cookie(&Config::STRICT, &set).unwrap(),
///     "__Host-session=a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1; HttpOnly; SameSite=Lax; Secure; Path=/"
/// );
/// ```
// [cookie-13] [cookie-14] [cookie-15] [cookie-18] [cookie-19] [cookie-20]
pub fn set_cookie(config: &Config, op: &CookieOp) -> Result<String, ConfigError> {
    if !is_cookie_name(&config.cookie_name) {
        return Err(ConfigError::CookieName);
    }
    if !is_attribute_value(&op.path) {
        return Err(ConfigError::CookiePath);
    }
    let domain = config.cookie_domain.as_deref();
    if !domain.is_none_or(is_domain) {
        return Err(ConfigError::CookieDomain);
    }
    let mut header = String::with_capacity(128);
    header.push_str(&config.cookie_name);
    header.push('=');
    if let CookieChange::Set(id) | CookieChange::Stillborn(id) = op.value {
        id.reveal().with_text(|text| header.push_str(text));
    }
    if config.cookie_hardened {
        header.push_str("; HttpOnly; SameSite=");
        header.push_str(config.same_site.name());
        header.push_str("; Secure");
    }
    header.push_str("; Path=");
    header.push_str(&op.path);
    if let Some(domain) = domain {
        header.push_str("; Domain=");
        // A leading dot means nothing (RFC 6265, section 5.2.3).
        header.push_str(domain.strip_prefix('.').unwrap_or(domain));
    }
    if !matches!(op.value, CookieChange::Set(_)) {
        header.push_str("; Max-Age=0");
    }
    Ok(header)
}
