//! `judge`, where the feature was left out: it says how to get it.

use std::io;

use super::Exit;
use super::output::complain;

/// Judge a session manager in any language, over HTTP (not in this build: feature `judge`).
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    _ignored: Vec<String>,
}

/// Says that this build cannot judge.
#[expect(clippy::unnecessary_wraps, reason = "the same form as where the judge is in")]
pub(super) fn run(_: &Arguments) -> io::Result<Exit> {
    complain("this build cannot judge; use: cargo run --features judge -- judge URL");
    Ok(Exit::Failed)
}
