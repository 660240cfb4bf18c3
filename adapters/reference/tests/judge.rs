//! The teeth of the judge: the reference server has no red cell, and each fault that is planted in
//! it is found by exactly the scenarios that name it.
//!
//! `UPDATE_JUDGE=1` writes into the scenarios which faults each of them finds.

#![cfg(unix)]

#[path = "judge/readme.rs"]
mod readme;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::{fs, thread};

use serde_json::Value;
use tempfile::TempDir;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const SCENARIOS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/judge/scenarios.jsonl");
const REFERENCE: &str = env!("CARGO_BIN_EXE_reference");
/// Judges that run at once, each with a server.
const AT_ONCE: usize = 4;

/// The judge, and the clock that moves the server, built once.
struct Parts {
    judge: PathBuf,
    clock: PathBuf,
    _folder: TempDir,
}

fn parts() -> &'static Parts {
    static PARTS: OnceLock<Parts> = OnceLock::new();
    PARTS.get_or_init(|| {
        let words = ["build", "--locked", "--quiet", "--features", "judge"];
        let built = Command::new(env!("CARGO")).current_dir(ROOT).args(words).status().unwrap();
        assert!(built.success(), "the judge does not build");
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let clock = folder.path().join("clock.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(&clock)
            .arg(Path::new(ROOT).join("adapters/clock/clock.c"))
            .status()
            .expect("a C compiler");
        assert!(compiled.success(), "the clock does not compile");
        let judge = Path::new(REFERENCE).with_file_name("quixote-session");
        Parts { judge, clock, _folder: folder }
    })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Judges the reference server, started with these variables.
fn judge(folder: &Path, variables: &[(&str, &str)], more: &[&str]) -> Output {
    let Parts { judge, clock, .. } = parts();
    Command::new(judge)
        .arg("judge")
        .arg(format!("http://127.0.0.1:{}", free_port()))
        .args(["--json", "--clock"])
        .arg(folder.join("clock"))
        .args(more)
        .arg("--")
        .arg("env")
        .arg(format!("LD_PRELOAD={}", clock.display()))
        .arg("RUST_BACKTRACE=0")
        .args(variables.iter().map(|(name, value)| format!("{name}={value}")))
        .arg(REFERENCE)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn results(output: &Output) -> Vec<Value> {
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    document["results"].as_array().unwrap().clone()
}

fn name(result: &Value) -> String {
    format!("{}/{}", result["clause"].as_str().unwrap(), result["variant"].as_str().unwrap())
}

fn count(results: &[Value], verdict: &str) -> usize {
    results.iter().filter(|result| result["verdict"] == verdict).count()
}

/// The scenarios that found something: they failed, or told what is not worth a failure.
fn found(results: &[Value]) -> BTreeSet<String> {
    let found = results.iter().filter(|result| {
        result["verdict"] == "fail"
            || result["verdict"] == "harness"
            || (result["verdict"] == "note" && result["level"] == "NOTE")
    });
    found.map(name).collect()
}

fn scenarios() -> Vec<Value> {
    let text = fs::read_to_string(SCENARIOS).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// For each fault the scenarios that name it.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let mut table: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for scenario in scenarios() {
        for fault in scenario["faults"].as_array().unwrap() {
            let found = table.entry(fault.as_str().unwrap().into()).or_default();
            found.insert(name(&scenario));
        }
    }
    table
}

/// The server says itself which faults it has.
fn faults() -> Vec<String> {
    let output = Command::new(REFERENCE)
        .env("FAULT", "?")
        .env("PORT", "0")
        .env("KIT_GATE", "0")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let list = said.split("expected one of ").nth(1).unwrap();
    let word = |it: &str| it.trim_matches(|it: char| !it.is_ascii_alphanumeric()).to_owned();
    list.split(',').map(word).collect()
}

/// Only the last key of each line is written anew.
fn update(observed: &BTreeMap<String, BTreeSet<String>>) {
    let lines = fs::read_to_string(SCENARIOS).unwrap();
    let mut text = String::new();
    for (line, scenario) in lines.lines().zip(scenarios()) {
        let own = name(&scenario);
        let finds = observed.iter().filter(|(_, found)| found.contains(&own));
        let finds: Vec<_> = finds.map(|(fault, _)| format!("{fault:?}")).collect();
        let (head, _) = line.rsplit_once(r#""faults": "#).unwrap();
        let _ = writeln!(text, "{head}\"faults\": [{}]}}", finds.join(", "));
    }
    fs::write(SCENARIOS, text).unwrap();
}

#[test]
fn every_scenario_has_a_clause_a_name_of_its_own_and_a_fault_that_it_finds() {
    let scenarios = scenarios();
    let names: BTreeSet<_> = scenarios.iter().map(name).collect();
    assert_eq!(names.len(), scenarios.len());
    let clauses = fs::read_to_string(Path::new(ROOT).join("src/judge/clauses.jsonl")).unwrap();
    let clauses: Vec<Value> =
        clauses.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let clause = |it: &Value| it["clause"].as_str().unwrap().to_owned();
    let (told, judged): (BTreeSet<_>, BTreeSet<_>) =
        (clauses.iter().map(clause).collect(), scenarios.iter().map(clause).collect());
    assert_eq!(told, judged);
    for scenario in &scenarios {
        let finds = scenario["faults"].as_array().unwrap();
        assert!(!finds.is_empty(), "{} finds nothing", name(scenario));
    }
}

#[test]
fn the_reference_has_no_red_cell() {
    let folder = folder();
    let output = judge(folder.path(), &[], &[]);
    let results = results(&output);
    assert_eq!(found(&results), BTreeSet::new());
    assert_eq!(output.status.code(), Some(0));
    // What does not apply is the reading response that sets a cookie, and the seal: it has neither.
    assert_eq!(count(&results, "not_applicable"), 2);
    assert_eq!(count(&results, "not_expressible") + count(&results, "moot"), 0);
    assert!(count(&results, "pass") > 80);
}

#[test]
fn a_server_that_serialises_passes_as_one() {
    let folder = folder();
    let output = judge(folder.path(), &[("SERIAL", "1")], &["--clauses", "U9,U10,U13"]);
    let results = results(&output);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(count(&results, "serialised"), results.len());
}

/// Nor is it blamed for what requests do that wait: then nothing happens meanwhile.
#[test]
fn a_server_that_serialises_has_no_red_cell() {
    let folder = folder();
    let output = judge(folder.path(), &[("SERIAL", "1")], &[]);
    assert_eq!(found(&results(&output)), BTreeSet::new());
    assert_eq!(output.status.code(), Some(0));
}

/// Nor is one that refuses whatever comes while another request is under way: it told so.
#[test]
fn a_server_that_refuses_what_overlaps_has_no_red_cell() {
    let folder = folder();
    let output = judge(folder.path(), &[("REFUSES", "1")], &[]);
    let results = results(&output);
    assert_eq!(found(&results), BTreeSet::new());
    assert_eq!(output.status.code(), Some(0));
    assert!(count(&results, "not_expressible") > 10);
}

/// What applies to it alone is the seal.
#[test]
fn a_server_whose_cookie_is_sealed_has_no_red_cell() {
    let folder = folder();
    let output = judge(folder.path(), &[("SEALED", "1")], &[]);
    let results = results(&output);
    assert_eq!(found(&results), BTreeSet::new());
    assert_eq!(output.status.code(), Some(0));
    let seal = results.iter().find(|result| name(result) == "U3/changed seal").unwrap();
    assert_eq!(seal["verdict"], "pass");
}

/// Its emptied session leaves a cookie that opens nothing: [step-28] forbids to revoke it.
#[test]
fn a_server_that_counts_nothing_is_not_blamed_for_a_cookie_that_opens_nothing() {
    let folder = folder();
    let output = judge(folder.path(), &[("NO_STATS", "1")], &["--clauses", "U17"]);
    let results = results(&output);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(count(&results, "note"), results.len(), "{results:?}");
}

#[test]
fn every_fault_is_found_by_the_scenarios_that_name_it_and_no_others() {
    let (faults, next) = (faults(), AtomicUsize::new(0));
    assert!(faults.len() >= 40, "{} faults", faults.len());
    let observed = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let folder = folder();
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let output = judge(folder.path(), &[("FAULT", fault)], &[]);
                    observed.lock().unwrap().insert(fault.clone(), found(&results(&output)));
                }
            });
        }
    });
    let observed = observed.into_inner().unwrap();
    if std::env::var_os("UPDATE_JUDGE").is_some() {
        update(&observed);
    }
    let unfound: Vec<_> = observed.iter().filter(|(_, found)| found.is_empty()).collect();
    assert!(unfound.is_empty(), "nothing finds {unfound:?}");
    let table = table();
    let mut wrong = String::new();
    for (fault, found) in &observed {
        let expected = table.get(fault).cloned().unwrap_or_default();
        let (more, less) = (found - &expected, &expected - found);
        if !more.is_empty() || !less.is_empty() {
            let _ = writeln!(wrong, "{fault}: found by {more:?}, not found by {less:?}");
        }
    }
    assert_eq!(wrong, "");
    assert_eq!(table.keys().collect::<Vec<_>>(), observed.keys().collect::<Vec<_>>());
}

