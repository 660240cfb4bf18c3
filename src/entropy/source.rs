//! The one seeded stream of random bytes that a driver fills its inputs from.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::Entropy;

/// `ChaCha20` as a source of [`Entropy`]: one seed, one stream, owned by the driver.
///
/// The core never draws by itself. In production, take the source from the operating system, by
/// [`from_system`](Self::from_system). With a seed of your own, a run can be repeated: whoever
/// knows the seed knows every id, two sources with one seed draw the same ids, and so do the
/// children of a process that forks. So there is no `Clone`.
///
/// ```
/// use quixote_session::EntropySource;
///
/// let (mut one, mut other) = (EntropySource::new([7; 32]), EntropySource::new([7; 32]));
/// let first = one.draw();
/// assert_eq!(first, other.draw());
/// assert_ne!(first, one.draw());
/// ```
pub struct EntropySource {
    stream: ChaCha20Rng,
    /// Whether each draw begins with fresh bytes from the system.
    is_from_system: bool,
}

impl EntropySource {
    /// A stream that `seed` determines.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self { stream: ChaCha20Rng::from_seed(seed), is_from_system: false }
    }

    /// A stream whose seed comes from the operating system, and comes again with each draw. So
    /// nothing draws the same ids twice, even if the process forks, or a virtual machine is copied
    /// or goes back to a snapshot: whoever had an id in one of the copies would know it in the
    /// others.
    ///
    /// # Errors
    ///
    /// If the system gives no random bytes, which is rare, and happens only early after the boot.
    pub fn from_system() -> std::io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self { is_from_system: true, ..Self::new(seed) })
    }

    /// The next 64 bytes of the stream: enough for one [`Input`](crate::Input).
    // [driver-2]
    pub fn draw(&mut self) -> Entropy {
        self.freshen();
        let mut bytes = [0; Entropy::BYTES];
        self.stream.fill_bytes(&mut bytes);
        Entropy::from_bytes(bytes)
    }

    /// Seeds a stream from the system anew, from itself and from the system. If the system has no
    /// bytes, which it had when the source was made, the stream goes on as it is.
    fn freshen(&mut self) {
        let (mut seed, mut fresh) = ([0; 32], [0; 32]);
        if self.is_from_system && getrandom::fill(&mut fresh).is_ok() {
            self.stream.fill_bytes(&mut seed);
            seed.iter_mut().zip(fresh).for_each(|(own, fresh)| *own ^= fresh);
            self.stream = ChaCha20Rng::from_seed(seed);
        }
    }

    /// The next 8 bytes of the stream. Two copies must not number their writes alike: a third would
    /// take the write of one for that of the other.
    pub(crate) fn number(&mut self) -> u64 {
        self.freshen();
        self.stream.next_u64()
    }
}

/// Shows nothing of the stream.
impl core::fmt::Debug for EntropySource {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("EntropySource(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::EntropySource;

    /// As a fork does it, or a snapshot of a virtual machine.
    fn copied(source: &EntropySource) -> EntropySource {
        let EntropySource { stream, is_from_system } = source;
        EntropySource { stream: stream.clone(), is_from_system: *is_from_system }
    }

    // [driver-2]
    #[test]
    fn a_copy_of_a_source_from_the_system_draws_other_bytes() {
        let mut own = EntropySource::from_system().unwrap();
        for _ in 0..3 {
            let mut copy = copied(&own);
            assert_ne!(own.draw(), copy.draw());
            let mut copy = copied(&own);
            assert_ne!(own.number(), copy.number());
        }
        let mut seeded = EntropySource::new([7; 32]);
        let mut copy = copied(&seeded);
        assert_eq!(seeded.draw(), copy.draw(), "a run can be repeated");
    }
}
