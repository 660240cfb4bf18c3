//! `explore`: what each semantics guarantees, by exhaustive search of bounded worlds.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use indicatif::ProgressBar;
use quixote_session::Semantics;
use quixote_session::check::{self, Column, Guarantees, Progress, Property, Size, Verdict};
use serde_json::{Value, json};

use super::Exit;
use super::output::{Pipe, expect_writable, not_written, write_files};
use super::progress::bar;

/// Search everything that can happen in bounded worlds, and print what each semantics guarantees.
///
/// Each cell of the table is a verdict: the property holds in every state and at every step, or it
/// is broken, and the shortest way to break it takes this many actions. Every transition is a call
/// of the real machine.
///
/// The results are printed, and the pages of --out written, when the whole search is done; a search
/// that is interrupted prints and writes nothing.
///
/// The exit status is 0 if every verdict is the one that the specification declares, 1 if any
/// differs (even if a known weakness no longer shows), or 2 if something could not be written.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The semantics to search
    #[arg(long, value_enum, default_value = "all")]
    semantics: Which,
    /// The size of the worlds: seconds, a minute, or several minutes
    #[arg(long, value_enum, default_value = "small")]
    world: WorldSize,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Write the table, and each counterexample as a trace, transcript and diagram, to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Which {
    Live,
    Copying,
    Strict,
    All,
}

#[derive(Clone, Copy, ValueEnum)]
enum WorldSize {
    Small,
    Medium,
    Large,
}

impl Which {
    const fn list(self) -> &'static [Semantics] {
        match self {
            Self::Live => &[Semantics::Live],
            Self::Copying => &[Semantics::Copying],
            Self::Strict => &[Semantics::Strict],
            Self::All => &Semantics::ALL,
        }
    }
}

impl WorldSize {
    const fn size(self) -> Size {
        match self {
            Self::Small => Size::Small,
            Self::Medium => Size::Medium,
            Self::Large => Size::Large,
        }
    }
}

/// Searches, and reports.
pub(super) fn run(arguments: &Arguments) -> io::Result<Exit> {
    // Before the search: it may take long, and would be in vain if nothing can be written.
    if let Some(folder) = &arguments.out
        && let Err(error) = expect_writable(folder)
    {
        return Ok(not_written(folder, &error));
    }
    let found = search(arguments);
    let mut out = Pipe::new(anstream::stdout().lock());
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &as_json(&found))?;
        writeln!(out)?;
    } else {
        write_table(&mut out, &found)?;
    }
    out.flush()?;
    if let Some(folder) = &arguments.out
        && let Err(error) = write_pages(folder, &found)
    {
        return Ok(not_written(folder, &error));
    }
    Ok(if found.surprises().is_empty() { Exit::Well } else { Exit::Differs })
}

fn search(arguments: &Arguments) -> Guarantees {
    let (semantics, size) = (arguments.semantics.list(), arguments.world.size());
    // A line with the world, the depth, the frontier and the speed.
    let bar = bar("{spinner} {wide_msg}");
    let began = Instant::now();
    let found = Guarantees::explore(size, semantics, &mut |semantics, world, progress| {
        show(&bar, began, semantics, world, progress);
        true
    });
    bar.finish_and_clear();
    found
}

fn show(bar: &ProgressBar, began: Instant, on: Semantics, world: &check::World, at: Progress) {
    if bar.is_hidden() {
        return;
    }
    let Progress { states, transitions, frontier, depth, states_per_second } = at;
    let elapsed = began.elapsed().as_secs();
    bar.set_message(format!(
        "{on} {}: {states} states, {transitions} transitions, depth {depth}, frontier {frontier}, \
         {states_per_second} states/s, {elapsed} s",
        world.name,
    ));
    bar.tick();
}

