//! Section `step`: starts, changes and form tokens.

use quixote_session::{Config, CookieValue, Reply, SessionId, StoreOp, Timestamp};

use crate::scenario::events::{delete, finish, maintain, poll, spend};
use crate::scenario::{ALL, COPIES, Failed, Interrupted, OUTCOMES, Scenario, Successful};

// [step-3] [step-4] [step-5] [step-6] [step-7]
#[test]
fn a_start_finds_what_is_stored_and_adopts_nothing() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        assert_eq!(run.start(1, Some(id)).as_deref(), Some("alice"));
        assert_eq!(run.held(1).unwrap().id, Some(id));
        let planted: SessionId = "00000000000000ff00000000000000ff".parse().unwrap();
        assert_eq!(run.start(2, Some(planted)), None);
        assert_eq!(run.held(2).unwrap().id, None);
        assert_eq!(run.finish(2, Successful).cookie, None, "nor is its cookie revoked");
        run.start(2, Some(planted));
        run.set_user(2, Some("bob"));
        let issued = run.save(2).unwrap();
        assert!(issued != planted && run.stored(planted).is_none());
        assert_eq!(run.start(3, None), None);
        assert_eq!(run.held(3).unwrap().id, None);
    }
}

// [step-8] [step-15]
#[test]
fn live_requests_share_the_stored_object() {
    let mut run = Scenario::of(&Config::QUIXOTE);
    let id = run.log_in("alice");
    run.start(1, Some(id));
    run.start(2, Some(id));
    run.set_value(1, "k", "v");
    assert_eq!(run.effects.store, None);
    assert_eq!((run.stored_value(id, "k"), run.session(2).values().len()), (Some("v"), 1));
    run.done(delete(id));
    run.set_user(2, Some("bob"));
    let shared = run.held(1).unwrap();
    assert!(core::ptr::eq(shared.session, run.session(2)));
    assert_eq!(shared.session.user().map(AsRef::as_ref), Some("bob"), "even after its deletion");
}

/// Sharing and copying go on after a save in the middle of a request.
// [step-15] [step-16]
#[test]
fn a_change_after_a_save_in_the_middle_is_shared_only_under_live() {
    for (config, seen) in [(Config::QUIXOTE, Some("v")), (Config::QUIXOTE_PERSISTENT, None)] {
        let mut run = Scenario::of(&config);
        run.start(1, None);
        run.set_user(1, Some("alice"));
        run.done(maintain(1));
        let id = run.state().keys()[0];
        run.set_value(1, "k", "v");
        assert_eq!(run.stored_value(id, "k"), seen);
    }
}

// [step-9] [step-16]
#[test]
fn copies_are_their_requests_own() {
    for config in &COPIES {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        let before = run.stored(id).cloned();
        run.start(1, Some(id));
        run.start(2, Some(id));
        run.set_value(1, "k", "v");
        run.set_user(1, Some("bob"));
        run.token(1);
        assert_eq!(run.stored(id), before.as_ref());
        assert_eq!(Some(run.session(2)), before.as_ref());
        run.finish(1, Successful);
        let held = run.held(2).unwrap();
        assert_eq!((held.id, Some(held.session)), (Some(id), before.as_ref()), "as it started");
    }
}

// [step-10]
#[test]
fn strict_remembers_what_a_request_changed() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    run.start(1, Some(id));
    run.set_value(1, "mine", "1");
    let text = serde_json::to_value(run.state()).unwrap();
    assert_eq!(text["requests"][0]["data"]["changes"]["values"]["mine"], "1");
    run.start(2, Some(id));
    run.set_value(2, "yours", "2");
    run.finish(2, Successful);
    run.finish(1, Successful);
    assert_eq!(
        (run.stored_value(id, "mine"), run.stored_value(id, "yours")),
        (Some("1"), Some("2"))
    );
}

// [step-14]
#[test]
fn strict_discards_a_session_that_a_start_finds_over() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    run.now += 30 * 60_000;
    assert_eq!(run.start(1, Some(id)), None);
    assert_eq!(run.effects.store, Some(StoreOp::Discard { id }));
    assert!(run.state().is_empty());
}

