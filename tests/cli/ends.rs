//! How commands end early: the reader is gone, the disk is full, a signal comes.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{command, err, folder, names, out, run, status};

#[test]
fn a_reader_that_is_gone_is_no_error_for_any_command() {
    let folder = folder("gone");
    for arguments in [&["--help"][..], &["--version"], &["explore", "--semantics", "strict"]] {
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
    for arguments in [&["--help"][..], &["explore", "--semantics", "strict"], &["record"]] {
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

/// The folder is a file, or the disk is full after half of the pages are written.
#[test]
#[cfg(target_os = "linux")]
fn pages_are_written_all_or_none() {
    let folder = folder("pages");
    fs::write(folder.join("file"), "as it was").unwrap();
    let explore = ["explore", "--semantics", "live", "--out"];
    let output = run(&folder, &[&explore[..], &["file"]].concat());
    assert_eq!((status(&output), out(&output)), (2, ""), "it is not searched in vain");
    assert!(err(&output).starts_with("error: file: cannot write: Not a directory"));
    // If its signal is ignored, the limit on the size of files becomes an error. The table is
    // longer than some of the pages.
    let shell = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    fs::create_dir(folder.join("old")).unwrap();
    fs::write(folder.join("old/live-stored-has-info.md"), "as it was").unwrap();
    for path in ["old", "new/below/it"] {
        let output = Command::new("sh")
            .current_dir(&*folder)
            .args(["-c", shell, env!("CARGO_BIN_EXE_quixote-session")])
            .args(explore)
            .arg(path)
            .output()
            .unwrap();
        assert_eq!(status(&output), 2, "{}", err(&output));
        let message = format!("error: {path}: cannot write: File too large (os error 27)\n");
        assert_eq!(err(&output), message);
    }
    let mut left = names(&folder);
    left.sort();
    assert_eq!(left, ["file", "old"]);
    assert_eq!(names(&folder.join("old")), ["live-stored-has-info.md"]);
    let old = fs::read_to_string(folder.join("old/live-stored-has-info.md")).unwrap();
    assert_eq!(old, "as it was");
}

#[test]
fn the_standard_input_can_be_named_once() {
    let output = run(&folder("stdin_twice"), &["replay", "-", "-"]);
    assert_eq!((status(&output), out(&output)), (2, ""));
    let message = "error: expected the standard input once, - stands twice\n";
    assert!(err(&output).starts_with(message), "{}", err(&output));
}

/// Begins a command, and waits until `until` is true. Signals act on it as by default, even if
/// these tests run in the background of a script or under `nohup`.
#[cfg(target_os = "linux")]
fn begin(folder: &Path, arguments: &[&str], until: impl Fn(&Child) -> bool) -> Child {
    let mut child = Command::new("env")
        .args(["--default-signal=HUP,INT,TERM", env!("CARGO_BIN_EXE_quixote-session")])
        .args(arguments)
        .current_dir(folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !until(&child) {
        assert_eq!(child.try_wait().unwrap(), None, "it ended too early");
        assert!(begun.elapsed() < Duration::from_secs(120), "what was waited for does not happen");
        sleep(Duration::from_millis(1));
    }
    child
}

/// Sends a signal to a command, and returns the signal that ended it.
#[cfg(target_os = "linux")]
fn ended_by(mut child: Child, signal: &str) -> Option<i32> {
    let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    std::os::unix::process::ExitStatusExt::signal(&child.wait().unwrap())
}

/// Whether the command has written to an open file below this folder, under any name.
#[cfg(target_os = "linux")]
fn has_written(child: &Child, folder: &Path) -> bool {
    let open = fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap();
    open.map(|entry| entry.unwrap().path()).any(|open| {
        fs::read_link(&open).is_ok_and(|path| path.starts_with(folder))
            && fs::metadata(&open).is_ok_and(|file| file.len() > 0)
    })
}

/// This holds even for the signal that no program can handle.
#[test]
#[cfg(target_os = "linux")]
fn a_recording_that_is_killed_leaves_nothing_new() {
    let folder = folder("killed_record");
    fs::write(folder.join("old.jsonl"), "as it was").unwrap();
    let endless = ["record", "--steps", "1000000000", "--out"];
    for (signal, number, path) in [
        ("INT", 2, "old.jsonl"),
        ("TERM", 15, "new.jsonl"),
        ("HUP", 1, "new.jsonl"),
        ("KILL", 9, "old.jsonl"),
    ] {
        let arguments = [&endless[..], &[path]].concat();
        let child = begin(&folder, &arguments, |child| has_written(child, &folder));
        assert_eq!(ended_by(child, signal), Some(number));
        assert_eq!(names(&folder), ["old.jsonl"], "after {signal}");
        assert_eq!(fs::metadata(folder.join("old.jsonl")).unwrap().len(), 9, "after {signal}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_exploration_that_is_killed_leaves_no_folder() {
    let folder = folder("killed_explore");
    let arguments = ["explore", "--world", "large", "--out", "new/pages"];
    let child = begin(&folder, &arguments, |child| {
        // If it has used CPU time (here in hundredths of a second), it searches.
        let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.split_whitespace().nth(13).is_some_and(|time| time.parse::<u32>().unwrap() > 20)
    });
    assert_eq!(ended_by(child, "TERM"), Some(15));
    assert_eq!(names(&folder), [""; 0]);
}
