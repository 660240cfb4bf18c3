//! Section `config`: the configurations that are there, and those that the check refuses.

use quixote_session::{
    Config, ConfigError, CookieChange, CookieOp, Dirtiness, GivesUp, Semantics, SmolStr, Width,
    set_cookie,
};

use crate::scenario::{QUIXOTE, Scenario};

// [config-1] [config-2] [config-3] [config-4] [config-5]
#[test]
fn quixote_is_configured_as_it_ships() {
    assert_eq!(QUIXOTE.map(|c| c.semantics), [Semantics::Live, Semantics::Copying]);
    assert_eq!(QUIXOTE.map(|c| c.is_dirty), [Dirtiness::Never, Dirtiness::HasInfo]);
    for config in QUIXOTE {
        let unlimited = (config.idle_limit_ms, config.absolute_limit_ms, config.max_values);
        assert_eq!(unlimited, (None, None, usize::MAX));
        assert_eq!(config.max_text_bytes, usize::MAX);
        assert_eq!((config.width, config.access_resolution_ms), (Width::Bits64, 1_000));
        assert_eq!((config.max_requests, config.max_sessions), (0x7fff_ffff, 0x7fff_ffff));
        assert_eq!((config.max_form_tokens, config.cookie_name.as_str()), (16, "QX_session"));
        let cookie = (config.cookie_hardened, &config.cookie_path, &config.cookie_domain);
        assert_eq!(cookie, (false, &None, &None));
        assert_eq!(config.check(), Ok(()));
    }
}

// [config-6] [config-7] [config-8] [config-9] [config-10] [config-11] [config-12] [config-13]
// [config-14] [config-15]
#[test]
fn strict_is_configured_as_promised() {
    let config = Config::STRICT;
    assert_eq!((config.semantics, config.width), (Semantics::Strict, Width::Bits128));
    assert_eq!(config.access_resolution_ms, 60_000);
    let limits = (config.idle_limit_ms, config.absolute_limit_ms);
    assert_eq!(limits, (Some(1_800_000), Some(43_200_000)));
    let sizes = (config.max_form_tokens, config.max_text_bytes, config.max_values);
    assert_eq!(sizes, (16, 65_536, 64));
    assert_eq!((config.max_requests, config.max_sessions), (1_000_000, 100_000_000));
    assert_eq!(config.check(), Ok(()));

    let mut run = Scenario::of(&config);
    run.log_in("alice");
    let cookie = run.effects.cookie.clone().unwrap();
    let header = set_cookie(&config, &cookie).unwrap();
    let parts: Vec<&str> = header.split("; ").collect();
    assert!(parts[0].starts_with("__Host-session="));
    assert!(["Secure", "HttpOnly", "SameSite=Lax", "Path=/"].iter().all(|p| parts.contains(p)));
    assert_eq!(parts.len(), 5, "no Domain, no Max-Age");
}

// [config-16]
#[test]
fn a_cookie_name_is_an_rfc_6265_token() {
    let named = |name: &str| Config { cookie_name: name.into(), ..Config::QUIXOTE }.check();
    for name in ["", "a b", "a;b", "a=b", "a\"", "\u{e9}", "a\n", "a/b", "(a)", "a,b", "{a}"] {
        assert_eq!(named(name), Err(ConfigError::CookieName), "{name:?}");
    }
    for name in ["a", "QX_session", "!#$%&'*+-.^_`|~0"] {
        assert_eq!(named(name), Ok(()), "{name:?}");
    }
}

// [config-17] [config-18]
#[test]
fn a_path_or_domain_cannot_end_its_attribute() {
    for text in ["/a;b", "/a\r", "/\u{7f}", "/\u{e9}", "/a ", " /a", "a"] {
        let path = Config { cookie_path: Some(text.into()), ..Config::QUIXOTE };
        assert_eq!(path.check(), Err(ConfigError::CookiePath), "{text:?}");
        let domain = Config { cookie_domain: Some(text.into()), ..Config::QUIXOTE };
        let expected = if text == "a" { Ok(()) } else { Err(ConfigError::CookieDomain) };
        assert_eq!(domain.check(), expected, "{text:?}");
    }
}

