//! Section `step`: saves under the two semantics of Quixote.

use quixote_session::{Config, CookieChange, SessionId, StoreOp};

use crate::scenario::events::{delete, insert, new_session, revoke};
use crate::scenario::{Failed, Interrupted, QUIXOTE, Scenario, Successful};

// [step-30]
#[test]
fn quixote_deletes_a_session_that_lost_its_info() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        for (user, outcome) in [(None, Successful), (Some(""), Interrupted)] {
            let id = run.log_in("alice");
            run.start(1, Some(id));
            run.start(2, Some(id));
            run.set_user(1, user);
            run.set_user(2, user);
            run.finish(1, outcome);
            assert_eq!(run.effects.store, Some(StoreOp::Delete { id }));
            assert_eq!(run.cookie(), Some(CookieChange::Revoke));
            run.finish(2, outcome);
            assert_eq!((&run.effects.store, run.cookie()), (&None, None), "it is gone already");
        }
        run.start(3, None);
        run.finish(3, Successful);
        assert_eq!((&run.effects.store, run.cookie()), (&None, None), "it was never there");
    }
}

// [step-31]
#[test]
fn quixote_stores_a_new_session_that_has_info() {
    for config in &QUIXOTE {
        for outcome in [Successful, Interrupted] {
            let mut run = Scenario::of(config);
            run.start(1, None);
            run.set_user(1, Some("alice"));
            let session = run.session(1).clone();
            run.finish(1, outcome);
            let id = run.id_set().unwrap();
            assert_eq!(
                run.effects.store,
                Some(StoreOp::Put { id, session: session.clone().into() })
            );
            assert_eq!(run.stored(id), Some(&session));
        }
    }
}

// [step-32]
#[test]
fn under_quixote_a_cookie_set_after_a_revocation_is_stillborn() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        let old = run.log_in("alice");
        run.start(1, Some(old));
        run.done(revoke(1));
        run.done(new_session(1));
        run.set_user(1, Some("bob"));
        run.finish(1, Successful);
        let Some(CookieChange::Stillborn(id)) = run.cookie() else { panic!("{:?}", run.effects) };
        assert_eq!(run.stored_user(id), Some("bob"), "yet it is stored");
    }
}

/// Live and copying, each with the `is_dirty` of the other.
fn crossed() -> [Config; 2] {
    let [live, copying] = QUIXOTE;
    let (never, has_info) = (live.is_dirty, copying.is_dirty);
    [Config { is_dirty: has_info, ..live }, Config { is_dirty: never, ..copying }]
}

// [step-33]
#[test]
fn live_that_is_dirty_stores_the_shared_object_again() {
    let [config, _] = crossed();
    for deleted in [false, true] {
        let mut run = Scenario::unwatched(&config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.start(2, Some(id));
        run.set_value(2, "k", "v");
        if deleted {
            run.done(delete(id));
            run.start(3, Some(id));
            assert_eq!(run.held(3).unwrap().id, None, "it is not found");
        }
        run.finish(1, Successful);
        let session = run.session(2).clone();
        assert_eq!(run.effects.store, Some(StoreOp::Put { id, session: session.clone().into() }));
        assert_eq!((run.stored(id), run.cookie()), (Some(&session), None));
        run.set_value(2, "k", "w");
        assert_eq!(run.stored_value(id, "k"), Some("w"), "what is stored is what is held");
        run.finish(2, Failed);
        assert_eq!(run.effects.store, None);
    }
}

// [step-33]
#[test]
fn live_that_is_dirty_puts_its_object_over_one_that_was_inserted() {
    let [config, _] = crossed();
    let mut run = Scenario::unwatched(&config);
    let id = run.log_in("alice");
    run.start(1, Some(id));
    run.done(insert(1, id, Some("bob")));
    run.start(2, Some(id));
    assert_eq!(
        (run.stored_user(id), run.session(1).user().unwrap().as_str()),
        (Some("bob"), "alice")
    );
    run.finish(1, Successful);
    assert_eq!(run.stored_user(id), Some("alice"));
    run.finish(2, Interrupted);
    assert_eq!(run.stored_user(id), Some("bob"));
}

/// A finish after a change asks for nothing, both while the session is stored and when it is gone.
/// `kept` is the value in the stored session afterwards.
fn store_nothing_again(run: &mut Scenario, id: SessionId, kept: Option<&str>) {
    for deleted in [false, true] {
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        if deleted {
            run.done(delete(id));
        }
        run.finish(1, Successful);
        assert_eq!((&run.effects.store, run.cookie()), (&None, None));
        assert_eq!(run.stored(id).is_some(), !deleted);
        assert_eq!(run.stored_value(id, "k"), kept.filter(|_| !deleted));
    }
}

// [step-34] [step-30]
#[test]
fn copying_that_is_never_dirty_forgets_what_comes_after_the_first_save() {
    let [_, config] = crossed();
    let mut run = Scenario::unwatched(&config);
    let id = run.log_in("alice");
    store_nothing_again(&mut run, id, None);
    let id = run.log_in("alice");
    run.start(2, Some(id));
    run.set_user(2, None);
    run.finish(2, Successful);
    assert_eq!(run.effects.store, Some(StoreOp::Delete { id }), "a deletion is no save");
}

// [step-33]
#[test]
fn copying_writes_the_whole_copy_over_anything() {
    for deleted in [false, true] {
        let mut run = Scenario::of(&Config::QUIXOTE_PERSISTENT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.start(2, Some(id));
        run.set_value(2, "k", "v");
        run.finish(2, Successful);
        if deleted {
            run.done(delete(id));
        }
        let session = run.session(1).clone();
        run.finish(1, Successful);
        assert_eq!(run.effects.store, Some(StoreOp::Put { id, session: session.clone().into() }));
        assert_eq!((run.stored(id), run.stored_value(id, "k")), (Some(&session), None));
        assert_eq!(run.cookie(), None);
    }
}

// [step-34]
#[test]
fn live_never_stores_a_session_again() {
    let mut run = Scenario::of(&Config::QUIXOTE);
    let id = run.log_in("alice");
    store_nothing_again(&mut run, id, Some("v"));
}
