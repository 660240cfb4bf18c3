//! Sessions in one file of SQLite.

mod schema;
mod sweep;

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use async_trait::async_trait;
use quixote_session::driver::{Stored, Write};
use quixote_session::{Session, SessionId, StoreOp};
use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, ToSql, Transaction, TransactionBehavior, params,
};
use tokio::sync::oneshot;

use self::schema::{SCHEMA, check};
use self::sweep::{ALL, MOST_SWEPT, discard};
use crate::row::{self, Columns, Row, signed};
use crate::store::{Store, StoreError};

/// A store in one file of SQLite, for one machine; several processes may share it.
///
/// It keeps a write-ahead log, and waits for the disk at each commit, so an acknowledged write
/// survives a crash of the process and a loss of power. One thread writes. While it waits for the
/// disk, more writes come in; it commits them together, each of them whole or not at all. So it
/// waits for the disk once for all of them, and the busier the store, the less each write costs.
/// Another thread reads, and waits for no writer. A transaction that somebody else has open on the
/// file holds up every write; a write fails after waiting for five seconds. A sweep deletes 2,000
/// sessions at a time, and other writes of this process have their turn in between. If there are so
/// many that it takes longer than a call may, the next sweep goes on.
#[derive(Clone)]
pub struct Sqlite(Arc<Parts>);

struct Parts {
    reads: Sender<Job>,
    writes: Sender<Job>,
}

enum Job {
    Read(Box<dyn FnOnce(&Connection) + Send>),
    Write(Write, Told),
}

/// The end that takes the result. The caller may be gone, and then nobody reads it. If it is
/// dropped without a result, the caller does not know whether the write happened.
type Told = oneshot::Sender<Result<bool, StoreError>>;

/// How many jobs are taken at once, which bounds how long another process waits to write.
const MOST_AT_ONCE: usize = 64;

/// The user (?4) has this generation (?8), or none is asked for.
const OF_GENERATION: &str =
    "(?8 IS NULL OR ?8 = coalesce((SELECT generation FROM ended WHERE user = ?4), 0))";

impl Sqlite {
    /// Opens the file, and creates it if it does not exist; on Unix, only the owner can read it.
    /// `:memory:` is a store in memory, which is lost when it is dropped.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened, or is not a database of sessions.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        create(path).map_err(StoreError::failed)?;
        let connection = connect(path, SCHEMA)?;
        check(&connection)?;
        // A database in memory belongs to one connection, so the writer's thread reads it, too.
        let is_file = connection.path().is_some_and(|file| !file.is_empty());
        let writes = start(connection)?;
        let reads =
            if is_file { start(connect(path, "PRAGMA query_only = ON")?)? } else { writes.clone() };
        Ok(Self(Arc::new(Parts { reads, writes })))
    }

    /// Carries out a write in a transaction of the application on the same file, which the
    /// application commits; false if the condition of the write does not hold. It blocks. See
    /// [`OwnData::write`](crate::OwnData::write).
    ///
    /// The transaction must have begun as `IMMEDIATE`, or another writer can come in between.
    ///
    /// # Errors
    ///
    /// If the statement fails.
    pub fn write_in(
        &self,
        transaction: &Transaction<'_>,
        write: &Write,
    ) -> Result<bool, StoreError> {
        carry_out(transaction, write)
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let read = |tell: oneshot::Sender<_>| {
            Job::Read(Box::new(|connection| drop(tell.send(read(connection)))))
        };
        ask(&self.0.reads, read).await
    }
}

/// Sends a thread a job, and waits for the result.
async fn ask<T>(
    thread: &Sender<Job>,
    job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job,
) -> Result<T, StoreError> {
    let (tell, told) = oneshot::channel();
    let ended = |_| StoreError::failed("the thread of SQLite has ended");
    thread.send(job(tell)).map_err(ended)?;
    told.await.unwrap_or_else(|why| Err(StoreError::unknown(why)))
}

