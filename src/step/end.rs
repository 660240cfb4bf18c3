//! A request gives up its cookie or its session, replaces the session, and ends.

use foldhash::fast::FixedState;
use hashbrown::hash_map::OccupiedEntry;

use super::Step;
use crate::effect::{CookieOp, Refusal, Reply, StoreOp, Transaction};
use crate::event::{Outcome, RequestId};
use crate::semantics::{Liberties, Revocation};
use crate::session::Session;
use crate::state::Request;

impl Step<'_> {
    pub(super) fn revoke_session_cookie(&self, request: &mut Request) -> Result<Reply, Refusal> {
        // [event-17]
        self.grants_or(Refusal::WouldOrphan)?;
        // [event-14] [event-15] [event-16]
        request.revoke_cookie();
        Ok(Reply::Done)
    }

    pub(super) fn expire_session(&mut self, request: &mut Request) -> Result<Reply, Refusal> {
        let held = request.held()?;
        // [event-18]
        let ended = self.store.object(held).id.filter(|id| self.store.remove(id));
        self.store.release(held);
        // [event-21]
        request.held = None;
        request.data.changes = None;
        // [event-19] [event-20]
        request.revoke_cookie();
        // [effect-6]
        self.effects.store = ended.map(|id| StoreOp::Delete { id });
        Ok(Reply::Done)
    }

    // [event-22]
    pub(super) fn new_session(&mut self, request: &mut Request) -> Result<Reply, Refusal> {
        let id = request.held.and_then(|held| self.store.object(held).id);
        match self.differences.liberties {
            Liberties::Granted => {}
            // [event-23]
            Liberties::Refused if id.is_some_and(|id| self.find(&id).is_some()) => {
                return Err(Refusal::WouldOrphan);
            }
            // [event-24]
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

    /// Whatever is refused is refused by the save, before anything has changed.
    // [step-49] [step-50]
    pub(super) fn finish_request(
        &mut self,
        mut open: OccupiedEntry<'_, RequestId, Request, FixedState>,
        outcome: Outcome,
    ) -> Result<Reply, Refusal> {
        let request = open.get_mut();
        self.response = match outcome {
            Outcome::Successful => request.data.response,
            Outcome::Interrupted | Outcome::Failed => match self.differences.revocation {
                // [step-44]
                Revocation::LeavesWithItsPage => None,
                // [step-45]
                Revocation::LeavesWithAnyPage => request.data.response,
            },
            Outcome::Abandoned => None,
        };
        // [step-42] [step-43]
        if outcome.saves() {
            self.save(request)?;
        }
        let Request { held, data } = open.remove();
        if let Some(held) = held {
            self.store.release(held);
        }
        self.effects.transaction = match outcome {
            // [effect-9]
            Outcome::Successful | Outcome::Interrupted => Some(Transaction::Commit),
            // [effect-10]
            Outcome::Failed => Some(Transaction::Abort),
            // [effect-11]
            Outcome::Abandoned => None,
        };
        // [effect-12]
        self.effects.cookie = self
            .response
            .map(|value| CookieOp { value, path: self.config.path_of_cookie(&data.script_name) });
        Ok(Reply::Done)
    }
}
