//! Stores for `quixote_session`, and a manager that runs requests over a store.
//!
//! A [`Store`] loads and writes sessions. A [`Manager`] runs the calls of a request
//! ([`Exchange`](quixote_session::driver::Exchange)) over a store. [`Memory`] is for tests,
//! [`Sqlite`] for one machine, `Postgres` and `Redis` for many. If you write a store of your own,
//! run [`conformance`] against it.
//!
//! ```
//! use quixote_session::driver::{Arrival, Call};
//! use quixote_session::Config;
//! use quixote_session_store::{Manager, Memory};
//! use std::sync::Arc;
//!
//! # let rt = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # rt.block_on(async {
//! let manager = Manager::new(Config::STRICT, Arc::new(Memory::new()))?;
//! let mut request = manager.exchange();
//! manager.run(&mut request, Call::start(Arrival::default())).await?;
//! manager.run(&mut request, Call::login("alice")).await?;
//! let ending = manager.run(&mut request, Call::finish()).await?;
//! assert!(ending.failure.is_none() && ending.cookie.is_some());
//! assert_eq!(manager.sessions_of("alice").await?.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # One store for one site
//!
//! An id that is stored opens its session, whatever the cookie is called that brings it. If two
//! sites share a store, or two parts of a site that log in differently, then the alice of one is
//! the alice of the other. Give each a file, a schema of PostgreSQL or a database of Redis
//! (`redis://host/1`) of its own. If one site serves many tenants from one store, put the tenant
//! into the name of the user, and compare it with each request: a cookie of one tenant also opens
//! its session at the others.
//!
//! Processes that share a store need clocks that agree: one whose clock is half an hour ahead ends,
//! by a visit or a sweep, what was visited a moment ago.
//!
//! A store has the ids as they are, so whoever can read it, or a backup of it, can be any of its
//! users. A backup also has sessions that have been ended since: after you restore one, delete all
//! sessions before you start the servers.
//!
//! # Features
//!
//! `sqlite` (on by default), `postgres`, `redis`: the store of that name.

pub mod conformance;
mod manager;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "redis"))]
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use self::manager::{Manager, NotSet, OwnData};
pub use self::memory::Memory;
#[cfg(feature = "postgres")]
pub use self::postgres::Postgres;
#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "sqlite")]
pub use self::sqlite::Sqlite;
pub use self::store::{Store, StoreError};
