//! Section `event`.

use quixote_session::{
    Config, CookieChange, CookieValue, Event, FormToken, ManagerEvent, Refusal, Reply,
    RequestEvent, RequestId, Semantics, SessionId, StoreOp, SubmittedToken,
};

use super::run::{ALL, Failed, QUIXOTE, Run, Successful, expire, finish, set_value};

const ONE: RequestId = RequestId(1);

/// The start of a request without a cookie.
pub(super) fn start(request: RequestId) -> Event {
    let (remote_addr, script_name) = ("".into(), "".into());
    Event::StartRequest { request, cookie: None, remote_addr, script_name }
}

/// Every event of a request but its start; which need a session stands beside it.
pub(super) fn events_of(request: RequestId) -> Vec<(Event, bool)> {
    let token = SubmittedToken::IllFormed;
    vec![
        (RequestEvent::SetUser { user: None }.of(request), true),
        (set_value(request.0, "k", "v"), true),
        (RequestEvent::RemoveValue { key: "k".into() }.of(request), true),
        (RequestEvent::CreateFormToken.of(request), true),
        (RequestEvent::HasFormToken { token }.of(request), true),
        (RequestEvent::RemoveFormToken { token }.of(request), true),
        (expire(request.0), true),
        (RequestEvent::MaintainSession.of(request), true),
        (RequestEvent::HasSessionCookie { must_exist: false }.of(request), false),
        (RequestEvent::RevokeSessionCookie.of(request), false),
        (RequestEvent::InsertSession { id: [1; 8].into(), user: None }.of(request), false),
        (RequestEvent::NewSession.of(request), false),
        (finish(request.0, Successful), false),
    ]
}

// [event-1] [event-2]
#[test]
fn a_request_starts_once_and_then_is_open() {
    for config in &ALL {
        let mut run = Run::of(config);
        for (event, _) in events_of(ONE) {
            run.refused(event, Refusal::UnknownRequest);
        }
        run.send(start(ONE));
        run.refused(start(ONE), Refusal::RequestOpen);
        run.finish(1, Successful);
        run.refused(finish(1, Successful), Refusal::UnknownRequest);
    }
}

// [event-3]
#[test]
fn a_request_whose_session_was_expired_has_none() {
    for config in &ALL {
        let mut run = Run::of(config);
        run.start(1, None);
        run.done(expire(1));
        for (event, needs_session) in events_of(ONE) {
            if needs_session {
                run.refused(event, Refusal::NoSession);
            } else {
                let reply = run.send(event);
                assert_ne!(reply, Reply::Refused(Refusal::NoSession));
                if let Some(_begun) = run.held(1) {
                    run.done(expire(1));
                }
            }
        }
    }
}

// [event-4] [event-5] [event-6] [event-7]
#[test]
fn a_request_changes_what_it_holds() {
    for config in &ALL {
        let mut run = Run::of(config);
        run.start(1, None);
        let remove = |key: &str| RequestEvent::RemoveValue { key: key.into() }.of(ONE);
        run.refused(remove("k"), Refusal::UnknownKey);
        for user in [Some("alice"), Some(""), None, Some("bob")] {
            run.set_user(1, user);
            assert_eq!(run.held(1).unwrap().session.user().map(AsRef::as_ref), user);
        }
        for (key, value) in [("k", "1"), ("k", "2"), ("", "")] {
            run.set_value(1, key, value);
            assert_eq!(run.held(1).unwrap().session.values()[key], value);
        }
        run.done(remove("k"));
        run.refused(remove("k"), Refusal::UnknownKey);
        assert_eq!(run.held(1).unwrap().session.values().len(), 1);
        let id = run.save(1).unwrap();
        assert_eq!((run.stored_user(id), run.value(id, "")), (Some("bob"), Some("")));
    }
}

