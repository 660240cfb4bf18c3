//! Section `step`: a save in which the user has changed, which is a login or the end of one.

use quixote_session::{Config, Refusal, Reply, StoreOp};

use super::ends::session_of;
use super::save::ended_by;
use crate::scenario::events::{
    SWEEP, delete, delete_all_of, expire_others, finish, guard, spend, start_from,
};
use crate::scenario::{Failed, Interrupted, Scenario, Successful};

// [step-18] [step-44] [step-45] [step-46]
#[test]
fn a_change_of_the_user_moves_the_session_and_begins_it_anew() {
    for user in [Some("bob"), Some(""), None] {
        let mut run = Scenario::of(&Config::STRICT);
        let old = run.log_in("alice");
        let token = run.form(old);
        run.start(1, Some(old));
        run.start(2, Some(old));
        run.set_value(2, "k", "v");
        run.finish(2, Successful);
        run.set_user(1, user);
        run.set_value(1, "since", "w");
        let new = run.save(1).unwrap();
        let session = run.stored(new).unwrap().clone();
        assert_eq!(session.values().keys().collect::<Vec<_>>(), ["since"]);
        let generation = user.map(|_| 0);
        let session = session.into();
        let rotated = StoreOp::Rotate { from: old, to: new, session, generation };
        assert_eq!(run.effects.store, Some(rotated));
        assert_eq!(run.stored_user(new), user);
        assert!(new != old && run.stored(old).is_none() && run.user_of(old).is_none());
        run.start(3, Some(new));
        assert!(!run.has_token(3, token) && run.state().len() == 1);
    }
}

/// To set a user is a login, whoever was logged in before or was set in between.
// [step-44] [step-46]
#[test]
fn every_login_moves_the_session() {
    let alice = Some("alice");
    for (before, users) in [
        (None, &[alice][..]),
        (None, &[Some("")]),
        (None, &[alice, Some("bob")]),
        (None, &[alice, None]),
        (alice, &[alice]),
        (alice, &[Some("bob"), alice]),
        (alice, &[None, alice]),
        (alice, &[None]),
        (Some(""), &[None]),
    ] {
        let mut run = Scenario::of(&Config::STRICT);
        run.start(1, None);
        if before.is_some() {
            run.set_user(1, before);
        }
        run.set_value(1, "k", "v");
        let old = run.save(1).unwrap();
        run.start(2, Some(old));
        for user in users {
            run.set_user(2, *user);
        }
        run.set_value(2, "new", "w");
        let new = run.save(2);
        assert!(new.is_some_and(|new| new != old), "{before:?}, {users:?}");
        assert_eq!(run.state().keys(), [new.unwrap()]);
        assert_eq!(run.stored_user(new.unwrap()), *users.last().unwrap());
        assert_eq!(run.user_of(old), None);
    }
    // To set nobody after nobody is not a login.
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.keep("k", "v");
    run.start(1, Some(id));
    run.set_user(1, None);
    assert_eq!((run.save(1), run.state().keys()), (None, vec![id]));
}

/// A login takes over what a session kept for nobody, but not what it kept for another user.
// [step-18] [step-19] [step-17] [step-26]
#[test]
fn what_a_login_keeps_depends_on_who_was_logged_in() {
    let (alice, bob) = (Some("alice"), Some("bob"));
    for (before, users, values, tokens) in [
        (None, &[alice][..], true, false),
        (None, &[Some("")], true, false),
        (None, &[None], true, true),
        (None, &[None, alice], true, false),
        (None, &[alice, alice], true, false),
        (None, &[alice, bob], false, false),
        (None, &[alice, None], false, false),
        (alice, &[alice], true, true),
        (alice, &[alice, alice], true, true),
        (alice, &[bob], false, false),
        (alice, &[Some("Alice")], false, false),
        (alice, &[Some("")], false, false),
        (alice, &[None], false, false),
        (alice, &[bob, alice], false, false),
        (alice, &[None, alice], false, false),
        (Some(""), &[alice], false, false),
    ] {
        let case = format!("{before:?}, {users:?}");
        let mut run = Scenario::of(&Config::STRICT);
        run.start(1, None);
        if before.is_some() {
            run.set_user(1, before);
        }
        run.set_value(1, "card", "4111");
        let token = run.token(1);
        let old = run.save(1).unwrap();
        let handle = run.handle_of(old);
        run.start(2, Some(old));
        run.start(3, Some(old));
        run.set_value(3, "theirs", "1");
        run.finish(3, Successful);
        run.set_value(2, "mine", "1");
        let mine = run.token(2);
        for user in users {
            run.set_user(2, *user);
        }
        // What the request sees, asks about and spends is what it will save.
        assert_eq!(run.has_token(2, token), tokens, "{case}");
        assert_eq!(run.has_token(2, mine), tokens, "{case}");
        assert_eq!(run.session(2).values().contains_key("card"), values, "{case}");
        if !tokens {
            run.refused(spend(2, token), Refusal::UnknownToken);
        }
        run.set_value(2, "since", "1");
        let id = run.save(2).unwrap_or(old);
        let kept: Vec<_> = run.stored(id).unwrap().values().keys().collect();
        let expected = if values { &["card", "mine", "since", "theirs"][..] } else { &["since"] };
        assert_eq!(kept, expected, "{case}");
        let queue = run.stored(id).unwrap().form_tokens().as_slice();
        assert_eq!(queue, if tokens { vec![token, mine] } else { vec![] }, "{case}");
        assert_eq!(run.handle_of(id) == handle, values, "{case}: a handle stays with its user");
    }
}

