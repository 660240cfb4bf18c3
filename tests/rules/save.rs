//! Section `step`: saves.

use quixote_session::{Config, CookieChange, Refusal, Reply, SessionId, StoreOp, Timestamp};

use crate::scenario::events::{
    create_token, delete, delete_all_of, expire, finish, new_session, remove_value, revoke,
};
use crate::scenario::{Failed, Interrupted, QUIXOTE, Scenario, Successful};

// [step-24]
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

// [step-25]
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
            assert_eq!(run.effects.store, Some(StoreOp::Put { id, session: session.clone() }));
            assert_eq!(run.stored(id), Some(&session));
        }
    }
}

// [step-26]
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

// [step-27]
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
        assert_eq!(run.effects.store, Some(StoreOp::Put { id, session: session.clone() }));
        assert_eq!((run.stored(id), run.stored_value(id, "k")), (Some(&session), None));
        assert_eq!(run.cookie(), None);
    }
}

// [step-28]
#[test]
fn live_never_stores_a_session_again() {
    let mut run = Scenario::of(&Config::QUIXOTE);
    let id = run.log_in("alice");
    for deleted in [false, true] {
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        if deleted {
            run.done(delete(id));
        }
        run.finish(1, Successful);
        assert_eq!((&run.effects.store, run.cookie()), (&None, None));
        assert_eq!(run.stored(id).is_some(), !deleted);
    }
}

/// The ways in which somebody else ends a session.
fn ended_by(way: usize, run: &mut Scenario, id: SessionId) {
    match way {
        0 => run.done(delete(id)),
        1 => run.done(delete_all_of("alice")),
        2 => {
            run.start(9, Some(id));
            run.done(expire(9));
            run.finish(9, Failed);
        }
        3 => {
            run.start(9, Some(id));
            run.set_user(9, Some("bob"));
            run.finish(9, Successful);
        }
        _ => run.now += 30 * 60_000,
    }
}

// [step-29] [step-30] [step-46] [step-49]
#[test]
fn a_session_ended_by_somebody_else_stays_ended_and_lost_changes_are_reported() {
    for way in 0..5 {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        for request in 1..=4 {
            run.start(request, Some(id));
        }
        run.set_value(1, "k", "v");
        run.set_user(3, Some("carol"));
        run.token(4);
        ended_by(way, &mut run, id);
        for request in [1, 3, 4] {
            for outcome in [Successful, Interrupted] {
                run.refused(finish(request, outcome), Refusal::SessionGone);
            }
        }
        assert!(run.is_open(1));
        run.set_value(1, "k", "w");
        let stored = run.state().len();
        for (request, outcome) in [(2, Successful), (1, Failed), (3, Failed), (4, Failed)] {
            run.finish(request, outcome);
            assert_eq!((&run.effects.store, run.cookie()), (&None, None), "{way}");
        }
        assert_eq!(run.state().len(), stored);
    }
}

// [step-30]
#[test]
fn a_token_created_and_spent_in_one_request_is_no_change() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    run.start(1, Some(id));
    let token = run.token(1);
    assert_eq!(run.spend(1, token), Reply::Done);
    run.done(delete(id));
    let finished = run.finish(1, Successful);
    assert_eq!((finished.store, finished.cookie), (None, None));
}

// [step-31]
#[test]
fn a_save_merges_key_by_key() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    run.start(1, Some(id));
    run.set_value(1, "both", "0");
    run.set_value(1, "gone", "0");
    run.set_value(1, "kept", "0");
    run.finish(1, Successful);
    let kept = run.form(id);
    for request in [1, 2] {
        run.start(request, Some(id));
    }
    let tokens = [1, 2].map(|request| run.token(request));
    run.set_value(1, "both", "1");
    run.set_value(2, "both", "2");
    run.set_value(1, "one", "1");
    run.set_value(2, "two", "2");
    run.done(remove_value(1, "gone"));
    run.finish(2, Successful);
    assert!(matches!(run.effects.store, Some(StoreOp::Update { .. })));
    run.finish(1, Successful);
    let values = ["both", "gone", "kept", "one", "two"].map(|key| run.stored_value(id, key));
    assert_eq!(values, [Some("1"), None, Some("0"), Some("1"), Some("2")], "the later save wins");
    assert_eq!(run.stored_user(id), Some("alice"));
    let queue = run.stored(id).unwrap().form_tokens().as_slice().to_vec();
    assert_eq!(queue, [kept, tokens[1], tokens[0]]);
}

