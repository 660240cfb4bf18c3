//! Sessions in memory, for tests and for a single process that may lose them when it ends.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use quixote_session::driver::{Over, Revision, Stored, Write};
use quixote_session::{Session, SessionId, SmolStr, StoreOp, Timestamp};

use crate::store::{Store, StoreError};

/// A store in memory, empty at first. It finds a session by its id. It has no other index: what
/// asks for the sessions of a user, for a handle or for what is over looks at every session.
#[derive(Default)]
pub struct Memory(Mutex<Parts>);

#[derive(Default)]
struct Parts {
    rows: BTreeMap<SessionId, Stored>,
    generations: BTreeMap<SmolStr, u64>,
}

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many sessions are stored; some may be over.
    #[must_use]
    pub fn len(&self) -> usize {
        self.with(|parts| parts.rows.len())
    }

    /// Whether none is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn with<T>(&self, look: impl FnOnce(&mut Parts) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Store for Memory {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        Ok(self.with(|parts| parts.rows.get(&id).cloned()))
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        Ok(self.with(|parts| parts.generation(user)))
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        Ok(self.with(|parts| parts.write(write)))
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        Ok(self.with(|parts| {
            let sessions = parts.rows.values().map(|row| &row.session);
            sessions.filter(|own| own.user().is_some_and(|own| own == user)).cloned().collect()
        }))
    }
}

impl Parts {
    fn generation(&self, user: &str) -> u64 {
        self.generations.get(user).copied().unwrap_or_default()
    }

    fn is_as_loaded(&self, id: SessionId, expected: Option<Revision>) -> bool {
        let revision = self.rows.get(&id).map(|row| row.revision);
        revision.is_some() && revision == expected
    }

    fn is_free(&self, id: SessionId, session: &Session, generation: Option<u64>) -> bool {
        let stored = session.user().map(|user| self.generation(user));
        !self.rows.contains_key(&id) && (generation.is_none() || generation == stored)
    }

    fn write(&mut self, write: &Write) -> bool {
        let Write { op, expected, accessed, over, revision, .. } = write;
        match op {
            StoreOp::Put { id, session } => self.put(*id, session, *revision),
            StoreOp::Create { id, session, generation, .. } => {
                self.is_free(*id, session, *generation) && {
                    if let Some(over) = over {
                        self.discard(over);
                    }
                    self.put(*id, session, *revision)
                }
            }
            StoreOp::Touch { id, accessed } => {
                if let Some(row) = self.rows.get_mut(id) {
                    row.session = row.session.clone().accessed_by(*accessed);
                }
                true
            }
            StoreOp::Update { id, session } => {
                self.is_as_loaded(*id, *expected) && self.put(*id, session, *revision)
            }
            StoreOp::Rotate { from, to, session, generation } => {
                self.is_as_loaded(*from, *expected) && self.is_free(*to, session, *generation) && {
                    let moved = self.rows.remove(from).map(|row| (*to, row));
                    self.rows.extend(moved);
                    self.put(*to, session, *revision)
                }
            }
            StoreOp::Discard { id } => {
                let stored = self.rows.get(id).map(|row| row.session.accessed());
                let is_as_looked_at = self.is_as_loaded(*id, *expected) && stored == *accessed;
                is_as_looked_at && self.delete(id)
            }
            StoreOp::Delete { id } => self.delete(id),
            StoreOp::DeleteHandle { handle, user } => self.keep(|_, own| {
                own.handle() != Some(*handle) || (user.is_some() && own.user() != user.as_ref())
            }),
            StoreOp::DeleteUser { user, except } => {
                except.is_none_or(|id| self.is_as_loaded(id, *expected)) && {
                    *self.generations.entry(user.clone()).or_default() += 1;
                    self.keep(|id, own| own.user() != Some(user) || Some(*id) == *except)
                }
            }
            StoreOp::DiscardOver { .. } => over.is_none_or(|over| self.discard(&over)),
        }
    }

    /// Writes, and keeps the later of the two accesses.
    fn put(&mut self, id: SessionId, session: &Session, revision: Revision) -> bool {
        let before = self.rows.get(&id).map(|row| row.session.accessed());
        let session = session.clone().accessed_by(before.unwrap_or(Timestamp(0)));
        self.rows.insert(id, Stored { revision, session });
        true
    }

    fn delete(&mut self, id: &SessionId) -> bool {
        self.rows.remove(id);
        true
    }

    fn discard(&mut self, over: &Over) -> bool {
        self.keep(|_, session| !over.includes(session))
    }

    fn keep(&mut self, kept: impl Fn(&SessionId, &Session) -> bool) -> bool {
        self.rows.retain(|id, row| kept(id, &row.session));
        true
    }
}
