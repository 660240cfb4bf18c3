//! The rules of `spec/session.md`, one by one, section by section; a long section has two files.
//!
//! A test cites the rules that it checks. What holds in every state of every run is checked by
//! `src/check/history.rs` instead, which watches every scenario here as well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

#[path = "rules/config.rs"]
mod config;
#[path = "rules/cookie.rs"]
mod cookie;
#[path = "rules/driver.rs"]
mod driver;
#[path = "rules/effect.rs"]
mod effect;
#[path = "rules/ends.rs"]
mod ends;
#[path = "rules/event.rs"]
mod event;
#[path = "rules/finish.rs"]
mod finish;
#[path = "rules/fresh_load.rs"]
mod fresh_load;
#[path = "rules/guard.rs"]
mod guard;
#[path = "rules/limits.rs"]
mod limits;
#[path = "rules/login.rs"]
mod login;
#[path = "rules/many_requests.rs"]
mod many_requests;
#[path = "rules/quixote_event.rs"]
mod quixote_event;
#[path = "rules/quixote_save.rs"]
mod quixote_save;
#[path = "rules/race.rs"]
mod race;
#[path = "rules/save.rs"]
mod save;
mod scenario;
#[path = "rules/session.rs"]
mod session;
#[path = "rules/spent.rs"]
mod spent;
#[path = "rules/state.rs"]
mod state;
#[path = "rules/step.rs"]
mod step;
#[path = "rules/store_failure.rs"]
mod store_failure;
#[path = "rules/time.rs"]
mod time;
#[path = "rules/token.rs"]
mod token;
#[path = "rules/trace.rs"]
mod trace;
