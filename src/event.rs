//! What happens to the machine: one [`Input`] at a time.

mod fresh_load;
mod outcome;

use smol_str::SmolStr;

pub use self::outcome::Outcome;
use crate::entropy::Entropy;
use crate::presented::{CookieValue, SubmittedToken};
use crate::time::Timestamp;
use crate::token::{Handle, SessionId};

/// All that one step depends on besides `Config` and `State`: the moment, the random bytes and the
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

/// Names one request from its start to its finish. The driver chooses it, and never uses a number
/// twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct RequestId(pub u64);

/// What happens: a request arrives, something happens in an open request, or the manager acts.
///
/// Each event says what it may be refused with, in addition to what its group says. A refusal has
/// changed nothing.
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
        /// True if the request is not a visit, such as a poll that a page sends by itself. It then
        /// does not keep an idle session alive.
        passive: bool,
    },
    /// Something happens in an open request.
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
    /// Under strict this is a login, even of the user who is already logged in: the session moves
    /// to a new id, and its address and creation become those of this request. If the same user
    /// was logged in, the session keeps what it holds; if nobody was, it keeps all but its form
    /// tokens. Otherwise the new user, or nobody, begins without anything that was set before.
    ///
    /// A driver whose store is outside first tells the state the user's generation, by
    /// [`State::with_generation`](crate::State::with_generation). If all sessions of the user are
    /// ended after that, the save is refused, so the generation should be from before the user's
    /// proof was checked. If the state holds all sessions, you can send this event before the
    /// check, and end the request as failed if the proof is wrong.
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession) and
    /// [`text_too_long`](crate::Refusal::TextTooLong).
    SetUser {
        /// The new user.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        user: Option<SmolStr>,
    },
    /// The session moves to a new id when it is saved, and keeps what it holds: for example after a
    /// second factor, or when a role was granted. A request that fails undoes it.
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
    /// Takes a value out of the session and answers with it. If two requests ask for the same
    /// value, one of them gets it. Under strict the value is gone at once, whatever becomes of the
    /// request, unless the request set it itself.
    ///
    /// Refused with [`unknown_key`](crate::Refusal::UnknownKey) if there is none, with
    /// [`no_session`](crate::Refusal::NoSession), and under strict with
    /// [`session_gone`](crate::Refusal::SessionGone) if the session has ended meanwhile.
    TakeValue {
        /// Which value.
        key: SmolStr,
    },
    /// Has the save of this request refused, with [`value_changed`](crate::Refusal::ValueChanged),
    /// if the stored value, or its absence, is then no longer what this request saw.
    ///
    /// Refused with [`value_changed`](crate::Refusal::ValueChanged) if this request has already
    /// changed the value itself, with [`too_many_values`](crate::Refusal::TooManyValues),
    /// [`text_too_long`](crate::Refusal::TextTooLong) and
    /// [`no_session`](crate::Refusal::NoSession); by Quixote always, with
    /// [`not_offered`](crate::Refusal::NotOffered).
    GuardValue {
        /// Which value.
        key: SmolStr,
    },
    /// Draws a token for a form that is rendered. If there are already
    /// [`max_form_tokens`](crate::Config::max_form_tokens), the oldest one makes room.
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
    /// [`session_gone`](crate::Refusal::SessionGone) if the session has ended meanwhile, or a login
    /// in another request has moved it.
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
    /// Strict refuses with [`would_orphan`](crate::Refusal::WouldOrphan): the client could not
    /// reach the session any more.
    RevokeSessionCookie,
    /// Ends the session, for a logout: deletes it, revokes the cookie, and leaves the request
    /// without a session.
    ///
    /// Refused with [`no_session`](crate::Refusal::NoSession).
    ExpireSession,
    /// Ends all sessions of this request's user except its own, at once and for good: a login of
    /// that user in another request that has not finished is refused, too.
    ///
    /// Refused with [`no_user`](crate::Refusal::NoUser) if nobody is logged in, with
    /// [`session_gone`](crate::Refusal::SessionGone) or
    /// [`user_ended`](crate::Refusal::UserEnded) if the session or the user was ended meanwhile,
    /// and with [`no_session`](crate::Refusal::NoSession); by Quixote always, with
    /// [`not_offered`](crate::Refusal::NotOffered).
    ExpireOtherSessions,
    /// Ends one session of this request's user, at once and for good. If it is the request's own,
    /// that works as [`ExpireSession`](Self::ExpireSession) does. The answer is `Done` even if no
    /// session has the handle any more.
    ///
    /// Refused as [`ExpireOtherSessions`](Self::ExpireOtherSessions) is.
    ExpireHandle {
        /// Which session.
        handle: Handle,
    },
    /// Gives the request a fresh session in place of the one that it held.
    ///
    /// Strict refuses with [`would_orphan`](crate::Refusal::WouldOrphan) if the old one is stored.
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
    /// stays open**. Send the finish again with fresh entropy, or as [`Outcome::Failed`], which is
    /// never refused. A driver that does neither leaves the request open for ever.
    FinishRequest {
        /// How the request ended.
        outcome: Outcome,
    },
    /// Stores a new session of this request's client under an id that the caller chose, in place of
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
    /// Deletes a session. A login moves a session to another id, so an id may be out of date by the
    /// time you use it: see [`DeleteHandle`](Self::DeleteHandle).
    ///
    /// Refused with [`unknown_session`](crate::Refusal::UnknownSession) if none is stored under
    /// that id.
    DeleteSession {
        /// Which one.
        id: SessionId,
    },
    /// Deletes the session of a handle, wherever logins have moved it. The answer is `Done` even if
    /// there is none. Looks at every stored session.
    ///
    /// Quixote always refuses it, with [`not_offered`](crate::Refusal::NotOffered).
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
