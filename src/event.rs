//! What happens to the machine: one [`Input`] at a time.

mod fresh_load;
mod outcome;

use smol_str::SmolStr;

pub use self::outcome::Outcome;
use crate::entropy::Entropy;
use crate::presented::{CookieValue, SubmittedToken};
use crate::time::Timestamp;
use crate::token::{Handle, SessionId};

/// All that one step depends on besides `Config` and `State`: the moment, the randomness, the
/// event.
///
/// ```
/// use quixote_session::{Entropy, Input, RequestEvent, RequestId, Timestamp};
///
/// let input = Input {
///     now: Timestamp(1_000_000_000_000),
///     entropy: Entropy::from_draws([0xa1]),
///     event: RequestEvent::ExpireSession.of(RequestId(1)),
/// };
/// assert_eq!(input.event.request(), Some(RequestId(1)));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Input {
    /// The driver's clock, in milliseconds since the epoch. It may go back.
    pub now: Timestamp,
    /// Random bytes, fresh for every input.
    pub entropy: Entropy,
    /// What happens.
    pub event: Event,
}

/// Names one request from its start to its finish. Chosen by the driver, who does not use a
/// number twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct RequestId(pub u64);

/// What happens: a request arrives, something happens in a request that is open, or the manager
/// acts.
///
/// Each event says what it may be refused with, besides what its group says; a refusal has changed
/// nothing.
///
/// ```
/// use quixote_session::{Event, ManagerEvent, RequestEvent, RequestId};
///
/// let event = RequestEvent::SetUser { user: Some("alice".into()) }.of(RequestId(1));
/// assert_eq!((event.request(), event.name()), (Some(RequestId(1)), "set_user"));
/// assert_eq!(Event::Manager(ManagerEvent::Sweep).request(), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Event {
    /// A request arrives: it finds its session, or begins one that is not stored yet.
    ///
    /// Refused with [`request_open`](crate::Refusal::RequestOpen) while the same number is open,
    /// with [`too_many_requests`](crate::Refusal::TooManyRequests), and with
    /// [`text_too_long`](crate::Refusal::TextTooLong) if the address or the script name is.
    StartRequest {
        /// The request's number.
        request: RequestId,
        /// Value of the session cookie, or None if the request carries none; see `read_cookie`
        /// (feature `std`).
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        cookie: Option<CookieValue>,
        /// Where the request comes from (CGI's `REMOTE_ADDR`).
        remote_addr: SmolStr,
        /// Path that the application is mounted at (CGI's `SCRIPT_NAME`). If the configuration has
        /// no path, the cookie gets this one, and `set_cookie` refuses what a header cannot hold:
        /// give it as it stands in the URL, percent-encoded.
        script_name: SmolStr,
        /// Whether the request is no visit, such as a poll that a page sends by itself: it then
        /// prolongs nothing.
        passive: bool,
    },
    /// Something happens in a request that is open.
    ///
    /// Refused with [`unknown_request`](crate::Refusal::UnknownRequest) if no request of that
    /// number is open.
    Request {
        /// The request's number.
        request: RequestId,
        /// What happens in it.
        event: RequestEvent,
    },
    /// The manager acts on the store, for no request in particular.
    Manager(ManagerEvent),
}

