//! What only PostgreSQL does.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use quixote_session_store::Postgres;

/// Each has what the indices need.
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
