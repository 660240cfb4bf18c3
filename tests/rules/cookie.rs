//! Section `cookie`.

use std::time::{Duration, Instant};

use quixote_session::{
    CACHE_CONTROL, Config, ConfigError, CookieChange, CookieOp, CookieValue, SameSite, Semantics,
    SessionId, VARY, read_cookie, set_cookie,
};

use crate::scenario::events::expire;
use crate::scenario::{ALL, QUIXOTE, Scenario, Successful};

fn op(value: CookieChange, path: &str) -> CookieOp {
    CookieOp { value, path: path.into() }
}

/// The parts of a cookie's header.
fn parts(config: &Config, op: &CookieOp) -> Vec<String> {
    set_cookie(config, op).unwrap().split("; ").map(Into::into).collect()
}

// [cookie-1] [cookie-3]
#[test]
fn the_last_cookie_of_the_name_counts_without_its_quotes() {
    for (header, value) in [
        ("QX_session=a", Some("a")),
        ("QX_session=\"a\"", Some("a")),
        ("QX_session=\"\"a\"\"", Some("\"a\"")),
        ("QX_session=a; QX_session=b", Some("b")),
        ("other=1;QX_session=a;  theme=\"x\"", Some("a")),
        ("QX_session=a=b", Some("a=b")),
        ("qx_session=a; QX_session2=b; 2QX_session=c", None),
        ("", None),
        ("other=QX_session=a", None),
    ] {
        for config in &ALL {
            let header = header.replace("QX_session", &config.cookie_name);
            let read = read_cookie(config, &header);
            // Quixote takes quotes as one value, whatever is around them.
            let ends_early = !is_strict(config) && header.contains("\"\"");
            let value = if ends_early { Some("") } else { value };
            assert_eq!(read, value.map(CookieValue::from), "{header}");
        }
    }
    assert_eq!(read_cookie(&Config::STRICT, "__Host-session"), None);
}

fn is_strict(config: &Config) -> bool {
    config.semantics == Semantics::Strict
}

/// What live and copying, which must agree, read in a header.
fn quixote_reads(header: impl AsRef<[u8]>) -> Option<String> {
    let [live, copying] = QUIXOTE.map(|config| read_cookie(&config, header.as_ref()));
    assert_eq!(live, copying);
    live.map(|value| value.reveal().to_string())
}

#[track_caller]
fn quixote_reads_all(expected: &[(&str, Option<&str>)]) {
    for (header, value) in expected {
        assert_eq!(quixote_reads(header).as_deref(), *value, "{header:?}");
    }
}

// [cookie-4] [cookie-1]
#[test]
fn quixote_reads_names_and_values_up_to_a_blank_or_a_mark() {
    quixote_reads_all(&[
        ("QX_session=a, other=b", Some("a")),
        ("other=b,QX_session=a", Some("a")),
        ("QX_session=a b; QX_session2=c", Some("a")),
        ("QX_session=a=b", Some("a=b")),
        ("QX_session=a\"b", Some("a")),
        ("QX_session=a\\b%20", Some("a\\b%20")),
        ("QX_session = a", Some("a")),
        ("\u{b}QX_session\t=\r\n\u{c} a\u{b}", Some("a")),
        ("QX_session=;", Some("")),
        ("QX_session= ;QX_session2=a", Some("")),
        ("QX_session=a QX_session=b, QX_session=c", Some("c")),
        ("=QX_session=a", Some("a")),
        ("\"QX_session\"=a", None),
        ("QX_session\u{1c}=a", None),
        ("QX_session=a\u{1f}", Some("a\u{1f}")),
        (";,= \t", None),
    ]);
}

