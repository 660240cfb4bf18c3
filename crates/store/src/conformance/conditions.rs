//! Each operation by itself.

use std::sync::Arc;

use quixote_session::driver::{Revision, Stored};
use quixote_session::{Config, Session, StoreOp, Timestamp};

use super::contents::keeps_what_is_written;
use super::names::tells_names_apart;
use super::sweeps::sweeps;
use super::writer::{NOW, Writer, handle, id, session};
use crate::store::Store;

/// Tries each operation where its condition holds, and where it does not, one after another. The
/// store must be empty, and is empty afterwards, except for the counts of ends. Sessions are as
/// large and as old as this configuration allows.
pub async fn conditions(store: Arc<dyn Store>, config: &Config) {
    let mut writer = Writer::new(store);
    writer.config = config.clone();
    creates_and_updates(&mut writer).await;
    finds_what_was_updated(&mut writer).await;
    rotates(&mut writer).await;
    discards(&mut writer).await;
    ends_users(&mut writer).await;
    ends_handles(&mut writer).await;
    sweeps(&mut writer, config).await;
    keeps_what_is_written(&mut writer, config).await;
    tells_names_apart(&mut writer, config).await;
}

/// Revisions that each differ from this one in a bit that a store with smaller numbers would lose.
fn others(revision: Option<Revision>) -> impl Iterator<Item = Option<Revision>> {
    let bits = [0, 31, 32, 63].into_iter();
    bits.map(move |bit| revision.map(|revision| Revision(revision.0 ^ 1 << bit)))
}

async fn creates_and_updates(writer: &mut Writer) {
    assert_eq!(writer.load(1).await, None, "the store is empty at first");
    assert!(writer.create(1, None, None).await);
    let (created, revision) = (session(None, 1, NOW), Some(writer.last()));
    let stored = Stored { revision: writer.last(), session: created };
    assert_eq!(writer.load(1).await, Some(stored), "what is written is read");
    assert!(!writer.create(1, Some("alice"), None).await, "an id that is taken");
    assert_eq!(writer.revision(1).await, revision);

    let changed = session(Some("alice"), 1, NOW);
    let update = |session: Session| StoreOp::Update { id: id(1), session: session.into() };
    for other in others(revision) {
        assert!(!writer.write(update(changed.clone()), other).await, "another revision: {other:?}");
        assert_eq!(writer.revision(1).await, revision, "nothing was written");
    }
    assert!(writer.write(update(changed.clone()), revision).await);
    assert_eq!(writer.revision(1).await, Some(writer.last()), "the revision is the write's");
    let expected = Some(writer.last());
    assert!(!writer.write(update(changed.clone()), revision).await, "the one before");
    let (op, session) = (id(2), changed.clone().into());
    assert!(!writer.write(StoreOp::Update { id: op, session }, expected).await, "nothing there");

    // A visit conflicts with nothing, and the later one stays.
    let later = Timestamp(NOW.0 + 60_001);
    for accessed in [later, Timestamp(NOW.0 + 1)] {
        assert!(writer.write(StoreOp::Touch { id: id(1), accessed }, None).await);
    }
    assert_eq!(writer.revision(1).await, expected, "a visit is no new revision");
    assert_eq!(writer.load(1).await.unwrap().session.accessed(), later);
    assert!(writer.write(update(changed), expected).await);
    assert_eq!(writer.load(1).await.unwrap().session.accessed(), later);
    assert!(writer.write(StoreOp::Touch { id: id(9), accessed: later }, None).await);
    assert_eq!(writer.load(9).await, None, "a visit begins nothing");
}

/// A session is found by the user and the handle that it has now, and no longer by the old ones.
async fn finds_what_was_updated(writer: &mut Writer) {
    assert!(writer.create(40, Some("carol"), None).await);
    let (revision, session) = (writer.revision(40).await, session(Some("dave"), 41, NOW).into());
    assert!(writer.write(StoreOp::Update { id: id(40), session }, revision).await);
    let mut of = Vec::new();
    for user in ["carol", "dave"] {
        of.push(writer.store.sessions_of(user).await.unwrap().len());
    }
    assert_eq!(of, [0, 1], "sessions of the user before, and of the one after an update");
    let end = |of| StoreOp::DeleteHandle { handle: handle(of), user: None };
    assert!(writer.write(end(40), None).await);
    assert!(writer.load(40).await.is_some(), "the handle is another");
    assert!(writer.write(end(41), None).await);
    assert_eq!(writer.load(40).await, None);
}

async fn rotates(writer: &mut Writer) {
    let revision = writer.revision(1).await;
    let rotate = |to, generation| {
        let session = session(Some("alice"), 1, NOW).into();
        StoreOp::Rotate { from: id(1), to: id(to), session, generation }
    };
    assert!(writer.create(2, None, None).await);
    assert!(!writer.write(rotate(2, None), revision).await, "to an id that is taken");
    assert!(!writer.write(rotate(3, Some(1)), revision).await, "in another generation");
    for other in others(revision) {
        assert!(!writer.write(rotate(3, None), other).await, "another revision: {other:?}");
    }
    assert_eq!((writer.revision(1).await, writer.load(3).await), (revision, None));
    assert!(writer.write(rotate(3, Some(0)), revision).await);
    assert_eq!((writer.load(1).await, writer.revision(3).await), (None, Some(writer.last())));
    let moved = writer.load(3).await.unwrap().session;
    assert_eq!(moved.accessed(), Timestamp(NOW.0 + 60_001), "a later visit moves along");
    assert!(!writer.write(rotate(4, None), revision).await, "the old id is dead");
}

