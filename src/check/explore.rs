//! Exhaustive search of a bounded world, breadth first, so that the first counterexample that it
//! finds to a property is a shortest one.
//!
//! Every transition is one call of the real [`step`](crate::step). A visited situation is
//! remembered as a 64-bit hash of its canonical form. Two situations with the same hash would count
//! as one; among 10 million, the chance that any two collide is below 3 in a million. Situations
//! that wait to be expanded are kept whole. Of the others only the hash and the way there are kept,
//! in 16 bytes each.

use core::hash::BuildHasher;
use core::num::NonZero;
use std::collections::{BTreeMap, HashSet};
use std::panic::resume_unwind;
use std::thread;
use std::time::Instant;
use std::vec::{self, Vec};

use foldhash::quality::FixedState;

use crate::check::property::{Properties, Property, Tally};
use crate::check::situation::{Action, Outcomes, Situation};
use crate::check::world::World;
use crate::config::Config;

/// The seed of the hash that tells situations apart.
const SEED: u64 = 0x5e55_1045;

/// How many states are expanded between two looks at the clock.
const BATCH: usize = 4_096;

/// Fewer states than this are not worth a thread.
const SMALLEST_SHARE: usize = 128;

/// The result of searching one world under one semantics.
#[derive(Clone, Default, Debug)]
pub struct Explored {
    /// Different states of the world.
    pub states: u64,
    /// Transitions between them.
    pub transitions: u64,
    /// Actions on the longest of the shortest ways to a state.
    pub depth: u32,
    /// Whether everything was searched; false if the search was stopped.
    pub complete: bool,
    /// For each property that was broken, a shortest run that breaks it.
    pub counterexamples: BTreeMap<Property, Vec<Action>>,
    /// How many transitions witnessed the *sometimes* of each property.
    pub witnessed: Tally,
    /// How many transitions broke each property.
    pub broken: Tally,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Different states so far.
    pub states: u64,
    /// Transitions so far.
    pub transitions: u64,
    /// States that wait to be expanded.
    pub frontier: usize,
    /// The depth that is being expanded.
    pub depth: u32,
    /// States found in each second of this search, on average.
    pub states_per_second: u64,
}

/// The last step of the way to a state: the state before it, and which of that state's actions led
/// on.
#[derive(Clone, Copy)]
struct Origin {
    parent: u32,
    action: u32,
}

/// Searches everything that can happen in `world` under `base`'s semantics, with the limits of
/// [`World::config`]. `watch` is now and then told how far the search is, and stops it by answering
/// false.
///
/// ```
/// use quixote_session::Config;
/// use quixote_session::check::{Property, Size, explore};
///
/// let [_, _, values, ..] = Size::Small.worlds();
/// let explored = explore(&values, &Config::QUIXOTE_PERSISTENT, &mut |_| true);
/// assert!(explored.complete);
/// assert!(explored.counterexamples.contains_key(&Property::NoUpdateIsLost));
/// ```
pub fn explore(world: &World, base: &Config, watch: &mut dyn FnMut(Progress) -> bool) -> Explored {
    let config = world.config(base);
    let mut search = Search {
        world,
        config: &config,
        seen: HashSet::with_hasher(FixedState::with_seed(SEED)),
        origins: Vec::new(),
        broken: Properties::NONE,
        explored: Explored { complete: true, ..Explored::default() },
        began: Instant::now(),
    };
    search.run(watch);
    search.explored
}

struct Search<'a> {
    world: &'a World,
    config: &'a Config,
    seen: HashSet<u64, FixedState>,
    origins: Vec<Origin>,
    broken: Properties,
    explored: Explored,
    began: Instant,
}

/// What the expansion of some states found.
#[derive(Default)]
struct Expanded {
    transitions: u64,
    witnessed: Tally,
    broken: Tally,
    /// The transitions to keep, in the order of the states and their actions.
    kept: Vec<Kept>,
}

/// A transition that led to a state not seen before, or broke a property.
struct Kept {
    origin: Origin,
    broken: Properties,
    to: Option<(u64, Situation)>,
}

