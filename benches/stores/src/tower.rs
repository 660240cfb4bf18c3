//! Sessions of tower-sessions. Its own store for SQLite fits; those for PostgreSQL and Redis are
//! for another version of its core, so here they are again, over the clients that ours use.

use std::fmt;

use async_trait::async_trait;
use axum::Router;
use axum::routing::{get, post};
use deadpool_postgres::Pool;
use redis::AsyncCommands as _;
use redis::aio::ConnectionManager;
use time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

/// As tower-sessions-redis-store does it: one key for a session, that expires.
#[derive(Clone)]
pub struct Redis(pub ConnectionManager);

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redis")
    }
}

fn backend(why: impl fmt::Display) -> Error {
    Error::Backend(why.to_string())
}

#[async_trait]
impl SessionStore for Redis {
    async fn save(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_string(record).map_err(backend)?;
        let (key, until) = (record.id.to_string(), record.expiry_date.unix_timestamp());
        let mut command = redis::cmd("SET");
        command.arg(key).arg(data).arg("EXAT").arg(until);
        command.query_async(&mut self.0.clone()).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found: Option<String> =
            self.0.clone().get(id.to_string()).await.map_err(backend)?;
        found.map(|data| serde_json::from_str(&data)).transpose().map_err(backend)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.clone().del(id.to_string()).await.map_err(backend)
    }
}

/// As tower-sessions-sqlx-store does it: one row for a session.
#[derive(Clone)]
pub struct Postgres(pub Pool);

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Postgres")
    }
}

impl Postgres {
    pub async fn migrate(&self) -> Result<()> {
        let client = self.0.get().await.map_err(backend)?;
        let sql = "CREATE TABLE IF NOT EXISTS tower (
            id TEXT PRIMARY KEY NOT NULL, data BYTEA NOT NULL, expiry INT8 NOT NULL)";
        client.batch_execute(sql).await.map_err(backend)
    }
}

#[async_trait]
impl SessionStore for Postgres {
    async fn save(&self, record: &Record) -> Result<()> {
        let client = self.0.get().await.map_err(backend)?;
        let sql = "INSERT INTO tower (id, data, expiry) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET data = excluded.data, expiry = excluded.expiry";
        let statement = client.prepare_cached(sql).await.map_err(backend)?;
        let data = serde_json::to_vec(record).map_err(backend)?;
        let (id, until) = (record.id.to_string(), record.expiry_date.unix_timestamp());
        client.execute(&statement, &[&id, &data, &until]).await.map_err(backend)?;
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let client = self.0.get().await.map_err(backend)?;
        let sql = "SELECT data FROM tower WHERE id = $1 AND expiry > $2";
        let statement = client.prepare_cached(sql).await.map_err(backend)?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let found = client.query_opt(&statement, &[&id.to_string(), &now]).await.map_err(backend)?;
        let data = found.map(|row| row.get::<_, Vec<u8>>(0));
        data.map(|data| serde_json::from_slice(&data)).transpose().map_err(backend)
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let client = self.0.get().await.map_err(backend)?;
        let gone = client.execute("DELETE FROM tower WHERE id = $1", &[&id.to_string()]).await;
        gone.map(drop).map_err(backend)
    }
}

async fn read(session: Session) -> String {
    session.get::<String>("user").await.ok().flatten().unwrap_or_default()
}

async fn write(session: Session) -> &'static str {
    if session.insert("value", crate::another()).await.is_ok() { "ok" } else { "failed" }
}

async fn login(session: Session) -> &'static str {
    let _ = session.cycle_id().await;
    if session.insert("user", "alice").await.is_ok() { "ok" } else { "failed" }
}

pub fn site<S: SessionStore + Clone>(store: S) -> Router {
    Router::new()
        .route("/read", get(read))
        .route("/write", post(write))
        .route("/login", post(login))
        .layer(SessionManagerLayer::new(store))
}
