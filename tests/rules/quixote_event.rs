//! Section `event`: what Quixote alone offers, and what it does not offer.

use quixote_session::{Config, CookieChange, Handle, Refusal, StoreOp};

use crate::scenario::events::{
    delete_handle, expire_handle, expire_others, guard, insert, maintain, renew, revoke,
};
use crate::scenario::{Failed, QUIXOTE, Scenario, Successful};

// [event-20] [event-21] [event-22]
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

// [event-23] [event-42] [event-43]
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

// [event-39] [event-40] [event-41]
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

// [event-44]
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

// [event-6]
#[test]
fn quixote_refuses_what_it_has_no_word_for() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        let handle = Handle::from([1; 16]);
        run.refused(delete_handle(handle), Refusal::NotOffered);
        for cookie in [None, Some(id)] {
            run.start(1, cookie);
            run.set_value(1, "k", "v");
            for event in [renew(1), guard(1, "k"), expire_others(1), expire_handle(1, handle)] {
                run.refused(event, Refusal::NotOffered);
            }
            run.finish(1, Successful);
        }
    }
}
