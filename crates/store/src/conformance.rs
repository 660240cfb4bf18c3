//! What every store must do, as checks that run against any store.
//!
//! Each check panics at the first fault. A store conforms if it passes all of them: [`conditions`],
//! which needs an empty store, [`many`], [`ends_against_logins`], [`moves`], [`contention`],
//! [`doubt`], and [`shared`], which takes the store twice, as two processes have it. The checks
//! leave nothing in the store but counts of ends.
//!
//! ```
//! use quixote_session::Config;
//! use quixote_session_store::{Memory, conformance};
//! use std::sync::Arc;
//!
//! # let rt = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! # rt.block_on(async {
//! let store = Arc::new(Memory::new());
//! conformance::conditions(store.clone(), &Config::STRICT).await;
//! conformance::many(store.clone(), 1001).await;
//! conformance::ends_against_logins(store.clone(), 10).await;
//! conformance::moves(store.clone(), 10).await;
//! conformance::contention(store.clone(), 8, 3).await;
//! conformance::doubt(store.clone(), 4, 3).await;
//! // To a store with connections, connect twice.
//! conformance::shared(store.clone(), store).await;
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
mod contents;
mod faulty;
mod names;
mod shared;
mod sweeps;
mod writer;

pub use self::conditions::conditions;
pub use self::contention::{contention, doubt, ends_against_logins};
pub use self::faulty::Faulty;
pub use self::shared::{moves, shared};
pub use self::sweeps::many;
