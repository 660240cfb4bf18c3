//! Section `event`.

use quixote_session::{
    Config, CookieChange, CookieValue, Event, FormToken, Refusal, Reply, Semantics, SessionId,
    StoreOp, SubmittedToken,
};

use crate::scenario::events::{
    create_token, delete, expire, expire_handle, expire_others, finish, guard, has_cookie,
    has_token, insert, maintain, new_session, remove_value, renew, revoke, set_user, set_value,
    spend, start, take,
};
use crate::scenario::{ALL, Abandoned, Failed, Scenario, Successful};

/// Every event of an open request, each with whether it needs a session.
pub(super) fn events_of_request_1() -> [(Event, bool); 18] {
    [
        (set_user(1, None), true),
        (set_value(1, "k", "v"), true),
        (remove_value(1, "k"), true),
        (renew(1), true),
        (take(1, "k"), true),
        (guard(1, "k"), true),
        (expire_others(1), true),
        (expire_handle(1, [1; 16].into()), true),
        (create_token(1), true),
        (has_token(1, SubmittedToken::IllFormed), true),
        (spend(1, SubmittedToken::IllFormed), true),
        (expire(1), true),
        (maintain(1), true),
        (has_cookie(1, false), false),
        (revoke(1), false),
        (insert(1, [1; 8].into(), None), false),
        (new_session(1), false),
        (finish(1, Successful), false),
    ]
}

// [event-1] [event-2]
#[test]
fn a_request_starts_once_and_then_is_open() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        for (event, _) in events_of_request_1() {
            run.refused(event, Refusal::UnknownRequest);
        }
        run.start(1, None);
        run.refused(start(1, None, ""), Refusal::RequestOpen);
        run.finish(1, Successful);
        run.refused(finish(1, Successful), Refusal::UnknownRequest);
    }
}

// [event-3]
#[test]
fn a_request_whose_session_was_expired_has_none() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        run.start(1, None);
        run.done(expire(1));
        for (event, needs_session) in events_of_request_1() {
            if needs_session {
                run.refused(event, Refusal::NoSession);
            } else {
                let reply = run.send(event);
                assert_ne!(reply, Reply::Refused(Refusal::NoSession));
                if let Some(_begun) = run.held(1) {
                    run.done(expire(1));
                }
            }
        }
    }
}

// [event-4] [event-7] [event-8] [event-9]
#[test]
fn a_request_changes_what_it_holds() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        run.start(1, None);
        run.refused(remove_value(1, "k"), Refusal::UnknownKey);
        for user in [Some("alice"), Some(""), None, Some("bob")] {
            run.set_user(1, user);
            assert_eq!(run.session(1).user().map(AsRef::as_ref), user);
        }
        for (key, value) in [("k", "1"), ("k", "2"), ("", "")] {
            run.set_value(1, key, value);
            assert_eq!(run.session(1).values()[key], value);
        }
        run.done(remove_value(1, "k"));
        run.refused(remove_value(1, "k"), Refusal::UnknownKey);
        assert_eq!(run.session(1).values().len(), 1);
        let id = run.save(1).unwrap();
        assert_eq!((run.stored_user(id), run.stored_value(id, "")), (Some("bob"), Some("")));
    }
}

// [event-14] [event-15] [event-16] [event-17]
#[test]
fn a_token_is_created_asked_for_and_spent() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        run.start(1, None);
        let token = run.token(1);
        assert_eq!(run.session(1).form_tokens().as_slice(), [token]);
        let id = run.save(1).unwrap();
        run.start(2, Some(id));
        assert!(run.has_token(2, token) && run.has_token(2, token), "asking spends nothing");
        let ill_formed = SubmittedToken::IllFormed;
        assert!(!run.asks(has_token(2, ill_formed)));
        run.refused(spend(2, ill_formed), Refusal::UnknownToken);
        run.refused(spend(2, FormToken::from([9; 8])), Refusal::UnknownToken);
        run.set_value(2, "k", "v");
        run.start(3, Some(id));
        run.set_value(3, "k", "v");
        run.finish(3, Successful);
        run.done(spend(2, token));
        run.refused(spend(2, token), Refusal::UnknownToken);
        assert!(!run.has_token(2, token));
    }
}

// [event-18] [event-19]
#[test]
fn a_request_knows_its_cookie() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        let dead: SessionId = "00000000000000ff".parse().unwrap();
        for (cookie, carried, exists) in [
            (None, false, false),
            (Some(CookieValue::from("")), true, false),
            (Some(CookieValue::from("*del*")), true, false),
            (Some(CookieValue::Id(dead)), true, false),
            (Some(CookieValue::Id(id)), true, true),
        ] {
            run.start_with(1, cookie, "");
            assert_eq!((run.has_cookie(1, false), run.has_cookie(1, true)), (carried, exists));
            run.finish(1, Successful);
        }
        run.start(1, Some(id));
        run.done(delete(id));
        assert_eq!((run.has_cookie(1, false), run.has_cookie(1, true)), (true, false));
        run.done(expire(1));
        assert!(!run.has_cookie(1, false));
    }
}

