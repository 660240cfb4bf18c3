//! Every store passes the conformance test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use quixote_session::Config;
use quixote_session_store::{Memory, Store, conformance};

/// Runs the conformance test on a store as two processes have it.
async fn passes(store: Arc<dyn Store>, other: Arc<dyn Store>) {
    conformance::conditions(store.clone(), &Config::STRICT).await;
    // These are more sessions than a store deletes in one batch.
    conformance::many(store.clone(), 1001).await;
    conformance::ends_against_logins(store.clone(), 100).await;
    conformance::moves(store.clone(), 30).await;
    conformance::contention(store.clone(), 16, 4).await;
    conformance::doubt(store.clone(), 8, 4).await;
    conformance::shared(store, other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory() {
    let store = Arc::new(Memory::new());
    passes(store.clone(), store.clone()).await;
    assert!(store.is_empty(), "it leaves {} sessions", store.len());
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.sqlite");
    let store = quixote_session_store::Sqlite::open(&file).unwrap();
    let other = quixote_session_store::Sqlite::open(&file).unwrap();
    passes(Arc::new(store), Arc::new(other)).await;
}

#[cfg(all(feature = "sqlite", unix))]
#[tokio::test]
async fn sqlite_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sessions.sqlite");
    let store = quixote_session_store::Sqlite::open(&file).unwrap();
    store.generation("alice").await.unwrap();
    let modes = std::fs::read_dir(folder.path()).unwrap().map(|entry| {
        let entry = entry.unwrap();
        (entry.file_name(), entry.metadata().unwrap().permissions().mode() & 0o777)
    });
    let modes: Vec<_> = modes.collect();
    assert!(modes.len() > 1, "the log is there: {modes:?}");
    assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
    // An existing file is opened, and `:memory:` makes no file.
    quixote_session_store::Sqlite::open(&file).unwrap();
    quixote_session_store::Sqlite::open(":memory:").unwrap();
    assert!(!std::path::Path::new(":memory:").exists());
}

/// A limit that is absent ends nothing.
#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread")]
async fn stores_sweep_by_the_limits_that_there_are() {
    for limits in [(None, Some(600)), (Some(600), None), (None, None)] {
        let (idle_limit_ms, absolute_limit_ms) = limits;
        let config = Config { idle_limit_ms, absolute_limit_ms, ..Config::STRICT };
        let file = quixote_session_store::Sqlite::open(":memory:").unwrap();
        for store in [Arc::new(Memory::new()) as Arc<dyn Store>, Arc::new(file)] {
            conformance::conditions(store, &config).await;
        }
    }
}

/// A database of PostgreSQL that may be written to, such as
/// `postgres://postgres@127.0.0.1:5432/test`. `.ci/stores` starts one.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs POSTGRES_URL"]
async fn postgres() {
    let url = std::env::var("POSTGRES_URL").unwrap();
    let store = quixote_session_store::Postgres::connect(&url).await.unwrap();
    let other = quixote_session_store::Postgres::connect(&url).await.unwrap();
    passes(Arc::new(store), Arc::new(other)).await;
    // This sets another isolation level as the default of the database.
    let url = url + "?options=-c%20default_transaction_isolation=serializable";
    let store = quixote_session_store::Postgres::connect(&url).await.unwrap();
    conformance::ends_against_logins(Arc::new(store.clone()), 100).await;
    conformance::contention(Arc::new(store), 16, 4).await;
}

/// A Redis that may be written to, such as `redis://127.0.0.1:6379`. `.ci/stores` starts one.
#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs REDIS_URL"]
async fn redis() {
    let url = std::env::var("REDIS_URL").unwrap();
    let store = quixote_session_store::Redis::connect(&url).await.unwrap();
    let other = quixote_session_store::Redis::connect(&url).await.unwrap();
    passes(Arc::new(store), Arc::new(other)).await;
}
