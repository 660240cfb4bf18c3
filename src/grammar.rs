//! What may stand in a cookie: names, paths and domains, by RFC 6265 and 6265bis.

/// Whether a name begins with `prefix`, in any case of its letters (RFC 6265bis, section 5.6).
pub(crate) fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A cookie whose name and value are longer together is dropped (RFC 6265bis, section 5.6), and an
/// id has up to 32 bytes.
const MOST_NAME_BYTES: usize = 4_096 - 32;

/// An attribute that is longer is ignored (RFC 6265bis, section 5.6).
const MOST_ATTRIBUTE_BYTES: usize = 1_024;

/// What a token may hold besides letters and digits (RFC 9110, section 5.6.2).
const MARKS: &[u8] = b"!#$%&'*+-.^_`|~";

/// Whether `name` is a token of RFC 9110, which RFC 6265 (4.1.1) asks of a cookie's name, and
/// leaves room for an id.
// [config-41] [config-42]
pub(crate) fn is_cookie_name(name: &str) -> bool {
    (1..=MOST_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || MARKS.contains(&byte))
}

/// Whether `domain` may stand in a Domain attribute: RFC 6265 (4.1.1) asks for a subdomain of RFC
/// 1034 (3.5), as changed by RFC 1123 (2.1). A leading dot is allowed, and not sent (5.2.3).
pub(crate) fn is_domain(domain: &str) -> bool {
    let name = domain.strip_prefix('.').unwrap_or(domain);
    let is_label = |label: &str| {
        let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        (1..=63).contains(&label.len()) && inner && label.trim_matches('-').len() == label.len()
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

/// Whether `value` may stand in a Path attribute: no control character and no semicolon, by RFC
/// 6265 (4.1.1). Spaces at its ends, or the whole of a long path, would be lost: both are refused.
pub(crate) fn is_attribute_value(value: &str) -> bool {
    value.len() <= MOST_ATTRIBUTE_BYTES
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b';')
        && value.trim_matches(' ').len() == value.len()
}
