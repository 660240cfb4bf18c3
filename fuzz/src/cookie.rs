//! The target `cookie`: any `Cookie` header is read, and any name, path and domain are written.
//!
//! Reading agrees with a second reader (under live and copying, for short headers, with Quixote's
//! pattern). The work is counted, and at most linear. What is written is accepted by the grammar of
//! RFC 6265, says what it should and nothing else, and is read back by the `cookie` crate and by
//! our own reader.

use cookie::SameSite;
use cookie::time::Duration;
use quixote_session::{
    Config, ConfigError, CookieChange, CookieOp, Semantics, SessionId, read_cookie, set_cookie,
};

use crate::naive::parse_cookies;
use crate::rfc6265::{self, is_path_value, is_subdomain, is_token};
use crate::work;

/// Separates the parts of an input. It is not a byte of UTF-8, so no text contains it.
pub const SEPARATOR: u8 = 0xff;

/// Headers are repeated up to this length before work is counted, so that work which is more than
/// linear exceeds the limit by far.
const LONG: usize = 4_096;

/// The pattern takes time exponential in the backslashes of a header, so it reads only headers of
/// up to this many bytes.
const SHORT: usize = 24;

/// The parts of an input.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Parts {
    /// Which change, and which flags: see [`Parts::change`] and [`Parts::config`].
    pub flags: u8,
    /// The configured name.
    pub name: String,
    /// The Path of the cookie.
    pub path: String,
    /// The configured Domain.
    pub domain: String,
    /// The `Cookie` header of a request.
    pub header: Vec<u8>,
}

impl Parts {
    /// The parts of `data`; missing parts are empty.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        let (flags, rest) = data.split_first().map_or((0, data), |(flags, rest)| (*flags, rest));
        let mut parts = rest.splitn(4, |byte| *byte == SEPARATOR);
        let mut text = || String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
        let (name, path, domain) = (text(), text(), text());
        let header = parts.next().unwrap_or_default().to_vec();
        Self { flags, name, path, domain, header }
    }

    /// The input with these parts.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let texts = [self.name.as_bytes(), self.path.as_bytes(), self.domain.as_bytes()];
        let parts = [texts[0], texts[1], texts[2], &self.header].join(&SEPARATOR);
        [vec![self.flags], parts].concat()
    }

    fn config(&self) -> Config {
        let base = if self.flags & 1 == 0 { Config::QUIXOTE } else { Config::STRICT };
        Config {
            cookie_name: self.name.as_str().into(),
            cookie_path: Some(self.path.as_str().into()),
            cookie_domain: (self.flags & 2 != 0).then(|| self.domain.as_str().into()),
            ..base
        }
    }

    fn change(&self) -> CookieChange {
        let [low, high] = [self.flags, self.flags.reverse_bits()];
        let id = if self.flags & 4 == 0 { [low; 8].into() } else { [high; 16].into() };
        match self.flags >> 3 & 3 {
            0 | 1 => CookieChange::Set(id),
            2 => CookieChange::Stillborn(id),
            _ => CookieChange::Revoke,
        }
    }
}

/// Reads the header and writes the cookie that `data` says.
pub fn run(data: &[u8]) {
    let parts = Parts::of(data);
    let config = parts.config();
    for config in [&config, &Config::QUIXOTE, &Config::STRICT] {
        check_reading(config, &parts.header);
    }
    check_work(&parts.header);
    let op = CookieOp { value: parts.change(), path: parts.path.as_str().into() };
    check_writing(&config, &op);
}

fn check_reading(config: &Config, header: &[u8]) {
    let read = |config: &Config, header| {
        read_cookie(config, header).map(|value| value.reveal().to_string())
    };
    if config.semantics == Semantics::Strict {
        assert_eq!(read(config, header), last_of_name(&config.cookie_name, header), "{header:?}");
        return;
    }
    let short = header.get(..SHORT).unwrap_or(header);
    let cookies = parse_cookies(short);
    assert_eq!(read(config, short).as_ref(), cookies.get(config.cookie_name.as_str()));
    for (name, value) in cookies {
        let named = Config { cookie_name: name.into(), ..Config::QUIXOTE };
        assert_eq!(read(&named, short), Some(value), "{short:?}");
    }
}

/// A second, plain reader, by RFC 6265, sections 4.2.1 and 5.2. If there are several cookies of the
/// name, the last one counts. Only spaces and tabs are dropped around a name and a value.
fn last_of_name(name: &str, header: &[u8]) -> Option<String> {
    let header = String::from_utf8_lossy(header);
    let pairs = header.split(';').filter_map(|pair| pair.split_once('='));
    let bare = |text: &'_ str| text.trim_matches([' ', '\t']).to_owned();
    let mut named = pairs.filter(|(own, _)| !bare(own).is_empty() && bare(own) == name);
    let value = bare(named.next_back()?.1);
    let inner = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Some(inner.unwrap_or(&value).to_owned())
}

