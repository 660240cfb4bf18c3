//! A request ends.

use foldhash::fast::FixedState;
use hashbrown::hash_map::OccupiedEntry;

use super::Step;
use crate::effect::{CookieOp, Refusal, Reply, Transaction};
use crate::event::{Outcome, RequestId};
use crate::semantics::Revocation;
use crate::state::Request;

impl Step<'_> {
    /// Whatever is refused is refused by the save, before anything has changed.
    // [step-38] [step-39]
    pub(super) fn finish_request(
        &mut self,
        mut open: OccupiedEntry<'_, RequestId, Request, FixedState>,
        outcome: Outcome,
    ) -> Result<Reply, Refusal> {
        let request = open.get_mut();
        let carried = request.data.response;
        let of_other_page = match self.differences.revocation {
            // [step-34]
            Revocation::LeavesWithItsPage => None,
            // [step-35]
            Revocation::LeavesWithAnyPage => carried,
        };
        // [effect-8] [step-32] [step-33]
        let (response, transaction) = match outcome {
            Outcome::Successful => (self.save(request, carried)?, Some(Transaction::Commit)),
            Outcome::Interrupted => (self.save(request, of_other_page)?, Some(Transaction::Commit)),
            Outcome::Failed => (of_other_page, Some(Transaction::Abort)),
            Outcome::Abandoned => (None, None),
        };
        let closed = open.remove();
        if let Some(held) = closed.held {
            self.store.release(held);
        }
        self.effects.transaction = transaction;
        // [effect-9]
        self.effects.cookie = response.map(|value| CookieOp {
            value,
            path: self.config.path_of_cookie(&closed.data.script_name),
        });
        Ok(Reply::Done)
    }
}
