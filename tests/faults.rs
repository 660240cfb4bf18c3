//! Faults put into the strict rules on purpose, one at a time: each must be caught by the property
//! that is there for it, in the small worlds.
//!
//! A fault is a piece of a rule and what stands in its place. It is put into a copy of the crate,
//! which is built and explored by its own command line; the crate itself knows nothing of faults.
//! Building takes seconds a fault, so this runs in CI and by hand:
//! `cargo test --features cli --test faults -- --ignored`.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

struct Fault {
    /// What is wrong, as a person would report it.
    report: &'static str,
    file: &'static str,
    rule: &'static str,
    instead: &'static str,
    /// The property that catches it.
    caught_by: &'static str,
}

const fn fault(
    report: &'static str,
    file: &'static str,
    rule: &'static str,
    instead: &'static str,
    caught_by: &'static str,
) -> Fault {
    Fault { report, file, rule, instead, caught_by }
}

const SAVE: &str = "src/step/save.rs";
const CHANGE: &str = "src/step/change.rs";
const LIFE: &str = "src/step/lifecycle.rs";
const MANAGER: &str = "src/step/manager.rs";
const SESSION: &str = "src/session.rs";
const TOKENS: &str = "src/form_tokens.rs";
const REQUEST: &str = "src/request.rs";

const FAULTS: &[Fault] = &[
    fault(
        "login keeps the id",
        SAVE,
        "if renewed {",
        "if renewed && false {",
        "no-id-survives-login",
    ),
    fault(
        "tokens survive login",
        REQUEST,
        "            session.form_tokens.clear();\n",
        "",
        "no-token-survives-login",
    ),
    fault(
        "the old id lives on after renewal",
        SAVE,
        "        self.state.unstore(&from);\n",
        "",
        "no-session-is-orphaned",
    ),
    fault(
        "the whole copy is written, not the changes",
        SAVE,
        "let mut merged = stored.clone();",
        "let mut merged = self.held(request)?.session.clone();",
        "no-update-is-lost",
    ),
    fault(
        "changes to a session that is gone are dropped silently",
        SAVE,
        "if unchanged { Ok(None) } else { Err(Refusal::SessionGone) }",
        "Ok(None)",
        "no-update-is-lost",
    ),
    fault(
        "a session that is gone is stored again",
        SAVE,
        "return if unchanged { Ok(None) } else { Err(Refusal::SessionGone) };",
        "return self.put(request, id).map(|()| None);",
        "no-id-comes-back",
    ),
    fault(
        "a session without info stays stored",
        SAVE,
        "if !merged.has_info() {",
        "if false {",
        "stored-has-info",
    ),
    fault(
        "the cookie of an emptied session is not revoked",
        SAVE,
        "Some(StoreOp::Discard { id });\n            return Ok(Some(CookieChange::Revoke));",
        "Some(StoreOp::Discard { id });\n            return Ok(None);",
        "logout-reaches-the-client",
    ),
    fault(
        "the store is not told that an emptied session is deleted",
        SAVE,
        "self.effects.store = Some(StoreOp::Discard { id });",
        "self.effects.store = None;",
        "store-ops-reproduce-store",
    ),
    fault(
        "a session without info is created",
        SAVE,
        "            return Ok(response);\n        }\n        if session",
        "        }\n        if session",
        "stored-has-info",
    ),
    fault(
        "an id in use is issued again",
        SAVE_IDS,
        "if !self.state.has_session(&id) {",
        "if true {",
        "one-user-per-id",
    ),
    fault(
        "a revocation is sent for a session that somebody else ended",
        SAVE,
        "if unchanged { Ok(None) }",
        "if unchanged { Ok(Some(CookieChange::Revoke)) }",
        "still-logged-in",
    ),
    fault(
        "saving in the middle of a request is allowed",
        SAVE,
        "return Err(Refusal::SavedAtFinish);",
        "let _ = Refusal::SavedAtFinish;",
        "failure-leaves-no-trace",
    ),
    fault(
        "a revocation is lost when the request does not succeed",
        LIFE,
        "let fresh = if self.is_strict() { carried } else { None };",
        "let fresh = None;",
        "logout-reaches-the-client",
    ),
    fault(
        "a failed request is saved",
        LIFE,
        "Outcome::Failed => (fresh, Some(Transaction::Abort)),",
        "Outcome::Failed => (self.save(request, fresh)?, Some(Transaction::Abort)),",
        "failure-leaves-no-trace",
    ),
    fault(
        "a logout does not delete",
        LIFE,
        "let stored = id.filter(|id| self.state.unstore(id));",
        "let stored = id.filter(|_| false);",
        "expiry-is-immediate",
    ),
    fault(
        "a logout does not revoke",
        LIFE,
        "Some(CookieChange::Revoke);\n            open.data.cookie = None;\n            open.d",
        "None;\n            open.data.cookie = None;\n            open.d",
        "logout-reaches-the-client",
    ),
    fault(
        "the cookie can be revoked while the session stays",
        LIFE,
        "        if strict {\n            return Err(Refusal::WouldOrphan);\n        }\n",
        "        let _ = strict;\n",
        "no-session-is-orphaned",
    ),
    fault(
        "a stored session can be replaced and left behind",
        LIFE,
        "if self.is_strict() && id.is_some_and(",
        "if false && id.is_some_and(",
        "no-session-is-orphaned",
    ),
    fault(
        "requests share the stored session",
        LIFE,
        "            (Some(slot), Semantics::Live) => {",
        "            (Some(slot), _) => {",
        "one-user-per-id",
    ),
    fault(
        "a session out of time is found",
        MANAGER,
        "if self.state.get(&id).is_some_and(over) {",
        "if false && self.state.get(&id).is_some_and(over) {",
        "nothing-past-its-limits",
    ),
    fault(
        "the limits are exclusive",
        SESSION,
        "now.since(since) >= limit",
        "now.since(since) > limit",
        "nothing-past-its-limits",
    ),
    fault(
        "there is no idle limit",
        SESSION,
        "(reached(self.accessed, config.idle_limit_ms)\n                || reached(",
        "(reached(self.created, config.absolute_limit_ms)\n                || reached(",
        "nothing-past-its-limits",
    ),
    fault(
        "there is no absolute limit",
        SESSION,
        "|| reached(self.created, config.absolute_limit_ms))",
        "|| reached(self.accessed, config.idle_limit_ms))",
        "nothing-past-its-limits",
    ),
    fault(
        "a clock that went back moves the access time back",
        SESSION,
        "if now.since(self.accessed) > resolution_ms {",
        "if now != self.accessed && resolution_ms < u64::MAX {",
        "accessed-not-before-created",
    ),
    fault(
        "the queue of tokens grows without bound",
        TOKENS,
        "let cap = usize::from(cap.clamp(1, Self::MAX));",
        "let cap = usize::from(cap.max(Self::MAX));",
        "tokens-are-bounded",
    ),
    fault(
        "a sweep deletes nothing",
        MANAGER,
        "|session| session.is_out_of_time(config, now)",
        "|session| session.is_out_of_time(config, now) && false",
        "sweep-leaves-none-over",
    ),
    fault(
        "one session of a user survives",
        MANAGER,
        "let ids = self.state.sessions_of(user);",
        "let ids: alloc::vec::Vec<_> = self.state.sessions_of(user).into_iter().skip(1).collect();",
        "user-is-ended-everywhere",
    ),
    fault(
        "a caller may choose an id",
        MANAGER,
        "            return Err(Refusal::IdNotIssued);",
        "            let _ = Refusal::IdNotIssued;",
        "ids-are-issued",
    ),
    fault(
        "a token is spent in the copy of one request alone",
        CHANGE,
        "            self.state.store_copy(id, stored.clone());\n            StoreOp::Update",
        "            StoreOp::Update",
        "token-accepted-once",
    ),
    fault(
        "a refused finish has changed the store",
        SAVE,
        "        let to = self.draw_unused_id()?;\n        self.state.unstore(&from);",
        "        self.state.unstore(&from);\n        let to = self.draw_unused_id()?;",
        "refusal-changes-nothing",
    ),
];

