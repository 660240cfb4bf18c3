//! The manager ends sessions, and the caller inserts them under ids of its own.

use smol_str::SmolStr;

use super::Step;
use crate::effect::{Refusal, StoreOp};
use crate::semantics::{Limits, Saves};
use crate::session::Session;
use crate::state::Request;
use crate::token::{Handle, SessionId};

impl Step<'_> {
    pub(super) fn insert_session(
        &mut self,
        request: &Request,
        id: SessionId,
        user: Option<&SmolStr>,
    ) -> Result<(), Refusal> {
        self.fits(user.map_or("", SmolStr::as_str))?;
        // [event-43]
        self.grants_or(Refusal::IdNotIssued)?;
        self.has_room_for(&id)?;
        // [event-44]
        let session = Session {
            user: user.cloned(),
            ..Session::new(request.data.remote_addr.clone(), self.now)
        };
        self.store.put(id, session.clone());
        self.effects.store = Some(StoreOp::Put { id, session: session.into() });
        Ok(())
    }

    // [event-45] [event-46] [effect-8]
    pub(super) fn delete_session(&mut self, id: SessionId) -> Result<(), Refusal> {
        if !self.store.remove(&id) {
            return Err(Refusal::UnknownSession);
        }
        self.effects.store = Some(match self.config.differences().saves {
            Saves::WholeSession => StoreOp::Delete { id },
            Saves::Changes => StoreOp::Discard { id },
        });
        Ok(())
    }

    // [event-47] [event-48]
    pub(super) fn delete_handle(&mut self, handle: Handle) -> Result<(), Refusal> {
        self.offers()?;
        self.store.remove_where(|session| session.handle == Some(handle));
        self.effects.store = Some(StoreOp::DeleteHandle { handle, user: None });
        Ok(())
    }

    /// Ends a user's sessions, except perhaps one, and the user's logins that are not saved yet.
    // [step-39] [driver-9]
    pub(super) fn end_user(&mut self, user: &SmolStr, except: Option<SessionId>) {
        for id in self.store.ids_where(|session| session.user.as_ref() == Some(user)) {
            if Some(id) != except {
                self.store.remove(&id);
            }
        }
        if let Some(generation) = self.generations.get_mut(user) {
            *generation = generation.saturating_add(1);
        }
        self.effects.store = Some(StoreOp::DeleteUser { user: user.clone(), except });
    }

    // [event-50] [effect-10]
    pub(super) fn sweep(&mut self) {
        let (config, now) = (self.config, self.now);
        match self.config.differences().limits {
            Limits::None => {}
            Limits::IdleAndAbsolute => {
                self.store.remove_where(|session| session.is_over(config, now));
                self.effects.store = Some(StoreOp::DiscardOver { now });
            }
        }
    }
}
