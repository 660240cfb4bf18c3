//! The memory store, and what can be wrong with a store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use quixote_session::driver::{Revision, Stored, Write};
use quixote_session::{Handle, Session, SessionId, SessionParts, StoreOp, Timestamp};
use quixote_session_store::{Memory, Store, StoreError};

use crate::fault::Fault;
use crate::here::here;
use crate::wrong;

const MINUTE_MS: u64 = 60_000;

/// A memory store with a fault, or without.
pub struct Planted {
    memory: Memory,
    fault: Fault,
    past: Mutex<Past>,
}

/// What happened, for faults that depend on it.
#[derive(Default)]
struct Past {
    /// Where the sessions of these ids went with a login.
    logged_in: BTreeMap<SessionId, SessionId>,
    /// Users all of whose sessions were ended; and, if true, all but one.
    ended: BTreeSet<(String, bool)>,
    /// Sessions that began without a user.
    nobodys: BTreeSet<SessionId>,
    /// Sessions that were ended by their handles.
    handles: BTreeSet<Handle>,
    /// Sessions that were emptied, and so deleted.
    emptied: BTreeSet<SessionId>,
    /// Who has logged in, and the ids that renewals without a login gave.
    users: BTreeSet<String>,
    renewed: BTreeSet<SessionId>,
}

