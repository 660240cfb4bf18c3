//! Cookie text, written and read by hand, beside what the `cookie` crate makes of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

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

fn read_by_the_crate(config: &Config, header: &[u8]) -> Option<CookieValue> {
    let header = String::from_utf8_lossy(header);
    Cookie::split_parse(header.as_ref())
        .filter_map(Result::ok)
        .filter(|cookie| cookie.name() == config.cookie_name)
        .last()
        .map(|cookie| cookie.value_trimmed().into())
}

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

    #[test]
    fn a_header_is_read_as_the_crate_reads_it(
        pieces in vec(select(PIECES), 0..16),
        name in select(&["QX_session", "a", "", " a", "\u{fffd}", "a=b"][..]),
    ) {
        let config = Config { cookie_name: name.into(), ..Config::QUIXOTE };
        let header = pieces.concat();
        prop_assert_eq!(read_cookie(&config, &header), read_by_the_crate(&config, &header));
    }

    #[test]
    fn any_bytes_are_read_as_the_crate_reads_them(header in vec(any::<u8>(), 0..64)) {
        let config = Config { cookie_name: "a".into(), ..Config::QUIXOTE };
        prop_assert_eq!(read_cookie(&config, &header), read_by_the_crate(&config, &header));
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
