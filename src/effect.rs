//! What a step asks of its driver, in the order of execution.

use alloc::vec::Vec;

use smol_str::SmolStr;

use crate::session::Session;
use crate::token::{FormToken, SessionId};

/// What the driver carries out after a step, field by field from the top.
///
/// At most one operation on the store, one end of a transaction and one cookie a step are facts of
/// the specification, and so of this type.
///
/// ```
/// use quixote_session::{Effects, Refusal, Reply};
///
/// let effects = Effects::refused(Refusal::NoSession);
/// assert_eq!((effects.store, effects.cookie), (None, None));
/// assert_eq!(effects.reply, Reply::Refused(Refusal::NoSession));
/// ```
// [effect-1] [driver-1]
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Effects {
    /// First: what to persist.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub store: Option<StoreOp>,
    /// Then, when a request ends: whether the application's own data of this request are kept.
    /// Under strict what `store` asked for stands in either case.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub transaction: Option<Transaction>,
    /// Then: the session cookie of this response. Only when a request finishes.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub cookie: Option<CookieOp>,
    /// Last: the answer to whoever sent the event.
    pub reply: Reply,
    /// Nothing to carry out: how many draws of the input's entropy were taken, for whoever
    /// records the step.
    pub draws: u8,
}

impl Effects {
    /// Nothing to carry out but the answer.
    #[must_use]
    pub const fn reply(reply: Reply) -> Self {
        Self { store: None, transaction: None, cookie: None, reply, draws: 0 }
    }

    /// Nothing happened, for this reason.
    #[must_use]
    pub const fn refused(why: Refusal) -> Self {
        Self::reply(Reply::Refused(why))
    }
}

/// One operation on the store of sessions.
///
/// Quixote's semantics ask nothing of the store: `Put`, `Delete` and `DeleteAll` alone. Strict
/// never writes with `Put`: the condition that each of its operations names must be checked by the
/// store in the same atomic operation as the write. Where it does not hold, nothing is written
/// and the driver sends the same event again over what is stored by then; see
/// [`State::with_stored`](crate::State::with_stored).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "op", rename_all = "snake_case"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub enum StoreOp {
    /// Write, whatever is there.
    Put {
        /// Under which id.
        id: SessionId,
        /// What.
        session: Session,
    },
    /// Write only if nothing is stored under the id. Where something is, send the event again
    /// with fresh entropy.
    // [driver-3]
    Create {
        /// Under which id.
        id: SessionId,
        /// What.
        session: Session,
    },
    /// Write only if what is stored is still what the state held before this step.
    // [driver-4]
    Update {
        /// Under which id.
        id: SessionId,
        /// What.
        session: Session,
    },
    /// Delete `from` and write under `to` in one operation, only if what is stored under `from` is
    /// still what the state held before this step and nothing is stored under `to`.
    // [driver-5] [driver-6]
    Rotate {
        /// The id that dies.
        from: SessionId,
        /// The id that takes its place.
        to: SessionId,
        /// What is stored there.
        session: Session,
    },
    /// Delete, always; that it is gone already is no error.
    // [driver-8]
    Delete {
        /// Which one.
        id: SessionId,
    },
    /// Delete all of these, always.
    DeleteAll {
        /// Which ones, in order. Never empty.
        ids: Vec<SessionId>,
    },
    /// Delete only if what is stored is still what the state held before this step: it has no
    /// info left, or is over, and a write that came first may have changed that.
    Discard {
        /// Which one.
        id: SessionId,
    },
    /// Delete each of these under the condition of `Discard`, each by itself.
    // [driver-7]
    DiscardAll {
        /// Which ones, in order. Never empty.
        ids: Vec<SessionId>,
    },
}

impl StoreOp {
    /// The ids that the operation names: what to lock, or to load again where it failed.
    ///
    /// ```
    /// use quixote_session::{SessionId, StoreOp};
    ///
    /// let ids = [SessionId::from([1; 16]), SessionId::from([2; 16])];
    /// assert!(StoreOp::DeleteAll { ids: ids.to_vec() }.ids().eq(ids));
    /// ```
    pub fn ids(&self) -> impl Iterator<Item = SessionId> {
        let (from, to, all): (_, _, &[SessionId]) = match self {
            Self::Put { id, .. }
            | Self::Create { id, .. }
            | Self::Update { id, .. }
            | Self::Delete { id }
            | Self::Discard { id } => (Some(*id), None, &[]),
            Self::Rotate { from, to, .. } => (Some(*from), Some(*to), &[]),
            Self::DeleteAll { ids } | Self::DiscardAll { ids } => (None, None, ids),
        };
        from.into_iter().chain(to).chain(all.iter().copied())
    }
}

