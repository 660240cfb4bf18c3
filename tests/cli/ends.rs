//! How commands end early: the reader is gone, the disk is full, somebody pressed Ctrl-C.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};

use super::{command, err, folder, names, out, run, status};

#[test]
fn a_reader_that_is_gone_is_no_error_for_any_command() {
    let folder = folder("gone");
    for arguments in [&["--help"][..], &["--version"], &["explore", "--semantics", "live"]] {
        let mut child = command(&folder, arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((status(&output), err(&output)), (0, ""), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_an_error_of_every_command() {
    let folder = folder("full_output");
    for arguments in [&["--help"][..], &["explore", "--semantics", "live"], &["record"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command(&folder, arguments).stdout(full).output().unwrap();
        let message = "error: cannot write: No space left on device (os error 28)\n";
        assert_eq!((status(&output), err(&output)), (2, message), "{arguments:?}");
    }
}

#[test]
fn what_is_wrong_with_the_arguments_is_said_and_ends_with_2() {
    let output = run(&folder("arguments"), &["explore", "--world", "huge"]);
    assert_eq!((status(&output), out(&output)), (2, ""));
    assert!(err(&output).starts_with("error: invalid value 'huge'"), "{}", err(&output));
}

/// The folder is no folder, or the disk is full when half of the pages are written.
#[test]
#[cfg(target_os = "linux")]
fn pages_are_written_all_or_none() {
    let folder = folder("pages");
    fs::write(folder.join("file"), "as it was").unwrap();
    let explore = ["explore", "--semantics", "live", "--out"];
    let output = run(&folder, &[&explore[..], &["file"]].concat());
    assert_eq!(status(&output), 2);
    assert_eq!(err(&output), "error: file: cannot write: File exists (os error 17)\n");
    // A limit on the size of files is met as an error once its signal is ignored; the table is
    // longer than the first pages.
    let shell = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    fs::create_dir(folder.join("old")).unwrap();
    fs::write(folder.join("old/live-stored-has-info.md"), "as it was").unwrap();
    for path in ["new", "old"] {
        let output = Command::new("sh")
            .current_dir(&folder)
            .args(["-c", shell, env!("CARGO_BIN_EXE_quixote-session")])
            .args(explore)
            .arg(path)
            .output()
            .unwrap();
        assert_eq!(status(&output), 2, "{}", err(&output));
        let message = format!("error: {path}: cannot write: File too large (os error 27)\n");
        assert_eq!(err(&output), message);
    }
    assert!(!folder.join("new").exists(), "it was not there before");
    assert_eq!(names(&folder.join("old")), ["live-stored-has-info.md"]);
    let old = fs::read_to_string(folder.join("old/live-stored-has-info.md")).unwrap();
    assert_eq!(old, "as it was");
}

/// Ctrl-C, as soon as the child watches for it.
#[cfg(target_os = "linux")]
fn interrupt(child: &Child) {
    let id = child.id();
    let watches = || {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        u64::from_str_radix(caught.trim(), 16).unwrap() & 1 << 1 != 0
    };
    while !watches() {
        std::thread::yield_now();
    }
    let sent = Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_exploration_leaves_the_results_so_far_and_no_page() {
    let folder = folder("interrupt_explore");
    for json in [false, true] {
        let mut arguments = vec!["explore", "--world", "large", "--out", "pages"];
        arguments.extend(json.then_some("--json"));
        let child = command(&folder, &arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
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
/// trace, and nobody reads before the interruption: so the recording is under way.
#[test]
#[cfg(target_os = "linux")]
fn an_interrupted_recording_on_the_standard_output_ends_with_a_whole_line() {
    let folder = folder("interrupt_stdout");
    let child = command(&folder, &["record", "--steps", "20000"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(status(&output), 130);
    assert_eq!(err(&output), "error: interrupted, the trace ends early\n");
    assert!(out(&output).lines().count() < 20_000, "it ends early");
    fs::write(folder.join("t.jsonl"), &output.stdout).unwrap();
    let output = run(&folder, &["replay", "t.jsonl"]);
    assert_eq!((status(&output), err(&output)), (0, ""));
}