async fn discards(writer: &mut Writer) {
    let revision = writer.revision(2).await;
    let discard = StoreOp::Discard { id: id(2) };
    for other in others(revision) {
        let written = writer.write_at(discard.clone(), other, Some(NOW)).await;
        assert!(!written, "another revision: {other:?}");
    }
    let touched = Timestamp(NOW.0 + 5);
    assert!(writer.write(StoreOp::Touch { id: id(2), accessed: touched }, None).await);
    assert!(!writer.write_at(discard.clone(), revision, Some(NOW)).await, "visited meanwhile");
    assert_eq!(writer.revision(2).await, revision);
    assert!(writer.write_at(discard.clone(), revision, Some(touched)).await);
    assert_eq!(writer.load(2).await, None);
    assert!(!writer.write_at(discard, revision, Some(touched)).await, "gone already");
    for of in [3, 3] {
        assert!(writer.write(StoreOp::Delete { id: id(of) }, None).await, "or gone already");
    }
    assert_eq!(writer.load(3).await, None);
}

async fn ends_users(writer: &mut Writer) {
    let generation = async |writer: &Writer, user| writer.store.generation(user).await.unwrap();
    for (of, user) in [(10, "alice"), (11, "alice"), (12, "Alice"), (13, ""), (14, "a\u{301}")] {
        assert!(writer.create(of, Some(user), Some(0)).await);
    }
    let of_alice = writer.store.sessions_of("alice").await.unwrap();
    let mut handles: Vec<_> = of_alice.iter().filter_map(Session::handle).collect();
    handles.sort_unstable();
    assert_eq!(handles, [handle(10), handle(11)], "the sessions of alice, and of no Alice");

    let end = |except| StoreOp::DeleteUser { user: "alice".into(), except };
    let revision = writer.revision(10).await;
    for other in others(revision) {
        assert!(!writer.write(end(Some(id(10))), other).await, "the spared one has changed since");
    }
    assert!(!writer.write(end(Some(id(19))), revision).await, "the spared one is gone");
    assert_eq!(generation(writer, "alice").await, 0, "what was not done is not counted");
    assert_eq!(writer.store.sessions_of("alice").await.unwrap().len(), 2, "nothing was ended");
    assert!(writer.write(end(Some(id(10))), revision).await);
    assert_eq!((writer.revision(10).await, writer.load(11).await), (revision, None));
    assert_eq!(generation(writer, "alice").await, 1);
    assert!(!writer.create(15, Some("alice"), Some(0)).await, "a login from before");
    assert!(!writer.create(15, Some("alice"), Some(2)).await, "a generation that is none yet");
    logs_in_over_another(writer).await;
    assert!(writer.create(15, Some("alice"), Some(1)).await);
    assert!(writer.create(16, Some("alice"), None).await, "no login");
    assert!(writer.write(end(None), None).await);
    assert!(writer.store.sessions_of("alice").await.unwrap().is_empty());
    assert_eq!((generation(writer, "alice").await, generation(writer, "Alice").await), (2, 0));
    assert!(writer.write(end(None), None).await);
    assert_eq!(generation(writer, "alice").await, 3, "an end counts where there is no session");
    for (of, user) in [(12, "Alice"), (13, ""), (14, "a\u{301}")] {
        assert!(writer.load(of).await.is_some(), "users are compared byte by byte");
        let user = user.into();
        assert!(writer.write(StoreOp::DeleteUser { user, except: None }, None).await);
        assert_eq!(writer.load(of).await, None);
    }
}

/// The generation that counts is that of the user who logs in, and not of the user before.
async fn logs_in_over_another(writer: &mut Writer) {
    assert!(writer.create(17, Some("alice"), Some(1)).await);
    let (from, to) = (id(17), id(18));
    let session = session(Some("erin"), 18, NOW).into();
    let revision = writer.revision(17).await;
    let rotate = |generation| StoreOp::Rotate {
        from,
        to,
        session: Clone::clone(&session),
        generation: Some(generation),
    };
    assert!(!writer.write(rotate(1), revision).await, "of the generation of the user before");
    assert!(writer.write(rotate(0), revision).await, "of the generation of the one who logs in");
    let mut of = Vec::new();
    for user in ["alice", "erin"] {
        of.push(writer.store.sessions_of(user).await.unwrap().len());
    }
    assert_eq!(of, [1, 1], "sessions of alice and of erin, who logged in over one of alice");
    // One session of the user is deleted, and the other one stays.
    assert!(writer.create(19, Some("erin"), Some(0)).await);
    assert!(writer.write(StoreOp::Delete { id: to }, None).await);
    assert_eq!(writer.load(18).await, None, "it is deleted");
    assert!(writer.load(19).await.is_some(), "with one, all of its user went");
    assert_eq!(writer.store.generation("erin").await.unwrap(), 0, "and the user was not ended");
    assert!(writer.write(StoreOp::Delete { id: id(19) }, None).await);
}

async fn ends_handles(writer: &mut Writer) {
    for (of, user) in [(20, Some("alice")), (21, None)] {
        assert!(writer.create(of, user, None).await);
    }
    let end = |of, user: Option<&str>| StoreOp::DeleteHandle {
        handle: handle(of),
        user: user.map(Into::into),
    };
    assert!(writer.write(end(20, Some("bob")), None).await);
    assert!(writer.write(end(21, Some("bob")), None).await);
    assert!(writer.write(end(99, None), None).await);
    assert!(writer.load(20).await.is_some() && writer.load(21).await.is_some());
    assert!(writer.write(end(20, Some("alice")), None).await);
    assert!(writer.write(end(21, None), None).await);
    assert!(writer.load(20).await.is_none() && writer.load(21).await.is_none());
}