// [event-8] [event-9] [event-10] [event-11]
#[test]
fn a_token_is_created_asked_for_and_spent() {
    for config in &ALL {
        let mut run = Run::of(config);
        run.start(1, None);
        let token = run.token(1);
        assert_eq!(run.held(1).unwrap().session.form_tokens().as_slice(), [token]);
        let id = run.save(1).unwrap();
        run.start(2, Some(id));
        assert!(run.has_token(2, token) && run.has_token(2, token), "asking spends nothing");
        let ill_formed = SubmittedToken::IllFormed;
        let asked = RequestEvent::HasFormToken { token: ill_formed }.of(RequestId(2));
        assert!(!run.asks(asked));
        let spend = |token| RequestEvent::RemoveFormToken { token }.of(RequestId(2));
        run.refused(spend(ill_formed), Refusal::UnknownToken);
        run.refused(spend(FormToken::from([9; 8]).into()), Refusal::UnknownToken);
        run.set_value(2, "k", "v");
        run.start(3, Some(id));
        run.set_value(3, "k", "v");
        run.finish(3, Successful);
        run.done(spend(token.into()));
        run.refused(spend(token.into()), Refusal::UnknownToken);
        assert!(!run.has_token(2, token));
    }
}

// [event-12] [event-13]
#[test]
fn a_request_knows_its_cookie() {
    for config in &ALL {
        let mut run = Run::of(config);
        let id = run.log_in("alice");
        let dead: SessionId = "00000000000000ff".parse().unwrap();
        for (cookie, carried, exists) in [
            (None, false, false),
            (Some(CookieValue::from("")), true, false),
            (Some(CookieValue::from("*del*")), true, false),
            (Some(CookieValue::Id(dead)), true, false),
            (Some(CookieValue::Id(id)), true, true),
        ] {
            run.start_with(1, cookie, "");
            assert_eq!((run.has_cookie(1, false), run.has_cookie(1, true)), (carried, exists));
            run.finish(1, Successful);
        }
        run.start(1, Some(id));
        run.done(Event::Manager(ManagerEvent::DeleteSession { id }));
        assert_eq!((run.has_cookie(1, false), run.has_cookie(1, true)), (true, false));
        run.done(expire(1));
        assert!(!run.has_cookie(1, false));
    }
}

// [event-14] [event-15] [event-16]
#[test]
fn quixote_revokes_the_cookie_and_leaves_the_session() {
    for config in &QUIXOTE {
        let mut run = Run::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.done(RequestEvent::RevokeSessionCookie.of(ONE));
        assert_eq!(run.state.request_cookie(ONE), None);
        assert_eq!(run.held(1).unwrap().id, Some(id));
        run.finish(1, Successful);
        assert_eq!(run.cookie(), Some(CookieChange::Revoke));
        assert_eq!(run.user_of(id).as_deref(), Some("alice"));
    }
}

// [event-17] [event-28] [event-29]
#[test]
fn strict_neither_orphans_nor_saves_early_nor_lets_choose() {
    let mut run = Run::of(&Config::STRICT);
    let id = run.log_in("alice");
    for cookie in [None, Some(id)] {
        run.start(1, cookie);
        run.set_value(1, "k", "v");
        run.refused(RequestEvent::RevokeSessionCookie.of(ONE), Refusal::WouldOrphan);
        run.refused(RequestEvent::MaintainSession.of(ONE), Refusal::SavedAtFinish);
        for chosen in [id, [7; 16].into()] {
            let insert = RequestEvent::InsertSession { id: chosen, user: None }.of(ONE);
            run.refused(insert, Refusal::IdNotIssued);
        }
        run.finish(1, Failed);
    }
}

// [event-18] [event-19] [event-20] [event-21]
#[test]
fn expiry_deletes_revokes_hides_and_leaves_nothing() {
    for config in &ALL {
        for gone in [false, true] {
            let mut run = Run::of(config);
            let id = run.log_in("alice");
            run.start(1, Some(id));
            if gone {
                run.done(Event::Manager(ManagerEvent::DeleteSession { id }));
            }
            run.done(expire(1));
            let delete = (!gone).then_some(StoreOp::Delete { id });
            assert_eq!(run.effects.store, delete);
            assert!(run.state.is_empty() && run.held(1).is_none());
            assert_eq!(run.state.request_cookie(ONE), None);
            run.finish(1, Successful);
            assert_eq!(run.cookie(), Some(CookieChange::Revoke));
        }
        let mut run = Run::of(config);
        run.start(1, None);
        run.done(expire(1));
        run.finish(1, Successful);
        assert_eq!(run.cookie(), Some(CookieChange::Revoke), "also where none was stored");
    }
}