/// Quixote's two hooks for a transactional store, called when a request ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Transaction {
    /// Keep what the request persisted (`commit_changes`): it was successful or interrupted.
    Commit,
    /// Forget what the request persisted (`abort_changes`): it failed. Under strict the operations
    /// on the store stand: a failed request has asked for none but those that are final, and what
    /// is forgotten is the application's own data. So do not write both in one transaction of a
    /// database: to roll that back would undo a logout.
    Abort,
}

/// The session cookie of one response; name, domain and flags are those of the
/// [`Config`](crate::Config).
///
/// A response with any of these must not be kept by a shared cache: the driver adds
/// `Cache-Control: no-store` (`CACHE_CONTROL` of the feature `std`).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct CookieOp {
    /// What the client is told.
    pub value: CookieChange,
    /// The Path attribute, the same for setting and for revoking within one request.
    pub path: SmolStr,
}

/// What the client is told about its session cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum CookieChange {
    /// Keep this id until the browser closes.
    Set(SessionId),
    /// Drop the cookie: an empty value with Max-Age 0.
    Revoke,
    /// A new id with Max-Age 0, which the client drops at once: what Quixote sends when a
    /// response first revoked the cookie and then saved a session. Never sent by strict.
    Stillborn(SessionId),
}

/// The answer to an event.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Reply {
    /// It happened.
    Done,
    /// The request has begun; its user is exported as `REMOTE_USER`, the empty one included.
    Started {
        /// The user of the session found.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        remote_user: Option<SmolStr>,
    },
    /// The token to put into the form.
    Token(FormToken),
    /// Yes or no.
    Answer(bool),
    /// It did not happen and nothing changed.
    Refused(Refusal),
}

/// Why an event was refused. A refusal changes nothing.
///
/// An answer, and no failure of the program; it is an error, too, for drivers that hand it on with
/// `?`. Its `Display` says what to do.
///
/// ```
/// let why = quixote_session::Refusal::UnknownToken;
/// assert_eq!(why.to_string(), "no such form token is outstanding: show the form again");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Refusal {
    /// No request of that number is open.
    #[error("no request of that number is open: start it first")]
    UnknownRequest,
    /// A request of that number is open already.
    #[error("a request of that number is open: finish it, or choose another number")]
    RequestOpen,
    /// The request has no session any more: it was expired.
    #[error("the request's session was expired: begin a new one, or finish the request")]
    NoSession,
    /// No such form token is outstanding.
    #[error("no such form token is outstanding: show the form again")]
    UnknownToken,
    /// No session is stored under that id.
    #[error("no session is stored under that id: there is nothing to delete")]
    UnknownSession,
    /// The session has no value under that key.
    #[error("the session has no value under that key: there is nothing to remove")]
    UnknownKey,
    /// Every draw of the entropy is in use already.
    #[error("every draw of the entropy is in use: send the event again with fresh entropy")]
    EntropyUsedUp,
    /// Strict: the request holds changes to a session that has ended since, by somebody else or by
    /// a time limit. Nothing was saved, and the request is still open.
    #[error("the session has ended since: tell the visitor, and finish the request as failed")]
    SessionGone,
    /// Strict: the event would leave a stored session that no cookie names.
    #[error("a stored session would be left that no cookie names: expire it instead")]
    WouldOrphan,
    /// Strict: a session is saved once, when its request finishes.
    #[error("a session is saved when its request finishes: finish the request")]
    SavedAtFinish,
    /// Strict: ids are issued by the machine, never chosen.
    #[error("ids are issued, never chosen: let a request store its session")]
    IdNotIssued,
    /// A text exceeds `max_text_bytes`.
    #[error("a text has more than max_text_bytes: shorten it")]
    TextTooLong,
    /// The session holds `max_values` values already.
    #[error("the session holds max_values values: remove one first")]
    TooManyValues,
    /// `max_requests` requests are in flight already.
    #[error("max_requests requests are in flight: answer that the server is busy")]
    TooManyRequests,
    /// `max_sessions` sessions are stored already.
    #[error("max_sessions sessions are stored: sweep, or answer that the server is busy")]
    TooManySessions,
}

impl Refusal {
    /// The reason's name, as traces and the specification spell it.
    ///
    /// ```
    /// assert_eq!(quixote_session::Refusal::SessionGone.name(), "session_gone");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownRequest => "unknown_request",
            Self::RequestOpen => "request_open",
            Self::NoSession => "no_session",
            Self::UnknownToken => "unknown_token",
            Self::UnknownSession => "unknown_session",
            Self::UnknownKey => "unknown_key",
            Self::EntropyUsedUp => "entropy_used_up",
            Self::SessionGone => "session_gone",
            Self::WouldOrphan => "would_orphan",
            Self::SavedAtFinish => "saved_at_finish",
            Self::IdNotIssued => "id_not_issued",
            Self::TextTooLong => "text_too_long",
            Self::TooManyValues => "too_many_values",
            Self::TooManyRequests => "too_many_requests",
            Self::TooManySessions => "too_many_sessions",
        }
    }
}
