//! Where the semantics differ: one row per field, one constant per semantics.
//!
//! This is the table of `spec/session.md`, which `check::Difference` puts into words.
//! A rule that depends on the semantics matches one row, and every entry of that row. So a further
//! semantics is one more constant. If it needs a new entry in a row, the compiler names each rule
//! that has to say what the entry means.

use core::fmt;

/// Which rules a request's session follows.
///
/// ```
/// use quixote_session::{Config, Semantics};
///
/// assert_eq!(Config::QUIXOTE.semantics, Semantics::Live);
/// assert_eq!(Semantics::Copying.to_string(), "copying");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Semantics {
    /// Quixote over its own dictionary: a request holds the stored session itself, shared with
    /// every other request on it, even after it was deleted. A save stores new sessions, and stored
    /// ones again if [`Config::is_dirty`](crate::Config::is_dirty) says so.
    Live,
    /// Quixote over a mapping that copies what goes in and out: a request holds a copy. If
    /// [`Config::is_dirty`](crate::Config::is_dirty) says so, a save stores a session again, and
    /// writes the whole copy over whatever is stored.
    Copying,
    /// Quixote with its faults repaired: a request holds a copy and its own changes, and a save
    /// applies those changes to the session as it is then stored.
    Strict,
}

impl Semantics {
    /// All semantics, in the order of the specification.
    pub const ALL: [Self; 3] = [Self::Live, Self::Copying, Self::Strict];

    /// The column of this semantics.
    pub(crate) const fn differences(self) -> Differences {
        match self {
            Self::Live => Differences::LIVE,
            Self::Copying => Differences::COPYING,
            Self::Strict => Differences::STRICT,
        }
    }
}

/// The name that the specification, traces and the command line use.
impl fmt::Display for Semantics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Copying => "copying",
            Self::Strict => "strict",
        })
    }
}

/// One column of the table.
#[derive(Clone, Copy)]
pub(crate) struct Differences {
    pub(crate) holds: Holds,
    pub(crate) saves: Saves,
    pub(crate) visits: Visits,
    pub(crate) logins: Logins,
    pub(crate) tokens: Tokens,
    pub(crate) revocation: Revocation,
    pub(crate) limits: Limits,
    pub(crate) path: Path,
    #[cfg_attr(not(feature = "std"), expect(dead_code, reason = "headers are read with `std`"))]
    pub(crate) headers: Headers,
    pub(crate) liberties: Liberties,
    pub(crate) additions: Additions,
}

impl Differences {
    const LIVE: Self = Self {
        holds: Holds::StoredObject,
        saves: Saves::WholeSession,
        visits: Visits::InHeldSession,
        logins: Logins::ChangeTheUser,
        tokens: Tokens::OfHeldSession,
        revocation: Revocation::LeavesWithItsPage,
        limits: Limits::None,
        path: Path::OfScript,
        headers: Headers::OfQuixote,
        liberties: Liberties::Granted,
        additions: Additions::NotOffered,
    };

    const COPYING: Self = Self { holds: Holds::Copy, ..Self::LIVE };

    const STRICT: Self = Self {
        holds: Holds::CopyAndChanges,
        saves: Saves::Changes,
        visits: Visits::InStore,
        logins: Logins::BeginASession,
        tokens: Tokens::OfStoredSession,
        revocation: Revocation::LeavesWithAnyPage,
        limits: Limits::IdleAndAbsolute,
        path: Path::Configured,
        headers: Headers::Rfc6265,
        liberties: Liberties::Refused,
        additions: Additions::Offered,
    };
}

/// What a request holds, and so who sees its changes, and when.
#[derive(Clone, Copy)]
pub(crate) enum Holds {
    /// The stored object, shared with every other request on it.
    StoredObject,
    /// A copy.
    Copy,
    /// A copy, and a list of the changes that the request makes to it.
    CopyAndChanges,
}

/// What a save writes, and so what happens to a session that was ended meanwhile.
#[derive(Clone, Copy)]
pub(crate) enum Saves {
    /// What the request holds, over whatever is stored: if it is not stored yet, or is dirty.
    WholeSession,
    /// The changes, applied to what is stored.
    Changes,
}

/// Where a start notes that the session was accessed.
#[derive(Clone, Copy)]
pub(crate) enum Visits {
    /// In what the request holds; a copy takes it to the store with a save.
    InHeldSession,
    /// In the store, at once, whatever becomes of the request.
    InStore,
}

/// What it means to set the user.
#[derive(Clone, Copy)]
pub(crate) enum Logins {
    /// The session has another user, and that is all.
    ChangeTheUser,
    /// A session of that user begins: it has a new id, and of the one before it keeps what
    /// [`Keeps`](crate::state::Keeps) says.
    BeginASession,
}

/// From which session form tokens are spent and values are taken, and in which a new token must be
/// unused.
#[derive(Clone, Copy)]
pub(crate) enum Tokens {
    /// The session that the request holds; a token is queued as it was drawn.
    OfHeldSession,
    /// The stored session, at once and for all requests; a token is drawn until it is unused there.
    OfStoredSession,
}

/// Which response carries a revocation.
#[derive(Clone, Copy)]
pub(crate) enum Revocation {
    /// The response that the handler had, which a 4xx or 5xx page replaces.
    LeavesWithItsPage,
    /// The response that is sent, whatever page it is.
    LeavesWithAnyPage,
}

/// Which time limits end a session.
#[derive(Clone, Copy)]
pub(crate) enum Limits {
    None,
    /// The idle and the absolute limit of the configuration.
    IdleAndAbsolute,
}

/// Where the cookie's Path comes from if the configuration names none.
#[derive(Clone, Copy)]
pub(crate) enum Path {
    /// From each request's script.
    OfScript,
    /// The configuration must name one.
    Configured,
}

/// How a `Cookie` header is read.
#[derive(Clone, Copy)]
pub(crate) enum Headers {
    /// As Quixote's pattern does.
    OfQuixote,
    /// As RFC 6265 says.
    Rfc6265,
}

/// Whether the application may revoke the cookie alone, replace a session that is stored, save in
/// the middle of a request, and choose an id.
#[derive(Clone, Copy)]
pub(crate) enum Liberties {
    Granted,
    Refused,
}

/// Whether the semantics has what Quixote lacks: renewal without a login, guarded values, handles,
/// and the end of a user's other sessions.
#[derive(Clone, Copy)]
pub(crate) enum Additions {
    NotOffered,
    Offered,
}