/// What a request has guarded for one user does not count for the next.
// [step-18] [step-19]
#[test]
fn a_guard_stays_with_the_user_that_it_was_made_for() {
    for (user, refused) in [(Some("bob"), false), (None, false), (Some("alice"), true)] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        for request in [1, 2] {
            run.start(request, Some(id));
        }
        run.done(guard(1, "k"));
        run.set_value(2, "k", "v");
        run.finish(2, Successful);
        run.set_user(1, user);
        run.set_value(1, "new", "1");
        let expected = if refused { Reply::Refused(Refusal::ValueChanged) } else { Reply::Done };
        assert_eq!(run.send(finish(1, Successful)), expected, "{user:?}");
    }
}

// [step-20] [time-16]
#[test]
fn a_login_begins_the_session_at_its_moment_and_from_its_address() {
    let (alice, bob) = (Some("alice"), Some("bob"));
    for (before, users, begins) in [
        (None, &[alice][..], true),
        (alice, &[alice], true),
        (alice, &[bob], true),
        (alice, &[None], true),
        (alice, &[None, None], true),
        (None, &[alice, None], true),
        (None, &[None], false),
        (None, &[], false),
        (alice, &[], false),
    ] {
        let case = format!("{before:?}, {users:?}");
        let mut run = Scenario::of(&Config::STRICT);
        run.send(start_from("x", 1, None));
        if before.is_some() {
            run.set_user(1, before);
        }
        run.set_value(1, "k", "v");
        let old = run.save(1).unwrap();
        let created = run.now;
        run.now += 5 * 60_000;
        run.send(start_from("y", 2, Some(old)));
        let mut last = created;
        for user in users {
            run.now += 1_000;
            run.set_user(2, *user);
            last = run.now;
        }
        run.now += 1_000;
        run.set_value(2, "new", "w");
        run.now += 1_000;
        let seen = (run.session(2).created().0, run.session(2).remote_addr().to_owned());
        let id = run.save(2).unwrap_or(old);
        let stored = run.stored(id).unwrap();
        let expected = if begins { (last, "y") } else { (created, "x") };
        assert_eq!((stored.created().0, stored.remote_addr()), expected, "{case}");
        assert_eq!((seen.0, seen.1.as_str()), expected, "{case}");
        assert!(stored.accessed() >= stored.created());
    }
}

/// The moment of the login counts, not that of the save.
// [step-20] [time-7]
#[test]
fn who_logs_in_late_stays_logged_in() {
    let mut run = Scenario::of(&Config::STRICT);
    let mut id = run.keep("cart", "1");
    let begun = run.now;
    while run.now + 29 * 60_000 < begun + 12 * 3_600_000 {
        run.now += 29 * 60_000;
        run.start(1, Some(id));
        run.finish(1, Successful);
    }
    run.now = begun + 12 * 3_600_000 - 60_000;
    run.start(1, Some(id));
    run.set_user(1, Some("alice"));
    id = run.save(1).unwrap();
    run.now += 60_000;
    assert_eq!(run.user_of(id).as_deref(), Some("alice"));
}