// [config-33]
#[test]
fn a_domain_is_a_host_name() {
    let of = |domain: &str| {
        let config = Config { cookie_domain: Some(domain.into()), ..Config::QUIXOTE };
        config.check()
    };
    for domain in ["example.com", ".example.com", "localhost", "127.0.0.1", "xn--bcher-kva.example"]
    {
        assert_eq!(of(domain), Ok(()), "{domain:?}");
    }
    let long = "a".repeat(64);
    for domain in ["", ".", "..a", "a.", "a..b", "-a.b", "a-.b", "a b", "/", "a_b", "a,b", &long] {
        assert_eq!(of(domain), Err(ConfigError::CookieDomain), "{domain:?}");
    }
}

// [config-19] [config-20]
#[test]
fn a_prefix_needs_what_it_promises() {
    let live = Config { semantics: Semantics::Live, ..Config::STRICT };
    let prefixed = |name: &str, hardened, path: Option<&str>, domain: Option<&str>| {
        let (cookie_path, cookie_domain) = (path.map(SmolStr::new), domain.map(SmolStr::new));
        let cookie_name = name.into();
        let cookie = Config { cookie_name, cookie_path, cookie_domain, ..live.clone() };
        Config { cookie_hardened: hardened, ..cookie }.check()
    };
    assert_eq!(prefixed("__Host-s", true, Some("/"), None), Ok(()));
    for (hardened, path, domain) in [
        (false, Some("/"), None),
        (true, None, None),
        (true, Some("/app"), None),
        (true, Some("/"), Some("example.com")),
    ] {
        let checked = prefixed("__Host-s", hardened, path, domain);
        assert_eq!(checked, Err(ConfigError::HostPrefix));
        let secure = if hardened { Ok(()) } else { Err(ConfigError::SecurePrefix) };
        assert_eq!(prefixed("__Secure-s", hardened, path, domain), secure);
        assert_eq!(prefixed("s", hardened, path, domain), Ok(()));
    }
}

// [config-41] [config-42]
#[test]
fn a_cookie_that_a_browser_would_drop_for_its_length_is_refused() {
    for (bytes, name, path) in [
        (1_024, Ok(()), Ok(())),
        (1_025, Ok(()), Err(ConfigError::CookiePath)),
        (4_064, Ok(()), Err(ConfigError::CookiePath)),
        (4_065, Err(ConfigError::CookieName), Err(ConfigError::CookiePath)),
    ] {
        let long = "/".repeat(bytes);
        let named = Config { cookie_name: "n".repeat(bytes).into(), ..Config::QUIXOTE };
        let under = Config { cookie_path: Some(long.as_str().into()), ..Config::QUIXOTE };
        assert_eq!((named.check(), under.check()), (name, path), "{bytes}");
        let op = |path: &str| CookieOp { value: CookieChange::Revoke, path: path.into() };
        let sent = |config: &Config, path: &str| set_cookie(config, &op(path)).map(drop);
        assert_eq!((sent(&named, "/"), sent(&Config::QUIXOTE, &long)), (name, path), "{bytes}");
    }
}

// [config-34]
#[test]
fn under_strict_the_cookie_has_one_path() {
    for path in [None, Some("".into())] {
        for (base, expected) in [
            (Config::STRICT, Err(ConfigError::PathOfScript)),
            (Config::QUIXOTE, Ok(())),
            (Config::QUIXOTE_PERSISTENT, Ok(())),
        ] {
            let cookie_name = "__Secure-sid".into();
            let cookie_hardened = true;
            let config = Config { cookie_name, cookie_hardened, cookie_path: path.clone(), ..base };
            assert_eq!(config.check(), expected, "{}", config.semantics);
        }
    }
}

// [config-35]
#[test]
fn an_idle_limit_leaves_time_to_note_an_access() {
    for (idle, strict) in [
        (None, Err(ConfigError::NoIdleLimit)),
        (Some(0), Err(ConfigError::IdleLimit)),
        (Some(60_000), Err(ConfigError::IdleLimit)),
        (Some(60_001), Err(ConfigError::IdleLimit)),
        (Some(60_002), Ok(())),
    ] {
        let of = |base| Config { idle_limit_ms: idle, ..base }.check();
        assert_eq!((of(Config::STRICT), of(Config::QUIXOTE)), (strict, Ok(())), "{idle:?}");
    }
}