/// What happens in an open request, in the order of its life. [`of`](Self::of) makes it an
/// [`Event`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum RequestEvent {
    /// Somebody logs in or, with None, nobody is the user any more. Except under live, a request
    /// that fails undoes the change: to log out for good, send
    /// [`ExpireSession`](Self::ExpireSession).
    ///
    /// Under strict this is a login, even of the user who is logged in already: the session moves
    /// to a new id, and its address and creation become those of this request. What it holds stays
    /// if nobody was logged in (but for form tokens) or the same user was; otherwise the new user,
    /// or nobody, begins without anything that was set before.
    ///
    /// A driver whose store is outside tells the state the user's generation first, by
    /// [`State::with_generation`](crate::State::with_generation).
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession) and
    /// [`text_too_long`](crate::Refusal::TextTooLong).
    SetUser {
        /// The new user.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        user: Option<SmolStr>,
    },
    /// The session moves to a new id when it is saved, and keeps what it holds: for a second
    /// factor, or a role that was granted. A request that fails undoes it.
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession); by Quixote always, with
    /// [`not_offered`](crate::Refusal::NotOffered).
    RenewSession,
    /// The application sets one of its values. If two requests set the same key, the save that
    /// comes later wins; see [`GuardValue`](Self::GuardValue).
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession),
    /// [`text_too_long`](crate::Refusal::TextTooLong) and
    /// [`too_many_values`](crate::Refusal::TooManyValues).
    SetValue {
        /// Which value.
        key: SmolStr,
        /// What it becomes.
        value: SmolStr,
    },
    /// The application removes one of its values.
    ///
    /// Refused with [`unknown_key`](crate::Refusal::UnknownKey) if there is none, and with
    /// [`no_session`](crate::Refusal::NoSession).
    RemoveValue {
        /// Which value.
        key: SmolStr,
    },
    /// Takes a value out of the session, for this request alone: of two requests that ask, one gets
    /// it. Under strict it is gone at once, whatever becomes of the request, unless the request set
    /// it itself. Answers with the value.
    ///
    /// Refused with [`unknown_key`](crate::Refusal::UnknownKey) if there is none, with
    /// [`no_session`](crate::Refusal::NoSession), and under strict with
    /// [`session_gone`](crate::Refusal::SessionGone) if the session has ended meanwhile.
    TakeValue {
        /// Which value.
        key: SmolStr,
    },
    /// The save of this request is to be refused, with
    /// [`value_changed`](crate::Refusal::ValueChanged), if the value of the key, or that there is
    /// none, is no longer what the request saw.
    ///
    /// Refused with [`value_changed`](crate::Refusal::ValueChanged) if the request has changed the
    /// value itself already, with [`too_many_values`](crate::Refusal::TooManyValues),
    /// [`text_too_long`](crate::Refusal::TextTooLong) and
    /// [`no_session`](crate::Refusal::NoSession); by Quixote always, with
    /// [`not_offered`](crate::Refusal::NotOffered).
    GuardValue {
        /// Which value.
        key: SmolStr,
    },
    /// A form is rendered: draws a token for it. The oldest token makes room if there are
    /// [`max_form_tokens`](crate::Config::max_form_tokens) already.
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession), and under strict with
    /// [`entropy_used_up`](crate::Refusal::EntropyUsedUp).
    CreateFormToken,
    /// Asks whether a submitted token is outstanding, without spending it. The answer does not
    /// accept the form: [`RemoveFormToken`](Self::RemoveFormToken) does.
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession).
    HasFormToken {
        /// The token as submitted.
        token: SubmittedToken,
    },
    /// Accepts a submitted form by spending its token.
    ///
    /// Refused with [`unknown_token`](crate::Refusal::UnknownToken) if it is not outstanding, with
    /// [`no_session`](crate::Refusal::NoSession), and under strict with
    /// [`session_gone`](crate::Refusal::SessionGone) if the session has ended meanwhile, which it
    /// has, too, if a login of another request has moved it.
    RemoveFormToken {
        /// The token as submitted.
        token: SubmittedToken,
    },
    /// Asks whether the request carries a session cookie.
    HasSessionCookie {
        /// Whether the cookie must name a session that is stored now.
        must_exist: bool,
    },
    /// Takes the cookie from the client and hides it from the rest of the request, leaving the
    /// session stored.
    ///
    /// Strict refuses with [`would_orphan`](crate::Refusal::WouldOrphan): nobody could reach the
    /// session any more.
    RevokeSessionCookie,
    /// Ends the session, which is how to log out: deletes it, takes the cookie back, and leaves the
    /// request without a session.
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession).
    ExpireSession,
    /// Ends all sessions of this request's user but its own, at once and for good: a login of that
    /// user in another request that has not finished is refused, too.
    ///
    /// Refused with [`no_user`](crate::Refusal::NoUser) if nobody is logged in, with
    /// [`session_gone`](crate::Refusal::SessionGone) and
    /// [`user_ended`](crate::Refusal::UserEnded) if that has ended meanwhile, and with
    /// [`no_session`](crate::Refusal::NoSession); by Quixote always, with
    /// [`not_offered`](crate::Refusal::NotOffered).
    ExpireOtherSessions,
    /// Ends one session of this request's user, at once and for good; its own as
    /// [`ExpireSession`](Self::ExpireSession) does. It is done even if no session has the handle
    /// any more.
    ///
    /// Refused as [`ExpireOtherSessions`](Self::ExpireOtherSessions) is.
    ExpireHandle {
        /// Which session.
        handle: Handle,
    },
    /// Gives the request a fresh session in place of the one that it held.
    ///
    /// Strict refuses with [`would_orphan`](crate::Refusal::WouldOrphan) if that one is stored.
    NewSession,
    /// Saves or discards the session now, in the middle of the request.
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession),
    /// [`entropy_used_up`](crate::Refusal::EntropyUsedUp) and
    /// [`too_many_sessions`](crate::Refusal::TooManySessions); by strict always, with
    /// [`saved_at_finish`](crate::Refusal::SavedAtFinish).
    MaintainSession,
    /// The request ends, and its session is saved if the outcome says so.
    ///
    /// Refused with [`entropy_used_up`](crate::Refusal::EntropyUsedUp) and
    /// [`too_many_sessions`](crate::Refusal::TooManySessions), under strict also with
    /// [`session_gone`](crate::Refusal::SessionGone), [`user_ended`](crate::Refusal::UserEnded),
    /// [`value_changed`](crate::Refusal::ValueChanged) and
    /// [`too_many_values`](crate::Refusal::TooManyValues): then nothing was saved and **the request
    /// stays open**. Send it again with fresh entropy, or as [`Outcome::Failed`], which is never
    /// refused; a driver that does neither leaves the request open for ever.
    FinishRequest {
        /// How it ended.
        outcome: Outcome,
    },
    /// Stores a new session of this request's client under an id that the caller chose, over
    /// whatever is there.
    ///
    /// Refused with [`text_too_long`](crate::Refusal::TextTooLong) and
    /// [`too_many_sessions`](crate::Refusal::TooManySessions); by strict always, with
    /// [`id_not_issued`](crate::Refusal::IdNotIssued).
    InsertSession {
        /// The id to store it under.
        id: SessionId,
        /// Its user.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        user: Option<SmolStr>,
    },
}

