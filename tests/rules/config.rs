//! Section `config`.

use quixote_session::{
    Config, ConfigError, CookieChange, CookieOp, Dirtiness, Event, GivesUp, Refusal, RequestId,
    Semantics, SmolStr, StoreOp, Timestamp, Width, set_cookie,
};

use crate::scenario::events::{
    delete, expire, finish, guard, insert, maintain, remove_value, set_user, set_value, start,
};
use crate::scenario::{ALL, QUIXOTE, Scenario, Successful};

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

// [config-21] [config-22]
#[test]
fn a_cap_outside_its_range_is_refused_and_clamped() {
    for config in &ALL {
        for (cap, held) in [(0, 1), (1, 1), (16, 16), (17, 16), (255, 16)] {
            let config = Config { max_form_tokens: cap, ..config.clone() };
            let fits = (1..=16).contains(&cap);
            let expected = if fits { Ok(()) } else { Err(ConfigError::MaxFormTokens) };
            assert_eq!(config.check(), expected);
            let mut run = Scenario::unwatched(&config);
            run.start(1, None);
            (0..20).for_each(|_| _ = run.token(1));
            assert_eq!(run.session(1).form_tokens().len(), held);
        }
    }
}

// [config-23]
#[test]
fn a_text_that_is_too_long_is_refused_wherever_it_stands() {
    for config in &ALL {
        let config = Config { max_text_bytes: 4, ..config.clone() };
        let (fits, long) = ("\u{e9}\u{e9}", "\u{e9}\u{e9}a");
        let mut run = Scenario::of(&config);
        let from = |remote_addr: &str, script_name: &str| Event::StartRequest {
            request: RequestId(1),
            cookie: None,
            remote_addr: remote_addr.into(),
            script_name: script_name.into(),
            passive: false,
        };
        run.refused(from(long, ""), Refusal::TextTooLong);
        run.refused(from("", long), Refusal::TextTooLong);
        run.send(from(fits, fits));
        run.refused(set_user(1, Some(long)), Refusal::TextTooLong);
        run.refused(set_value(1, long, ""), Refusal::TextTooLong);
        run.refused(set_value(1, "", long), Refusal::TextTooLong);
        run.set_user(1, Some(fits));
        run.set_value(1, fits, fits);
        if config.semantics != Semantics::Strict {
            run.refused(insert(1, [7; 8].into(), Some(long)), Refusal::TextTooLong);
        }
    }
}

// [config-24] [config-25]
#[test]
fn the_number_of_values_is_limited() {
    for config in &ALL {
        let mut run = Scenario::of(&Config { max_values: 2, ..config.clone() });
        run.start(1, None);
        run.set_value(1, "a", "1");
        run.set_value(1, "b", "1");
        run.refused(set_value(1, "c", "1"), Refusal::TooManyValues);
        run.set_value(1, "b", "2");
        run.done(remove_value(1, "a"));
        run.set_value(1, "c", "1");
        assert_eq!(run.session(1).values().len(), 2);
    }
    let mut run = Scenario::of(&Config { max_values: 2, ..Config::STRICT });
    let id = run.log_in("alice");
    for (request, key) in [(1, "a"), (2, "b"), (3, "c")] {
        run.start(request, Some(id));
        run.set_value(request, key, "1");
    }
    run.finish(1, Successful);
    run.finish(2, Successful);
    run.refused(finish(3, Successful), Refusal::TooManyValues);
}

// [config-31] [config-32]
#[test]
fn a_cookie_that_is_too_long_is_taken_for_the_empty_one() {
    for config in &ALL {
        let mut run = Scenario::of(&Config { max_text_bytes: 9, ..config.clone() });
        let id = run.log_in("alice");
        for (request, sent, kept) in [(1, "123456789", "123456789"), (2, "1234567890", "")] {
            run.start_with(request, Some(sent.into()), "");
            assert_eq!(run.request_cookie(request), Some(&kept.into()));
            assert!(run.has_cookie(request, false) && !run.has_cookie(request, true));
        }
        assert_eq!(run.user_of(id).as_deref(), Some("alice"), "an id has its own limit");
    }
}

// [config-26]
#[test]
fn the_number_of_changes_that_a_request_remembers_is_limited() {
    let mut run = Scenario::of(&Config { max_values: 2, ..Config::STRICT });
    run.start(1, None);
    run.set_value(1, "a", "1");
    run.set_value(1, "b", "1");
    let id = run.save(1).unwrap();
    run.start(1, Some(id));
    for (old, new) in [("a", "c"), ("b", "d")] {
        run.done(remove_value(1, old));
        run.set_value(1, new, "1");
    }
    run.done(remove_value(1, "c"));
    run.refused(set_value(1, "e", "1"), Refusal::TooManyValues);
    run.set_value(1, "c", "2");
    run.finish(1, Successful);
    assert_eq!((run.stored_value(id, "a"), run.stored_value(id, "c")), (None, Some("2")));
}