// [event-24] [event-26] [event-27] [event-28]
#[test]
fn expiry_deletes_the_session_and_revokes_and_hides_the_cookie() {
    for config in &ALL {
        for gone in [false, true] {
            let mut run = Scenario::of(config);
            let id = run.log_in("alice");
            let handle = run.stored(id).unwrap().handle();
            assert_eq!(handle.is_some(), config.semantics == Semantics::Strict);
            run.start(1, Some(id));
            if gone {
                run.done(delete(id));
            }
            run.done(expire(1));
            // Strict names the session by its handle, even if nothing is stored there, since it may
            // have moved.
            let expected = match handle {
                Some(handle) => Some(StoreOp::DeleteHandle { handle, user: None }),
                None => (!gone).then_some(StoreOp::Delete { id }),
            };
            assert_eq!(run.effects.store, expected);
            assert!(run.state().is_empty() && run.held(1).is_none());
            assert_eq!(run.request_cookie(1), None);
            run.finish(1, Successful);
            assert_eq!(run.cookie(), Some(CookieChange::Revoke));
        }
        let mut run = Scenario::of(config);
        run.start(1, None);
        run.done(expire(1));
        run.finish(1, Successful);
        assert_eq!(run.cookie(), Some(CookieChange::Revoke), "even if none was stored");
    }
}

// [event-36] [event-37] [event-38]
#[test]
fn a_new_session_takes_the_place_of_what_was_held() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        if config.semantics == Semantics::Strict {
            run.refused(new_session(1), Refusal::WouldOrphan);
            run.done(delete(id));
        }
        run.now += 7;
        run.done(new_session(1));
        let held = run.held(1).unwrap();
        assert_eq!((held.id, held.session.user(), held.session.created().0), (None, None, run.now));
        run.set_user(1, Some("bob"));
        let new = run.save(1).unwrap();
        assert_eq!(run.stored_user(new), Some("bob"));
        let kept = run.stored_user(id).is_some();
        assert_eq!(kept, config.semantics != Semantics::Strict, "stored, and without a cookie");
        run.start(1, None);
        run.set_value(1, "k", "v");
        run.done(new_session(1));
        assert_eq!(run.save(1), None, "what it held had not been stored, and never is");
    }
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    run.start(1, Some(id));
    run.now += 12 * 3_600_000;
    run.done(new_session(1));
    assert_eq!(run.effects.store, Some(StoreOp::Discard { id }));
    assert!(run.state().is_empty());
}

// [event-5]
#[test]
fn a_renewal_moves_the_session_and_keeps_all_that_it_holds() {
    let mut run = Scenario::of(&Config::STRICT);
    run.start(1, None);
    run.set_user(1, Some("alice"));
    run.set_value(1, "k", "v");
    let token = run.token(1);
    let old = run.save(1).unwrap();
    let before = run.stored(old).unwrap().clone();
    run.now += 1_000;
    run.start(2, Some(old));
    run.done(renew(2));
    assert_eq!((run.held(2).unwrap().id, run.stored(old)), (Some(old), Some(&before)), "not yet");
    run.set_value(2, "more", "w");
    let new = run.save(2).unwrap();
    assert!(new != old && run.stored(old).is_none());
    let after = run.stored(new).unwrap();
    assert_eq!((after.user(), after.remote_addr()), (before.user(), before.remote_addr()));
    assert_eq!((after.created(), after.handle()), (before.created(), before.handle()));
    assert_eq!(after.form_tokens().as_slice(), [token]);
    assert_eq!((after.values()["k"].as_str(), after.values()["more"].as_str()), ("v", "w"));
}

/// A renewal is a change like any other: it needs a session, and is undone if the request fails.
// [event-5] [step-35] [step-53]
#[test]
fn a_renewal_is_undone_or_lost_like_any_other_change() {
    for outcome in [Failed, Abandoned] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.done(renew(1));
        run.finish(1, outcome);
        assert_eq!((run.state().keys(), run.cookie()), (vec![id], None));
        run.start(1, Some(id));
        run.done(renew(1));
        run.done(delete(id));
        run.refused(finish(1, Successful), Refusal::SessionGone);
    }
    let mut run = Scenario::of(&Config::STRICT);
    run.start(1, None);
    run.done(renew(1));
    assert_eq!(run.save(1), None, "there is nothing to move");
}

// [event-10] [event-11] [event-9]
#[test]
fn a_value_is_taken_with_its_text() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        run.start(1, None);
        for (key, value) in [("k", "v"), ("", ""), ("kk", "w")] {
            run.set_value(1, key, value);
        }
        let id = run.save(1).unwrap();
        run.start(2, Some(id));
        for unknown in ["K", "k ", "v"] {
            run.refused(take(2, unknown), Refusal::UnknownKey);
        }
        for (key, value) in [("k", "v"), ("", "")] {
            assert_eq!(run.take(2, key), value);
            assert!(!run.session(2).values().contains_key(key));
            run.refused(take(2, key), Refusal::UnknownKey);
            run.refused(remove_value(2, key), Refusal::UnknownKey);
        }
        run.finish(2, Successful);
        let left: Vec<_> = run.stored(id).unwrap().values().keys().collect();
        assert_eq!(left, ["kk"]);
    }
}

// [event-12] [event-13]
#[test]
fn a_guard_remembers_what_the_request_saw() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.keep("k", "v");
    for (request, change) in [(1, set_value(1, "k", "v")), (2, remove_value(2, "k"))] {
        run.start(request, Some(id));
        run.done(guard(request, "k"));
        run.done(guard(request, "missing"));
        run.done(change);
        run.refused(guard(request, "k"), Refusal::ValueChanged);
        run.done(guard(request, "missing"));
        run.finish(request, Failed);
    }
    run.start(3, Some(id));
    run.set_value(3, "new", "1");
    run.refused(guard(3, "new"), Refusal::ValueChanged);
    run.finish(3, Successful);
    run.start(3, Some(id));
    run.done(guard(3, "new"));
    run.finish(3, Successful);
}
