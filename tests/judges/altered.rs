//! Steps that the machine never takes: correct steps, altered before the checks see them.
//!
//! These properties hold under every semantics, so no real run can show that their checks would
//! notice a break.

use quixote_session::check::Property;
use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, Effects, Event, ManagerEvent, Outcome,
    RequestEvent, RequestId, Session, SessionId, SessionParts, State, StoreOp,
};

use crate::run::Run;

pub(crate) const ALICE: RequestId = RequestId(1);
const BOB: RequestId = RequestId(2);

pub(crate) fn two_users(config: &Config) -> Run {
    Run::of(config, &[(ALICE, "alice"), (BOB, "bob")])
}

/// A session with this many form tokens, for a test to put anywhere.
fn with_tokens(count: u8) -> Session {
    let mut run = two_users(&Config::STRICT);
    for _ in 0..count {
        run.send(RequestEvent::CreateFormToken.of(ALICE));
    }
    run.finish(ALICE);
    run.state.get(&run.id_of("alice")).unwrap().clone()
}

/// Stores this, or nothing, under an id.
pub(crate) fn put(
    id: SessionId,
    session: Option<Session>,
) -> impl FnOnce(&mut State, &mut Effects) {
    move |after, _| *after = after.clone().with_stored(id, session)
}

/// The session with a change in it.
pub(crate) fn changed(session: &Session) -> Session {
    let mut parts = SessionParts::from(session.clone());
    parts.values.insert("color".into(), "red".into());
    Session::try_from(parts).unwrap()
}

pub(crate) fn set_color() -> RequestEvent {
    RequestEvent::SetValue { key: "color".into(), value: "blue".into() }
}

#[test]
fn a_refusal_that_changes_something_is_found() {
    let run = two_users(&Config::STRICT);
    let refused = || set_color().of(RequestId(9));
    let found = |alter: fn(&mut State, &mut Effects)| {
        run.altered(refused(), alter).contains(Property::RefusalChangesNothing)
    };
    assert!(found(|after, _| *after = State::new()));
    assert!(found(|_, effects| effects.store = Some(StoreOp::Delete { id: [7; 16].into() })));
    assert!(found(|_, effects| {
        effects.cookie = Some(CookieOp { value: CookieChange::Revoke, path: "/".into() });
    }));
    assert!(found(|_, effects| effects.draws = 3));
}

#[test]
fn more_tokens_than_the_cap_are_found() {
    let capped = Config { max_form_tokens: 2, ..Config::STRICT };
    let run = two_users(&capped);
    for (tokens, expected) in [(2, false), (3, true)] {
        let session = with_tokens(tokens);
        let broken = run.altered(set_color().of(ALICE), put([9; 16].into(), Some(session)));
        assert_eq!(broken.contains(Property::TokensAreBounded), expected, "{tokens}");
    }
}

#[test]
fn an_end_that_leaves_somebody_is_found() {
    for config in [&Config::QUIXOTE, &Config::QUIXOTE_PERSISTENT, &Config::STRICT] {
        let run = two_users(config);
        let alice = run.id_of("alice");
        let session = run.state.get(&alice).unwrap().clone();
        let back = |id| put(id, Some(session.clone()));
        let user = Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() });
        assert!(!run.altered(user.clone(), |_, _| {}).contains(Property::UserIsEndedEverywhere));
        assert!(run.altered(user, back(alice)).contains(Property::UserIsEndedEverywhere));
        let expire = || RequestEvent::ExpireSession.of(ALICE);
        assert!(!run.altered(expire(), |_, _| {}).contains(Property::ExpiryIsImmediate));
        assert!(run.altered(expire(), back(alice)).contains(Property::ExpiryIsImmediate));
        let moved = run.altered(expire(), back([9; 16].into()));
        let has_handle = session.handle().is_some();
        assert_eq!(moved.contains(Property::ExpiryIsImmediate), has_handle, "under its handle");
    }
}

