//! `record`: random clients, run through the model and written down.

use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use quixote_session::Config;
use quixote_session::check::population::Habits;
use quixote_session::check::record::{Recording, record};

use super::Exit;
use super::dirty::IsDirty;
use super::number::whole;
use super::output::{Pipe, not_written, write_file};
use super::progress::bar;

/// Run random clients with cookie jars through the model and write down what it shows.
///
/// The trace is meant for testing other implementations. It has the lowest version of the format
/// that has words for it: version 1 under live and copying, if neither --values nor --careless nor
/// another --is-dirty is given. The same arguments give the same trace.
///
/// With --out, the file appears only once it is complete; if the command is interrupted, whatever
/// had that name is left as it was. On standard output, an interrupted trace may end within a line.
///
/// The exit status is 0, or 2 if the trace could not be written.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The semantics to record
    #[arg(long, value_enum, default_value_t = Rules::Live)]
    semantics: Rules,
    /// Determines everything that happens
    #[arg(long, default_value_t = 1, value_parser = whole::<u64>, allow_negative_numbers = true)]
    seed: u64,
    /// The number of steps to write
    #[arg(long, default_value_t = 1_000)]
    #[arg(value_parser = whole::<u64>, allow_negative_numbers = true)]
    steps: u64,
    /// When a session says that it is dirty; if not given, never under live, else has-info
    #[arg(long, value_enum, value_name = "WHEN")]
    is_dirty: Option<IsDirty>,
    /// Let the seed choose the cookie's name, Path and Domain, and the resolution of access times
    #[arg(long)]
    vary: bool,
    /// Set low limits, and let the application and its driver run into every refusal
    #[arg(long)]
    careless: bool,
    /// Also let the application set and remove values
    #[arg(long)]
    values: bool,
    /// Write to this file instead of standard output
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
        let is_dirty = self.is_dirty.map_or(config.is_dirty, Into::into);
        let config = Config { is_dirty, ..config };
        let recording = Recording { config, habits, seed: self.seed, steps: self.steps };
        let recording = if self.vary { recording.varied() } else { recording };
        if self.careless { recording.careless() } else { recording }
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
    let bar = bar("recording {wide_bar} {percent}% {eta}");
    bar.set_length(recording.steps);
    let go_on = &mut || {
        bar.inc(1);
        ControlFlow::Continue(())
    };
    let written = write_file(path, |file| record(recording, file, go_on).map(drop));
    bar.finish_and_clear();
    match written {
        Ok(()) => Exit::Well,
        Err(error) => not_written(path, &error),
    }
}

/// A reader that has seen enough closes its end, and the trace ends there.
fn to_stdout(recording: &Recording) -> io::Result<Exit> {
    let out = Pipe::new(io::stdout().lock());
    let closed = out.closed();
    let mut out = BufWriter::new(out);
    let until_closed =
        &mut || if closed.get() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    record(recording, &mut out, until_closed)?;
    out.flush()?;
    Ok(Exit::Well)
}
