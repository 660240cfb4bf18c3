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
mod unfinished;
mod waiting;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::exit::Exit;

/// Quixote's session management as a model, under three semantics: live, copying and strict.
///
/// It replays recordings of session managers, records what random clients do, and explores what
/// each semantics guarantees.
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
    let done = match Arguments::try_parse() {
        Err(said) => say(&said),
        Ok(Arguments { command }) => match command {
            Command::Replay(arguments) => replay::run(&arguments),
            Command::Record(arguments) => record::run(&arguments),
            Command::Explore(arguments) => explore::run(&arguments),
        },
    };
    done.unwrap_or_else(|error| failed(&error)).into()
}

/// Help, the version, or what is wrong with the arguments. A reader that closed its end does not
/// want it, as with all other output.
fn say(said: &clap::Error) -> io::Result<Exit> {
    match said.print() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ if said.use_stderr() => Ok(Exit::Failed),
        _ => Ok(Exit::Well),
    }
}

fn failed(error: &io::Error) -> Exit {
    output::complain(&format!("cannot write: {error}"));
    Exit::Failed
}
