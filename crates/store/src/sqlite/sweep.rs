//! Deletes the sessions that are over, in parts if there are many.

use quixote_session::driver::Over;
use rusqlite::{Connection, params};

use super::run;
use crate::row::Bounds;
use crate::store::StoreError;

/// How many sessions a sweep deletes before other writes have their turn. Otherwise all writes
/// would wait while it deletes what many visitors have left.
pub(super) const MOST_SWEPT: i64 = 2_000;

/// Deletes what is over, at most so many. Each bound is a query of its own: joined by `OR` they use
/// no index, and each part of a sweep would look at the sessions that are not over, too.
pub(super) const DISCARD: &str = "DELETE FROM session WHERE id IN (
    SELECT id FROM session WHERE accessed <= ?1
    UNION ALL SELECT id FROM session WHERE accessed >= ?2
    UNION ALL SELECT id FROM session WHERE created <= ?3
    UNION ALL SELECT id FROM session WHERE created >= ?4 LIMIT ?5)";

/// For `LIMIT`: no limit.
pub(super) const ALL: i64 = -1;

/// Deletes what is over, but at most so many sessions, and counts them.
pub(super) fn discard(
    db: &Connection,
    over: Option<&Over>,
    most: i64,
) -> Result<usize, StoreError> {
    let Some(Bounds { accessed, created }) = over.map(Bounds::from) else { return Ok(0) };
    run(db, DISCARD, params![accessed.0, accessed.1, created.0, created.1, most])
}
