//! The commands, and what their exit status means. A new command is a module with `Arguments` and
//! `run`, a variant of [`Command`], and an arm in [`main`].

mod dirty;
mod explore;
#[cfg_attr(not(feature = "judge"), path = "cli/no_judge.rs")]
mod judge;
mod number;
mod output;
mod progress;
mod record;
mod replay;
mod report;
mod search;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Quixote's session management as a model, under three semantics: live, copying and strict.
///
/// It replays recordings of session managers, records what random clients do, explores what each
/// semantics guarantees, and judges other session managers over HTTP.
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
    Judge(judge::Arguments),
}

/// How a command went, as its exit status says it.
///
/// Signals act as they do by default: whoever presses Ctrl-C ends the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Exit {
    /// 0: what was asked for was done, and everything agrees.
    Well,
    /// 1: the model differs from a recording, or a verdict from the declared one.
    Differs,
    /// 2: something could not be read or written, or there was nothing to compare.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Well => 0,
            Exit::Differs => 1,
            Exit::Failed => 2,
        })
    }
}

/// Reads the arguments, runs the command, and says how it went.
pub(crate) fn main() -> ExitCode {
    let done = match Arguments::try_parse() {
        Err(said) => say(&said),
        Ok(Arguments { command }) => match command {
            Command::Replay(arguments) => replay::run(&arguments),
            Command::Record(arguments) => record::run(&arguments),
            Command::Explore(arguments) => explore::run(&arguments),
            Command::Judge(arguments) => judge::run(&arguments),
        },
    };
    done.unwrap_or_else(|error| failed(&error)).into()
}

/// Prints help, the version, or what is wrong with the arguments. As with all other output, a
/// reader that closed its end is no error.
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
