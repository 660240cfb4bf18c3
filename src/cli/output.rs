//! Where output goes: a reader that closes its end is no error, and no file appears half-written.

use std::cell::Cell;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use quixote_session::check::trace::printable;
use serde_json::Value;

use super::Exit;

/// Says on standard error what went wrong. If that cannot be said, nothing more can be done.
pub(super) fn complain(message: &str) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {message}");
}

/// Says that a named file or folder could not be written.
pub(super) fn not_written(path: &Path, error: &io::Error) -> Exit {
    complain(&format!("{}: cannot write: {error}", printable(&path.to_string_lossy())));
    Exit::Failed
}

/// Writes one JSON document, fit for a terminal too: what JSON lets stand and is not printable is
/// escaped, and so reads back as it was.
pub(super) fn write_document(out: &mut impl Write, document: &Value) -> io::Result<()> {
    let mut escaped = String::new();
    for character in format!("{document:#}\n").chars() {
        // All that is no ASCII stands in a text.
        if character == '\n' || !character.escape_debug().to_string().starts_with("\\u") {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = fmt::Write::write_fmt(&mut escaped, format_args!("\\u{unit:04x}"));
            }
        }
    }
    out.write_all(escaped.as_bytes())
}

/// Passes everything on until the reader closes its end, and nothing from then on.
pub(super) struct Pipe<W> {
    to: W,
    closed: Rc<Cell<bool>>,
}

impl<W: Write> Pipe<W> {
    /// An open one.
    pub(super) fn new(to: W) -> Self {
        Self { to, closed: Rc::default() }
    }

    /// A flag that is set once nobody reads any more.
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

/// Writes a file that appears under its name only once it is complete.
///
/// Until then the text stands in an unnamed file, which vanishes with the process, whatever ends
/// it. What is not a plain file, such as a device, is written to directly.
pub(super) fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    // The name of a folder: without its slash it would name a file.
    if path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(ErrorKind::IsADirectory.into());
    }
    // A link stays a link: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| Path::new(".").join(path));
    if fs::metadata(&path).is_ok_and(|found| !found.is_file()) {
        let mut device = BufWriter::new(File::options().write(true).open(&path)?);
        write(&mut device)?;
        return device.flush();
    }
    let name = path.file_name().ok_or(ErrorKind::InvalidInput)?;
    let folder = path.parent().unwrap_or(&path);
    let mut text = BufWriter::new(tempfile::tempfile_in(folder)?);
    write(&mut text)?;
    let mut text = text.into_inner()?;
    text.rewind()?;
    write_files(folder, [(name, text)])
}

/// Writes files to a folder, which is created if it is missing: all of them, or none if one cannot
/// be written.
///
/// They are collected in a temporary folder that others cannot read, and moved when all of them
/// are on the disk. A process that is killed meanwhile may leave that folder behind, and one that
/// is killed while it moves several files may have moved only some; each of them is whole.
pub(super) fn write_files<R: Read>(
    folder: &Path,
    files: impl IntoIterator<Item = (impl AsRef<Path>, R)>,
) -> io::Result<()> {
    let mut parts = tempfile::Builder::new();
    #[cfg(unix)]
    parts.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let parts = parts.tempdir_in(existing(folder))?;
    let mut moves = Vec::new();
    for (name, mut text) in files {
        let (part, path) = (parts.path().join(&name), folder.join(&name));
        let mut file = File::create_new(&part)?;
        io::copy(&mut text, &mut file)?;
        if let Ok(replaced) = fs::metadata(&path) {
            file.set_permissions(replaced.permissions())?;
        }
        file.sync_all()?;
        moves.push((part, path));
    }
    fs::create_dir_all(folder)?;
    moves.iter().try_for_each(|(part, path)| fs::rename(part, path))
}

/// Fails if no file can be written to a folder, or to the one in which it would be created.
pub(super) fn expect_writable(folder: &Path) -> io::Result<()> {
    tempfile::tempfile_in(existing(folder)).map(drop)
}

/// The folder, or the nearest above it that exists. A relative path begins in the current folder.
fn existing(folder: &Path) -> PathBuf {
    let folder = Path::new(".").join(folder);
    folder.ancestors().find(|path| path.exists()).unwrap_or(&folder).into()
}
