//! A request gives up its cookie or its session, or replaces the session.

use super::Step;
use crate::effect::{Refusal, Reply, StoreOp};
use crate::semantics::Liberties;
use crate::session::Session;
use crate::state::Request;

impl Step<'_> {
    pub(super) fn revoke_session_cookie(&self, request: &mut Request) -> Result<Reply, Refusal> {
        match self.differences.liberties {
            // [event-12]
            Liberties::Granted => request.revoke_cookie(),
            // [event-13]
            Liberties::Refused => return Err(Refusal::WouldOrphan),
        }
        Ok(Reply::Done)
    }

    // [event-14] [event-15]
    pub(super) fn expire_session(&mut self, request: &mut Request) -> Result<Reply, Refusal> {
        let held = self.held(request)?;
        let ended = self.store.object(held).id.filter(|id| self.store.remove(id));
        self.store.release(held);
        request.held = None;
        request.data.changes = None;
        request.revoke_cookie();
        // [effect-5]
        self.effects.store = ended.map(|id| StoreOp::Delete { id });
        Ok(Reply::Done)
    }

    // [event-16]
    pub(super) fn new_session(&mut self, request: &mut Request) -> Result<Reply, Refusal> {
        let id = request.held.and_then(|held| self.store.object(held).id);
        match self.differences.liberties {
            Liberties::Granted => {}
            // [event-17]
            Liberties::Refused if id.is_some_and(|id| self.find(&id).is_some()) => {
                return Err(Refusal::WouldOrphan);
            }
            // [event-25]
            Liberties::Refused => _ = id.and_then(|id| self.find_or_discard(&id)),
        }
        let session = Session::new(request.data.remote_addr.clone(), self.now);
        let fresh = self.store.hold_new(None, session);
        if let Some(before) = request.held.replace(fresh) {
            self.store.release(before);
        }
        request.data.changes = None;
        Ok(Reply::Done)
    }
}
