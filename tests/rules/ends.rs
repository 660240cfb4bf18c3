//! Section `event`: ending the sessions of a user, or one session by its handle.

use quixote_session::{
    Config, CookieChange, Handle, Refusal, Semantics, SessionId, StoreOp, Timestamp,
};

use crate::scenario::events::{
    SWEEP, delete, delete_all_of, delete_handle, expire, expire_handle, expire_others, finish,
    renew, set_user, set_value,
};
use crate::scenario::{ALL, Failed, OUTCOMES, Scenario, Successful};

/// Users that are not alice, however much they look like her.
const NOT_ALICE: [&str; 7] = ["Alice", "ALICE", "alic", "alice ", " alice", "alicea", "bob"];

/// A session of each of these users, and two sessions of alice among them.
fn crowd(run: &mut Scenario) -> ([SessionId; 7], [SessionId; 2]) {
    let first = run.log_in("alice");
    let others = NOT_ALICE.map(|user| run.log_in(user));
    (others, [first, run.log_in("alice")])
}

// [event-45] [event-46] [event-49]
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
        let end = Some(StoreOp::DeleteUser { user: "alice".into(), except: None });
        assert_eq!(run.effects.store, end);
        assert_eq!(run.state().keys(), [ids[1]]);
        run.done(delete_all_of("alice"));
        assert_eq!(run.effects.store, end, "whoever is stored");
    }
}

// [event-50]
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
            assert_eq!(run.effects.store, Some(StoreOp::DiscardOver { now: Timestamp(run.now) }));
            assert_eq!(run.state().keys(), [young]);
            assert!(run.stored(old).is_none());
        } else {
            assert!(*run.state() == before && run.effects.store.is_none());
        }
    }
}

// [event-49]
#[test]
fn the_end_of_a_user_is_the_end_of_nobody_else() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let (others, _) = crowd(&mut run);
        let nobody = run.keep("k", "v");
        let mut left: Vec<SessionId> = others.into_iter().chain([nobody]).collect();
        left.sort_unstable();
        run.done(delete_all_of("alice"));
        assert_eq!(run.state().keys(), left);
        for user in ["", "carol"] {
            run.done(delete_all_of(user));
            assert_eq!(run.state().keys(), left, "{user:?}");
        }
    }
}

// [event-29] [event-30]
#[test]
fn all_other_sessions_of_the_user_end_at_once_and_for_good() {
    for outcome in OUTCOMES {
        let mut run = Scenario::of(&Config::STRICT);
        let (others, [own, phone]) = crowd(&mut run);
        let tablet = run.log_in("alice");
        run.start(1, Some(own));
        run.start(2, Some(phone));
        run.set_value(2, "k", "v");
        run.done(expire_others(1));
        let end = StoreOp::DeleteUser { user: "alice".into(), except: Some(own) };
        assert_eq!(run.effects.store, Some(end));
        let mut left: Vec<SessionId> = others.into_iter().chain([own]).collect();
        left.sort_unstable();
        assert_eq!(run.state().keys(), left);
        run.refused(finish(2, Successful), Refusal::SessionGone);
        run.finish(2, Failed);
        run.finish(1, outcome);
        assert_eq!((run.state().keys(), run.cookie()), (left, None));
        assert_eq!(run.user_of(tablet), None);
    }
}

/// The session that a login comes with. A user who logs in with this very request has no session
/// yet, or comes with that of somebody else.
pub(super) fn session_of(cookie: &str, run: &mut Scenario) -> Option<SessionId> {
    match cookie {
        "none" => None,
        "nobody's" => Some(run.keep("k", "v")),
        "bob's" => Some(run.log_in("bob")),
        _ => Some(run.log_in("alice")),
    }
}

// [event-29] [event-30] [event-34]
#[test]
fn a_login_may_end_all_sessions_from_before_it() {
    for cookie in ["none", "nobody's", "bob's", "alice's", "alice's, gone"] {
        let mut run = Scenario::of(&Config::STRICT);
        let old = [run.log_in("alice"), run.log_in("alice")];
        let own = session_of(cookie, &mut run);
        run.start(1, own);
        run.set_user(1, Some("alice"));
        if cookie == "alice's, gone" {
            run.done(delete(own.unwrap()));
        }
        run.done(expire_others(1));
        assert!(old.iter().all(|id| run.stored(*id).is_none()), "{cookie}");
        let spared = (cookie != "alice's, gone").then_some(own).flatten();
        assert_eq!(run.state().keys(), Vec::from_iter(spared), "{cookie}");
        if cookie == "alice's, gone" {
            run.refused(finish(1, Successful), Refusal::SessionGone);
            continue;
        }
        let id = run.save(1).expect("the login comes after the end");
        assert_eq!((run.state().len(), run.stored_user(id)), (1, Some("alice")), "{cookie}");
    }
}

// [event-31] [event-32]
#[test]
fn a_session_is_ended_by_its_handle_wherever_it_has_moved() {
    let mut run = Scenario::of(&Config::STRICT);
    let (others, [own, phone]) = crowd(&mut run);
    let handles = others.map(|id| run.handle_of(id));
    let [mine, listed] = [own, phone].map(|id| run.handle_of(id));
    run.start(1, Some(own));
    for handle in handles.into_iter().chain([Handle::from([0xfe; 16])]) {
        run.done(expire_handle(1, handle));
        assert_eq!(run.state().len(), 9, "others' sessions are not alice's to end");
    }
    run.start(2, Some(phone));
    run.set_user(2, Some("alice"));
    let moved = run.save(2).unwrap();
    assert_ne!(moved, phone);
    run.done(expire_handle(1, listed));
    assert_eq!((run.stored(moved), run.state().len()), (None, 8));
    assert!(run.held(1).is_some() && run.has_cookie(1, true));
    run.done(expire_handle(1, mine));
    assert!(run.held(1).is_none() && !run.has_cookie(1, false) && run.stored(own).is_none());
    run.finish(1, Failed);
    assert_eq!(run.cookie(), Some(CookieChange::Revoke), "as after a logout");
    assert_eq!(run.state().len(), 7);
}

