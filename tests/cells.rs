//! Coverage of behaviour: every cell (event × phase × semantics × outcome) that can be reached is
//! reached by the random clients, and the others lie in no state of worlds that are searched whole.
//!
//! What was reached, and how often: `cargo test --features cli --test cells -- --nocapture`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "cells/world.rs"]
mod world;

use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::check::{Cell, Cells, base_of};
use quixote_session::{Config, Semantics, State, step};

use world::{World, worlds};

const ALL: [Semantics; 3] = [Semantics::Live, Semantics::Copying, Semantics::Strict];

/// Limits that a few clients reach; `full` says whether those of counts are among them, since a
/// store that is always full shows little else.
fn config(semantics: Semantics, full: bool) -> Config {
    let limits = (semantics == Semantics::Strict).then_some((1_800_000, 7_200_000));
    Config {
        access_resolution_ms: 1_000,
        max_form_tokens: 3,
        max_text_bytes: 40,
        max_values: 2,
        max_requests: if full { 3 } else { 1_000 },
        max_sessions: if full { 3 } else { 1_000 },
        idle_limit_ms: limits.map(|(idle, _)| idle),
        absolute_limit_ms: limits.map(|(_, absolute)| absolute),
        ..base_of(semantics)
    }
}

/// Counts the cells of so many steps of random clients, who leave `without` undone.
fn random(config: &Config, seed: u64, steps: usize, without: Option<&str>, cells: &mut Cells) {
    let habits = Habits { careless: true, salt: seed, ..Habits::ALL };
    let (mut population, mut state) = (Population::new(habits), State::new());
    let mut choices = Seeded::new(seed);
    for _ in 0..steps {
        let turn = population.next_turn(config, &state, &mut choices);
        if without == Some(turn.input.event.name()) {
            continue;
        }
        let before = state.clone();
        let (after, effects) = step(config, state, turn.input.clone());
        population.learn(&turn, &effects);
        cells.count(Cell::of(config, &before, &turn.input, &effects));
        state = after;
    }
}

/// By so many runs of 5,000 steps under each semantics.
fn reached(without: Option<&str>, runs: u64) -> Cells {
    let mut cells = Cells::default();
    for semantics in ALL {
        for seed in 0..runs {
            random(&config(semantics, seed % 2 == 1), seed, 5_000, without, &mut cells);
        }
    }
    cells
}

fn reached_by_search() -> Cells {
    let mut cells = Cells::default();
    for semantics in ALL {
        for moves in worlds(semantics) {
            let world = World::search(semantics, moves);
            println!(
                "{semantics}: a world of {} states, {} cells",
                world.states,
                world.cells.len()
            );
            cells.add(&world.cells);
        }
    }
    cells
}

fn named(cells: &[Cell]) -> String {
    let lines: Vec<_> = cells.iter().map(Cell::to_string).collect();
    lines.join("\n")
}

#[test]
fn every_reachable_cell_is_reached_and_no_other() {
    let (random, searched) = (reached(None, 160), reached_by_search());
    println!("{} cells at random, {} by search", random.len(), searched.len());
    println!("{}", random.report(true));
    let least = random.iter().min_by_key(|(_, often)| *often).unwrap();
    println!("least often: {} times {}", least.1, least.0);
    insta::assert_snapshot!("cells", searched.report(false));
    let (dark, unproved) = (searched.beyond(&random), random.beyond(&searched));
    let (dark, unproved) = (named(&dark), named(&unproved));
    assert_eq!(dark, "", "reachable, and gone dark");
    assert_eq!(unproved, "", "reached, and in no world that is searched");
}

/// The test above has teeth: where the clients never do one kind of thing, cells go dark.
#[test]
fn a_kind_of_event_that_is_lost_is_missed() {
    let whole = reached(None, 4);
    for event in ["start_request", "has_session_cookie", "expire_session", "sweep"] {
        let dark = whole.beyond(&reached(Some(event), 4));
        assert!(dark.iter().any(|cell| cell.event.starts_with(event)), "{event}");
    }
}
