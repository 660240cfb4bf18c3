//! `replay`: recordings, step by step through the model.

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use quixote_session::check::replay::{Replayed, replay};
use quixote_session::check::trace::{Header, TraceReader, Version};

use super::Exit;
use super::dirty::IsDirty;
use super::output::{Pipe, complain};
use super::progress::bar;
use super::report::{
    Failure, Report, write_agreement, write_difference, write_json, write_summary,
};
use super::search::{Found, is_stdin, open};

/// Replay traces through the model and say, step by step, whether they agree.
///
/// A trace is replayed up to its first difference, because later ones follow from it. Differences
/// are printed as they are found, the summary at the end.
///
/// The exit status is 0 if all agree, 1 if any differs, or 2 if anything could not be read (even if
/// others differ) or nothing was compared: no trace has a step, or each `expect` is empty.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// When a session said that it is dirty, whatever the headers say
    #[arg(long, value_enum, value_name = "WHEN")]
    is_dirty: Option<IsDirty>,
    /// Show whole session ids and form tokens instead of calling them id1, token1 and so on
    #[arg(long)]
    reveal: bool,
    /// A trace, a folder that is searched for *.jsonl, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Replays everything, and reports.
pub(super) fn run(arguments: &Arguments) -> io::Result<Exit> {
    if arguments.paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        complain("expected the standard input once, - stands twice");
        return Ok(Exit::Failed);
    }
    let mut found = Found::default();
    for path in &arguments.paths {
        found.add(path);
    }
    let mut out = Pipe::new(anstream::stdout().lock());
    let mut report = Report::default();
    for failure in found.failures {
        complain(&failure.to_string());
        report.failures.push(failure);
    }
    replay_all(&found.traces, arguments, &mut report, &mut out)?;
    if let Some(expected) = report.vacuous() {
        complain(expected);
    }
    if arguments.json {
        write_json(&mut out, &report, arguments.reveal)?;
    } else {
        write_summary(&mut out, &report)?;
    }
    out.flush()?;
    Ok(report.exit())
}

/// Differences and failures are reported as they are found, beside the progress bar.
fn replay_all(
    traces: &[PathBuf],
    arguments: &Arguments,
    report: &mut Report,
    out: &mut impl Write,
) -> io::Result<()> {
    let bar = progress(traces);
    for path in traces {
        match replay_one(path, arguments.is_dirty, &bar) {
            Ok(replayed) => {
                if replayed.differs.is_some() && !arguments.json {
                    let reveal = arguments.reveal;
                    bar.suspend(|| write_difference(out, path, &replayed, reveal))?;
                    if let Some(answer) = agreeing(path, arguments, &replayed) {
                        bar.suspend(|| write_agreement(out, answer))?;
                    }
                }
                report.add(path, replayed, arguments.json);
            }
            Err(failure) => {
                bar.suspend(|| complain(&failure.to_string()));
                report.failures.push(failure);
            }
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// The other answer of `is_dirty`, if with it a trace agrees that could not say which it is. What
/// is no file, such as a pipe, cannot be read again.
fn agreeing(path: &Path, arguments: &Arguments, replayed: &Replayed) -> Option<IsDirty> {
    let Header { version, config, .. } = &replayed.header;
    if *version == Version::Three || arguments.is_dirty.is_some() || !path.is_file() {
        return None;
    }
    let other = IsDirty::other_than(config.is_dirty);
    let again = replay_one(path, Some(other), &ProgressBar::hidden()).ok()?;
    again.differs.is_none().then_some(other)
}

fn replay_one(
    path: &Path,
    is_dirty: Option<IsDirty>,
    bar: &ProgressBar,
) -> Result<Replayed, Failure> {
    let from = open(path).map_err(|error| Failure::of(path, &error))?;
    let from: Box<dyn BufRead> = if bar.is_hidden() { from } else { Box::new(bar.wrap_read(from)) };
    let name = if is_stdin(path) { "<stdin>".into() } else { path.to_string_lossy() };
    let trace = TraceReader::new(name, from)?;
    let trace = match is_dirty {
        Some(answer) => trace.with_dirtiness(answer.into()),
        None => trace,
    };
    Ok(replay(trace)?)
}

/// A bar over the bytes of all files, only on a terminal.
fn progress(traces: &[PathBuf]) -> ProgressBar {
    let bar = bar("replaying {wide_bar} {bytes}/{total_bytes} {eta}");
    if !bar.is_hidden() {
        let sizes = traces.iter().filter_map(|path| std::fs::metadata(path).ok());
        bar.set_length(sizes.map(|found| found.len()).sum());
    }
    bar
}
