//! Steps that the machine never takes: correct steps, altered before the checks see them.
//!
//! These properties hold under every semantics, so no real run can show that their checks would
//! notice a break.

use quixote_session::check::Property;
use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, Effects, Event, FormTokens, ManagerEvent, Outcome,
    Reply, RequestEvent, RequestId, Session, SessionId, SessionParts, State, StoreOp,
    SubmittedToken, Timestamp,
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

/// A save without a login, even one that moves the session, leaves where and when it began, its
/// handle and the noted access; and a full queue loses its oldest token.
#[test]
fn a_save_that_changes_more_than_was_asked_is_found() {
    let capped = Config { max_form_tokens: 2, ..Config::STRICT };
    for asked in [set_color(), RequestEvent::RenewSession] {
        let mut run = two_users(&capped);
        let token = || RequestEvent::CreateFormToken.of(ALICE);
        run.send(token());
        run.send(token());
        run.finish(ALICE);
        run.start(ALICE, Some(run.id_of("alice")));
        run.send(asked.clone().of(ALICE));
        run.send(token());
        let found = |alter: fn(&mut SessionParts)| {
            run.altered(finish(), saved(alter)).contains(Property::NoUpdateIsLost)
        };
        assert!(!found(|_| {}), "{asked:?}");
        for (place, alter) in [
            |session: &mut SessionParts| session.handle = Some([9; 16].into()),
            |session: &mut SessionParts| session.handle = None,
            |session: &mut SessionParts| session.remote_addr = "d".into(),
            |session: &mut SessionParts| session.created = Timestamp(999),
            |session: &mut SessionParts| {
                (session.created, session.accessed) = (Timestamp(999), Timestamp(999));
            },
            |session: &mut SessionParts| {
                let mut tokens = Vec::from(std::mem::take(&mut session.form_tokens));
                tokens.reverse();
                session.form_tokens = tokens.try_into().unwrap();
            },
            |session: &mut SessionParts| {
                let tokens = Vec::from(std::mem::take(&mut session.form_tokens));
                session.form_tokens = vec![[9; 16].into(), tokens[0]].try_into().unwrap();
            },
        ]
        .into_iter()
        .enumerate()
        {
            assert!(found(alter), "{asked:?}, {place}");
        }
    }
}

/// A login keeps the handle unless another user was there, and takes the tokens of before.
#[test]
fn a_login_with_a_handle_or_token_of_its_own_is_found() {
    let mut run = Run::of(&Config::STRICT, &[]);
    run.start(ALICE, None);
    run.send(set_color().of(ALICE));
    run.finish(ALICE);
    run.start(ALICE, Some(run.state.keys()[0]));
    run.send(RequestEvent::CreateFormToken.of(ALICE));
    run.send(RequestEvent::SetUser { user: Some("alice".into()) }.of(ALICE));
    let found = |run: &Run, alter: fn(&mut SessionParts)| {
        run.altered(finish(), saved(alter)).contains(Property::NoUpdateIsLost)
    };
    let other_handle = |session: &mut SessionParts| session.handle = Some([9; 16].into());
    let token = |session: &mut SessionParts| {
        session.form_tokens = vec![[9; 16].into()].try_into().unwrap();
    };
    assert!(!found(&run, |_| {}) && found(&run, other_handle) && found(&run, token));
    run.send(RequestEvent::SetUser { user: Some("bob".into()) }.of(ALICE));
    assert!(!found(&run, |_| {}) && !found(&run, other_handle) && found(&run, token));
}

/// What a request guards, another one has changed: no save may succeed, unless the request has
/// taken the value, or its user has gone.
#[test]
fn a_save_over_a_guarded_value_that_changed_is_found() {
    let key = || "color".into();
    for (between, expected) in [
        (None, true),
        (Some(RequestEvent::TakeValue { key: key() }), false),
        (Some(RequestEvent::SetUser { user: Some("bob".into()) }), false),
    ] {
        let mut run = two_users(&Config::STRICT);
        run.send(set_color().of(ALICE));
        run.finish(ALICE);
        let id = run.id_of("alice");
        run.start(ALICE, Some(id));
        run.send(RequestEvent::GuardValue { key: key() }.of(ALICE));
        let told = format!("{between:?}");
        if let Some(event) = between {
            run.send(event.of(ALICE));
        }
        let other = changed(run.state.get(&id).unwrap());
        run.state = std::mem::take(&mut run.state).with_stored(id, Some(other.clone()));
        let broken = run.altered(finish(), |after, effects| {
            // The machine refuses; here it writes what is there.
            if effects.reply != Reply::Done {
                *effects = Effects::reply(Reply::Done);
                effects.store = Some(StoreOp::Update { id, session: other.clone().into() });
                *after = after.clone().with_stored(id, Some(other));
            }
        });
        assert_eq!(broken.contains(Property::NoUpdateIsLost), expected, "{told}");
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