/// Ids are drawn where the rules ask for them.
const SAVE_IDS: &str = "src/step.rs";

fn copy_of_the_crate() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let copy = here.join("target/faults/crate");
    let _ = fs::remove_dir_all(&copy);
    copy_folder(&here.join("src"), &copy.join("src"));
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(here.join(file), copy.join(file)).unwrap();
    }
    // What Cargo.toml names must be there, if only by name.
    let benches = ["cookies", "cycle", "explore", "memory", "pauses", "table"];
    let benches = benches.map(|bench| format!("benches/{bench}.rs"));
    for file in benches.into_iter().chain(["tests/cli.rs".to_owned()]) {
        let path = copy.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let beside = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &beside);
        } else {
            fs::copy(&path, &beside).unwrap();
        }
    }
}

/// The ids of the properties that the copy's strict semantics breaks.
fn broken_in(copy: &Path) -> Vec<String> {
    let run = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--features", "cli", "--bin", "quixote-session", "--"])
        .args(["explore", "--semantics", "strict", "--json"])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.with_file_name("target"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTFLAGS", "--cap-lints warn")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    let found: Value = serde_json::from_slice(&run.stdout)
        .unwrap_or_else(|error| panic!("the copy does not build or run: {error}\n{errors}"));
    let properties = found["semantics"][0]["properties"].as_object().unwrap();
    let broken = properties.iter().filter(|(_, told)| told["found"]["verdict"] == "broken");
    broken.map(|(id, _)| id.clone()).collect()
}

#[test]
fn every_fault_names_a_rule_that_is_there_once() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let stale = FAULTS.iter().filter(|fault| {
        let source = fs::read_to_string(here.join(fault.file)).unwrap();
        source.matches(fault.rule).count() != 1 || fault.rule == fault.instead
    });
    let stale: Vec<_> = stale.map(|fault| fault.report).collect();
    assert_eq!(stale, [""; 0]);
    assert!(FAULTS.len() >= 20);
}

#[test]
#[ignore = "builds the crate once a fault: minutes"]
fn every_fault_is_caught_by_its_property() {
    let copy = copy_of_the_crate();
    assert!(broken_in(&copy).is_empty(), "the copy without a fault holds everything");
    let mut missed = Vec::new();
    for Fault { report, file, rule, instead, caught_by } in FAULTS {
        let path = copy.join(file);
        let source = fs::read_to_string(&path).unwrap();
        fs::write(&path, source.replace(rule, instead)).unwrap();
        let broken = broken_in(&copy);
        println!("{report}: {}", broken.join(", "));
        if !broken.iter().any(|id| id == caught_by) {
            missed.push(format!("{report}: {caught_by} does not see it; broken: {broken:?}"));
        }
        fs::write(&path, source).unwrap();
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
