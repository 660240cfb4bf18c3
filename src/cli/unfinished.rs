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

/// A file that has no name yet, or a new folder. It is removed unless it is finished.
#[derive(Debug)]
pub(super) struct Unfinished(PathBuf);

impl Unfinished {
    /// A new file in a folder. What it is called there is short: the name that it will have may be
    /// as long as names can be. If `private`, nobody else can read it until its mode is changed.
    pub(super) fn file_in(folder: &Path, private: bool) -> io::Result<(Self, File)> {
        let mut unfinished = lock();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        for number in 0..MOST_PARTS {
            let path = folder.join(format!(".{}-{number}.part", process::id()));
            match options.open(&path) {
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

    /// A new folder. None is made where one is.
    fn folder(path: &Path) -> io::Result<Option<Self>> {
        let mut unfinished = lock();
        match fs::create_dir(path) {
            Err(_) if path.is_dir() => Ok(None),
            Err(error) => Err(error),
            Ok(()) => {
                unfinished.push(path.into());
                Ok(Some(Self(path.into())))
            }
        }
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
            remove(&self.0);
        }
    }
}

/// A folder, and those above it that had to be made for it. They are removed unless they are kept.
#[derive(Debug)]
pub(super) struct NewFolder {
    path: PathBuf,
    made: Vec<Unfinished>,
}

impl NewFolder {
    /// Makes sure that it is there and that files can be made in it.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.is_dir();
        let missing: Vec<_> = path.ancestors().take_while(missing).collect();
        let mut folder = Self { path: path.into(), made: Vec::new() };
        for path in missing.into_iter().rev() {
            folder.made.extend(Unfinished::folder(path)?);
        }
        Unfinished::file_in(path, true)?;
        Ok(folder)
    }

    /// What it is called.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Something is in it that has its name.
    pub(super) fn keep(self) {
        lock().retain(|path| self.made.iter().all(|Unfinished(made)| made != path));
    }
}

/// The innermost first.
impl Drop for NewFolder {
    fn drop(&mut self) {
        while self.made.pop().is_some() {}
    }
}

/// Ends at once. Meanwhile nothing is begun, and nothing gets its name.
pub(super) fn remove_all_and_exit(status: i32) -> ! {
    let unfinished = lock();
    for path in unfinished.iter().rev() {
        remove(path);
    }
    process::exit(status)
}

/// A folder stays where something is in it.
fn remove(path: &Path) {
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
}

/// No holder leaves the list in a state that others could not go on with.
fn lock() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
