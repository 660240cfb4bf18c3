//! Section `step`: finishes.

use quixote_session::{Config, CookieChange, Refusal, Semantics, SessionId};

use crate::scenario::events::{
    delete, delete_all_of, expire, expire_handle, expire_others, finish, guard, new_session,
    remove_value, renew, revoke,
};
use crate::scenario::{
    ALL, Abandoned, COPIES, Failed, Interrupted, OUTCOMES, QUIXOTE, Scenario, Successful,
};

// [step-52]
#[test]
fn live_leaves_what_a_failed_request_changed() {
    for outcome in [Failed, Abandoned] {
        let mut run = Scenario::of(&Config::QUIXOTE);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_user(1, Some("bob"));
        run.set_value(1, "k", "v");
        run.finish(1, outcome);
        assert_eq!(run.effects.store, None);
        assert_eq!((run.stored_user(id), run.stored_value(id, "k")), (Some("bob"), Some("v")));
    }
}

// [step-53]
#[test]
fn under_copies_a_failed_request_leaves_only_what_is_final() {
    for config in &COPIES {
        let strict = config.semantics == Semantics::Strict;
        for outcome in [Failed, Abandoned] {
            let mut run = Scenario::of(config);
            let id = run.log_in("alice");
            let token = run.form(id);
            run.start(9, Some(id));
            run.set_value(9, "once", "1");
            run.set_value(9, "old", "1");
            run.finish(9, Successful);
            let before = run.stored(id).cloned();
            run.now += config.access_resolution_ms + 1;
            run.start(1, Some(id));
            run.start(2, None);
            let visited = run.stored(id).cloned();
            assert_eq!(visited != before, strict, "the access that is noted stands");
            for request in [1, 2] {
                run.set_value(request, "k", "v");
                run.token(request);
                if strict {
                    run.done(renew(request));
                    run.done(guard(request, "missing"));
                }
                run.set_user(request, Some("bob"));
                run.set_value(request, "k", "v");
                assert_eq!(run.finish(request, outcome).store, None);
            }
            assert_eq!((run.stored(id), run.state().len()), (visited.as_ref(), 1));
            run.start(3, Some(id));
            run.spend(3, token);
            run.take(3, "once");
            run.done(remove_value(3, "old"));
            run.finish(3, outcome);
            let left = run.stored(id).unwrap();
            assert_eq!(left.form_tokens().is_empty(), strict, "what is spent stays spent");
            let kept: Vec<_> = left.values().keys().collect();
            assert_eq!(kept, if strict { &["old"][..] } else { &["old", "once"] });
            if strict {
                let phone = run.log_in("alice");
                let tablet = run.log_in("alice");
                let tablet = run.handle_of(tablet);
                run.start(5, Some(id));
                run.done(expire_handle(5, tablet));
                assert_eq!(run.state().len(), 2);
                run.finish(5, outcome);
                run.start(5, Some(id));
                run.done(expire_others(5));
                run.finish(5, outcome);
                assert_eq!((run.state().keys(), run.stored(phone)), (vec![id], None));
            }
            run.start(4, Some(id));
            run.done(expire(4));
            run.finish(4, outcome);
            assert!(run.state().is_empty(), "what was expired stays expired");
        }
    }
}

/// Nor does a failure bring back a session that was found to be over.
// [step-53] [step-14]
#[test]
fn a_failed_request_has_discarded_what_was_over() {
    for outcome in [Failed, Abandoned] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.now += 30 * 60_000;
        run.start(1, Some(id));
        run.finish(1, outcome);
        assert!(run.state().is_empty());
    }
}

