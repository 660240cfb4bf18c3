//! Section `effect`, and `null`.

use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::{
    Config, Effects, Entropy, Event, Input, ManagerEvent, NullSessionManager, Refusal, Reply,
    RequestEvent, Semantics, SmolStr, State, StoreOp, SubmittedToken, Timestamp, Transaction, step,
};

use crate::scenario::events::{
    SWEEP, create_token, delete, delete_all_of, delete_handle, expire, expire_handle, finish,
    guard, has_cookie, renew, set_user, spend, start, take,
};
use crate::scenario::{ALL, Abandoned, Failed, Interrupted, Scenario, Successful};

/// Shows every step of a long random run under each semantics.
fn random(look: &mut dyn FnMut(&Config, &State, &Input, &State, &Effects)) {
    for config in &ALL {
        let mut choices = Seeded::new(4);
        let (mut population, mut state) = (Population::new(Habits::ALL), State::new());
        for _ in 0..20_000 {
            let turn = population.next_turn(config, &state, &mut choices);
            let (after, effects) = step(config, state.clone(), turn.input.clone());
            look(config, &state, &turn.input, &after, &effects);
            population.learn(&turn, &effects);
            state = after;
        }
    }
}

// [effect-2]
#[test]
fn a_refusal_changes_nothing_and_asks_for_nothing() {
    let mut refusals = std::collections::BTreeSet::new();
    random(&mut |_, before, _, after, effects| {
        if let Reply::Refused(why) = effects.reply {
            assert!(before == after);
            assert_eq!(*effects, Effects::refused(why));
            refusals.insert(why.name());
        }
    });
    assert!(refusals.len() > 8, "{refusals:?}");
}

// [effect-4] [effect-5] [effect-6] [effect-7] [effect-9] [effect-10]
#[test]
fn each_semantics_has_its_operations() {
    let mut kinds = std::collections::BTreeSet::new();
    random(&mut |config, _, input, _, effects| {
        let Some(op) = &effects.store else { return };
        let strict = config.semantics == Semantics::Strict;
        let event = match &input.event {
            Event::Request { event, .. } => Some(event),
            Event::StartRequest { .. } | Event::Manager(_) => None,
        };
        let ends = matches!(
            event,
            Some(
                RequestEvent::ExpireSession
                    | RequestEvent::ExpireOtherSessions
                    | RequestEvent::ExpireHandle { .. }
            )
        );
        let starts = matches!(input.event, Event::StartRequest { .. });
        let of_manager = |wanted: fn(&ManagerEvent) -> bool| match &input.event {
            Event::Manager(event) => wanted(event),
            _ => false,
        };
        let by_handle = of_manager(|event| matches!(event, ManagerEvent::DeleteHandle { .. }));
        let of_user = of_manager(|event| matches!(event, ManagerEvent::DeleteSessionsOf { .. }));
        let sweeps = of_manager(|event| *event == ManagerEvent::Sweep);
        let (kind, expected) = match op {
            StoreOp::Put { .. } => ("put", !strict),
            StoreOp::Create { .. } => ("create", strict),
            StoreOp::Touch { .. } => ("touch", strict && starts),
            StoreOp::Update { .. } => ("update", strict && !starts),
            StoreOp::Rotate { .. } => ("rotate", strict),
            StoreOp::Delete { .. } => ("delete", !strict || ends),
            StoreOp::DeleteUser { .. } => ("delete user", of_user || strict && ends),
            StoreOp::DeleteHandle { .. } => ("delete handle", strict && (ends || by_handle)),
            StoreOp::Discard { .. } => {
                ("discard", strict && !(ends || by_handle || of_user || sweeps))
            }
            StoreOp::DiscardOver { .. } => ("discard over", strict && sweeps),
        };
        assert!(expected, "{kind} by {}", input.event.name());
        kinds.insert(kind);
    });
    assert_eq!(kinds.len(), 10, "all of them were seen: {kinds:?}");
}

// [effect-8] [effect-9]
#[test]
fn what_somebody_named_is_deleted_unconditionally_and_what_was_listed_is_not() {
    let mut run = Scenario::of(&Config::STRICT);
    let [one, two, three, four] = ["alice", "alice", "bob", "bob"].map(|user| run.log_in(user));
    run.done(delete(one));
    assert_eq!(run.effects.store, Some(StoreOp::Discard { id: one }));
    run.done(delete_all_of("alice"));
    let user = SmolStr::from("alice");
    assert_eq!(run.effects.store, Some(StoreOp::DeleteUser { user, except: None }));
    assert!(run.stored(two).is_none());
    let [own, other] = [three, four].map(|id| run.handle_of(id));
    run.start(1, Some(three));
    run.done(expire_handle(1, other));
    let user = Some("bob".into());
    assert_eq!(run.effects.store, Some(StoreOp::DeleteHandle { handle: other, user }));
    run.done(expire(1));
    assert_eq!(run.effects.store, Some(StoreOp::DeleteHandle { handle: own, user: None }));
    run.done(delete_handle(own));
    assert_eq!(run.effects.store, Some(StoreOp::DeleteHandle { handle: own, user: None }));
}

