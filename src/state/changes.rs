//! What a request changes on its session: one change, and the list of those that are not saved yet.

use alloc::collections::BTreeMap;

use smol_str::SmolStr;

use crate::form_tokens::FormTokens;
use crate::semantics::Renews;
use crate::session::Session;
use crate::token::FormToken;

/// One change of a session.
pub(crate) enum Change {
    User(Option<SmolStr>),
    SetValue(SmolStr, SmolStr),
    RemoveValue(SmolStr),
    FormToken(FormToken),
}

impl Change {
    /// Makes this change to `session`.
    pub(crate) fn apply_to(self, session: &mut Session, renews: Renews, max_form_tokens: u8) {
        match self {
            Self::User(user) => set_user(session, user, renews),
            Self::SetValue(key, value) => session.values.insert(key, value),
            Self::RemoveValue(key) => drop(session.values.remove(&key)),
            Self::FormToken(token) => session.form_tokens.push(token, max_form_tokens),
        }
    }
}

// [step-15] [step-35]
fn set_user(session: &mut Session, user: Option<SmolStr>, renews: Renews) {
    match renews {
        Renews::Never => {}
        Renews::WithTheUser => {
            // Tokens that were issued to the user before do not outlive the change.
            if session.user != user {
                session.form_tokens.clear();
            }
        }
    }
    session.user = user;
}

/// What a request has changed on its session and not saved: the latest change of each key.
// [step-10]
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Changes {
    /// The new user, if one was set: a user, or nobody.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    user: Option<UserChange>,
    /// The values that were set and, as None, those that were removed.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::each_once"))]
    values: BTreeMap<SmolStr, Option<SmolStr>>,
    /// The form tokens that were created for the user as it now is, oldest first.
    pub(crate) form_tokens: FormTokens,
}

/// The user that a request sets; nobody is a user, too, for this purpose.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
struct UserChange {
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    to: Option<SmolStr>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.user.is_none() && self.values.is_empty() && self.form_tokens.is_empty()
    }

    /// Whether one more change of the value under `key` would make more than `most` of them.
    pub(crate) fn is_full_for(&self, key: &str, most: usize) -> bool {
        self.values.len() >= most && !self.values.contains_key(key)
    }

    /// Remembers a change that is about to be made to `session`.
    pub(crate) fn record(&mut self, change: &Change, session: &Session, max_form_tokens: u8) {
        match change {
            Change::User(user) => {
                if session.user != *user {
                    self.form_tokens.clear();
                }
                self.user = Some(UserChange { to: user.clone() });
            }
            Change::SetValue(key, value) => {
                self.values.insert(key.clone(), Some(value.clone()));
            }
            Change::RemoveValue(key) => _ = self.values.insert(key.clone(), None),
            Change::FormToken(token) => self.form_tokens.push(*token, max_form_tokens),
        }
    }

    /// Makes these changes to `session`, key by key. A token that is queued already is not queued
    /// again, since each is good for one acceptance.
    // [step-31] [step-33]
    pub(crate) fn apply_to(&self, session: &mut Session, max_form_tokens: u8) {
        if let Some(user) = &self.user {
            set_user(session, user.to.clone(), Renews::WithTheUser);
        }
        for (key, value) in &self.values {
            match value {
                Some(value) => session.values.insert(key.clone(), value.clone()),
                None => drop(session.values.remove(key)),
            }
        }
        for token in self.form_tokens.as_slice() {
            if !session.form_tokens.contains(token) {
                session.form_tokens.push(*token, max_form_tokens);
            }
        }
    }
}
