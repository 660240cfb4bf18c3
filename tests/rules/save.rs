//! Section `step`: saves under strict.

use quixote_session::{Config, CookieChange, Refusal, Reply, SessionId, StoreOp, Timestamp};

use crate::scenario::events::{
    create_token, delete, delete_all_of, delete_handle, expire, finish, guard, remove_value, renew,
    spend,
};
use crate::scenario::{DAWN, Failed, Interrupted, Scenario, Successful};

/// The ways in which somebody else ends a session of alice.
const ENDS: [&str; 7] = [
    "deleted",
    "deleted with its user",
    "by its handle",
    "logged out",
    "moved",
    "bob's",
    "too old",
];

pub(super) fn ended_by(way: &str, run: &mut Scenario, id: SessionId) {
    match way {
        "deleted" => run.done(delete(id)),
        "deleted with its user" => run.done(delete_all_of("alice")),
        "by its handle" => run.done(delete_handle(run.handle_of(id))),
        "logged out" => {
            run.start(9, Some(id));
            run.done(expire(9));
            run.finish(9, Failed);
        }
        "moved" => {
            run.start(9, Some(id));
            run.done(renew(9));
            run.finish(9, Successful);
        }
        "bob's" => {
            run.start(9, Some(id));
            run.set_user(9, Some("bob"));
            run.finish(9, Successful);
        }
        _ => run.now += 12 * 3_600_000,
    }
}

// [step-35] [step-36] [step-38] [step-56] [step-59]
#[test]
fn a_session_ended_by_somebody_else_stays_ended_and_lost_changes_are_reported() {
    for way in ENDS {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(8, Some(id));
        run.set_value(8, "old", "v");
        run.finish(8, Successful);
        for request in 1..=7 {
            run.start(request, Some(id));
        }
        run.set_value(1, "k", "v");
        run.done(remove_value(2, "old"));
        run.done(renew(3));
        run.done(guard(4, "old"));
        run.set_user(5, None);
        ended_by(way, &mut run, id);
        for request in 1..=5 {
            for outcome in [Successful, Interrupted] {
                run.refused(finish(request, outcome), Refusal::SessionGone);
            }
            assert!(run.is_open(request));
        }
        // A new token is not work that can be lost: it ends with the session. So does a request
        // that changed nothing.
        run.token(6);
        run.set_value(1, "k", "w");
        let stored = run.state().keys();
        for (request, outcome) in
            [(6, Successful), (7, Successful), (1, Failed), (2, Failed), (3, Failed), (5, Failed)]
        {
            run.finish(request, outcome);
            assert_eq!((&run.effects.store, run.cookie()), (&None, None), "{way}");
        }
        assert_eq!(run.state().keys(), stored);
    }
}

/// A new page shows the form again, so a request that has only drawn tokens has lost nothing.
// [step-38] [step-56]
#[test]
fn a_page_with_a_form_is_shown_although_its_session_has_ended() {
    for outcome in [Successful, Interrupted] {
        let mut run = Scenario::of(&Config::STRICT);
        let (id, token) = run.first_form();
        run.start(2, Some(id));
        run.start(3, Some(id));
        run.token(2);
        run.token(2);
        run.done(spend(3, token));
        run.finish(3, Successful);
        assert!(run.state().is_empty(), "the other tab has sent the only form");
        let shown = run.finish(2, outcome);
        assert_eq!((shown.store, shown.cookie), (None, None));
        assert!(run.state().is_empty());
    }
}

// [step-36]
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

// [step-41]
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

// [step-43]
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

// [step-42]
#[test]
fn a_save_keeps_the_later_of_two_accesses() {
    let resolution = Config::STRICT.access_resolution_ms;
    for order in [[1, 2], [2, 1]] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        for request in [1, 2] {
            run.now += resolution + 1;
            run.start(request, Some(id));
            run.set_value(request, "k", "v");
        }
        let late = run.now;
        for request in order {
            run.finish(request, Successful);
        }
        assert_eq!(run.stored(id).unwrap().accessed(), Timestamp(late));
    }
}

