//! Section `config`: the limits on what a session and a state may hold.

use quixote_session::{
    Config, ConfigError, Event, Refusal, RequestId, Semantics, StoreOp, Timestamp,
};

use crate::scenario::events::{
    delete, expire, finish, guard, insert, maintain, remove_value, set_user, set_value, start,
};
use crate::scenario::{ALL, QUIXOTE, Scenario, Successful};

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

/// A session that was loaded can have more values than there may be.
// [config-26]
#[test]
fn where_no_values_are_allowed_none_is_set_again() {
    let mut before = Scenario::of(&Config::STRICT);
    let id = before.keep("k", "v");
    let mut run = Scenario::of(&Config { max_values: 0, ..Config::STRICT });
    run.put_state(before.state().clone());
    run.start(1, Some(id));
    run.refused(set_value(1, "k", "w"), Refusal::TooManyValues);
    run.refused(guard(1, "k"), Refusal::TooManyValues);
    run.done(remove_value(1, "k"));
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
