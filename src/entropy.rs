//! The random bytes of an input, and the draws that are taken from them.

#[cfg(feature = "std")]
pub(crate) mod source;

use core::fmt;

use crate::token::{FormToken, Handle, Secret, SessionId, Width};

/// The random bytes that one [`Input`](crate::Input) may use, supplied by the driver.
///
/// Ids are drawn from one half, form tokens and handles from the other. Tokens and handles appear
/// in pages, and so none of them can equal an id, even if a driver uses entropy twice. Draws are
/// taken from the front of their half, in order, 8 or 16 bytes each. When all are taken, the event
/// is refused with [`Refusal::EntropyUsedUp`](crate::Refusal::EntropyUsedUp) and can be sent again.
/// `Debug` shows none of the bytes.
///
/// ```
/// use quixote_session::Entropy;
///
/// let entropy = Entropy::from_draws([0xa1, 0xa2]);
/// assert_eq!((entropy.bytes()[7], entropy.bytes()[32 + 7]), (0xa1, 0xa1));
/// assert_eq!(format!("{entropy:?}"), "Entropy(…)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Entropy([[u8; Self::HALF]; 2]);

impl Entropy {
    /// Bytes in each half: four draws of 64 bits, or two of 128.
    pub const HALF: usize = 32;

    /// Bytes in both halves together.
    pub const BYTES: usize = 64;

    /// Takes the bytes unchanged, for a driver with a random source.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut halves = [[0; Self::HALF]; 2];
        halves.as_flattened_mut().copy_from_slice(&bytes);
        Self(halves)
    }

    /// Uses these bytes for both halves, for tests and traces, which say what is drawn but not from
    /// which half.
    #[must_use]
    pub const fn from_half(half: [u8; Self::HALF]) -> Self {
        Self([half; 2])
    }

    /// Fills each half with 64-bit draws, most significant byte first, and zeros after them, for
    /// tests. If there are more than four draws, the first four are used.
    #[must_use]
    pub fn from_draws(draws: impl IntoIterator<Item = u64>) -> Self {
        let mut half = [0; Self::HALF];
        for (place, draw) in half.chunks_exact_mut(8).zip(draws) {
            place.copy_from_slice(&draw.to_be_bytes());
        }
        Self::from_half(half)
    }

    /// The same entropy with this handle, if one is drawn.
    #[must_use]
    pub fn with_handle(mut self, handle: Handle) -> Self {
        let [_, tokens] = &mut self.0;
        if let Some(place) = tokens.last_chunk_mut() {
            *place = handle.to_bytes();
        }
        self
    }

    /// The handle for an event that draws one: the last 16 bytes. No event draws both a handle and
    /// a form token.
    #[must_use]
    pub fn handle(&self) -> Handle {
        let [_, tokens] = &self.0;
        tokens.last_chunk().copied().unwrap_or_default().into()
    }

    /// All bytes: the half for ids first, then the other half.
    #[must_use]
    pub const fn bytes(&self) -> &[u8] {
        self.0.as_flattened()
    }
}

// [token-12]
impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(…)")
    }
}

/// The draws of one input, taken from the front. Without entropy there are none.
pub(crate) struct Draws<'a> {
    entropy: Option<&'a Entropy>,
    width: Width,
    taken: u8,
}

impl<'a> Draws<'a> {
    pub(crate) const fn new(entropy: Option<&'a Entropy>, width: Width) -> Self {
        Self { entropy, width, taken: 0 }
    }

    /// How many have been taken.
    pub(crate) const fn taken(&self) -> u8 {
        self.taken
    }

    // [token-5]
    pub(crate) fn session_id(&mut self) -> Option<SessionId> {
        let [ids, _] = &self.entropy?.0;
        self.next(ids).map(SessionId)
    }

    pub(crate) fn form_token(&mut self) -> Option<FormToken> {
        let [_, tokens] = &self.entropy?.0;
        self.next(tokens).map(FormToken)
    }

    /// None only if no id can be drawn either; then the event is refused before it needs a handle.
    pub(crate) fn handle(&self) -> Option<Handle> {
        self.entropy.map(Entropy::handle)
    }

    // [token-1] [token-4]
    fn next(&mut self, half: &[u8; Entropy::HALF]) -> Option<Secret> {
        let mut draws = half.chunks_exact(self.width.bytes());
        let draw = draws.nth(usize::from(self.taken))?;
        self.taken = self.taken.saturating_add(1);
        Some(Secret::from_bytes(self.width, draw))
    }
}
