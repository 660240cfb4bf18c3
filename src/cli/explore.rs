//! `explore`: what each semantics guarantees, by exhaustive search of bounded worlds.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use quixote_session::Semantics;
use quixote_session::check::{self, Column, Guarantees, Progress, Property, Size, Verdict};
use serde_json::{Value, json};

use super::exit::Exit;
use super::interrupt::Interrupt;
use super::output::{NewFile, Pipe, complain};
use super::unfinished::NewFolder;

/// Search everything that can happen in bounded worlds, and print what each semantics guarantees.
///
/// Every cell of the table is a verdict: the property holds in every state and at every step, or
/// it is broken, in so few actions. Every transition is one call of the real machine.
///
/// The exit status is 0 if every verdict is the one that the specification declares, 1 if any
/// differs (also where a known weakness no longer shows), 2 if something could not be written, 130
/// after Ctrl-C, SIGTERM or SIGHUP, which print the results so far and write no page.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Which semantics
    #[arg(long, value_enum, default_value = "all")]
    semantics: Which,
    /// How large the worlds are: seconds, a minute, or several
    #[arg(long, value_enum, default_value = "small")]
    world: World,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Write the table, and each counterexample as trace, transcript and diagram, to this folder
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
enum World {
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

impl World {
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
    let interrupt = Interrupt::watch();
    // Before the search, which may take long and would be in vain.
    let folder = match arguments.out.as_deref().map(NewFolder::create).transpose() {
        Err(error) => return Ok(not_written(arguments, &error)),
        Ok(folder) => folder,
    };
    let (found, mut interrupted) = search(arguments, &interrupt);
    if interrupted {
        complain("interrupted, these are the results so far");
    }
    let mut out = Pipe::new(anstream::stdout().lock());
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &as_json(&found))?;
        writeln!(out)?;
    } else {
        write_table(&mut out, &found)?;
    }
    out.flush()?;
    if let Some(folder) = folder {
        match write_pages(folder, &found, &interrupt) {
            Err(error) => return Ok(not_written(arguments, &error)),
            Ok(true) => {}
            Ok(false) => {
                complain("interrupted, no page was written");
                interrupted = true;
            }
        }
    }
    Ok(match (interrupted, found.surprises().is_empty()) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::Well,
        (false, false) => Exit::Differs,
    })
}

/// What was found, and whether Ctrl-C ended the search early.
fn search(arguments: &Arguments, interrupt: &Interrupt) -> (Guarantees, bool) {
    let (semantics, size) = (arguments.semantics.list(), arguments.world.size());
    let bar = progress();
    let began = Instant::now();
    let mut interrupted = false;
    let found = Guarantees::explore(size, semantics, &mut |semantics, world, progress| {
        show(&bar, began, semantics, world, progress);
        interrupted |= interrupt.is_pressed();
        !interrupted
    });
    bar.finish_and_clear();
    (found, interrupted)
}

fn not_written(arguments: &Arguments, error: &io::Error) -> Exit {
    let folder = arguments.out.as_deref().unwrap_or(Path::new(""));
    let folder = quixote_session::check::trace::printable(&folder.to_string_lossy());
    complain(&format!("{folder}: cannot write: {error}"));
    Exit::Failed
}

/// A line with the world, the depth, the frontier and the speed, on a terminal alone.
fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
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

/// The verdict as a cell; in red where it is not the one declared.
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

/// All pages, or none: they get their names once every one of them is on the disk. Says whether
/// they have them; before the first has its own, Ctrl-C is in time.
fn write_pages(folder: NewFolder, found: &Guarantees, interrupt: &Interrupt) -> io::Result<bool> {
    if interrupt.is_pressed() {
        return Ok(false);
    }
    let done = write_files(folder.path(), &pages(found)?, interrupt)?;
    if done {
        folder.keep();
    }
    Ok(done)
}

fn write_files(
    folder: &Path,
    pages: &[(String, Vec<u8>)],
    interrupt: &Interrupt,
) -> io::Result<bool> {
    let mut files = Vec::new();
    for (name, text) in pages {
        let mut file = NewFile::create(&folder.join(name))?;
        file.write_all(text)?;
        files.push(file);
    }
    files.iter_mut().try_for_each(NewFile::sync)?;
    if interrupt.is_pressed() {
        return Ok(false);
    }
    NewFile::name_all(&files)?;
    Ok(true)
}

/// The table, and each counterexample as a page and as a trace, by the names of their files.
fn pages(found: &Guarantees) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = vec![("README.md".to_owned(), found.page().into_bytes())];
    for counterexample in found.counterexamples() {
        let name = counterexample.name();
        pages.push((format!("{name}.md"), counterexample.page().into_bytes()));
        pages.push((format!("{name}.jsonl"), counterexample.trace()?));
    }
    Ok(pages)
}
