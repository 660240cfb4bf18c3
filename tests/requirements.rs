//! The rules of `spec/session.md`, one by one: each test quotes the sentence that it checks.
//!
//! What is checked in every state of every run stands in `src/check/history.rs` instead.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

#[path = "requirements/config.rs"]
mod config;
#[path = "requirements/cookie.rs"]
mod cookie;
#[path = "requirements/crowd.rs"]
mod crowd;
#[path = "requirements/driver.rs"]
mod driver;
#[path = "requirements/effect.rs"]
mod effect;
#[path = "requirements/event.rs"]
mod event;
#[path = "requirements/finish.rs"]
mod finish;
#[path = "requirements/fresh_load.rs"]
mod fresh_load;
#[path = "requirements/run.rs"]
mod run;
#[path = "requirements/save.rs"]
mod save;
#[path = "requirements/session.rs"]
mod session;
#[path = "requirements/state.rs"]
mod state;
#[path = "requirements/step.rs"]
mod step;
#[path = "requirements/store_failure.rs"]
mod store_failure;
#[path = "requirements/theorems.rs"]
mod theorems;
#[path = "requirements/time.rs"]
mod time;
#[path = "requirements/token.rs"]
mod token;
#[path = "requirements/trace.rs"]
mod trace;
