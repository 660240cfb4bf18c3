//! Exhaustive search of one world: our search compared with stateright's breadth-first search, on
//! the same transitions.
//!
//! Both call the same `World::actions` and `World::after`, tell states apart by a 64-bit hash, and
//! keep the way to each state. Read the ratio of the two, not the times.

#![allow(missing_docs, reason = "criterion's macros write functions without docs")]

use std::hint::black_box;
use std::num::NonZero;
use std::thread;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use quixote_session::Config;
use quixote_session::check::{Action, Situation, Size, World, explore};
use stateright::{Checker, Model, Property};

/// A world as stateright sees it.
struct Searched {
    world: World,
    config: Config,
}

impl Model for Searched {
    type State = Situation;
    type Action = Action;

    fn init_states(&self) -> Vec<Situation> {
        vec![Situation::new(&self.world)]
    }

    fn actions(&self, situation: &Situation, actions: &mut Vec<Action>) {
        actions.extend(situation.actions(&self.world, self.config.width));
    }

    fn next_state(&self, situation: &Situation, action: Action) -> Option<Situation> {
        situation.after(&self.world, &self.config, &action).map(|(after, _)| after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        // This property holds, so everything is searched. Our search meanwhile checks all
        // properties.
        vec![Property::always("holds", |_, _| true)]
    }
}

/// Both run on all cores.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn search(criterion: &mut Criterion) {
    let [world, ..] = Size::Small.worlds();
    let base = Config::QUIXOTE;
    let ours = explore(&world, &base, &mut |_| true);
    let theirs = Searched { config: world.config(&base), world: world.clone() };
    let found = theirs.checker().threads(cores()).spawn_bfs().join().unique_state_count();
    assert_eq!(u64::try_from(found).ok(), Some(ours.states), "both find the same states");

    let mut group = criterion.benchmark_group("search");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ours.transitions));
    group.bench_function(BenchmarkId::new("ours", 1), |bench| {
        bench.iter(|| black_box(explore(&world, &base, &mut |_| true)).states);
    });
    group.bench_function(BenchmarkId::new("stateright", 1), |bench| {
        bench.iter(|| {
            let config = world.config(&base);
            let model = Searched { config, world: world.clone() };
            model.checker().threads(cores()).spawn_bfs().join().unique_state_count()
        });
    });
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