fn write_table(out: &mut impl Write, found: &Guarantees) -> io::Result<()> {
    let width = Property::ALL.iter().map(|property| property.id().len()).max().unwrap_or(0);
    write!(out, "{:width$}", "")?;
    for column in &found.columns {
        write!(out, "  {:14}", column.semantics.to_string())?;
    }
    writeln!(out)?;
    for property in Property::ALL {
        write!(out, "{property:width$}")?;
        for column in &found.columns {
            let (text, style) = cell(column, *property);
            write!(out, "  {style}{text:14}{style:#}")?;
        }
        writeln!(out)?;
    }
    writeln!(out)?;
    for column in &found.columns {
        for (world, seen) in &column.worlds {
            let whole = if seen.complete { "" } else { "  (stopped)" };
            let (semantics, name) = (column.semantics.to_string(), world.name);
            let (states, transitions, depth) = (seen.states, seen.transitions, seen.depth);
            writeln!(
                out,
                "{semantics:8} {name:8} {states:>10} states {transitions:>11} transitions, \
                 depth {depth:>3}{whole}"
            )?;
        }
    }
    let (states, transitions) = found.totals();
    writeln!(out, "{:17} {states:>10} states {transitions:>11} transitions", "in all")?;
    for surprise in found.surprises() {
        let style = AnsiColor::Red.on_default().bold();
        writeln!(out, "{style}not as declared{style:#}: {surprise}")?;
    }
    Ok(())
}

/// The verdict as a cell, red if it is not the declared one.
fn cell(column: &Column, property: Property) -> (String, Style) {
    let verdict = column.verdict(property);
    let text = match verdict {
        Verdict::Holds => "holds".into(),
        Verdict::Vacuous => "not tried".into(),
        Verdict::Unknown => "unknown".into(),
        Verdict::Broken { length, .. } => format!("broken in {length}"),
    };
    let style = match (property.is_kept_by(column.semantics), verdict) {
        (true, Verdict::Holds) => AnsiColor::Green.on_default(),
        (false, Verdict::Broken { .. }) => AnsiColor::Yellow.on_default(),
        (_, Verdict::Unknown) => Style::new(),
        _ => AnsiColor::Red.on_default().bold(),
    };
    (text, style)
}

fn as_json(found: &Guarantees) -> Value {
    let columns = found.columns.iter().map(|column| {
        let verdicts = Property::ALL.iter().map(|property| {
            let declared = property.is_kept_by(column.semantics);
            let verdict = match column.verdict(*property) {
                Verdict::Holds => json!({ "verdict": "holds" }),
                Verdict::Vacuous => json!({ "verdict": "not_tried" }),
                Verdict::Unknown => json!({ "verdict": "unknown" }),
                Verdict::Broken { length, world } => {
                    json!({ "verdict": "broken", "actions": length, "world": world })
                }
            };
            (property.id().to_owned(), json!({ "declared_to_hold": declared, "found": verdict }))
        });
        let worlds = column.worlds.iter().map(|(world, seen)| {
            json!({
                "world": world.name,
                "states": seen.states,
                "transitions": seen.transitions,
                "depth": seen.depth,
                "complete": seen.complete,
            })
        });
        json!({
            "semantics": column.semantics.to_string(),
            "properties": verdicts.collect::<serde_json::Map<_, _>>(),
            "worlds": worlds.collect::<Value>(),
        })
    });
    json!({
        "world": found.size.name(),
        "semantics": columns.collect::<Value>(),
        "not_as_declared": found.surprises(),
    })
}

/// The table, and each counterexample as a page and as a trace.
fn write_pages(folder: &Path, found: &Guarantees) -> io::Result<()> {
    let mut pages = vec![("README.md".to_owned(), found.page().into_bytes())];
    for counterexample in found.counterexamples() {
        let name = counterexample.name();
        pages.push((format!("{name}.md"), counterexample.page().into_bytes()));
        pages.push((format!("{name}.jsonl"), counterexample.trace()?));
    }
    write_files(folder, pages.iter().map(|(name, text)| (name, text.as_slice())))
}
