//! What a request holds is saved or discarded, and the response told which cookie to carry.

use super::Step;
use crate::effect::{CookieChange, Refusal, Reply, StoreOp};
use crate::semantics::{Holds, Saves};
use crate::session::Session;
use crate::state::{Changes, Request, Slot};
use crate::token::SessionId;

impl Step<'_> {
    // [event-25] [event-26]
    pub(super) fn maintain_session(&mut self, request: &mut Request) -> Result<Reply, Refusal> {
        request.held()?;
        // [event-28]
        self.grants_or(Refusal::SavedAtFinish)?;
        self.response = request.data.response;
        self.save(request)?;
        request.data.response = self.response;
        // [event-27]
        if matches!(self.effects.store, Some(StoreOp::Delete { .. })) {
            request.data.cookie = None;
        }
        Ok(Reply::Done)
    }

    // [effect-8]
    pub(super) fn save(&mut self, request: &Request) -> Result<(), Refusal> {
        let Some(held) = request.held else { return Ok(()) };
        match (self.differences.saves, self.store.object(held).id) {
            (Saves::NewSession | Saves::WholeCopy, id) => self.maintain(held, id),
            (Saves::Changes, None) => self.create(held),
            (Saves::Changes, Some(id)) => {
                self.save_changes(request.data.changes.as_deref(), held, id)
            }
        }
    }

    /// Quixote: a session is stored once it has info, stored again if that is needed, and deleted
    /// with its cookie once it has none.
    // [effect-3]
    fn maintain(&mut self, held: Slot, id: Option<SessionId>) -> Result<(), Refusal> {
        let session = self.session(held);
        match id {
            // [step-24]
            Some(id) if !session.has_info() => {
                if self.store.remove(&id) {
                    // [effect-4]
                    self.effects.store = Some(StoreOp::Delete { id });
                    self.response = Some(CookieChange::Revoke);
                }
            }
            // [step-27] [step-28]
            Some(id) if session.is_dirty(self.config) => {
                self.has_room_for(&id)?;
                self.put(held, id);
            }
            // [step-25]
            None if session.has_info() => {
                let id = self.fresh_id()?;
                self.put(held, id);
                self.response = Some(match self.response {
                    None | Some(CookieChange::Set(_)) => CookieChange::Set(id),
                    // [step-26]
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
        match self.differences.holds {
            Holds::StoredObject => self.store.share(id, held),
            Holds::Copy | Holds::CopyAndChanges => {
                self.store.object_mut(held).id = Some(id);
                self.store.put(id, session.clone());
            }
        }
        self.effects.store = Some(StoreOp::Put { id, session });
    }

    /// Strict: stores a session that is not stored yet.
    // [effect-5]
    fn create(&mut self, held: Slot) -> Result<(), Refusal> {
        let session = self.session(held);
        // [session-9] [step-39]
        if !session.has_info() {
            return Ok(());
        }
        // [step-40]
        if self.is_over(session) {
            return Err(Refusal::SessionGone);
        }
        // [step-38]
        let session = session.clone();
        let id = self.fresh_id()?;
        self.store.put(id, session.clone());
        self.effects.store = Some(StoreOp::Create { id, session });
        // [step-47] [step-48]
        self.response = Some(CookieChange::Set(id));
        Ok(())
    }

    /// Strict: applies the request's changes to the session as it is stored now.
    // [effect-5] [step-51]
    fn save_changes(
        &mut self,
        changes: Option<&Changes>,
        held: Slot,
        id: SessionId,
    ) -> Result<(), Refusal> {
        let changes = changes.filter(|changes| !changes.is_empty());
        let Some(found) = self.find(&id) else {
            // [step-29] [step-30] [step-46]
            return if changes.is_none() { Ok(()) } else { Err(Refusal::SessionGone) };
        };
        let stored = self.session(found);
        // [step-31] [step-32] [time-14]
        let mut merged = stored.clone();
        if let Some(changes) = changes {
            changes.apply_to(&mut merged, self.config.max_form_tokens);
        }
        merged.accessed = merged.accessed.max(self.session(held).accessed);
        // [config-24]
        if merged.values().len() > self.config.max_values {
            return Err(Refusal::TooManyValues);
        }
        // Changes to what is there already are written, too: the store must confirm that the
        // session is still stored.
        // [step-41]
        if changes.is_none() && merged.accessed == stored.accessed {
            return Ok(());
        }
        // [step-37] [effect-7]
        if !merged.has_info() {
            self.store.remove(&id);
            self.effects.store = Some(StoreOp::Discard { id });
            self.response = Some(CookieChange::Revoke);
            return Ok(());
        }
        if merged.user != stored.user {
            return self.rotate(id, merged);
        }
        self.store.object_mut(found).session = merged.clone();
        self.effects.store = Some(StoreOp::Update { id, session: merged });
        Ok(())
    }

    /// Strict: moves a session to a new id.
    // [step-34]
    fn rotate(&mut self, from: SessionId, session: Session) -> Result<(), Refusal> {
        let to = self.unused_id()?;
        self.store.remove(&from);
        self.store.put(to, session.clone());
        self.effects.store = Some(StoreOp::Rotate { from, to, session });
        // [step-36]
        self.response = Some(CookieChange::Set(to));
        Ok(())
    }
}
