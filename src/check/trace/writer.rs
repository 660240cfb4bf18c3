//! Writes traces.

use core::fmt;
use std::io::{self, Write};

use super::header::{Header, Version};
use super::line::TraceStep;
use crate::token::Width;

/// Writes a trace step by step.
///
/// ```
/// use quixote_session::Config;
/// use quixote_session::check::trace::{Header, TraceReader, TraceWriter, Version};
///
/// let header = Header::of(Version::Three, Config::STRICT);
/// let written = TraceWriter::new(Vec::new(), &header)?.into_inner();
/// assert_eq!(TraceReader::new("trace", &written[..]).unwrap().header(), &header);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TraceWriter<W> {
    to: W,
    version: Version,
    width: Width,
}

/// Shows nothing of what was written.
impl<W> fmt::Debug for TraceWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { version, width, .. } = self;
        f.debug_struct("TraceWriter")
            .field("version", version)
            .field("width", width)
            .finish_non_exhaustive()
    }
}

impl<W: Write> TraceWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of `to`; and one where the version cannot say the configuration.
    pub fn new(mut to: W, header: &Header) -> io::Result<Self> {
        writeln!(to, "{}", header.line()?)?;
        Ok(Self { to, version: header.version, width: header.config.width })
    }

    /// Writes one step.
    ///
    /// # Errors
    /// Those of `to`; and one where the version has no word for the step.
    // [trace-17]
    pub fn write(&mut self, step: TraceStep) -> io::Result<()> {
        if self.version == Version::One && !step.fits_version_one() {
            return Err(io::Error::other("version 1 has no word for this step"));
        }
        writeln!(self.to, "{}", step.line(self.width)?)
    }

    /// What was written to. It is not flushed.
    #[must_use]
    pub fn into_inner(self) -> W {
        self.to
    }
}