#[async_trait]
impl Store for Sqlite {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        self.read(move |connection| {
            let mut found = connection
                .prepare_cached("SELECT revision, data, accessed FROM session WHERE id = ?")
                .map_err(StoreError::failed)?;
            let row = found
                .query_row([id.reveal_bytes()], |row| {
                    Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?))
                })
                .optional()
                .map_err(StoreError::failed)?;
            row.map(|(revision, data, accessed)| row::stored(revision, &data, accessed)).transpose()
        })
        .await
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        let user = user.to_owned();
        self.read(move |connection| {
            let found: Option<i64> = connection
                .prepare_cached("SELECT generation FROM ended WHERE user = ?")
                .and_then(|mut found| found.query_row([user], |row| row.get(0)).optional())
                .map_err(StoreError::failed)?;
            Ok(found.unwrap_or_default().cast_unsigned())
        })
        .await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        let carry_out = || ask(&self.0.writes, |tell| Job::Write(write.clone(), tell));
        if let StoreOp::DiscardOver { .. } = write.op {
            while carry_out().await? {}
            return Ok(true);
        }
        carry_out().await
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        let user = user.to_owned();
        self.read(move |connection| {
            let mut found = connection
                .prepare_cached(
                    "SELECT data, accessed FROM session WHERE user = ? ORDER BY created",
                )
                .map_err(StoreError::failed)?;
            let rows = found
                .query_map([user], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))
                .map_err(StoreError::failed)?;
            rows.map(|row| {
                row.map_err(StoreError::failed).and_then(|(data, at)| row::session(&data, at))
            })
            .collect()
        })
        .await
    }
}

/// For the owner alone, because the ids in it are secrets. SQLite gives its log the same mode.
fn create(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    // Only a new file: closing one that exists would drop the locks that this process has on it.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // An address such as `file:...` names a file in another way.
    if path == Path::new(":memory:") || path.to_string_lossy().starts_with("file:") {
        return Ok(());
    }
    match options.open(path) {
        Err(why) if why.kind() != ErrorKind::AlreadyExists => Err(why),
        _ => Ok(()),
    }
}

fn connect(path: &Path, first: &str) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(StoreError::failed)?;
    connection.busy_timeout(Duration::from_secs(5)).map_err(StoreError::failed)?;
    connection.execute_batch(first).map_err(StoreError::failed)?;
    Ok(connection)
}

/// Starts a thread that owns the connection and does the jobs that are sent to it.
fn start(connection: Connection) -> Result<Sender<Job>, StoreError> {
    let (jobs, received) = channel();
    let thread = std::thread::Builder::new().name("sessions".into());
    thread.spawn(move || serve(connection, &received)).map_err(StoreError::failed)?;
    Ok(jobs)
}

/// What the thread does until all senders are gone.
fn serve(mut connection: Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut writes = Vec::new();
        for job in iter::once(first).chain(jobs.try_iter().take(MOST_AT_ONCE - 1)) {
            match job {
                // A job that panics sends no result.
                Job::Read(read) => drop(catch_unwind(AssertUnwindSafe(|| read(&connection)))),
                Job::Write(write, tell) => writes.push((write, tell)),
            }
        }
        if !writes.is_empty() {
            write_all(&mut connection, writes);
        }
    }
}

/// Carries out writes in one transaction, and sends their results once it is committed.
fn write_all(connection: &mut Connection, writes: Vec<(Write, Told)>) {
    let mut transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate)
    {
        Ok(transaction) => transaction,
        Err(why) => {
            for (_, tell) in writes {
                _ = tell.send(Err(StoreError::failed(why.to_string())));
            }
            return;
        }
    };
    let mut results = Vec::new();
    for (write, tell) in writes {
        // A write that panics has dropped its savepoint, and sends no result.
        let wrote = AssertUnwindSafe(|| write_one(&mut transaction, &write));
        if let Ok(done) = catch_unwind(wrote) {
            results.push((done, tell));
        }
    }
    let committed = transaction.commit();
    for (done, tell) in results {
        // The commit also fails if SQLite has already rolled back by itself, as on a full disk.
        _ = tell.send(match &committed {
            Err(why) if matches!(done, Ok(true)) => Err(uncommitted(why)),
            Ok(()) | Err(_) => done,
        });
    }
}

/// Carries out one write, whole or not at all: one that is refused or fails is rolled back. Of a
/// sweep, carries out a part; false if there was nothing left.
fn write_one(transaction: &mut Transaction<'_>, write: &Write) -> Result<bool, StoreError> {
    let savepoint = transaction.savepoint().map_err(error)?;
    let done = if let StoreOp::DiscardOver { .. } = write.op {
        discard(&savepoint, write.over.as_ref(), MOST_SWEPT)? > 0
    } else {
        carry_out(&savepoint, write)?
    };
    if done {
        savepoint.commit().map_err(error)?;
    }
    Ok(done)
}

/// After a commit that failed, the writes may be stored, unless the log had no room for them.
fn uncommitted(why: &rusqlite::Error) -> StoreError {
    match why.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::failed(why.to_string()),
        _ => StoreError::unknown(why.to_string()),
    }
}

/// Before the commit nothing is written, so what fails has failed for certain, unless the file is
/// corrupt or the disk fails.
fn error(why: rusqlite::Error) -> StoreError {
    match why.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::SystemIoFailure) => StoreError::unknown(why),
        _ => StoreError::failed(why),
    }
}

