//! Sessions in PostgreSQL.

use std::fmt;

use async_trait::async_trait;
use bytes::BytesMut;
use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, RecyclingMethod,
};
use quixote_session::driver::{Over, Stored, Write};
use quixote_session::{Session, SessionId, StoreOp};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};
use tokio_postgres::{Error, NoTls, Socket, Statement, Transaction};

use crate::row::{self, Bounds, Columns, Row, signed};
use crate::store::{Store, StoreError};

/// A store in a database of PostgreSQL, for many processes on many machines.
///
/// Each write is one statement, and so one transaction and one round trip. An acknowledged write is
/// as durable as the database's setting `synchronous_commit` says.
///
/// [`connect`](Self::connect) does not encrypt, so the database must be on this machine, or in a
/// network that nobody else can read. [`connect_with`](Self::connect_with) encrypts. Each start
/// creates the tables and indices that are missing and replaces the functions, so the role that
/// connects must own them, and must be allowed to create in the schema.
#[derive(Clone)]
pub struct Postgres(Pool);

const SCHEMA: &str = include_str!("postgres.sql");

/// Set whatever the default of the database or the role is: under a stricter level, a function
/// would see only what was committed before it waited for the lock.
const ISOLATION: &str = "SET default_transaction_isolation = 'read committed'";

impl Postgres {
    /// Connects without encryption, and creates the tables and functions that are not there.
    ///
    /// # Errors
    ///
    /// If the address is malformed or asks for encryption (`sslmode=require`), or the database is
    /// not reached or refuses.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, NoTls).await
    }

    /// The same over TLS: `tls` is the connector of a package such as `tokio-postgres-rustls` or
    /// `postgres-native-tls`. It is used if the address says `sslmode=require`, which is best, or
    /// `sslmode=prefer`, which is the default and does not encrypt if the server has no TLS.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect), and those of the connector.
    pub async fn connect_with<T>(url: &str, tls: T) -> Result<Self, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Sync + Send + 'static,
        T::Stream: Sync + Send,
        T::TlsConnect: Sync + Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let address = url.parse().map_err(|why: Error| StoreError::failed(why))?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(address, tls, recycling);
        let isolated = Hook::async_fn(|client, _| {
            Box::pin(async { client.batch_execute(ISOLATION).await.map_err(HookError::Backend) })
        });
        let pool = Pool::builder(manager).max_size(16).post_create(isolated).build();
        let pool = pool.map_err(StoreError::failed)?;
        let client = pool.get().await.map_err(unpooled)?;
        // PostgreSQL runs several statements in one text as one transaction.
        client.batch_execute(SCHEMA).await.map_err(failed)?;
        Ok(Self(pool))
    }

    async fn client(&self) -> Result<Client, StoreError> {
        self.0.get().await.map_err(unpooled)
    }

    /// Carries out a write in a transaction of the application in the same database, which the
    /// application commits; false if the condition of the write does not hold. See
    /// [`OwnData::write`](crate::OwnData::write).
    ///
    /// The transaction must be READ COMMITTED, the default of PostgreSQL: under a stricter level
    /// it would not see an end of the user's sessions that it has waited for. Its `search_path`
    /// must contain the schema with the tables of the sessions.
    ///
    /// # Errors
    ///
    /// If the statement fails. PostgreSQL then accepts no more statements in this transaction.
    pub async fn write_in(
        &self,
        transaction: &Transaction<'_>,
        write: &Write,
    ) -> Result<bool, StoreError> {
        carry_out(&Connection::Own(transaction), write).await
    }
}

/// Where statements run: on a connection of ours, which keeps what it has prepared, or in a
/// transaction of the application.
enum Connection<'a> {
    Pooled(&'a Client),
    Own(&'a Transaction<'a>),
}

type Values<'a> = [&'a (dyn ToSql + Sync)];

