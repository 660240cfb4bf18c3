//! The target `differential`: two that must agree.
//!
//! Under Quixote's semantics the core runs beside the naive implementation of `tests/naive`; under
//! strict one state for each request, over a shared store, runs beside one state for all. Both
//! comparisons are those of the tests, fed by the fuzzer.

use quixote_session::check::{Action, Jar, base_of};
use quixote_session::{Config, Dirtiness, Event, RequestId, Semantics};

use crate::cast::{BROWSERS, Cast};
use crate::drives;
use crate::script::Script;
use crate::side_by_side::SideBySide;

/// Plays the script in `data` on both sides.
pub fn run(data: &[u8]) {
    let script = Script::of(data);
    let found = match script.setup.semantics() {
        Semantics::Strict => {
            let turns: Vec<_> = script.turns.iter().map(|turn| turn.bytes()).collect();
            drives::run(&bounded(&script), &turns, None).map(drop)
        }
        Semantics::Live | Semantics::Copying => beside_naive(&script),
    };
    if let Err(difference) = found {
        panic!("{difference}");
    }
}

/// Every limit but two: how many requests and sessions there are is known to a whole state alone.
fn bounded(script: &Script) -> Config {
    let bent = script.setup.config();
    let Config { max_requests, max_sessions, .. } = base_of(bent.semantics);
    Config { max_requests, max_sessions, ..bent }
}

/// The naive implementation knows the cap of 16 form tokens, and no other limit; it knows either
/// answer of `is_dirty` under both semantics.
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

/// Browsers here are jars that obey each response at once.
fn beside_naive(script: &Script) -> Result<(), String> {
    let config = config(script);
    let mut both = SideBySide::new(&config, &config);
    let mut cast = Cast::new(script.setup.repeats());
    let mut jars: [Jar; BROWSERS as usize] = Default::default();
    let mut owners: Vec<(RequestId, u8)> = Vec::new();
    for turn in &script.turns {
        let jar = |client: u8, mount: &str| jars.get(usize::from(client))?.sends(mount);
        let action = cast.action(&config, &both.state, jar, *turn);
        let Action::Step { client, input } = action else { continue };
        let event = input.event.clone();
        let effects = both.step(input, None)?;
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
