//! Section `step`: finishes.

use quixote_session::{Config, CookieChange, Refusal, SessionId};

use crate::scenario::events::{delete, delete_all_of, expire, finish, new_session, revoke};
use crate::scenario::{
    ALL, Abandoned, COPIES, Failed, Interrupted, OUTCOMES, QUIXOTE, Scenario, Successful,
};

// [step-42]
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

// [step-43]
#[test]
fn under_copies_a_failed_request_leaves_only_what_is_final() {
    for config in &COPIES {
        for outcome in [Failed, Abandoned] {
            let mut run = Scenario::of(config);
            let id = run.log_in("alice");
            let token = run.form(id);
            let before = run.stored(id).cloned();
            run.now += 100_000;
            run.start(1, Some(id));
            run.start(2, None);
            for request in [1, 2] {
                run.set_user(request, Some("bob"));
                run.set_value(request, "k", "v");
                run.token(request);
                assert_eq!(run.finish(request, outcome).store, None);
            }
            assert_eq!((run.stored(id), run.state().len()), (before.as_ref(), 1));
            run.start(3, Some(id));
            run.spend(3, token);
            run.finish(3, outcome);
            let spent = run.stored(id).unwrap().form_tokens().is_empty();
            assert_eq!(spent, config.cookie_hardened, "under strict a spent token stays spent");
            run.start(4, Some(id));
            run.done(expire(4));
            run.finish(4, outcome);
            assert!(run.state().is_empty(), "what was expired stays expired");
        }
    }
}

// [step-44]
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

// [step-45]
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

// [step-47] [step-48]
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

// [step-49] [step-50]
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

// [step-50]
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

// [step-51]
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
        assert!(run.state().is_empty() && run.state().open_requests() == 0);
    }
    assert!(dead.iter().all(|id| run.user_of(*id).is_none()));
}
