//! What every store must do, as checks that run against any.
//!
//! Each panics at the first thing that is wrong. A store passes if [`conditions`],
//! [`ends_against_logins`], [`contention`] and [`doubt`] do; the first needs an empty store.
//!
//! ```
//! use quixote_session::Config;
//! use quixote_session_store::{Memory, conformance};
//! use std::sync::Arc;
//!
//! # let rt = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # rt.block_on(async {
//! let store = Arc::new(Memory::new(Config::STRICT));
//! conformance::conditions(store.clone(), &Config::STRICT).await;
//! conformance::ends_against_logins(store.clone(), 10).await;
//! conformance::contention(store.clone(), 8, 3).await;
//! conformance::doubt(store, 4, 3).await;
//! # });
//! # Ok::<(), std::io::Error>(())
//! ```

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a check fails by panicking"
)]

mod conditions;
mod contention;
mod faulty;
mod writer;

pub use self::conditions::conditions;
pub use self::contention::{contention, doubt, ends_against_logins};
pub use self::faulty::Faulty;