// [cookie-5]
#[test]
fn quixote_reads_quotes_up_to_the_first_that_is_not_escaped_or_the_last() {
    quixote_reads_all(&[
        (r#"QX_session="a; QX_session=b""#, Some("a; QX_session=b")),
        (r#"other="; QX_session=a""#, None),
        (r#"QX_session="a" b; c"#, Some("a")),
        (r#"QX_session="a"b"c""#, Some("a")),
        (r#"QX_session="a\"b";"#, Some(r#"a"b"#)),
        (r#"QX_session="a\\"b""#, Some(r"a\")),
        (r#"QX_session="a\"; b=c"#, Some("a")),
        (r#"QX_session="a\"b\";c"#, Some(r#"a"b"#)),
        (r#"QX_session="a\"; other="b""#, Some(r#"a"; other="#)),
        (r#"QX_session="a; other=b"#, Some("")),
        (r#"QX_session="a; QX_session=b"#, Some("b")),
        (r#"QX_session="""#, Some("")),
        (r#"QX_session=""a"#, Some("")),
    ]);
}

// [cookie-6]
#[test]
fn quixote_takes_a_backslash_away_from_what_stands_behind_it() {
    quixote_reads_all(&[
        (r#"QX_session="\a\\\b""#, Some(r"a\b")),
        ("QX_session=\"a\\\nb\"", Some("a\\\nb")),
        (r"QX_session=\a", Some(r"\a")),
    ]);
    assert_eq!(quixote_reads(b"QX_session=\"\\\xe9\"").as_deref(), Some("\u{e9}"));
}

// [cookie-7] [cookie-8]
#[test]
fn quixote_reads_a_bare_name_and_no_name_with_a_dollar_sign() {
    quixote_reads_all(&[
        ("QX_session", Some("")),
        ("other QX_session", Some("")),
        ("QX_session=a; QX_session", Some("")),
        ("QX_session; QX_session=a", Some("a")),
        ("$Version=1; QX_session=a; $Path=/", Some("a")),
        ("$QX_session=a", None),
    ]);
    for header in ["$sid=a", "$sid", "$sid=\"a\""] {
        let dollar = Config { cookie_name: "$sid".into(), ..Config::QUIXOTE };
        assert_eq!((dollar.check(), read_cookie(&dollar, header)), (Ok(()), None));
    }
}

// [cookie-9]
#[test]
fn quixote_reads_a_byte_above_ascii_as_a_character() {
    for byte in 0x80..=u8::MAX {
        let read = quixote_reads([&b"QX_session=a"[..], &[byte], b"b"].concat());
        assert_eq!(read, Some(format!("a{}b", char::from(byte))));
        assert_eq!(quixote_reads([&b"QX_session"[..], &[byte], b"=b"].concat()), None);
    }
    assert_eq!(quixote_reads("QX_session=\u{e9}").as_deref(), Some("\u{c3}\u{a9}"));
}

/// Characters that `str::trim` takes away and a browser does not.
const NOT_BLANK: &str = "\u{b}\u{c}\u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\
    \u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\
    \u{205f}\u{3000}\u{feff}\u{0}";

/// A page of a sibling domain may set a cookie whose name looks like this one, but is not protected
/// by browsers.
// [cookie-2] [cookie-1]
#[test]
fn only_spaces_and_tabs_stand_around_a_name_or_a_value() {
    let read = |header: &str| read_cookie(&Config::STRICT, header);
    let value = |text: &str| Some(CookieValue::from(text));
    let name = "__Host-session";
    for blank in [" ", "\t", "  ", " \t "] {
        assert_eq!(read(&format!("{name}=a;{blank}{name}{blank}={blank}b{blank};c=d")), value("b"));
    }
    for other in NOT_BLANK.chars() {
        for twin in [
            format!("{other}{name}"),
            format!("{name}{other}"),
            format!(" {other} {name}"),
            format!("{other}{name}{other}"),
        ] {
            assert_eq!(read(&format!("{name}=alice; {twin}=mallory")), value("alice"), "{twin:?}");
            assert_eq!(read(&format!("{twin}=mallory; {name}=alice")), value("alice"));
            assert_eq!(read(&format!("{twin}=mallory")), None, "{twin:?}");
        }
        // Around the value the character is part of the value, which then is not an id.
        for text in [format!("{other}a"), format!("a{other}"), format!("{other}a{other}")] {
            assert_eq!(read(&format!("{name}={text}")), value(&text), "{text:?}");
        }
        let id = "5e".repeat(16);
        let session = |text: &str| read(text).and_then(|value| value.session_id());
        assert!(session(&format!("{name}= {id}\t")).is_some());
        assert_eq!(session(&format!("{name}={id}{other}")), None);
    }
}

// [cookie-10] [cookie-11]
#[test]
fn any_bytes_are_read_in_linear_time() {
    let named = b"QX_session=";
    for byte in 0..=u8::MAX {
        let (behind, before) = ([&named[..], &[byte; 9]], [&[byte; 9], &named[..]]);
        for header in [vec![byte; 9], behind.concat(), before.concat()] {
            for config in &ALL {
                let _ = read_cookie(config, &header);
            }
        }
    }
    // For these, the pattern in Quixote takes time exponential in the number of backslashes.
    for junk in
        ["\\", "\"\\", "=;", "\"", ",", "; QX_session=\"\\", "\\\"", " ", "QX_session=\"\\\""]
    {
        let began = Instant::now();
        let header = format!("QX_session=\"{}", junk.repeat(1_000_000 / junk.len()));
        let _ = quixote_reads(&header);
        let _ = read_cookie(&Config::STRICT, &header);
        assert!(began.elapsed() < Duration::from_secs(5), "{junk}");
    }
}

// [cookie-12]
#[test]
fn text_that_is_not_an_id_names_no_session() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice").reveal().to_string();
        for text in ["", "*del*", "nosuchid", &id.to_uppercase().replace('0', "O"), &id[1..]] {
            let header = format!("{}={text}", config.cookie_name);
            let cookie = read_cookie(config, header);
            assert_eq!(cookie, Some(CookieValue::from(text)));
            assert_eq!(cookie.as_ref().and_then(CookieValue::session_id), None);
            assert_eq!(run.start_with(1, cookie, ""), None);
            run.finish(1, Successful);
        }
    }
}

// [cookie-13] [cookie-14] [cookie-15]
#[test]
fn a_cookie_ends_with_the_browser_and_a_revocation_at_once() {
    for config in &ALL {
        let id: SessionId = [0x5e; 16].into();
        let value = |text: &str| format!("{}={text}", config.cookie_name);
        let max_age = |parts: &[String]| {
            let found = parts.iter().find(|part| part.starts_with("Max-Age"));
            found.map(String::as_str).map(ToOwned::to_owned)
        };
        let set = parts(config, &op(CookieChange::Set(id), "/"));
        assert_eq!((&set[0], max_age(&set)), (&value(&"5e".repeat(16)), None));
        let revoke = parts(config, &op(CookieChange::Revoke, "/"));
        assert_eq!((&revoke[0], max_age(&revoke).as_deref()), (&value(""), Some("Max-Age=0")));
        let stillborn = parts(config, &op(CookieChange::Stillborn(id), "/"));
        assert_eq!((&stillborn[0], max_age(&stillborn)), (&set[0], max_age(&revoke)));
        assert!(!set.iter().any(|part| part.starts_with("Expires")));
    }
}

// [cookie-16] [cookie-17]
#[test]
fn the_path_is_the_configured_one_or_the_scripts() {
    for config in &ALL {
        for (configured, script_name, path) in [
            (None, "", "/"),
            (None, "/", "/"),
            (None, "/app", "/app/"),
            (None, "/app/", "/app/"),
            (Some(""), "/app", "/app/"),
            (Some("/other"), "/app", "/other"),
        ] {
            let config = Config { cookie_path: configured.map(Into::into), ..config.clone() };
            let mut run = Scenario::of(&config);
            run.start_with(1, None, script_name);
            run.set_user(1, Some("alice"));
            run.finish(1, Successful);
            assert_eq!(run.effects.cookie.unwrap().path, path);
        }
    }
}

// [cookie-18]
#[test]
fn a_hardened_cookie_has_its_flags_when_set_and_when_revoked() {
    for config in &ALL {
        for value in [CookieChange::Set([1; 16].into()), CookieChange::Revoke] {
            let parts = parts(config, &op(value, "/"));
            for flag in ["Secure", "HttpOnly", "SameSite=Lax"] {
                let there = parts.iter().any(|part| part == flag);
                assert_eq!(there, config.cookie_hardened, "{flag}");
            }
        }
    }
}

// [cookie-18]
#[test]
fn same_site_is_the_configured_one() {
    for (same_site, text) in
        [(SameSite::Lax, "Lax"), (SameSite::Strict, "Strict"), (SameSite::None, "None")]
    {
        let config = Config { same_site, ..Config::STRICT };
        for value in [CookieChange::Set([1; 16].into()), CookieChange::Revoke] {
            let parts = parts(&config, &op(value, "/"));
            let found: Vec<_> =
                parts.iter().filter_map(|part| part.strip_prefix("SameSite=")).collect();
            assert_eq!(found, [text]);
        }
        let bare = Config { cookie_hardened: false, ..config };
        let written = set_cookie(&bare, &op(CookieChange::Revoke, "/")).unwrap();
        assert!(!written.contains("SameSite"), "{written}");
    }
}

// [cookie-19]
#[test]
fn strict_revokes_the_cookie_that_it_set() {
    let domain = Config {
        cookie_name: "__Secure-session".into(),
        cookie_domain: Some("example.com".into()),
        cookie_path: Some("/app".into()),
        ..Config::STRICT
    };
    for config in [Config::STRICT, domain] {
        let mut run = Scenario::of(&config);
        run.start_with(1, None, "/app");
        run.set_user(1, Some("alice"));
        run.finish(1, Successful);
        let (set, id) = (run.effects.cookie.clone().unwrap(), run.id_set());
        run.start_with(2, id.map(CookieValue::Id), "/elsewhere");
        run.done(expire(2));
        run.finish(2, Successful);
        let revoked = run.effects.cookie.clone().unwrap();
        let attributes = |op: &CookieOp| {
            let mut parts = parts(&config, op);
            parts[0] = parts[0].split('=').next().unwrap().into();
            parts.retain(|part| part != "Max-Age=0");
            parts
        };
        assert_eq!(attributes(&set), attributes(&revoked));
    }
}

// [cookie-20]
#[test]
fn nothing_can_be_slipped_into_a_header() {
    for text in ["/a;Domain=evil", "/a\r\nSet-Cookie: x=y", "/\u{e9}", "/\0", "/a "] {
        for value in [CookieChange::Set([1; 16].into()), CookieChange::Revoke] {
            let written = set_cookie(&Config::QUIXOTE, &op(value, text));
            assert_eq!(written, Err(ConfigError::CookiePath));
            let named = Config { cookie_name: text.into(), ..Config::QUIXOTE };
            assert_eq!(set_cookie(&named, &op(value, "/")), Err(ConfigError::CookieName));
            let domain = Config { cookie_domain: Some(text.into()), ..Config::QUIXOTE };
            assert_eq!(set_cookie(&domain, &op(value, "/")), Err(ConfigError::CookieDomain));
        }
    }
}

// [cookie-21]
#[test]
fn no_shared_cache_keeps_a_cookie() {
    assert_eq!(CACHE_CONTROL, ("Cache-Control", "no-store"));
}

// [cookie-22]
#[test]
fn a_cache_is_told_what_a_response_depends_on() {
    assert_eq!(VARY, ("Vary", "Cookie"));
}
