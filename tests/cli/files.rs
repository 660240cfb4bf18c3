//! Difficult files and folders: very many, unreadable, too deep.

use std::fs;
use std::path::Path;

use super::{HEADER, STEP, err, folder, names, out, run, status};

/// Makes this many traces in one folder, of one step each. They are links to a few files, so that a
/// million of them take hardly any space.
fn many(folder: &Path, count: usize) {
    for number in 0..count {
        let source = folder.join(format!("source-{}", number / 10_000));
        if number % 10_000 == 0 {
            fs::write(&source, format!("{HEADER}\n{STEP}\n")).unwrap();
        }
        fs::hard_link(source, folder.join(format!("{number}.jsonl"))).unwrap();
    }
}

fn replay_many(name: &str, count: usize) {
    let folder = folder(name);
    many(&folder, count);
    let output = run(&folder, &["replay", "."]);
    assert_eq!((status(&output), err(&output)), (0, ""));
    let all = out(&output).lines().last().unwrap().split_whitespace().collect::<Vec<_>>();
    assert_eq!(all, ["all", &count.to_string(), &count.to_string(), "0"]);
}

#[test]
fn twenty_thousand_tiny_traces_are_replayed() {
    replay_many("many", 20_000);
}

/// A step of `.ci/run` of its own.
#[test]
#[ignore = "a minute"]
fn a_million_tiny_traces_are_replayed() {
    replay_many("million", 1_000_000);
}

#[test]
fn many_files_that_are_no_traces_are_each_named_once() {
    let folder = folder("many_bad");
    for number in 0..1_000 {
        fs::write(folder.join(format!("{number:04}.jsonl")), "").unwrap();
    }
    let output = run(&folder, &["replay", "."]);
    assert_eq!(status(&output), 2);
    assert_eq!(err(&output).lines().count(), 1_000);
    let first =
        "error: ./0000.jsonl:1:1: expected the header of a trace, found the end of the file";
    assert_eq!(err(&output).lines().next(), Some(first));
    assert!(
        out(&output).ends_with("could not read 1000 of 1000 files or folders\n"),
        "{}",
        out(&output)
    );
}

#[test]
fn folders_may_lie_as_deep_as_a_path_can_name() {
    let folder = folder("deep");
    let deep = folder.join("a/".repeat(1_500));
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("t.jsonl"), format!("{HEADER}\n{STEP}\n")).unwrap();
    let output = run(&folder, &["replay", "."]);
    assert_eq!((status(&output), err(&output)), (0, ""));
}

/// Tests may run as root, who may read everything. So these are files that nobody can read.
#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_read_is_named_and_the_rest_is_replayed() {
    use std::os::unix::fs::symlink;

    let folder = folder("unreadable");
    fs::create_dir(folder.join("traces")).unwrap();
    fs::write(folder.join("traces/good.jsonl"), format!("{HEADER}\n{STEP}\n")).unwrap();
    symlink("nowhere", folder.join("traces/dangling.jsonl")).unwrap();
    symlink("loop.jsonl", folder.join("traces/loop.jsonl")).unwrap();
    symlink("/proc/self/mem", folder.join("traces/memory.jsonl")).unwrap();
    symlink("..", folder.join("traces/round")).unwrap();
    let output = run(&folder, &["replay", "traces", "/proc/self/mem"]);
    assert_eq!(status(&output), 2);
    let named = [
        "error: traces/dangling.jsonl: cannot read: No such file or directory (os error 2)",
        "error: traces/loop.jsonl: cannot read: Too many levels of symbolic links (os error 40)",
        "error: traces/memory.jsonl:1:1: expected a line, reading failed: Input/output error \
         (os error 5)",
        "error: /proc/self/mem:1:1: expected a line, reading failed: Input/output error \
         (os error 5)",
    ];
    assert_eq!(err(&output).lines().collect::<Vec<_>>(), named);
    assert!(out(&output).contains("all               1            1            0"));
}

#[test]
#[cfg(unix)]
fn a_file_that_is_replaced_keeps_its_mode_and_may_have_the_longest_name() {
    use std::os::unix::fs::PermissionsExt;

    let folder = folder("modes");
    let name = "n".repeat(255);
    for path in ["t.jsonl", &name] {
        fs::write(folder.join(path), "old").unwrap();
        for mode in [0o600, 0o640, 0o444] {
            fs::set_permissions(folder.join(path), fs::Permissions::from_mode(mode)).unwrap();
            let output = run(&folder, &["record", "--steps", "1", "--out", path]);
            assert_eq!((status(&output), err(&output)), (0, ""));
            let found = fs::metadata(folder.join(path)).unwrap();
            assert_eq!(found.permissions().mode() & 0o777, mode);
            assert!(found.len() > 3, "it is the new one");
        }
    }
}

