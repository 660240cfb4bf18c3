//! Ctrl-C, SIGTERM and SIGHUP: what a command leaves that is asked to end.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use super::{HEADER, STEP, err, folder, names, out, run, status};

/// Begins a command on which signals act as they do by default, even where these tests run in the
/// background of a script or under `nohup`.
fn begin(folder: &Path, arguments: &[&str]) -> Child {
    begin_with(folder, "--default-signal=HUP,INT,TERM", arguments)
}

fn begin_with(folder: &Path, signals: &str, arguments: &[&str]) -> Child {
    Command::new("env")
        .arg(signals)
        .arg(env!("CARGO_BIN_EXE_quixote-session"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What hangs has failed. So long takes nothing here, however busy the machine is.
const DEADLINE: Duration = Duration::from_mins(2);

/// Waits until the child ends, which is killed at the deadline.
fn finish(child: Child) -> Output {
    let id = child.id().to_string();
    spawn(move || {
        sleep(DEADLINE);
        Command::new("kill").args(["-s", "KILL", &id]).status()
    });
    child.wait_with_output().unwrap()
}

/// Waits until something is so. A child that ends before has failed, and says why.
fn wait(child: &mut Child, until: impl Fn(&Child) -> bool) {
    let begun = Instant::now();
    while !until(child) {
        assert!(begun.elapsed() < DEADLINE, "what was waited for does not happen");
        if let Some(status) = child.try_wait().unwrap() {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("it ended too early, with {status}: {said}");
        }
        sleep(Duration::from_millis(1));
    }
}

/// What Linux says about a process under this key.
fn told(child: &Child, key: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let told = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    told.trim_start_matches(':').trim().to_owned()
}

/// Whether it watches for Ctrl-C.
fn watches(child: &Child) -> bool {
    u64::from_str_radix(&told(child, "SigCgt"), 16).unwrap() & 1 << 1 != 0
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Whether it waits for something, and has so for a while.
fn sleeps(child: &Child) -> bool {
    (0..20).all(|_| {
        sleep(Duration::from_millis(5));
        told(child, "State").starts_with('S')
    })
}

/// A pipe by this name, which is full: whoever writes to it waits.
fn full_pipe(path: &Path) -> File {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    // O_NONBLOCK of Linux: it is full when a write would wait.
    let not_waiting = 0o4000;
    let mut options = File::options();
    let mut pipe = options.read(true).write(true).custom_flags(not_waiting).open(path).unwrap();
    while pipe.write(&[b'\n'; 4096]).is_ok() {}
    pipe
}

/// Reads the pipe empty until the child has ended.
fn drain(mut pipe: File, mut child: Child) -> Output {
    let mut some = [0; 4096];
    while child.try_wait().unwrap().is_none() {
        if pipe.read(&mut some).is_err() {
            sleep(Duration::from_millis(1));
        }
    }
    finish(child)
}

/// Ctrl-C, as soon as the child watches for it, and until it has arrived. What the child then does
/// is not seen from outside: the second is for that.
fn interrupt(child: &mut Child) {
    wait(child, watches);
    send(child, "INT");
    let arrived =
        |child: &Child| u64::from_str_radix(&told(child, "ShdPnd"), 16).unwrap() & 1 << 1 == 0;
    while !arrived(child) {
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_secs(1));
}

#[test]
fn an_interrupted_replay_leaves_the_results_so_far() {
    let folder = folder("interrupt");
    let mut child = begin(&folder, &["replay", "-"]);
    let mut trace = child.stdin.take().unwrap();
    let many = format!("{STEP}\n").repeat(5_000);
    writeln!(trace, "{HEADER}").unwrap();
    // More than a pipe holds: by now the replay has begun, and so has its watch for Ctrl-C.
    trace.write_all(many.as_bytes()).unwrap();
    interrupt(&mut child);
    for _ in 0..10_000 {
        if trace.write_all(many.as_bytes()).is_err() {
            break;
        }
    }
    drop(trace);
    let output = finish(child);
    assert_eq!(status(&output), 130);
    assert_eq!(err(&output), "error: interrupted, these are the results so far\n");
    assert!(out(&output).contains("all               1"), "{}", out(&output));
}

#[test]
fn an_interrupted_recording_leaves_nothing_behind() {
    let folder = folder("interrupt_record");
    for signal in ["INT", "TERM", "HUP"] {
        let mut child = begin(&folder, &["record", "--steps", "1000000000", "--out", "t.jsonl"]);
        wait(&mut child, |child| watches(child) && !names(&folder).is_empty());
        send(&child, signal);
        let output = finish(child);
        assert_eq!(output.status.code(), Some(130), "{signal}: {}", err(&output));
        assert_eq!(err(&output), "error: interrupted, nothing was written\n");
        assert_eq!(names(&folder), Vec::<String>::new());
    }
}

/// The hangup comes while it waits for more; then the rest of the trace comes.
#[test]
fn a_hangup_that_nohup_ignores_interrupts_nothing() {
    let folder = folder("interrupt_nohup");
    let mut child = begin_with(&folder, "--ignore-signal=HUP", &["replay", "-"]);
    let mut trace = child.stdin.take().unwrap();
    writeln!(trace, "{HEADER}").unwrap();
    wait(&mut child, sleeps);
    send(&child, "HUP");
    sleep(Duration::from_millis(200));
    writeln!(trace, "{STEP}").unwrap();
    drop(trace);
    let output = finish(child);
    assert_eq!((output.status.code(), err(&output)), (Some(0), ""));
    assert!(out(&output).contains("all               1            1"), "{}", out(&output));
}

#[test]
fn an_interrupted_exploration_leaves_the_results_so_far_and_no_page() {
    let folder = folder("interrupt_explore");
    for json in [false, true] {
        let mut arguments = vec!["explore", "--world", "large", "--out", "pages"];
        arguments.extend(json.then_some("--json"));
        let mut child = begin(&folder, &arguments);
        interrupt(&mut child);
        let output = finish(child);
        assert_eq!(status(&output), 130);
        let messages = "error: interrupted, these are the results so far\n\
                        error: interrupted, no page was written\n";
        assert_eq!(err(&output), messages);
        if json {
            let found: serde_json::Value = serde_json::from_str(out(&output)).unwrap();
            assert_eq!(found["semantics"][0]["worlds"][0]["complete"], false);
        } else {
            let table = out(&output);
            assert!(table.contains("unknown") && table.contains("(stopped)"), "{table}");
        }
    }
    assert_eq!(names(&folder), Vec::<String>::new());
}

/// What is on the standard output by then ends with a whole line. The pipe holds less than the
/// trace, and nobody reads before the interruption: so the recording waits with steps written.
#[test]
fn an_interrupted_recording_on_the_standard_output_ends_with_a_whole_line() {
    let folder = folder("interrupt_stdout");
    let mut child = begin(&folder, &["record", "--steps", "20000"]);
    wait(&mut child, |child| watches(child) && sleeps(child));
    interrupt(&mut child);
    let output = finish(child);
    assert_eq!(status(&output), 130);
    assert_eq!(err(&output), "error: interrupted, the trace ends early\n");
    assert!(out(&output).lines().count() < 20_000, "it ends early");
    fs::write(folder.join("t.jsonl"), &output.stdout).unwrap();
    let output = run(&folder, &["replay", "t.jsonl"]);
    assert_eq!((status(&output), err(&output)), (0, ""));
}

/// The trace fits into the buffer, and so the first write to the file, or to the standard output,
/// is the one that completes it.
#[test]
fn a_recording_that_is_complete_is_not_called_interrupted() {
    let folder = folder("interrupt_complete");
    for (name, to) in [("file", "--out file"), ("output", "> output")] {
        let pipe = full_pipe(&folder.join(name));
        let shell = format!("exec \"$0\" record --steps 5 {to}");
        let mut child = Command::new("env")
            .args(["--default-signal=HUP,INT,TERM", "sh", "-c", &shell])
            .arg(env!("CARGO_BIN_EXE_quixote-session"))
            .current_dir(&folder)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        wait(&mut child, |child| watches(child) && sleeps(child));
        interrupt(&mut child);
        let output = drain(pipe, child);
        assert_eq!((status(&output), err(&output)), (0, ""), "{name}");
    }
}

/// An exploration that has written its table and waits to write another page, which is a pipe.
fn half_written(folder: &Path) -> (File, Child) {
    fs::create_dir(folder.join("pages")).unwrap();
    let pipe = full_pipe(&folder.join("pages/live-stored-has-info.md"));
    let mut child = begin(folder, &["explore", "--semantics", "live", "--out", "pages"]);
    let pages = folder.join("pages");
    wait(&mut child, |child| sleeps(child) && names(&pages).len() > 1);
    (pipe, child)
}

#[test]
fn a_second_interruption_ends_at_once_and_leaves_no_part_behind() {
    let folder = folder("interrupt_twice");
    let (_pipe, mut child) = half_written(&folder);
    interrupt(&mut child);
    send(&child, "INT");
    let output = finish(child);
    assert_eq!(status(&output), 130);
    assert_eq!(names(&folder.join("pages")), ["live-stored-has-info.md"]);
}

#[test]
fn pages_that_are_interrupted_get_no_name() {
    let folder = folder("interrupt_pages");
    let (pipe, mut child) = half_written(&folder);
    interrupt(&mut child);
    let output = drain(pipe, child);
    assert_eq!(status(&output), 130);
    assert_eq!(err(&output), "error: interrupted, no page was written\n");
    assert!(!out(&output).contains("(stopped)"), "{}", out(&output));
    assert_eq!(names(&folder.join("pages")), ["live-stored-has-info.md"]);
}

/// Nothing comes, not even a header, or the begin of a line.
#[test]
fn a_replay_that_waits_for_input_is_interrupted_at_once() {
    let folder = folder("interrupt_idle");
    assert!(Command::new("mkfifo").arg(folder.join("t.jsonl")).status().unwrap().success());
    let steps = format!("{HEADER}\n{}", format!("{STEP}\n").repeat(3));
    for (path, begun, traces, replayed) in [
        ("-", steps.as_str(), "1", "3"),
        ("-", &steps[..steps.len() - 9], "1", "2"),
        ("-", HEADER, "0", "0"),
        ("-", "", "0", "0"),
        ("t.jsonl", "", "0", "0"),
    ] {
        let mut child = begin(&folder, &["replay", path]);
        let mut trace = child.stdin.take().unwrap();
        trace.write_all(begun.as_bytes()).unwrap();
        wait(&mut child, |child| watches(child) && sleeps(child));
        interrupt(&mut child);
        for _ in 0..1_000 {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        let output = finish(child);
        assert_eq!(output.status.code(), Some(130), "{path}, after {begun}");
        assert_eq!(err(&output), "error: interrupted, these are the results so far\n");
        let all: Vec<_> = out(&output).lines().last().unwrap().split_whitespace().collect();
        assert_eq!(all, ["all", traces, replayed, "0"]);
    }
}
