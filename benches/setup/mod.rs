//! What the benches share: crowds of sessions, and rivals that keep the same crowd.
//!
//! Everything about session number `n` follows from `n`: its id, its tokens, its user. So a bench
//! needs no list of what it stored, which would itself be read from memory at random and be
//! counted as if it were work of the machine.

#![allow(dead_code, reason = "each bench uses some of this")]

pub(crate) mod crowd;
pub(crate) mod estimates;
pub(crate) mod floor;
pub(crate) mod layer;
pub(crate) mod processor;
pub(crate) mod tower;
pub(crate) mod walk;

use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::{Bencher, BenchmarkGroup, Criterion};

use processor::Processor;

/// Criterion, counting what the processor spends.
pub(crate) type Bench = Criterion<Processor>;

/// A group of benches, each measured for a second and a half.
pub(crate) fn group<'a>(bench: &'a mut Bench, name: &str) -> BenchmarkGroup<'a, Processor> {
    let mut group = bench.benchmark_group(name);
    group.sample_size(50);
    group.warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_millis(1_500));
    group
}

/// How much a run shall measure: all, what three minutes allow, or whether it runs at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Full,
    Quick,
    Test,
}

impl Extent {
    /// As criterion reads the command line: `cargo bench`, `cargo bench -- --quick`, or else
    /// `cargo test --benches`, which only sees that everything runs.
    pub(crate) fn of_this_run() -> Self {
        let has = |flag: &str| std::env::args().any(|argument| argument == flag);
        match (has("--bench") && !has("--test"), has("--quick")) {
            (false, _) => Self::Test,
            (_, true) => Self::Quick,
            _ => Self::Full,
        }
    }

    /// How many sessions are stored.
    pub(crate) fn sizes(self) -> &'static [u64] {
        match self {
            Self::Full => &[1_000, 100_000, 1_000_000, 10_000_000],
            Self::Quick => &[1_000, 100_000, 1_000_000],
            Self::Test => &[1_000],
        }
    }
}

/// What is made when a bench first needs it: not for one that the command line has left out.
pub(crate) struct Lazy<'a, T> {
    make: Box<dyn Fn() -> T + 'a>,
    made: Option<T>,
}

impl<'a, T> Lazy<'a, T> {
    pub(crate) fn new(make: impl Fn() -> T + 'a) -> Self {
        // Criterion's quick mode counts the making as if it were measured: so it comes before.
        let made = (Extent::of_this_run() == Extent::Quick).then(&make);
        Self { make: Box::new(make), made }
    }

    pub(crate) fn get(&mut self) -> &mut T {
        self.made.get_or_insert_with(&self.make)
    }
}

/// Counts and bytes are far below 2^53.
#[expect(clippy::cast_precision_loss, reason = "see above")]
pub(crate) const fn to_f64(number: u64) -> f64 {
    number as f64
}

/// Times `work` in batches, and does `undo` to each batch while the clock stands.
pub(crate) fn in_batches<S, T>(
    bencher: &mut Bencher<'_, Processor>,
    subject: &mut S,
    mut prepare: impl FnMut(&mut S) -> T,
    mut work: impl FnMut(&mut S, &T),
    mut undo: impl FnMut(&mut S, T),
) {
    const BATCH: u64 = 512;
    bencher.iter_custom(|iterations| {
        let (mut left, mut spent) = (iterations, Duration::ZERO);
        while left > 0 {
            let batch: Vec<T> = (0..left.min(BATCH)).map(|_| prepare(subject)).collect();
            let start = ThreadTime::now();
            for item in &batch {
                work(subject, item);
            }
            spent = spent.saturating_add(start.elapsed());
            left = left.saturating_sub(BATCH);
            for item in batch {
                undo(subject, item);
            }
        }
        spent
    });
}
