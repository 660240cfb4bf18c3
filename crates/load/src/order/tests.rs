//! Which order is found where the calls themselves leave it open.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use quixote_session::{
    Handle, Reply, RequestEvent, RequestId, Session, SessionParts, StoreOp, Timestamp,
};

use super::order;
use crate::wire::{Asked, Called, During, Told, What};

const ANONYMOUS: [u8; 16] = [1; 16];
const LOGGED_IN: [u8; 16] = [2; 16];

/// A request of one call, which asked the store this, from then to then.
fn request(began: u64, ended: u64, what: What) -> Told {
    let during = During { began, ended };
    let event = RequestEvent::NewSession.of(RequestId(1));
    let asked = vec![Asked { during, what }];
    let called =
        Called { event, during, result: Ok(Reply::Done), unsaved: None, cookie: None, asked };
    Told { number: 1, calls: vec![called] }
}

fn session(user: Option<&str>) -> Box<Session> {
    let parts = SessionParts::from(Session::new("192.0.2.1".into(), Timestamp(0)));
    let user = user.map(Into::into);
    let parts = SessionParts { user, handle: Some(Handle::from([7; 16])), ..parts };
    Box::new(parts.try_into().unwrap())
}

fn did(op: StoreOp, expected: Option<u64>, revision: u64) -> What {
    What::Write { op, expected, revision, done: true }
}

/// A session is stored, a login moves it, its user ends it by its handle, and somebody looks for
/// it.
fn history(found: Option<(u64, Session)>, looks: (u64, u64)) -> Vec<Told> {
    let (from, to) = (ANONYMOUS.into(), LOGGED_IN.into());
    let create =
        StoreOp::Create { id: from, session: session(None), generation: None, discard_over: None };
    let login = StoreOp::Rotate { from, to, session: session(Some("alice")), generation: Some(0) };
    let end = StoreOp::DeleteHandle { handle: [7; 16].into(), user: Some("alice".into()) };
    vec![
        request(0, 1, did(create, None, 1)),
        // They overlap, and the end is over first.
        request(2, 9, did(login, Some(1), 2)),
        request(3, 8, did(end, None, 3)),
        request(looks.0, looks.1, What::Loaded { id: to, found }),
    ]
}

fn places(history: &[Told]) -> Option<Vec<usize>> {
    order(history).ok().map(|places| places.iter().map(|place| place.request).collect())
}

#[test]
fn who_misses_a_session_shows_that_the_end_of_it_came_after_the_login() {
    let missed = history(None, (10, 11));
    assert_eq!(places(&missed), Some(vec![0, 1, 2, 3]));
}

#[test]
fn who_finds_it_shows_that_the_end_came_before() {
    let found = history(Some((2, *session(Some("alice")))), (10, 11));
    assert_eq!(places(&found), Some(vec![0, 2, 1, 3]));
}

#[test]
fn nobody_misses_what_nobody_has_ended() {
    let mut missed = history(None, (10, 11));
    missed.remove(2);
    assert_eq!(places(&missed), None);
}
