//! The proved machine, and what is needed to run it beside the code.

mod both;
#[allow(clippy::wildcard_imports, reason = "a word for each constructor")]
mod events;
#[allow(dead_code, clippy::all, clippy::pedantic, reason = "generated")]
mod machine;
#[allow(clippy::wildcard_imports, reason = "a word for each constructor")]
mod states;
mod value;
#[allow(clippy::wildcard_imports, reason = "a word for each constructor")]
mod words;

pub(crate) use both::{Both, Told};
