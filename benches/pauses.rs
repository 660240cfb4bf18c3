//! The steps that look at many sessions: the step that makes the table grow, and the sweep.

#![allow(missing_docs, reason = "criterion's macros write functions without docs")]
#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

mod setup;

use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BatchSize, BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, criterion_group,
    criterion_main,
};
use quixote_session::{Config, Event, ManagerEvent, Timestamp};

use setup::crowd::Crowd;
use setup::processor::Processor;
use setup::{Bench, Extent, Lazy, group};

/// Each sample needs a copy of all sessions, so there are few.
fn few<'a>(bench: &'a mut Bench, name: &str) -> BenchmarkGroup<'a, Processor> {
    let mut group = group(bench, name);
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(1));
    group.measurement_time(Duration::from_millis(100));
    group
}

/// The one request whose session makes the table double, and the one after it.
fn growth(bench: &mut Bench, full: u64) {
    let mut crowd = Lazy::new(|| Crowd::new(&Config::QUIXOTE, full));
    let mut group = few(bench, "growth");
    for (name, before) in [("doubles", 0), ("does-not", 1)] {
        group.bench_function(BenchmarkId::new(name, full), |bencher| {
            let crowd = crowd.get();
            let copy = || {
                let mut copy = crowd.clone();
                (0..before).for_each(|number| drop(copy.join(full.wrapping_add(number), 0)));
                copy
            };
            let last = full.wrapping_add(before);
            let work = |crowd: &mut Crowd| black_box(crowd.join(last, 0));
            bencher.iter_batched_ref(copy, work, BatchSize::PerIteration);
        });
    }
}

/// A sweep that ends no session, and one that ends all.
fn sweep(bench: &mut Bench, size: u64) {
    let mut crowd = Lazy::new(|| Crowd::new(&Config::STRICT, size));
    let mut group = few(bench, "sweep");
    for (name, idle_limit_ms) in [("looks", u64::MAX), ("ends", 1)] {
        group.bench_function(BenchmarkId::new(name, size), |bencher| {
            let crowd = crowd.get();
            crowd.config.idle_limit_ms = Some(idle_limit_ms);
            crowd.now = Timestamp(2_000_000_000_000);
            let copy = || crowd.clone();
            let work =
                |crowd: &mut Crowd| black_box(crowd.send(Event::Manager(ManagerEvent::Sweep)));
            bencher.iter_batched_ref(copy, work, BatchSize::PerIteration);
        });
    }
}

fn all(bench: &mut Bench) {
    let test = Extent::of_this_run() == Extent::Test;
    growth(bench, if test { 448 } else { 917_504 });
    sweep(bench, if test { 1_000 } else { 1_000_000 });
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(Processor);
    targets = all
}
criterion_main!(benches);
