//! Section `time`.

use quixote_session::{
    Config, FormToken, Refusal, Reply, Semantics, Session, SessionId, Timestamp,
};

use crate::scenario::events::{
    SWEEP, expire, expire_handle, expire_others, finish, poll, renew, set_value, spend, start_from,
    take,
};
use crate::scenario::{ALL, Interrupted, OUTCOMES, QUIXOTE, Scenario, Successful};

// [time-1] [time-2]
#[test]
fn time_passed_is_never_negative_but_an_age_may_be() {
    let (early, late) = (Timestamp(1_000), Timestamp(3_500));
    assert_eq!((late.since(early), early.since(late), late.since(late)), (2_500, 0, 0));
    let session = Session::new("".into(), late);
    assert_eq!((session.creation_age(early), session.access_age(early)), (-2_500, -2_500));
    assert_eq!((session.creation_age(late), session.access_age(Timestamp(3_501))), (0, 1));
}

// [time-3]
#[test]
fn an_access_is_noted_only_after_more_than_the_resolution() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        let created = run.now;
        for (passed, noted) in [(0, 0), (config.access_resolution_ms, 0)] {
            run.now = created + passed;
            run.start(1, Some(id));
            assert_eq!(run.session(1).accessed(), Timestamp(created + noted));
            run.finish(1, Successful);
            assert_eq!(run.stored(id).unwrap().accessed(), Timestamp(created));
        }
        run.now = created + config.access_resolution_ms + 1;
        run.start(1, Some(id));
        assert_eq!(run.session(1).accessed(), Timestamp(run.now));
        run.finish(1, Successful);
        assert_eq!(run.stored(id).unwrap().accessed(), Timestamp(run.now));
    }
}

// [step-11]
#[test]
fn an_access_is_noted_by_the_start_and_stored_at_once_or_with_the_save() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        let created = run.now;
        run.now += config.access_resolution_ms + 1;
        run.start(1, Some(id));
        let at_once = config.semantics != Semantics::Copying;
        let noted = if at_once { run.now } else { created };
        assert_eq!(run.stored(id).unwrap().accessed(), Timestamp(noted));
        run.finish(1, Successful);
        assert_eq!(run.stored(id).unwrap().accessed(), Timestamp(run.now));
    }
}

// [time-4] [time-5]
#[test]
fn a_clock_that_goes_back_moves_no_access() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        let created = run.now;
        run.now -= 10 * config.access_resolution_ms;
        assert_eq!(run.user_of(id).as_deref(), Some("alice"));
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        run.finish(1, Successful);
        let session = run.stored(id).unwrap();
        assert_eq!((session.created().0, session.accessed().0), (created, created));
    }
}

// [time-6] [time-7]
#[test]
fn a_session_is_over_in_the_millisecond_of_its_limit() {
    let config = Config {
        access_resolution_ms: 0,
        idle_limit_ms: Some(100),
        absolute_limit_ms: Some(250),
        ..Config::STRICT
    };
    let begin = || {
        let mut run = Scenario::of(&config);
        let id = run.log_in("alice");
        (run, id)
    };
    for (passed, found) in [(99, true), (100, false), (101, false)] {
        let (mut run, id) = begin();
        run.now += passed;
        assert_eq!(run.user_of(id).is_some(), found, "idle for {passed}");
    }
    for (last, found) in [(89, true), (90, false)] {
        let (mut run, id) = begin();
        for passed in [80, 80, last] {
            run.now += passed;
            run.start(1, Some(id));
            assert_eq!(run.held(1).unwrap().id.is_some(), passed != last || found);
            run.finish(1, Successful);
        }
    }
}

/// A store that deletes old sessions by itself can rely on this, even at the ends of time.
// [time-6] [time-7]
#[test]
fn expires_at_is_the_first_millisecond_in_which_a_session_is_over() {
    let limits = [None, Some(0), Some(1), Some(100), Some(u64::MAX)];
    let moments = [0, 1, 99, 100, 101, 250, u64::MAX - 100, u64::MAX - 1, u64::MAX];
    for (idle, absolute) in limits.iter().flat_map(|one| limits.map(|other| (*one, other))) {
        let config = Config { idle_limit_ms: idle, absolute_limit_ms: absolute, ..Config::STRICT };
        for (created, now) in moments.iter().flat_map(|one| moments.map(|other| (*one, other))) {
            let session = Session::new("".into(), Timestamp(created));
            let reached = |far: u64| [idle, absolute].into_iter().flatten().any(|own| far >= own);
            let told = session.expires_at(&config).is_some_and(|end| end <= Timestamp(now));
            let case = format!("{idle:?}, {absolute:?}, from {created} at {now}");
            assert_eq!(told, reached(now.saturating_sub(created)), "{case}");
            // A session of the future is over too, if it is far enough ahead.
            let over = session.is_over(&config, Timestamp(now));
            assert_eq!(over, told || reached(created.saturating_sub(now)), "{case}");
            for quixote in &QUIXOTE {
                let (idle_limit_ms, absolute_limit_ms) = (idle, absolute);
                let config = Config { idle_limit_ms, absolute_limit_ms, ..quixote.clone() };
                assert_eq!(session.expires_at(&config), None);
            }
        }
    }
}

