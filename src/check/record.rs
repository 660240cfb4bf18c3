//! Runs a random population through the machine, and writes the run down as a trace.

use core::ops::ControlFlow;
use std::format;
use std::io::{self, Write};

use crate::check::population::{Choices as _, Habits, Population, Seeded};
use crate::check::replay::{drawn, drawn_handle};
use crate::check::trace::{Expect, Header, TraceStep, TraceWriter, Version};
use crate::config::Config;
use crate::semantics::Semantics;
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
    /// How many steps to write.
    pub steps: u64,
}

impl Recording {
    /// The same, with a cookie and an access resolution that the seed chooses.
    ///
    /// ```
    /// use quixote_session::check::{population::Habits, record::Recording};
    /// use quixote_session::Config;
    ///
    /// let of = |seed| Recording { config: Config::STRICT, habits: Habits::ALL, seed, steps: 1 };
    /// assert_ne!(of(1).varied().config, of(2).varied().config);
    /// assert_eq!(of(3).varied().config.check(), Ok(()));
    /// ```
    #[must_use]
    pub fn varied(self) -> Self {
        // A seed of its own, so that these are not the choices of the clients.
        let mut choices = Seeded::new(!self.seed);
        let mut text = |texts: &[&'static str]| choices.pick(texts).copied().unwrap_or_default();
        let some = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let varied = match self.config.semantics {
            Semantics::Live | Semantics::Copying => Config {
                cookie_name: text(&["QX_session", "sid", "a.b", "$sid"]).into(),
                cookie_path: some(text(&["", "/", "/shop", "/shop/"])).map(Into::into),
                cookie_domain: some(text(&["", "example.com", ".example.com"])).map(Into::into),
                ..self.config
            },
            Semantics::Strict => Config {
                cookie_name: text(&["__Secure-session", "__Secure-sid", "__secure-a.b"]).into(),
                cookie_path: Some(text(&["/", "/shop", "/shop/"]).into()),
                cookie_domain: some(text(&["", "example.com", ".example.com"])).map(Into::into),
                ..self.config
            },
        };
        let usual = varied.access_resolution_ms;
        let resolutions = [usual, 0, 40, 999, 2_999, 60_000];
        let access_resolution_ms = choices.pick(&resolutions).copied().unwrap_or(usual);
        Self { config: Config { access_resolution_ms, ..varied }, ..self }
    }

    /// The same, with limits so low and habits so careless that every refusal happens.
    #[must_use]
    pub fn careless(self) -> Self {
        let config = Config {
            max_text_bytes: 24,
            max_values: 2,
            max_requests: 3,
            max_sessions: 3,
            ..self.config
        };
        let habits = match config.semantics {
            Semantics::Live | Semantics::Copying => self.habits,
            Semantics::Strict => Habits::ALL,
        };
        Self { config, habits: Habits { careless: true, ..habits }, ..self }
    }

    /// The lowest version of the trace format that can express the recording.
    #[must_use]
    pub fn version(&self) -> Version {
        let new = self.habits.values || self.habits.manager || self.habits.careless;
        if new { Version::Three } else { Version::of(&self.config) }
    }
}

/// Writes the trace that a [`Recording`] determines, each step with every key of `expect`, and
/// returns the number of steps.
///
/// Version 1 has no words for some refusals. They change nothing, so they are not written there.
/// `watch` is asked before every step whether to go on.
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
// [trace-18]
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

#[cfg(test)]
mod tests {
    use core::ops::ControlFlow;
    use std::collections::BTreeSet;
    use std::string::String;
    use std::vec::Vec;

    use super::{Recording, record};
    use crate::Config;
    use crate::check::population::Habits;
    use crate::check::replay::replay;
    use crate::check::trace::TraceReader;

    /// Replays a recording, and returns the refusals in it.
    fn refusals(recording: &Recording) -> BTreeSet<String> {
        let mut trace = Vec::new();
        let go_on = &mut || ControlFlow::Continue(());
        record(recording, &mut trace, go_on).expect("in memory");
        let replayed = replay(TraceReader::new("t", &trace[..]).expect("a header"));
        assert!(replayed.expect("a trace").differs.is_none(), "{recording:?}");
        let text = String::from_utf8(trace).expect("JSON");
        let whole = text.split("\"refused\":\"").skip(1);
        whole.filter_map(|rest| Some(rest.split_once('"')?.0.into())).collect()
    }

    #[test]
    fn the_careless_run_into_every_refusal() {
        let of_all = [
            "entropy_used_up",
            "no_session",
            "request_open",
            "text_too_long",
            "too_many_requests",
            "too_many_sessions",
            "unknown_request",
            "unknown_session",
            "unknown_token",
        ];
        let of_values = ["not_offered", "too_many_values", "unknown_key"];
        let of_strict = [
            "id_not_issued",
            "no_user",
            "saved_at_finish",
            "session_gone",
            "too_many_values",
            "unknown_key",
            "user_ended",
            "value_changed",
            "would_orphan",
        ];
        for (config, habits, more) in [
            (Config::QUIXOTE, Habits::VERSION_ONE, &[][..]),
            (Config::QUIXOTE_PERSISTENT, Habits::VERSION_ONE, &[]),
            (Config::QUIXOTE, Habits::ALL, &of_values),
            (Config::STRICT, Habits::VERSION_ONE, &of_strict),
        ] {
            let mut found = BTreeSet::new();
            for seed in 1..=8 {
                let habits = habits.clone();
                let recording = Recording { config: config.clone(), habits, seed, steps: 2_000 };
                found.append(&mut refusals(&recording.varied().careless()));
            }
            let expected = of_all.iter().chain(more).map(|why| String::from(*why));
            assert_eq!(found, expected.collect(), "{}", config.semantics);
        }
    }

    #[test]
    fn the_seed_varies_the_cookie_and_the_resolution() {
        for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
            let [mut names, mut paths, mut domains] = [(); 3].map(|()| BTreeSet::new());
            let mut resolutions = BTreeSet::new();
            for seed in 0..100 {
                let of = Recording { config: config.clone(), habits: Habits::ALL, seed, steps: 9 };
                let varied = of.varied();
                assert_eq!(varied.config.check(), Ok(()), "{varied:?}");
                refusals(&varied);
                names.insert(Some(varied.config.cookie_name));
                paths.insert(varied.config.cookie_path);
                domains.insert(varied.config.cookie_domain);
                resolutions.insert(varied.config.access_resolution_ms);
            }
            let seen = [names.len(), paths.len(), domains.len(), resolutions.len()];
            assert!(seen.iter().all(|seen| *seen >= 3), "{seen:?}");
        }
    }
}
