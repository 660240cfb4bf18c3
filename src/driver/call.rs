//! The calls that a request can make, each with the type of its result.

use core::fmt;
use core::marker::PhantomData;

use smol_str::SmolStr;

use super::login::Login;
use crate::effect::{CookieOp, Refusal, Reply};
use crate::event::{Event, ManagerEvent, Outcome, RequestEvent, RequestId};
use crate::presented::{CookieValue, SubmittedToken};
use crate::token::{FormToken, Handle, SessionId};

/// Each exchange has its own state, so all requests may have the same number.
pub(super) const REQUEST: RequestId = RequestId(1);

/// One thing that a request, or the manager, wants done; `T` is the result.
///
/// ```
/// use quixote_session::driver::Call;
/// use quixote_session::{RequestEvent, Event};
///
/// let call = Call::take("flash");
/// assert!(matches!(call.event(), Event::Request { event: RequestEvent::TakeValue { .. }, .. }));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Call<T> {
    pub(super) event: Event,
    /// For a login that was prepared: the user's generation, as it was then.
    pub(super) generation: Option<u64>,
    result: PhantomData<fn() -> T>,
}

/// What is known of a request when it arrives.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Arrival {
    /// The value of the session cookie, as `read_cookie` reads it.
    pub cookie: Option<CookieValue>,
    /// Where the request comes from.
    pub remote_addr: SmolStr,
    /// The path that the application is mounted at.
    pub script_name: SmolStr,
    /// True if the request is not a visit, such as a poll that a page sends by itself.
    pub passive: bool,
}

/// How a request ended, and what its response has to carry.
#[must_use = "the cookie belongs into the response, and a failure has to be told"]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ending {
    /// Why a request that should have been saved was not. Then the application's own data were
    /// rolled back, and the response has to be an error page. None if all went well. With
    /// [`Failure::Commit`] the session was written, but the application's data were not.
    pub failure: Option<Failure>,
    /// The cookie for the response, even if that is an error page: a client that has logged out, or
    /// whose session has moved, must be told.
    pub cookie: Option<CookieOp>,
}

/// Why a call failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum Failure {
    /// The call was refused, because of what is stored now. Nothing happened, and the request goes
    /// on.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many other requests wrote to the session. Nothing happened, and the request goes on.
    #[error("too many others write to this session: answer that the server is busy")]
    Busy,
    /// The store has failed. Nothing happened, and the request is abandoned: send no cookie.
    #[error("the store has failed: answer with an error, and send no cookie")]
    Store,
    /// The store has failed and cannot say whether it wrote, or a call was given up half way. The
    /// request is abandoned: send no cookie, and say neither that it was done nor that it was not.
    #[error("nobody knows whether it is stored: answer with an error, and send no cookie")]
    Unknown,
    /// The session was written, and then the application could not commit its own data.
    #[error("the application's data were not committed: answer with an error")]
    Commit,
}

impl<T> Call<T> {
    const fn of(event: Event) -> Self {
        Self { event, generation: None, result: PhantomData }
    }

    const fn in_request(event: RequestEvent) -> Self {
        Self::of(event.of(REQUEST))
    }

    /// The event that the call sends. The request number in it means nothing.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }
}

impl Call<Option<SmolStr>> {
    /// The request arrives. The result is the user, for export as `REMOTE_USER`.
    #[must_use]
    pub fn start(arrival: Arrival) -> Self {
        let Arrival { cookie, remote_addr, script_name, passive } = arrival;
        Self::of(Event::StartRequest {
            request: REQUEST,
            cookie,
            remote_addr,
            script_name,
            passive,
        })
    }
}

impl Call<()> {
    /// Logs in somebody whose password or other proof was checked: [`RequestEvent::SetUser`]. If
    /// that check takes time, prepare the [`Login`] first.
    #[must_use]
    pub fn login(login: impl Into<Login>) -> Self {
        let Login { user, generation } = login.into();
        let event = RequestEvent::SetUser { user: Some(user) };
        Self { generation, ..Self::in_request(event) }
    }

    /// Removes the user; the session goes on, empty: [`RequestEvent::SetUser`]. If the request
    /// fails, this is undone; a [`logout`](Self::logout) is not.
    #[must_use]
    pub const fn forget_user() -> Self {
        Self::in_request(RequestEvent::SetUser { user: None })
    }

    /// Ends the session at once: [`RequestEvent::ExpireSession`].
    #[must_use]
    pub const fn logout() -> Self {
        Self::in_request(RequestEvent::ExpireSession)
    }

    /// Accepts a form by spending its token: [`RequestEvent::RemoveFormToken`].
    #[must_use]
    pub fn accept(token: impl Into<SubmittedToken>) -> Self {
        Self::in_request(RequestEvent::RemoveFormToken { token: token.into() })
    }

    /// Sets a value: [`RequestEvent::SetValue`].
    #[must_use]
    pub fn set(key: impl Into<SmolStr>, value: impl Into<SmolStr>) -> Self {
        Self::in_request(RequestEvent::SetValue { key: key.into(), value: value.into() })
    }

    /// Removes a value: [`RequestEvent::RemoveValue`].
    #[must_use]
    pub fn remove(key: impl Into<SmolStr>) -> Self {
        Self::in_request(RequestEvent::RemoveValue { key: key.into() })
    }

    /// Has the save refused if this value has changed by then: [`RequestEvent::GuardValue`].
    #[must_use]
    pub fn guard(key: impl Into<SmolStr>) -> Self {
        Self::in_request(RequestEvent::GuardValue { key: key.into() })
    }