// [config-23] [config-26]
#[test]
fn the_number_of_guards_that_a_request_remembers_is_limited() {
    let mut run = Scenario::of(&Config { max_values: 2, max_text_bytes: 9, ..Config::STRICT });
    run.start(1, None);
    for key in ["a", "b", "c", "d", "a", "d"] {
        run.done(guard(1, key));
    }
    run.refused(guard(1, "e"), Refusal::TooManyValues);
    run.refused(guard(1, "0123456789"), Refusal::TextTooLong);
    run.set_value(1, "e", "1");
    run.finish(1, Successful);
}

// [config-27]
#[test]
fn the_number_of_open_requests_is_limited() {
    for config in &ALL {
        let mut run = Scenario::of(&Config { max_requests: 2, ..config.clone() });
        run.start(1, None);
        run.start(2, None);
        run.refused(start(3, None, ""), Refusal::TooManyRequests);
        run.finish(1, Successful);
        run.start(3, None);
        assert_eq!(run.state().open_requests(), 2);
    }
}

// [config-28] [config-30]
#[test]
fn the_number_of_stored_sessions_is_limited() {
    for config in &ALL {
        let mut run = Scenario::of(&Config { max_sessions: 1, ..config.clone() });
        let id = run.log_in("alice");
        run.start(1, None);
        run.set_user(1, Some("bob"));
        run.refused(finish(1, Successful), Refusal::TooManySessions);
        run.start(2, Some(id));
        run.set_user(2, Some("carol"));
        run.set_value(2, "k", "v");
        let renewed = run.save(2);
        assert_eq!((run.state().len(), renewed.is_some()), (1, run.config.cookie_hardened));
        let id = renewed.unwrap_or(id);
        run.start(3, Some(id));
        run.done(expire(3));
        run.finish(3, Successful);
        run.finish(1, Successful);
        assert_eq!(run.state().len(), 1);
    }
    for config in &QUIXOTE {
        let mut run = Scenario::of(&Config { max_sessions: 1, ..config.clone() });
        let id = run.log_in("alice");
        run.start(1, None);
        run.set_user(1, Some("bob"));
        run.refused(maintain(1), Refusal::TooManySessions);
        run.refused(insert(1, [7; 8].into(), Some("bob")), Refusal::TooManySessions);
        run.done(insert(1, id, Some("bob")));
    }
}

// [config-28]
#[test]
fn copying_brings_no_session_back_into_a_full_store() {
    let mut run = Scenario::of(&Config { max_sessions: 1, ..Config::QUIXOTE_PERSISTENT });
    let id = run.log_in("alice");
    run.start(1, Some(id));
    run.done(delete(id));
    run.log_in("bob");
    run.refused(finish(1, Successful), Refusal::TooManySessions);
}

/// In a full store, all sessions that are over make room for a new one, and no others.
// [config-29] [config-28]
#[test]
fn sessions_that_are_over_make_room_for_a_new_one() {
    for (over, current) in [(3, 0), (2, 1), (1, 2), (0, 3)] {
        let mut run = Scenario::of(&Config { max_sessions: 3, ..Config::STRICT });
        for _ in 0..over {
            run.log_in("alice");
        }
        run.now += 30 * 60_000 - 1;
        let mut left: Vec<_> = (0..current).map(|_| run.log_in("bob")).collect();
        run.start(1, None);
        run.set_user(1, Some("carol"));
        run.now += 1;
        if over == 0 {
            run.refused(finish(1, Successful), Refusal::TooManySessions);
            continue;
        }
        let id = run.save(1).unwrap();
        let now = Timestamp(run.now);
        let Some(StoreOp::Create { discard_over, .. }) = run.effects.store else { panic!() };
        assert_eq!(discard_over, Some(now));
        left.push(id);
        left.sort_unstable();
        assert_eq!(run.state().keys(), left, "{over}");
    }
    // A store that has room keeps them.
    let mut run = Scenario::of(&Config { max_sessions: 3, ..Config::STRICT });
    run.log_in("alice");
    run.now += 30 * 60_000;
    run.log_in("bob");
    assert_eq!(run.state().len(), 2);
    assert!(matches!(run.effects.store, Some(StoreOp::Create { discard_over: None, .. })));
}
