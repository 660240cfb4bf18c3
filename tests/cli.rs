//! The command line, run from outside: what it says, its exit status, and what it leaves behind.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may panic")]

#[path = "cli/dirty.rs"]
mod dirty;
#[path = "cli/ends.rs"]
mod ends;
#[path = "cli/files.rs"]
mod files;
#[path = "cli/malformed.rs"]
mod malformed;
#[path = "cli/numbers.rs"]
mod numbers;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use self::malformed::Malformed;

const HEADER: &str = concat!(
    r#"{"format": "quixote-session-trace/1", "title": "", "origin": "", "config": "#,
    r#"{"sharing": "live", "cookie_name": "QX_session", "cookie_path": null, "#,
    r#""cookie_domain": null, "access_resolution_ms": 1000}}"#
);
const STEP: &str = concat!(
    r#"{"now": 0, "event": "delete_session", "id": "00000000000000a1", "#,
    r#""expect": {"reply": {"refused": "unknown_session"}}}"#
);

/// An empty folder for one test in one run. It is deleted when this value is dropped.
struct Folder(TempDir);

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.0.path()
    }
}

fn folder(name: &str) -> Folder {
    let parent = env!("CARGO_TARGET_TMPDIR");
    Folder(tempfile::Builder::new().prefix(&format!("{name}-")).tempdir_in(parent).unwrap())
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quixote-session"));
    command.current_dir(folder).args(arguments);
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

fn out(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    entries.map(|name| name.to_string_lossy().into_owned()).collect()
}

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces")
}