// [event-33]
#[test]
fn nobody_ends_nobodys_sessions() {
    let mut run = Scenario::of(&Config::STRICT);
    let [one, two] = [run.keep("k", "v"), run.keep("k", "v")];
    let alice = run.log_in("alice");
    let handles = [two, alice].map(|id| run.handle_of(id));
    for (cookie, log_out) in [(None, false), (Some(one), false), (Some(alice), true)] {
        run.start(1, cookie);
        if log_out {
            run.set_user(1, None);
        }
        run.refused(expire_others(1), Refusal::NoUser);
        for handle in handles {
            run.refused(expire_handle(1, handle), Refusal::NoUser);
        }
        run.finish(1, Failed);
    }
    assert_eq!(run.state().len(), 3);
}

// [event-34]
#[test]
fn a_session_that_has_ended_ends_no_others() {
    for way in ["deleted", "moved", "another's", "too old"] {
        let mut run = Scenario::of(&Config::STRICT);
        let [own, _] = [run.log_in("alice"), run.log_in("alice")];
        run.start(1, Some(own));
        run.start(2, Some(own));
        match way {
            "deleted" => run.done(delete(own)),
            "moved" => {
                run.done(renew(2));
                run.save(2);
            }
            "another's" => {
                run.set_user(2, Some("bob"));
                run.save(2);
            }
            _ => {
                run.now += 12 * 3_600_000 - 1;
                run.log_in("alice");
                run.now += 1;
            }
        }
        let stored = run.state().keys();
        let handle = run.handle_of(*stored.last().unwrap());
        run.refused(expire_others(1), Refusal::SessionGone);
        run.refused(expire_handle(1, handle), Refusal::SessionGone);
        assert_eq!(run.state().keys(), stored, "{way}");
    }
}

// [event-35]
#[test]
fn who_logged_in_before_the_end_ends_no_others() {
    let mut run = Scenario::of(&Config::STRICT);
    run.start(1, None);
    run.set_user(1, Some("alice"));
    run.done(delete_all_of("alice"));
    let later = run.log_in("alice");
    let handle = run.handle_of(later);
    run.refused(expire_others(1), Refusal::UserEnded);
    run.refused(expire_handle(1, handle), Refusal::UserEnded);
    run.set_user(1, Some("alice"));
    run.done(expire_others(1));
    assert!(run.stored(later).is_none());
}

// [event-47] [event-48]
#[test]
fn the_manager_ends_a_session_by_its_handle_wherever_it_has_moved() {
    for moves in [renew(1), set_user(1, Some("alice")), set_value(1, "k", "w")] {
        let mut run = Scenario::of(&Config::STRICT);
        let (others, [own, phone]) = crowd(&mut run);
        let handle = run.handle_of(own);
        run.start(1, Some(own));
        run.done(moves);
        run.save(1);
        run.done(delete_handle(handle));
        let mut left: Vec<SessionId> = others.into_iter().chain([phone]).collect();
        left.sort_unstable();
        assert_eq!(run.state().keys(), left);
        for gone in [handle, Handle::from([0xfe; 16])] {
            run.done(delete_handle(gone));
            assert_eq!(run.state().keys(), left);
        }
    }
}

// [event-25]
#[test]
fn a_logout_ends_the_session_even_if_it_has_moved() {
    for moves in [renew(2), set_user(2, Some("alice"))] {
        let mut run = Scenario::of(&Config::STRICT);
        let (others, [own, phone]) = crowd(&mut run);
        run.start(1, Some(own));
        run.start(2, Some(own));
        run.done(moves);
        let moved = run.save(2).unwrap();
        run.done(expire(1));
        assert!(run.stored(moved).is_none() && run.stored(phone).is_some());
        assert!(others.iter().all(|id| run.stored(*id).is_some()));
    }
}

/// The session has gone on to somebody else, who did not log out.
// [event-25] [session-10]
#[test]
fn a_logout_does_not_follow_a_session_to_the_next_user() {
    let mut run = Scenario::of(&Config::STRICT);
    let own = run.log_in("alice");
    run.start(1, Some(own));
    run.start(2, Some(own));
    run.set_user(2, Some("bob"));
    let moved = run.save(2).unwrap();
    run.done(expire(1));
    assert!(run.stored(own).is_none());
    assert_eq!(run.stored_user(moved), Some("bob"));
}

/// It is still this session, even if somebody else has logged in with the same request.
// [event-25]
#[test]
fn a_logout_after_a_login_ends_the_session_even_if_it_has_moved() {
    let mut run = Scenario::of(&Config::STRICT);
    let own = run.log_in("alice");
    run.start(1, Some(own));
    run.start(2, Some(own));
    run.done(renew(2));
    let moved = run.save(2).unwrap();
    run.set_user(1, Some("bob"));
    run.done(expire(1));
    assert!(run.stored(moved).is_none());
}
