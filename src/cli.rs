//! What was asked for, and who does it. A new command is a module with `Arguments` and `run`, a
//! variant of [`Command`], and an arm in [`main`].

mod exit;
mod explore;
mod interrupt;
mod output;
mod record;
mod replay;
mod report;
mod search;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::exit::Exit;

/// Replays recordings of session managers through the model of Quixote's, and makes new ones.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Replay(replay::Arguments),
    Record(record::Arguments),
    Explore(explore::Arguments),
}

/// Reads the arguments, runs the command, and says how it went.
pub(crate) fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Record(arguments) => record::run(&arguments),
        Command::Explore(arguments) => explore::run(&arguments),
    };
    done.unwrap_or_else(|error| failed(&error)).into()
}

fn failed(error: &io::Error) -> Exit {
    output::complain(&format!("cannot write: {error}"));
    Exit::Failed
}