impl Connection<'_> {
    async fn prepare(&self, sql: &str) -> Result<Statement, StoreError> {
        let statement = match self {
            Self::Pooled(client) => client.prepare_cached(sql).await,
            Self::Own(transaction) => transaction.prepare(sql).await,
        };
        statement.map_err(failed)
    }

    /// Runs a statement that returns whether it did something.
    async fn ask(&self, sql: &str, values: &Values<'_>) -> Result<bool, StoreError> {
        let statement = self.prepare(sql).await?;
        let hidden: Vec<_> = values.iter().map(|value| Hidden(*value)).collect();
        let row = match self {
            Self::Pooled(client) => client.query_one(&statement, &parameters(&hidden)).await,
            Self::Own(transaction) => transaction.query_one(&statement, &parameters(&hidden)).await,
        };
        row.map_err(error)?.try_get(0).map_err(StoreError::unknown)
    }

    /// Runs a statement without a condition.
    async fn done(&self, sql: &str, values: &Values<'_>) -> Result<bool, StoreError> {
        self.run(sql, values).await.map(|_| true)
    }

    /// Runs a statement, and counts the rows that it has changed.
    async fn run(&self, sql: &str, values: &Values<'_>) -> Result<u64, StoreError> {
        let statement = self.prepare(sql).await?;
        let hidden: Vec<_> = values.iter().map(|value| Hidden(*value)).collect();
        let count = match self {
            Self::Pooled(client) => client.execute(&statement, &parameters(&hidden)).await,
            Self::Own(transaction) => transaction.execute(&statement, &parameters(&hidden)).await,
        };
        count.map_err(error)
    }
}

/// A parameter that is not shown. The client logs parameters, and these are ids, names and the
/// contents of sessions.
struct Hidden<'a>(&'a (dyn ToSql + Sync));

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

type Encoded = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for Hidden<'_> {
    fn to_sql(&self, of: &Type, out: &mut BytesMut) -> Encoded {
        self.0.to_sql_checked(of, out)
    }

    /// Any type, because the parameter itself checks it.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, of: &Type, out: &mut BytesMut) -> Encoded {
        self.0.to_sql_checked(of, out)
    }

    fn encode_format(&self, of: &Type) -> Format {
        self.0.encode_format(of)
    }
}

fn parameters<'a>(hidden: &'a [Hidden<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    hidden.iter().map(|value| value as _).collect()
}

/// Reads a column. If somebody has changed the tables, it may have another type; `get` would panic.
fn column<'a, T: FromSql<'a>>(row: &'a tokio_postgres::Row, at: usize) -> Result<T, StoreError> {
    row.try_get(at).map_err(failed)
}

/// A statement that the server refuses is not done. If the connection broke, or the server is
/// shutting down, the statement may have been done.
fn error(why: Error) -> StoreError {
    let ends = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN];
    match why.code() {
        Some(code) if !ends.contains(code) => failed(why),
        _ => StoreError::unknown(told(why)),
    }
}

fn failed(why: Error) -> StoreError {
    StoreError::failed(told(why))
}

fn told(why: Error) -> Box<dyn std::error::Error + Send + Sync> {
    let Some(said) = why.as_db_error() else { return why.into() };
    Refused { code: said.code().code().into(), message: said.message().into() }.into()
}

fn unpooled(why: PoolError) -> StoreError {
    match why {
        PoolError::Backend(why) | PoolError::PostCreateHook(HookError::Backend(why)) => failed(why),
        why => StoreError::failed(why),
    }
}

/// The error of the server without its details, which may quote the row: the id of a session and
/// what it holds.
#[derive(Debug, thiserror::Error)]
#[error("{message} ({code})")]
struct Refused {
    code: String,
    message: String,
}

#[async_trait]
impl Store for Postgres {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT revision, data, accessed FROM session WHERE id = $1";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        let found = client.query_opt(&statement, &[&Hidden(&id.reveal_bytes())]).await;
        let Some(row) = found.map_err(failed)? else { return Ok(None) };
        row::stored(column(&row, 0)?, column(&row, 1)?, column(&row, 2)?).map(Some)
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT generation FROM session_ended WHERE usr = sha256($1)";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        let found = client.query_opt(&statement, &[&Hidden(&user.as_bytes())]).await;
        let row = found.map_err(failed)?;
        let count: Option<i64> = row.map(|row| column(&row, 0)).transpose()?;
        Ok(count.unwrap_or_default().cast_unsigned())
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        carry_out(&Connection::Pooled(&self.client().await?), write).await
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        let client = self.client().await?;
        let sql = "SELECT data, accessed FROM session WHERE usr = sha256($1) ORDER BY created";
        let statement = client.prepare_cached(sql).await.map_err(failed)?;
        let found = client.query(&statement, &[&Hidden(&user.as_bytes())]).await;
        let rows = found.map_err(failed)?;
        rows.iter().map(|row| row::session(column(row, 0)?, column(row, 1)?)).collect()
    }
}

const PUT: &str = "INSERT INTO session (id, revision, data, usr, handle, created, accessed)
    VALUES ($1, $2, $3, sha256($4), $5, $6, $7) ON CONFLICT (id) DO UPDATE SET
    (revision, data, usr, handle, created, accessed) = ($2, $3, sha256($4), $5, $6, $7)";

