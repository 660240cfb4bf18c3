//! Every transition of the explorer's worlds. A state of the machine and an input are compared only
//! once, even if the clients hold other cookies, of which a step knows nothing.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use quixote_session::check::{Action, Situation, World};
use quixote_session::{Config, Input};

use super::proved::{Both, Told};

/// How much of a world was compared.
#[derive(Debug, Default)]
pub(crate) struct Compared {
    pub(crate) transitions: usize,
    /// The transitions that differ for the machine.
    pub(crate) steps: usize,
}

/// Searches a world under strict, and compares its steps.
pub(crate) fn compare(world: &World) -> Result<Compared, String> {
    let config = world.config(&Config::STRICT);
    let mut search = Search {
        config: &config,
        both: Both::new(&config),
        hasher: RandomState::new(),
        compared: HashSet::new(),
        found: Compared::default(),
    };
    let first = Situation::new(world);
    let mut seen = HashSet::from([search.hasher.hash_one(&first)]);
    let mut frontier = vec![first];
    while let Some(situation) = frontier.pop() {
        let actions = situation.actions(world, config.width);
        search.compare_steps(&situation, &actions)?;
        for action in &actions {
            let Some((next, _)) = situation.after(world, &config, action) else { continue };
            search.found.transitions += 1;
            if seen.insert(search.hasher.hash_one(&next)) {
                frontier.push(next);
            }
        }
    }
    Ok(search.found)
}

struct Search<'a> {
    config: &'a Config,
    both: Both<'a>,
    hasher: RandomState,
    /// Hashes of the states and inputs that were compared.
    compared: HashSet<u64>,
    found: Compared,
}

impl Search<'_> {
    fn compare_steps(&mut self, situation: &Situation, actions: &[Action]) -> Told {
        let state = self.hasher.hash_one(&situation.state);
        let mut new: Vec<&Input> = Vec::new();
        for action in actions {
            let Action::Step { input, .. } = action else { continue };
            if self.compared.insert(self.hasher.hash_one((state, input))) {
                new.push(input);
            }
        }
        let Some((last, others)) = new.split_last() else { return Ok(()) };
        self.found.steps += new.len();
        self.both.enter(&situation.state);
        for input in others {
            self.both.peek(input)?;
        }
        self.both.step(last).map(drop).map_err(|told| format!("{told}, under {:?}", self.config))
    }
}
