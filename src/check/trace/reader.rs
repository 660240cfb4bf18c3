//! Reads a trace as a stream, line by line, with a bound on the length of a line.

use core::fmt;
use std::format;
use std::io::{self, BufRead, Read as _};
use std::string::String;
use std::vec::Vec;

use super::error::{Fault, TraceError};
use super::header::Header;
use super::line::TraceStep;
use super::opaque::Names;
use crate::config::Dirtiness;

/// The most bytes in one line. No more than this is read of a longer line.
pub const MAX_LINE_BYTES: usize = 16 << 20;

/// Reads a trace step by step; nothing but the current line is kept.
///
/// ```
/// use quixote_session::check::trace::TraceReader;
///
/// let text = r#"{"format": "quixote-session-trace/1", "title": "", "origin": "", "config":
///     {"sharing": "live", "cookie_name": "QX_session", "cookie_path": null,
///     "cookie_domain": null, "access_resolution_ms": 1000}}"#.replace('\n', "")
///     + "\n" + r#"{"now": 0, "event": "delete_session", "id": "*del*", "expect": {}}"#;
/// let mut trace = TraceReader::new("t.jsonl", text.as_bytes())?;
/// assert_eq!(trace.header().config, quixote_session::Config::QUIXOTE);
/// let error = trace.next().unwrap().unwrap_err();
/// assert_eq!(error.to_string(), "t.jsonl:2:51: expected 16 or 32 lower-case hex digits");
/// # Ok::<(), quixote_session::check::trace::TraceError>(())
/// ```
pub struct TraceReader<R> {
    lines: Lines<R>,
    header: Header,
    /// The id for each text, if ids are any text.
    names: Option<Names>,
    ended: bool,
}

/// Shows the place in the trace, and nothing of the line there.
impl<R> fmt::Debug for TraceReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lines { file, number, .. } = &self.lines;
        f.debug_struct("TraceReader")
            .field("file", file)
            .field("line", number)
            .finish_non_exhaustive()
    }
}

impl<R: BufRead> TraceReader<R> {
    /// Reads the header. `file` is the name of the trace in errors.
    ///
    /// # Errors
    /// A [`TraceError`] if there is none, or one of another version.
    pub fn new(file: impl Into<String>, from: R) -> Result<Self, TraceError> {
        let mut lines = Lines { file: file.into(), from, number: 0, text: Vec::new() };
        let header = match lines.next_line() {
            Ok(Some(line)) => Header::parse(line),
            Ok(None) => {
                Err(Fault::new("expected the header of a trace, found the end of the file"))
            }
            Err(fault) => Err(fault),
        };
        let (header, opaque) =
            header.map_err(|fault| fault.in_file(&lines.file, lines.number.max(1)))?;
        let names = opaque.then(|| Names::new(header.config.width));
        Ok(Self { lines, header, names, ended: false })
    }

    /// The same trace, for a system whose `is_dirty` answered differently from what the header
    /// says. Version 1 cannot express that.
    #[must_use]
    pub const fn with_dirtiness(mut self, is_dirty: Dirtiness) -> Self {
        self.header.config.is_dirty = is_dirty;
        self
    }

    /// What the first line says.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The number of the line that was read last, from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.lines.number
    }

    fn step(&mut self) -> Result<Option<TraceStep>, Fault> {
        let Self { lines, header, names, .. } = self;
        let Some(line) = lines.next_line()? else { return Ok(None) };
        let parse = |line: &str| TraceStep::parse(header.version, &header.config, line);
        let Some(names) = names else { return parse(line).map(Some) };
        // [trace-9]
        let mut step = parse(&names.translate(&header.config, line)?)
            .map_err(|fault| Fault::new(&fault.message))?;
        names.translate_cookie(&mut step.input.event);
        Ok(Some(step))
    }
}

/// The steps; the first error is the last item.
impl<R: BufRead> Iterator for TraceReader<R> {
    type Item = Result<TraceStep, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let step = self.step().transpose();
        self.ended = !matches!(step, Some(Ok(_)));
        step.map(|step| step.map_err(|fault| fault.in_file(&self.lines.file, self.lines.number)))
    }
}

struct Lines<R> {
    file: String,
    from: R,
    number: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The next line, without its end; None at the end of the file. An empty line is an error.
    // [trace-1] [trace-2] [trace-3]
    fn next_line(&mut self) -> Result<Option<&str>, Fault> {
        self.text.clear();
        let most = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
        let bounded =
            (&mut self.from).take(most.saturating_add(1)).read_until(b'\n', &mut self.text);
        self.number = self.number.saturating_add(1);
        if bounded.map_err(|error| not_read(&error))? == 0 {
            return Ok(None);
        }
        let line = self.text.strip_suffix(b"\n").unwrap_or(&self.text);
        if line.len() > MAX_LINE_BYTES {
            let text = format!("expected a line of at most {MAX_LINE_BYTES} bytes");
            return Err(Fault::at(MAX_LINE_BYTES, &text));
        }
        if line.starts_with(b"\xef\xbb\xbf") {
            return Err(Fault::new("expected a JSON object, found a byte order mark"));
        }
        if line.trim_ascii().is_empty() {
            return Err(Fault::new("expected a JSON object, found an empty line"));
        }
        if !line.trim_ascii_start().starts_with(b"{") {
            return Err(Fault::new("expected a JSON object, which begins with {"));
        }
        str::from_utf8(line).map(Some).map_err(|error| {
            let column = error.valid_up_to().saturating_add(1);
            Fault::at(column, "expected UTF-8, found a byte that is none")
        })
    }
}

fn not_read(error: &io::Error) -> Fault {
    Fault::new(&format!("expected a line, reading failed: {error}"))
}
