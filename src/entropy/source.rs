//! The one seeded stream of random bytes that a driver fills its inputs from.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::Entropy;

/// `ChaCha20` as a source of [`Entropy`]: one seed, one stream, owned by the driver.
///
/// The core never draws by itself. In production, take the seed from the operating system, once,
/// and keep it nowhere: whoever knows it knows every id. With a fixed seed, a run can be repeated.
/// Two sources with the same seed draw the same ids. So there is no `Clone`, and a process that
/// forks has to seed each child anew.
///
/// ```
/// use quixote_session::EntropySource;
///
/// let (mut one, mut other) = (EntropySource::new([7; 32]), EntropySource::new([7; 32]));
/// let first = one.draw();
/// assert_eq!(first, other.draw());
/// assert_ne!(first, one.draw());
/// ```
pub struct EntropySource(ChaCha20Rng);

impl EntropySource {
    /// A stream that `seed` determines.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha20Rng::from_seed(seed))
    }

    /// A stream whose seed comes from the operating system: one for each process.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes, which is rare, and happens only early after the boot.
    pub fn from_system() -> std::io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self::new(seed))
    }

    /// The next 64 bytes of the stream: enough for one [`Input`](crate::Input).
    // [driver-2]
    pub fn draw(&mut self) -> Entropy {
        let mut bytes = [0; Entropy::BYTES];
        self.0.fill_bytes(&mut bytes);
        Entropy::from_bytes(bytes)
    }

    /// The next 8 bytes of the stream.
    pub(crate) fn number(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// Shows nothing of the stream.
impl core::fmt::Debug for EntropySource {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("EntropySource(…)")
    }
}
