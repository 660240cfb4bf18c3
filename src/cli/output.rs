//! Where output goes: a reader that closed its end is no error, and no file is left half-written.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

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
    beside: Option<PathBuf>,
    path: PathBuf,
}

impl NewFile {
    /// Begins to write. What is no plain file, such as a device, is written to directly.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.into());
        if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
            let file = OpenOptions::new().write(true).open(&path)?;
            return Ok(Self { to: BufWriter::new(file), beside: None, path });
        }
        let mut name = path.file_name().ok_or(ErrorKind::InvalidInput)?.to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let beside = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
        Ok(Self { to: BufWriter::new(file), beside: Some(beside), path })
    }

    /// Everything is written: gives the file its name.
    pub(super) fn complete(mut self) -> io::Result<()> {
        self.to.flush()?;
        if let Some(beside) = &self.beside {
            self.to.get_ref().sync_all()?;
            fs::rename(beside, &self.path)?;
            self.beside = None;
        }
        Ok(())
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

/// What was not completed leaves nothing behind.
impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = fs::remove_file(beside);
        }
    }
}
