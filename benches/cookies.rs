//! A request from header to header: in comes a `Cookie` header with 1, 5 or 20 cookies, out goes
//! the `Set-Cookie` header of the response. It is compared with the whole layer of tower-sessions.

#![allow(missing_docs, reason = "criterion's macros write functions without docs")]
#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

mod setup;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use quixote_session::{Config, FormToken};

use setup::crowd::Crowd;
use setup::layer::Layered;
use setup::processor::Processor;
use setup::tower::Tower;
use setup::{Bench, Extent, Lazy, group, in_batches};

/// How many cookies are in the header; the session's is in the middle.
const COOKIES: [usize; 3] = [1, 5, 20];

/// The most sessions that are stored.
const MOST: u64 = 1_000_000;

/// A header as browsers send it, with cookies of common analytics tools around the session's.
fn header(name: &str, value: &str, cookies: usize) -> String {
    let other = |nth: usize| format!("_ga_{nth:02}=GS1.1.1700000000.{nth}.1");
    let session = format!("{name}={value}");
    let all = (0..cookies).map(|nth| if nth == cookies / 2 { session.clone() } else { other(nth) });
    all.collect::<Vec<_>>().join("; ")
}

fn ours(bench: &mut Bench, name: &str, config: &Config, size: u64) {
    let mut crowd = Lazy::new(|| Crowd::new(config, size));
    for cookies in COOKIES {
        group(bench, &format!("cookies-{cookies}")).bench_function(
            BenchmarkId::new(name, size),
            |bencher| {
                let request = |crowd: &mut Crowd| {
                    let number = crowd.next(true);
                    let id = crowd.id_of(number).reveal().to_string();
                    (crowd.token_of(number), header(&config.cookie_name, &id, cookies))
                };
                let work = |crowd: &mut Crowd, (token, header): &(FormToken, String)| {
                    black_box(crowd.serve(header, *token)).expect("a Set-Cookie header");
                };
                in_batches(bencher, crowd.get(), request, work, |_, _| ());
            },
        );
    }
}

fn tower(bench: &mut Bench, size: u64) {
    let mut layered = Lazy::new(|| Layered::over(Tower::new(size)));
    for cookies in COOKIES {
        let mut group = group(bench, &format!("cookies-{cookies}"));
        group.bench_function(BenchmarkId::new("tower-sessions", size), |bencher| {
            let request = |layered: &mut Layered| {
                let number = layered.walk.next(true);
                let id = setup::tower::id_of(number).to_string();
                (setup::tower::token_of(number, 0), header("id", &id, cookies))
            };
            let work = |layered: &mut Layered, (token, header): &(String, String)| {
                black_box(layered.serve(header, token)).expect("a Set-Cookie header");
            };
            in_batches(bencher, layered.get(), request, work, |_, _| ());
        });
    }
}

fn all(bench: &mut Bench) {
    for &size in Extent::of_this_run().sizes().iter().filter(|size| **size <= MOST) {
        ours(bench, "live", &Config::QUIXOTE, size);
        tower(bench, size);
        ours(bench, "copying", &Config::QUIXOTE_PERSISTENT, size);
        ours(bench, "strict", &Config::STRICT, size);
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(Processor);
    targets = all
}
criterion_main!(benches);
