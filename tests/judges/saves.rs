//! Saves that the machine never makes: of another session than it has, or under another id.

use quixote_session::check::Property;
use quixote_session::{
    Config, Effects, Event, FormTokens, Outcome, Reply, RequestEvent, Session, SessionParts, State,
    StoreOp, SubmittedToken, Timestamp,
};

use crate::altered::{ALICE, changed, put, set_color, two_users};
use crate::run::Run;

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

/// A session has room for 1 to 16 tokens, whatever the configuration says.
// [config-22]
#[test]
fn a_queue_of_any_length_is_right_as_the_machine_has_it() {
    for max_form_tokens in [0, 1, 2, 16, 17, 255] {
        let mut run = two_users(&Config { max_form_tokens, ..Config::STRICT });
        for _ in 0..18 {
            run.send(RequestEvent::CreateFormToken.of(ALICE));
            let token = run.state.session(ALICE).unwrap().session.form_tokens().as_slice();
            let token = SubmittedToken::Token(*token.last().unwrap());
            run.send(RequestEvent::HasFormToken { token }.of(ALICE));
        }
        run.finish(ALICE);
        run.start(ALICE, Some(run.id_of("alice")));
        run.send(RequestEvent::CreateFormToken.of(ALICE));
        run.finish(ALICE);
    }
}
