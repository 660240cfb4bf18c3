//! The grammar of `Set-Cookie`, word for word: RFC 6265, section 4.1.1. Written from the RFC alone,
//! to judge headers that something else wrote.

/// A header that the grammar accepts, taken apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SetCookie<'a> {
    /// `cookie-name`.
    pub(crate) name: &'a str,
    /// `cookie-value`.
    pub(crate) value: &'a str,
    /// Each `cookie-av`, in order; the value is None if it has none.
    pub(crate) attributes: Vec<(&'a str, Option<&'a str>)>,
}

/// `set-cookie-string = cookie-pair *( ";" SP cookie-av )`.
///
/// # Errors
/// The part that the grammar does not have.
pub(crate) fn parse(header: &str) -> Result<SetCookie<'_>, String> {
    let mut parts = header.split(';');
    let pair = parts.next().unwrap_or_default();
    let (name, value) = pair.split_once('=').ok_or("cookie-pair: no =")?;
    if !is_token(name) {
        return Err(format!("cookie-name: {name:?}"));
    }
    let bare = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value);
    if !bare.bytes().all(is_cookie_octet) {
        return Err(format!("cookie-value: {value:?}"));
    }
    let attributes = parts.map(|part| {
        let part = part.strip_prefix(' ').ok_or_else(|| format!("no SP before {part:?}"))?;
        attribute(part)
    });
    Ok(SetCookie { name, value, attributes: attributes.collect::<Result<_, _>>()? })
}

/// `cookie-av = expires-av / max-age-av / domain-av / path-av / secure-av / httponly-av /
/// extension-av`, without `expires-av`, which the machine does not use. `SameSite` is an
/// `extension-av` here, as in RFC 6265bis.
fn attribute(part: &str) -> Result<(&str, Option<&str>), String> {
    let (name, value) = match part.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (part, None),
    };
    let fits = match (name, value) {
        ("Max-Age", Some(value)) => is_max_age(value),
        ("Domain", Some(value)) => is_subdomain(value),
        ("Path", Some(value)) => is_path_value(value),
        ("SameSite", Some(value)) => ["Strict", "Lax", "None"].contains(&value),
        ("Secure" | "HttpOnly", None) => true,
        _ => false,
    };
    if fits { Ok((name, value)) } else { Err(format!("cookie-av: {part:?}")) }
}

/// `token`, RFC 2616, section 2.2: any CHAR except CTLs or separators, at least one.
pub(crate) fn is_token(text: &str) -> bool {
    const SEPARATORS: &[u8] = b"()<>@,;:\\\"/[]?={} \t";
    let fits = |byte: u8| (33..=126).contains(&byte) && !SEPARATORS.contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

/// `cookie-octet`: US-ASCII without CTLs, whitespace, DQUOTE, comma, semicolon and backslash.
const fn is_cookie_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

/// `path-value = <any CHAR except CTLs or ";">`, any number of them.
pub(crate) fn is_path_value(text: &str) -> bool {
    text.bytes().all(|byte| (32..=126).contains(&byte) && byte != b';')
}

/// `max-age-av = "Max-Age=" non-zero-digit *DIGIT`. Servers also send 0, which every user agent
/// understands by section 5.2.2, and so does the machine. It is the only exception.
fn is_max_age(text: &str) -> bool {
    text == "0" || (!text.starts_with('0') && is_digits(text))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `domain-value = <subdomain>`, RFC 1034, section 3.5, as enhanced by RFC 1123, section 2.1:
/// labels of letters, digits and hyphens, which begin and end with a letter or digit.
pub(crate) fn is_subdomain(text: &str) -> bool {
    let is_label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::{is_subdomain, is_token, parse};

    #[test]
    fn the_examples_of_the_rfc_are_accepted() {
        for header in ["SID=31d4d96e407aad42", "SID=31d4d96e407aad42; Path=/; Domain=example.com"] {
            assert!(parse(header).is_ok(), "{header}");
        }
        let whole = parse("lang=en-US; Path=/; Secure; HttpOnly").unwrap();
        assert_eq!((whole.name, whole.value), ("lang", "en-US"));
        let expected = [("Path", Some("/")), ("Secure", None), ("HttpOnly", None)];
        assert_eq!(whole.attributes, expected);
    }

    #[test]
    fn what_the_grammar_does_not_have_is_refused() {
        for header in [
            "",
            "SID",
            "=1",
            "a b=1",
            "a=1 ",
            "a=1,2",
            "a=\"1",
            "a=b\\",
            "a=\u{e9}",
            "a=1;Path=/",
            "a=1;  Path=/",
            "a=1; ",
            "a=1; path",
            "a=1; Path=/\r\nX: y",
            "a=1; Secure=1",
            "a=1; Max-Age=",
            "a=1; Max-Age=-1",
            "a=1; Max-Age=00",
            "a=1; Domain=",
            "a=1; Domain=a b",
            "a=1; Domain=.com",
            "a=1; Foo=bar",
            "a=1; SameSite=lax",
        ] {
            assert!(parse(header).is_err(), "{header}");
        }
        assert!(!is_token("") && !is_token("a;") && is_token("__Host-session"));
        assert!(!is_subdomain("-a.com") && is_subdomain("3com.example"));
    }
}
