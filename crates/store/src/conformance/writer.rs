//! What the checks of single operations write with.

use std::sync::Arc;

use quixote_session::driver::{Over, Revision, Stored, Write};
use quixote_session::{Config, Handle, Session, SessionId, SessionParts, StoreOp, Timestamp};

use crate::store::Store;

pub(super) const NOW: Timestamp = Timestamp(1_000_000_000_000);

pub(super) fn id(byte: u8) -> SessionId {
    [byte; 16].into()
}

pub(super) fn handle(byte: u8) -> Handle {
    [byte; 16].into()
}

/// A session of this user, accessed at this moment.
pub(super) fn session(user: Option<&str>, of: u8, accessed: Timestamp) -> Session {
    let parts = SessionParts::from(Session::new("192.0.2.1".into(), NOW));
    let (user, handle) = (user.map(Into::into), Some(handle(of)));
    let values = [("key".into(), format!("value \u{1f512} of {of}").into())].into();
    SessionParts { user, handle, accessed, values, ..parts }.try_into().unwrap()
}

/// Writes, counting revisions up.
pub(super) struct Writer {
    pub(super) store: Arc<dyn Store>,
    /// Its limits say which sessions are over.
    pub(super) config: Config,
    revision: u64,
}

impl Writer {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self::from(store, 7)
    }

    /// A writer that counts from another revision, for use beside a second writer.
    pub(super) fn from(store: Arc<dyn Store>, revision: u64) -> Self {
        Self { store, config: Config::STRICT, revision }
    }

    pub(super) async fn write(&mut self, op: StoreOp, expected: Option<Revision>) -> bool {
        self.write_at(op, expected, None).await
    }

    pub(super) async fn write_at(
        &mut self,
        op: StoreOp,
        expected: Option<Revision>,
        accessed: Option<Timestamp>,
    ) -> bool {
        // Revisions use all 64 bits.
        self.revision = self.revision.wrapping_add(0x8000_0000_0000_0001);
        let (over, revision) = (Over::of(&self.config, &op), Revision(self.revision));
        let write = Write { op, expected, accessed, over, revision, commits: false };
        self.store.write(&write).await.unwrap()
    }

    pub(super) async fn create(
        &mut self,
        of: u8,
        user: Option<&str>,
        generation: Option<u64>,
    ) -> bool {
        self.create_as(id(of), session(user, of, NOW), generation).await
    }

    pub(super) async fn create_as(
        &mut self,
        id: SessionId,
        session: Session,
        generation: Option<u64>,
    ) -> bool {
        let session = session.into();
        self.write(StoreOp::Create { id, session, generation, discard_over: None }, None).await
    }

    pub(super) async fn load(&self, of: u8) -> Option<Stored> {
        self.store.load(id(of)).await.unwrap()
    }

    pub(super) async fn revision(&self, of: u8) -> Option<Revision> {
        self.load(of).await.map(|stored| stored.revision)
    }

    pub(super) fn last(&self) -> Revision {
        Revision(self.revision)
    }
}
