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

/// Checks that the tables are ours, and of this version: that they have the columns of tables which
/// are made anew. If an application had a table of the same name, a sweep would delete from it.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let anew = Connection::open_in_memory().map_err(StoreError::failed)?;
    anew.execute_batch(SCHEMA).map_err(StoreError::failed)?;
    for (wanted, table) in columns(&anew).map_err(StoreError::failed)? {
        let found = columns_of(connection, &table).map_err(StoreError::failed)?;
        if found != wanted {
            let text = format!("the table {table} is of another application or version");
            return Err(StoreError::failed(text));
        }
    }
    Ok(())
}

/// The columns of each table, and its name.
fn columns(connection: &Connection) -> rusqlite::Result<Vec<(Option<String>, String)>> {
    let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'")?;
    let names = tables.query_map([], |row| row.get(0))?;
    let with_columns = |name: String| Ok((columns_of(connection, &name)?, name));
    names.map(|name| name.and_then(with_columns)).collect()
}

/// The columns of a table, with their types; None if there is no such table.
fn columns_of(connection: &Connection, table: &str) -> rusqlite::Result<Option<String>> {
    let sql = "SELECT group_concat(name || ' ' || type, ', ') FROM pragma_table_info(?)";
    connection.query_row(sql, [table], |row| row.get(0))
}