impl Planted {
    pub fn new(fault: Fault) -> Self {
        Self { memory: Memory::new(), fault, past: Mutex::default() }
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

    fn past<T>(&self, look: impl FnOnce(&mut Past) -> T) -> T {
        look(&mut self.past.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Where a login moved the session of an id.
    pub fn after_login(&self, id: SessionId) -> Option<SessionId> {
        self.past(|past| past.logged_in.get(&id).copied())
    }

    /// Whoever has logged in.
    pub fn users(&self) -> Vec<String> {
        self.past(|past| past.users.iter().cloned().collect())
    }

    /// The sessions that have no user, nor had one.
    pub async fn nobodys(&self) -> Vec<SessionId> {
        let mut found = Vec::new();
        for id in self.past(|past| past.nobodys.clone()) {
            found.extend(self.row(id).await.map(|_| id));
        }
        found
    }

    /// Whether the session of this id was emptied.
    pub fn was_emptied(&self, id: SessionId) -> bool {
        self.past(|past| past.emptied.contains(&id))
    }

    /// The handles of sessions that have been renewed.
    pub async fn renewed(&self) -> Vec<Handle> {
        let ids = self.past(|past| past.renewed.clone());
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.row(id).await.and_then(|row| row.session.handle()));
        }
        found
    }

    /// Whether the sessions of this one's user were ended: all, or all others.
    pub fn has_ended(&self, session: &Session, others: bool) -> bool {
        let user = session.user().map(ToString::to_string).unwrap_or_default();
        self.past(|past| past.ended.contains(&(user, others)))
    }

    /// Whether the session was ended by its handle.
    pub fn was_ended(&self, session: &Session) -> bool {
        let handle = session.handle();
        handle.is_some_and(|handle| self.past(|past| past.handles.contains(&handle)))
    }

    /// Remembers what other faults need, once it is done.
    fn remember(&self, op: &StoreOp, before: Option<&Session>) {
        if let StoreOp::Create { session, .. } | StoreOp::Rotate { session, .. } = op
            && let Some(user) = session.user()
        {
            self.past(|past| past.users.insert(user.to_string()));
        }
        match op {
            StoreOp::Rotate { to, session, .. }
                if before.is_some_and(|before| before.user() == session.user()) =>
            {
                self.past(|past| past.renewed.insert(*to));
            }
            StoreOp::Rotate { from, to, session, .. }
                if before.is_some_and(|before| before.user() != session.user()) =>
            {
                self.past(|past| past.logged_in.insert(*from, *to));
            }
            StoreOp::Create { id, session, .. } if session.user().is_none() => {
                self.past(|past| past.nobodys.insert(*id));
            }
            StoreOp::DeleteHandle { handle, user: Some(_) } => {
                self.past(|past| past.handles.insert(*handle));
            }
            StoreOp::Discard { id, .. } => {
                self.past(|past| past.emptied.insert(*id));
            }
            StoreOp::DeleteUser { user, except } => {
                self.past(|past| past.ended.insert((user.to_string(), except.is_some())));
            }
            _ => {}
        }
    }

    pub async fn row(&self, id: SessionId) -> Option<Stored> {
        self.memory.load(id).await.ok().flatten()
    }

    /// The id that a session gets although it was given another.
    async fn other_id(&self, op: &StoreOp) -> Option<(SessionId, Session)> {
        match op {
            StoreOp::Create { session, .. } if self.adopts_id_of(session) => {
                let id = here()?.id?;
                self.row(id).await.is_none().then(|| (id, (**session).clone()))
            }
            StoreOp::Rotate { from, session, .. } if self.keeps_id(*from).await => {
                Some((*from, (**session).clone()))
            }
            _ => None,
        }
    }

    fn adopts_id_of(&self, session: &Session) -> bool {
        match self.fault {
            Fault::AdoptsIds => true,
            Fault::AdoptsIdsAtLogin => session.user().is_some(),
            // What the request was sent has been there, and has ended.
            Fault::LogoutBeginsUnderTheId => {
                here().is_some_and(|here| here.logs_out && here.revision.is_some())
            }
            Fault::SharesTheEmptyId => {
                here().is_some_and(|here| here.id == Some(wrong::empty_id()))
            }
            _ => false,
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
    Write { op, expected: None, accessed: None, over: None, revision, commits: false }
}

/// The same session, created then.
fn created_at(session: &Session, created: Timestamp) -> Option<Session> {
    let accessed = session.accessed().max(created);
    let parts = SessionParts { created, accessed, ..session.clone().into() };
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
        let mut row = self.memory.load(id).await?;
        if self.fault == Fault::AnonymousForever {
            let now = Timestamp::now();
            let old = |row: &&mut Stored| row.session.accessed().0 + MINUTE_MS < now.0;
            let row = row.as_mut().filter(|row| row.session.user().is_none()).filter(old);
            if let Some(row) = row
                && let Some(session) = created_at(&row.session, now)
            {
                row.session = session;
            }
        }
        Ok(row)
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
        let before = match &write.op {
            StoreOp::Rotate { from, .. } => self.row(*from).await.map(|row| row.session),
            _ => None,
        };
        let done = self.write_wrongly(write, before.as_ref()).await?;
        if done {
            self.remember(&write.op, before.as_ref());
        }
        Ok(done)
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        self.memory.sessions_of(user).await
    }
}

impl Planted {
    /// Writes as the fault has it; `before` is what a rotation moves.
    async fn write_wrongly(
        &self,
        write: &Write,
        before: Option<&Session>,
    ) -> Result<bool, StoreError> {
        let is_there = match &write.op {
            StoreOp::Update { id, .. } => self.row(*id).await.is_some(),
            _ => false,
        };
        match (&write.op, self.fault) {
            (StoreOp::Update { id, session }, Fault::Upserts) => {
                self.put_instead(write, *id, session).await;
                Ok(true)
            }
            (StoreOp::Update { id, session }, Fault::LastWins) if is_there => {
                self.put_instead(write, *id, session).await;
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
            (StoreOp::Rotate { from, to, session, .. }, Fault::RenewalLosesWrites)
                if before.is_some() =>
            {
                self.carry_out(StoreOp::Delete { id: *from }).await;
                self.put_instead(write, *to, session).await;
                Ok(true)
            }
            (StoreOp::Update { id, session }, Fault::AbsoluteFromWriting) => {
                self.rewrite(write, *id, created_at(session, Timestamp::now())).await
            }
            (StoreOp::Rotate { .. }, Fault::AbsoluteFromStart) => {
                self.rotate_as_created(write, before.map(Session::created)).await
            }
            (StoreOp::Rotate { .. }, Fault::AbsoluteFromRenewal) => {
                self.rotate_as_created(write, Some(Timestamp::now())).await
            }
            (StoreOp::Touch { .. }, Fault::WritesAreNoUse)
                if here().is_some_and(|here| here.writes) =>
            {
                Ok(true)
            }
            (StoreOp::Update { id, session }, Fault::WritesAreNoUse) => {
                let before = self.row(*id).await.map(|row| row.session.accessed());
                let accessed = before.unwrap_or(session.accessed());
                let parts = SessionParts { accessed, ..(**session).clone().into() };
                self.rewrite(write, *id, parts.try_into().ok()).await
            }
            (StoreOp::Discard { .. }, Fault::KeepsEmpty)
            | (StoreOp::DeleteHandle { user: None, .. }, Fault::LogoutDeletesNothing)
            | (StoreOp::Touch { .. }, Fault::NoTouch) => Ok(true),
            _ => self.memory.write(write).await,
        }
    }

    /// Writes the session under `id`, whatever is there.
    async fn put_instead(&self, write: &Write, id: SessionId, session: &Session) {
        self.put(id, Stored { revision: write.revision, session: session.clone() }).await;
    }

    /// Moves the session as if it had been created at another moment, if that can be.
    async fn rotate_as_created(
        &self,
        write: &Write,
        created: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let mut write = write.clone();
        if let (StoreOp::Rotate { session, .. }, Some(created)) = (&mut write.op, created)
            && let Some(other) = created_at(session, created)
        {
            **session = other;
        }
        self.memory.write(&write).await
    }

    /// Writes this session in the place of the one that was to be written, and notes no access.
    async fn rewrite(
        &self,
        write: &Write,
        id: SessionId,
        session: Option<Session>,
    ) -> Result<bool, StoreError> {
        let Some(session) = session.map(Box::new) else { return self.memory.write(write).await };
        let op = StoreOp::Update { id, session };
        self.memory.write(&Write { op, accessed: None, ..write.clone() }).await
    }
}