// [step-54]
#[test]
fn quixote_loses_a_revocation_with_the_response() {
    for config in &QUIXOTE {
        for outcome in OUTCOMES {
            let kept = (outcome == Successful).then_some(CookieChange::Revoke);
            let mut run = Scenario::of(config);
            let id = run.log_in("alice");
            for taking_back in [revoke(1), expire(1)] {
                run.start(1, Some(id));
                run.done(taking_back);
                run.finish(1, outcome);
                assert_eq!(run.cookie(), kept, "{outcome:?}");
            }
            assert!(run.state().is_empty(), "ended, whatever the client is told");
        }
        let mut run = Scenario::of(config);
        run.start(1, None);
        run.done(revoke(1));
        run.set_user(1, Some("alice"));
        run.finish(1, Interrupted);
        assert!(run.id_set().is_some(), "a fresh response has no Max-Age to keep");
    }
}

// [step-55]
#[test]
fn a_strict_logout_leaves_with_any_response() {
    for outcome in OUTCOMES {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.done(expire(1));
        run.finish(1, outcome);
        let expected = Some(CookieChange::Revoke).filter(|_| outcome != Abandoned);
        assert_eq!(run.cookie(), expected);
        assert!(run.state().is_empty());
    }
}

// [step-57] [step-58]
#[test]
fn logout_and_new_data_in_one_request_give_one_good_cookie() {
    let mut run = Scenario::of(&Config::STRICT);
    let old = run.log_in("alice");
    run.start(1, Some(old));
    run.done(expire(1));
    run.done(new_session(1));
    run.set_value(1, "k", "v");
    run.finish(1, Successful);
    let Some(CookieChange::Set(id)) = run.cookie() else { panic!("{:?}", run.effects) };
    assert!(id != old && run.stored_value(id, "k") == Some("v"));
}

// [step-59] [step-60]
#[test]
fn a_refused_finish_leaves_the_request_open_and_it_can_fail() {
    for config in &ALL {
        for outcome in [Failed, Abandoned] {
            let mut run = Scenario::of(&Config { max_sessions: 1, ..config.clone() });
            run.log_in("alice");
            run.start(1, None);
            run.set_user(1, Some("bob"));
            for _ in 0..2 {
                run.refused(finish(1, Successful), Refusal::TooManySessions);
                assert!(run.is_open(1));
            }
            run.finish(1, outcome);
            assert!(!run.is_open(1));
        }
    }
}

// [step-60]
#[test]
fn whatever_happened_a_request_can_fail() {
    for config in &ALL {
        for outcome in [Failed, Abandoned] {
            let mut run = Scenario::of(config);
            let id = run.log_in("alice");
            for (request, cookie) in [(1, None), (2, Some(id)), (3, Some(id)), (4, Some(id))] {
                run.start(request, cookie);
                run.set_value(request, "k", "v");
            }
            run.done(expire(3));
            run.now += 100 * 3_600_000;
            for request in [1, 2, 3, 4] {
                run.finish(request, outcome);
            }
            assert_eq!(run.state().open_requests(), 0);
        }
    }
}

// [step-61]
#[test]
fn a_dead_id_stays_dead_whoever_still_holds_it() {
    let mut run = Scenario::of(&Config::STRICT);
    let mut dead: Vec<SessionId> = Vec::new();
    for way in 0..3 {
        let id = run.log_in("alice");
        let token = run.form(id);
        for request in 1..=6 {
            run.start(request, Some(id));
        }
        match way {
            0 => run.done(expire(1)),
            1 => run.done(delete(id)),
            _ => run.done(delete_all_of("alice")),
        }
        dead.push(id);
        run.set_value(2, "k", "v");
        run.set_user(3, Some("bob"));
        run.set_user(4, None);
        let _ = run.spend(5, token);
        for (request, outcome) in [(1, Successful), (2, Interrupted), (3, Successful)] {
            let _ = run.send(finish(request, outcome));
        }
        for request in 1..=6 {
            let _ = run.send(finish(request, Successful));
            let _ = run.send(finish(request, Failed));
        }
        assert_eq!(run.state().open_requests(), 0);
        // The login begins a session of its own.
        assert_eq!(run.state().sessions_of("bob"), run.state().keys());
        run.done(delete_all_of("bob"));
    }
    assert!(dead.iter().all(|id| run.user_of(*id).is_none()));
}
