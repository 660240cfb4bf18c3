//! Bytes per stored session, by a counting allocator, with an 11-byte user and 0, 2 or 16 tokens.
//! They are taken when the table of a million is full to its limit (the best point), when it has
//! just grown (the worst), and at the peak, while there are both the old table and the new.
//!
//! No time is measured and one run gives the exact numbers, so only the form of the files is
//! criterion's.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

mod setup;

use allocation_counter::measure;
use quixote_session::{Config, Session};

use setup::crowd::Crowd;
use setup::tower::Tower;
use setup::{Extent, estimates};

/// Seven eighths of 2^20 places: one more session and the table doubles.
const FULL: u64 = 917_504;

fn main() {
    let full = if Extent::of_this_run() == Extent::Test { 448 } else { FULL };
    println!("a session takes {} bytes, texts beyond 23 bytes apart", size_of::<Session>());
    for tokens in [0, 2, 16] {
        // What is stored does not depend on whether a request copies it.
        for (name, config) in &[("live", Config::QUIXOTE), ("strict", Config::STRICT)] {
            let make = || Crowd::with_tokens(config, full, tokens);
            say(name, tokens, full, make, |crowd| drop(crowd.join(full, tokens)));
        }
        // With 16 tokens tower-sessions needs too much memory for a machine that others use too.
        let fewer = if tokens > 2 { full / 8 } else { full };
        let make = || Tower::with_tokens(fewer, tokens);
        say("tower-sessions", tokens, fewer, make, |tower| {
            tower.save(&setup::tower::record(fewer, tokens));
        });
    }
}

/// Fills a store, adds one more session, and writes down how many bytes each session took.
fn say<T>(name: &str, tokens: u64, full: u64, make: impl Fn() -> T, add: impl Fn(&mut T)) {
    let mut kept = None;
    let filled = measure(|| kept = Some(make()));
    let grown = measure(|| kept.as_mut().map_or((), &add));
    let each = |bytes: i64| setup::to_f64(bytes.unsigned_abs()) / setup::to_f64(full);
    let best = each(filled.bytes_current);
    let worst = each(filled.bytes_current.saturating_add(grown.bytes_current));
    let highest = i64::try_from(grown.bytes_max).unwrap_or(i64::MAX);
    let peak = each(filled.bytes_current.saturating_add(highest));
    println!("{name}, {tokens} tokens: {best:.1} to {worst:.1} bytes, growing {peak:.1}");
    if Extent::of_this_run() == Extent::Test {
        return;
    }
    for (point, bytes) in [("best", best), ("worst", worst), ("growing", peak)] {
        estimates::write(&format!("memory-{point}"), name, tokens, &[bytes]);
    }
}