/// The right password begins a session, even if the session in which the form was shown is gone.
// [step-37] [step-48]
#[test]
fn a_login_needs_no_session_that_is_still_there() {
    for way in ["deleted", "by its handle", "logged out", "moved", "too old", "idle, swept"] {
        let mut run = Scenario::of(&Config::STRICT);
        let old = run.keep("cart", "1");
        run.start(1, Some(old));
        run.set_value(1, "mine", "1");
        match way {
            "idle, swept" => {
                run.now += 31 * 60_000;
                run.done(SWEEP);
            }
            way => ended_by(way, &mut run, old),
        }
        run.now += 7;
        run.set_user(1, Some("alice"));
        let begun = run.now;
        run.set_value(1, "since", "1");
        run.now += 7;
        let id = run.save(1).expect("a cookie");
        let session = run.stored(id).unwrap();
        assert_eq!((session.user().unwrap().as_str(), session.created().0), ("alice", begun));
        // Nothing of what was stored is kept; what the request itself set is there.
        let keys: Vec<_> = session.values().keys().collect();
        assert_eq!(keys, ["mine", "since"], "{way}");
        assert_eq!(run.user_of(id).as_deref(), Some("alice"));
        assert_eq!(run.user_of(old), None);
    }
}

/// The other side: this counts only for a login that changed the user, and only for the last one.
// [step-37] [step-35]
#[test]
fn a_logout_or_the_same_login_again_needs_its_session() {
    let (alice, bob) = (Some("alice"), Some("bob"));
    for (users, done) in [
        (&[alice][..], false),
        (&[None], false),
        (&[bob, None], false),
        (&[bob], true),
        (&[bob, alice], true),
        (&[None, alice], true),
        (&[Some("")], true),
    ] {
        let mut run = Scenario::of(&Config::STRICT);
        let old = run.log_in("alice");
        run.start(1, Some(old));
        run.set_value(1, "before", "1");
        for user in users {
            run.set_user(1, *user);
        }
        run.set_value(1, "since", "1");
        run.done(delete(old));
        if done {
            let id = run.save(1).expect("a cookie");
            assert_eq!(run.stored_user(id), *users.last().unwrap());
            let keys: Vec<_> = run.stored(id).unwrap().values().keys().collect();
            assert_eq!(keys, ["since"]);
        } else {
            run.refused(finish(1, Successful), Refusal::SessionGone);
        }
    }
}

// [step-39]
#[test]
fn a_login_from_before_the_end_of_the_users_sessions_is_refused() {
    for by_request in [false, true] {
        for cookie in ["none", "nobody's", "bob's", "alice's"] {
            let mut run = Scenario::of(&Config::STRICT);
            let laptop = run.log_in("alice");
            let own = session_of(cookie, &mut run);
            run.start(1, own);
            run.set_user(1, Some("alice"));
            run.start(2, Some(laptop));
            run.done(if by_request { expire_others(2) } else { delete_all_of("alice") });
            for outcome in [Successful, Interrupted] {
                run.refused(finish(1, outcome), Refusal::UserEnded);
            }
            let left = run.state().sessions_of("alice").len();
            assert_eq!(left, usize::from(by_request), "{cookie}");
            let mut again = run.clone();
            run.finish(1, Failed);
            assert_eq!(run.state().sessions_of("alice").len(), left);
            // A login after the end counts.
            again.set_user(1, Some("alice"));
            if cookie == "alice's" {
                again.refused(finish(1, Successful), Refusal::SessionGone);
            } else {
                let id = again.save(1).unwrap();
                assert_eq!(again.user_of(id).as_deref(), Some("alice"));
            }
        }
    }
}

/// Other users were ended, or the end came before the login.
// [step-39]
#[test]
fn the_end_of_one_users_sessions_stops_no_other_login() {
    for user in ["Alice", "alic", "alice ", " alice", "bob", ""] {
        let mut run = Scenario::of(&Config::STRICT);
        run.done(delete_all_of(user));
        run.done(delete_all_of("alice"));
        for (request, first) in [(1, user), (2, "alice"), (3, user)] {
            run.start(request, None);
            run.set_user(request, Some(first));
            run.set_value(request, "k", "v");
        }
        run.set_user(3, Some("alice"));
        run.set_value(3, "k", "v");
        run.done(delete_all_of(user));
        for (request, done) in [(1, false), (2, true), (3, true)] {
            let expected = if done { Reply::Done } else { Reply::Refused(Refusal::UserEnded) };
            assert_eq!(run.send(finish(request, Successful)), expected, "{user:?}, {request}");
        }
    }
}
