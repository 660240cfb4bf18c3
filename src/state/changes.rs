//! What a request changes on its session: one change, and the list of those that are not saved yet.

use alloc::collections::BTreeMap;

use smol_str::SmolStr;

use crate::form_tokens::FormTokens;
use crate::session::Session;
use crate::time::Timestamp;
use crate::token::FormToken;

/// One change of what a session holds.
pub(crate) enum Change {
    SetValue(SmolStr, SmolStr),
    RemoveValue(SmolStr),
    FormToken(FormToken),
}

impl Change {
    /// Makes this change to `session`.
    pub(crate) fn apply_to(self, session: &mut Session, max_form_tokens: u8) {
        match self {
            Self::SetValue(key, value) => session.values.insert(key, value),
            Self::RemoveValue(key) => drop(session.values.remove(&key)),
            Self::FormToken(token) => session.form_tokens.push(token, max_form_tokens),
        }
    }
}

/// What a session keeps when its user is set.
// [step-17] [step-18] [step-19] [step-45]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub(crate) enum Keeps {
    /// The user changed to another, or from somebody to nobody: nothing.
    Nothing,
    /// The user changed from nobody to somebody: the values, such as a cart. The form tokens go,
    /// because the forms were issued to nobody.
    Values,
    /// The user is the same as before: everything.
    #[default]
    All,
}

impl Keeps {
    fn between(before: Option<&SmolStr>, after: Option<&SmolStr>) -> Self {
        match (before, after) {
            _ if before == after => Self::All,
            (None, _) => Self::Values,
            (Some(_), _) => Self::Nothing,
        }
    }

    fn apply_to(self, session: &mut Session) {
        match self {
            Self::All => {}
            Self::Values => session.form_tokens.clear(),
            Self::Nothing => {
                session.form_tokens.clear();
                session.values.clear();
                session.handle = None;
            }
        }
    }
}

/// The user that a request sets, or nobody.
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct UserChange {
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) to: Option<SmolStr>,
    /// When it was set.
    pub(crate) at: Timestamp,
    /// The user's generation at that moment; None if the user's sessions were ended since.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) generation: Option<u64>,
}

/// What a request has changed on its session and not saved: the latest change of each key.
// [step-10]
#[derive(Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Changes {
    /// The new user, if one was set: a user, or nobody.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) user: Option<UserChange>,
    /// What the session keeps after all users that were set.
    pub(crate) keeps: Keeps,
    /// Whether a new id was asked for.
    pub(crate) renew: bool,
    /// The values that were set and, as None, those that were removed.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::each_once"))]
    pub(crate) values: BTreeMap<SmolStr, Option<SmolStr>>,
    /// The values that must still be these and, as None, those that must still be missing.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::each_once"))]
    pub(crate) guards: BTreeMap<SmolStr, Option<SmolStr>>,
    /// The form tokens that were created for the present user, oldest first.
    pub(crate) form_tokens: FormTokens,
}

impl Changes {
    /// Whether there is nothing but form tokens, which no visitor would miss: if the session is
    /// gone, the form is shown again.
    pub(crate) fn has_only_tokens(&self) -> bool {
        self.user.is_none() && !self.renew && self.values.is_empty() && self.guards.is_empty()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.has_only_tokens() && self.form_tokens.is_empty()
    }

    /// Whether the save moves the session to a new id.
    // [step-44]
    pub(crate) fn moves(&self) -> bool {
        self.renew || self.begins().is_some()
    }

    /// The change of the user, if a session of that user begins with it: all but nobody after
    /// nobody.
    pub(crate) fn begins(&self) -> Option<&UserChange> {
        self.user.as_ref().filter(|user| user.to.is_some() || self.keeps == Keeps::Nothing)
    }

    /// Whether the request itself has set or removed the value, and not saved that.
    pub(crate) fn changed_value(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Remembers a change that is about to be made.
    pub(crate) fn record(&mut self, change: &Change, max_form_tokens: u8) {
        match change {
            Change::SetValue(key, value) => {
                self.values.insert(key.clone(), Some(value.clone()));
            }
            Change::RemoveValue(key) => _ = self.values.insert(key.clone(), None),
            Change::FormToken(token) => self.form_tokens.push(*token, max_form_tokens),
        }
    }

    /// Remembers that the user is about to be set on `session`, and makes that change to it.
    pub(crate) fn set_user(&mut self, user: UserChange, session: &mut Session, address: &SmolStr) {
        let keeps = Keeps::between(session.user.as_ref(), user.to.as_ref());
        self.keeps = self.keeps.min(keeps);
        match keeps {
            Keeps::All => {}
            Keeps::Values => self.form_tokens.clear(),
            Keeps::Nothing => {
                self.form_tokens.clear();
                self.values.clear();
                self.guards.clear();
            }
        }
        // By the handle the request can still end the session that it found, wherever it has moved.
        let handle = session.handle;
        keeps.apply_to(session);
        session.handle = handle;
        self.user = Some(user);
        self.apply_user_to(session, address);
    }

    /// Whether all guarded values of `session` are what they were.
    // [step-40]
    pub(crate) fn guards_hold(&self, session: &Session) -> bool {
        self.guards.iter().all(|(key, seen)| session.values().get(key) == seen.as_ref())
    }

    fn apply_user_to(&self, session: &mut Session, address: &SmolStr) {
        if let Some(begins) = self.begins() {
            // [step-20] [time-16]
            session.created = begins.at;
            session.accessed = session.accessed.max(begins.at);
            session.remote_addr = address.clone();
        }
        if let Some(user) = &self.user {
            session.user.clone_from(&user.to);
        }
    }

    /// Makes these changes to `session`, key by key. A token that is queued already is not queued
    /// again, since each is good for one acceptance.
    // [step-41] [step-43]
    pub(crate) fn apply_to(&self, session: &mut Session, address: &SmolStr, max_form_tokens: u8) {
        self.keeps.apply_to(session);
        self.apply_user_to(session, address);
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
