//! Section `step`: values that are taken and form tokens that are spent.

use quixote_session::{Config, Refusal, Reply, Semantics, StoreOp};

use crate::scenario::events::{delete, take};
use crate::scenario::{Failed, OUTCOMES, QUIXOTE, Scenario, Successful};

// [step-24] [time-13]
#[test]
fn a_value_is_taken_out_of_the_store_for_one_request_alone() {
    for outcome in OUTCOMES {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_value(1, "once", "v");
        run.set_value(1, "other", "w");
        run.finish(1, Successful);
        for request in [1, 2, 3] {
            run.start(request, Some(id));
        }
        run.set_value(1, "mine", "1");
        assert_eq!(run.take(1, "once"), "v");
        let session = run.stored(id).unwrap().clone();
        assert_eq!(session.values().keys().collect::<Vec<_>>(), ["other"]);
        assert_eq!(run.effects.store, Some(StoreOp::Update { id, session: session.into() }));
        for request in [2, 1] {
            run.refused(take(request, "once"), Refusal::UnknownKey);
        }
        run.finish(1, outcome);
        run.refused(take(3, "once"), Refusal::UnknownKey);
        run.finish(3, Successful);
        assert_eq!(run.stored_value(id, "once"), None, "{outcome:?}");
    }
}

/// A value that the request itself set is its own until it is saved, even if another value is
/// stored.
// [step-24] [event-10]
#[test]
fn a_value_that_the_request_set_itself_is_taken_from_its_copy() {
    for stored in [false, true] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.keep(if stored { "k" } else { "other" }, "old");
        let before = run.stored(id).cloned();
        run.start(1, Some(id));
        run.set_value(1, "k", "new");
        assert_eq!(run.take(1, "k"), "new");
        assert_eq!((run.effects.store.clone(), run.stored(id)), (None, before.as_ref()));
        run.refused(take(1, "k"), Refusal::UnknownKey);
        run.set_value(1, "since", "1");
        run.finish(1, Successful);
        assert_eq!((run.stored_value(id, "k"), run.stored_value(id, "since")), (None, Some("1")));
    }
}

/// The stored value counts, not the one that the request read.
// [step-24] [event-11]
#[test]
fn a_value_is_taken_as_it_is_stored() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.keep("k", "read");
    for request in [1, 2] {
        run.start(request, Some(id));
    }
    run.set_value(2, "k", "since");
    run.finish(2, Successful);
    assert_eq!(run.take(1, "k"), "since");
    run.finish(1, Failed);
    assert_eq!(run.stored(id), None, "it was the last info");
}

/// The request works on what it read. What others have set since then is for the next request.
// [event-11] [step-9]
#[test]
fn a_value_that_the_request_does_not_see_is_not_taken() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.keep("k", "v");
    for request in [1, 2] {
        run.start(request, Some(id));
    }
    run.set_value(2, "flash", "since");
    run.finish(2, Successful);
    run.refused(take(1, "flash"), Refusal::UnknownKey);
    run.finish(1, Successful);
    run.start(3, Some(id));
    assert_eq!(run.take(3, "flash"), "since");
}

// [event-11] [step-25] [time-13] [step-27]
#[test]
fn a_value_is_not_taken_from_a_session_that_has_ended() {
    for way in ["deleted", "moved", "too old", "taken and too old", "idle"] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.keep("k", "v");
        run.start(1, Some(id));
        run.start(2, Some(id));
        run.set_value(1, "mine", "1");
        match way {
            "deleted" => run.done(delete(id)),
            "moved" => {
                run.set_user(2, Some("alice"));
                run.finish(2, Successful);
            }
            "too old" => run.now += 12 * 3_600_000,
            "taken and too old" => {
                assert_eq!(run.take(2, "k"), "v");
                run.now += 12 * 3_600_000;
            }
            _ => run.now += 31 * 60_000,
        }
        if way == "idle" {
            assert_eq!(run.take(1, "k"), "v");
        } else {
            run.refused(take(1, "k"), Refusal::SessionGone);
        }
        assert_eq!(run.take(1, "mine"), "1", "its own value is its own");
    }
}

// [step-21] [step-16] [event-10]
#[test]
fn quixote_takes_a_value_where_the_request_holds_it() {
    for config in &QUIXOTE {
        let live = config.semantics == Semantics::Live;
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        run.finish(1, Successful);
        for request in [1, 2] {
            run.start(request, Some(id));
        }
        assert_eq!((run.take(1, "k"), run.effects.store.clone()), ("v".to_owned(), None));
        assert_eq!(run.stored_value(id, "k").is_none(), live);
        if live {
            run.refused(take(2, "k"), Refusal::UnknownKey);
        } else {
            assert_eq!(run.take(2, "k"), "v", "under copying both get it");
        }
        run.finish(1, Successful);
        assert_eq!(run.stored_value(id, "k"), None);
    }
}

// [step-21]
#[test]
fn quixote_spends_a_token_where_the_request_holds_it() {
    for config in &QUIXOTE {
        let live = config.semantics == Semantics::Live;
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        let token = run.form(id);
        run.start(1, Some(id));
        run.start(2, Some(id));
        assert_eq!(run.spend(1, token), Reply::Done);
        assert_eq!((run.effects.store.clone(), run.has_token(1, token)), (None, false));
        assert_eq!(run.stored(id).unwrap().form_tokens().is_empty(), live);
        assert_eq!(run.has_token(2, token), !live);
        run.finish(1, Successful);
        assert!(run.stored(id).unwrap().form_tokens().is_empty());
    }
}

// [step-22]
#[test]
fn strict_spends_a_token_at_once_for_all_and_for_good() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    let token = run.form(id);
    for request in [1, 2] {
        run.start(request, Some(id));
    }
    run.set_value(1, "k", "v");
    assert_eq!(run.spend(1, token), Reply::Done);
    let session = run.stored(id).unwrap().clone();
    assert!(session.form_tokens().is_empty() && session.values().is_empty());
    assert_eq!(run.effects.store, Some(StoreOp::Update { id, session: session.into() }));
    assert_eq!(run.spend(2, token), Reply::Refused(Refusal::UnknownToken));
    run.finish(1, Failed);
    run.start(3, Some(id));
    assert_eq!(run.spend(3, token), Reply::Refused(Refusal::UnknownToken));
}

// [step-23]
#[test]
fn a_token_that_the_same_request_created_is_accepted_once() {
    for stored in [false, true] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id).filter(|_| stored));
        let token = run.token(1);
        assert_eq!((run.spend(1, token), &run.effects.store), (Reply::Done, &None));
        assert_eq!(run.spend(1, token), Reply::Refused(Refusal::UnknownToken));
        run.set_value(1, "k", "v");
        run.finish(1, Successful);
        assert!(run.state().values().iter().all(|session| session.form_tokens().is_empty()));
    }
}

// [step-25] [step-26]
#[test]
fn a_token_belongs_to_a_session_that_is_stored_and_to_its_user() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    let token = run.form(id);
    for request in [1, 2, 3] {
        run.start(request, Some(id));
    }
    run.set_user(1, Some("bob"));
    assert_eq!(run.spend(1, token), Reply::Refused(Refusal::UnknownToken));
    assert!(run.stored(id).unwrap().form_tokens().contains(&token), "and it is not spent");
    let over = run.now + 12 * 3_600_000;
    let before = core::mem::replace(&mut run.now, over);
    assert_eq!(run.spend(2, token), Reply::Refused(Refusal::SessionGone));
    run.now = before;
    run.done(delete(id));
    assert_eq!(run.spend(3, token), Reply::Refused(Refusal::SessionGone));
}
