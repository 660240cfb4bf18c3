//! Where output goes: a reader that closed its end is no error, and no file is left half-written.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::unfinished::Unfinished;

/// Says on the standard error output what went wrong. That it cannot be said is no reason to fail.
pub(super) fn complain(message: &str) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {message}");
}

/// Passes everything on until the reader closes its end, and from then on nothing.
pub(super) struct Pipe<W> {
    to: W,
    closed: Rc<Cell<bool>>,
}

impl<W: Write> Pipe<W> {
    /// An open one.
    pub(super) fn new(to: W) -> Self {
        Self { to, closed: Rc::default() }
    }

    /// Whether nobody reads any more: now, and at any later time.
    pub(super) fn closed(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.closed)
    }

    fn unless_closed<T>(&self, done: io::Result<T>, instead: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed.set(true);
                Ok(instead)
            }
            done => done,
        }
    }
}

impl<W: Write> Write for Pipe<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed.get() {
            return Ok(bytes.len());
        }
        let done = self.to.write(bytes);
        self.unless_closed(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed.get() {
            return Ok(());
        }
        let done = self.to.flush();
        self.unless_closed(done, ())
    }
}

/// A file that appears under its name only when it is complete: written beside, then renamed.
pub(super) struct NewFile {
    to: BufWriter<File>,
    part: Option<Unfinished>,
    path: PathBuf,
}

impl NewFile {
    /// Begins to write. What is no plain file, such as a device, is written to directly.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.into());
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            let file = OpenOptions::new().write(true).open(&path)?;
            return Ok(Self { to: BufWriter::new(file), part: None, path });
        }
        path.file_name().ok_or(ErrorKind::InvalidInput)?;
        // What nobody else could read, nobody else shall read, at no time.
        let replaced = fs::metadata(&path).ok();
        let folder = path.parent().unwrap_or(Path::new(""));
        let (part, file) = Unfinished::file_in(folder, replaced.is_some())?;
        if let Some(replaced) = replaced {
            file.set_permissions(replaced.permissions())?;
        }
        Ok(Self { to: BufWriter::new(file), part: Some(part), path })
    }

    /// Everything is written: gives the file its name.
    pub(super) fn complete(mut self) -> io::Result<()> {
        self.sync()?;
        Self::name_all(&[self])
    }

    /// Everything is written: brings it to the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.to.flush()?;
        if self.part.is_some() { self.to.get_ref().sync_all() } else { Ok(()) }
    }

    /// Gives files their names, after all of them were synced.
    pub(super) fn name_all(files: &[Self]) -> io::Result<()> {
        let named =
            files.iter().filter_map(|file| Some((file.part.as_ref()?, file.path.as_path())));
        Unfinished::rename_all(named)
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
