//! The request cycle and the requests around it, over stores of a thousand to ten million sessions.
//! They are compared with the floor and with tower-sessions.
//!
//! Read the ratios within one run, not the times: `cargo bench --bench table` prints them.

#![allow(missing_docs, reason = "criterion's macros write functions without docs")]
#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

mod setup;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use quixote_session::{Config, Outcome};

use setup::crowd::Crowd;
use setup::floor::Floor;
use setup::processor::Processor;
use setup::tower::Tower;
use setup::{Bench, Extent, Lazy, group, in_batches};

/// The most sessions that tower-sessions is asked to keep: it needs a kilobyte for each.
const MOST_OF_TOWER: u64 = 1_000_000;

/// Start with a stored session's cookie, check a form token, finish; every access is noted.
fn cycle(bench: &mut Bench, name: &str, crowd: &mut Lazy<Crowd>, size: u64) {
    let mut group = group(bench, "cycle");
    group.bench_function(BenchmarkId::new(name, size), |bencher| {
        let (crowd, mut answer) = (crowd.get(), true);
        bencher.iter(|| {
            let number = crowd.next(answer);
            answer = crowd.cycle(number);
        });
        assert!(answer, "the token was found");
    });
}

/// The same, but every access is within the resolution, so none is noted.
fn cycle_unnoted(bench: &mut Bench, name: &str, crowd: &mut Lazy<Crowd>, size: u64) {
    let mut group = group(bench, "cycle-unnoted");
    group.bench_function(BenchmarkId::new(name, size), |bencher| {
        let (crowd, mut answer) = (crowd.get(), true);
        bencher.iter(|| {
            let number = crowd.walk.next(answer);
            answer = crowd.cycle(number);
        });
        assert!(answer, "the token was found");
    });
}

fn floor(bench: &mut Bench, size: u64) {
    let mut floor = Lazy::new(|| Floor::new(size));
    let mut group = group(bench, "cycle");
    group.bench_function(BenchmarkId::new("floor", size), |bencher| {
        let (floor, mut answer) = (floor.get(), true);
        bencher.iter(|| {
            let number = floor.walk.next(answer);
            answer = floor.touch(number);
        });
        assert!(answer, "the record was found");
    });
}

fn tower(bench: &mut Bench, size: u64) {
    let mut tower = Lazy::new(|| Tower::new(size));
    let mut cycles = group(bench, "cycle");
    cycles.bench_function(BenchmarkId::new("tower-sessions", size), |bencher| {
        let (tower, mut answer) = (tower.get(), true);
        bencher.iter(|| {
            let number = tower.walk.next(answer);
            answer = tower.cycle(number);
        });
        assert!(answer, "the token was found");
    });
    cycles.finish();
    let mut joins = group(bench, "new-session");
    joins.bench_function(BenchmarkId::new("tower-sessions", size), |bencher| {
        let fresh = |tower: &mut Tower| tower.walk.next(true).wrapping_add(size);
        let work = |tower: &mut Tower, number: &u64| tower.join(*number);
        in_batches(bencher, tower.get(), fresh, work, |tower, number| tower.delete(number));
    });
}

fn new_session(bench: &mut Bench, name: &str, crowd: &mut Lazy<Crowd>, size: u64) {
    group(bench, "new-session").bench_function(BenchmarkId::new(name, size), |bencher| {
        let fresh = |crowd: &mut Crowd| crowd.walk.next(true).wrapping_add(size);
        let work = |crowd: &mut Crowd, number: &u64| drop(black_box(crowd.join(*number, 1)));
        in_batches(bencher, crowd.get(), fresh, work, Crowd::leave);
    });
}

fn logout(bench: &mut Bench, name: &str, crowd: &mut Lazy<Crowd>, size: u64) {
    group(bench, "logout").bench_function(BenchmarkId::new(name, size), |bencher| {
        let work = |crowd: &mut Crowd, number: &u64| drop(black_box(crowd.log_out(*number)));
        let undo = |crowd: &mut Crowd, number| drop(crowd.join(number, 2));
        in_batches(bencher, crowd.get(), |crowd| crowd.next(true), work, undo);
    });
}

/// The user changes, so strict moves the session to a new id.
fn renewal(bench: &mut Bench, name: &str, crowd: &mut Lazy<Crowd>, size: u64) {
    group(bench, "renewal").bench_function(BenchmarkId::new(name, size), |bencher| {
        let work = |crowd: &mut Crowd, number: &u64| {
            let to = number.wrapping_add(size);
            drop(black_box(crowd.log_in(*number, to, Outcome::Successful)));
        };
        let undo = |crowd: &mut Crowd, number: u64| {
            crowd.leave(number);
            crowd.leave(number.wrapping_add(size));
            crowd.join(number, 2);
        };
        in_batches(bencher, crowd.get(), |crowd| crowd.next(true), work, undo);
    });
}

/// A request that changes the user and then fails.
fn failed(bench: &mut Bench, name: &str, crowd: &mut Lazy<Crowd>, size: u64) {
    group(bench, "failed-request").bench_function(BenchmarkId::new(name, size), |bencher| {
        let work = |crowd: &mut Crowd, number: &u64| {
            drop(black_box(crowd.log_in(*number, *number, Outcome::Failed)));
        };
        in_batches(bencher, crowd.get(), |crowd| crowd.next(true), work, |_, _| ());
    });
}

fn all(bench: &mut Bench) {
    let semantics = [
        ("live", Config::QUIXOTE),
        ("copying", Config::QUIXOTE_PERSISTENT),
        ("strict", Config::STRICT),
    ];
    for &size in Extent::of_this_run().sizes() {
        floor(bench, size);
        for (name, config) in &semantics {
            let mut crowd = Lazy::new(|| Crowd::new(config, size));
            cycle(bench, name, &mut crowd, size);
            cycle_unnoted(bench, name, &mut crowd, size);
            for request in [new_session, logout, renewal, failed] {
                request(bench, name, &mut crowd, size);
            }
        }
        if size <= MOST_OF_TOWER {
            tower(bench, size);
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(Processor);
    targets = all
}
criterion_main!(benches);
