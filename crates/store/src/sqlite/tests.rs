//! Writes that are committed together, and reads meanwhile.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::Poll;

use quixote_session::driver::{Over, Revision, Write};
use quixote_session::{Config, Session, SessionId, StoreOp, Timestamp};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::oneshot::{self, Receiver};

use super::{Job, SCHEMA, Sqlite, serve, uncommitted};
use crate::store::{Store as _, StoreError};

const NOW: Timestamp = Timestamp(1_000_000_000_000);

struct File {
    folder: TempDir,
}

impl File {
    fn new() -> Self {
        let file = Self { folder: tempfile::tempdir().unwrap() };
        file.connection().execute_batch(SCHEMA).unwrap();
        file
    }

    /// A connection that does not wait for others.
    fn connection(&self) -> Connection {
        let connection = Connection::open(self.folder.path().join("sessions")).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        connection
    }

    /// How many sessions are stored.
    fn count(&self) -> u32 {
        let sql = "SELECT count(*) FROM session";
        self.connection().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The results of these writes, which all come in before the first is carried out.
    fn told(&self, writes: impl IntoIterator<Item = Write>) -> Vec<Result<bool, StoreError>> {
        let (jobs, received) = channel();
        let mut told: Vec<Receiver<_>> = Vec::new();
        for write in writes {
            let (tell, hears) = oneshot::channel();
            jobs.send(Job::Write(write, tell)).unwrap();
            told.push(hears);
        }
        drop(jobs);
        serve(self.connection(), &received);
        told.into_iter().map(|mut told| told.try_recv().unwrap()).collect()
    }
}

fn create(of: u8) -> Write {
    create_in(None, of, None)
}

/// A Create in this generation of its user, which first discards what is over at this moment.
fn create_in(generation: Option<u64>, of: u8, discard_over: Option<Timestamp>) -> Write {
    let session = Session::new("192.0.2.1".into(), NOW).into();
    let id = SessionId::from([of; 16]);
    let op = StoreOp::Create { id, session, generation, discard_over };
    let (over, revision) = (Over::of(&Config::STRICT, &op), Revision(of.into()));
    Write { op, expected: None, accessed: None, over, revision, commits: false }
}

#[test]
fn writes_that_wait_are_committed_together_and_each_is_whole() {
    let file = File::new();
    // The log is kept as long as a connection is open.
    let looks = file.connection();
    let pages =
        || looks.query_row("PRAGMA wal_checkpoint", [], |row| row.get::<_, u32>(1)).unwrap();
    let before = pages();
    // It would discard all sessions before it, but is refused for its generation.
    let refused = create_in(Some(5), 0, Some(Timestamp(u64::MAX / 2)));
    let writes = (1..=20).map(create).chain([refused, create(21)]);
    let told = file.told(writes);
    assert_eq!(told.iter().filter(|told| matches!(told, Ok(true))).count(), 21);
    assert!(matches!(told[20], Ok(false)), "{:?}", told[20]);
    assert_eq!(file.count(), 21);
    let written = pages() - before;
    // One commit writes each page once; 21 commits write the page of the table 21 times.
    assert!(written < 21, "{written} pages");
}

#[test]
fn where_nothing_can_be_written_nothing_was() {
    let file = File::new();
    let other = file.connection();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for told in file.told([create(1), create(2)]) {
        assert!(matches!(told, Err(StoreError::Failed(_))), "{told:?}");
    }
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(file.count(), 0);
}

#[test]
fn nobody_is_told_that_a_write_is_done_whose_commit_failed() {
    let file = File::new();
    assert!(matches!(file.told([create(1)])[..], [Ok(true)]));
    // The trigger leaves a reference dangling, which only the commit refuses.
    let sql = "CREATE TABLE dangling (
            id BLOB REFERENCES session (id) DEFERRABLE INITIALLY DEFERRED) STRICT;
        CREATE TRIGGER dangles AFTER INSERT ON session BEGIN
            INSERT INTO dangling VALUES (x'00');
        END;";
    file.connection().execute_batch(sql).unwrap();
    let told = file.told([create(2), create(1)]);
    assert!(matches!(told[..], [Err(StoreError::Unknown(_)), Ok(false)]), "{told:?}");
    assert_eq!(file.count(), 1);
}

