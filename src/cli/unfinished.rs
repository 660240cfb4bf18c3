//! What leaves nothing behind unless it is finished.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// All that is unfinished; what is made later stands further behind.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A process has fewer files open, and few that were killed had the same number.
const MOST_PARTS: u16 = 10_000;

/// A file that has no name yet. It is removed unless it gets one.
#[derive(Debug)]
pub(super) struct Unfinished(PathBuf);

impl Unfinished {
    /// A new file in a folder. What it is called there is short: the name that it will have may be
    /// as long as names can be.
    pub(super) fn file_in(folder: &Path) -> io::Result<(Self, File)> {
        let mut unfinished = lock();
        for number in 0..MOST_PARTS {
            let path = folder.join(format!(".{}-{number}.part", process::id()));
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    unfinished.push(path.clone());
                    return Ok((Self(path), file));
                }
            }
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    /// Gives files their names: an end at once comes before the first has its own, or after the
    /// last.
    pub(super) fn rename_all<'a>(
        files: impl IntoIterator<Item = (&'a Self, &'a Path)>,
    ) -> io::Result<()> {
        let mut unfinished = lock();
        for (Self(part), path) in files {
            fs::rename(part, path)?;
            unfinished.retain(|path| path != part);
        }
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut unfinished = lock();
        let before = unfinished.len();
        unfinished.retain(|path| *path != self.0);
        if unfinished.len() < before {
            let _ = fs::remove_file(&self.0);
        }
    }
}

/// Ends at once. Meanwhile nothing is begun, and nothing gets its name.
pub(super) fn remove_all_and_exit(status: i32) -> ! {
    let unfinished = lock();
    for path in unfinished.iter().rev() {
        let _ = fs::remove_file(path);
    }
    process::exit(status)
}

/// No holder leaves the list in a state that others could not go on with.
fn lock() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
