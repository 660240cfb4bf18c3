//! The memory store, and what can be wrong with a store.

use async_trait::async_trait;
use quixote_session::driver::{Revision, Stored, Write};
use quixote_session::{Config, Session, SessionId, SessionParts, StoreOp};
use quixote_session_store::{Memory, Store, StoreError};

use crate::fault::Fault;
use crate::here::here;

/// A memory store with a fault, or without.
pub struct Planted {
    memory: Memory,
    fault: Fault,
}

impl Planted {
    pub fn new(config: Config, fault: Fault) -> Self {
        Self { memory: Memory::new(config), fault }
    }

    pub fn len(&self) -> usize {
        self.memory.len()
    }

    /// Writes a session under an id, whatever stands there: what no store should offer.
    pub async fn put(&self, id: SessionId, stored: Stored) {
        let (revision, session) = (stored.revision, stored.session.into());
        let _ = self.memory.write(&unconditional(StoreOp::Put { id, session }, revision)).await;
    }

    pub async fn carry_out(&self, op: StoreOp) {
        let _ = self.memory.write(&unconditional(op, Revision(0))).await;
    }

    async fn row(&self, id: SessionId) -> Option<Stored> {
        self.memory.load(id).await.ok().flatten()
    }

    /// The id that a session gets although it was given another.
    async fn other_id(&self, op: &StoreOp) -> Option<(SessionId, Session)> {
        match op {
            StoreOp::Create { session, .. } if self.fault == Fault::AdoptsIds => {
                let id = here()?.id?;
                self.row(id).await.is_none().then(|| (id, (**session).clone()))
            }
            StoreOp::Rotate { from, session, .. } if self.keeps_id(*from).await => {
                Some((*from, (**session).clone()))
            }
            _ => None,
        }
    }

    /// Whether a login leaves the session under its id.
    pub async fn keeps_id(&self, id: SessionId) -> bool {
        match self.fault {
            Fault::KeepsId => true,
            Fault::KeepsIdAgain => {
                self.row(id).await.is_some_and(|row| row.session.user().is_some())
            }
            _ => false,
        }
    }
}

fn unconditional(op: StoreOp, revision: Revision) -> Write {
    Write { op, expected: None, accessed: None, revision, commits: false }
}

/// The same session, created when another was.
fn created_with(session: &Session, other: &Session) -> Option<Session> {
    let parts = SessionParts { created: other.created(), ..session.clone().into() };
    parts.try_into().ok()
}

#[async_trait]
impl Store for Planted {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        if here().is_some_and(|here| here.outage) {
            return match self.fault {
                Fault::OutageIsSilent => self.memory.load(id).await,
                _ => Err(StoreError::failed("the store is out of order")),
            };
        }
        self.memory.load(id).await
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        self.memory.generation(user).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        if here().is_some_and(|here| here.outage) {
            return match self.fault {
                Fault::OutageIsSilent => Ok(true),
                _ => Err(StoreError::failed("the store is out of order")),
            };
        }
        if let Some((id, session)) = self.other_id(&write.op).await {
            self.put(id, Stored { revision: write.revision, session }).await;
            return Ok(true);
        }
        let is_there = match &write.op {
            StoreOp::Update { id, .. } => self.row(*id).await.is_some(),
            _ => false,
        };
        match (&write.op, self.fault) {
            (StoreOp::Update { id, session }, Fault::Upserts) => {
                let session = (**session).clone();
                self.put(*id, Stored { revision: write.revision, session }).await;
                Ok(true)
            }
            (StoreOp::Update { id, session }, Fault::LastWins) if is_there => {
                let session = (**session).clone();
                self.put(*id, Stored { revision: write.revision, session }).await;
                Ok(true)
            }
            (StoreOp::Rotate { from, .. }, Fault::KeepsOldId) => {
                let old = self.row(*from).await;
                let done = self.memory.write(write).await?;
                if let (true, Some(old)) = (done, old) {
                    self.put(*from, old).await;
                }
                Ok(done)
            }
            (StoreOp::Rotate { from, to, session, generation }, Fault::AbsoluteFromStart) => {
                let old = self.row(*from).await;
                let session = old
                    .and_then(|old| created_with(session, &old.session))
                    .map_or_else(|| session.clone(), Box::new);
                let op = StoreOp::Rotate { from: *from, to: *to, session, generation: *generation };
                self.memory.write(&Write { op, ..write.clone() }).await
            }
            (StoreOp::Discard { .. }, Fault::KeepsEmpty)
            | (StoreOp::DeleteHandle { user: None, .. }, Fault::LogoutDeletesNothing)
            | (StoreOp::Touch { .. }, Fault::NoTouch) => Ok(true),
            _ => self.memory.write(write).await,
        }
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        self.memory.sessions_of(user).await
    }
}
