//! Sessions are ended and inserted by their ids, by whoever runs the manager.

use smol_str::SmolStr;

use super::Step;
use crate::effect::{Refusal, Reply, StoreOp};
use crate::session::Session;
use crate::state::Request;
use crate::token::SessionId;

impl Step<'_> {
    pub(super) fn insert_session(
        &mut self,
        request: &Request,
        id: SessionId,
        user: Option<SmolStr>,
    ) -> Result<Reply, Refusal> {
        // [event-29]
        self.grants_or(Refusal::IdNotIssued)?;
        self.fits(user.as_deref().unwrap_or_default())?;
        self.has_room_for(&id)?;
        // [event-30]
        let session = Session { user, ..Session::new(request.data.remote_addr.clone(), self.now) };
        self.store.put(id, session.clone());
        self.effects.store = Some(StoreOp::Put { id, session });
        Ok(Reply::Done)
    }

    // [event-31] [event-32] [effect-6]
    pub(super) fn delete_session(&mut self, id: SessionId) -> Result<Reply, Refusal> {
        if !self.store.remove(&id) {
            return Err(Refusal::UnknownSession);
        }
        self.effects.store = Some(StoreOp::Delete { id });
        Ok(Reply::Done)
    }

    // [event-33] [effect-6]
    pub(super) fn delete_sessions_of(&mut self, user: &str) -> Reply {
        let ids = self.store.remove_where(|session| session.user.as_deref() == Some(user));
        self.effects.store = (!ids.is_empty()).then_some(StoreOp::DeleteAll { ids });
        Reply::Done
    }

    // [event-34] [effect-7]
    pub(super) fn sweep(&mut self) -> Reply {
        let (config, now) = (self.config, self.now);
        let ids = self.store.remove_where(|session| session.is_over(config, now));
        self.effects.store = (!ids.is_empty()).then_some(StoreOp::DiscardAll { ids });
        Reply::Done
    }
}
