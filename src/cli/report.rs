//! What a replay found, for people and for machines.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum as _;
use quixote_session::check::replay::{Difference, Differs, Replayed};
use quixote_session::check::trace::{TraceError, printable};
use quixote_session::check::transcript::Transcript;
use serde_json::{Value, json};

use super::Exit;
use super::dirty::IsDirty;
use super::output::write_document;

/// What could not be read.
#[derive(Debug)]
pub(super) struct Failure {
    file: String,
    place: Option<(u64, usize)>,
    message: String,
}

impl Failure {
    /// A file or folder that could not be opened.
    pub(super) fn of(path: &Path, error: &io::Error) -> Self {
        Self::new(path, &format!("cannot read: {error}"))
    }

    /// A file or folder that is not what it should be.
    pub(super) fn new(path: &Path, message: &str) -> Self {
        Self { file: path.to_string_lossy().into(), place: None, message: message.into() }
    }
}

impl From<TraceError> for Failure {
    fn from(error: TraceError) -> Self {
        let TraceError { file, line, column, message } = error;
        Self { file, place: Some((line, column)), message }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.file))?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Traces, steps and differing steps.
#[derive(Clone, Copy, Default)]
struct Tally {
    traces: u64,
    steps: u64,
    differences: u64,
}

impl Tally {
    const fn add(&mut self, other: Self) {
        self.traces = self.traces.saturating_add(other.traces);
        self.steps = self.steps.saturating_add(other.steps);
        self.differences = self.differences.saturating_add(other.differences);
    }

    fn json(self) -> Value {
        let Self { traces, steps, differences } = self;
        json!({ "traces": traces, "steps": steps, "differences": differences })
    }
}

/// Everything that a replay found.
#[derive(Default)]
pub(super) struct Report {
    tallies: BTreeMap<String, Tally>,
    all: Tally,
    /// Steps that say nothing of what was observed.
    silent: u64,
    kept: Vec<(String, Replayed)>,
    /// What could not be read.
    pub(super) failures: Vec<Failure>,
}

impl Report {
    /// Counts a trace; keeps its difference if it is needed again.
    pub(super) fn add(&mut self, path: &Path, replayed: Replayed, keep: bool) {
        let differences = u64::from(replayed.differs.is_some());
        let tally = Tally { traces: 1, steps: replayed.steps, differences };
        self.tallies.entry(replayed.header.config.semantics.to_string()).or_default().add(tally);
        self.all.add(tally);
        self.silent = self.silent.saturating_add(replayed.silent);
        if keep && replayed.differs.is_some() {
            self.kept.push((path.to_string_lossy().into(), replayed));
        }
    }

    /// What was expected, if all traces were read and agree because they say nothing.
    pub(super) const fn vacuous(&self) -> Option<&'static str> {
        if !self.failures.is_empty() || self.all.differences > 0 {
            None
        } else if self.all.steps == 0 {
            Some("expected a step in one of the traces, nothing was compared")
        } else if self.all.steps == self.silent {
            Some("expected something in the `expect` of a step, nothing but draws was compared")
        } else {
            None
        }
    }

    /// What could not be read weighs more than what differs.
    pub(super) const fn exit(&self) -> Exit {
        if !self.failures.is_empty() || self.vacuous().is_some() {
            Exit::Failed
        } else if self.all.differences > 0 {
            Exit::Differs
        } else {
            Exit::Well
        }
    }
}

/// Where a trace differs, what differs there, and the steps that led there.
pub(super) fn write_difference(
    out: &mut impl Write,
    path: &Path,
    replayed: &Replayed,
    reveal: bool,
) -> io::Result<()> {
    let Some(differs) = &replayed.differs else { return Ok(()) };
    let style = AnsiColor::Red.on_default().bold();
    let (transcript, rows) = told(differs, reveal);
    let file = printable(&path.to_string_lossy());
    let (event, line) = (event(differs), differs.line);
    writeln!(out, "{style}{file}:{line}: {event} differs{style:#}")?;
    let title = printable(&replayed.header.title);
    writeln!(out, "  {title} ({})\n", replayed.header.config.semantics)?;
    let heads = ["", "expected", "observed"].map(String::from);
    write_table(out, &[&[heads], rows.as_slice()].concat())?;
    writeln!(out)?;
    for line in transcript {
        writeln!(out, "{line}")?;
    }
    writeln!(out)
}

