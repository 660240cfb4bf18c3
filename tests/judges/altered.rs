//! Steps that the machine never takes: correct steps, altered before the checks see them.
//!
//! These properties hold under every semantics, so no real run can show that their checks would
//! notice a break.

use quixote_session::check::Property;
use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, Effects, Event, FormTokens, ManagerEvent, Outcome,
    RequestEvent, RequestId, Session, SessionId, SessionParts, State, StoreOp, SubmittedToken,
    Timestamp,
};

use crate::run::Run;

const ALICE: RequestId = RequestId(1);
const BOB: RequestId = RequestId(2);

fn two_users(config: &Config) -> Run {
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
fn put(id: SessionId, session: Option<Session>) -> impl FnOnce(&mut State, &mut Effects) {
    move |after, _| *after = after.clone().with_stored(id, session)
}

/// The session with a change in it.
fn changed(session: &Session) -> Session {
    let mut parts = SessionParts::from(session.clone());
    parts.values.insert("color".into(), "red".into());
    Session::try_from(parts).unwrap()
}

fn set_color() -> RequestEvent {
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

fn finish() -> Event {
    RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(ALICE)
}

/// Saves another session than the machine does, both in the operation and in the store.
fn saved(alter: impl FnOnce(&mut SessionParts)) -> impl FnOnce(&mut State, &mut Effects) {
    move |after, effects| {
        let (id, session) = match &mut effects.store {
            Some(StoreOp::Update { id, session } | StoreOp::Rotate { to: id, session, .. }) => {
                (*id, session)
            }
            other => panic!("{other:?} saves nothing"),
        };
        let mut parts = SessionParts::from((**session).clone());
        alter(&mut parts);
        let altered = Session::try_from(parts).unwrap();
        *session = altered.clone().into();
        *after = after.clone().with_stored(id, Some(altered));
    }
}

/// Saves under the old id instead of a new one.
fn stays(after: &mut State, effects: &mut Effects) {
    let Some(StoreOp::Rotate { from, to, session, .. }) = effects.store.take() else {
        panic!("nothing moves");
    };
    *after = after.clone().with_stored(to, None).with_stored(from, Some((*session).clone()));
    effects.store = Some(StoreOp::Update { id: from, session });
    effects.cookie = None;
}

/// A login, or a renewal that is not saved yet, needs a new id.
#[test]
fn a_save_under_the_old_id_is_found() {
    let begins = Property::LoginBeginsASession;
    for event in [RequestEvent::RenewSession, RequestEvent::SetUser { user: Some("alice".into()) }]
    {
        let mut run = two_users(&Config::STRICT);
        run.send(event.clone().of(ALICE));
        assert!(!run.altered(finish(), |_, _| {}).contains(begins), "{event:?}");
        assert!(run.altered(finish(), stays).contains(begins), "{event:?}");
        run.send(set_color().of(ALICE));
        assert!(run.altered(finish(), stays).contains(begins), "{event:?}, and a value");
    }
}

/// The session of a login has the moment and the address of the login.
#[test]
fn a_login_that_begins_no_session_is_found() {
    let mut run = two_users(&Config::STRICT);
    run.send(RequestEvent::SetUser { user: Some("alice".into()) }.of(ALICE));
    let found = |alter: fn(&mut SessionParts)| {
        run.altered(finish(), saved(alter)).contains(Property::LoginBeginsASession)
    };
    assert!(!found(|_| {}));
    assert!(found(|session| session.created = Timestamp(999)));
    assert!(found(|session| session.remote_addr = "d".into()));
}

/// Nothing but the spent token, or the taken value, may leave the session.
#[test]
fn what_goes_along_with_it_is_found() {
    let mut run = two_users(&Config::STRICT);
    for event in [
        set_color(),
        RequestEvent::SetValue { key: "size".into(), value: "large".into() },
        RequestEvent::CreateFormToken,
        RequestEvent::CreateFormToken,
    ] {
        run.send(event.of(ALICE));
    }
    run.finish(ALICE);
    let id = run.id_of("alice");
    let token = run.state.get(&id).unwrap().form_tokens().as_slice()[0];
    run.start(ALICE, Some(id));
    for event in [
        RequestEvent::RemoveFormToken { token: SubmittedToken::Token(token) },
        RequestEvent::TakeValue { key: "color".into() },
    ] {
        let found = |alter: fn(&mut SessionParts)| {
            let broken = run.altered(event.clone().of(ALICE), saved(alter));
            broken.contains(Property::NoUpdateIsLost)
        };
        assert!(!found(|_| {}), "{event:?}");
        for (place, alter) in [
            |session: &mut SessionParts| session.user = None,
            |session: &mut SessionParts| session.handle = Some([9; 16].into()),
            |session: &mut SessionParts| session.remote_addr = "d".into(),
            |session: &mut SessionParts| session.created = Timestamp(999),
            |session: &mut SessionParts| _ = session.values.remove("size"),
            |session: &mut SessionParts| _ = session.values.insert("size".into(), "".into()),
            |session: &mut SessionParts| _ = session.values.insert("shape".into(), "".into()),
            |session: &mut SessionParts| session.form_tokens = FormTokens::default(),
        ]
        .into_iter()
        .enumerate()
        {
            assert!(found(alter), "{event:?}, {place}");
        }
        let all = run.altered(event.clone().of(ALICE), put(id, None));
        assert!(all.contains(Property::NoUpdateIsLost), "{event:?}");
    }
}

/// Neither a change of the request nor anything else may be lost.
#[test]
fn a_save_that_loses_something_is_found() {
    let mut run = two_users(&Config::STRICT);
    run.send(RequestEvent::SetValue { key: "size".into(), value: "large".into() }.of(ALICE));
    run.finish(ALICE);
    let id = run.id_of("alice");
    run.start(ALICE, Some(id));
    run.send(set_color().of(ALICE));
    run.send(RequestEvent::CreateFormToken.of(ALICE));
    let lost = Property::NoUpdateIsLost;
    let found = |alter: fn(&mut SessionParts)| run.altered(finish(), saved(alter)).contains(lost);
    assert!(!found(|_| {}));
    assert!(found(|session| _ = session.values.remove("color")));
    assert!(found(|session| _ = session.values.remove("size")));
    assert!(found(|session| _ = session.values.insert("shape".into(), "".into())));
    assert!(found(|session| session.form_tokens = FormTokens::default()));
    assert!(found(|session| session.user = None));
    let all = run.altered(finish(), |after, effects| {
        *after = after.clone().with_stored(id, None);
        effects.store = None;
    });
    assert!(all.contains(lost));
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