/// What is ended by its id or its handle is gone.
#[test]
fn an_end_by_id_or_handle_that_ends_nothing_is_found() {
    let users = [(ALICE, "alice"), (BOB, "bob")];
    let mut run = Run::of(&Config::STRICT, &users);
    run.start(RequestId(3), None);
    run.send(RequestEvent::SetUser { user: Some("alice".into()) }.of(RequestId(3)));
    run.finish(RequestId(3));
    let bob = run.id_of("bob");
    let handle = |id| run.state.get(&id).unwrap().handle().unwrap();
    for id in run.state.sessions_of("alice") {
        let session = run.state.get(&id).cloned();
        for event in [
            Event::Manager(ManagerEvent::DeleteSession { id }),
            Event::Manager(ManagerEvent::DeleteHandle { handle: handle(id) }),
            RequestEvent::ExpireHandle { handle: handle(id) }.of(ALICE),
        ] {
            let immediate = Property::ExpiryIsImmediate;
            assert!(!run.altered(event.clone(), |_, _| {}).contains(immediate), "{event:?}");
            let left = run.altered(event.clone(), put(id, session.clone()));
            assert!(left.contains(immediate), "{event:?}");
        }
    }
    let others = RequestEvent::ExpireHandle { handle: handle(bob) }.of(ALICE);
    assert!(!run.altered(others, |_, _| {}).contains(Property::ExpiryIsImmediate));
}

/// Only sessions that are over make room, and only for a new session.
#[test]
fn a_change_that_makes_no_room_is_found() {
    let config = Config { absolute_limit_ms: Some(500), ..Config::STRICT };
    let mut run = two_users(&config);
    let [alice, bob] = ["alice", "bob"].map(|user| run.id_of(user));
    run.age("bob");
    let visitor = RequestId(3);
    run.start(visitor, None);
    run.send(set_color().of(visitor));
    let comes = || RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(visitor);
    for (event, id, expected) in [
        (comes(), bob, false),
        (comes(), alice, true),
        (RequestEvent::FinishRequest { outcome: Outcome::Failed }.of(visitor), bob, true),
    ] {
        let broken = run.altered(event.clone(), put(id, None));
        let found = broken.contains(Property::OthersAreLeftAlone);
        assert_eq!(found, expected, "{event:?}, {id:?}");
    }
}

/// Each event, and whose session it may change: neither, alice's, bob's, or both.
#[test]
fn a_change_of_another_session_is_found() {
    let mut run = two_users(&Config::STRICT);
    run.send(RequestEvent::CreateFormToken.of(ALICE));
    let [alice, bob] = ["alice", "bob"].map(|user| run.id_of(user));
    let handle = |id| run.state.get(&id).unwrap().handle().unwrap();
    let start = |id| Event::StartRequest {
        request: RequestId(3),
        cookie: Some(CookieValue::Id(id)),
        remote_addr: "c".into(),
        script_name: "".into(),
        passive: false,
    };
    let finish = |outcome| RequestEvent::FinishRequest { outcome }.of(ALICE);
    let delete = |id| Event::Manager(ManagerEvent::DeleteSession { id });
    for (event, may) in [
        (set_color().of(ALICE), [true, false]),
        (RequestEvent::ExpireSession.of(ALICE), [true, false]),
        (RequestEvent::ExpireOtherSessions.of(ALICE), [false, false]),
        (RequestEvent::ExpireHandle { handle: handle(alice) }.of(ALICE), [true, false]),
        (RequestEvent::ExpireHandle { handle: handle(bob) }.of(ALICE), [false, false]),
        (finish(Outcome::Successful), [true, false]),
        (finish(Outcome::Failed), [true, false]),
        (start(alice), [true, false]),
        (start(bob), [false, true]),
        (delete(alice), [true, false]),
        (delete(bob), [false, true]),
        (Event::Manager(ManagerEvent::DeleteHandle { handle: handle(bob) }), [false, true]),
        (Event::Manager(ManagerEvent::DeleteSessionsOf { user: "bob".into() }), [false, true]),
        (Event::Manager(ManagerEvent::DeleteSessionsOf { user: "carol".into() }), [false, false]),
        (Event::Manager(ManagerEvent::Sweep), [false, false]),
    ] {
        for (id, may) in [alice, bob].into_iter().zip(may) {
            let session = changed(run.state.get(&id).unwrap());
            let broken = run.altered(event.clone(), put(id, Some(session)));
            let found = broken.contains(Property::OthersAreLeftAlone);
            assert_eq!(found, !may, "{event:?} changes the session of {id:?}");
        }
        let broken = run.altered(event.clone(), put([9; 16].into(), Some(with_tokens(1))));
        assert!(broken.contains(Property::OthersAreLeftAlone), "{event:?} begins another session");
    }
}
