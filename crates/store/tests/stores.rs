//! Every store passes the conformance test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use quixote_session::driver::{Arrival, Call, Failure, Revision, Write};
use quixote_session::{Config, Session, SessionId, StoreOp, Timestamp};
use quixote_session_store::{Manager, Memory, OwnData, Store, StoreError, conformance};

async fn passes(store: Arc<dyn Store>) {
    conformance::conditions(store.clone(), &Config::STRICT).await;
    conformance::ends_against_logins(store.clone(), 100).await;
    conformance::contention(store.clone(), 16, 4).await;
    conformance::doubt(store, 8, 4).await;
}

/// More than a store deletes in one batch.
async fn sweeps_many(store: Arc<dyn Store>) {
    let ids: Vec<SessionId> = (1..=1001_u128).map(|id| id.to_be_bytes().into()).collect();
    for (revision, id) in (1..).zip(&ids) {
        let session = Session::new("192.0.2.1".into(), Timestamp(1_000_000_000_000));
        let op = StoreOp::Create { id: *id, session, generation: None, discard_over: None };
        let revision = Revision(revision);
        let write = Write { op, expected: None, accessed: None, revision, commits: false };
        assert!(store.write(&write).await.unwrap());
    }
    Manager::new(Config::STRICT, store.clone()).unwrap().sweep().await.unwrap();
    for id in ids {
        assert_eq!(store.load(id).await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    passes(Arc::new(Memory::new(Config::STRICT))).await;
    sweeps_many(Arc::new(Memory::new(Config::STRICT))).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.sqlite");
    let store = quixote_session_store::Sqlite::open(&file, Config::STRICT).unwrap();
    passes(Arc::new(store)).await;
}

#[cfg(all(feature = "sqlite", unix))]
#[tokio::test]
async fn sqlite_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.sqlite");
    let store = quixote_session_store::Sqlite::open(&file, Config::STRICT).unwrap();
    store.generation("alice").await.unwrap();
    let modes = std::fs::read_dir(folder.path()).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name(), entry.metadata().unwrap().permissions().mode() & 0o777)
    });
    let modes: Vec<_> = modes.collect();
    assert!(modes.len() > 1, "the log is there: {modes:?}");
    assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
    // A file that is there is opened, and memory is no file.
    quixote_session_store::Sqlite::open(&file, Config::STRICT).unwrap();
    quixote_session_store::Sqlite::open(":memory:", Config::STRICT).unwrap();
    assert!(!std::path::Path::new(":memory:").exists());
}

/// Orders of the application, in the database of the sessions.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[async_trait::async_trait]
trait Orders: OwnData {
    /// From now on rolls back what it has written.
    fn give_up(&mut self);

    async fn count(&mut self) -> i64;
}

/// The session and the application's data are both there, or neither is.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
async fn one_transaction_has_both(sessions: Arc<dyn Store>, mut orders: impl Orders) {
    let manager = Manager::new(Config::STRICT, sessions).unwrap();
    for (is_ended, count) in [(false, 1), (true, 1)] {
        let mut request = manager.exchange();
        manager.run(&mut request, Call::start(Arrival::default())).await.unwrap();
        manager.run(&mut request, Call::login("carol")).await.unwrap();
        if is_ended {
            manager.delete_sessions_of("carol").await.unwrap();
        }
        let ending = manager.run_with(&mut request, Call::finish(), &mut orders).await.unwrap();
        assert_eq!(ending.failure.is_some(), is_ended);
        assert_eq!(orders.count().await, count);
        assert_eq!(manager.sessions_of("carol").await.unwrap().len(), usize::from(!is_ended));
    }
    orders.give_up();
    let mut request = manager.exchange();
    manager.run(&mut request, Call::start(Arrival::default())).await.unwrap();
    manager.run(&mut request, Call::login("carol")).await.unwrap();
    let ending = manager.run_with(&mut request, Call::finish(), &mut orders).await;
    assert_eq!(ending, Err(Failure::Store));
    assert_eq!((orders.count().await, manager.sessions_of("carol").await.unwrap().len()), (1, 0));
}

#[cfg(feature = "sqlite")]
struct InSqlite {
    sessions: quixote_session_store::Sqlite,
    file: rusqlite::Connection,
    gives_up: bool,
}