// [time-9] [time-10]
#[test]
fn an_absent_limit_ends_nothing() {
    let unlimited = Config { idle_limit_ms: None, absolute_limit_ms: None, ..Config::STRICT };
    let idle = Config { absolute_limit_ms: None, ..Config::STRICT };
    let quixote = QUIXOTE.map(|config| Config {
        idle_limit_ms: Some(1),
        absolute_limit_ms: Some(1),
        ..config
    });
    for config in [&unlimited, &quixote[0], &quixote[1]] {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.now = u64::MAX;
        run.done(SWEEP);
        assert_eq!(run.user_of(id).as_deref(), Some("alice"));
    }
    let mut run = Scenario::of(&idle);
    let id = run.log_in("alice");
    for _ in 0..100 {
        run.now += 29 * 60_000;
        run.start(1, Some(id));
        run.finish(1, Successful);
    }
    assert!(run.user_of(id).is_some(), "kept warm for two days");
}

// [time-8]
#[test]
fn a_session_of_the_future_is_over_if_it_lies_as_far_ahead_as_a_limit() {
    let config = Config {
        access_resolution_ms: 0,
        idle_limit_ms: Some(100),
        absolute_limit_ms: Some(250),
        ..Config::STRICT
    };
    for (created, accessed, back, found) in [
        (0, 0, 99, true),
        (0, 0, 100, false),
        (0, 0, 101, false),
        (0, 60, 99, true),
        (0, 60, 100, false),
        (7, 99, 99, true),
    ] {
        for limits in [(true, true), (true, false), (false, true)] {
            let mut run = Scenario::of(&Config {
                idle_limit_ms: config.idle_limit_ms.filter(|_| limits.0),
                absolute_limit_ms: config.absolute_limit_ms.filter(|_| limits.1),
                ..config.clone()
            });
            run.now += created;
            let id = run.log_in("alice");
            run.now += accessed - created;
            run.start(1, Some(id));
            run.finish(1, Successful);
            run.now -= back;
            let mut swept = run.clone();
            swept.done(SWEEP);
            // Only the idle limit can be reached here.
            let found = found || !limits.0;
            assert_eq!(run.user_of(id).is_some(), found, "{accessed}, {back} back, {limits:?}");
            assert_eq!(swept.stored(id).is_some(), found);
        }
    }
    let absolute = Config { idle_limit_ms: None, ..config };
    for (back, found) in [(249, true), (250, false)] {
        let mut run = Scenario::of(&absolute);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        run.now -= back;
        let expected = if found { Reply::Done } else { Reply::Refused(Refusal::SessionGone) };
        assert_eq!(run.send(finish(1, Successful)), expected, "{back}");
    }
}

/// A session of alice with a form token and an old value.
fn with_token_and_value(run: &mut Scenario) -> (SessionId, FormToken) {
    let id = run.log_in("alice");
    let token = run.form(id);
    run.start(9, Some(id));
    run.set_value(9, "old", "v");
    run.finish(9, Successful);
    (id, token)
}

// [time-11] [time-12] [time-13] [time-14]
#[test]
fn a_session_that_is_too_old_counts_as_not_stored_wherever_it_is_used() {
    for too_old in [false, true] {
        let mut run = Scenario::of(&Config::STRICT);
        let (id, token) = with_token_and_value(&mut run);
        let handle = run.handle_of(id);
        for request in 1..=6 {
            run.start(request, Some(id));
        }
        run.set_value(1, "k", "v");
        assert!(run.has_cookie(1, true));
        run.now += 12 * 3_600_000 - u64::from(!too_old);
        assert_eq!(run.has_cookie(1, true), !too_old);
        for event in
            [spend(1, token), take(2, "old"), finish(1, Successful), expire_handle(3, handle)]
        {
            let mut one = run.clone();
            let reply = one.send(event);
            assert_eq!(reply == Reply::Refused(Refusal::SessionGone), too_old, "{reply:?}");
        }
        assert_eq!(run.start(7, Some(id)), None, "it is idle, too");
        assert_eq!(run.held(7).unwrap().id, None);
    }
}

