//! Why an event was refused, by name and in words.

/// Why an event was refused. A refusal changes nothing.
///
/// If several reasons apply, the answer is the first of them in the order of this list, which is
/// that of `Ord`.
///
/// A refusal is an answer, and no failure of the program. It implements `Error` for drivers that
/// pass it on with `?`. Its `Display` says what to do.
///
/// ```
/// let why = quixote_session::Refusal::UnknownToken;
/// assert_eq!(why.to_string(), "no such form token is outstanding: show the form again");
/// ```
// [effect-3]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Refusal {
    /// A request of that number is open already.
    #[error("a request of that number is open: finish it, or choose another number")]
    RequestOpen,
    /// No request of that number is open.
    #[error("no request of that number is open: start it first")]
    UnknownRequest,
    /// `max_requests` requests are in flight already.
    #[error("max_requests requests are in flight: answer that the server is busy")]
    TooManyRequests,
    /// A text exceeds `max_text_bytes`.
    #[error("a text has more than max_text_bytes: shorten it")]
    TextTooLong,
    /// The request has no session any more, because the request expired it.
    #[error("the request's session was expired: begin a new one, or finish the request")]
    NoSession,
    /// Strict: ids are issued by the machine, never chosen.
    #[error("ids are issued, never chosen: let a request store its session")]
    IdNotIssued,
    /// Strict: a session is saved once, when its request finishes.
    #[error("a session is saved when its request finishes: finish the request")]
    SavedAtFinish,
    /// Strict: the event would leave a stored session that no cookie names.
    #[error("a stored session would be left that no cookie names: expire it instead")]
    WouldOrphan,
    /// Quixote has no such operation.
    #[error("this semantics does not offer the operation: use strict")]
    NotOffered,
    /// Strict: the event acts for a user, and nobody is logged in.
    #[error("nobody is logged in: log in first")]
    NoUser,
    /// The session has no value under that key.
    #[error("the session has no value under that key: there is nothing to remove")]
    UnknownKey,
    /// Strict: the user's sessions were ended after this request had logged the user in. Nothing
    /// was saved, and the request is still open.
    #[error("the user's sessions were ended since: finish as failed, and ask for a new login")]
    UserEnded,
    /// Strict: the request has changed a session that somebody else, or a time limit, has ended
    /// since. Nothing was saved, and the request is still open.
    #[error("the session has ended since: tell the visitor, and finish the request as failed")]
    SessionGone,
    /// No such form token is outstanding.
    #[error("no such form token is outstanding: show the form again")]
    UnknownToken,
    /// Strict: a guarded value is no longer what the request saw.
    #[error("a guarded value is no longer what the request saw: finish as failed, and start over")]
    ValueChanged,
    /// The session holds `max_values` values already.
    #[error("the session holds max_values values: remove one first")]
    TooManyValues,
    /// No session is stored under that id.
    #[error("no session is stored under that id: there is nothing to delete")]
    UnknownSession,
    /// `max_sessions` sessions are stored already.
    #[error("max_sessions sessions are stored: sweep, or answer that the server is busy")]
    TooManySessions,
    /// Every draw of the entropy is in use already.
    #[error("every draw of the entropy is in use: send the event again with fresh entropy")]
    EntropyUsedUp,
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
            Self::RequestOpen => "request_open",
            Self::UnknownRequest => "unknown_request",
            Self::TooManyRequests => "too_many_requests",
            Self::TextTooLong => "text_too_long",
            Self::NoSession => "no_session",
            Self::IdNotIssued => "id_not_issued",
            Self::SavedAtFinish => "saved_at_finish",
            Self::WouldOrphan => "would_orphan",
            Self::NotOffered => "not_offered",
            Self::NoUser => "no_user",
            Self::UnknownKey => "unknown_key",
            Self::UserEnded => "user_ended",
            Self::SessionGone => "session_gone",
            Self::UnknownToken => "unknown_token",
            Self::ValueChanged => "value_changed",
            Self::TooManyValues => "too_many_values",
            Self::UnknownSession => "unknown_session",
            Self::TooManySessions => "too_many_sessions",
            Self::EntropyUsedUp => "entropy_used_up",
        }
    }
}
