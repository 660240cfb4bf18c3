//! What a request holds is saved or discarded.

use super::Step;
use crate::config::Semantics;
use crate::effect::{CookieChange, Refusal, Reply, StoreOp};
use crate::event::RequestId;
use crate::request::Changes;
use crate::session::Session;
use crate::token::SessionId;

impl Step<'_> {
    // [event-18] [event-19] [event-26]
    pub(super) fn maintain_session(&mut self, request: RequestId) -> Result<Reply, Refusal> {
        self.held(request)?;
        if self.is_strict() {
            return Err(Refusal::SavedAtFinish);
        }
        let carried = self.open_request(request)?.data.response;
        let response = self.save(request, carried)?;
        let revoked = matches!(self.effects.store, Some(StoreOp::Delete { .. }));
        if let Some(open) = self.state.request_mut(request) {
            open.data.response = response;
            // A revocation hides the cookie from the rest of the request, whoever asked for it.
            open.data.cookie.take_if(|_| revoked);
        }
        Ok(Reply::Done)
    }

    /// Saves or discards what the request holds; `response` is the cookie that its response
    /// carries so far, and what comes back is the one that it carries then.
    // [effect-3] [effect-4] [effect-7]
    pub(super) fn save(
        &mut self,
        request: RequestId,
        response: Option<CookieChange>,
    ) -> Result<Option<CookieChange>, Refusal> {
        let held = self.open_request(request)?.held;
        match held.and_then(|slot| self.state.objects.get(slot)).map(|object| object.id) {
            None => Ok(response),
            Some(id) if self.is_strict() => match id {
                None => self.create(request, response),
                Some(id) => self.save_changes(request, id),
            },
            Some(id) => self.maintain(request, id, response),
        }
    }

    /// Quixote: a session is stored once it has info, stored again where that is needed, and
    /// deleted, with its cookie, once it has none.
    // [step-20] [step-21] [step-22]
    pub(super) fn maintain(
        &mut self,
        request: RequestId,
        id: Option<SessionId>,
        response: Option<CookieChange>,
    ) -> Result<Option<CookieChange>, Refusal> {
        let session = &self.held(request)?.session;
        if !session.has_info() {
            let Some(id) = id.filter(|id| self.state.unstore(id)) else { return Ok(response) };
            self.effects.store = Some(StoreOp::Delete { id });
            return Ok(Some(CookieChange::Revoke));
        }
        match id {
            None => {
                let id = self.fresh_id()?;
                // A response keeps the Max-Age of 0 that an earlier revocation gave it.
                let set = match response {
                    None | Some(CookieChange::Set(_)) => CookieChange::Set(id),
                    Some(_) => CookieChange::Stillborn(id),
                };
                self.put(request, id)?;
                Ok(Some(set))
            }
            Some(id) if session.is_dirty(self.config) => {
                self.has_room_for(id)?;
                self.put(request, id)?;
                Ok(response)
            }
            Some(_) => Ok(response),
        }
    }

    /// Quixote: writes what the request holds, whatever is there: the object itself in live
    /// sharing, else a copy of it.
    // [step-23]
    pub(super) fn put(&mut self, request: RequestId, id: SessionId) -> Result<(), Refusal> {
        let live = self.config.semantics == Semantics::Live;
        let slot = self.open_request(request)?.held.ok_or(Refusal::NoSession)?;
        let object = self.state.objects.get_mut(slot).ok_or(Refusal::NoSession)?;
        object.id = Some(id);
        let session = object.session.clone();
        if live {
            self.state.store_object(id, slot);
        } else {
            self.state.store_copy(id, session.clone());
        }
        self.effects.store = Some(StoreOp::Put { id, session });
        Ok(())
    }

    /// Strict: stores a session that is not stored yet, if it has info.
    // [session-6] [step-30] [step-37]
    pub(super) fn create(
        &mut self,
        request: RequestId,
        response: Option<CookieChange>,
    ) -> Result<Option<CookieChange>, Refusal> {
        let session = &self.held(request)?.session;
        if !session.has_info() {
            return Ok(response);
        }
        if session.is_out_of_time(self.config, self.now) {
            return Err(Refusal::SessionGone);
        }
        let session = session.clone();
        let id = self.fresh_id()?;
        self.state.store_copy(id, session.clone());
        self.effects.store = Some(StoreOp::Create { id, session });
        Ok(Some(CookieChange::Set(id)))
    }

    /// Strict: applies the request's changes to the session as it is stored now.
    // [step-25] [step-26] [step-28] [step-29] [step-31] [step-36] [step-40] [time-8]
    pub(super) fn save_changes(
        &mut self,
        request: RequestId,
        id: SessionId,
    ) -> Result<Option<CookieChange>, Refusal> {
        let changes = self.open_request(request)?.data.changes.as_deref();
        let unchanged = changes.is_none_or(Changes::is_empty);
        let Some(stored) = self.in_time(id) else {
            return if unchanged { Ok(None) } else { Err(Refusal::SessionGone) };
        };
        let mut merged = stored.clone();
        if let Some(changes) = changes {
            changes.apply_to(&mut merged, self.config.max_form_tokens);
        }
        merged.accessed = merged.accessed.max(self.held(request)?.session.accessed);
        if merged.values().len() > self.config.max_values {
            return Err(Refusal::TooManyValues);
        }
        // Changes to what stands there already are written too: the store must confirm that the
        // session is still stored.
        if unchanged && merged == *stored {
            return Ok(None);
        }
        let renewed = merged.user != stored.user;
        if !merged.has_info() {
            self.state.unstore(&id);
            self.effects.store = Some(StoreOp::Discard { id });
            return Ok(Some(CookieChange::Revoke));
        }
        if renewed {
            return self.rotate(id, merged);
        }
        self.state.store_copy(id, merged.clone());
        self.effects.store = Some(StoreOp::Update { id, session: merged });
        Ok(None)
    }

    /// Strict: moves a session to a new id.
    fn rotate(
        &mut self,
        from: SessionId,
        session: Session,
    ) -> Result<Option<CookieChange>, Refusal> {
        let to = self.draw_unused_id()?;
        self.state.unstore(&from);
        self.state.store_copy(to, session.clone());
        self.effects.store = Some(StoreOp::Rotate { from, to, session });
        Ok(Some(CookieChange::Set(to)))
    }
}
