//! The fuzz targets of `quixote-session`, each in a module of its name, and what they share.
//!
//! `cargo fuzz run TARGET` feeds one of them; `cargo test --lib` replays the kept corpus through
//! the same functions without a fuzzer. See README.md beside this folder.

pub mod cast;
mod clock;
pub mod cookie;
pub mod differential;
mod rfc6265;
pub mod script;
pub mod state;
pub mod step;
pub mod trace;
pub mod work;

#[path = "../../tests/one_session/drives.rs"]
#[allow(dead_code, reason = "a module of the tests")]
mod drives;
#[path = "../../tests/naive/mod.rs"]
#[allow(clippy::wildcard_imports, missing_docs, unreachable_pub, reason = "a module of the tests")]
mod naive;
#[path = "../../tests/proved/mod.rs"]
#[allow(dead_code, missing_docs, unused_imports, reason = "a module of the tests")]
mod proved;
#[path = "../../tests/differential/side_by_side.rs"]
mod side_by_side;

#[cfg(test)]
mod corpus;
