//! What people read: the exact texts of errors, `Debug` and `Display`; and what listings and hashes
//! show.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod all_refusals;
mod scenario;

use all_refusals::REFUSALS;
use quixote_session::driver::{Arrival, Call, Exchange};
use quixote_session::{
    Config, ConfigError, CookieValue, Entropy, EntropySource, FormToken, FormTokens, NotHex,
    Semantics, Session, SessionId, SessionRef, State, Timestamp, TooManyFormTokens,
};
use scenario::events::{create_token, maintain};
use scenario::{Failed, OUTCOMES, Scenario};

#[test]
fn errors_say_what_was_expected() {
    for (error, text) in [
        (ConfigError::CookieName, "cookie_name: expected an RFC 6265 token, up to 4,064 bytes"),
        (
            ConfigError::CookiePath,
            "cookie_path: expected ASCII from '/', without ';' or controls, up to 1,024 bytes",
        ),
        (ConfigError::CookieDomain, "cookie_domain: expected a host name"),
        (
            ConfigError::HostPrefix,
            "cookie_name: expected a hardened cookie, path / and no domain with __Host-",
        ),
        (
            ConfigError::SecurePrefix,
            "cookie_name: expected a hardened cookie with __Secure- or __Http-",
        ),
        (ConfigError::PathOfScript, "cookie_path: expected one for all requests under strict"),
        (ConfigError::MaxFormTokens, "max_form_tokens: expected 1 to 16"),
        (
            ConfigError::IdleLimit,
            "idle_limit_ms: expected at least 2 more than access_resolution_ms",
        ),
        (
            ConfigError::AbsoluteLimit,
            "absolute_limit_ms: expected no less than idle_limit_ms, nor 0",
        ),
        (
            ConfigError::UnprotectedName,
            "cookie_name: expected __Host- or __Secure- in front, or gives_up.protected_name",
        ),
        (ConfigError::ShortIds, "width: expected 128 bits, or gives_up.long_ids"),
        (ConfigError::NoFlags, "cookie_hardened: expected true, or gives_up.flags"),
        (ConfigError::NoIdleLimit, "idle_limit_ms: expected a limit, or gives_up.idle_limit"),
        (
            ConfigError::NoAbsoluteLimit,
            "absolute_limit_ms: expected a limit, or gives_up.absolute_limit",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
    assert_eq!(NotHex.to_string(), "expected 16 or 32 lower-case hex digits");
    assert_eq!(TooManyFormTokens.to_string(), "expected at most 16 form tokens");
}

#[test]
fn semantics_and_refusals_have_the_names_of_the_specification() {
    let names = [Semantics::Live, Semantics::Copying, Semantics::Strict].map(|s| s.to_string());
    assert_eq!(names, ["live", "copying", "strict"]);
    for refusal in REFUSALS {
        // Serialisation derives the name separately, and it must be the same.
        assert_eq!(serde_json::to_value(refusal).unwrap(), refusal.name());
        assert!(refusal.to_string().contains(": "), "{refusal:?} says what to do");
    }
}

#[test]
fn outcomes_have_the_names_of_traces() {
    for outcome in OUTCOMES {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.name());
    }
}

/// A request on a session of `user`, with a value and a token. If `saved`, the session is stored
/// under the id whose bytes are all 5e.
fn scene(user: Option<&str>, saved: bool) -> Scenario {
    let mut run = Scenario::of(&Config::QUIXOTE);
    let entropy = run.draws(&[0x5e]);
    run.start(1, None);
    run.set_user(1, user);
    run.set_value(1, "k", "v");
    run.send_with(entropy, create_token(1));
    if saved {
        run.send_with(entropy, maintain(1));
    }
    run
}

#[test]
fn a_session_is_told_in_a_line_or_in_a_few() {
    for (user, saved, line) in [
        (Some("alice"), true, "session 5e5e… (user alice)"),
        (Some("alice"), false, "session without id (user alice)"),
        (Some(""), true, "session 5e5e… (no user)"),
        (None, true, "session 5e5e… (no user)"),
    ] {
        assert_eq!(scene(user, saved).held(1).unwrap().to_string(), line);
    }
    let run = scene(Some("alice"), true);
    let dump = "  user: alice\n  remote_addr: 192.0.2.1\n  created 2001-09-09 01:46:40, last \
                accessed 2001-09-09 01:46:40\n  form_tokens: [FormToken(5e5e…)]\n";
    let shown = run.held(1).unwrap();
    assert_eq!(shown.dump(false).to_string(), dump);
    assert_eq!(shown.dump(true).to_string(), format!("session 5e5e…:\n{dump}"));
    let session = Session::new("".into(), Timestamp(0));
    let dump = SessionRef { id: None, session: &session }.dump(true).to_string();
    assert!(dump.starts_with("session without id:\n  user: none\n"), "{dump}");
}

#[test]
fn debug_names_what_is_there_and_no_more() {
    let run = scene(Some("alice"), true);
    assert_eq!(format!("{:?}", run.state()), "State { sessions: 1, open_requests: 1, .. }");
    let session = run.session(1);
    let text = "Session { handle: None, user: Some(\"alice\"), remote_addr: \"192.0.2.1\", \
                created: 1000000000000, accessed: 1000000000000, form_tokens: \
                [FormToken(5e5e…)], values: [\"k\"] }";
    assert_eq!(format!("{session:?}"), text);
    let token = FormToken::from([0x70; 16]);
    let tokens = FormTokens::try_from(vec![token]).unwrap();
    assert_eq!(format!("{tokens:?}"), "[FormToken(7070…)]");
    let cookies = [CookieValue::Id([0x5e; 8].into()), CookieValue::Text("secret".into())];
    assert_eq!(format!("{cookies:?}"), "[SessionId(5e5e…), Text(6 bytes)]");
    assert_eq!(format!("{:?}", Entropy::from_bytes([0x5e; 64])), "Entropy(…)");
}

/// For a request over a store, `Debug` shows whether it is open, but no id, name or value.
// [token-11] [token-12]
#[test]
fn debug_of_an_exchange_says_whether_it_is_open() {
    let mut entropy = EntropySource::new([7; 32]);
    let mut exchange = Exchange::new(Config::STRICT.into(), entropy.revision());
    assert_eq!(format!("{exchange:?}"), "Exchange { is_open: false, .. }");
    exchange.begin(&Call::start(Arrival::default()), Timestamp(0));
    assert_eq!(format!("{exchange:?}"), "Exchange { is_open: true, .. }");
}

#[test]
fn states_are_empty_equal_and_hashed_by_what_they_hold() {
    use std::hash::{BuildHasher as _, RandomState};

    let random = RandomState::new();
    let hash = |state: &State| random.hash_one(state);
    let [mut one, same, other] = ["alice", "alice", "bob"].map(|user| scene(Some(user), true));
    assert!(State::new().is_empty() && !one.state().is_empty());
    assert_eq!(hash(one.state()), hash(same.state()));
    assert_ne!(hash(one.state()), hash(other.state()));
    one.finish(1, Failed);
    assert_ne!(hash(one.state()), hash(same.state()));
    let ids = [1, 2].map(|byte| random.hash_one(SessionId::from([byte; 8])));
    assert_ne!(ids[0], ids[1]);
}

/// Quixote can queue an equal token twice; it is outstanding, however often it is queued.
#[test]
fn a_token_that_is_queued_twice_is_outstanding() {
    let token = FormToken::from([7; 8]);
    for count in 1..4 {
        assert!(FormTokens::try_from(vec![token; count]).unwrap().contains(&token));
    }
    assert!(!FormTokens::try_from(vec![token]).unwrap().contains(&[8; 8].into()));
}

/// What was stored under an id before is gone from every listing.
#[test]
fn a_session_that_is_written_over_is_listed_once() {
    let id = SessionId::from([7; 8]);
    let session = |at| Session::new("".into(), Timestamp(at));
    let state = State::new().with_stored(id, Some(session(1))).with_stored(id, Some(session(2)));
    assert_eq!(state.items(), [(id, &session(2))]);
    assert_eq!((state.len(), state.keys()), (1, vec![id]));
}
