//! The clock and the random source of the system.

use super::exchange::Fresh;
use crate::entropy::source::EntropySource;
use crate::time::Timestamp;

impl EntropySource {
    /// What the system's clock says, and the next bytes of the stream.
    ///
    /// ```
    /// let mut entropy = quixote_session::EntropySource::from_system()?;
    /// assert_ne!(entropy.fresh().entropy, entropy.fresh().entropy);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn fresh(&mut self) -> Fresh {
        Fresh { now: Timestamp::now(), entropy: self.draw() }
    }
}