/// A sweep names no session, whether or not any is over.
// [effect-10]
#[test]
fn a_sweep_names_the_moment_alone() {
    let mut run = Scenario::of(&Config::STRICT);
    for over in [0, 1, 3] {
        run.now += 60 * 60_000;
        for _ in 0..over {
            run.log_in("alice");
        }
        run.now += 60 * 60_000;
        run.done(SWEEP);
        assert_eq!(run.effects.store, Some(StoreOp::DiscardOver { now: Timestamp(run.now) }));
        assert!(run.state().is_empty());
    }
}

// [effect-12] [effect-13] [effect-14] [effect-15] [effect-1]
#[test]
fn only_a_finish_ends_a_transaction_or_sends_a_cookie() {
    for config in &ALL {
        for (outcome, transaction) in [
            (Successful, Some(Transaction::Commit)),
            (Interrupted, Some(Transaction::Commit)),
            (Failed, Some(Transaction::Abort)),
            (Abandoned, None),
        ] {
            let mut run = Scenario::of(config);
            run.start(1, None);
            run.done(expire(1));
            assert_eq!((run.effects.transaction, &run.effects.cookie), (None, &None));
            assert_eq!(run.finish(1, outcome).transaction, transaction);
        }
    }
    random(&mut |_, _, input, _, effects| {
        // One operation, one end, one cookie, one answer: each has one place in `Effects`.
        let Effects { store: _, transaction, cookie, reply: _, draws: _ } = effects;
        match input.event {
            Event::Request {
                event: RequestEvent::FinishRequest { outcome: Abandoned, .. },
                ..
            } => {
                assert!(transaction.is_none() && cookie.is_none());
            }
            Event::Request { event: RequestEvent::FinishRequest { .. }, .. } => {}
            _ => assert!(transaction.is_none() && cookie.is_none()),
        }
    });
}

// [effect-16]
#[test]
fn draws_are_counted() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        run.start(1, None);
        assert_eq!(run.effects.draws, 0);
        run.set_user(1, Some("alice"));
        run.token(1);
        assert_eq!(run.effects.draws, 1);
        let id = run.save(1).unwrap();
        assert_eq!(run.effects.draws, 1);
        run.start(2, None);
        run.set_user(2, Some("bob"));
        let mut bytes = [9; 32];
        bytes[..id.reveal_bytes().len()].copy_from_slice(id.reveal_bytes());
        run.send_with(Entropy::from_half(bytes), finish(2, Successful));
        assert_eq!(run.effects.draws, 2, "the one in use is counted");
        run.refused(finish(2, Successful), Refusal::UnknownRequest);
        assert_eq!(run.effects.draws, 0);
    }
}

// [null-1] [null-2]
#[test]
fn the_manager_that_does_nothing_accepts_starts_and_finishes() {
    let ask = |event| {
        let input = Input { now: Timestamp(0), entropy: Entropy::from_bytes([0; 64]), event };
        NullSessionManager.step(&input)
    };
    assert_eq!(ask(start(1, None, "")), Effects::reply(Reply::Started { remote_user: None }));
    for outcome in [Successful, Interrupted, Failed, Abandoned] {
        assert_eq!(ask(finish(1, outcome)), Effects::reply(Reply::Done));
    }
    let others = [
        set_user(1, None),
        create_token(1),
        has_cookie(1, false),
        delete([1; 8].into()),
        SWEEP,
        expire(1),
        renew(1),
        take(1, "k"),
        delete_handle([1; 16].into()),
    ];
    for event in others {
        assert_eq!(ask(event), Effects::refused(Refusal::NoSession));
    }
}

/// `tests/properties/precedence.rs` adds limits, one at a time, to random runs.
// [effect-3]
#[test]
fn of_two_reasons_the_first_in_the_list_is_given() {
    let ill_formed = || spend(1, SubmittedToken::IllFormed);
    let gone = |event: Event, why| {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.keep("k", "v");
        run.start(1, Some(id));
        run.done(delete(id));
        run.refused(event, why);
    };
    gone(ill_formed(), Refusal::SessionGone);
    gone(take(1, "k"), Refusal::SessionGone);
    gone(take(1, "unknown"), Refusal::UnknownKey);
    gone(expire_handle(1, [9; 16].into()), Refusal::NoUser);

    let mut run = Scenario::of(&Config::QUIXOTE);
    run.start(1, None);
    run.done(expire(1));
    run.refused(guard(1, "k"), Refusal::NoSession);

    // The guard of this login does not hold. If the login is saved so late that its session would
    // also be over, that is the reason.
    for (waits, why) in [(false, Refusal::ValueChanged), (true, Refusal::SessionGone)] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.keep("k", "v");
        run.start(1, Some(id));
        run.set_user(1, Some("alice"));
        run.set_value(1, "new", "w");
        run.done(guard(1, "k"));
        run.done(delete(id));
        run.now += if waits { Config::STRICT.absolute_limit_ms.unwrap() } else { 0 };
        run.refused(finish(1, Successful), why);
    }
}
