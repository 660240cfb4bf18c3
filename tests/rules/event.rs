//! Section `event`.

use quixote_session::{
    Config, CookieChange, CookieValue, Event, FormToken, Refusal, Reply, Semantics, SessionId,
    StoreOp, SubmittedToken,
};

use crate::scenario::events::{
    SWEEP, create_token, delete, delete_all_of, expire, finish, has_cookie, has_token, insert,
    maintain, new_session, remove_value, revoke, set_user, set_value, spend, start,
};
use crate::scenario::{ALL, Failed, QUIXOTE, Scenario, Successful};

/// Every event of an open request, each with whether it needs a session.
pub(super) fn events_of_request_1() -> [(Event, bool); 13] {
    [
        (set_user(1, None), true),
        (set_value(1, "k", "v"), true),
        (remove_value(1, "k"), true),
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

// [event-4] [event-5] [event-6] [event-7]
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

// [event-8] [event-9] [event-10] [event-11]
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

// [event-12] [event-13]
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

// [event-14] [event-15] [event-16]
#[test]
fn quixote_revokes_the_cookie_and_leaves_the_session() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.done(revoke(1));
        assert_eq!(run.request_cookie(1), None);
        assert_eq!(run.held(1).unwrap().id, Some(id));
        run.finish(1, Successful);
        assert_eq!(run.cookie(), Some(CookieChange::Revoke));
        assert_eq!(run.user_of(id).as_deref(), Some("alice"));
    }
}

// [event-17] [event-28] [event-29]
#[test]
fn strict_refuses_to_orphan_to_save_early_and_to_use_a_chosen_id() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    for cookie in [None, Some(id)] {
        run.start(1, cookie);
        run.set_value(1, "k", "v");
        run.refused(revoke(1), Refusal::WouldOrphan);
        run.refused(maintain(1), Refusal::SavedAtFinish);
        for chosen in [id, [7; 16].into()] {
            run.refused(insert(1, chosen, None), Refusal::IdNotIssued);
        }
        run.finish(1, Failed);
    }
}

// [event-18] [event-19] [event-20] [event-21]
#[test]
fn expiry_deletes_the_session_and_revokes_and_hides_the_cookie() {
    for config in &ALL {
        for gone in [false, true] {
            let mut run = Scenario::of(config);
            let id = run.log_in("alice");
            run.start(1, Some(id));
            if gone {
                run.done(delete(id));
            }
            run.done(expire(1));
            let delete = (!gone).then_some(StoreOp::Delete { id });
            assert_eq!(run.effects.store, delete);
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

// [event-22] [event-23] [event-24]
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
    run.now += 30 * 60_000;
    run.done(new_session(1));
    assert_eq!(run.effects.store, Some(StoreOp::Discard { id }));
    assert!(run.state().is_empty());
}

// [event-25] [event-26] [event-27]
#[test]
fn quixote_saves_in_the_middle() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        run.start(1, None);
        run.done(maintain(1));
        assert!(run.state().is_empty());
        run.set_user(1, Some("alice"));
        run.done(maintain(1));
        let id = run.held(1).unwrap().id.unwrap();
        assert_eq!(run.stored_user(id), Some("alice"));
        assert!(matches!(run.effects.store, Some(StoreOp::Put { .. })));
        assert_eq!(run.save(1), Some(id), "the cookie leaves with the response");
        let mut failing = run.clone();
        failing.start(1, None);
        failing.set_user(1, Some("alice"));
        failing.done(maintain(1));
        failing.finish(1, Failed);
        assert_eq!(
            (failing.state().len(), failing.cookie()),
            (2, None),
            "stored, but the client is not told"
        );
        let mut other = run.clone();
        other.start(1, Some(id));
        assert!(other.has_cookie(1, false));
        other.set_user(1, None);
        other.done(maintain(1));
        assert_eq!(other.effects.store, Some(StoreOp::Delete { id }));
        assert!(!other.has_cookie(1, false));
        other.finish(1, Successful);
        assert_eq!(other.cookie(), Some(CookieChange::Revoke));
    }
}

// [event-30]
#[test]
fn quixote_stores_under_a_chosen_id() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.start(1, None);
        run.start(2, Some(id));
        for user in [Some("bob"), None] {
            run.now += 3;
            run.done(insert(1, id, user));
            let stored = run.stored(id).unwrap();
            assert_eq!((run.stored_user(id), stored.created().0), (user, run.now));
            assert_eq!((run.state().len(), stored.remote_addr()), (1, "192.0.2.1"));
        }
        assert_eq!(run.held(1).unwrap().id, None);
        let held = run.session(2);
        assert_eq!(held.user().map(AsRef::as_ref), Some("alice"), "as it was found");
    }
}

// [event-31] [event-32] [event-33]
#[test]
fn the_manager_deletes_one_session_or_all_sessions_of_a_user() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let ids = ["alice", "bob", "alice"].map(|user| run.log_in(user));
        run.done(delete(ids[0]));
        run.refused(delete(ids[0]), Refusal::UnknownSession);
        let another = run.log_in("alice");
        run.start(1, Some(another));
        run.done(delete_all_of("alice"));
        assert_eq!(run.effects.store, Some(StoreOp::DeleteAll { ids: vec![ids[2], another] }));
        assert_eq!(run.state().keys(), [ids[1]]);
        run.done(delete_all_of("alice"));
        assert_eq!(run.effects.store, None);
    }
}

// [event-34]
#[test]
fn a_sweep_takes_what_is_over_and_nothing_else() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let old = run.log_in("alice");
        run.now += 30 * 60_000 - 1;
        let young = run.log_in("bob");
        run.now += 1;
        let before = run.state().clone();
        run.done(SWEEP);
        if config.semantics == Semantics::Strict {
            assert_eq!(run.effects.store, Some(StoreOp::DiscardAll { ids: vec![old] }));
            assert_eq!(run.state().keys(), [young]);
        } else {
            assert!(*run.state() == before && run.effects.store.is_none());
        }
    }
}
