//! The target `differential`: two implementations that must agree.
//!
//! Under Quixote's semantics the core runs beside the naive implementation of `tests/naive`. Under
//! strict it runs beside the proved machine of `spec/proofs`; and one state per request, over a
//! shared store, runs beside one state for all. The comparisons are those of the tests, with inputs
//! from the fuzzer.

use quixote_session::check::{Action, Jar, base_of};
use quixote_session::{Config, Dirtiness, Effects, Event, Input, RequestId, Semantics, State};

use crate::cast::{BROWSERS, Cast};
use crate::drives;
use crate::proved::Both;
use crate::script::{Script, Turn};
use crate::side_by_side::SideBySide;

/// Plays the script in `data` on both sides.
pub fn run(data: &[u8]) {
    let script = Script::of(data);
    let found = match script.setup.semantics() {
        Semantics::Strict => {
            let turns: Vec<_> = script.turns.iter().map(|turn| turn.bytes()).collect();
            let drives = drives::run(&bounded(&script), &turns, None);
            drives.and_then(|_| beside_proved(&script))
        }
        Semantics::Live | Semantics::Copying => beside_naive(&script),
    };
    if let Err(difference) = found {
        panic!("{difference}");
    }
}

/// Every limit except two: only a whole state knows how many requests and sessions there are.
fn bounded(script: &Script) -> Config {
    let bent = script.setup.config();
    let Config { max_requests, max_sessions, .. } = base_of(bent.semantics);
    Config { max_requests, max_sessions, ..bent }
}

/// The naive implementation has the cap of 16 form tokens and no other limit. It has either answer
/// of `is_dirty` under both semantics.
fn config(script: &Script) -> Config {
    let bent = script.setup.config();
    let other = match bent.is_dirty {
        Dirtiness::Never => Dirtiness::HasInfo,
        Dirtiness::HasInfo => Dirtiness::Never,
    };
    Config {
        is_dirty: if script.setup.repeats & 2 == 0 { bent.is_dirty } else { other },
        width: bent.width,
        cookie_path: bent.cookie_path,
        access_resolution_ms: bent.access_resolution_ms,
        ..base_of(bent.semantics)
    }
}

/// What runs beside the core.
trait Beside {
    fn state(&self) -> &State;
    fn step(&mut self, input: Input) -> Result<Effects, String>;
}

impl Beside for SideBySide<'_> {
    fn state(&self) -> &State {
        &self.state
    }

    fn step(&mut self, input: Input) -> Result<Effects, String> {
        self.step(input, None)
    }
}

impl Beside for Both<'_> {
    fn state(&self) -> &State {
        &self.state
    }

    fn step(&mut self, input: Input) -> Result<Effects, String> {
        self.step(&input)
    }
}

fn beside_naive(script: &Script) -> Result<(), String> {
    let config = config(script);
    play(script, &script.turns, &config, &mut SideBySide::new(&config, &config))
}

/// A step of the proved machine takes long. So it runs a whole script only if the script asks for
/// that, and otherwise the beginning.
fn beside_proved(script: &Script) -> Result<(), String> {
    let most = if script.setup.repeats & 4 == 0 { 32 } else { script.turns.len() };
    let turns = script.turns.get(..most).unwrap_or(&script.turns);
    let config = script.setup.config();
    play(script, turns, &config, &mut Both::new(&config))
}

/// Plays turns. The browsers here are jars that obey each response at once.
fn play(
    script: &Script,
    turns: &[Turn],
    config: &Config,
    both: &mut impl Beside,
) -> Result<(), String> {
    let mut cast = Cast::new(script.setup.repeats());
    let mut jars: [Jar; BROWSERS as usize] = Default::default();
    let mut owners: Vec<(RequestId, u8)> = Vec::new();
    for turn in turns {
        let jar = |client: u8, mount: &str| jars.get(usize::from(client))?.sends(mount);
        let action = cast.action(config, both.state(), jar, *turn);
        let Action::Step { client, input } = action else { continue };
        let event = input.event.clone();
        let effects = both.step(input)?;
        cast.learn(&effects);
        if let Event::StartRequest { request, .. } = event {
            owners.push((request, client));
        }
        let owner = owners.iter().find(|(request, _)| Some(*request) == event.request());
        let owner = owner.and_then(|(_, client)| jars.get_mut(usize::from(*client)));
        if let (Some(cookie), Some(jar)) = (&effects.cookie, owner) {
            jar.obey(cookie);
        }
    }
    Ok(())
}
