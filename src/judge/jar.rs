//! A browser's cookies, as RFC 6265bis stores and sends them.
//!
//! The `cookie` crate reads the attributes of a `Set-Cookie` header. The rest of the storage model
//! is here: which headers a browser ignores, which cookie replaces which, and which cookies are
//! sent where, in which order. Values are kept byte by byte. The origin counts as secure, because
//! requests say that they came to a proxy over TLS.

use std::net::IpAddr;
use std::time::Duration;

use cookie::SameSite;

/// Longest name and value together, in bytes.
const PAIR_BYTES: usize = 4096;
const ATTRIBUTE_BYTES: usize = 1024;
/// The longest life of a cookie, in seconds.
const LONGEST_LIFE: u64 = 400 * 86_400;

/// What a browser did with a `Set-Cookie` header.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Kept {
    /// The cookie is sent from now on.
    Set,
    /// The cookie that it names is gone, or was not there.
    Deleted,
    /// A browser ignores the header.
    Ignored(&'static str),
}

/// A fault that is planted in a jar, to see that it is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Broken {
    #[default]
    Not,
    /// Every cookie is for every path, and deletes no other.
    Paths,
    /// Names and attributes may contradict each other.
    Prefixes,
}

/// The cookies of one browser for one host.
#[derive(Clone, Debug)]
pub(crate) struct Jar {
    host: String,
    /// The cookies, in the order of their creation.
    cookies: Vec<Cookie>,
    broken: Broken,
}

#[derive(Clone, Debug)]
struct Cookie {
    name: Vec<u8>,
    value: Vec<u8>,
    host_only: bool,
    domain: String,
    path: String,
    /// When it ends, since the epoch.
    expires: Option<Duration>,
}

impl Jar {
    pub(crate) fn new(host: &str, broken: Broken) -> Self {
        Self { host: host.to_ascii_lowercase(), cookies: Vec::new(), broken }
    }

    /// Obeys one `Set-Cookie` header of the response to a request for `path`. The time is since the
    /// epoch.
    pub(crate) fn receive(&mut self, header: &[u8], path: &str, now: Duration) -> Kept {
        match self.read(header, path, now) {
            Err(why) => Kept::Ignored(why),
            Ok(cookie) => self.store(cookie, now),
        }
    }

    fn read(&self, header: &[u8], path: &str, now: Duration) -> Result<Cookie, &'static str> {
        if header.iter().any(|byte| matches!(byte, 0..=8 | 10..=31 | 127)) {
            return Err("a control character");
        }
        let end = header.iter().position(|byte| *byte == b';').unwrap_or(header.len());
        let (pair, attributes) = header.split_at(end);
        let mut parts = pair.splitn(2, |byte| *byte == b'=').map(trim);
        let (name, value) = match (parts.next(), parts.next()) {
            (Some(name), Some(value)) => (name, value),
            (only, _) => (&b""[..], only.unwrap_or_default()),
        };
        if name.is_empty() && value.is_empty() {
            return Err("it is empty");
        }
        if name.len() + value.len() > PAIR_BYTES {
            return Err("longer than 4096 bytes");
        }
        let (name, value) = (name.to_vec(), value.to_vec());
        let attributes = attributes_of(attributes)?;
        let domain = attributes.domain().unwrap_or("").to_ascii_lowercase();
        if !domain.is_empty() && !self.is_within(&domain) {
            return Err("another Domain");
        }
        let secure = attributes.secure() == Some(true);
        let at_root = attributes.path() == Some("/");
        if self.broken != Broken::Prefixes {
            contradiction(&name, &value, secure, at_root && domain.is_empty())?;
        }
        if attributes.same_site() == Some(SameSite::None) && !secure {
            return Err("SameSite=None without Secure");
        }
        let path = match attributes.path() {
            _ if self.broken == Broken::Paths => "/".into(),
            Some(own) if own.starts_with('/') => own.into(),
            _ => default_path(path),
        };
        let host_only = domain.is_empty();
        let domain = if host_only { self.host.clone() } else { domain };
        let expires = expires(&attributes, now);
        Ok(Cookie { name, value, host_only, domain, path, expires })
    }

    /// A cookie of the same name, domain and path is replaced, and its place in the order kept.
    fn store(&mut self, cookie: Cookie, now: Duration) -> Kept {
        let is_over = cookie.expires.is_some_and(|at| at <= now);
        let same = self.cookies.iter_mut().find(|own| own.is_same(&cookie));
        match (same, is_over) {
            (_, true) => {
                self.cookies.retain(|own| !own.is_same(&cookie));
                return Kept::Deleted;
            }
            (Some(own), false) => *own = cookie,
            (None, false) => self.cookies.push(cookie),
        }
        Kept::Set
    }

    fn is_within(&self, domain: &str) -> bool {
        let above = self.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        self.host == domain || (above && self.host.parse::<IpAddr>().is_err())
    }

    /// The `Cookie` header of a request for `path`; None if there is no cookie to send.
    pub(crate) fn header(&self, path: &str, now: Duration) -> Option<Vec<u8>> {
        let path = path.split('?').next().unwrap_or(path);
        let mut sent: Vec<_> =
            self.live(now).filter(|cookie| path_matches(path, &cookie.path)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<_> = sent.iter().map(|cookie| cookie.pair()).collect();
        (!pairs.is_empty()).then(|| pairs.join(&b"; "[..]))
    }

    fn live(&self, now: Duration) -> impl Iterator<Item = &Cookie> {
        self.cookies.iter().filter(move |cookie| cookie.expires.is_none_or(|at| at > now))
    }

    /// The values of all cookies of a name, under any path.
    pub(crate) fn values(&self, name: &str, now: Duration) -> Vec<String> {
        let named = self.live(now).filter(|cookie| cookie.name == name.as_bytes());
        named.map(|cookie| latin_1(&cookie.value)).collect()
    }

    /// Replaces the value of each cookie of that name.
    pub(crate) fn forge(&mut self, name: &str, forge: impl Fn(&str) -> String) {
        for cookie in self.cookies.iter_mut().filter(|cookie| cookie.name == name.as_bytes()) {
            cookie.value = bytes(&forge(&latin_1(&cookie.value)));
        }
    }
}