impl Search<'_> {
    fn run(&mut self, watch: &mut dyn FnMut(Progress) -> bool) {
        let first = Situation::new(self.world);
        self.seen.insert(hash_of(&first));
        self.origins.push(Origin { parent: 0, action: 0 });
        let mut frontier = std::vec![(0, first)];
        while !frontier.is_empty() {
            let mut next = Vec::new();
            let mut waiting = frontier.into_iter();
            while waiting.len() > 0 {
                if !watch(self.progress(waiting.len())) {
                    self.explored.complete = false;
                    return;
                }
                for expanded in self.expand_all(&mut waiting) {
                    self.take_in(expanded, &mut next);
                }
            }
            frontier = next;
            self.explored.depth = self.explored.depth.saturating_add(1);
        }
        self.explored.depth = self.explored.depth.saturating_sub(1);
    }

    fn progress(&self, frontier: usize) -> Progress {
        let states = count(self.origins.len());
        let milliseconds = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let states_per_second = states.saturating_mul(1_000).checked_div(milliseconds).unwrap_or(0);
        let (transitions, depth) = (self.explored.transitions, self.explored.depth);
        Progress { states, transitions, frontier, depth, states_per_second }
    }

    /// Expands the next states on all cores. The results are in order, so the search finds the same
    /// on any number of cores.
    fn expand_all(&self, waiting: &mut vec::IntoIter<(u32, Situation)>) -> Vec<Expanded> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let batch = waiting.len().min(BATCH);
        let share = batch.div_ceil(cores).max(SMALLEST_SHARE);
        let mut shares =
            (0..batch.div_ceil(share)).map(|_| waiting.take(share).collect::<Vec<_>>());
        thread::scope(|scope| {
            let own = shares.next().unwrap_or_default();
            let others: Vec<_> =
                shares.map(|share| scope.spawn(move || self.expand(share))).collect();
            let mut expanded = std::vec![self.expand(own)];
            for other in others {
                expanded.push(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            expanded
        })
    }

    /// Each situation is dropped once it is expanded, so that those that follow can use its memory.
    fn expand(&self, share: Vec<(u32, Situation)>) -> Expanded {
        let mut expanded = Expanded::default();
        let mut new = HashSet::with_hasher(FixedState::with_seed(SEED));
        for (number, situation) in share {
            let actions = situation.actions(self.world, self.config.width);
            for (action, index) in actions.iter().zip(0..) {
                let Some((after, outcomes)) = situation.after(self.world, self.config, action)
                else {
                    continue;
                };
                let Outcomes { found, unchanged, .. } = outcomes;
                expanded.transitions = expanded.transitions.saturating_add(1);
                expanded.witnessed.add(found.sometimes);
                expanded.broken.add(found.broken);
                let broken = found.broken.without(self.broken);
                let hash = (!unchanged).then(|| hash_of(&after));
                let hash = hash.filter(|hash| !self.seen.contains(hash) && new.insert(*hash));
                let to = hash.map(|hash| (hash, after));
                if to.is_some() || !broken.is_empty() {
                    let origin = Origin { parent: number, action: index };
                    expanded.kept.push(Kept { origin, broken, to });
                }
            }
        }
        expanded
    }

    fn take_in(&mut self, expanded: Expanded, next: &mut Vec<(u32, Situation)>) {
        let Expanded { transitions, witnessed, broken, kept } = expanded;
        self.explored.transitions = self.explored.transitions.saturating_add(transitions);
        self.explored.witnessed.add_all(&witnessed);
        self.explored.broken.add_all(&broken);
        for Kept { origin, broken, to } in kept {
            self.note(broken, origin);
            if let Some((hash, situation)) = to
                && self.seen.insert(hash)
            {
                // INVARIANT: 2^32 states would need more memory than any machine has.
                let name = u32::try_from(self.origins.len()).unwrap_or(u32::MAX);
                self.origins.push(origin);
                next.push((name, situation));
            }
        }
        self.explored.states = count(self.origins.len());
    }

    fn note(&mut self, broken: Properties, origin: Origin) {
        let new = broken.without(self.broken);
        if !new.is_empty() {
            let way = self.way_to(origin);
            for property in new.iter() {
                self.explored.counterexamples.insert(property, way.clone());
            }
            self.broken = self.broken.union(new);
        }
    }

    /// The actions that lead from the first situation through `last`.
    fn way_to(&self, last: Origin) -> Vec<Action> {
        let mut origins = std::vec![last];
        let mut state = last.parent;
        while state != 0 {
            let Some(origin) = self.origins.get(state as usize) else { break };
            origins.push(*origin);
            state = origin.parent;
        }
        let mut situation = Situation::new(self.world);
        let mut way = Vec::new();
        for origin in origins.iter().rev() {
            let mut actions = situation.actions(self.world, self.config.width);
            if (origin.action as usize) < actions.len() {
                let action = actions.swap_remove(origin.action as usize);
                if let Some((after, _)) = situation.after(self.world, self.config, &action) {
                    situation = after;
                }
                way.push(action);
            }
        }
        way
    }
}

fn hash_of(situation: &Situation) -> u64 {
    FixedState::with_seed(SEED).hash_one(situation)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
