//! Section `trace`: reading, writing and replaying a trace.

#[path = "trace/opaque_ids.rs"]
mod opaque_ids;
#[path = "trace/versions.rs"]
mod versions;

use core::ops::ControlFlow;

use quixote_session::Config;
use quixote_session::check::population::Habits;
use quixote_session::check::record::{Recording, record};
use quixote_session::check::replay::{Replayed, replay};
use quixote_session::check::trace::{MAX_LINE_BYTES, TraceReader, TraceWriter};

use crate::scenario::ALL;

const ONE: &str = concat!(
    r#"{"format":"quixote-session-trace/1","title":"","origin":"","config":{"#,
    r#""sharing":"live","cookie_name":"QX_session","cookie_path":null,"cookie_domain":null,"#,
    r#""access_resolution_ms":1000}}"#
);
const TWO: &str = concat!(
    r#"{"format":"quixote-session-trace/2","title":"","origin":"","config":{"#,
    r#""semantics":"strict","id_bits":128,"cookie_name":"__Host-session","cookie_path":"/","#,
    r#""cookie_domain":null,"cookie_hardened":true,"access_resolution_ms":60000,"#,
    r#""idle_limit_ms":1800000,"absolute_limit_ms":null,"max_form_tokens":16}}"#
);
const START: &str = concat!(
    r#"{"now":0,"event":"start_request","request":1,"cookie_header":null,"remote_addr":"c","#,
    r#""script_name":"","expect":{"remote_user":null}}"#
);
const FINISH: &str =
    r#"{"now":0,"event":"finish_request","request":1,"outcome":"successful","expect":{}}"#;

/// Reads and replays a trace; an error is returned as its text.
fn run(text: impl AsRef<[u8]>) -> Result<Replayed, String> {
    let trace = TraceReader::new("t", text.as_ref()).map_err(|error| error.to_string())?;
    replay(trace).map_err(|error| error.to_string())
}

fn lines(lines: &[&str]) -> String {
    lines.join("\n")
}

fn recorded(config: &Config, seed: u64) -> Vec<u8> {
    let mut trace = Vec::new();
    let recording = Recording { config: config.clone(), habits: Habits::ALL, seed, steps: 2_000 };
    record(&recording, &mut trace, &mut || ControlFlow::Continue(())).unwrap();
    trace
}