#[test]
fn programs_break_nothing_of_the_reference_and_find_a_logout_that_deletes_nothing() {
    for (fault, status) in [("", 0), ("logout-deletes-nothing", 1)] {
        let folder = folder();
        let more = ["--clauses", "U1", "--programs", "60"];
        let output = judge(folder.path(), &[("FAULT", fault)], &more);
        assert_eq!(output.status.code(), Some(status), "{fault}");
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["programs"]["findings"].as_array().unwrap().is_empty(), status == 0);
    }
}

#[test]
fn a_broken_judge_is_noticed() {
    for (fault, told) in [
        ("jar-paths", "the judge's own jar is broken"),
        ("jar-prefixes", "the judge's own jar is broken"),
        ("gate", "it was not held"),
    ] {
        let folder = folder();
        let output = judge(folder.path(), &[], &["--fault", fault]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(told), "{fault}: {said}");
        assert_eq!(output.status.code(), Some(2), "{fault}");
    }
    let folder = folder();
    let output = judge(folder.path(), &[], &["--fault", "clock", "--clauses", "U18"]);
    let results = results(&output);
    assert_eq!(count(&results, "harness"), results.len());
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn what_fails_can_be_done_again_with_curl() {
    let folder = folder();
    let (out, gate, port) = (folder.path().join("out"), free_port().to_string(), free_port());
    let more = ["--clauses", "U9", "--out", out.to_str().unwrap(), "--gate", &gate];
    let output = judge(folder.path(), &[("FAULT", "upserts")], &more);
    assert_eq!(output.status.code(), Some(1));
    let junit = fs::read_to_string(out.join("result.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&junit).unwrap()["format"], 1);
    let script = fs::read_to_string(out.join("U9-read-first.sh")).unwrap();
    let address = script.lines().find_map(|line| line.strip_prefix("U='http://")).unwrap();
    let address = address.split('\'').next().unwrap();
    let script = script.replace(address, &format!("127.0.0.1:{port}"));
    let mut server = Command::new(REFERENCE)
        .env("FAULT", "upserts")
        .env("PORT", port.to_string())
        .env("KIT_GATE", &gate)
        .spawn()
        .unwrap();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        thread::yield_now();
    }
    let replay = Command::new("timeout")
        .args(["20", "sh", "-c", &script])
        .current_dir(folder.path())
        .output()
        .unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    let said = String::from_utf8_lossy(&replay.stdout).into_owned();
    assert!(said.trim_end().ends_with(r#"["alice","2",null] -> 200"#), "{said}");
}
