//! The target `trace`: any bytes, read as a trace.
//!
//! Either there is an error that names the place, or steps that satisfy every invariant of the
//! format: they are written and read back the same, and replay without a panic.

use quixote_session::Entropy;
use quixote_session::check::replay::replay;
use quixote_session::check::trace::{Header, TraceError, TraceReader, TraceStep, TraceWriter};

/// The file name in errors.
const FILE: &str = "fuzz.jsonl";

/// Reads `data` as a trace, and examines the result.
pub fn run(data: &[u8]) {
    let (header, steps, error) = match TraceReader::new(FILE, data) {
        Err(error) => return check_error(&error, data),
        Ok(trace) => read(trace),
    };
    assert_eq!(header.config.check(), Ok(()), "a header with a configuration that is none");
    for step in &steps {
        check_step(&header, step);
    }
    check_round_trip(&header, &steps);
    if let Some(error) = &error {
        check_error(error, data);
    }
    check_replay(data, steps.len(), error.as_ref());
}

/// Reads everything up to the first error.
fn read(mut trace: TraceReader<&[u8]>) -> (Header, Vec<TraceStep>, Option<TraceError>) {
    let header = trace.header().clone();
    let mut steps = Vec::new();
    while let Some(step) = trace.next() {
        match step {
            Ok(step) => steps.push(step),
            Err(error) => {
                assert!(trace.next().is_none(), "reading goes on after an error");
                return (header, steps, Some(error));
            }
        }
    }
    (header, steps, None)
}

/// Checks that an error names the file and an existing line and column, and is one printable line
/// without a secret.
fn check_error(error: &TraceError, data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let line = usize::try_from(error.line).ok().and_then(|line| line.checked_sub(1));
    let line = line.and_then(|line| lines.get(line));
    let line = line.unwrap_or_else(|| panic!("a line that is not there: {error}"));
    let fits = (1..=line.len().max(1) + 1).contains(&error.column);
    assert!(fits, "a column that is not there, of {}: {error}", line.len());
    let shown = error.to_string();
    let place = format!("{FILE}:{}:{}: ", error.line, error.column);
    assert!(shown.starts_with(&place) && shown.len() > place.len(), "{shown}");
    assert!(says_what_was_expected(&shown), "does not say what was expected: {shown}");
    assert!(!shown.chars().any(char::is_control), "not fit for a terminal: {shown:?}");
    let runs = error.message.split(|digit: char| !digit.is_ascii_hexdigit());
    assert!(runs.map(str::len).all(|run| run < 12), "shows a secret: {shown}");
}

/// Whether an error says what was expected. That something was "unexpected" does not say what to
/// write instead.
fn says_what_was_expected(shown: &str) -> bool {
    shown.match_indices("expected").any(|(at, _)| !shown[..at].ends_with("un"))
}

/// Checks what the format promises about a step that was read.
fn check_step(header: &Header, step: &TraceStep) {
    assert!(step.draws <= header.config.width.draws());
    // After the draws there are zeros, except for the handle, which is the end of the second half.
    let (ids, tokens) = step.input.entropy.bytes().split_at(Entropy::HALF);
    let taken = usize::from(step.draws) * header.config.width.bytes();
    let drawn = |half: &[u8]| half.iter().skip(taken).all(|byte| *byte == 0);
    assert!(drawn(ids), "entropy that was not drawn");
    assert!(drawn(&tokens[..Entropy::HALF - 16]), "entropy that was not drawn");
    let stored = step.expect.stored.as_deref().unwrap_or_default();
    assert!(stored.iter().all(|session| session.id.is_some()));
    assert!(stored.is_sorted_by(|one, next| one.id < next.id));
}

fn check_round_trip(header: &Header, steps: &[TraceStep]) {
    let text = write(header, steps);
    let (again, steps_again, error) = match TraceReader::new(FILE, &text[..]) {
        Ok(trace) => read(trace),
        Err(error) => panic!("written, not read: {error}"),
    };
    assert!(error.is_none(), "written, not read: {error:?}");
    assert_eq!(&again, header);
    assert_eq!(steps_again, steps);
    assert_eq!(write(&again, &steps_again), text, "written twice, in two ways");
}

fn write(header: &Header, steps: &[TraceStep]) -> Vec<u8> {
    let written = TraceWriter::new(Vec::new(), header).and_then(|mut writer| {
        for step in steps {
            writer.write(step.clone())?;
        }
        Ok(writer.into_inner())
    });
    written.unwrap_or_else(|error| panic!("read, not written: {error}"))
}

/// Checks that a replay reads what the reader read, up to the first difference.
fn check_replay(data: &[u8], steps: usize, error: Option<&TraceError>) {
    let trace = TraceReader::new(FILE, data).unwrap_or_else(|error| panic!("not twice: {error}"));
    match replay(trace) {
        Ok(replayed) => {
            let all = usize::try_from(replayed.steps).is_ok_and(|replayed| replayed == steps);
            assert!(replayed.differs.is_some() || (all && error.is_none()), "stopped for nothing");
        }
        Err(found) => assert_eq!(Some(&found), error),
    }
}

#[cfg(test)]
mod tests {
    use super::says_what_was_expected;

    #[test]
    fn what_is_unexpected_is_not_what_was_expected() {
        assert!(says_what_was_expected("invalid type: string, expected u64"));
        assert!(says_what_was_expected("unexpected end, expected a header"));
        assert!(!says_what_was_expected("unexpected end of hex escape"));
        assert!(!says_what_was_expected("key must be a string"));
    }
}
