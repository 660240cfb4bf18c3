//! What a step asks of its driver, in the order of execution.

mod refusal;

use alloc::boxed::Box;

use smol_str::SmolStr;

pub use self::refusal::Refusal;
use crate::session::Session;
use crate::time::Timestamp;
use crate::token::{FormToken, Handle, SessionId};

/// What the driver carries out after a step, field by field from the top.
///
/// A step has at most one operation on the store, one end of a transaction and one cookie: the
/// specification says so, and so does this type.
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
    /// Then, when a request ends: whether the application keeps its own data of this request. Under
    /// strict, what `store` asked for stands in either case.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub transaction: Option<Transaction>,
    /// Then: the session cookie of this response. Only when a request finishes.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub cookie: Option<CookieOp>,
    /// Last: the answer to whoever sent the event.
    pub reply: Reply,
    /// Nothing to carry out, but of use to record the step: how many draws were taken from the
    /// input's entropy.
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
/// Live and copying ask only for operations without a condition: `Put`, `Delete` and `DeleteUser`.
/// Strict never asks for `Put`. The store must check the condition that an operation names in the
/// same atomic act as the write. If the condition does not hold, nothing is written, and the driver
/// sends the same event again over what is then stored: see
/// [`State::with_stored`](crate::State::with_stored) and
/// [`State::with_generation`](crate::State::with_generation).
///
/// An operation says what it means, not which ids its state happens to hold: the store finds the
/// sessions of a user, or those that are over, by its own index.
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
        session: Box<Session>,
    },
    /// Write only if nothing is stored under the id and the user has this generation. If something
    /// is stored there, send the event again with fresh entropy.
    // [driver-3]
    Create {
        /// Under which id.
        id: SessionId,
        /// What.
        session: Box<Session>,
        /// After a login: the generation that the session's user must have.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        generation: Option<u64>,
        /// If the store was full: first discard what is over at this moment, as `DiscardOver`.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        discard_over: Option<Timestamp>,
    },
    /// Note an access, if it is later than the one that the session has. Nothing else changes, so
    /// no other operation but a `Discard` fails because of it. If there is no session, do nothing.
    // [driver-8]
    Touch {
        /// Of which session.
        id: SessionId,
        /// When it was accessed.
        accessed: Timestamp,
    },
    /// Write only if what is stored is still what the state held before this step. The noted access
    /// is not compared, and the later one is kept.
    // [driver-4] [driver-7]
    Update {
        /// Under which id.
        id: SessionId,
        /// What.
        session: Box<Session>,
    },
    /// Delete `from` and write under `to` in one operation, on the condition of `Update` for `from`
    /// and of `Create` for `to`.
    // [driver-6] [driver-12]
    Rotate {
        /// The id that dies.
        from: SessionId,
        /// The id that takes its place.
        to: SessionId,
        /// What is stored there.
        session: Box<Session>,
        /// After a login: the generation that the session's user must have.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        generation: Option<u64>,
    },
    /// Delete, always; it is no error if the session is already gone.
    // [driver-14]
    Delete {
        /// Which one.
        id: SessionId,
    },
    /// Delete all sessions of a user and, in the same atomic act, raise the user's generation by
    /// one: a login from before then can no longer be saved.
    // [driver-9] [driver-10]
    DeleteUser {
        /// Whose, compared byte by byte.
        user: SmolStr,
        /// The session that stays. If there is one, the condition is that of `Update` for it.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        except: Option<SessionId>,
    },
    /// Delete the session of this handle, always; it is no error if the session is already gone.
    DeleteHandle {
        /// Which one.
        handle: Handle,
        /// If there is one, delete only a session of this user.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        user: Option<SmolStr>,
    },
    /// Delete only if what is stored is still what the state held before this step, including the
    /// noted access. The session has no info left, is over, or was seen by a manager that wants it
    /// deleted; a write or a visit that came first may have changed that.
    // [driver-5]
    Discard {
        /// Which one.
        id: SessionId,
    },
    /// Delete every session that is over at this moment, by the limits of the configuration: see
    /// [`Session::is_over`]. The store decides that by the times that it has when it deletes.
    // [driver-13]
    DiscardOver {
        /// The moment.
        now: Timestamp,
    },
}

impl StoreOp {
    /// The session whose revision is a condition of the operation: if somebody else writes to that
    /// session first, the operation fails. None if there is no such condition.
    ///
    /// ```
    /// use quixote_session::{SessionId, StoreOp};
    ///
    /// let id = SessionId::from([1; 16]);
    /// assert_eq!(StoreOp::Discard { id }.compares(), Some(id));
    /// assert_eq!(StoreOp::Delete { id }.compares(), None);
    /// ```
    #[must_use]
    pub const fn compares(&self) -> Option<SessionId> {
        match self {
            Self::Update { id, .. } | Self::Rotate { from: id, .. } | Self::Discard { id } => {
                Some(*id)
            }
            Self::DeleteUser { except, .. } => *except,
            Self::Create { .. }
            | Self::Put { .. }
            | Self::Touch { .. }
            | Self::Delete { .. }
            | Self::DeleteHandle { .. }
            | Self::DiscardOver { .. } => None,
        }
    }

    /// The ids that the operation names: what to lock, or to load again if it failed.
    ///
    /// ```
    /// use quixote_session::{SessionId, StoreOp};
    ///
    /// let id = SessionId::from([1; 16]);
    /// assert!(StoreOp::Delete { id }.ids().eq([id]));
    /// ```
    pub fn ids(&self) -> impl Iterator<Item = SessionId> {
        let (from, to) = match self {
            Self::Put { id, .. }
            | Self::Create { id, .. }
            | Self::Touch { id, .. }
            | Self::Update { id, .. }
            | Self::Delete { id }
            | Self::Discard { id } => (Some(*id), None),
            Self::Rotate { from, to, .. } => (Some(*from), Some(*to)),
            Self::DeleteUser { except, .. } => (*except, None),
            Self::DeleteHandle { .. } | Self::DiscardOver { .. } => (None, None),
        };
        from.into_iter().chain(to)
    }
}

/// Quixote's two hooks for a transactional store, called when a request ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Transaction {
    /// Keep what the request persisted (`commit_changes`): it was successful or interrupted.
    Commit,
    /// Forget what the request persisted (`abort_changes`): it failed. Under strict this is about
    /// the application's own data. The operations on the store stand, because a failed request has
    /// asked only for final ones. So do not write both in one transaction of a database: rolling it
    /// back would undo a logout.
    Abort,
}

/// The session cookie of one response. Its name, domain and flags are those of the
/// [`Config`](crate::Config).
///
/// A shared cache must not keep a response with this cookie: the driver adds
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
    /// A new id with Max-Age 0, which the client drops at once. Quixote sends this when a response
    /// first revoked the cookie and then saved a session. Strict never sends it.
    Stillborn(SessionId),
}

/// The answer to an event.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case", deny_unknown_fields))]
pub enum Reply {
    /// It happened.
    Done,
    /// The request has begun; its user, even the empty one, is exported as `REMOTE_USER`.
    Started {
        /// The user of the session that was found.
        #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
        remote_user: Option<SmolStr>,
    },
    /// The token to put into the form.
    Token(FormToken),
    /// The value that was taken.
    Value(SmolStr),
    /// Yes or no.
    Answer(bool),
    /// It did not happen and nothing changed.
    Refused(Refusal),
}
