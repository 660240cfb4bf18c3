//! The tables, and a check that those of a file are these.

use rusqlite::Connection;

use crate::store::StoreError;

/// `ended` counts how often the sessions of a user were ended. It keeps a row for each such user
/// for ever, because a login that began before the end may come to be saved at any time after it.
pub(super) const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS session (
        id BLOB PRIMARY KEY, revision INTEGER NOT NULL, data TEXT NOT NULL, handle BLOB, user TEXT,
        created INTEGER NOT NULL, accessed INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;
    CREATE INDEX IF NOT EXISTS session_by_user ON session (user) WHERE user IS NOT NULL;
    CREATE INDEX IF NOT EXISTS session_by_handle ON session (handle) WHERE handle IS NOT NULL;
    CREATE INDEX IF NOT EXISTS session_by_created ON session (created);
    CREATE INDEX IF NOT EXISTS session_by_accessed ON session (accessed);
    CREATE TABLE IF NOT EXISTS ended (
        user TEXT PRIMARY KEY, generation INTEGER NOT NULL
    ) WITHOUT ROWID, STRICT;";

/// The columns of both tables. If an application had a table of the same name, a sweep would delete
/// from it.
const COLUMNS: [(&str, &str); 2] = [
    (
        "session",
        "id BLOB, revision INTEGER, data TEXT, handle BLOB, user TEXT, created INTEGER, \
         accessed INTEGER",
    ),
    ("ended", "user TEXT, generation INTEGER"),
];

/// Checks that the tables are ours, and of this version.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let sql = "SELECT group_concat(name || ' ' || type, ', ') FROM pragma_table_info(?)";
    for (table, columns) in COLUMNS {
        let found: Option<String> =
            connection.query_row(sql, [table], |row| row.get(0)).map_err(StoreError::failed)?;
        if found.as_deref() != Some(columns) {
            let text = format!("the table {table} is of another application or version");
            return Err(StoreError::failed(text));
        }
    }
    Ok(())
}
