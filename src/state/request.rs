//! What is remembered about a request in flight.

use alloc::boxed::Box;

use smol_str::SmolStr;

use super::changes::Changes;
use super::objects::Slot;
use crate::effect::{CookieChange, Refusal};
use crate::presented::CookieValue;

/// One request in flight.
#[derive(Clone)]
pub(crate) struct Request {
    /// The session that it holds; None after it has expired it.
    pub(crate) held: Option<Slot>,
    /// The rest of the request, which the canonical form of a state keeps unchanged.
    pub(crate) data: RequestData,
}

impl Request {
    // [event-3]
    pub(crate) fn held(&self) -> Result<Slot, Refusal> {
        self.held.ok_or(Refusal::NoSession)
    }

    /// Takes back a part of what the request has changed; returns whether that was there. A request
    /// that has taken back everything is as one that changed nothing.
    // [state-5]
    pub(crate) fn take_back(&mut self, part: impl FnOnce(&mut Changes) -> bool) -> bool {
        let was_there = self.data.changes.as_deref_mut().is_some_and(part);
        self.data.changes.take_if(|changes| changes.is_empty());
        was_there
    }

    /// Voids a login of `user` in this request, unless it was made in a generation that counts.
    // [step-39]
    pub(crate) fn end_login_unless(&mut self, user: &str, counts: impl Fn(u64) -> bool) {
        let changes = self.data.changes.as_mut().and_then(|changes| changes.user.as_mut());
        if let Some(change) = changes.filter(|change| change.to.as_deref() == Some(user)) {
            change.generation.take_if(|made_in| !counts(*made_in));
        }
    }

    /// Puts a revocation into the response, and hides the cookie from the rest of the request.
    pub(crate) fn revoke_cookie(&mut self) {
        self.data.response = Some(CookieChange::Revoke);
        self.data.cookie = None;
    }
}

/// Everything in a request except what it holds.
#[derive(Clone, PartialEq, Eq, Hash)]
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
    /// The changes that are not saved yet, where the semantics keeps a list of them; None if there
    /// are none.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) changes: Option<Box<Changes>>,
}