fn carry_out(db: &Connection, write: &Write) -> Result<bool, StoreError> {
    let expected = write.expected.map(|expected| expected.0.cast_signed());
    let run = |sql: &str, values: &[&dyn ToSql]| run(db, sql, values);
    let done = |sql: &str, values: &[&dyn ToSql]| run(sql, values).map(|_| true);
    match &write.op {
        StoreOp::Create { id, session, generation, .. } => {
            discard(db, write.over.as_ref(), ALL)?;
            let generation = generation.map(u64::cast_signed);
            let sql = format!(
                "INSERT INTO session (id, revision, data, user, handle, created, accessed)
                 SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE {OF_GENERATION} ON CONFLICT DO NOTHING"
            );
            Ok(run(&sql, &with(&Columns::of(id, write, session)?, params![generation]))? == 1)
        }
        StoreOp::Put { id, session } => {
            let sql = "INSERT OR REPLACE INTO session
                (id, revision, data, user, handle, created, accessed) VALUES (?, ?, ?, ?, ?, ?, ?)";
            done(sql, &with(&Columns::of(id, write, session)?, params![]))
        }
        StoreOp::Update { id, session } => {
            let sql = "UPDATE session SET revision = ?2, data = ?3, user = ?4, handle = ?5,
                created = ?6, accessed = max(accessed, ?7) WHERE id = ?1 AND revision = ?8";
            Ok(run(sql, &with(&Columns::of(id, write, session)?, params![expected]))? == 1)
        }
        StoreOp::Rotate { from, to, session, generation } => {
            let generation = generation.map(u64::cast_signed);
            let sql = format!(
                "UPDATE session SET id = ?1, revision = ?2, data = ?3, user = ?4, handle = ?5,
                 created = ?6, accessed = max(accessed, ?7)
                 WHERE id = ?9 AND revision = ?10 AND {OF_GENERATION}
                 AND NOT EXISTS (SELECT 1 FROM session WHERE id = ?1)"
            );
            let condition = params![generation, from.reveal_bytes(), expected];
            Ok(run(&sql, &with(&Columns::of(to, write, session)?, condition))? == 1)
        }
        StoreOp::Touch { id, accessed } => {
            let sql = "UPDATE session SET accessed = max(accessed, ?2) WHERE id = ?1";
            done(sql, params![id.reveal_bytes(), signed(*accessed)])
        }
        StoreOp::Discard { id } => {
            let sql = "DELETE FROM session WHERE id = ? AND revision = ? AND accessed = ?";
            let accessed = write.accessed.map(signed);
            Ok(run(sql, params![id.reveal_bytes(), expected, accessed])? == 1)
        }
        StoreOp::Delete { id } => {
            done("DELETE FROM session WHERE id = ?", params![id.reveal_bytes()])
        }
        StoreOp::DeleteHandle { handle, user } => {
            let sql = "DELETE FROM session WHERE handle = ?1 AND (?2 IS NULL OR user = ?2)";
            done(sql, params![handle.to_bytes(), user.as_deref()])
        }
        StoreOp::DeleteUser { user, except } => {
            end_user(db, user, except.as_ref().map(SessionId::reveal_bytes), expected)
        }
        StoreOp::DiscardOver { .. } => discard(db, write.over.as_ref(), ALL).map(|_| true),
    }
}

/// Runs a statement, and counts the rows that it has changed.
fn run(db: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<usize, StoreError> {
    db.prepare_cached(sql).and_then(|mut found| found.execute(values)).map_err(error)
}

/// Ends the sessions of a user. One may be spared, on condition that it has this revision.
fn end_user(
    db: &Connection,
    user: &str,
    except: Option<&[u8]>,
    expected: Option<i64>,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO ended SELECT ?1, 1
        WHERE ?2 IS NULL OR EXISTS (SELECT 1 FROM session WHERE id = ?2 AND revision = ?3)
        ON CONFLICT (user) DO UPDATE SET generation = generation + 1";
    if run(db, sql, params![user, except, expected])? == 0 {
        return Ok(false);
    }
    run(db, "DELETE FROM session WHERE user = ?1 AND id IS NOT ?2", params![user, except])?;
    Ok(true)
}

/// The first seven parameters of a statement, followed by these.
fn with<'a>(columns: &'a Columns<'_>, others: &[&'a dyn ToSql]) -> Vec<&'a dyn ToSql> {
    let Columns { id, revision, row } = columns;
    let Row { data, handle, user, created, accessed } = row;
    let mut all: Vec<&'a dyn ToSql> = vec![id, revision, data, user, handle, created, accessed];
    all.extend_from_slice(others);
    all
}

#[cfg(test)]
mod tests;
