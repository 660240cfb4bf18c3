//! Section `step`: starts, changes and form tokens.

use quixote_session::{
    Config, CookieValue, Refusal, Reply, Semantics, SessionId, StoreOp, Timestamp,
};

use crate::scenario::events::{delete, finish, maintain, poll, spend, take};
use crate::scenario::{ALL, COPIES, Failed, Interrupted, OUTCOMES, QUIXOTE, Scenario, Successful};

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

/// The access of a start is final, whatever becomes of the request.
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
            // It is passive, but no other request: what it changes is saved.
            run.set_value(1, "k", "v");
            let saved = run.save(1).unwrap_or(id);
            assert_eq!(run.stored_value(saved, "k"), Some("v"));
            assert_eq!(run.stored(id).unwrap().accessed(), before.accessed());
        }
    }
}

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

/// What the request set itself is its own until it is saved, even over a value that is stored.
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

/// What is stored counts, and not what the request read.
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

/// The request works on what it read: what others have set since is for the next one.
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

// [step-25] [time-13] [step-27]
#[test]
fn a_value_is_not_taken_from_a_session_that_has_ended() {
    for way in ["deleted", "moved", "too old", "idle"] {
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
