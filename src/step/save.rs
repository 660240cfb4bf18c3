//! What a request holds is saved or discarded, and the response told which cookie to carry.

use alloc::vec::Vec;

use smol_str::SmolStr;

use super::Step;
use crate::effect::{CookieChange, Refusal, StoreOp};
use crate::semantics::{Holds, Saves};
use crate::session::Session;
use crate::state::{Changes, Keeps, Request, Slot};
use crate::token::SessionId;

impl Step<'_> {
    // [event-39] [event-40]
    pub(super) fn maintain_session(&mut self, request: &mut Request) -> Result<(), Refusal> {
        request.held()?;
        // [event-42]
        self.grants_or(Refusal::SavedAtFinish)?;
        self.response = request.data.response;
        self.save(request)?;
        request.data.response = self.response;
        // [event-41]
        if matches!(self.effects.store, Some(StoreOp::Delete { .. })) {
            request.data.cookie = None;
        }
        Ok(())
    }

    // [effect-11]
    pub(super) fn save(&mut self, request: &Request) -> Result<(), Refusal> {
        let Some(held) = request.held else { return Ok(()) };
        let changes = request.data.changes.as_deref();
        match (self.config.differences().saves, self.store.object(held).id) {
            (Saves::WholeSession, id) => self.maintain(held, id),
            (Saves::Changes, None) => {
                let session = self.session(held).clone();
                self.create(session, generation_of(changes)?)
            }
            (Saves::Changes, Some(id)) => match changes {
                // [step-36] [step-51] [step-56]
                None => Ok(()),
                Some(changes) => {
                    let generation = generation_of(Some(changes))?;
                    let address = &request.data.remote_addr;
                    self.save_changes(changes, generation, address, held, id)
                }
            },
        }
    }

    /// Quixote: stores a session that has info, again if it is dirty; deletes a session without
    /// info, and its cookie.
    // [effect-4]
    fn maintain(&mut self, held: Slot, id: Option<SessionId>) -> Result<(), Refusal> {
        let session = self.session(held);
        match id {
            // [step-30]
            Some(id) if !session.has_info() => {
                if self.store.remove(&id) {
                    // [effect-5]
                    self.effects.store = Some(StoreOp::Delete { id });
                    self.response = Some(CookieChange::Revoke);
                }
            }
            // [step-33] [step-34]
            Some(id) if session.is_dirty(self.config) => {
                self.has_room_for(&id)?;
                self.put(held, id);
            }
            // [step-31]
            None if session.has_info() => {
                if self.is_full() {
                    return Err(Refusal::TooManySessions);
                }
                let id = self.unused_id()?;
                self.put(held, id);
                self.response = Some(match self.response {
                    None | Some(CookieChange::Set(_)) => CookieChange::Set(id),
                    // [step-32]
                    Some(CookieChange::Revoke | CookieChange::Stillborn(_)) => {
                        CookieChange::Stillborn(id)
                    }
                });
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    /// Quixote: stores what the request holds, whatever is there.
    fn put(&mut self, held: Slot, id: SessionId) {
        let session = self.session(held).clone();
        match self.config.differences().holds {
            Holds::StoredObject => self.store.share(id, held),
            Holds::Copy | Holds::CopyAndChanges => {
                self.store.object_mut(held).id = Some(id);
                self.store.put(id, session.clone());
            }
        }
        self.effects.store = Some(StoreOp::Put { id, session: session.into() });
    }

    /// Strict: stores a session that is not stored yet.
    // [effect-6]
    fn create(&mut self, session: Session, generation: Option<u64>) -> Result<(), Refusal> {
        // [session-9] [step-49]
        if !session.has_info() {
            return Ok(());
        }
        // [step-50]
        if self.is_too_old(&session) {
            return Err(Refusal::SessionGone);
        }
        let over = self.over_if_full()?;
        let id = self.unused_id()?;
        let discard_over = (!over.is_empty()).then_some(self.now);
        for id in &over {
            self.store.remove(id);
        }
        // [step-48] [session-10]
        let session = Session { handle: self.draws.handle(), ..session };
        self.store.put(id, session.clone());
        self.effects.store =
            Some(StoreOp::Create { id, session: session.into(), generation, discard_over });
        // [step-57] [step-58]
        self.response = Some(CookieChange::Set(id));
        Ok(())
    }

    /// The sessions that make room for one more, if the store is full: those that are over.
    // [config-28] [config-29]
    fn over_if_full(&self) -> Result<Vec<SessionId>, Refusal> {
        if !self.is_full() {
            return Ok(Vec::new());
        }
        let over = self.store.ids_where(|session| self.is_over(session));
        let left = self.store.len().saturating_sub(over.len());
        if left < self.config.session_limit() { Ok(over) } else { Err(Refusal::TooManySessions) }
    }

    /// Strict: applies the request's changes to the session as it is stored now.
    // [effect-6] [step-61]
    fn save_changes(
        &mut self,
        changes: &Changes,
        generation: Option<u64>,
        address: &SmolStr,
        held: Slot,
        id: SessionId,
    ) -> Result<(), Refusal> {
        let Some(found) = self.find(&id) else {
            return self.save_without_stored(changes, generation, address, id);
        };
        let stored = self.session(found);
        // [step-40]
        if !changes.guards_hold(stored) {
            return Err(Refusal::ValueChanged);
        }
        // [step-41] [step-42]
        let mut merged = stored.clone();
        changes.apply_to(&mut merged, address, self.config.max_form_tokens);
        merged.accessed = merged.accessed.max(self.session(held).accessed);
        // [config-25]
        if merged.values().len() > self.config.max_values {
            return Err(Refusal::TooManyValues);
        }
        if !merged.has_info() {
            self.discard(id, changes);
            return Ok(());
        }
        if changes.moves() {
            return self.rotate(id, merged, generation);
        }
        // Changes that change nothing are written, too: the store must confirm that the session is
        // still stored.
        self.store.object_mut(found).session = merged.clone();
        self.effects.store = Some(StoreOp::Update { id, session: merged.into() });
        Ok(())
    }

    /// Strict: the session that the request found is gone. A login does not need it, because it
    /// begins a session of its own.
    fn save_without_stored(
        &mut self,
        changes: &Changes,
        generation: Option<u64>,
        address: &SmolStr,
        id: SessionId,
    ) -> Result<(), Refusal> {
        // [step-38]
        if changes.has_only_tokens() {
            return Ok(());
        }
        // The session may still be stored, but too old to save to: then nobody has ended it.
        let old = self.store.find(&id);
        // [step-35]
        let begins = changes.begins().filter(|_| changes.keeps != Keeps::All || old.is_some());
        let begins = begins.filter(|change| change.to.is_some()).ok_or(Refusal::SessionGone)?;
        // [step-37]
        let mut session = Session::new(address.clone(), begins.at);
        let guards_hold = changes.guards_hold(&session);
        changes.apply_to(&mut session, address, self.config.max_form_tokens);
        // [step-50]
        if self.is_too_old(&session) && (old.is_some() || session.has_info()) {
            return Err(Refusal::SessionGone);
        }
        // [step-40]
        if !guards_hold {
            return Err(Refusal::ValueChanged);
        }
        let Some(old) = old else { return self.create(session, generation) };
        // [step-42]
        session.accessed = session.accessed.max(self.session(old).accessed);
        if session.has_info() {
            return self.rotate(id, session, generation);
        }
        self.discard(id, changes);
        Ok(())
    }

    /// Strict: after the save the session would have no info.
    // [step-47] [effect-9]
    fn discard(&mut self, id: SessionId, changes: &Changes) {
        self.store.remove(&id);
        self.effects.store = Some(StoreOp::Discard { id });
        // [step-28]
        if changes.begins().is_some() {
            self.response = Some(CookieChange::Revoke);
        }
    }

    /// Strict: moves a session to a new id.
    // [step-44]
    fn rotate(
        &mut self,
        from: SessionId,
        session: Session,
        generation: Option<u64>,
    ) -> Result<(), Refusal> {
        let to = self.unused_id()?;
        self.store.remove(&from);
        // [session-10] [session-11]
        let handle = session.handle.or_else(|| self.draws.handle());
        let session = Session { handle, ..session };
        self.store.put(to, session.clone());
        self.effects.store =
            Some(StoreOp::Rotate { from, to, session: session.into(), generation });
        // [step-46]
        self.response = Some(CookieChange::Set(to));
        Ok(())
    }
}

/// The generation that the user must have if the request logged somebody in.
// [step-39]
fn generation_of(changes: Option<&Changes>) -> Result<Option<u64>, Refusal> {
    let login = changes.and_then(|changes| changes.user.as_ref());
    match login.filter(|change| change.to.is_some()) {
        None => Ok(None),
        Some(login) => login.generation.map(Some).ok_or(Refusal::UserEnded),
    }
}
