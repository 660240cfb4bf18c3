//! Several processes or tasks that see one store.

use std::sync::Arc;

use quixote_session::{Session, SessionId, SessionParts, StoreOp};

use super::writer::{NOW, Writer, id, session};
use crate::store::Store;

/// Checks one store as two processes have it: each reads what the other has written, whatever it
/// has read before.
pub async fn shared(one: Arc<dyn Store>, other: Arc<dyn Store>) {
    let mut one = Writer::new(one);
    let mut other = Writer::from(other, 1 << 40);
    let generation = other.store.generation("shared").await.unwrap();
    assert!(one.create(60, Some("shared"), Some(generation)).await);
    is_seen_by(&one, &other, "what was created").await;
    let revision = one.revision(60).await;

    let later = SessionParts { accessed: quixote_session::Timestamp(NOW.0 + 5), ..parts() };
    let touch = StoreOp::Touch { id: id(60), accessed: later.accessed };
    assert!(one.write(touch, None).await);
    is_seen_by(&one, &other, "a visit").await;

    let changed = SessionParts { values: [("key".into(), "changed".into())].into(), ..later };
    let session = Box::new(Session::try_from(changed).unwrap());
    let update = || StoreOp::Update { id: id(60), session: session.clone() };
    assert!(one.write(update(), revision).await);
    is_seen_by(&one, &other, "an update").await;
    assert!(!other.write(update(), revision).await, "over what the other one has changed");
    let revision = other.revision(60).await;
    assert!(other.write(update(), revision).await, "over what the other one has written");
    is_seen_by(&one, &other, "the update of the second").await;

    let end = StoreOp::DeleteUser { user: "shared".into(), except: None };
    assert!(one.write(end, None).await);
    is_seen_by(&one, &other, "the end of the user").await;
    let ended = other.store.generation("shared").await.unwrap();
    assert_eq!(ended, generation + 1, "how often the other one has ended the user");
    let late = other.create(61, Some("shared"), Some(generation)).await;
    assert!(!late, "a login from before the end by the other one");
}

fn parts() -> SessionParts {
    session(Some("shared"), 60, NOW).into()
}

async fn is_seen_by(one: &Writer, other: &Writer, what: &str) {
    assert_eq!(other.load(60).await, one.load(60).await, "{what} is seen by the other one");
    let (own, others) = (one.store.sessions_of("shared"), other.store.sessions_of("shared"));
    assert_eq!(others.await.unwrap(), own.await.unwrap(), "{what} is listed by the other one");
}

/// Moves a session several times while others look. It must always be found under one of its ids,
/// and never under two.
pub async fn moves(store: Arc<dyn Store>, rounds: u64) {
    let mut writer = Writer::new(store.clone());
    let at = |round: u64| SessionId::from([0xee; 16].map(|byte: u8| byte ^ (round % 251) as u8));
    let own = || session(Some("mover"), 62, NOW);
    assert!(writer.create_as(at(0), own(), None).await);
    for round in 0..rounds {
        let looks = tokio::spawn(look(store.clone(), at(round), at(round + 1)));
        let lists = tokio::spawn(list(store.clone()));
        tokio::task::yield_now().await;
        let (from, to, session) = (at(round), at(round + 1), own().into());
        let rotate = StoreOp::Rotate { from, to, session, generation: None };
        let last = Some(writer.last());
        assert!(writer.write(rotate, last).await, "move {round}");
        looks.await.unwrap();
        lists.await.unwrap();
    }
    assert!(writer.write(StoreOp::Delete { id: at(rounds) }, None).await);
}

/// Once the session is under the new id, it is not under the old one.
async fn look(store: Arc<dyn Store>, from: SessionId, to: SessionId) {
    for _ in 0..1000 {
        if store.load(to).await.unwrap().is_some() {
            let old = store.load(from).await.unwrap();
            return assert!(old.is_none(), "a session that has moved is under its old id, too");
        }
        tokio::task::yield_now().await;
    }
}

async fn list(store: Arc<dyn Store>) {
    for _ in 0..8 {
        let listed = store.sessions_of("mover").await.unwrap().len();
        assert_eq!(listed, 1, "how often a session is listed while it moves");
    }
}
