//! The judge: checks from the client's side whether a session manager, in any language, keeps the
//! clauses.
//!
//! A server speaks the contract (`spec/contract.md`). The judge plays its browsers, with real
//! cookie jars, and decides which requests overlap, and how, by holding them at the gate. It moves
//! the server's clock if it can.

#![allow(clippy::arithmetic_side_effects, reason = "seconds and small counts of a test tool")]

mod checks;
mod client;
mod clock;
mod curl;
mod expect;
mod gate;
mod hostile;
mod ids;
mod jar;
mod kit;
mod play;
mod process;
mod program;
mod programs;
mod reply;
mod report;
mod scenario;
mod stage;
mod tamper;
mod target;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use self::clock::Clock;
use self::gate::Gate;
use self::jar::Broken;
use self::kit::Kit;
use self::play::{Played, play};
use self::process::Recipe;
pub(crate) use self::process::stop_running;
pub(crate) use self::report::Report;
use self::scenario::{Scenario, Verdict, clauses, scenarios};
use self::target::Target;

/// The log file of a server that the judge starts.
pub(crate) const LOG: &str = "server.log";

/// What is to be judged, and how.
pub(crate) struct Case {
    pub(crate) url: String,
    /// The port of the gate; 0 for any.
    pub(crate) gate: u16,
    pub(crate) clock: Option<PathBuf>,
    /// The clauses to judge; all if the list is empty.
    pub(crate) clauses: Vec<String>,
    /// The command that starts the server; empty if the server is already running.
    pub(crate) command: Vec<String>,
    /// An empty folder, for the server and its log.
    pub(crate) folder: PathBuf,
    /// How many programs are also drawn from the machine's events; the seed determines them.
    pub(crate) programs: u32,
    pub(crate) seed: u64,
    pub(crate) fault: Option<Fault>,
}

/// A fault of the judge itself, planted to see that it is noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Fault {
    /// The jar ignores paths.
    JarPaths,
    /// The jar ignores prefixes of names.
    JarPrefixes,
    /// The gate holds no request.
    Gate,
    /// The clock does not move.
    Clock,
}

/// Told how far a run is: the number of scenarios that were played, the number of all, and the name
/// of the next.
pub(crate) type Progress<'a> = &'a mut dyn FnMut(usize, usize, &str);

/// Judges a server; an error says why it cannot be judged.
pub(crate) fn judge(case: &Case, progress: Progress<'_>) -> Result<Report, String> {
    let started = Instant::now();
    let (clauses, scenarios) = chosen(case)?;
    let told = |error: std::io::Error| error.to_string();
    let jars = match case.fault {
        Some(Fault::JarPaths) => Broken::Paths,
        Some(Fault::JarPrefixes) => Broken::Prefixes,
        Some(Fault::Gate | Fault::Clock) | None => Broken::Not,
    };
    jar::is_sound(jars)?;
    let gate = Gate::open(case.gate, case.fault == Some(Fault::Gate))
        .map_err(|error| format!("port {}: the gate cannot listen: {error}", case.gate))?;
    let clock = case.clock.as_deref();
    let clock = Clock::over(clock, case.fault == Some(Fault::Clock)).map_err(|error| {
        format!(
            "{}: the clock cannot be written: {error}",
            clock.unwrap_or(Path::new("")).display()
        )
    })?;
    let recipe = recipe(case, gate.port(), clock.path()).map_err(told)?;
    progress(0, scenarios.len(), "the server starts");
    let target = Target::reach(&case.url, recipe, clock, &gate).map_err(|error| error.0)?;
    let (requests, slowest) = (1_000, Duration::ZERO);
    let mut kit = Kit { target, gate, jars, requests, slowest, waited: 0, unanswered: 0 };
    let mut played = play_all(&mut kit, &scenarios, progress)?;
    let programs = match case.programs {
        0 => Value::Null,
        count => programs::run(&mut kit, count, case.seed, progress).map_err(|error| error.0)?,
    };
    kit.target.stop();
    read_log(kit.target.log(), &mut played);
    Ok(Report {
        server: kit.target.said.clone(),
        address: format!("{}{}", kit.target.base, kit.target.prefix),
        gate: kit.gate.port(),
        cookie: kit.target.caps.cookie.clone(),
        clauses,
        played,
        programs,
        crashes: kit.target.crashes,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn play_all(
    kit: &mut Kit,
    scenarios: &[Scenario],
    progress: Progress<'_>,
) -> Result<Vec<Played>, String> {
    let mut played = Vec::new();
    for (number, scenario) in scenarios.iter().enumerate() {
        progress(number, scenarios.len(), &scenario.name());
        let mut one = play(kit, scenario);
        if kit.target.revive().map_err(|error| error.0)? {
            one.why += " (the server ended)";
        }
        played.push(one);
        kit.expect_answers().map_err(|error| error.0)?;
    }
    Ok(played)
}

/// The chosen clauses, and their scenarios. Those that move the clock come last.
fn chosen(case: &Case) -> Result<(Vec<scenario::Clause>, Vec<Scenario>), String> {
    let mut clauses = clauses().map_err(|error| error.to_string())?;
    let mut scenarios = scenarios().map_err(|error| error.to_string())?;
    let known: Vec<_> = clauses.iter().map(|it| it.clause.as_str()).collect();
    if let Some(unknown) = case.clauses.iter().find(|it| !known.contains(&it.as_str())) {
        return Err(format!("{unknown}: expected one of {}", known.join(", ")));
    }
    if !case.clauses.is_empty() {
        clauses.retain(|it| case.clauses.contains(&it.clause));
        scenarios.retain(|it| case.clauses.contains(&it.clause));
    }
    scenarios.sort_by_key(Scenario::moves_clock);
    Ok((clauses, scenarios))
}

fn recipe(case: &Case, gate: u16, clock: Option<&Path>) -> std::io::Result<Option<Recipe>> {
    if case.command.is_empty() {
        return Ok(None);
    }
    let folder = std::path::absolute(&case.folder)?;
    let (own, log) = (folder.join("server"), folder.join(LOG));
    std::fs::create_dir(&own)?;
    File::create_new(&log)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut environment = vec![
        ("PORT", target::port(&case.url).unwrap_or_default()),
        ("KIT_GATE", gate.to_string()),
        ("KIT_DIR", text(&own)),
    ];
    if let Some(clock) = clock {
        environment.push(("KIT_CLOCK", text(&std::path::absolute(clock)?)));
    }
    Ok(Some(Recipe { command: case.command.clone(), environment, log }))
}

/// Checks that the log shows no id that a scenario wants hidden.
fn read_log(log: Option<&PathBuf>, played: &mut [Played]) {
    let Some(log) = log else { return };
    let log = std::fs::read(log).unwrap_or_default();
    let log = jar::latin_1(&log);
    for one in played.iter_mut().filter(|it| it.verdict == Verdict::Pass) {
        if one.hidden_from_log.iter().any(|id| log.contains(id)) {
            one.verdict = Verdict::Fail;
            one.why = "the id stands in the log".into();
        }
    }
}
