//! A random population, run through the machine and written down as a trace.

use core::ops::ControlFlow;
use std::format;
use std::io::{self, Write};

use crate::check::population::{Habits, Population, Seeded};
use crate::check::replay::{drawn, drawn_handle};
use crate::check::trace::{Expect, Header, TraceStep, TraceWriter, Version};
use crate::config::Config;
use crate::state::State;
use crate::step::step;

/// What to record.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Recording {
    /// What the machine runs under.
    pub config: Config,
    /// What the clients do.
    pub habits: Habits,
    /// Decides everything else.
    pub seed: u64,
    /// Steps to write.
    pub steps: u64,
}

impl Recording {
    /// The lowest version of the format that has words for all of it.
    #[must_use]
    pub fn version(&self) -> Version {
        let new = self.habits.values || self.habits.manager;
        if new { Version::Three } else { Version::of(&self.config) }
    }
}

/// Writes the trace that a [`Recording`] determines, each step with every key of `expect`; says
/// how many steps it has.
///
/// In version 1 a refusal that it has no word for is not written: it changes nothing. `watch` is
/// asked before every step whether to go on.
///
/// # Errors
/// Those of `to`, which is not flushed.
///
/// ```
/// use core::ops::ControlFlow;
/// use quixote_session::check::{population::Habits, record::{Recording, record}};
/// use quixote_session::check::{replay::replay, trace::TraceReader};
/// use quixote_session::Config;
///
/// let (config, habits) = (Config::STRICT, Habits::ALL);
/// let mut trace = Vec::new();
/// let go_on = &mut || ControlFlow::Continue(());
/// record(&Recording { config, habits, seed: 7, steps: 500 }, &mut trace, go_on)?;
/// let replayed = replay(TraceReader::new("trace", &trace[..]).unwrap()).unwrap();
/// assert_eq!((replayed.steps, replayed.differs.is_none()), (500, true));
/// # Ok::<(), std::io::Error>(())
/// ```
// [trace-15]
pub fn record<W: Write>(
    recording: &Recording,
    to: W,
    watch: &mut dyn FnMut() -> ControlFlow<()>,
) -> io::Result<u64> {
    let Recording { config, habits, seed, steps } = recording;
    let version = recording.version();
    let header = Header {
        title: format!("random clients, {} semantics, seed {seed}", config.semantics),
        origin: format!("quixote-session {}", env!("CARGO_PKG_VERSION")),
        ..Header::of(version, config.clone())
    };
    let mut writer = TraceWriter::new(to, &header)?;
    let mut choices = Seeded::new(*seed);
    let mut population = Population::new(Habits { salt: *seed, ..habits.clone() });
    let (mut state, mut written) = (State::new(), 0_u64);
    while written < *steps && watch().is_continue() {
        let turn = population.next_turn(config, &state, &mut choices);
        let (after, effects) = step(config, state, turn.input.clone());
        state = after;
        population.learn(&turn, &effects);
        let mut expect = Expect::observed(config, &turn.input.event, &state, &effects);
        if version == Version::One {
            expect.transaction = None;
        }
        if version < Version::Three
            && let Some(Some(cookie)) = &mut expect.set_cookie
        {
            cookie.flags = None;
        }
        let (input, cookie_header) = (turn.input, turn.cookie_header);
        let (draws, new_handle) = (drawn(config, &effects), drawn_handle(&input, &effects));
        let step = TraceStep { input, cookie_header, draws, new_handle, expect };
        if version > Version::One || step.fits_version_one() {
            writer.write(step)?;
            written = written.saturating_add(1);
        }
    }
    Ok(written)
}
