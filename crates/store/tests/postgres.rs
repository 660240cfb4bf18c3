//! What only PostgreSQL does.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use quixote_session::driver::{Revision, Write};
use quixote_session::{Session, StoreOp, Timestamp};
use quixote_session_store::{Postgres, Store as _, StoreError};

/// Each table has the columns that the indices need.
#[tokio::test]
#[ignore = "needs POSTGRES_URL"]
async fn tables_of_another_application_are_left_alone() {
    let url = std::env::var("POSTGRES_URL").unwrap();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for (schema, table) in [
        ("alike", "session (id INT, usr TEXT, handle TEXT, created INT, accessed INT)"),
        ("counts", "session_ended (at TEXT)"),
    ] {
        let sql = format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.{table}");
        client.batch_execute(&sql).await.unwrap();
        let url = format!("{url}?options=-c%20search_path={schema}");
        let opened = Postgres::connect(&url).await;
        let why = format!("{:?}", opened.map(drop).unwrap_err());
        assert!(why.contains("is of another application"), "{why}");
        client.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
    }
}

/// The server's message about a refused row contains the whole row.
#[tokio::test]
#[ignore = "needs POSTGRES_URL"]
async fn what_postgres_refuses_is_said_and_no_row_quoted() {
    let url = std::env::var("POSTGRES_URL").unwrap();
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("CREATE SCHEMA refuses").await.unwrap();
    let url = format!("{url}?options=-c%20search_path=refuses");
    let store = Postgres::connect(&url).await.unwrap();
    let check = "ALTER TABLE refuses.session ADD CONSTRAINT never CHECK (revision IS NULL)";
    client.batch_execute(check).await.unwrap();
    let session = Session::new("a secret".into(), Timestamp(7)).into();
    let write = Write {
        op: StoreOp::Put { id: [0xab; 16].into(), session },
        expected: None,
        accessed: None,
        over: None,
        revision: Revision(7),
        commits: false,
    };
    let why = store.write(&write).await.unwrap_err();
    client.batch_execute("DROP SCHEMA refuses CASCADE").await.unwrap();
    assert!(matches!(why, StoreError::Failed(_)), "{why:?}");
    let (said, all) = (format!("{why:#}"), format!("{why:?} {why:#}"));
    assert!(said.contains("violates check constraint \"never\" (23514)"), "{said}");
    assert!(!all.contains("secret") && !all.contains("abab"), "{all}");
    let nowhere = Postgres::connect(&(url + "&dbname=nowhere")).await;
    let said = format!("{:#}", nowhere.map(drop).unwrap_err());
    assert!(said.contains("\"nowhere\" does not exist (3D000)"), "{said}");
}