    /// Moves the session to a new id, for example after a second factor:
    /// [`RequestEvent::RenewSession`].
    #[must_use]
    pub const fn renew() -> Self {
        Self::in_request(RequestEvent::RenewSession)
    }

    /// Ends all other sessions of the user: [`RequestEvent::ExpireOtherSessions`].
    #[must_use]
    pub const fn end_others() -> Self {
        Self::in_request(RequestEvent::ExpireOtherSessions)
    }

    /// Ends one session of the user: [`RequestEvent::ExpireHandle`].
    #[must_use]
    pub const fn end_handle(handle: Handle) -> Self {
        Self::in_request(RequestEvent::ExpireHandle { handle })
    }

    /// Begins a new session in place of one that was ended: [`RequestEvent::NewSession`].
    #[must_use]
    pub const fn new_session() -> Self {
        Self::in_request(RequestEvent::NewSession)
    }

    /// The manager ends all sessions of a user: [`ManagerEvent::DeleteSessionsOf`].
    #[must_use]
    pub fn delete_sessions_of(user: impl Into<SmolStr>) -> Self {
        Self::of(Event::Manager(ManagerEvent::DeleteSessionsOf { user: user.into() }))
    }

    /// The manager ends the session of a handle: [`ManagerEvent::DeleteHandle`].
    #[must_use]
    pub const fn delete_handle(handle: Handle) -> Self {
        Self::of(Event::Manager(ManagerEvent::DeleteHandle { handle }))
    }

    /// The manager ends a session by its id: [`ManagerEvent::DeleteSession`].
    #[must_use]
    pub const fn delete_session(id: SessionId) -> Self {
        Self::of(Event::Manager(ManagerEvent::DeleteSession { id }))
    }

    /// The manager deletes what is over: [`ManagerEvent::Sweep`].
    #[must_use]
    pub const fn sweep() -> Self {
        Self::of(Event::Manager(ManagerEvent::Sweep))
    }
}

impl Call<SmolStr> {
    /// Takes a value out of the session, only for this request: [`RequestEvent::TakeValue`].
    #[must_use]
    pub fn take(key: impl Into<SmolStr>) -> Self {
        Self::in_request(RequestEvent::TakeValue { key: key.into() })
    }
}

impl Call<FormToken> {
    /// Creates a token for a form: [`RequestEvent::CreateFormToken`].
    #[must_use]
    pub const fn form_token() -> Self {
        Self::in_request(RequestEvent::CreateFormToken)
    }
}

impl Call<bool> {
    /// Whether a token is outstanding, without accepting it: [`RequestEvent::HasFormToken`].
    #[must_use]
    pub fn has_form_token(token: impl Into<SubmittedToken>) -> Self {
        Self::in_request(RequestEvent::HasFormToken { token: token.into() })
    }

    /// Whether the request carries a session cookie: [`RequestEvent::HasSessionCookie`].
    #[must_use]
    pub const fn has_session_cookie(must_exist: bool) -> Self {
        Self::in_request(RequestEvent::HasSessionCookie { must_exist })
    }
}

impl Call<Ending> {
    const fn end(outcome: Outcome) -> Self {
        Self::in_request(RequestEvent::FinishRequest { outcome })
    }

    /// The handler has succeeded: saves the session. If the save is refused, the request ends as a
    /// failed one, and [`Ending::failure`] says why.
    #[must_use]
    pub const fn finish() -> Self {
        Self::end(Outcome::Successful)
    }

    /// The handler answers with a 4xx page: saves the session, too.
    #[must_use]
    pub const fn interrupt() -> Self {
        Self::end(Outcome::Interrupted)
    }

    /// The handler answers with a 5xx page: saves nothing.
    #[must_use]
    pub const fn fail() -> Self {
        Self::end(Outcome::Failed)
    }

    /// The client is gone: saves nothing, and no response is sent. Dropping the exchange does the
    /// same.
    #[must_use]
    pub const fn abandon() -> Self {
        Self::end(Outcome::Abandoned)
    }
}

impl Call<Said> {
    /// Sends any event; the request number in it means nothing.
    #[must_use]
    pub const fn any(event: Event) -> Self {
        Self::of(event.with_request(REQUEST))
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.event.name()).finish()
    }
}

/// What the machine answered to an event that was not refused, before that becomes a typed result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// The answer.
    pub reply: Reply,
    /// If the event ended the request: the cookie, and why the request was not saved.
    pub ending: Ending,
}

/// A type that can be the result of a [`Call`].
pub trait FromSaid: Sized {
    /// Makes it of an answer; None if that answers another question.
    fn from_said(said: Said) -> Option<Self>;
}

impl FromSaid for Said {
    fn from_said(said: Said) -> Option<Self> {
        Some(said)
    }
}

impl FromSaid for Ending {
    fn from_said(said: Said) -> Option<Self> {
        matches!(said.reply, Reply::Done).then_some(said.ending)
    }
}

/// Makes a result of the one kind of reply that carries it.
macro_rules! from_reply {
    ($result:ty, $reply:pat => $value:expr) => {
        impl FromSaid for $result {
            fn from_said(said: Said) -> Option<Self> {
                if let $reply = said.reply { Some($value) } else { None }
            }
        }
    };
}

from_reply!((), Reply::Done => ());
from_reply!(Option<SmolStr>, Reply::Started { remote_user } => remote_user);
from_reply!(SmolStr, Reply::Value(value) => value);
from_reply!(FormToken, Reply::Token(token) => token);
from_reply!(bool, Reply::Answer(answer) => answer);
