//! Form tokens are drawn, asked for and spent.

use super::Step;
use crate::effect::{Refusal, Reply, StoreOp};
use crate::presented::SubmittedToken;
use crate::semantics::Tokens;
use crate::session::Session;
use crate::state::{Change, Keeps, Request, RequestData, Slot};
use crate::token::{FormToken, SessionId};

impl Step<'_> {
    // [event-14]
    pub(super) fn create_form_token(&mut self, request: &mut Request) -> Result<(), Refusal> {
        let token = self.fresh_token(request.held()?)?;
        self.change(request, Change::FormToken(token))?;
        self.effects.reply = Reply::Token(token);
        Ok(())
    }

    fn fresh_token(&mut self, held: Slot) -> Result<FormToken, Refusal> {
        loop {
            let token = self.draws.form_token().ok_or(Refusal::EntropyUsedUp)?;
            match self.config.differences().tokens {
                // [token-9]
                Tokens::OfStoredSession if self.is_outstanding(held, &token) => {}
                // [token-8]
                Tokens::OfStoredSession | Tokens::OfHeldSession => return Ok(token),
            }
        }
    }

    /// Whether the session has this token, either as the request holds it or as it is stored. If
    /// the request changed the user, the old user's tokens are gone only from its copy.
    fn is_outstanding(&self, held: Slot, token: &FormToken) -> bool {
        let stored = self.store.object(held).id.and_then(|id| self.store.find(&id));
        let has = |slot: Slot| self.session(slot).form_tokens.contains(token);
        has(held) || stored.is_some_and(has)
    }

    // [event-15] [event-16]
    pub(super) fn has_form_token(
        &mut self,
        request: &Request,
        token: SubmittedToken,
    ) -> Result<(), Refusal> {
        let tokens = &self.session(request.held()?).form_tokens;
        let found = token.token().is_some_and(|token| tokens.contains(&token));
        self.effects.reply = Reply::Answer(found);
        Ok(())
    }

    /// Spends a token where the semantics keeps it. A token that this request created and has not
    /// saved is spent in its copy.
    pub(super) fn remove_form_token(
        &mut self,
        request: &mut Request,
        token: SubmittedToken,
    ) -> Result<(), Refusal> {
        let held = request.held()?;
        let token = token.token();
        let own = token
            .is_some_and(|token| request.take_back(|changes| changes.form_tokens.remove(&token)));
        match (self.config.differences().tokens, self.store.object(held).id) {
            // [step-22]
            (Tokens::OfStoredSession, Some(id)) if !own => {
                self.spend_stored(request, held, id, token)
            }
            // [step-21] [step-23] [event-17]
            (Tokens::OfStoredSession | Tokens::OfHeldSession, _) => {
                let tokens = &mut self.store.object_mut(held).session.form_tokens;
                let spent = token.is_some_and(|token| tokens.remove(&token));
                if spent || own { Ok(()) } else { Err(Refusal::UnknownToken) }
            }
        }
    }

    fn spend_stored(
        &mut self,
        request: &mut Request,
        held: Slot,
        id: SessionId,
        token: Option<FormToken>,
    ) -> Result<(), Refusal> {
        let mut session = self.stored_for(&id)?;
        let token = token.ok_or(Refusal::UnknownToken)?;
        // [step-26]
        let changes = request.data.changes.as_deref();
        let same_forms = changes.is_none_or(|changes| changes.keeps == Keeps::All);
        // [event-17]
        if !same_forms || !session.form_tokens.remove(&token) {
            return Err(Refusal::UnknownToken);
        }
        self.store.object_mut(held).session.form_tokens.remove(&token);
        self.write_back(request, held, id, session);
        Ok(())
    }

    /// A copy of the session that is stored under `id`, to take something out of it at once.
    // [step-25]
    pub(super) fn stored_for(&self, id: &SessionId) -> Result<Session, Refusal> {
        self.find(id).map(|stored| self.session(stored).clone()).ok_or(Refusal::SessionGone)
    }

    /// Stores the session again after something was taken out, or discards it if nothing is left.
    pub(super) fn write_back(
        &mut self,
        request: &mut Request,
        held: Slot,
        id: SessionId,
        session: Session,
    ) {
        self.effects.store = Some(if session.has_info() {
            self.store.replace(&id, session.clone());
            StoreOp::Update { id, session: session.into() }
        } else {
            self.detach(request, held, &id, session);
            StoreOp::Discard { id }
        });
    }

    /// `request` has taken the last info out of the session under `id`. The session is removed, and
    /// the request goes on with its own changes, in a session that is not stored yet. The cookie
    /// may stay: it opens nothing, and a late revocation could remove the cookie of a newer login.
    // [step-28]
    fn detach(&mut self, request: &mut Request, held: Slot, id: &SessionId, emptied: Session) {
        // [step-27]
        self.store.remove(id);
        // [step-29]
        let object = self.store.object_mut(held);
        // The access that this request knows: the state may not know of another request's visit.
        let accessed = object.session.accessed;
        (object.id, object.session) = (None, Session { accessed, handle: None, ..emptied });
        let RequestData { remote_addr, changes, .. } = &request.data;
        if let Some(changes) = changes {
            changes.apply_to(&mut object.session, remote_addr, self.config.max_form_tokens);
        }
    }
}
