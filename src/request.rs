//! What is remembered about one request in flight, and, in strict, the changes it has made.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use smol_str::SmolStr;

use crate::effect::CookieChange;
use crate::form_tokens::FormTokens;
use crate::objects::Slot;
use crate::presented::CookieValue;
use crate::session::Session;

/// One request in flight.
#[derive(Clone)]
pub(crate) struct Request {
    /// The session it holds; None once that was expired.
    pub(crate) held: Option<Slot>,
    /// The rest of it, which a snapshot of the state keeps as it stands.
    pub(crate) data: RequestData,
}

/// All of a request but what it holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct RequestData {
    /// The session cookie as the rest of the request sees it.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) cookie: Option<CookieValue>,
    pub(crate) remote_addr: SmolStr,
    pub(crate) script_name: SmolStr,
    /// The session cookie that the response carries so far.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) response: Option<CookieChange>,
    /// Strict only; None until there is one.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) changes: Option<Box<Changes>>,
}

/// What a request has changed on its session and not saved: the latest change of each key.
// [step-8]
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Changes {
    /// The new user, where one was set: a user, or nobody.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) user: Option<UserChange>,
    /// The values set, and, as None, removed.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::each_once"))]
    pub(crate) values: BTreeMap<SmolStr, Option<SmolStr>>,
    /// The form tokens created for the user that now stands, oldest first.
    pub(crate) form_tokens: FormTokens,
}

/// The user that a request sets; nobody is a user too, for this purpose.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct UserChange {
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) to: Option<SmolStr>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.user.is_none() && self.values.is_empty() && self.form_tokens.is_empty()
    }

    /// Makes these changes to `session`, key by key. A change of the user ends the form tokens
    /// that stand; a token that is queued already is not queued twice, since each is good for one
    /// acceptance.
    // [step-27] [step-42]
    pub(crate) fn apply_to(&self, session: &mut Session, max_form_tokens: u8) {
        if let Some(user) = &self.user
            && session.user != user.to
        {
            session.user.clone_from(&user.to);
            session.form_tokens.clear();
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