/// Checks that the work to read a long header is at most linear in its length.
fn check_work(header: &[u8]) {
    let times = LONG.div_ceil(header.len().max(1));
    let long = header.repeat(times);
    assert!(work::counts_comparisons(), "comparisons are not counted");
    // The same after a quote that is never closed.
    for long in [&long, &[b"QX_session=\"", &long[..]].concat()] {
        for config in [Config::QUIXOTE, Config::STRICT] {
            let done = work::count(|| drop(read_cookie(&config, long)));
            if let Some(excess) = done.exceeds_linear(long.len()) {
                panic!("{excess} for {times} times {header:?}");
            }
        }
    }
}

fn check_writing(config: &Config, op: &CookieOp) {
    let (name, path) = (config.cookie_name.as_str(), op.path.as_str());
    // A leading dot, which user agents ignore by RFC 6265, is not sent.
    let domain = config.cookie_domain.as_deref();
    let domain = domain.map(|domain| domain.strip_prefix('.').unwrap_or(domain));
    let fit = [
        (is_token(name), ConfigError::CookieName),
        (is_path_value(path) && path.trim_matches(' ') == path, ConfigError::CookiePath),
        (domain.is_none_or(is_subdomain), ConfigError::CookieDomain),
    ];
    let unfit = fit.into_iter().find(|(fits, _)| !fits).map(|(_, error)| error);
    match (set_cookie(config, op), unfit) {
        (Err(refused), Some(expected)) => assert_eq!(refused, expected),
        (Err(refused), None) => panic!("refused though the grammar has it: {refused}"),
        (Ok(header), _) => {
            check_grammar(config, op, domain, &header);
            check_read_back(config, op, domain, &header);
        }
    }
    // A checked configuration never fails a response.
    if config.check().is_ok() {
        assert!(set_cookie(config, op).is_ok(), "{config:?} passed its check");
    }
}

const fn id_of(op: &CookieOp) -> Option<SessionId> {
    match op.value {
        CookieChange::Set(id) | CookieChange::Stillborn(id) => Some(id),
        CookieChange::Revoke => None,
    }
}

/// Checks that the grammar accepts the header, and that nothing is in it that was not put there.
fn check_grammar(config: &Config, op: &CookieOp, domain: Option<&str>, header: &str) {
    let parsed = rfc6265::parse(header).unwrap_or_else(|part| panic!("{part} in {header:?}"));
    let value = id_of(op).map(|id| id.reveal().to_string()).unwrap_or_default();
    assert_eq!((parsed.name, parsed.value), (config.cookie_name.as_str(), value.as_str()));
    let live = matches!(op.value, CookieChange::Set(_));
    let mut expected = vec![("Path", Some(op.path.as_str()))];
    expected.extend(domain.map(|domain| ("Domain", Some(domain))));
    expected.extend((!live).then_some(("Max-Age", Some("0"))));
    if config.cookie_hardened {
        expected.extend([("Secure", None), ("HttpOnly", None), ("SameSite", Some("Lax"))]);
    }
    let mut found = parsed.attributes;
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected, "{header:?}");
}

/// Checks that the `cookie` crate and our own reader understand the header as it was meant.
fn check_read_back(config: &Config, op: &CookieOp, domain: Option<&str>, header: &str) {
    let read = cookie::Cookie::parse(header).unwrap_or_else(|error| panic!("{error}: {header:?}"));
    assert_eq!(read.name(), config.cookie_name);
    assert_eq!(read.domain(), domain);
    assert_eq!(read.path(), Some(op.path.as_str()));
    let hardened = config.cookie_hardened;
    assert_eq!(read.secure().unwrap_or(false), hardened);
    assert_eq!(read.http_only().unwrap_or(false), hardened);
    assert_eq!(read.same_site(), hardened.then_some(SameSite::Lax));
    let live = matches!(op.value, CookieChange::Set(_));
    assert_eq!(read.max_age(), (!live).then_some(Duration::ZERO));
    let returned = format!("{}={}", read.name(), read.value());
    let value = read_cookie(config, &returned);
    // Quixote sets a cookie of such a name, and never reads it.
    let unread = config.semantics != Semantics::Strict && read.name().starts_with('$');
    let expected = id_of(op).filter(|_| !unread);
    assert_eq!(value.and_then(|value| value.session_id()), expected, "{returned:?}");
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn parts_are_read_back_from_their_bytes() {
        let parts = Parts {
            flags: 2,
            name: "a".into(),
            path: "/".into(),
            domain: "b.c".into(),
            header: b"x=\xff; y".to_vec(),
        };
        assert_eq!(Parts::of(&parts.bytes()), parts);
        assert_eq!(Parts::of(&[]), Parts::default());
    }
}