#[tokio::test]
async fn a_sweep_of_many_is_parted_so_that_other_writes_have_their_turn() {
    let file = File::new();
    let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
        INSERT INTO session SELECT randomblob(16), 0, '', NULL, NULL, 0, 0 FROM n";
    file.connection().execute_batch(many).unwrap();
    let op = StoreOp::DiscardOver { now: NOW };
    let over = Over::of(&Config::STRICT, &op);
    let sweep = Write { op, over, ..create(1) };
    let told = file.told([sweep.clone(), create(1)]);
    assert!(matches!(told[..], [Ok(true), Ok(true)]), "{told:?}");
    assert_eq!(file.count(), 5000 - 2000 + 1);
    let store = Sqlite::open(file.folder.path().join("sessions")).unwrap();
    assert!(store.write(&sweep).await.unwrap());
    assert_eq!(file.count(), 1, "what is not over");
}

#[tokio::test]
async fn who_reads_waits_for_no_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions");
    let store = Sqlite::open(&path).unwrap();
    assert!(store.write(&create(1)).await.unwrap());
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (second, read) = (create(2), store.load(SessionId::from([1; 16])));
    let mut waits = pin!(store.write(&second));
    // The write is sent before the read.
    assert!(poll_fn(|context| Poll::Ready(waits.as_mut().poll(context).is_pending())).await);
    assert!(read.await.unwrap().is_some());
    assert!(poll_fn(|context| Poll::Ready(waits.as_mut().poll(context).is_pending())).await);
    other.execute_batch("COMMIT").unwrap();
    assert!(waits.await.unwrap());
}

#[tokio::test]
async fn what_is_in_memory_is_read_where_it_was_written() {
    for path in [":memory:", "file::memory:"] {
        let store = Sqlite::open(path).unwrap();
        assert!(store.write(&create(1)).await.unwrap());
        assert!(store.load(SessionId::from([1; 16])).await.unwrap().is_some());
    }
}

/// If nothing can have been written, there is no need to look for the write.
#[test]
fn a_commit_without_room_has_failed_for_certain() {
    let of = |code| {
        let why = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        uncommitted(&why)
    };
    assert!(matches!(of(rusqlite::ffi::SQLITE_FULL), StoreError::Failed(_)));
    for code in [rusqlite::ffi::SQLITE_IOERR, rusqlite::ffi::SQLITE_ERROR] {
        assert!(matches!(of(code), StoreError::Unknown(_)));
    }
}

/// Even tables that have all columns that the indices need.
#[test]
fn tables_of_another_application_are_left_alone() {
    let alike = "CREATE TABLE session (id, user, handle, created, accessed);
        INSERT INTO session VALUES (1, 'alice', 2, 3, 4);";
    for tables in [alike, "CREATE TABLE ended (at TEXT)"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("application");
        Connection::open(&path).unwrap().execute_batch(tables).unwrap();
        let Err(why) = Sqlite::open(&path) else { panic!("it was opened") };
        let why = std::error::Error::source(&why).unwrap().to_string();
        assert!(why.contains("of another application"), "{why}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_was_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions");
    let store = Sqlite::open(&path).unwrap();
    assert!(store.write(&create(1)).await.unwrap());
    let all = "PRAGMA wal_checkpoint(TRUNCATE)";
    Connection::open(&path).unwrap().query_row(all, [], |_| Ok(())).unwrap();
    // All pages but the first, which lists the tables.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let store = Sqlite::open(&path).unwrap();
    let failed = [
        store.load(SessionId::from([1; 16])).await.map(drop),
        store.generation("alice").await.map(drop),
        store.sessions_of("alice").await.map(drop),
    ];
    assert!(failed.iter().all(|told| matches!(told, Err(StoreError::Failed(_)))), "{failed:?}");
}

/// Otherwise each part would look at every session that is not over.
#[test]
fn a_sweep_finds_what_is_over_by_an_index() {
    let file = File::new();
    let connection = file.connection();
    let mut plan =
        connection.prepare(&format!("EXPLAIN QUERY PLAN {}", super::sweep::DISCARD)).unwrap();
    let plan = plan.query_map([1, 2, 3, 4, 5], |row| row.get::<_, String>(3)).unwrap();
    let plan: Vec<_> = plan.map(Result::unwrap).collect();
    assert!(!plan.iter().any(|line| line.starts_with("SCAN")), "{plan:?}");
    assert_eq!(plan.iter().filter(|line| line.contains("COVERING INDEX")).count(), 4, "{plan:?}");
}