impl Cookie {
    fn is_same(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.name.clone(), it.domain.clone(), it.host_only, it.path.clone());
        key(self) == key(other)
    }

    fn pair(&self) -> Vec<u8> {
        let equals: &[u8] = if self.name.is_empty() { b"" } else { b"=" };
        [&self.name, equals, &self.value].concat()
    }
}

/// A text of one character for each byte, so that every value is a text and nothing is lost.
pub(crate) fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The bytes of such a text; for any other text, its UTF-8.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let narrow: Option<Vec<u8>> = text.chars().map(|it| u8::try_from(u32::from(it)).ok()).collect();
    narrow.unwrap_or_else(|| text.as_bytes().to_vec())
}

fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(start, |last| last + 1);
    text.get(start..end).unwrap_or_default()
}

/// The attributes, as the crate reads them. The crate has no bound on their length, so overlong
/// ones are left out first.
fn attributes_of(text: &[u8]) -> Result<cookie::Cookie<'static>, &'static str> {
    let short = |part: &&[u8]| part.len() <= ATTRIBUTE_BYTES;
    let parts: Vec<_> = text.split(|byte| *byte == b';').filter(short).map(latin_1).collect();
    cookie::Cookie::parse(format!("name=value{}", parts.join(";"))).map_err(|_| "it cannot be read")
}

/// The rules of the prefixes `__Secure-` and `__Host-`. They also apply to the value of a cookie
/// without a name.
fn contradiction(name: &[u8], value: &[u8], secure: bool, host: bool) -> Result<(), &'static str> {
    let starts = |text: &[u8], prefix: &[u8]| {
        text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
    };
    let (for_secure, for_host) = (&b"__Secure-"[..], &b"__Host-"[..]);
    if name.is_empty() && (starts(value, for_secure) || starts(value, for_host)) {
        return Err("a prefix without a name");
    }
    if starts(name, for_secure) && !secure {
        return Err("__Secure- without Secure");
    }
    if starts(name, for_host) && !(secure && host) {
        return Err("__Host- without Secure, with Domain, or without Path=/");
    }
    Ok(())
}

fn expires(attributes: &cookie::Cookie<'_>, now: Duration) -> Option<Duration> {
    let at = if let Some(age) = attributes.max_age() {
        u64::try_from(age.whole_seconds()).map_or(Duration::ZERO, |age| {
            if age == 0 { Duration::ZERO } else { now.saturating_add(Duration::from_secs(age)) }
        })
    } else {
        let at = attributes.expires()?.datetime()?.unix_timestamp();
        Duration::from_secs(u64::try_from(at).unwrap_or(0))
    };
    Some(at.min(now.saturating_add(Duration::from_secs(LONGEST_LIFE))))
}

fn default_path(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    match path.rfind('/') {
        Some(at) if at > 0 => path[..at].into(),
        _ => "/".into(),
    }
}