/// What the manager does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum ManagerEvent {
    /// Deletes a session. An id may be out of date by the time it is used, for a login moves the
    /// session: see [`DeleteHandle`](Self::DeleteHandle).
    ///
    /// Refused with [`unknown_session`](crate::Refusal::UnknownSession) if none is stored under
    /// that id.
    DeleteSession {
        /// Which one.
        id: SessionId,
    },
    /// Deletes the session of a handle, wherever logins have moved it. It is done even if there is
    /// none. Looks at every stored session.
    ///
    /// By Quixote always refused, with [`not_offered`](crate::Refusal::NotOffered).
    DeleteHandle {
        /// Which one.
        handle: Handle,
    },
    /// Deletes every session of one user, for good: under strict a login of that user in a request
    /// that has not finished is refused, too. Looks at every stored session.
    DeleteSessionsOf {
        /// Whose.
        user: SmolStr,
    },
    /// Deletes every session that is over. Looks at every stored session.
    Sweep,
}

impl Event {
    /// The request that the event belongs to; None for events of the manager.
    #[must_use]
    pub const fn request(&self) -> Option<RequestId> {
        match self {
            Self::StartRequest { request, .. } | Self::Request { request, .. } => Some(*request),
            Self::Manager(_) => None,
        }
    }

    /// The same event of another request.
    #[cfg(feature = "check")]
    pub(crate) const fn with_request(mut self, number: RequestId) -> Self {
        match &mut self {
            Self::StartRequest { request, .. } | Self::Request { request, .. } => *request = number,
            Self::Manager(_) => {}
        }
        self
    }

    /// The event's name, as traces and the specification spell it.
    ///
    /// ```
    /// use quixote_session::{Event, ManagerEvent};
    ///
    /// assert_eq!(Event::Manager(ManagerEvent::Sweep).name(), "sweep");
    /// ```
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::StartRequest { .. } => "start_request",
            Self::Request { event, .. } => event.name(),
            Self::Manager(event) => event.name(),
        }
    }
}

impl RequestEvent {
    /// This event, of the request of that number.
    #[must_use]
    pub const fn of(self, request: RequestId) -> Event {
        Event::Request { request, event: self }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::SetUser { .. } => "set_user",
            Self::RenewSession => "renew_session",
            Self::SetValue { .. } => "set_value",
            Self::RemoveValue { .. } => "remove_value",
            Self::TakeValue { .. } => "take_value",
            Self::GuardValue { .. } => "guard_value",
            Self::CreateFormToken => "create_form_token",
            Self::HasFormToken { .. } => "has_form_token",
            Self::RemoveFormToken { .. } => "remove_form_token",
            Self::HasSessionCookie { .. } => "has_session_cookie",
            Self::RevokeSessionCookie => "revoke_session_cookie",
            Self::ExpireSession => "expire_session",
            Self::ExpireOtherSessions => "expire_other_sessions",
            Self::ExpireHandle { .. } => "expire_handle",
            Self::NewSession => "new_session",
            Self::MaintainSession => "maintain_session",
            Self::FinishRequest { .. } => "finish_request",
            Self::InsertSession { .. } => "insert_session",
        }
    }
}

impl ManagerEvent {
    const fn name(&self) -> &'static str {
        match self {
            Self::DeleteSession { .. } => "delete_session",
            Self::DeleteHandle { .. } => "delete_handle",
            Self::DeleteSessionsOf { .. } => "delete_sessions_of",
            Self::Sweep => "sweep",
        }
    }
}
