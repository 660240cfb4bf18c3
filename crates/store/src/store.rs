//! What a store is.

use std::error::Error;
use std::fmt;

use async_trait::async_trait;
use quixote_session::driver::{Stored, Write};
use quixote_session::{Session, SessionId};

/// Sessions by id, each beside its revision, and for each user how often that user's sessions were
/// ended.
///
/// Four methods: what is written is said by the operation ([`StoreOp`](quixote_session::StoreOp)),
/// and when by [`Write`]. A store must find sessions by their user, their handle and their times by
/// itself, with an index. It keeps a session as one text, by serde (feature `serde` of
/// `quixote_session`), which has the version of its format in it; or in parts, by
/// [`SessionParts`](quixote_session::SessionParts). A visit is noted beside that text, and put into
/// the session that is loaded by [`Session::accessed_by`].
///
/// No text is special: users, keys and values may be empty, have 64 KiB, hold a NUL, and are told
/// apart byte by byte. [`conformance`](crate::conformance) tries that, and what else is easy to
/// miss.
#[async_trait]
pub trait Store: Send + Sync {
    /// What is stored under `id`. A row that cannot be read, such as one of a newer version, is an
    /// error and not nothing.
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError>;

    /// How often the sessions of `user` were ended; 0 if never.
    async fn generation(&self, user: &str) -> Result<u64, StoreError>;

    /// Checks the condition of the operation and carries it out, in one atomic act; false if the
    /// condition did not hold and nothing was written. [`Write`] says the condition of each
    /// operation.
    async fn write(&self, write: &Write) -> Result<bool, StoreError>;

    /// The sessions of one user: for a list of devices, which shows their handles. Some may be over
    /// and not swept yet: see `Session::is_over`. If one row cannot be read, this is an error: a
    /// list that leaves a session out would say that there is none. They can still be ended.
    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError>;
}

/// A boxed error of some client.
type Source = Box<dyn Error + Send + Sync>;

/// Why a store did not answer.
///
/// What it shows is what follows from it; `{:#}` shows what it came of, too, each cause behind a
/// colon.
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
    /// It may have written: the connection broke, or the answer did not come in time.
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
    /// Nothing was written.
    pub fn failed(why: impl Into<Source>) -> Self {
        Self::Failed(why.into())
    }

    /// Something may have been.
    pub fn unknown(why: impl Into<Source>) -> Self {
        Self::Unknown(why.into())
    }
}