/// That a trace which differs would agree with this answer of `is_dirty`.
pub(super) fn write_agreement(out: &mut impl Write, answer: IsDirty) -> io::Result<()> {
    let value = answer.to_possible_value();
    let name = value.as_ref().map_or("", |value| value.get_name());
    writeln!(out, "  With --is-dirty {name} it agrees; its header has no word for that.\n")
}

/// The transcript first, so that secrets are numbered as they appear in it.
fn told(differs: &Differs, reveal: bool) -> (Vec<String>, Vec<[String; 3]>) {
    let mut transcript = Transcript::new(reveal);
    let steps = differs.led_there.iter();
    let lines =
        steps.map(|(line, input, effects)| transcript.numbered(*line, input, effects)).collect();
    let rows = differs.differences.iter().map(|found| transcript.difference(found)).collect();
    (lines, rows)
}

fn event(differs: &Differs) -> &'static str {
    differs.led_there.last().map_or("", |(_, input, _)| input.event.name())
}

/// The last column is not padded, and the second only up to a width that fits a line.
fn write_table(out: &mut impl Write, rows: &[[String; 3]]) -> io::Result<()> {
    let width = |column: fn(&[String; 3]) -> &String| {
        rows.iter().map(|row| column(row).chars().count()).max().unwrap_or_default()
    };
    let (first, second) = (width(|[first, ..]| first), width(|[_, second, _]| second).min(48));
    for [place, expected, observed] in rows {
        writeln!(out, "  {place:<first$}  {expected:<second$}  {observed}")?;
    }
    Ok(())
}

/// The counts, for each semantics and in all.
pub(super) fn write_summary(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let bold = Style::new().bold();
    let mut table = format!(
        "{bold}{:<9} {:>9} {:>12} {:>12}{bold:#}\n",
        "semantics", "traces", "steps", "differences"
    );
    let all = (&"all".to_owned(), &report.all);
    for (name, Tally { traces, steps, differences }) in report.tallies.iter().chain([all]) {
        // Writing to a string does not fail.
        let _ = writeln!(table, "{name:<9} {traces:>9} {steps:>12} {differences:>12}");
    }
    out.write_all(table.as_bytes())?;
    if report.silent > 0 {
        let (silent, steps) = (report.silent, report.all.steps);
        writeln!(
            out,
            "{silent} of {steps} steps have an empty `expect`: only draws were compared"
        )?;
    }
    if report.failures.is_empty() {
        return Ok(());
    }
    let failures = u64::try_from(report.failures.len()).unwrap_or(u64::MAX);
    let all = report.all.traces.saturating_add(failures);
    writeln!(out, "could not read {failures} of {all} files or folders")
}

/// One JSON document.
pub(super) fn write_json(out: &mut impl Write, report: &Report, reveal: bool) -> io::Result<()> {
    let semantics: serde_json::Map<_, _> =
        report.tallies.iter().map(|(name, tally)| (name.clone(), tally.json())).collect();
    let differing: Vec<_> = report
        .kept
        .iter()
        .map(|(file, replayed)| difference_json(file, replayed, reveal))
        .collect();
    let failures: Vec<_> = report.failures.iter().map(failure_json).collect();
    let document = json!({
        "all": report.all.json(),
        "semantics": semantics,
        "differing": differing,
        "steps_with_empty_expect": report.silent,
        "unreadable": failures,
    });
    write_document(out, &document)
}

fn failure_json(failure: &Failure) -> Value {
    let (line, column) = failure.place.unzip();
    json!({
        "file": failure.file, "line": line, "column": column, "message": failure.message,
    })
}

fn difference_json(file: &str, replayed: &Replayed, reveal: bool) -> Value {
    let Some(differs) = &replayed.differs else { return Value::Null };
    let mut transcript = Transcript::new(reveal);
    let steps = differs.led_there.iter();
    let lines: Vec<_> =
        steps.map(|(line, input, effects)| transcript.numbered(*line, input, effects)).collect();
    let found = |found: &Difference| {
        let key = found.field.as_deref().unwrap_or(found.key);
        json!({
            "key": found.key,
            "session": found.id.map(|id| transcript.id(id)),
            "field": found.field,
            "expected": transcript.json(key, &found.expected),
            "observed": transcript.json(key, &found.observed),
        })
    };
    let differences: Vec<_> = differs.differences.iter().map(found).collect();
    json!({
        "file": file,
        "title": replayed.header.title,
        "semantics": replayed.header.config.semantics.to_string(),
        "line": differs.line,
        "event": event(differs),
        "differences": differences,
        "transcript": lines,
    })
}