/// A protection is given up by name: each name allows one thing and nothing else.
// [config-36] [config-37] [config-38] [config-39]
#[test]
fn strict_does_without_nothing_that_is_not_given_up_by_name() {
    type Change = fn(&mut Config);
    let nothing = GivesUp::NOTHING;
    let bare: Change = |config| {
        config.cookie_name = "__Host-s".into();
        config.cookie_hardened = true;
    };
    let cases: [(Change, ConfigError, GivesUp); 5] = [
        (
            |config| config.cookie_name = "session".into(),
            ConfigError::UnprotectedName,
            GivesUp { protected_name: true, ..nothing },
        ),
        (
            |config| config.width = Width::Bits64,
            ConfigError::ShortIds,
            GivesUp { long_ids: true, ..nothing },
        ),
        (
            |config| {
                config.cookie_name = "session".into();
                config.cookie_hardened = false;
            },
            ConfigError::NoFlags,
            GivesUp { flags: true, ..nothing },
        ),
        (
            |config| config.idle_limit_ms = None,
            ConfigError::NoIdleLimit,
            GivesUp { idle_limit: true, ..nothing },
        ),
        (
            |config| config.absolute_limit_ms = None,
            ConfigError::NoAbsoluteLimit,
            GivesUp { absolute_limit: true, ..nothing },
        ),
    ];
    for (place, (change, error, given_up)) in cases.iter().enumerate() {
        // A cookie without flags cannot have a protected name either.
        let protected_name = *error == ConfigError::NoFlags;
        for (other, (_, _, gives_up)) in cases.iter().enumerate() {
            let gives_up =
                GivesUp { protected_name: gives_up.protected_name || protected_name, ..*gives_up };
            let mut config = Config { gives_up, ..Config::STRICT };
            change(&mut config);
            let expected = if other == place { Ok(()) } else { Err(*error) };
            assert_eq!(config.check(), expected, "{error:?} with {gives_up:?}");
            // Live and copying require none of the protections.
            let quixote = Config { semantics: Semantics::Copying, gives_up: nothing, ..config };
            assert_eq!(quixote.check(), Ok(()));
        }
        // To give up a protection that is there does no harm.
        let mut whole = Config { gives_up: *given_up, ..Config::STRICT };
        bare(&mut whole);
        assert_eq!(whole.check(), Ok(()));
    }
}

// [config-36]
#[test]
fn a_name_is_protected_by_its_prefix_alone() {
    for (name, protected) in [
        ("__Host-session", true),
        ("__HOST-session", true),
        ("__secure-session", true),
        ("__Http-session", true),
        ("_Host-session", false),
        ("session", false),
        ("x__Host-session", false),
        ("__Hostsession", false),
    ] {
        let config = Config { cookie_name: name.into(), ..Config::STRICT };
        let expected = if protected { Ok(()) } else { Err(ConfigError::UnprotectedName) };
        assert_eq!(config.check(), expected, "{name}");
    }
    assert_eq!(Config::DEVELOPMENT.check(), Ok(()));
}

// [config-20]
#[test]
fn an_http_prefix_needs_the_flags() {
    for base in [Config::STRICT, Config { semantics: Semantics::Live, ..Config::STRICT }] {
        for name in ["__Http-s", "__http-s", "__HTTP-s"] {
            let cookie_name: SmolStr = name.into();
            let hardened = Config { cookie_name, ..base.clone() };
            assert_eq!(hardened.check(), Ok(()));
            let gives_up = GivesUp { flags: true, ..GivesUp::NOTHING };
            let bare = Config { cookie_hardened: false, gives_up, ..hardened };
            assert_eq!(bare.check(), Err(ConfigError::SecurePrefix), "{name}");
        }
    }
}

// [config-40]
#[test]
fn an_absolute_limit_is_no_less_than_the_idle_limit() {
    let idle = 60_002;
    for (idle, absolute, expected) in [
        (Some(idle), Some(0), Err(ConfigError::AbsoluteLimit)),
        (Some(idle), Some(idle - 1), Err(ConfigError::AbsoluteLimit)),
        (Some(idle), Some(idle), Ok(())),
        (None, Some(0), Err(ConfigError::AbsoluteLimit)),
        (None, Some(1), Ok(())),
        (Some(idle), None, Ok(())),
    ] {
        let gives_up = GivesUp { idle_limit: true, absolute_limit: true, ..GivesUp::NOTHING };
        let (idle_limit_ms, absolute_limit_ms) = (idle, absolute);
        let strict = Config { idle_limit_ms, absolute_limit_ms, gives_up, ..Config::STRICT };
        assert_eq!(strict.check(), expected, "{idle:?}, {absolute:?}");
        let live = Config { semantics: Semantics::Live, ..strict };
        assert_eq!(live.check(), Ok(()));
    }
}