// [step-47] [step-28]
#[test]
fn a_save_that_leaves_nothing_discards() {
    for outcome in [Successful, Interrupted] {
        for (user, revoked) in [(None, true), (Some(""), true)] {
            let mut run = Scenario::of(&Config::STRICT);
            let id = run.log_in("alice");
            run.start(1, Some(id));
            run.set_user(1, user);
            run.finish(1, outcome);
            assert_eq!(run.effects.store, Some(StoreOp::Discard { id }));
            assert_eq!(run.cookie() == Some(CookieChange::Revoke), revoked);
            assert!(run.state().is_empty());
        }
        // The cookie of an emptied session opens nothing. To revoke it could take away the cookie
        // of a login.
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.keep("cart", "1");
        run.start(1, Some(id));
        run.done(remove_value(1, "cart"));
        run.finish(1, outcome);
        assert_eq!(
            (run.effects.store.clone(), run.cookie()),
            (Some(StoreOp::Discard { id }), None)
        );
        assert!(run.state().is_empty());
    }
}

/// A slow request empties the anonymous session, and its response arrives after that of a login.
// [step-28] [step-56]
#[test]
fn a_slow_response_that_emptied_a_session_takes_no_login() {
    for spends in [true, false] {
        let mut run = Scenario::of(&Config::STRICT);
        run.visit(0, 1);
        let token = if spends { Some(run.token(1)) } else { None };
        if !spends {
            run.set_value(1, "cart", "1");
        }
        run.finish(1, Successful);
        run.deliver();
        run.visit(0, 2);
        run.visit(0, 3);
        match token {
            Some(token) => run.done(spend(2, token)),
            None => run.done(remove_value(2, "cart")),
        }
        run.finish(2, Successful);
        run.set_user(3, Some("alice"));
        run.finish(3, Successful);
        run.deliver_last();
        run.deliver();
        assert_eq!(run.visit(0, 4).as_deref(), Some("alice"), "spends: {spends}");
    }
}

/// The same request empties its session only after the login has arrived, and then stores
/// something.
// [step-29]
#[test]
fn a_login_is_owed_no_longer_once_another_request_has_brought_a_cookie() {
    let mut run = Scenario::of(&Config::STRICT);
    run.visit(0, 1);
    run.visit(0, 2);
    let token = run.token(2);
    run.finish(2, Successful);
    run.deliver();
    run.visit(0, 3);
    run.set_user(1, Some("alice"));
    run.finish(1, Successful);
    run.deliver();
    run.done(spend(3, token));
    run.set_value(3, "cart", "1");
    assert!(run.save(3).is_some(), "what is left of request 3 begins a session");
    assert_eq!(run.visit(0, 4).as_deref(), Some("alice"), "its cookie is on the way");
    run.deliver();
    assert_eq!(run.visit(0, 5), None, "it has taken the place of the login's");
}

// [step-48] [step-49] [step-50]
#[test]
fn strict_creates_a_session_that_has_info_and_is_not_too_old() {
    let mut run = Scenario::of(&Config::STRICT);
    for request in [1, 2, 3, 4] {
        run.start(request, None);
    }
    run.set_user(1, Some("alice"));
    run.set_value(3, "k", "v");
    run.set_value(4, "k", "v");
    let held = run.session(1).clone();
    run.finish(1, Successful);
    let id = run.id_set().unwrap();
    let session = Box::new(run.stored(id).unwrap().clone());
    assert_eq!((session.user(), session.created()), (held.user(), held.created()));
    let (generation, discard_over) = (Some(0), None);
    assert_eq!(run.effects.store, Some(StoreOp::Create { id, session, generation, discard_over }));
    run.finish(2, Successful);
    assert_eq!((&run.effects.store, run.cookie()), (&None, None));
    run.now += 30 * 60_000;
    assert!(run.save(3).is_some(), "a request that began in time has been idle for nobody");
    assert!(matches!(run.effects.store, Some(StoreOp::Create { generation: None, .. })));
    run.now = DAWN + 12 * 3_600_000;
    run.refused(finish(4, Successful), Refusal::SessionGone);
}

// [step-51]
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
    assert!(matches!(run.effects.store, Some(StoreOp::Touch { .. })));
    run.finish(1, Successful);
    assert_eq!(run.effects.store, None, "the access was noted when it started");
}

// [step-29]
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

/// A state with this session alone would not know the visit of the other request.
// [step-29]
#[test]
fn a_session_that_goes_on_without_its_last_token_has_no_access_of_another_request() {
    let mut run = Scenario::of(&Config::STRICT);
    let (id, token) = run.first_form();
    run.start(2, Some(id));
    let loaded = run.held(2).unwrap().session.accessed();
    run.now += 120_000;
    run.start(3, Some(id));
    assert_eq!(run.held(3).unwrap().session.accessed().0, run.now);
    assert_eq!(run.spend(2, token), Reply::Done);
    assert_eq!(run.held(2).unwrap().session.accessed(), loaded);
}