#[cfg(feature = "sqlite")]
#[async_trait::async_trait]
impl OwnData for InSqlite {
    async fn write(&mut self, write: &Write) -> Option<Result<bool, StoreError>> {
        let immediate = rusqlite::TransactionBehavior::Immediate;
        let both = self.file.transaction_with_behavior(immediate).unwrap();
        both.execute("INSERT INTO orders VALUES ('apple')", []).unwrap();
        let written = self.sessions.write_in(&both, write);
        if self.gives_up {
            return Some(written.and(Err(StoreError::failed("rolled back"))));
        }
        if matches!(written, Ok(true)) {
            both.commit().unwrap();
        }
        Some(written)
    }

    async fn commit(&mut self) -> bool {
        panic!("it was committed with the session");
    }

    async fn abort(&mut self) {}
}

#[cfg(feature = "sqlite")]
#[async_trait::async_trait]
impl Orders for InSqlite {
    fn give_up(&mut self) {
        self.gives_up = true;
    }

    async fn count(&mut self) -> i64 {
        self.file.query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap()
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn one_transaction_of_sqlite_has_both() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sessions.sqlite");
    let sessions = quixote_session_store::Sqlite::open(&path, Config::STRICT).unwrap();
    let file = rusqlite::Connection::open(&path).unwrap();
    file.execute_batch("CREATE TABLE orders (what TEXT)").unwrap();
    let orders = InSqlite { sessions: sessions.clone(), file, gives_up: false };
    one_transaction_has_both(Arc::new(sessions), orders).await;
}

#[cfg(feature = "postgres")]
struct InPostgres {
    sessions: quixote_session_store::Postgres,
    client: tokio_postgres::Client,
    gives_up: bool,
}

#[cfg(feature = "postgres")]
#[async_trait::async_trait]
impl OwnData for InPostgres {
    async fn write(&mut self, write: &Write) -> Option<Result<bool, StoreError>> {
        let both = self.client.transaction().await.unwrap();
        both.execute("INSERT INTO orders VALUES ('apple')", &[]).await.unwrap();
        let written = self.sessions.write_in(&both, write).await;
        if self.gives_up {
            both.rollback().await.unwrap();
            return Some(written.and(Err(StoreError::failed("rolled back"))));
        }
        if matches!(written, Ok(true)) {
            both.commit().await.unwrap();
        }
        Some(written)
    }

    async fn commit(&mut self) -> bool {
        panic!("it was committed with the session");
    }

    async fn abort(&mut self) {}
}

#[cfg(feature = "postgres")]
#[async_trait::async_trait]
impl Orders for InPostgres {
    fn give_up(&mut self) {
        self.gives_up = true;
    }

    async fn count(&mut self) -> i64 {
        self.client.query_one("SELECT count(*) FROM orders", &[]).await.unwrap().get(0)
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs POSTGRES_URL"]
async fn one_transaction_of_postgres_has_both() {
    let url = std::env::var("POSTGRES_URL").unwrap();
    let sessions = quixote_session_store::Postgres::connect(&url, Config::STRICT).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // It goes with the connection, and is seen by it alone.
    client.batch_execute("CREATE TEMPORARY TABLE orders (what TEXT)").await.unwrap();
    let orders = InPostgres { sessions: sessions.clone(), client, gives_up: false };
    one_transaction_has_both(Arc::new(sessions), orders).await;
}

/// A database of PostgreSQL that may be written to, such as
/// `postgres://postgres@127.0.0.1:5432/test`. `.ci/stores` starts one.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs POSTGRES_URL"]
async fn postgres() {
    let url = std::env::var("POSTGRES_URL").unwrap();
    let store = quixote_session_store::Postgres::connect(&url, Config::STRICT).await.unwrap();
    passes(Arc::new(store.clone())).await;
    sweeps_many(Arc::new(store)).await;
    // Whatever the default of the database is.
    let url = url + "?options=-c%20default_transaction_isolation=serializable";
    let store = quixote_session_store::Postgres::connect(&url, Config::STRICT).await.unwrap();
    conformance::ends_against_logins(Arc::new(store.clone()), 100).await;
    conformance::contention(Arc::new(store), 16, 4).await;
}

/// A Redis that may be written to, such as `redis://127.0.0.1:6379`. `.ci/stores` starts one.
#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs REDIS_URL"]
async fn redis() {
    let url = std::env::var("REDIS_URL").unwrap();
    let store = quixote_session_store::Redis::connect(&url, Config::STRICT).await.unwrap();
    passes(Arc::new(store.clone())).await;
    sweeps_many(Arc::new(store)).await;
}
