//! The floor: what no session store of this size can beat.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use quixote_session::Session;

use super::walk::{Walk, spread};

/// The same kind of hash map, a cheap hash, a key of 64 bits, and beside it in the same bucket a
/// record as large as a session: one lookup, one touch, no rule.
pub(crate) struct Floor {
    pub(crate) records: HashMap<u64, Record, BuildHasherDefault<Fold>>,
    pub(crate) walk: Walk,
}

pub(crate) struct Record([u64; size_of::<Session>() / 8]);

impl Floor {
    pub(crate) fn new(size: u64) -> Self {
        let record = |n| Record([n; size_of::<Session>() / 8]);
        let records = (0..size).map(|n| (spread(n), record(n))).collect();
        Self { records, walk: Walk::through(size) }
    }

    pub(crate) fn touch(&mut self, number: u64) -> bool {
        let Some(Record(words)) = self.records.get_mut(&spread(number)) else { return false };
        let [first, .., last] = words;
        *last = last.wrapping_add(1);
        *first == number
    }
}

/// The hash that the machine gives its ids: the halves of a product.
#[derive(Default)]
pub(crate) struct Fold(u64);

impl Hasher for Fold {
    fn write(&mut self, _: &[u8]) {}

    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    fn write_u64(&mut self, number: u64) {
        let product = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