// [event-22] [event-23] [event-24]
#[test]
fn a_new_session_takes_the_place_of_what_was_held() {
    for config in &ALL {
        let mut run = Run::of(config);
        let id = run.log_in("alice");
        let begin = RequestEvent::NewSession.of(ONE);
        run.start(1, Some(id));
        if config.semantics == Semantics::Strict {
            run.refused(begin.clone(), Refusal::WouldOrphan);
            run.done(Event::Manager(ManagerEvent::DeleteSession { id }));
        }
        run.now += 7;
        run.done(begin.clone());
        let held = run.held(1).unwrap();
        assert_eq!((held.id, held.session.user(), held.session.created().0), (None, None, run.now));
        run.set_user(1, Some("bob"));
        let new = run.save(1).unwrap();
        assert_eq!(run.stored_user(new), Some("bob"));
        run.start(1, None);
        run.set_value(1, "k", "v");
        run.done(begin);
        assert_eq!(run.save(1), None, "what it held was not stored, and is not");
    }
    let mut run = Run::of(&Config::STRICT);
    let id = run.log_in("alice");
    run.start(1, Some(id));
    run.now += 30 * 60_000;
    run.done(RequestEvent::NewSession.of(ONE));
    assert_eq!(run.effects.store, Some(StoreOp::Discard { id }));
    assert!(run.state.is_empty());
}

// [event-25] [event-26] [event-27]
#[test]
fn quixote_saves_in_the_middle() {
    for config in &QUIXOTE {
        let maintain = RequestEvent::MaintainSession.of(ONE);
        let mut run = Run::of(config);
        run.start(1, None);
        run.done(maintain.clone());
        assert!(run.state.is_empty());
        run.set_user(1, Some("alice"));
        run.done(maintain.clone());
        let id = run.held(1).unwrap().id.unwrap();
        assert_eq!(run.stored_user(id), Some("alice"));
        assert!(matches!(run.effects.store, Some(StoreOp::Put { .. })));
        assert_eq!(run.save(1), Some(id), "the cookie leaves with the response");
        let mut other = Run::of(config);
        other.state = run.state.clone();
        other.start(1, Some(id));
        assert!(other.has_cookie(1, false));
        other.set_user(1, None);
        other.done(maintain);
        assert_eq!(other.effects.store, Some(StoreOp::Delete { id }));
        assert!(!other.has_cookie(1, false));
        other.finish(1, Successful);
        assert_eq!(other.cookie(), Some(CookieChange::Revoke));
    }
}

// [event-30]
#[test]
fn quixote_stores_under_a_chosen_id() {
    for config in &QUIXOTE {
        let mut run = Run::of(config);
        let id = run.log_in("alice");
        run.start(1, None);
        for user in [Some("bob"), None] {
            run.now += 3;
            let chosen = user.map(Into::into);
            run.done(RequestEvent::InsertSession { id, user: chosen }.of(ONE));
            let stored = run.stored(id).unwrap();
            assert_eq!((run.stored_user(id), stored.created().0), (user, run.now));
            assert_eq!((run.state.len(), stored.remote_addr()), (1, "192.0.2.1"));
        }
        assert_eq!(run.held(1).unwrap().id, None);
    }
}

// [event-31] [event-32] [event-33]
#[test]
fn the_manager_deletes_one_session_or_all_of_a_user() {
    for config in &ALL {
        let mut run = Run::of(config);
        let ids = ["alice", "bob", "alice"].map(|user| run.log_in(user));
        run.done(Event::Manager(ManagerEvent::DeleteSession { id: ids[0] }));
        run.refused(
            Event::Manager(ManagerEvent::DeleteSession { id: ids[0] }),
            Refusal::UnknownSession,
        );
        let another = run.log_in("alice");
        run.start(1, Some(another));
        run.done(Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() }));
        assert_eq!(run.effects.store, Some(StoreOp::DeleteAll { ids: vec![ids[2], another] }));
        assert_eq!(run.state.keys(), [ids[1]]);
        run.done(Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() }));
        assert_eq!(run.effects.store, None);
    }
}

// [event-34]
#[test]
fn a_sweep_takes_what_is_over_and_nothing_else() {
    for config in &ALL {
        let mut run = Run::of(config);
        run.log_in("alice");
        run.now += 30 * 60_000 - 1;
        let young = run.log_in("bob");
        run.now += 1;
        let before = run.state.clone();
        run.done(Event::Manager(ManagerEvent::Sweep));
        if config.semantics == Semantics::Strict {
            assert_eq!(run.state.keys(), [young]);
        } else {
            assert!(run.state == before && run.effects.store.is_none());
        }
    }
}