// [step-33]
#[test]
fn new_tokens_are_queued_behind_those_already_stored() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    let kept = run.form(id);
    for request in [1, 2] {
        run.start(request, Some(id));
    }
    let entropy = run.entropy();
    let [one, same] = [1, 2].map(|request| match run.send_with(entropy, create_token(request)) {
        Reply::Token(token) => token,
        other => panic!("{other:?}"),
    });
    let own = [run.token(2), run.token(2)];
    run.finish(1, Successful);
    run.finish(2, Successful);
    let queue = run.stored(id).unwrap().form_tokens().as_slice();
    assert_eq!(one, same);
    assert_eq!(queue, [kept, same, own[0], own[1]]);
}

// [step-32]
#[test]
fn a_save_keeps_the_later_of_two_accesses() {
    let resolution = Config::STRICT.access_resolution_ms;
    for order in [[1, 2], [2, 1]] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        for request in [1, 2] {
            run.now += resolution + 1;
            run.start(request, Some(id));
        }
        let late = run.now;
        for request in order {
            run.finish(request, Successful);
        }
        assert_eq!(run.stored(id).unwrap().accessed(), Timestamp(late));
    }
}

// [step-34] [step-35] [step-36]
#[test]
fn a_change_of_the_user_moves_the_session() {
    for user in [Some("bob"), Some(""), None] {
        let mut run = Scenario::of(&Config::STRICT);
        let old = run.log_in("alice");
        let token = run.form(old);
        run.start(1, Some(old));
        run.start(2, Some(old));
        run.set_value(2, "k", "v");
        run.finish(2, Successful);
        run.set_user(1, user);
        let new = run.save(1).unwrap();
        let session = run.stored(new).unwrap().clone();
        assert_eq!(run.effects.store, Some(StoreOp::Rotate { from: old, to: new, session }));
        assert_eq!((run.stored_user(new), run.stored_value(new, "k")), (user, Some("v")));
        assert!(new != old && run.stored(old).is_none() && run.user_of(old).is_none());
        run.start(3, Some(new));
        assert!(!run.has_token(3, token) && run.state().len() == 1);
    }
    let mut run = Scenario::of(&Config::STRICT);
    let anonymous = run.keep("k", "v");
    run.start(1, Some(anonymous));
    run.set_user(1, Some("alice"));
    let id = run.save(1).unwrap();
    assert_ne!(id, anonymous, "a login is a change");
    run.start(1, Some(id));
    run.set_user(1, Some("bob"));
    run.set_user(1, Some("alice"));
    assert_eq!(
        (run.save(1), run.stored_user(id)),
        (None, Some("alice")),
        "and back again is no change"
    );
}

// [step-37]
#[test]
fn a_save_that_leaves_nothing_discards_and_revokes() {
    for outcome in [Successful, Interrupted] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_user(1, None);
        run.finish(1, outcome);
        assert_eq!(run.effects.store, Some(StoreOp::Discard { id }));
        assert_eq!(run.cookie(), Some(CookieChange::Revoke));
        assert!(run.state().is_empty());
    }
}

// [step-38] [step-39] [step-40]
#[test]
fn strict_creates_a_session_that_has_info_and_is_not_over() {
    let mut run = Scenario::of(&Config::STRICT);
    for request in [1, 2, 3] {
        run.start(request, None);
    }
    run.set_user(1, Some("alice"));
    run.set_user(3, Some("alice"));
    let session = run.session(1).clone();
    run.finish(1, Successful);
    let id = run.id_set().unwrap();
    assert_eq!(run.effects.store, Some(StoreOp::Create { id, session }));
    run.finish(2, Successful);
    assert_eq!((&run.effects.store, run.cookie()), (&None, None));
    run.now += 30 * 60_000;
    run.refused(finish(3, Successful), Refusal::SessionGone);
}

// [step-41]
#[test]
fn strict_writes_nothing_if_nothing_changed() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    for outcome in [Successful, Interrupted] {
        run.start(1, Some(id));
        assert!(run.has_cookie(1, true));
        assert!(!run.has_token(1, [7; 16].into()));
        run.finish(1, outcome);
        assert_eq!((&run.effects.store, run.cookie()), (&None, None));
    }
    run.now += 60_001;
    run.start(1, Some(id));
    run.finish(1, Successful);
    assert!(matches!(run.effects.store, Some(StoreOp::Update { .. })), "a noted access is written");
}

// [step-23]
#[test]
fn a_session_that_goes_on_without_its_last_token_keeps_its_access() {
    let mut run = Scenario::of(&Config::STRICT);
    let (id, token) = run.first_form();
    run.now += 120_000;
    run.start(2, Some(id));
    assert_eq!(run.spend(2, token), Reply::Done);
    run.set_value(2, "a", "1");
    let id = run.save(2).unwrap();
    assert_eq!(run.stored(id).unwrap().accessed().0, run.now);
}
