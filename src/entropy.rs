//! The random bytes of an input, and the draws that are taken from them.

#[cfg(feature = "std")]
pub(crate) mod source;

use core::fmt;

use crate::token::{FormToken, Secret, SessionId, Width};

/// The random bytes that one [`Input`](crate::Input) may use, supplied by the driver.
///
/// Draws are taken from the front, in order, 8 or 16 bytes each. When all are taken the event is
/// refused with [`Refusal::EntropyUsedUp`](crate::Refusal::EntropyUsedUp) and can be sent again.
/// `Debug` shows none of it.
///
/// ```
/// use quixote_session::Entropy;
///
/// let entropy = Entropy::from_draws([0xa1, 0xa2]);
/// assert_eq!(entropy.bytes()[7], 0xa1);
/// assert_eq!(format!("{entropy:?}"), "Entropy(…)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Entropy([u8; Self::BYTES]);

impl Entropy {
    /// How many bytes there are: four draws of 64 bits, or two of 128.
    pub const BYTES: usize = 32;

    /// Takes the bytes as they are: the way of a driver with a random source.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Lays out 64-bit draws, big end first, and zeros behind them: the way of tests. Of more than
    /// four draws the first four are taken.
    #[must_use]
    pub fn from_draws(draws: impl IntoIterator<Item = u64>) -> Self {
        let mut bytes = [0; Self::BYTES];
        for (place, draw) in bytes.chunks_exact_mut(8).zip(draws) {
            place.copy_from_slice(&draw.to_be_bytes());
        }
        Self(bytes)
    }

    /// The bytes, in the order in which they are drawn.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

// [token-11]
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}

/// The draws of one input, taken from the front.
pub(crate) struct Draws<'a> {
    entropy: &'a Entropy,
    width: Width,
    taken: u8,
}

impl<'a> Draws<'a> {
    pub(crate) const fn new(entropy: &'a Entropy, width: Width) -> Self {
        Self { entropy, width, taken: 0 }
    }

    /// How many have been taken.
    pub(crate) const fn taken(&self) -> u8 {
        self.taken
    }

    pub(crate) fn session_id(&mut self) -> Option<SessionId> {
        self.next().map(SessionId)
    }

    pub(crate) fn form_token(&mut self) -> Option<FormToken> {
        self.next().map(FormToken)
    }

    // [token-1] [token-4]
    fn next(&mut self) -> Option<Secret> {
        let mut draws = self.entropy.0.chunks_exact(self.width.bytes());
        let draw = draws.nth(usize::from(self.taken))?;
        self.taken = self.taken.saturating_add(1);
        Some(Secret::from_bytes(self.width, draw))
    }
}

#[cfg(test)]
mod tests {
    use super::{Draws, Entropy};
    use crate::token::{SessionId, Width};

    // [token-4]
    #[test]
    fn entropy_holds_four_narrow_draws_or_two_wide_ones() {
        let entropy = Entropy::from_draws([1, 2, 3, 4, 5]);
        for (width, count) in [(Width::Bits64, 4), (Width::Bits128, 2)] {
            let mut draws = Draws::new(&entropy, width);
            let ids: alloc::vec::Vec<SessionId> =
                core::iter::from_fn(|| draws.session_id()).collect();
            assert_eq!(ids.len(), count);
            assert_eq!(draws.taken(), width.draws());
            assert_eq!(ids[0].reveal_bytes().len(), width.bytes());
        }
    }
}
