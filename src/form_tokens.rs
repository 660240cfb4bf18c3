//! The queue of a session's outstanding form tokens, bounded by its type.

use alloc::vec::Vec;
use core::fmt;

use smallvec::SmallVec;
use subtle::ConstantTimeEq as _;

use crate::token::FormToken;

/// The outstanding form tokens of one session: a queue of at most 16, oldest first.
///
/// ```
/// use quixote_session::{FormTokens, TooManyFormTokens};
///
/// assert!(FormTokens::new().is_empty());
/// assert_eq!(FormTokens::try_from(vec![[0; 8].into(); 17]), Err(TooManyFormTokens));
/// ```
#[derive(PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Vec<FormToken>", into = "Vec<FormToken>"))]
pub struct FormTokens(SmallVec<[FormToken; Self::IN_PLACE]>);

impl FormTokens {
    /// How many tokens need no allocation: most sessions have one or two forms open.
    const IN_PLACE: usize = 2;

    /// The most tokens that a session holds, whatever its [`Config`](crate::Config) says.
    pub const MAX: u8 = 16;

    /// The empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self(SmallVec::new_const())
    }

    /// The tokens, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[FormToken] {
        &self.0
    }

    /// How many are outstanding.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }

    /// Whether none is outstanding.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Whether `token` is outstanding. Every token is compared, each in constant time, so that
    /// the time taken tells nothing about which one matched.
    #[must_use]
    pub fn contains(&self, token: &FormToken) -> bool {
        self.as_slice().iter().fold(0, |found, own| found | own.0.ct_eq(&token.0).unwrap_u8()) != 0
    }

    /// How many tokens there is room for under this cap.
    pub(crate) fn room(cap: u8) -> usize {
        // [config-22]
        usize::from(cap.clamp(1, Self::MAX))
    }

    /// Queues `token`. The oldest tokens make room, so that at most `cap` remain, including it.
    // [session-6] [session-7]
    pub(crate) fn push(&mut self, token: FormToken, cap: u8) {
        let extra = self.len().saturating_add(1).saturating_sub(Self::room(cap));
        if extra != 0 {
            self.0.drain(..extra);
        }
        self.0.push(token);
    }

    /// Takes the oldest `token` out; returns whether there was one.
    // [session-8]
    pub(crate) fn remove(&mut self, token: &FormToken) -> bool {
        let place = self.0.iter().position(|own| own == token);
        place.map(|place| self.0.remove(place)).is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Copies in one piece, which the derived code would not do; every save copies a session.
impl Clone for FormTokens {
    fn clone(&self) -> Self {
        Self(SmallVec::from_slice(&self.0))
    }
}

impl fmt::Debug for FormTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}

/// More than [`FormTokens::MAX`] tokens for one session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected at most 16 form tokens")]
pub struct TooManyFormTokens;

impl TryFrom<Vec<FormToken>> for FormTokens {
    type Error = TooManyFormTokens;

    fn try_from(tokens: Vec<FormToken>) -> Result<Self, TooManyFormTokens> {
        if tokens.len() > usize::from(Self::MAX) {
            return Err(TooManyFormTokens);
        }
        Ok(Self(tokens.into()))
    }
}

impl From<FormTokens> for Vec<FormToken> {
    fn from(tokens: FormTokens) -> Self {
        tokens.0.into_vec()
    }
}

#[cfg(test)]
mod tests {
    use core::hash::BuildHasher as _;
    use std::collections::hash_map::RandomState;

    use super::FormTokens;

    // [session-6]
    #[test]
    fn the_queue_is_bounded_by_its_cap_and_by_its_type() {
        for (cap, length) in [(0, 1), (1, 1), (3, 3), (16, 16), (255, 16)] {
            let mut tokens = FormTokens::new();
            for byte in 0..20 {
                tokens.push([byte; 8].into(), cap);
            }
            assert_eq!(tokens.len(), length);
            assert_eq!(tokens.as_slice().last(), Some(&[19; 8].into()), "the newest is kept");
        }
    }

    // [session-8]
    #[test]
    fn the_oldest_of_equal_tokens_goes_first() {
        let mut tokens = FormTokens::new();
        for byte in [7, 8, 7] {
            tokens.push([byte; 8].into(), 16);
        }
        assert!(tokens.remove(&[7; 8].into()));
        assert_eq!(tokens.as_slice(), [[8; 8].into(), [7; 8].into()]);
        assert!(!tokens.remove(&[9; 8].into()));
    }

    /// Two in place, three on the heap: equal is what holds equal tokens, and nothing else.
    #[test]
    fn equal_queues_are_those_of_equal_tokens_however_they_are_kept() {
        let hasher = RandomState::new();
        let queue = |bytes: &[u8]| {
            let mut tokens = FormTokens::new();
            for byte in bytes {
                tokens.push([*byte; 8].into(), 16);
            }
            tokens
        };
        let mut shrunk = queue(&[7, 8, 9]);
        assert!(shrunk.remove(&[9; 8].into()));
        let mut emptied = queue(&[7, 8]);
        assert!(emptied.remove(&[8; 8].into()));
        for (one, other) in [(shrunk, queue(&[7, 8])), (emptied, queue(&[7]))] {
            assert_eq!(one, other);
            assert_eq!(hasher.hash_one(&one), hasher.hash_one(&other));
        }
        for (one, other) in [([7, 8].as_slice(), [8, 7].as_slice()), (&[7], &[7, 7]), (&[], &[0])] {
            assert_ne!(queue(one), queue(other));
            assert_ne!(hasher.hash_one(queue(one)), hasher.hash_one(queue(other)));
        }
    }
}
