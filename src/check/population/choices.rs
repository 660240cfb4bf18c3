//! Where decisions come from.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A source of decisions. Zero is always the plainest one.
pub trait Choices {
    /// A number below `n`; 0 if `n` is 0.
    fn below(&mut self, n: usize) -> usize;

    /// One of the items; None if there are none.
    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}

/// Decisions by a seeded stream: the same seed makes the same decisions.
///
/// ```
/// use quixote_session::check::population::{Choices, Seeded};
///
/// let (mut one, mut other) = (Seeded::new(7), Seeded::new(7));
/// assert_eq!([(); 9].map(|()| one.below(100)), [(); 9].map(|()| other.below(100)));
/// ```
#[derive(Clone, Debug)]
pub struct Seeded(ChaCha8Rng);

impl Seeded {
    /// A stream that `seed` determines.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }
}

impl Choices for Seeded {
    fn below(&mut self, n: usize) -> usize {
        let share = u128::from(self.0.next_u64()).wrapping_mul(n as u128) >> 64;
        usize::try_from(share).unwrap_or_default()
    }
}

/// Decisions by bytes from outside, one or two for each decision. When they are used up, every
/// decision is 0.
///
/// ```
/// use quixote_session::check::population::{Bytes, Choices};
///
/// let mut choices = Bytes::new(&[7]);
/// assert_eq!((choices.below(5), choices.is_used_up(), choices.below(5)), (2, true, 0));
/// ```
#[derive(Clone, Debug)]
pub struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    /// All of `bytes`, from the front.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether every further decision is 0.
    #[must_use]
    pub const fn is_used_up(&self) -> bool {
        self.0.is_empty()
    }

    fn byte(&mut self) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first)
    }
}

impl Choices for Bytes<'_> {
    fn below(&mut self, n: usize) -> usize {
        let number = match n {
            0 | 1 => 0,
            2..=256 => self.byte(),
            _ => self.byte().wrapping_mul(256).wrapping_add(self.byte()),
        };
        number.checked_rem(n).unwrap_or_default()
    }
}