// [step-17]
#[test]
fn tokens_die_with_the_user_they_were_issued_to() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    let earlier = run.form(id);
    run.start(1, Some(id));
    let mine = run.token(1);
    run.set_user(1, Some("bob"));
    assert!(!run.has_token(1, earlier) && !run.has_token(1, mine));
    let later = run.token(1);
    assert!(run.has_token(1, later));
    let moved = run.save(1).unwrap();
    assert_eq!(run.stored(moved).unwrap().form_tokens().as_slice(), [later]);
    run.start(1, Some(moved));
    run.set_user(1, Some("bob"));
    assert!(run.has_token(1, later), "the same user again ends no token");
    run.done(spend(1, later));
}

/// The access that a start notes is final, however the request ends.
// [step-11] [step-12] [effect-7]
#[test]
fn an_access_that_was_noted_stands() {
    for outcome in OUTCOMES {
        for changes in [false, true] {
            let mut run = Scenario::of(&Config::STRICT);
            let id = run.log_in("alice");
            run.now += 60_001;
            run.start(1, Some(id));
            let accessed = Timestamp(run.now);
            assert_eq!(run.effects.store, Some(StoreOp::Touch { id, accessed }));
            let noted = run.stored(id).unwrap().clone();
            assert_eq!(noted.accessed(), accessed);
            if changes {
                run.set_value(1, "k", "v");
            }
            run.now += 2_000;
            run.finish(1, outcome);
            assert_eq!(run.stored(id).unwrap().accessed(), accessed);
            let saves = changes && [Successful, Interrupted].contains(&outcome);
            assert_eq!(run.stored(id) != Some(&noted), saves, "{outcome:?}: and nothing else");
        }
    }
}

// [step-13]
#[test]
fn a_passive_start_notes_no_access() {
    for config in &ALL {
        for finds in [true, false] {
            let mut run = Scenario::of(config);
            let id = run.log_in("alice");
            let before = run.stored(id).unwrap().clone();
            run.now += config.access_resolution_ms + 1;
            let cookie = Some(id).filter(|_| finds);
            let remote_user = cookie.map(|_| "alice".into());
            assert_eq!(run.send(poll(1, cookie)), Reply::Started { remote_user });
            assert_eq!(run.effects.store, None);
            assert_eq!(run.stored(id), Some(&before));
            // It is passive, but otherwise a request like any other: its changes are saved.
            run.set_value(1, "k", "v");
            let saved = run.save(1).unwrap_or(id);
            assert_eq!(run.stored_value(saved, "k"), Some("v"));
            assert_eq!(run.stored(id).unwrap().accessed(), before.accessed());
        }
    }
}

// [step-27] [step-28] [step-29]
#[test]
fn the_last_info_takes_the_session_with_it_and_the_request_goes_on() {
    for (user, outcome, logged_in) in [
        (Some("alice"), Successful, true),
        (Some("alice"), Failed, false),
        (None, Successful, false),
    ] {
        for of_token in [true, false] {
            let mut run = Scenario::of(&Config::STRICT);
            let (id, token) = if of_token {
                let (id, token) = run.first_form();
                (id, Some(token))
            } else {
                (run.keep("k", "v"), None)
            };
            let created = run.now;
            run.now += 5;
            run.start_with(2, Some(CookieValue::Id(id)), "");
            match token {
                Some(token) => assert_eq!(run.spend(2, token), Reply::Done),
                None => assert_eq!(run.take(2, "k"), "v"),
            }
            assert_eq!(run.effects.store, Some(StoreOp::Discard { id }));
            assert!(run.state().is_empty());
            let held = run.held(2).unwrap();
            assert_eq!((held.id, held.session.created().0), (None, created));
            run.set_user(2, user);
            run.finish(2, outcome);
            assert_eq!(run.state().len(), usize::from(logged_in));
            assert_eq!(run.cookie().is_some(), logged_in, "no cookie is revoked for it");
            assert_eq!(run.id_set().is_some_and(|new| new != id), logged_in);
        }
    }
    let mut run = Scenario::of(&Config::STRICT);
    let (id, token) = run.first_form();
    run.start(2, Some(id));
    run.set_value(2, "k", "before");
    assert_eq!(run.spend(2, token), Reply::Done);
    let held = run.held(2).unwrap();
    assert_eq!(held.session.values()["k"], "before", "what it changed goes with it");
    assert_eq!(run.send(finish(2, Successful)), Reply::Done);
    let new = run.id_set().unwrap();
    assert_eq!(run.stored_value(new, "k"), Some("before"));
}
