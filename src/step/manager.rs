//! The manager's own events, and the end of sessions that are out of time.

use smol_str::SmolStr;

use super::Step;
use crate::effect::{Refusal, Reply, StoreOp};
use crate::event::RequestId;
use crate::session::Session;
use crate::token::SessionId;

impl Step<'_> {
    // [event-20] [event-21]
    pub(super) fn insert_session(
        &mut self,
        request: RequestId,
        id: SessionId,
        user: Option<SmolStr>,
    ) -> Result<Reply, Refusal> {
        let remote_addr = self.open_request(request)?.data.remote_addr.clone();
        if self.is_strict() {
            return Err(Refusal::IdNotIssued);
        }
        self.fits(user.as_deref().unwrap_or_default())?;
        self.has_room_for(id)?;
        let session = Session { user, ..Session::new(remote_addr, self.now) };
        self.state.store_copy(id, session.clone());
        self.effects.store = Some(StoreOp::Put { id, session });
        Ok(Reply::Done)
    }

    // [event-22] [effect-5]
    pub(super) fn delete_session(&mut self, id: SessionId) -> Result<Reply, Refusal> {
        if !self.state.unstore(&id) {
            return Err(Refusal::UnknownSession);
        }
        self.effects.store = Some(StoreOp::Delete { id });
        Ok(Reply::Done)
    }

    // [event-23]
    pub(super) fn delete_sessions_of(&mut self, user: &str) -> Reply {
        let ids = self.state.sessions_of(user);
        for id in &ids {
            self.state.unstore(id);
        }
        self.effects.store = (!ids.is_empty()).then_some(StoreOp::DeleteAll { ids });
        Reply::Done
    }

    // [event-24] [effect-6]
    pub(super) fn sweep(&mut self) -> Reply {
        let (config, now) = (self.config, self.now);
        let ids = self.state.ids_where(|session| session.is_out_of_time(config, now));
        for id in &ids {
            self.state.unstore(id);
        }
        self.effects.store = (!ids.is_empty()).then_some(StoreOp::DiscardAll { ids });
        Reply::Done
    }

    /// Strict: deletes the session that a new request's cookie names if it is out of time.
    // [step-9]
    pub(super) fn discard_if_out_of_time(&mut self, id: Option<SessionId>) {
        let Some(id) = id.filter(|_| self.is_strict()) else { return };
        let over = |session: &Session| session.is_out_of_time(self.config, self.now);
        if self.state.get(&id).is_some_and(over) {
            self.state.unstore(&id);
            self.effects.store = Some(StoreOp::Discard { id });
        }
    }
}