const UPDATE: &str = "UPDATE session SET revision = $2, data = $3, usr = sha256($4), handle = $5,
    created = $6, accessed = greatest(accessed, $7) WHERE id = $1 AND revision = $8";

async fn carry_out(db: &Connection<'_>, write: &Write) -> Result<bool, StoreError> {
    let expected = write.expected.map(|expected| expected.0.cast_signed());
    match &write.op {
        StoreOp::Create { id, session, generation, .. } => {
            // A sweep of its own, which does no harm if the statement after it fails.
            discard(db, write.over.as_ref()).await?;
            let sql = "SELECT session_create($1, $2, $3, sha256($4), $5, $6, $7, $8)";
            let generation = generation.map(u64::cast_signed);
            db.ask(sql, &with(&Columns::of(id, write, session)?, &name(session), &[&generation]))
                .await
        }
        StoreOp::Rotate { from, to, session, generation } => {
            let sql = "SELECT session_rotate($1, $2, $3, sha256($4), $5, $6, $7, $8, $9, $10)";
            let generation = generation.map(u64::cast_signed);
            let condition: &Values<'_> = &[&generation, &from.reveal_bytes(), &expected];
            db.ask(sql, &with(&Columns::of(to, write, session)?, &name(session), condition)).await
        }
        StoreOp::Put { id, session } => {
            db.done(PUT, &with(&Columns::of(id, write, session)?, &name(session), &[])).await
        }
        StoreOp::Update { id, session } => {
            let columns = Columns::of(id, write, session)?;
            Ok(db.run(UPDATE, &with(&columns, &name(session), &[&expected])).await? == 1)
        }
        StoreOp::Touch { id, accessed } => {
            let sql = "UPDATE session SET accessed = greatest(accessed, $2) WHERE id = $1";
            db.done(sql, &[&id.reveal_bytes(), &signed(*accessed)]).await
        }
        StoreOp::Discard { id } => {
            let sql = "DELETE FROM session WHERE id = $1 AND revision = $2 AND accessed = $3";
            let accessed = write.accessed.map(signed);
            Ok(db.run(sql, &[&id.reveal_bytes(), &expected, &accessed]).await? == 1)
        }
        StoreOp::Delete { id } => {
            db.done("DELETE FROM session WHERE id = $1", &[&id.reveal_bytes()]).await
        }
        StoreOp::DeleteHandle { handle, user } => {
            let sql =
                "DELETE FROM session WHERE handle = $1 AND ($2::BYTEA IS NULL OR usr = sha256($2))";
            let bytes = handle.to_bytes();
            db.done(sql, &[&bytes.as_slice(), &user.as_deref().map(str::as_bytes)]).await
        }
        StoreOp::DeleteUser { user, except } => {
            let except = except.as_ref().map(SessionId::reveal_bytes);
            let sql = "SELECT session_end_user(sha256($1), $2, $3)";
            db.ask(sql, &[&user.as_bytes(), &except, &expected]).await
        }
        StoreOp::DiscardOver { .. } => discard(db, write.over.as_ref()).await,
    }
}

/// The first seven parameters of a statement, followed by these.
fn with<'a>(
    columns: &'a Columns<'_>,
    user: &'a (dyn ToSql + Sync),
    others: &'a Values<'a>,
) -> Vec<&'a (dyn ToSql + Sync)> {
    let Columns { id, revision, row } = columns;
    let Row { data, handle, created, accessed, .. } = row;
    let mut all: Vec<&'a (dyn ToSql + Sync)> =
        vec![id, revision, data, user, handle, created, accessed];
    all.extend_from_slice(others);
    all
}

fn name(session: &Session) -> Option<&[u8]> {
    session.user().map(|user| user.as_bytes())
}

async fn discard(db: &Connection<'_>, over: Option<&Over>) -> Result<bool, StoreError> {
    let Some(Bounds { accessed, created }) = over.map(Bounds::from) else { return Ok(true) };
    // Rows that somebody else has locked are left for the next sweep: two sweeps that waited for
    // each other's rows would be a deadlock.
    let sql = "DELETE FROM session WHERE id IN (SELECT id FROM session
        WHERE accessed <= $1 OR accessed >= $2 OR created <= $3 OR created >= $4
        FOR UPDATE SKIP LOCKED)";
    db.done(sql, &[&accessed.0, &accessed.1, &created.0, &created.1]).await
}

#[cfg(test)]
mod tests;
