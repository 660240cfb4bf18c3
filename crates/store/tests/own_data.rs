//! An application's own data and the session are in one transaction of one database.

#![cfg(any(feature = "sqlite", feature = "postgres"))]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;

use quixote_session::Config;
use quixote_session::driver::{Arrival, Call, Exchange, Failure, Write};
use quixote_session_store::{Manager, OwnData, Store, StoreError};

/// Orders of the application, in the database of the sessions.
#[async_trait::async_trait]
trait Orders: OwnData {
    /// From now on, rolls back instead of committing.
    fn give_up(&mut self);

    async fn count(&mut self) -> i64;
}

/// A request in which carol has logged in.
async fn of_carol(manager: &Manager) -> Exchange {
    let mut request = manager.exchange();
    manager.run(&mut request, Call::start(Arrival::default())).await.unwrap();
    manager.run(&mut request, Call::login("carol")).await.unwrap();
    request
}

/// Checks that the session and the application's data are both stored, or neither is.
async fn one_transaction_has_both(sessions: Arc<dyn Store>, mut orders: impl Orders) {
    let manager = Manager::new(Config::STRICT, sessions).unwrap();
    for (is_ended, count) in [(false, 1), (true, 1)] {
        let mut request = of_carol(&manager).await;
        if is_ended {
            manager.delete_sessions_of("carol").await.unwrap();
        }
        let ending = manager.run_with(&mut request, Call::finish(), &mut orders).await.unwrap();
        assert_eq!(ending.failure.is_some(), is_ended);
        assert_eq!(orders.count().await, count);
        assert_eq!(manager.sessions_of("carol").await.unwrap().len(), usize::from(!is_ended));
    }
    orders.give_up();
    let mut request = of_carol(&manager).await;
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
    let sessions = quixote_session_store::Sqlite::open(&path).unwrap();
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
    let sessions = quixote_session_store::Postgres::connect(&url).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    // A temporary table exists only in this connection, and goes with it.
    client.batch_execute("CREATE TEMPORARY TABLE orders (what TEXT)").await.unwrap();
    let orders = InPostgres { sessions: sessions.clone(), client, gives_up: false };
    one_transaction_has_both(Arc::new(sessions), orders).await;
}