/// A recording with one wrong value.
fn falsified() -> String {
    let path = recordings().join("quixote-2.4/fixation.jsonl");
    let text = fs::read_to_string(path).unwrap();
    let mut lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let last = lines.last_mut().unwrap();
    last["expect"]["stored"][0]["user"] = json!("mallory");
    last["expect"]["stored"][0]["form_tokens"] = json!(["00000000000000e7"]);
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

#[test]
fn the_recordings_replay() {
    let output = run(&recordings(), &["replay", "."]);
    assert_eq!((status(&output), err(&output)), (0, ""));
    insta::assert_snapshot!(out(&output), @r"
    semantics    traces        steps  differences
    copying         105         4781            0
    live            201         6472            0
    all             306        11253            0
    ");
}

#[test]
fn a_difference_is_told_without_a_whole_secret() {
    let folder = folder("difference");
    fs::write(folder.join("t.jsonl"), falsified()).unwrap();
    let output = run(&folder, &["replay", "t.jsonl"]);
    assert_eq!((status(&output), err(&output)), (1, ""));
    insta::assert_snapshot!("difference", out(&output));
    let machines = run(&folder, &["replay", "--json", "."]);
    assert_eq!(status(&machines), 1);
    insta::assert_snapshot!("difference_json", out(&machines));
    for text in [out(&output), out(&machines)] {
        assert!(!text.contains("00000000000000"), "a whole id or token: {text}");
    }
    let revealed = run(&folder, &["replay", "--reveal", "t.jsonl"]);
    assert!(out(&revealed).contains("[\"00000000000000e7\"]"), "{}", out(&revealed));
}

#[test]
fn what_a_client_sent_is_escaped_once() {
    let folder = folder("escaped");
    let step = concat!(
        r#"{"now": 0, "event": "start_request", "request": 1, "remote_addr": "", "#,
        r#""script_name": "", "cookie_header": "QX_session=a\u0007\u0085", "#,
        r#""expect": {"request_cookie": "\u001b[1m\\n\""}}"#
    );
    fs::write(folder.join("t.jsonl"), format!("{HEADER}\n{step}\n")).unwrap();
    let document = run(&folder, &["replay", "--json", "t.jsonl"]);
    let document: Value = serde_json::from_str(out(&document)).unwrap();
    let found = &document["differing"][0]["differences"][0];
    assert_eq!(found["expected"], "\u{1b}[1m\\n\"");
    assert_eq!(found["observed"], "a\u{7}\u{85}");
    let output = run(&folder, &["replay", "t.jsonl"]);
    let row = out(&output).lines().find(|line| line.contains("request_cookie")).unwrap();
    assert!(row.ends_with(r#""\u001b[1m\\n\""  "a\u0007\u{85}""#), "{row}");
}

#[test]
fn what_is_malformed_is_named_with_its_place() {
    let folder = folder("malformed");
    let mut table = String::new();
    for Malformed(name, text) in malformed::all() {
        fs::write(folder.join("t.jsonl"), text).unwrap();
        let output = run(&folder, &["replay", "t.jsonl"]);
        assert_eq!(status(&output), 2, "{name}: {}", err(&output));
        let message = err(&output).strip_prefix("error: t.jsonl:").unwrap_or_else(|| {
            panic!("{name}: {}", err(&output));
        });
        assert_eq!(message.lines().count(), 1, "{name}: {message}");
        // The word "unexpected" does not say what was expected.
        assert!(message.replace("unexpected", "").contains("expected"), "{name}: {message}");
        assert!(out(&output).contains("could not read 1"), "{name}");
        write!(table, "{name}\n    {message}").unwrap();
    }
    insta::assert_snapshot!("malformed", table);
}

#[test]
fn a_line_of_100_megabytes_is_refused() {
    let folder = folder("long");
    File::create(folder.join("t.jsonl")).unwrap().set_len(100_000_000).unwrap();
    let output = run(&folder, &["replay", "t.jsonl"]);
    assert_eq!(status(&output), 2);
    insta::assert_snapshot!(
        err(&output),
        @"error: t.jsonl:1:16777216: expected a line of at most 16777216 bytes"
    );
}

#[test]
fn what_is_not_there_is_named_and_the_rest_is_replayed() {
    let folder = folder("missing");
    fs::create_dir(folder.join("none")).unwrap();
    fs::write(folder.join("none/t.json"), "").unwrap();
    fs::create_dir(folder.join("folder.jsonl")).unwrap();
    fs::write(folder.join("bad.jsonl"), "{").unwrap();
    fs::write(folder.join("good.jsonl"), format!("{HEADER}\n{STEP}\n")).unwrap();
    fs::write(folder.join("differs.jsonl"), falsified()).unwrap();
    let paths = ["lost.jsonl", "none", "folder.jsonl", "good.jsonl/x", "bad.jsonl", "good.jsonl"];
    let output = run(&folder, &[&["replay"], &paths[..], &["differs.jsonl"]].concat());
    assert_eq!(status(&output), 2, "what cannot be read weighs more than what differs");
    let named = [
        "error: lost.jsonl: cannot read: No such file or directory (os error 2)",
        "error: none: expected a folder with traces, found no *.jsonl in it",
        "error: folder.jsonl: expected a folder with traces, found no *.jsonl in it",
        "error: good.jsonl/x: cannot read: Not a directory (os error 20)",
        "error: bad.jsonl:1:1: expected the rest of a JSON object, the line is cut off: \
         EOF while parsing an object",
    ];
    assert_eq!(err(&output).lines().collect::<Vec<_>>(), named);
    assert!(out(&output).contains("differs.jsonl:9: finish_request differs"), "{}", out(&output));
    let summary = out(&output).split_once("semantics ").unwrap().1;
    insta::assert_snapshot!(summary, @r"
       traces        steps  differences
    live              2            9            1
    all               2            9            1
    could not read 5 of 7 files or folders
    ");
    let output = run(&folder, &["replay", "--json", "lost.jsonl", "bad.jsonl", "good.jsonl"]);
    let document: Value = serde_json::from_str(out(&output)).unwrap();
    assert_eq!(document["all"], json!({ "traces": 1, "steps": 1, "differences": 0 }));
    assert_eq!(document["unreadable"][0]["line"], Value::Null);
    assert_eq!(document["unreadable"][1]["column"], 1);
    assert_eq!(status(&run(&folder, &["replay"])), 2, "no path at all");
}

#[test]
fn what_is_recorded_replays() {
    let folder = folder("round_trip");
    for semantics in ["live", "copying", "strict"] {
        for (seed, values) in [("1", false), ("2", true), ("3", false), ("4", true)] {
            let mut arguments = vec!["record", "--semantics", semantics, "--seed", seed];
            arguments.extend(["--steps", "400", "--out", "t.jsonl"]);
            arguments.extend(values.then_some("--values"));
            let output = run(&folder, &arguments);
            assert_eq!((status(&output), err(&output), out(&output)), (0, "", ""));
            let header = fs::read_to_string(folder.join("t.jsonl")).unwrap();
            let version = if values || semantics == "strict" { "trace/3" } else { "trace/1" };
            assert!(header.lines().next().unwrap().contains(version), "{arguments:?}");
            let output = run(&folder, &["replay", "t.jsonl"]);
            assert_eq!(status(&output), 0, "{}", out(&output));
            let all = out(&output).lines().last().unwrap();
            assert_eq!(all.split_whitespace().collect::<Vec<_>>(), ["all", "1", "400", "0"]);
        }
    }
    assert_eq!(names(&folder), ["t.jsonl"], "no part is left behind");
}

#[test]
fn a_varied_and_careless_recording_replays() {
    let folder = folder("varied");
    for semantics in ["live", "copying", "strict"] {
        for seed in ["1", "2", "3", "4"] {
            let arguments = ["--semantics", semantics, "--seed", seed, "--vary", "--careless"];
            let record = [&["record", "--out", "t.jsonl"], &arguments[..]].concat();
            assert_eq!(status(&run(&folder, &record)), 0);
            let output = run(&folder, &["replay", "t.jsonl"]);
            assert_eq!(status(&output), 0, "{}", out(&output));
        }
    }
}

#[test]
fn what_is_dirty_can_be_said_of_a_recording_that_does_not() {
    let folder = folder("dirty");
    let of = |semantics: &str, said: &[&str], replayed: &[&str]| {
        let steps = ["--semantics", semantics, "--steps", "400", "--out", "t.jsonl"];
        assert_eq!(status(&run(&folder, &[&["record"], &steps[..], said].concat())), 0);
        status(&run(&folder, &[&["replay", "t.jsonl"], replayed].concat()))
    };
    let (never, has_info) = (["--is-dirty", "never"], ["--is-dirty", "has-info"]);
    for (semantics, own, other) in [("live", never, has_info), ("copying", has_info, never)] {
        assert_eq!(of(semantics, &[], &own), 0);
        assert_eq!(of(semantics, &own, &[]), 0, "it is the one of the semantics");
        assert_eq!(of(semantics, &[], &other), 1);
        assert_eq!(of(semantics, &other, &[]), 0, "it stands in the header");
        assert_eq!(of(semantics, &other, &own), 1);
    }
}

#[test]
fn the_same_seed_records_the_same() {
    let folder = folder("seed");
    let record = |seed| run(&folder, &["record", "--steps", "6", "--seed", seed]);
    assert_eq!(record("7").stdout, record("7").stdout);
    assert_ne!(record("7").stdout, record("8").stdout);
    insta::assert_snapshot!("record", out(&record("7")));
}

#[test]
fn a_trace_is_read_from_the_standard_input() {
    let folder = folder("stdin");
    let mut record = command(&folder, &["record", "--semantics", "strict", "--steps", "50"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output =
        command(&folder, &["replay", "-"]).stdin(record.stdout.take().unwrap()).output().unwrap();
    assert!(record.wait().unwrap().success());
    assert_eq!((status(&output), err(&output)), (0, ""));
    assert!(out(&output).contains("strict            1           50            0"));
}

#[test]
fn a_reader_that_closes_its_end_is_no_error() {
    let folder = folder("pipe");
    fs::write(folder.join("t.jsonl"), falsified()).unwrap();
    for (arguments, expected) in
        [(&["record", "--steps", "1000000000"][..], 0), (&["replay", "t.jsonl"], 1)]
    {
        let mut child = command(&folder, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        let mut pipe = child.stdout.take().unwrap();
        if expected == 0 {
            pipe.read_exact(&mut first).unwrap();
        }
        drop(pipe);
        let output = child.wait_with_output().unwrap();
        assert_eq!((status(&output), err(&output)), (expected, ""));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_that_leaves_nothing_behind() {
    let folder = folder("full");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command(&folder, &["record"]).stdout(full).output().unwrap();
    assert_eq!(status(&output), 2);
    assert_eq!(err(&output), "error: cannot write: No space left on device (os error 28)\n");
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = command(&recordings(), &["replay", "."]).stdout(full).output().unwrap();
    assert_eq!(status(&output), 2);
    for path in ["/dev/full", "lost/t.jsonl"] {
        let output = run(&folder, &["record", "--out", path]);
        assert_eq!(status(&output), 2);
        assert!(err(&output).starts_with(&format!("error: {path}: cannot write: ")));
    }
    // If its signal is ignored, the limit on the size of files becomes an error.
    let shell = "trap '' XFSZ; ulimit -f 8; exec \"$0\" record --out t.jsonl";
    let output = Command::new("sh")
        .current_dir(&*folder)
        .args(["-c", shell, env!("CARGO_BIN_EXE_quixote-session")])
        .output()
        .unwrap();
    assert_eq!(status(&output), 2, "{}", err(&output));
    assert!(err(&output).contains("t.jsonl: cannot write: File too large"), "{}", err(&output));
    assert_eq!(names(&folder), Vec::<String>::new());
}

#[test]
fn help_says_what_the_exit_status_means() {
    let output = run(&folder("help"), &["replay", "--help"]);
    assert_eq!(status(&output), 0);
    insta::assert_snapshot!("help_replay", out(&output));
    let output = run(&folder("help"), &["--help"]);
    assert_eq!(status(&output), 0);
    insta::assert_snapshot!("help", out(&output));
}

/// The tests are built without the judge.
#[test]
fn a_build_without_the_judge_says_how_to_get_it() {
    let output = run(&folder("judge"), &["judge", "http://127.0.0.1:1", "--json", "--", "server"]);
    assert_eq!(status(&output), 2);
    assert_eq!(out(&output), "");
    assert!(err(&output).contains("cargo run --features judge -- judge URL"));
}
