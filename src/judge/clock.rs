//! The server's clock. The judge moves it through a file that the server's process has mapped. The
//! file is eight bytes, little-endian: the seconds by which the server's clock is ahead.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that can be moved, or the system's own.
pub(crate) struct Clock {
    file: Option<(PathBuf, File)>,
    ahead: i64,
    /// A planted fault, to see that it is noticed: the clock does not move.
    broken: bool,
}

impl Clock {
    /// A clock over this file, which is created if it is missing, and set to zero.
    pub(crate) fn over(path: Option<&Path>, broken: bool) -> io::Result<Self> {
        let mut file = None;
        if let Some(path) = path {
            // The file is mapped, so it must be written in place.
            let open = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
            file = Some((path.to_owned(), open));
        }
        let mut clock = Self { file, ahead: 0, broken };
        clock.set(0)?;
        Ok(clock)
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| path.as_path())
    }

    /// The seconds by which the server is ahead.
    pub(crate) fn ahead(&self) -> i64 {
        self.ahead
    }

    pub(crate) fn set(&mut self, ahead: i64) -> io::Result<()> {
        self.ahead = ahead;
        let Some((_, file)) = &mut self.file else { return Ok(()) };
        let shown = if self.broken { 0 } else { ahead };
        file.rewind()?;
        file.write_all(&shown.to_le_bytes())?;
        file.flush()
    }

    /// The time that the server's clock shows, since the epoch.
    pub(crate) fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.saturating_add(Duration::from_secs(u64::try_from(self.ahead).unwrap_or(0)))
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        // If the server goes on running, its clock shows the right time again.
        let _ = self.set(0);
    }
}
