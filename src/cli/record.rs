//! `record`: a random population, run through the model and written down.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use quixote_session::Config;
use quixote_session::check::population::Habits;
use quixote_session::check::record::{Recording, record};

use super::exit::Exit;
use super::interrupt::Interrupt;
use super::output::{NewFile, Pipe, complain};

/// Run random clients with cookie jars through the model and write down what it shows.
///
/// The trace is for testing other implementations. Live and copying sharing without values make a
/// trace of version 1, everything else one of version 2. The same arguments make the same trace.
/// The exit status is 0, 2 if it could not be written, or 130 after Ctrl-C, SIGTERM or SIGHUP,
/// which leave no file.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Which rules a request's session follows
    #[arg(long, value_enum, default_value_t = Rules::Live)]
    semantics: Rules,
    /// Decides everything that happens
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many steps to write
    #[arg(long, default_value_t = 1_000)]
    steps: u64,
    /// Let the application set and remove values too
    #[arg(long)]
    values: bool,
    /// Write to this file instead of the standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Rules {
    /// Quixote over its own dictionary
    Live,
    /// Quixote over a mapping that copies
    Copying,
    /// Quixote with its faults repaired
    Strict,
}

impl Arguments {
    fn recording(&self) -> Recording {
        let (config, habits) = match self.semantics {
            Rules::Live => (Config::QUIXOTE, Habits::VERSION_ONE),
            Rules::Copying => (Config::QUIXOTE_PERSISTENT, Habits::VERSION_ONE),
            Rules::Strict => (Config::STRICT, Habits::ALL),
        };
        let manager = habits.manager || self.values;
        let habits = Habits { values: self.values, manager, ..habits };
        Recording { config, habits, seed: self.seed, steps: self.steps }
    }
}

/// Writes the trace.
pub(super) fn run(arguments: &Arguments) -> io::Result<Exit> {
    let recording = arguments.recording();
    match &arguments.out {
        Some(path) => Ok(to_file(&recording, path)),
        None => to_stdout(&recording),
    }
}

fn to_file(recording: &Recording, path: &Path) -> Exit {
    let interrupt = Interrupt::watch();
    let completed = NewFile::create(path).and_then(|mut file| {
        let steps = record(recording, &mut file, &mut || interrupt.flow())?;
        let is_whole = steps == recording.steps;
        // From here on Ctrl-C is too late: the file is whole, and gets its name.
        if is_whole { file.complete().map(|()| true) } else { Ok(false) }
    });
    match completed {
        Err(error) => {
            let path = quixote_session::check::trace::printable(&path.to_string_lossy());
            complain(&format!("{path}: cannot write: {error}"));
            Exit::Failed
        }
        Ok(false) => {
            complain("interrupted, nothing was written");
            Exit::Interrupted
        }
        Ok(true) => Exit::Well,
    }
}

/// A reader that has seen enough closes its end, and the trace ends there; after Ctrl-C it ends
/// with the line that was under way.
fn to_stdout(recording: &Recording) -> io::Result<Exit> {
    let interrupt = Interrupt::watch();
    let out = Pipe::new(io::stdout().lock());
    let closed = out.closed();
    let mut out = BufWriter::new(out);
    let flow = &mut || if closed.get() { ControlFlow::Break(()) } else { interrupt.flow() };
    let steps = record(recording, &mut out, flow)?;
    out.flush()?;
    // Too late, once all is written; and where nobody reads any more, nobody asks.
    if steps < recording.steps && !closed.get() && interrupt.is_pressed() {
        complain("interrupted, the trace ends early");
        return Ok(Exit::Interrupted);
    }
    Ok(Exit::Well)
}
