//! A request changes the session that it holds: its user, its id and its values.

use alloc::collections::BTreeMap;

use smol_str::SmolStr;

use super::Step;
use crate::effect::{Refusal, Reply};
use crate::semantics::{Holds, Logins, Tokens};
use crate::state::{Change, Request, RequestData, UserChange};

impl Step<'_> {
    // [event-4]
    pub(super) fn set_user(
        &mut self,
        request: &mut Request,
        user: Option<&SmolStr>,
    ) -> Result<(), Refusal> {
        self.fits(user.map_or("", SmolStr::as_str))?;
        let session = &mut self.store.object_mut(request.held()?).session;
        match self.config.differences().logins {
            Logins::ChangeTheUser => session.user = user.cloned(),
            // [step-20] [step-39]
            Logins::BeginASession => {
                let known = user.and_then(|user| self.generations.get(user));
                let generation = Some(known.copied().unwrap_or_default());
                let change = UserChange { to: user.cloned(), at: self.now, generation };
                let RequestData { changes, remote_addr, .. } = &mut request.data;
                changes.get_or_insert_default().set_user(change, session, remote_addr);
            }
        }
        Ok(())
    }

    // [event-5] [event-6]
    pub(super) fn renew_session(&self, request: &mut Request) -> Result<(), Refusal> {
        request.held()?;
        self.offers()?;
        request.data.changes.get_or_insert_default().renew = true;
        Ok(())
    }

    // [event-7]
    pub(super) fn set_value(
        &mut self,
        request: &mut Request,
        key: &SmolStr,
        value: &SmolStr,
    ) -> Result<(), Refusal> {
        self.fits(key)?;
        self.fits(value)?;
        let values = self.session(request.held()?).values();
        // [config-24]
        if is_full_for(values, key, self.config.max_values) {
            return Err(Refusal::TooManyValues);
        }
        // [config-26]
        let (changes, most) = (request.data.changes.as_deref(), self.config.change_limit());
        if changes.map_or(most == 0, |changes| is_full_for(&changes.values, key, most)) {
            return Err(Refusal::TooManyValues);
        }
        self.change(request, Change::SetValue(key.clone(), value.clone()))
    }

    // [event-8] [event-9]
    pub(super) fn remove_value(
        &mut self,
        request: &mut Request,
        key: &SmolStr,
    ) -> Result<(), Refusal> {
        if !self.session(request.held()?).values().contains_key(key) {
            return Err(Refusal::UnknownKey);
        }
        self.change(request, Change::RemoveValue(key.clone()))
    }

    /// Gives a value to one request only. It is taken from the same place as form tokens, which
    /// depends on the semantics. A value that this request set itself is taken out of its copy.
    // [event-10] [event-11]
    pub(super) fn take_value(
        &mut self,
        request: &mut Request,
        key: &SmolStr,
    ) -> Result<(), Refusal> {
        let held = request.held()?;
        let seen = self.session(held).values().get(key).ok_or(Refusal::UnknownKey)?;
        let own = request.data.changes.as_deref().is_some_and(|own| own.changed_value(key));
        match (self.config.differences().tokens, self.store.object(held).id) {
            // [step-24]
            (Tokens::OfStoredSession, Some(id)) if !own => {
                let mut session = self.stored_for(&id)?;
                let value = session.values.remove(key).ok_or(Refusal::UnknownKey)?;
                self.store.object_mut(held).session.values.remove(key);
                request.take_back(|changes| changes.guards.remove(key).is_some());
                self.write_back(request, held, id, session);
                self.effects.reply = Reply::Value(value);
            }
            (Tokens::OfStoredSession | Tokens::OfHeldSession, _) => {
                let value = seen.clone();
                self.change(request, Change::RemoveValue(key.clone()))?;
                self.effects.reply = Reply::Value(value);
            }
        }
        Ok(())
    }

    // [event-12] [event-13]
    pub(super) fn guard_value(&self, request: &mut Request, key: &SmolStr) -> Result<(), Refusal> {
        self.fits(key)?;
        let held = request.held()?;
        self.offers()?;
        let (changes, most) = (request.data.changes.as_deref(), self.config.change_limit());
        if changes.is_some_and(|changes| changes.changed_value(key)) {
            return Err(Refusal::ValueChanged);
        }
        // [config-26]
        if changes.map_or(most == 0, |changes| is_full_for(&changes.guards, key, most)) {
            return Err(Refusal::TooManyValues);
        }
        let seen = self.session(held).values().get(key).cloned();
        let changes = request.data.changes.get_or_insert_default();
        changes.guards.entry(key.clone()).or_insert(seen);
        Ok(())
    }

    /// Changes what a request holds and, where the semantics keeps a list of changes, remembers the
    /// change. A change of the user goes another way, and so does what is taken out of the store.
    // [step-15] [step-16]
    pub(super) fn change(&mut self, request: &mut Request, change: Change) -> Result<(), Refusal> {
        let most = self.config.max_form_tokens;
        let session = &mut self.store.object_mut(request.held()?).session;
        match self.config.differences().holds {
            Holds::StoredObject | Holds::Copy => {}
            // [step-10]
            Holds::CopyAndChanges => {
                let changes = request.data.changes.get_or_insert_default();
                changes.record(&change, most);
            }
        }
        change.apply_to(session, most);
        Ok(())
    }
}

/// Whether one more key would make more than `most`.
fn is_full_for<T>(keys: &BTreeMap<SmolStr, T>, key: &str, most: usize) -> bool {
    keys.len() >= most && !keys.contains_key(key)
}
