//! What `replay` makes of recordings that cannot say what `is_dirty` answered.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{folder, out, run, status};

/// A recording whose header is of version 1, which has no word for it.
fn in_version_one(trace: &str) -> String {
    let (header, steps) = trace.split_once('\n').unwrap();
    let header: Value = serde_json::from_str(header).unwrap();
    let config = &header["config"];
    let config = json!({
        "sharing": config["semantics"], "cookie_name": config["cookie_name"],
        "cookie_path": config["cookie_path"], "cookie_domain": config["cookie_domain"],
        "access_resolution_ms": config["access_resolution_ms"],
    });
    let format = "quixote-session-trace/1";
    let header = json!({ "format": format, "title": "", "origin": "", "config": config });
    format!("{header}\n{steps}")
}

#[test]
fn a_recording_that_agrees_otherwise_is_told_so() {
    let folder = folder("otherwise");
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces/quixote-2.4-setups");
    for kind in ["live-dirty", "copying-clean"] {
        fs::create_dir(folder.join(kind)).unwrap();
        for entry in fs::read_dir(&recorded).unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if name.starts_with(kind) {
                let trace = fs::read_to_string(entry.path()).unwrap();
                fs::write(folder.join(kind).join(name), in_version_one(&trace)).unwrap();
            }
        }
    }
    for (kind, answer, wrong) in
        [("live-dirty", "has-info", "never"), ("copying-clean", "never", "has-info")]
    {
        let told = format!("With --is-dirty {answer} it agrees");
        let plain = run(&folder, &["replay", kind]);
        let differing = out(&plain).matches(" differs\n").count();
        assert_eq!(status(&plain), 1);
        assert!(differing > 0);
        assert_eq!(out(&plain).matches(&told).count(), differing, "{}", out(&plain));
        let said = run(&folder, &["replay", "--is-dirty", wrong, kind]);
        assert!(!out(&said).contains("it agrees"), "the caller knows better");
        assert_eq!(status(&run(&folder, &["replay", "--is-dirty", answer, kind])), 0);
    }
}