fn path_matches(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// What browsers do, in known cases: the `Set-Cookie` headers in the response to a request, the
/// path of that request, the path of a later request, and the `Cookie` header of that one.
const KNOWN: &[(&[&str], &str, &str, &str)] = &[
    (&["a=1"], "/", "/", "a=1"),
    // Verbatim: quotes, spaces, more equals signs, and no name.
    (&[r#"a="1""#, "b=1 2", "c=d=e", "=f", "g"], "/", "/", r#"a="1"; b=1 2; c=d=e; g"#),
    (&["a=\u{e9}"], "/", "/", "a=\u{e9}"),
    // Paths: the default, what they match, and that the longest comes first.
    (&["a=1"], "/x/y", "/x", "a=1"),
    (&["a=1"], "/x/y", "/xy", ""),
    (&["a=1; Path=/", "b=2; Path=/x"], "/", "/x/y", "b=2; a=1"),
    (&["a=1; Path=/", "a=2; Path=/x"], "/", "/x", "a=2; a=1"),
    (&["a=1; Path=x"], "/y/", "/y/z", "a=1"),
    // Replaced in place, and deleted only under the same path.
    (&["a=1", "b=2", "a=3"], "/", "/", "a=3; b=2"),
    (&["a=1; Path=/", "a=; Path=/; Max-Age=0"], "/", "/", ""),
    (&["a=1; Path=/", "a=; Path=/x; Max-Age=0"], "/", "/x", "a=1"),
    (&["a=1; Path=/", "a=; Max-Age=0"], "/x/y", "/x", "a=1"),
    (&["a=1", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "/", "/", ""),
    (&["a=1", "a=; Expires=Thu, 01-Jan-1970 00:00:00 GMT"], "/", "/", ""),
    (&["a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "/", "/", "a=1"),
    (&["a=1; max-age=-1"], "/", "/", ""),
    // Prefixes.
    (&["__Host-a=1; Secure; Path=/"], "/", "/", "__Host-a=1"),
    (&["__Host-a=1; Path=/", "__Host-b=1; Secure", "__Secure-c=1"], "/", "/", ""),
    (&["__Host-a=1; Secure; Path=/; Domain=127.0.0.1"], "/", "/", ""),
    (&["__hOsT-a=1; Path=/"], "/", "/", ""),
    (&["__Host-a=1; Secure; Path=/", "__Host-a=; Path=/; Max-Age=0"], "/", "/", "__Host-a=1"),
    (&["=__Host-a=1"], "/", "/", ""),
    (&["a=1; SameSite=None", "b=1; SameSite=None; Secure"], "/", "/", "b=1"),
    // Hosts.
    (&["a=1; Domain=127.0.0.1", "b=1; Domain=example.com", "c=1; Domain=0.0.1"], "/", "/", "a=1"),
    // What is ignored.
    (&["a=1\u{1}", "", "=", ";a=1"], "/", "/", ""),
];

/// Whether the jar does what browsers do, in known cases. With a wrong jar the judge would find
/// fault with servers that have none, so it checks this first.
pub(crate) fn is_sound(broken: Broken) -> Result<(), String> {
    let now = Duration::from_secs(1_700_000_000);
    for (headers, path, later, expected) in KNOWN {
        let mut jar = Jar::new("127.0.0.1", broken);
        for header in *headers {
            jar.receive(&bytes(header), path, now);
        }
        let sent = latin_1(&jar.header(later, now).unwrap_or_default());
        if sent != *expected {
            return Err(format!(
                "the judge's own jar is broken: after {headers:?} at {path}, expected to send \
                 {expected:?} to {later}, found {sent:?}"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Broken, Jar, Kept, is_sound};

    #[test]
    fn the_jar_does_what_browsers_do_and_a_broken_one_is_noticed() {
        assert_eq!(is_sound(Broken::Not), Ok(()));
        assert!(is_sound(Broken::Paths).is_err());
        assert!(is_sound(Broken::Prefixes).is_err());
    }

    #[test]
    fn sizes_are_bounded() {
        let now = Duration::ZERO;
        let receive =
            |header: &str| Jar::new("h", Broken::Not).receive(header.as_bytes(), "/", now);
        assert_eq!(receive(&format!("a={}", "x".repeat(4095))), Kept::Set);
        assert!(matches!(receive(&format!("a={}", "x".repeat(4096))), Kept::Ignored(_)));
        // If an attribute is too long, it is ignored, but the cookie is not.
        assert_eq!(receive(&format!("a=1; Max-Age=0{}", " ".repeat(1024))), Kept::Set);
    }

    #[test]
    fn a_cookie_lives_as_long_as_it_says_and_no_longer_than_400_days() {
        let mut jar = Jar::new("h", Broken::Not);
        let at = |seconds: u64| Duration::from_secs(1_000_000_000 + seconds);
        jar.receive(b"a=1; Max-Age=60", "/", at(0));
        jar.receive(b"b=1; Max-Age=99999999", "/", at(0));
        assert_eq!(jar.header("/", at(59)).unwrap(), b"a=1; b=1");
        assert_eq!(jar.header("/", at(60)).unwrap(), b"b=1");
        assert_eq!(jar.header("/", at(400 * 86_400)), None);
    }

    #[test]
    fn a_domain_is_the_host_or_one_above_it() {
        let now = Duration::ZERO;
        let kept = |domain: &str| {
            let header = format!("a=1; Domain={domain}");
            Jar::new("shop.example.test", Broken::Not).receive(header.as_bytes(), "/", now)
        };
        assert_eq!(kept("example.test"), Kept::Set);
        assert_eq!(kept(".Shop.Example.test"), Kept::Set);
        assert!(matches!(kept("a.shop.example.test"), Kept::Ignored(_)));
        assert!(matches!(kept("ample.test"), Kept::Ignored(_)));
    }
}
