//! The server's clock, which the judge moves through a file that the server's process has mapped:
//! eight bytes, little-endian, the seconds by which its clock is ahead.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that can be moved, or the system's own.
pub(crate) struct Clock {
    file: Option<(PathBuf, File)>,
    ahead: i64,
    /// A fault that is planted to see that it is noticed: the clock stands where it was.
    broken: bool,
}

impl Clock {
    /// Over this file, which is made if it is missing, and set to zero.
    pub(crate) fn over(path: Option<&Path>, broken: bool) -> io::Result<Self> {
        let mut file = None;
        if let Some(path) = path {
            // Written in place: it is mapped.
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

    /// The seconds that the server is ahead.
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

    /// What the server's clock shows, since the epoch.
    pub(crate) fn now(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.saturating_add(Duration::from_secs(u64::try_from(self.ahead).unwrap_or(0)))
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        // A server that goes on is back in its own time.
        let _ = self.set(0);
    }
}
