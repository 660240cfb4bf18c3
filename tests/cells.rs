//! Coverage of behaviour: the random clients reach every cell (event × phase × semantics × outcome)
//! that can be reached. The other cells occur in no state of worlds that are searched completely.
//!
//! To see what was reached, and how often: `cargo test --features cli --test cells -- --nocapture`.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "cells/documented.rs"]
mod documented;
#[path = "cells/world.rs"]
mod world;

mod clients;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::sync::LazyLock;

use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};
use quixote_session::check::{Cell, Cells};
use quixote_session::{Semantics, step};

use clients::Run;
use world::{World, worlds};

const ALL: [Semantics; 3] = [Semantics::Live, Semantics::Copying, Semantics::Strict];

/// How many bytes decide a run: for 5,000 turns.
const BYTES: usize = 30_000;

/// Which cells the random clients leave out.
type Without<'a> = &'a dyn Fn(&Cell) -> bool;

const NOTHING: Without<'_> = &|_| false;

/// Counts the cells of a run of random clients.
fn count(semantics: Semantics, run: &Run, without: Without<'_>, cells: &mut Cells) {
    let config = &run.config(semantics);
    let (mut population, mut state, mut choices) = run.begin();
    for _ in 0..run.turns() {
        let turn = population.next_turn(config, &state, &mut choices);
        let (after, effects) = step(config, state.clone(), turn.input.clone());
        let cell = Cell::of(config, &state, &turn.input, &effects);
        if without(&cell) {
            continue;
        }
        population.learn(&turn, &effects);
        cells.count(cell);
        state = after;
    }
}

/// The cells that this many cases of proptest reach under each semantics. The cases are the same in
/// each run.
fn reached(without: Without<'_>, cases: u32) -> Cells {
    let cells = RefCell::default();
    let cases = Cases { failure_persistence: None, ..Cases::with_cases(cases) };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let ran = TestRunner::new_with_rng(cases, rng).run(&clients::runs(BYTES), |run| {
        for semantics in ALL {
            count(semantics, &run, without, &mut cells.borrow_mut());
        }
        Ok(())
    });
    ran.unwrap();
    cells.into_inner()
}

/// The cells of the worlds, searched once for all tests.
static SEARCHED: LazyLock<Cells> = LazyLock::new(|| {
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
});

fn named(cells: &[Cell]) -> String {
    let lines: Vec<_> = cells.iter().map(Cell::to_string).collect();
    lines.join("\n")
}

#[test]
fn every_reachable_cell_is_reached_and_no_other() {
    let (random, searched) = (reached(NOTHING, 480), &*SEARCHED);
    println!("{} cells at random, {} by search", random.len(), searched.len());
    println!("{}", random.report(true));
    let least = random.iter().min_by_key(|(_, often)| *often).unwrap();
    println!("least often: {} times {}", least.1, least.0);
    insta::assert_snapshot!("cells", searched.report(false));
    let (dark, unproved) = (searched.beyond(&random), random.beyond(searched));
    let (dark, unproved) = (named(&dark), named(&unproved));
    assert_eq!(dark, "", "reachable, and gone dark");
    assert_eq!(unproved, "", "reached, and in no world that is searched");
}

/// The test above has teeth: if the clients never send one kind of event, cells are missed.
#[test]
fn a_kind_of_event_that_is_lost_is_missed() {
    let whole = reached(NOTHING, 4);
    for event in ["start_request", "has_session_cookie", "expire_session", "sweep"] {
        let dark = whole.beyond(&reached(&|cell| cell.event.starts_with(event), 4));
        assert!(dark.iter().any(|cell| cell.event.starts_with(event)), "{event}");
    }
}

/// So are they if the clients never meet one outcome, even if they meet others in the same place.
#[test]
fn an_outcome_that_is_lost_is_missed() {
    let whole = reached(NOTHING, 4);
    let place = |cell: &Cell| (cell.event, cell.phase, cell.semantics);
    for outcome in ["session_gone", "unknown_token", "entropy_used_up"] {
        let rest = reached(&|cell| cell.outcome == outcome, 4);
        let dark = whole.beyond(&rest);
        let lost: Vec<_> = dark.iter().filter(|cell| cell.outcome == outcome).collect();
        let met = whole.iter().filter(|(cell, _)| cell.outcome == outcome).count();
        assert_eq!(lost.len(), met, "{outcome}");
        let others = |cell: &&&Cell| rest.iter().any(|(other, _)| place(&other) == place(cell));
        assert!(lost.iter().any(|cell| others(&cell)), "{outcome}: no other in its place");
    }
}

/// The documentation of an event names the refusals that it may meet, and no others.
#[test]
fn the_documentation_of_an_event_names_its_refusals() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/event.rs");
    let documented = documented::refusals(&fs::read_to_string(source).unwrap());
    assert!(documented.len() > 10, "{documented:?}");
    for (event, refusals) in documented {
        let of_event = SEARCHED.iter().map(|(cell, _)| cell).filter(|cell| {
            cell.event.split(' ').next() == Some(&event) && cell.outcome != "unknown_request"
        });
        let answers = ["done", "started", "token", "value", "yes", "no"];
        let met: BTreeSet<_> = of_event
            .map(|cell| cell.outcome.to_owned())
            .filter(|outcome| !answers.contains(&outcome.as_str()))
            .collect();
        assert_eq!(refusals, met, "{event}");
    }
}
