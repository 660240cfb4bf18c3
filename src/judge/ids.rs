//! An upper bound of how many bits ids hold, estimated from a few of them.
//!
//! It notices places that never vary, places that repeat another place, and how many symbols there
//! are. It cannot notice a generator that can be guessed, or bits that follow from others, as in a
//! checksum. So the ids may hold fewer bits than it says, and good ids pass.

use std::collections::BTreeSet;

/// If so few symbols at a place are less probable than this, it is not chance.
const CHANCE: f64 = 1e-9;

/// The symbols of all ids at one place; None if the id is too short.
type Place = Vec<Option<char>>;

/// An upper bound of the number of bits that an id holds.
pub(super) fn bits(ids: &[String]) -> f64 {
    let ids: Vec<Vec<char>> = ids.iter().map(|id| id.chars().collect()).collect();
    let length = ids.iter().map(Vec::len).max().unwrap_or(0);
    let place = |at: usize| ids.iter().map(|id| id.get(at).copied()).collect::<Place>();
    let places: BTreeSet<Place> = (0..length).map(place).collect();
    let varying: Vec<Place> = places.into_iter().filter(|it| symbols([it]) > 1).collect();
    let alphabet = symbols(&varying);
    varying.iter().map(|it| f64::from(largest(symbols([it]), it.len(), alphabet)).log2()).sum()
}

fn symbols<'a>(places: impl IntoIterator<Item = &'a Place>) -> u32 {
    let all: BTreeSet<_> = places.into_iter().flatten().collect();
    u32::try_from(all.len()).unwrap_or(u32::MAX)
}

/// The most symbols that a place may plausibly have, if it showed `shown` in this many ids.
fn largest(shown: u32, ids: usize, alphabet: u32) -> u32 {
    let ids = u32::try_from(ids).unwrap_or(u32::MAX);
    let plausible = |size: &u32| chance(shown, ids, *size) >= CHANCE;
    (shown..=alphabet).rev().find(plausible).unwrap_or(shown)
}

/// An upper bound of the probability that no more than `shown` of `size` symbols are drawn: the sum
/// over all choices of those symbols.
fn chance(shown: u32, ids: u32, size: u32) -> f64 {
    let (kept, all) = (f64::from(shown), f64::from(size));
    let choices: f64 =
        (0..shown).map(|at| (all - f64::from(at)) / (kept - f64::from(at))).product();
    choices * (kept / all).powf(f64::from(ids))
}

#[cfg(test)]
mod tests {
    use super::bits;

    /// Symbols of this alphabet, the same in each run.
    fn drawn(seed: u64, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        let mut state = (seed + 1).wrapping_mul(0xd134_2543_de82_ef95);
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            usize::try_from((mixed ^ (mixed >> 31)) % 65_536).unwrap_or(0)
        };
        (0..length).map(|_| alphabet[next() % alphabet.len()]).collect()
    }

    fn ids(run: u64, id: impl Fn(u64) -> String) -> Vec<String> {
        (0..24).map(|number| id(run * 1_000 + number)).collect()
    }

    const HEX: &str = "0123456789abcdef";
    const BASE_36: &str = "0123456789abcdefghijklmnopqrstuvwxyz";
    const BASE_64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    #[test]
    fn ids_of_full_entropy_are_never_taken_for_less() {
        for run in 0..2_000 {
            assert!(bits(&ids(run, |seed| drawn(seed, HEX, 32))) > 127.99, "run {run}");
            let base_64 = |seed| drawn(seed, BASE_64, 21) + &drawn(seed + 500, "AQgw", 1);
            assert!(bits(&ids(run, base_64)) > 126.0, "run {run}");
            // Two numbers without leading zeros, as Jetty writes them.
            let numbers = |seed: u64| {
                let length = if seed.is_multiple_of(3) { 24 } else { 25 };
                format!("node0{}", drawn(seed, BASE_36, length))
            };
            assert!(bits(&ids(run, numbers)) > 126.0, "run {run}");
            // A UUID of version 4 holds 122 bits.
            let uuid = |seed| {
                let middle = drawn(seed + 250, "89ab", 1) + &drawn(seed + 500, HEX, 15);
                format!("{}-4{}-{middle}", drawn(seed, HEX, 12), drawn(seed + 750, HEX, 3))
            };
            assert!(bits(&ids(run, uuid)) > 121.9, "run {run}");
        }
    }

    #[test]
    fn what_holds_less_is_seen() {
        for run in 0..200 {
            let bound = |id: &dyn Fn(u64) -> String| bits(&ids(run, id));
            assert!(bound(&|seed| drawn(seed, "01", 32)) < 32.1);
            assert!(bound(&|seed| drawn(seed, HEX, 8).repeat(4)) < 32.1);
            assert!(bound(&|seed| drawn(seed, "0123456789", 32)) < 106.4);
            assert!(bound(&|seed| format!("{seed:032}")) < 8.0);
            let stamped = |seed| format!("{}{}", drawn(7, HEX, 16), drawn(seed, HEX, 16));
            assert!(bound(&stamped) < 64.1);
        }
    }
}