#[test]
#[cfg(unix)]
fn what_is_neither_file_nor_folder_is_not_read_from_a_folder() {
    let folder = folder("no_files");
    fs::create_dir(folder.join("traces")).unwrap();
    let pipe = folder.join("traces/pipe.jsonl");
    assert!(std::process::Command::new("mkfifo").arg(pipe).status().unwrap().success());
    let _socket =
        std::os::unix::net::UnixListener::bind(folder.join("traces/socket.jsonl")).unwrap();
    fs::write(folder.join("traces/good.jsonl"), format!("{HEADER}\n{STEP}\n")).unwrap();
    let output = run(&folder, &["replay", "traces"]);
    assert_eq!(status(&output), 2);
    let named = [
        "error: traces/pipe.jsonl: expected a file, found a pipe, a socket or a device",
        "error: traces/socket.jsonl: expected a file, found a pipe, a socket or a device",
    ];
    assert_eq!(err(&output).lines().collect::<Vec<_>>(), named);
}

/// A check that compares nothing could not fail.
#[test]
fn traces_without_any_step_are_an_error_and_one_among_others_is_none() {
    let folder = folder("no_steps");
    fs::write(folder.join("none.jsonl"), format!("{HEADER}\n")).unwrap();
    for arguments in [&["replay", "none.jsonl", "."][..], &["replay", "--json", "."]] {
        let output = run(&folder, arguments);
        let message = "error: expected a step in one of the traces, nothing was compared\n";
        assert_eq!((status(&output), err(&output)), (2, message));
    }
    fs::write(folder.join("one.jsonl"), format!("{HEADER}\n{STEP}\n")).unwrap();
    let output = run(&folder, &["replay", "."]);
    assert_eq!((status(&output), err(&output)), (0, ""));
}

#[test]
fn steps_that_say_nothing_are_counted_and_nothing_else_is_an_error() {
    let folder = folder("silent");
    let refused = r#"{"reply": {"refused": "unknown_session"}}"#;
    let silent = STEP.replace(refused, "{}");
    let drew = silent.replacen("\"now\": 0", r#""now": 0, "draws": ["00000000000000a1"]"#, 1);
    fs::write(folder.join("silent.jsonl"), format!("{HEADER}\n{silent}\n{silent}\n")).unwrap();
    for arguments in [&["replay", "."][..], &["replay", "--json", "."]] {
        let output = run(&folder, arguments);
        let message = "error: expected something in the `expect` of a step, nothing but draws was \
                       compared\n";
        assert_eq!((status(&output), err(&output)), (2, message));
    }
    fs::write(folder.join("one.jsonl"), format!("{HEADER}\n{STEP}\n")).unwrap();
    let output = run(&folder, &["replay", "."]);
    assert_eq!((status(&output), err(&output)), (0, ""));
    let message = "2 of 3 steps have an empty `expect`: only draws were compared\n";
    assert!(out(&output).ends_with(message), "{}", out(&output));
    let output = run(&folder, &["replay", "--json", "."]);
    assert!(out(&output).contains("\"steps_with_empty_expect\": 2"), "{}", out(&output));
    fs::write(folder.join("silent.jsonl"), format!("{HEADER}\n{drew}\n")).unwrap();
    let output = run(&folder, &["replay", "silent.jsonl"]);
    assert_eq!((status(&output), err(&output)), (1, ""), "draws are compared");
}

/// Without its slash, the name of a folder would be that of a file.
#[test]
fn a_trace_is_not_written_to_the_name_of_a_folder() {
    let folder = folder("slash");
    fs::write(folder.join("file"), "as it was").unwrap();
    for path in ["new/", "file/", "."] {
        let output = run(&folder, &["record", "--steps", "1", "--out", path]);
        assert_eq!(status(&output), 2, "{path}");
        let message = format!("error: {path}: cannot write: ");
        assert!(err(&output).starts_with(&message), "{}", err(&output));
    }
    assert_eq!(names(&folder), ["file"]);
    assert_eq!(fs::read_to_string(folder.join("file")).unwrap(), "as it was");
}
