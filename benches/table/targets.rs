//! What the benches shall show, as ratios of medians of one run.

use crate::results::read;

/// One ratio: what is measured over what it is compared with, each as group, name and size.
pub(crate) struct Target {
    pub(crate) what: &'static str,
    ours: Measured,
    theirs: Option<Measured>,
    pub(crate) reach: f64,
    pub(crate) aim: f64,
}

type Measured = (&'static str, &'static str, u64);

impl Target {
    /// None where one of the two has not been measured.
    pub(crate) fn value(&self) -> Option<f64> {
        let median = |(group, who, size)| Some(read(group, who, size)?.median);
        let theirs = self.theirs.map_or(Some(1.0), median)?;
        Some(median(self.ours)? / theirs)
    }
}

const fn ratio(
    what: &'static str,
    ours: Measured,
    theirs: Measured,
    reach: f64,
    aim: f64,
) -> Target {
    Target { what, ours, theirs: Some(theirs), reach, aim }
}

const K: u64 = 1_000;
const M: u64 = 1_000 * K;
const LIVE: &str = "live";
const TOWER: &str = "tower-sessions";

#[rustfmt::skip]
pub(crate) const TARGETS: &[Target] = &[
    ratio("cycle / floor, 10M", ("cycle", LIVE, 10 * M), ("cycle", "floor", 10 * M), 1.6, 1.3),
    ratio("cycle / floor, 1M", ("cycle", LIVE, M), ("cycle", "floor", M), 1.6, 1.3),
    ratio("cycle / floor, 100k", ("cycle", LIVE, 100 * K), ("cycle", "floor", 100 * K), 3.0, 1.8),
    ratio("cycle / tower-sessions, 1k", ("cycle", LIVE, K), ("cycle", TOWER, K), 0.15, 0.08),
    ratio("cycle / tower-sessions, 100k",
        ("cycle", LIVE, 100 * K), ("cycle", TOWER, 100 * K), 0.35, 0.20),
    ratio("cycle / tower-sessions, 1M", ("cycle", LIVE, M), ("cycle", TOWER, M), 0.50, 0.30),
    ratio("with cookies / tower-sessions' layer, 1k",
        ("cookies-5", LIVE, K), ("cookies-5", TOWER, K), 0.15, 0.07),
    ratio("with cookies / tower-sessions' layer, 100k",
        ("cookies-5", LIVE, 100 * K), ("cookies-5", TOWER, 100 * K), 0.25, 0.12),
    ratio("with cookies / tower-sessions' layer, 1M",
        ("cookies-5", LIVE, M), ("cookies-5", TOWER, M), 0.35, 0.17),
    ratio("with cookies / Quixote's request, 1k",
        ("cookies-5", LIVE, K), ("cookies-5", "quixote", K), 0.08, 0.02),
    ratio("with cookies / Quixote's request, 100k",
        ("cookies-5", LIVE, 100 * K), ("cookies-5", "quixote", 100 * K), 0.15, 0.06),
    ratio("with cookies / Quixote's request, 1M",
        ("cookies-5", LIVE, M), ("cookies-5", "quixote", M), 0.20, 0.08),
    Target {
        what: "bytes for a session with 2 tokens, worst point",
        ours: ("memory-worst", LIVE, 2), theirs: None, reach: 270.0, aim: 200.0,
    },
    ratio("growth of the cycle, 10M / 1k", ("cycle", LIVE, 10 * M), ("cycle", LIVE, K), 15.0, 10.0),
    ratio("cycle, strict / live, 1k", ("cycle", "strict", K), ("cycle", LIVE, K), 2.0, 1.3),
    ratio("cycle, strict / live, 1M", ("cycle", "strict", M), ("cycle", LIVE, M), 2.0, 1.3),
    ratio("the same, no access noted, 1k",
        ("cycle-unnoted", "strict", K), ("cycle-unnoted", LIVE, K), 2.0, 1.3),
    ratio("the same, no access noted, 1M",
        ("cycle-unnoted", "strict", M), ("cycle-unnoted", LIVE, M), 2.0, 1.3),
];
