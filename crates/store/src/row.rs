//! A session as the columns of a row.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use quixote_session::SessionId;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use quixote_session::driver::Write;
use quixote_session::driver::{Outside, Over, Revision, Stored};
use quixote_session::{Session, Timestamp};

use crate::store::StoreError;

/// A session as it is written: as JSON with the version of its format, and what has an index.
pub(crate) struct Row {
    pub(crate) data: String,
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) handle: Option<Vec<u8>>,
    #[cfg(feature = "sqlite")]
    pub(crate) user: Option<String>,
    pub(crate) created: i64,
    pub(crate) accessed: i64,
}

impl Row {
    pub(crate) fn of(session: &Session) -> Result<Self, StoreError> {
        Ok(Self {
            data: serde_json::to_string(session).map_err(StoreError::failed)?,
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            handle: session.handle().map(|handle| handle.to_bytes().to_vec()),
            #[cfg(feature = "sqlite")]
            user: session.user().map(ToString::to_string),
            created: signed(session.created()),
            accessed: signed(session.accessed()),
        })
    }
}

/// What a statement writes of a session: its first seven parameters.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) struct Columns<'a> {
    pub(crate) id: &'a [u8],
    pub(crate) revision: i64,
    pub(crate) row: Row,
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl<'a> Columns<'a> {
    pub(crate) fn of(
        id: &'a SessionId,
        write: &Write,
        session: &Session,
    ) -> Result<Self, StoreError> {
        let revision = write.revision.0.cast_signed();
        Ok(Self { id: id.reveal_bytes(), revision, row: Row::of(session)? })
    }
}

/// What was read. The column has the latest access; the text has the one of the last write.
pub(crate) fn stored(revision: i64, data: &str, accessed: i64) -> Result<Stored, StoreError> {
    let session = session(data, accessed)?;
    Ok(Stored { revision: Revision(revision.cast_unsigned()), session })
}

pub(crate) fn session(data: &str, accessed: i64) -> Result<Session, StoreError> {
    let session: Session =
        serde_json::from_str(data).map_err(|why| StoreError::failed(Unreadable::from(why)))?;
    Ok(session.accessed_by(Timestamp(accessed.try_into().unwrap_or_default())))
}

/// A row that is no session, or is one in another version of the format.
///
/// It says where the fault is and not what was read, because an error of serde quotes it.
#[derive(Debug, thiserror::Error)]
#[error("a stored session cannot be read ({what:?} at column {column})")]
struct Unreadable {
    what: serde_json::error::Category,
    column: usize,
}

impl From<serde_json::Error> for Unreadable {
    fn from(why: serde_json::Error) -> Self {
        Self { what: why.classify(), column: why.column() }
    }
}

/// Databases have signed numbers, so the last year is 292,278,994.
pub(crate) fn signed(moment: Timestamp) -> i64 {
    moment.0.try_into().unwrap_or(i64::MAX)
}

/// When a session is over, as bounds of two columns: at or before the first bound, or at or after
/// the second. An absent bound is one that no session meets.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) accessed: (i64, i64),
    pub(crate) created: (i64, i64),
}

impl From<&Over> for Bounds {
    fn from(over: &Over) -> Self {
        let around = |outside: Outside| {
            (outside.until.map_or(-1, signed), outside.from.map_or(i64::MAX, signed))
        };
        Self { accessed: around(over.accessed), created: around(over.created) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::{Row, session};
    use quixote_session::{Session, Timestamp};
    use std::error::Error as _;

    #[test]
    fn a_row_that_cannot_be_read_is_not_quoted() {
        let row = Row::of(&Session::new("192.0.2.1".into(), Timestamp(7))).unwrap();
        assert!(session(&row.data, 7).is_ok());
        for secret in ["\"a secret\"", "{\"a secret\": 1}", "[\"a secret\"", "a secret"] {
            let data = row.data.replacen("\"192.0.2.1\"", secret, 1);
            assert_ne!(data, row.data);
            for data in [data.as_str(), secret] {
                let Err(why) = session(data, 7) else { continue };
                let text = format!("{why} {why:?} {}", why.source().unwrap());
                assert!(!text.contains("secret"), "{text}");
                assert!(text.contains("column"), "{text}");
            }
        }
    }
}
