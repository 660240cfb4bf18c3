//! The queue of a session's outstanding form tokens, bounded by its type.

use core::fmt;

use smallvec::SmallVec;
use subtle::{Choice, ConstantTimeEq};

use crate::token::FormToken;

/// The outstanding form tokens of one session: a queue of at most 16, oldest first.
///
/// ```
/// use quixote_session::{FormTokens, TooManyFormTokens};
///
/// assert!(FormTokens::new().is_empty());
/// assert_eq!(FormTokens::try_from(vec![[0; 8].into(); 17]), Err(TooManyFormTokens));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "alloc::vec::Vec<FormToken>", into = "alloc::vec::Vec<FormToken>")
)]
pub struct FormTokens(SmallVec<[FormToken; 2]>);

impl FormTokens {
    /// The most that a session holds, whatever its [`Config`](crate::Config) says.
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
        self.0.len()
    }

    /// Whether none is outstanding.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `token` is outstanding. Every token is compared, each in constant time, so that
    /// the time taken tells nothing about which one matched.
    #[must_use]
    pub fn contains(&self, token: &FormToken) -> bool {
        self.0.iter().fold(Choice::from(0), |found, own| found | own.ct_eq(token)).into()
    }

    /// Queues `token`; the oldest make room until at most `cap` stand, itself included.
    //= spec/session.md#session
    //# The form tokens of a session MUST be a queue of at most `max_form_tokens`, from which the
    //# oldest goes when a new one finds it full.
    pub(crate) fn push(&mut self, token: FormToken, cap: u8) {
        let cap = usize::from(cap.clamp(1, Self::MAX));
        let extra = self.0.len().saturating_add(1).saturating_sub(cap);
        self.0.drain(..extra.min(self.0.len()));
        self.0.push(token);
    }

    /// Takes the oldest `token` out; says whether there was one.
    //= spec/session.md#session
    //# Of equal form tokens the oldest MUST be the one that is removed.
    pub(crate) fn remove(&mut self, token: &FormToken) -> bool {
        let place = self.0.iter().position(|own| own == token);
        if let Some(place) = place {
            self.0.remove(place);
        }
        place.is_some()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Default for FormTokens {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for FormTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

/// More than [`FormTokens::MAX`] tokens for one session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooManyFormTokens;

impl fmt::Display for TooManyFormTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected at most 16 form tokens")
    }
}

impl core::error::Error for TooManyFormTokens {}

impl TryFrom<alloc::vec::Vec<FormToken>> for FormTokens {
    type Error = TooManyFormTokens;

    fn try_from(tokens: alloc::vec::Vec<FormToken>) -> Result<Self, TooManyFormTokens> {
        if tokens.len() > usize::from(Self::MAX) {
            return Err(TooManyFormTokens);
        }
        Ok(Self(SmallVec::from_vec(tokens)))
    }
}

impl From<FormTokens> for alloc::vec::Vec<FormToken> {
    fn from(tokens: FormTokens) -> Self {
        tokens.0.into_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::FormTokens;

    //= spec/session.md#session
    //# The form tokens of a session MUST be a queue of at most `max_form_tokens`, from which the
    //# oldest goes when a new one finds it full.
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

    //= spec/session.md#session
    //# Of equal form tokens the oldest MUST be the one that is removed.
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
}