/// A request that began in time is served to its end, but no other request finds the session any
/// more.
// [time-15] [time-11]
#[test]
fn idleness_refuses_nothing_to_a_request_that_began_in_time() {
    let idle = 30 * 60_000;
    for (started, passed) in [(0, idle), (idle - 1, 2_000), (idle - 1, 11 * 3_600_000)] {
        let begin = || {
            let mut run = Scenario::of(&Config::STRICT);
            let (id, token) = with_token_and_value(&mut run);
            run.now += started;
            run.start(1, Some(id));
            run.set_value(1, "k", "v");
            (run, id, token)
        };
        let (mut run, id, token) = begin();
        run.now += passed;
        run.done(spend(1, token));
        assert_eq!(run.take(1, "old"), "v");
        assert!(run.has_cookie(1, true));
        run.done(expire_others(1));
        run.finish(1, Successful);
        assert_eq!(run.stored_value(id, "k"), Some("v"));
        let (mut run, id, _) = begin();
        run.now += passed;
        run.set_user(1, Some("bob"));
        let moved = run.save(1).unwrap();
        assert_eq!(run.user_of(moved).as_deref(), Some("bob"));
        assert_eq!(run.user_of(id), None);
    }
    // The exception: somebody else came in the meantime, or a sweep.
    for sweeps in [false, true] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        run.now += idle;
        if sweeps {
            run.done(SWEEP);
        } else {
            assert_eq!(run.user_of(id), None);
        }
        run.refused(finish(1, Successful), Refusal::SessionGone);
    }
}

/// A visit counts however it ends and however long it takes.
// [step-12] [time-6] [time-15]
#[test]
fn a_visit_at_the_last_moment_keeps_the_session() {
    for outcome in OUTCOMES {
        for changes in [false, true] {
            let mut run = Scenario::of(&Config::STRICT);
            let id = run.log_in("alice");
            run.now += 30 * 60_000 - 1_000;
            run.start(1, Some(id));
            if changes {
                run.set_value(1, "k", "v");
            }
            run.now += 2_000;
            run.finish(1, outcome);
            let saved = changes && [Successful, Interrupted].contains(&outcome);
            assert_eq!(run.stored_value(id, "k").is_some(), saved);
            run.now += 4_000;
            assert_eq!(run.user_of(id).as_deref(), Some("alice"), "{outcome:?}");
        }
    }
}

// [step-13] [time-6]
#[test]
fn polls_keep_no_session() {
    for passive in [true, false] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        for minute in 1..=31 {
            run.now += 60_001;
            let event =
                if passive { poll(minute, Some(id)) } else { start_from("", minute, Some(id)) };
            run.send(event);
            run.finish(minute, Successful);
        }
        assert_eq!(run.user_of(id).is_none(), passive);
    }
}

// [time-16]
#[test]
fn a_chain_of_renewals_ends_with_its_login() {
    let mut run = Scenario::of(&Config::STRICT);
    let mut id = run.log_in("alice");
    let (created, mut renewals) = (run.now, 0);
    loop {
        run.now += 20 * 60_000;
        if run.start(1, Some(id)).is_none() {
            break;
        }
        run.done(renew(1));
        id = run.save(1).expect("a renewal sets a cookie");
        assert_eq!(run.stored(id).unwrap().created(), Timestamp(created));
        renewals += 1;
    }
    assert_eq!((renewals, run.now - created), (35, 12 * 3_600_000));
}

// [step-20] [time-7]
#[test]
fn a_chain_of_logins_does_not_end() {
    let mut run = Scenario::of(&Config::STRICT);
    let mut id = run.log_in("alice");
    for _ in 0..100 {
        run.now += 20 * 60_000;
        assert_eq!(run.start(1, Some(id)).as_deref(), Some("alice"));
        run.set_user(1, Some("alice"));
        id = run.save(1).expect("a login sets a cookie");
        assert_eq!(run.stored(id).unwrap().created(), Timestamp(run.now));
    }
}

// [time-17]
#[test]
fn the_ends_of_time_are_moments_like_any_other() {
    let moments = [u64::MAX, 0, 1, u64::MAX - 1, 1_000, u64::MAX / 2, 0];
    for config in &ALL {
        for first in moments {
            let mut run = Scenario::of(config);
            run.now = first;
            let id = run.log_in("alice");
            for now in moments {
                run.now = now;
                run.start(1, Some(id));
                let age = run.session(1).creation_age(Timestamp(now));
                assert!(age > i64::MIN);
                let _ = run.send(set_value(1, "k", "v"));
                if let Reply::Refused(_) = run.send(finish(1, Successful)) {
                    run.done(expire(1));
                    run.finish(1, Successful);
                }
                run.done(SWEEP);
            }
        }
    }
}
