//! A request changes the session that it holds: its user and its values.

use smol_str::SmolStr;

use super::Step;
use crate::effect::{Refusal, Reply};
use crate::semantics::Holds;
use crate::state::{Change, Request};

impl Step<'_> {
    // [event-4]
    pub(super) fn set_user(
        &mut self,
        request: &mut Request,
        user: Option<SmolStr>,
    ) -> Result<Reply, Refusal> {
        self.fits(user.as_deref().unwrap_or_default())?;
        self.change(request, Change::User(user))
    }

    // [event-5]
    pub(super) fn set_value(
        &mut self,
        request: &mut Request,
        key: SmolStr,
        value: SmolStr,
    ) -> Result<Reply, Refusal> {
        self.fits(&key)?;
        self.fits(&value)?;
        let most = self.config.max_values;
        let values = self.session(request.held()?).values();
        // [config-23]
        if values.len() >= most && !values.contains_key(&key) {
            return Err(Refusal::TooManyValues);
        }
        // [config-25]
        let changes = request.data.changes.as_deref();
        if changes.is_some_and(|changes| changes.is_full_for(&key, most.saturating_mul(2))) {
            return Err(Refusal::TooManyValues);
        }
        self.change(request, Change::SetValue(key, value))
    }

    // [event-6] [event-7]
    pub(super) fn remove_value(
        &mut self,
        request: &mut Request,
        key: SmolStr,
    ) -> Result<Reply, Refusal> {
        if !self.session(request.held()?).values().contains_key(&key) {
            return Err(Refusal::UnknownKey);
        }
        self.change(request, Change::RemoveValue(key))
    }

    /// The one way to change what a request holds.
    // [step-13] [step-14]
    pub(super) fn change(
        &mut self,
        request: &mut Request,
        change: Change,
    ) -> Result<Reply, Refusal> {
        let most = self.config.max_form_tokens;
        let session = &mut self.store.object_mut(request.held()?).session;
        match self.differences.holds {
            Holds::StoredObject | Holds::Copy => {}
            // [step-10]
            Holds::CopyAndChanges => {
                let changes = request.data.changes.get_or_insert_default();
                changes.record(&change, session, most);
            }
        }
        change.apply_to(session, self.differences.renews, most);
        Ok(Reply::Done)
    }
}