// [trace-1] [trace-2] [trace-3]
#[test]
fn a_trace_is_lines_of_json_in_utf8() {
    assert_eq!(run(lines(&[ONE, START, FINISH])).unwrap().steps, 2);
    let long = format!("{START}{}", " ".repeat(MAX_LINE_BYTES));
    for (text, expected) in [
        (Vec::new(), "t:1:1: "),
        (lines(&[START]).into(), "t:1:"),
        (format!("\u{feff}{ONE}").into(), "t:1:1: "),
        (lines(&[ONE, "", START]).into(), "t:2:1: "),
        (lines(&[ONE, "[]"]).into(), "t:2:"),
        (lines(&[ONE, r#"{"now":"#]).into(), "t:2:"),
        ([ONE.as_bytes(), b"\n{\"now\xff\":0}"].concat(), "t:2:"),
        (lines(&[ONE, &long]).into(), "t:2:"),
    ] {
        let error = run(text).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(MAX_LINE_BYTES, 16 << 20);
}

// [trace-4] [trace-10]
#[test]
fn a_header_names_its_format_and_a_fit_configuration() {
    for (from, to, expected) in [
        ("trace/1", "trace/4", "expected the format"),
        ("trace/1", "trace/2", "sharing"),
        ("trace/1", "trace/3", "sharing"),
        ("trace/1", "trace", "expected the format"),
        ("QX_session", "a;b", "cookie_name"),
        (r#""cookie_path":null"#, r#""cookie_path":"app""#, "cookie_path"),
    ] {
        let error = run(ONE.replace(from, to)).unwrap_err();
        assert!(error.starts_with("t:1:") && error.contains(expected), "{error}");
    }
    let insecure = TWO.replace(r#""cookie_hardened":true"#, r#""cookie_hardened":false"#);
    assert!(run(insecure).unwrap_err().contains("__Host-"));
}

// [trace-5]
#[test]
fn a_reader_is_strict_about_keys() {
    for (from, to, expected) in [
        (r#""now":0,"#, "", "now"),
        (r#""now":0,"#, r#""now":0,"now":0,"#, "now"),
        (r#""now":0,"#, r#""now":0,"later":0,"#, "later"),
        (r#""request":1,"#, "", "request"),
        (r#""remote_addr":"c","#, "", "remote_addr"),
        (r#""remote_addr":"c","#, r#""remote_addr":"c","token":"x","#, "token"),
        (r#""remote_user":null"#, r#""set_cookie":null"#, "set_cookie"),
        (r#""remote_user":null"#, r#""user":null"#, "user"),
        (r#""expect":{"remote_user":null}"#, r#""expect":[]"#, "object"),
        ("start_request", "begin_request", "begin_request"),
    ] {
        assert!(START.contains(from), "{from}");
        let error = run(lines(&[ONE, &START.replace(from, to)])).unwrap_err();
        assert!(error.starts_with("t:2:") && error.contains(expected), "{to}: {error}");
    }
    for (from, to) in [(r#""title":"","#, ""), (r#""title":"","#, r#""name":"","title":"","#)] {
        assert!(run(ONE.replace(from, to)).unwrap_err().starts_with("t:1:"));
    }
}

// [trace-7]
#[test]
fn a_character_of_a_cookie_header_stands_for_a_byte() {
    let start = |header: &str, cookie: &str| {
        let told = format!(r#""cookie_header":"{header}""#);
        let start = START.replace(r#""cookie_header":null"#, &told);
        start.replace("{\"remote_user\":null}", &format!(r#"{{"request_cookie":"{cookie}"}}"#))
    };
    for byte in 0x80..=u8::MAX {
        let char = char::from(byte);
        let line = start(&format!("QX_session=a{char}"), &format!("a{char}"));
        assert!(run(lines(&[ONE, &line])).unwrap().differs.is_none(), "{char:?}");
    }
    let line = start("QX_session=a\u{a0}b", "a");
    assert!(run(lines(&[ONE, &line])).unwrap().differs.is_some());
}

// [trace-11] [trace-12]
#[test]
fn draws_and_ids_have_the_width_of_the_configuration() {
    let (narrow, wide) = ("0".repeat(16), "0".repeat(32));
    let drawing = |draws: &[&str]| {
        let draws = serde_json::to_string(draws).unwrap();
        FINISH.replace(r#""now":0"#, &format!(r#""now":0,"draws":{draws}"#))
    };
    let delete =
        |id: &str| format!(r#"{{"now":0,"event":"delete_session","id":"{id}","expect":{{}}}}"#);
    for (header, fits, other, most) in [(ONE, &narrow, &wide, 4), (TWO, &wide, &narrow, 2)] {
        let read = |line: String| run(lines(&[header, &line])).map(|replayed| replayed.steps);
        assert_eq!(read(drawing(&vec![fits.as_str(); most])), Ok(1));
        assert!(read(drawing(&vec![fits.as_str(); most + 1])).unwrap_err().starts_with("t:2:"));
        assert!(read(drawing(&[other])).unwrap_err().starts_with("t:2:"));
        assert_eq!(read(delete(fits)), Ok(1));
        assert!(read(delete(other)).unwrap_err().starts_with("t:2:"));
    }
}

// [trace-13]
#[test]
fn stored_sessions_stand_in_order() {
    let session = |id: &str| {
        format!(
            r#"{{"id":{id},"user":"a","remote_addr":"","created":0,"accessed":0,"form_tokens":[]}}"#
        )
    };
    let [a, b] = ["a", "b"].map(|id| session(&format!("\"{}\"", id.repeat(16))));
    let stored = |sessions: &[&String]| {
        let sessions: Vec<&str> = sessions.iter().map(|session| session.as_str()).collect();
        let list = format!(r#""stored":[{}]"#, sessions.join(","));
        run(lines(&[ONE, &START.replace(r#""remote_user":null"#, &list)]))
    };
    assert!(stored(&[&a, &b]).is_ok());
    for wrong in [[&b, &a], [&a, &a]] {
        assert!(stored(&wrong).unwrap_err().contains("order"));
    }
    assert!(stored(&[&session("null")]).unwrap_err().starts_with("t:2:"));
}

// [trace-14] [trace-15] [trace-16]
#[test]
fn a_replay_compares_the_keys_that_are_there_and_stops_at_the_first_step_that_differs() {
    let (silent, mallory) = ("", r#""remote_user":"mallory""#);
    let drawing = r#""now":0,"draws":["00000000000000a1"]"#;
    for (now, expect, steps, keys) in [
        (r#""now":0"#, silent, 2, &[][..]),
        (drawing, silent, 1, &["draws"]),
        (r#""now":0"#, mallory, 1, &["remote_user"]),
        (drawing, mallory, 1, &["draws", "remote_user"]),
    ] {
        let step = START.replace(r#""now":0"#, now).replace(r#""remote_user":null"#, expect);
        let replayed = run(lines(&[ONE, &step, FINISH])).unwrap();
        let found = replayed.differs.map(|differs| differs.differences).unwrap_or_default();
        let found: Vec<_> = found.iter().map(|difference| difference.key).collect();
        assert_eq!((replayed.steps, &found[..]), (steps, keys), "{step}");
    }
}

// [trace-17]
#[test]
fn what_is_written_is_read_back() {
    for config in &ALL {
        let trace = recorded(config, 6);
        let mut reader = TraceReader::new("t", &trace[..]).unwrap();
        let header = reader.header().clone();
        assert_eq!(header.config, *config);
        let mut writer = TraceWriter::new(Vec::new(), &header).unwrap();
        let steps: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
        steps.iter().cloned().for_each(|step| writer.write(step).unwrap());
        let written = writer.into_inner();
        assert!(written == trace, "byte for byte");
        let again = TraceReader::new("t", &written[..]).unwrap();
        assert!(again.map(Result::unwrap).eq(steps));
    }
}

// [trace-18]
#[test]
fn a_recording_replays() {
    for config in &ALL {
        for seed in 0..5 {
            let replayed = run(recorded(config, seed)).unwrap();
            assert!(replayed.differs.is_none(), "{}, seed {seed}", config.semantics);
            assert_eq!(replayed.steps, 2_000);
        }
    }
}

// [trace-19]
#[test]
fn an_error_shows_no_secret() {
    let id = "00112233445566778899aabbccddeeff";
    let delete = format!(r#"{{"now":0,"event":"{id}","id":"{id}","expect":{{}}}}"#);
    let other = FINISH.replace("successful", id);
    for line in [delete, other] {
        let error = run(lines(&[TWO, &line])).unwrap_err();
        assert!(error.contains("0011") && !error.contains("00112233445566"), "{error}");
    }
}

/// Found by the fuzz target `trace`: a word of 400 characters was quoted whole, and what follows it
/// was cut.
// [trace-5]
#[test]
fn a_long_word_leaves_room_for_what_was_expected() {
    // The second word is escaped, so it becomes longer.
    for word in ["x", "\u{7f}"].map(|word| word.repeat(1_000)) {
        let event = FINISH.replace("finish_request", &word);
        let key = FINISH.replace("outcome", &word);
        for line in [event, key] {
            let error = run(lines(&[ONE, START, &line])).unwrap_err();
            assert!(error.contains(", expected one of `"), "{error}");
        }
    }
}
