//! How commands end early: the reader is gone, the disk is full.

use std::fs::{self, File};
use std::process::{Command, Stdio};

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
    assert_eq!((status(&output), out(&output)), (2, ""), "it is not searched in vain");
    assert_eq!(err(&output), "error: file: cannot write: File exists (os error 17)\n");
    // A limit on the size of files is met as an error once its signal is ignored; the table is
    // longer than the first pages.
    let shell = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    fs::create_dir(folder.join("old")).unwrap();
    fs::write(folder.join("old/live-stored-has-info.md"), "as it was").unwrap();
    for path in ["new", "old", "new/below/it"] {
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

#[test]
fn the_standard_input_can_be_named_once() {
    let output = run(&folder("stdin_twice"), &["replay", "-", "-"]);
    assert_eq!((status(&output), out(&output)), (2, ""));
    let message = "error: expected the standard input once, - stands twice\n";
    assert!(err(&output).starts_with(message), "{}", err(&output));
}
