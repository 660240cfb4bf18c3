//! A request gives up its cookie or its session, replaces the session, and ends.

use foldhash::fast::FixedState;
use hashbrown::hash_map::OccupiedEntry;
use smol_str::SmolStr;

use super::Step;
use crate::effect::{CookieOp, Refusal, StoreOp, Transaction};
use crate::event::{Outcome, RequestId};
use crate::semantics::{Liberties, Revocation};
use crate::session::Session;
use crate::state::{Request, Slot};
use crate::token::{Handle, SessionId};

impl Step<'_> {
    pub(super) fn revoke_session_cookie(&self, request: &mut Request) -> Result<(), Refusal> {
        // [event-23]
        self.grants_or(Refusal::WouldOrphan)?;
        // [event-20] [event-21] [event-22]
        request.revoke_cookie();
        Ok(())
    }

    pub(super) fn expire_session(&mut self, request: &mut Request) -> Result<(), Refusal> {
        let held = request.held()?;
        self.end_own(request, held);
        Ok(())
    }

    fn end_own(&mut self, request: &mut Request, held: Slot) {
        let object = self.store.object(held);
        // [event-24] [event-25] [effect-8]
        self.effects.store = match (object.id, object.session.handle) {
            (None, _) => None,
            (Some(id), None) => self.store.remove(&id).then_some(StoreOp::Delete { id }),
            (Some(id), Some(handle)) => {
                // A renewal or a login may have moved it meanwhile.
                if !self.store.remove(&id) {
                    self.store.remove_where(|session| session.handle == Some(handle));
                }
                Some(StoreOp::DeleteHandle { handle, user: None })
            }
        };
        self.store.release(held);
        // [event-28]
        request.held = None;
        request.data.changes = None;
        // [event-26] [event-27]
        request.revoke_cookie();
    }

    // [event-29] [event-30]
    pub(super) fn expire_other_sessions(&mut self, request: &mut Request) -> Result<(), Refusal> {
        let held = request.held()?;
        self.offers()?;
        let (user, own) = self.acting_user(request, held)?;
        self.end_user(&user, own);
        // The login of this request, which may not be saved yet, comes after the end.
        let login = request.data.changes.as_mut().and_then(|changes| changes.user.as_mut());
        if let Some(login) = login.filter(|login| login.to.as_ref() == Some(&user)) {
            login.generation = Some(self.generations.get(&user).copied().unwrap_or_default());
        }
        Ok(())
    }

    // [event-31] [event-32]
    pub(super) fn expire_handle(
        &mut self,
        request: &mut Request,
        handle: Handle,
    ) -> Result<(), Refusal> {
        let held = request.held()?;
        self.offers()?;
        let (user, _) = self.acting_user(request, held)?;
        if self.session(held).handle == Some(handle) {
            self.end_own(request, held);
            return Ok(());
        }
        let user = Some(user);
        self.store.remove_where(|session| session.handle == Some(handle) && session.user == user);
        self.effects.store = Some(StoreOp::DeleteHandle { handle, user });
        Ok(())
    }

    /// The user for whom the request acts on other sessions, and the user's stored session that
    /// entitles it to. A request that logged the user in itself needs no stored session.
    // [event-33] [event-34] [event-35]
    fn acting_user(
        &self,
        request: &Request,
        held: Slot,
    ) -> Result<(SmolStr, Option<SessionId>), Refusal> {
        let user = self.session(held).user.as_ref().ok_or(Refusal::NoUser)?;
        let is_users = |id: &SessionId| {
            let stored = self.store.find(id);
            stored.is_some_and(|slot| self.session(slot).user.as_ref() == Some(user))
        };
        let own = self.store.object(held).id.filter(is_users);
        let changes = request.data.changes.as_deref();
        match changes.and_then(|changes| changes.user.as_ref()) {
            Some(login) if login.generation.is_none() => Err(Refusal::UserEnded),
            None if own.is_none_or(|id| self.find(&id).is_none()) => Err(Refusal::SessionGone),
            Some(_) | None => Ok((user.clone(), own)),
        }
    }

    // [event-36]
    pub(super) fn new_session(&mut self, request: &mut Request) -> Result<(), Refusal> {
        let id = request.held.and_then(|held| self.store.object(held).id);
        match self.config.differences().liberties {
            Liberties::Granted => {}
            // [event-37]
            Liberties::Refused if id.is_some_and(|id| self.find(&id).is_some()) => {
                return Err(Refusal::WouldOrphan);
            }
            // [event-38]
            Liberties::Refused => _ = id.and_then(|id| self.find_or_discard(&id)),
        }
        let session = Session::new(request.data.remote_addr.clone(), self.now);
        let fresh = self.store.hold_new(None, session);
        if let Some(before) = request.held.replace(fresh) {
            self.store.release(before);
        }
        request.data.changes = None;
        Ok(())
    }

    /// Ends the request. Only the save can refuse, and it does so before anything has changed.
    // [step-59] [step-60]
    pub(super) fn finish_request(
        &mut self,
        mut open: OccupiedEntry<'_, RequestId, Request, FixedState>,
        outcome: Outcome,
    ) -> Result<(), Refusal> {
        let request = open.get_mut();
        self.response = match outcome {
            Outcome::Successful => request.data.response,
            Outcome::Interrupted | Outcome::Failed => match self.config.differences().revocation {
                // [step-54]
                Revocation::LeavesWithItsPage => None,
                // [step-55]
                Revocation::LeavesWithAnyPage => request.data.response,
            },
            Outcome::Abandoned => None,
        };
        // [step-52] [step-53]
        if outcome.saves() {
            self.save(request)?;
        }
        self.effects.transaction = match outcome {
            // [effect-12]
            Outcome::Successful | Outcome::Interrupted => Some(Transaction::Commit),
            // [effect-13]
            Outcome::Failed => Some(Transaction::Abort),
            // [effect-14]
            Outcome::Abandoned => None,
        };
        // [effect-15]
        self.effects.cookie = self.response.map(|value| CookieOp {
            value,
            path: self.config.path_of_cookie(&request.data.script_name),
        });
        if let Some(held) = open.remove().held {
            self.store.release(held);
        }
        Ok(())
    }
}
