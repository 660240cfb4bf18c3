//! A store outside the process, which carries out an operation if its condition holds.

use std::collections::BTreeMap;

use quixote_session::{Config, Session, SessionId, SmolStr, State, StoreOp};

use super::View;

/// A store with a version for each session and a generation for each user. It carries out the whole
/// operation, or nothing.
#[derive(Clone, Default)]
pub(crate) struct Store {
    version: u64,
    pub(crate) sessions: BTreeMap<SessionId, (u64, Session)>,
    /// How often the sessions of each user were ended.
    pub(crate) generations: BTreeMap<SmolStr, u64>,
}

impl Store {
    pub(super) fn of(state: &State) -> Self {
        let mut store = Self::default();
        for (id, session) in state.items() {
            store.write(id, session);
        }
        store
    }

    pub(crate) fn write(&mut self, id: SessionId, session: &Session) {
        self.version += 1;
        self.sessions.insert(id, (self.version, session.clone()));
    }

    pub(super) fn version(&self, id: SessionId) -> Option<u64> {
        self.sessions.get(&id).map(|(version, _)| *version)
    }

    pub(crate) fn generation(&self, user: Option<&SmolStr>) -> u64 {
        user.and_then(|user| self.generations.get(user)).copied().unwrap_or_default()
    }

    fn is_as_loaded(&self, id: SessionId, view: &View) -> bool {
        let stored = self.version(id);
        stored.is_some() && view.loaded.get(&id) == Some(&stored)
    }

    /// Whether the view was told what is stored now.
    pub(crate) fn is_fresh(&self, view: &View) -> bool {
        view.loaded.iter().all(|(id, version)| self.version(*id) == *version)
            && view.users.iter().all(|(user, number)| self.generation(Some(user)) == *number)
    }

    fn is_free_for(&self, id: SessionId, session: &Session, generation: Option<u64>) -> bool {
        let current = self.generation(session.user());
        self.version(id).is_none() && generation.is_none_or(|made_in| made_in == current)
    }

    /// Writes over a stored session, and keeps the later access of the two.
    // [driver-7]
    fn write_over(&mut self, from: SessionId, to: SessionId, session: &Session) {
        let (_, before) = self.sessions.remove(&from).unwrap();
        self.write(to, &session.clone().accessed_by(before.accessed()));
    }

    fn retain(&mut self, kept: impl Fn(SessionId, &Session) -> bool) {
        self.sessions.retain(|id, (_, session)| kept(*id, session));
    }

    /// Carries the operation out if its condition holds; says whether it did.
    pub(crate) fn carry_out(&mut self, op: &StoreOp, view: &View) -> bool {
        match op {
            StoreOp::Put { .. } => panic!("strict does not put"),
            StoreOp::Create { id, session, generation, discard_over } => {
                let holds = self.is_free_for(*id, session, *generation);
                if holds {
                    let over = |session: &Session| {
                        discard_over.is_some_and(|now| session.is_over(&Config::STRICT, now))
                    };
                    self.retain(|_, session| !over(session));
                    self.write(*id, session);
                }
                holds
            }
            StoreOp::Touch { id, accessed } => {
                if let Some((_, session)) = self.sessions.get_mut(id) {
                    *session = session.clone().accessed_by(*accessed);
                }
                true
            }
            StoreOp::Update { id, session } => {
                let same = self.is_as_loaded(*id, view);
                same.then(|| self.write_over(*id, *id, session)).is_some()
            }
            StoreOp::Rotate { from, to, session, generation } => {
                let free = self.is_free_for(*to, session, *generation);
                let holds = self.is_as_loaded(*from, view) && free;
                holds.then(|| self.write_over(*from, *to, session)).is_some()
            }
            StoreOp::Discard { id } => {
                let same = self.is_as_loaded(*id, view);
                same.then(|| self.sessions.remove(id)).is_some()
            }
            StoreOp::DiscardOver { now } => {
                self.retain(|_, session| !session.is_over(&Config::STRICT, *now));
                true
            }
            StoreOp::Delete { id } => {
                self.sessions.remove(id);
                true
            }
            StoreOp::DeleteUser { user, except } => {
                let holds = except.is_none_or(|id| self.is_as_loaded(id, view));
                if holds {
                    self.retain(|id, own| own.user() != Some(user) || Some(id) == *except);
                    *self.generations.entry(user.clone()).or_default() += 1;
                }
                holds
            }
            StoreOp::DeleteHandle { handle, user } => {
                self.retain(|_, session| {
                    let is_of = user.is_none() || session.user() == user.as_ref();
                    session.handle() != Some(*handle) || !is_of
                });
                true
            }
        }
    }
}
