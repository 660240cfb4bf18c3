//! What a store is.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use quixote_session::driver::{Stored, Write};
use quixote_session::{Session, SessionId};

/// Sessions by id, each with its revision, and a count for each user: how often that user's
/// sessions were ended.
///
/// [`StoreOp`](quixote_session::StoreOp) says what to write, [`Write`] on which condition. A store
/// finds sessions by their user, their handle and their times, so it needs an index for each. It
/// keeps a session as one text, written by serde (feature `serde` of `quixote_session`) with the
/// version of the format in it; or in parts, as [`SessionParts`](quixote_session::SessionParts).
/// It keeps the latest access outside that text, and [`Session::accessed_by`] puts it into the
/// session that is loaded.
///
/// No text is special: users, keys and values may be empty, may be 64 KiB long, may contain a NUL,
/// and are compared byte by byte. [`conformance`](crate::conformance) tests this, and whatever else
/// is easy to miss.
#[async_trait]
pub trait Store: Send + Sync {
    /// What is stored under `id`. A row that cannot be read, such as one of a newer version, is an
    /// error: to answer None would say that there is no session.
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError>;

    /// How often the sessions of `user` were ended; 0 if never.
    async fn generation(&self, user: &str) -> Result<u64, StoreError>;

    /// Checks the condition of the operation and carries it out, in one atomic act; false if the
    /// condition did not hold and nothing was written. [`Write`] lists the conditions.
    async fn write(&self, write: &Write) -> Result<bool, StoreError>;

    /// The sessions of one user, for a list of devices, which shows their handles. Some may be over
    /// and not swept yet: see `Session::is_over`. If one row cannot be read, this is an error,
    /// because a list without it would say that there is no such session. The sessions can still be
    /// ended.
    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError>;
}

/// The error of whatever client a store uses.
type Source = Box<dyn Error + Send + Sync>;

/// Why a store did not answer.
///
/// As text it says whether anything was written. `{:#}` also shows the causes, each after a colon.
///
/// ```
/// use quixote_session_store::StoreError;
///
/// let error = StoreError::failed("the disk is full");
/// assert_eq!(format!("{error}"), "the store has failed, and nothing was written");
/// assert_eq!(format!("{error:#}"), format!("{error}: the disk is full"));
/// ```
#[derive(Debug)]
pub enum StoreError {
    /// It is certain that nothing was written.
    Failed(Source),
    /// The store may have written: the connection broke, or the answer did not come in time.
    Unknown(Source),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed(_) => "the store has failed, and nothing was written",
            Self::Unknown(_) => "the store has failed, and may have written",
        })?;
        let mut cause = self.source().filter(|_| f.alternate());
        while let Some(why) = cause {
            write!(f, ": {why}")?;
            cause = why.source();
        }
        Ok(())
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let (Self::Failed(why) | Self::Unknown(why)) = self;
        Some(&**why)
    }
}

impl StoreError {
    /// The error of an operation that has certainly written nothing.
    pub fn failed(why: impl Into<Source>) -> Self {
        Self::Failed(why.into())
    }

    /// The error of an operation that may have written.
    pub fn unknown(why: impl Into<Source>) -> Self {
        Self::Unknown(why.into())
    }
}
