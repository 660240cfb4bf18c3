//! Every recording of the real Quixote is replayed, and a test shows that the comparison has teeth.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may panic"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufReader};
use std::ops::ControlFlow;
use std::path::PathBuf;

use quixote_session::check::population::Habits;
use quixote_session::check::record::{Recording, record};
use quixote_session::check::replay::{Replayed, replay};
use quixote_session::check::trace::{TraceReader, TraceWriter};
use quixote_session::check::transcript::Transcript;
use quixote_session::{Config, Dirtiness, FormToken};
use serde_json::{Value, json};

fn recordings() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let mut waiting = vec![folder];
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "jsonl") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(path).unwrap()));
        }
    }
    found.sort_unstable();
    found
}

fn recording(name: &str) -> Vec<Value> {
    let (_, text) = recordings().into_iter().find(|(own, _)| own == name).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn replay_text(name: &str, text: &str) -> Replayed {
    let trace = TraceReader::new(name, text.as_bytes()).unwrap();
    replay(trace).unwrap()
}

fn text_of(lines: &[Value]) -> String {
    lines.iter().fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

// [trace-20]
#[test]
fn every_recording_of_quixote_replays_without_a_difference() {
    let mut counts = BTreeMap::new();
    for (name, text) in recordings() {
        let replayed = replay_text(&name, &text);
        if let Some(differs) = &replayed.differs {
            let mut transcript = Transcript::new(false);
            for (line, input, effects) in &differs.led_there {
                println!("{}", transcript.numbered(*line, input, effects));
            }
            for difference in &differs.differences {
                println!("{:?}", transcript.difference(difference));
            }
            panic!("{name}:{} differs", differs.line);
        }
        let semantics = replayed.header.config.semantics.to_string();
        let (traces, steps) = counts.entry(semantics).or_insert((0, 0));
        *traces += 1;
        *steps += replayed.steps;
    }
    let expected = [("copying".to_owned(), (105, 4_781)), ("live".to_owned(), (201, 6_472))];
    assert_eq!(counts, BTreeMap::from(expected), "306 traces, 11,253 steps");
}

/// Otherwise the recordings would show nothing about these set-ups.
#[test]
fn what_is_dirty_decides_what_is_stored() {
    let mut differ = BTreeMap::new();
    for (name, text) in recordings() {
        let Some((set_up @ ("live-dirty" | "copying-clean"), _)) = name.split_once('_') else {
            continue;
        };
        let trace = TraceReader::new(name.as_str(), text.as_bytes()).unwrap();
        let other = match trace.header().config.is_dirty {
            Dirtiness::Never => Dirtiness::HasInfo,
            Dirtiness::HasInfo => Dirtiness::Never,
        };
        let differs = replay(trace.with_dirtiness(other)).unwrap().differs.is_some();
        *differ.entry(set_up.to_owned()).or_insert(0) += u32::from(differs);
    }
    let expected = [("copying-clean".to_owned(), 22), ("live-dirty".to_owned(), 4)];
    assert_eq!(differ, BTreeMap::from(expected), "of 40 recordings each");
}

// [trace-17]
#[test]
fn what_is_read_is_written_again() {
    for (name, text) in recordings() {
        let trace = TraceReader::new(name.as_str(), text.as_bytes()).unwrap();
        let mut writer = TraceWriter::new(Vec::new(), trace.header()).unwrap();
        for step in trace {
            writer.write(step.unwrap()).unwrap();
        }
        let written = String::from_utf8(writer.into_inner()).unwrap();
        assert_eq!(written.lines().count(), text.lines().count());
        for (written, read) in written.lines().zip(text.lines()) {
            let [written, mut read] =
                [written, read].map(|line| serde_json::from_str::<Value>(line).unwrap());
            // Nothing is kept of a text that cannot be a token of ours.
            if let Some(token) = read.get_mut("token") {
                let known = token.as_str().unwrap().parse::<FormToken>();
                *token =
                    known.map_or(json!("ill-formed"), |token| json!(token.reveal().to_string()));
            }
            assert_eq!(written, read, "{name}");
        }
    }
}

/// Changes one leaf of one `expect` to something else that is allowed there.
fn other(key: &str, value: &Value) -> Value {
    match (key, value) {
        ("reply", Value::String(_)) => json!({ "answer": true }),
        ("transaction", Value::Null) => json!("commit"),
        ("transaction", _) => Value::Null,
        ("refused", why) if why == "no_session" => json!("unknown_token"),
        ("refused", _) => json!("no_session"),
        ("max_age", Value::Null) => json!(1),
        (_, Value::String(flag)) if ["HttpOnly", "Secure", "SameSite=Lax"].contains(&&**flag) => {
            json!("SameSite=Strict")
        }
        ("id", Value::Null) => json!("00000000000000ff"),
        ("session", Value::Null) => json!({
            "id": null, "user": null, "remote_addr": "", "created": 0, "accessed": 0,
            "form_tokens": [],
        }),
        ("set_cookie", Value::Null) => json!({
            "name": "QX_session", "value": "", "path": "/", "domain": null, "max_age": 0,
        }),
        (_, Value::Null) => json!("mallory"),
        (_, Value::Bool(yes)) => json!(!yes),
        (_, Value::Number(number)) => json!(number.as_u64().unwrap() + 1),
        (_, Value::String(text)) if text.len() >= 16 && !text.contains('.') => {
            let last = if text.ends_with('7') { "8" } else { "7" };
            json!(format!("{}{last}", &text[..text.len() - 1]))
        }
        (_, Value::String(text)) => json!(format!("{text}x")),
        (_, Value::Array(_)) => json!(["00000000000000ff"]),
        (_, Value::Object(_)) => Value::Null,
    }
}

/// The places in an `expect` that can be changed one at a time: all leaves, and lists and optional
/// objects as a whole.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let key = at.rsplit('/').next().unwrap();
    match value {
        Value::Object(keys) => {
            if ["session", "set_cookie"].contains(&key) {
                found.push(at.into());
            }
            keys.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), found));
        }
        Value::Array(items) => {
            if key == "form_tokens" {
                found.push(at.into());
            }
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        _ => found.push(at.into()),
    }
}

/// Changes every place of every `expect`, one at a time. The replay must stop at that line, and
/// report that key and nothing else. Returns the keys that were reported.
fn change_everything(name: &str, lines: &[Value]) -> BTreeSet<String> {
    let mut reported = BTreeSet::new();
    for line in 1..lines.len() {
        let mut all = Vec::new();
        places(&lines[line]["expect"], "", &mut all);
        for place in all {
            let parts: Vec<_> = place.split('/').skip(1).collect();
            let in_stored = parts[0] == "stored";
            if in_stored && parts[2] == "id" {
                continue; // This would be another session in another place; see below.
            }
            let mut changed = lines.to_vec();
            let key = parts.iter().rev().find(|part| part.parse::<u8>().is_err()).unwrap();
            let value = changed[line]["expect"].pointer_mut(&place).unwrap();
            *value = other(key, value);
            let differs = replay_text(name, &text_of(&changed)).differs;
            let differs = differs.unwrap_or_else(|| panic!("{name}:{}: {place}", line + 1));
            assert_eq!(differs.line, line as u64 + 1, "{name}: {place}");
            let field = if in_stored { parts.get(2) } else { parts.get(1) };
            let field = field.filter(|_| parts[0] != "reply").copied();
            let [found] = differs.differences.as_slice() else {
                panic!("{name}:{}: {place}: {:?}", line + 1, differs.differences)
            };
            assert_eq!((found.key, found.field.as_deref()), (parts[0], field), "{name}: {place}");
            assert_eq!(found.id.is_some(), in_stored);
            reported.insert(format!("{}/{}", parts[0], field.unwrap_or_default()));
        }
    }
    reported
}

// [trace-14] [trace-15]
#[test]
fn no_key_can_change_unnoticed() {
    let mut reported = BTreeSet::new();
    for name in ["revoke_then_first_save", "expire_twice", "random_5_0003", "random_5_0004"] {
        let name = format!("{name}.jsonl");
        reported.append(&mut change_everything(&name, &recording(&name)));
    }
    let recording = Recording { config: Config::STRICT, habits: Habits::ALL, seed: 3, steps: 150 };
    let mut text = Vec::new();
    record(&recording, &mut text, &mut || ControlFlow::Continue(())).unwrap();
    let lines: Vec<Value> =
        str::from_utf8(&text).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    reported.append(&mut change_everything("strict", &lines));
    let session =
        ["id", "user", "remote_addr", "created", "accessed", "form_tokens", "values", "handle"];
    let stored = session.iter().skip(1).map(|field| format!("stored/{field}"));
    let session = session.iter().chain(&[""]).map(|field| format!("session/{field}"));
    let cookie = ["name", "value", "path", "domain", "max_age", "flags", ""];
    let cookie = cookie.iter().map(|field| format!("set_cookie/{field}"));
    let single = ["reply/", "remote_user/", "request_cookie/", "transaction/"];
    let all = single.iter().map(ToString::to_string).chain(session).chain(cookie).chain(stored);
    assert_eq!(reported, all.collect());
}

fn only_difference(lines: &[Value]) -> (u64, Vec<(&'static str, bool)>) {
    let differs = replay_text("changed", &text_of(lines)).differs.unwrap();
    let found = differs.differences.iter();
    (differs.line, found.map(|found| (found.key, found.expected.is_null())).collect())
}

#[test]
fn a_session_too_many_or_too_few_is_noticed() {
    let lines = recording("id_collision.jsonl");
    let last = lines.len() - 1;
    let mut fewer = lines.clone();
    fewer[last]["expect"]["stored"].as_array_mut().unwrap().remove(0);
    assert_eq!(only_difference(&fewer), (lines.len() as u64, vec![("stored", true)]));
    let mut more = lines.clone();
    let stored = more[last]["expect"]["stored"].as_array_mut().unwrap();
    let mut extra = stored[0].clone();
    extra["id"] = json!("00000000000000ff");
    stored.push(extra);
    assert_eq!(only_difference(&more), (lines.len() as u64, vec![("stored", false)]));
    let mut moved = lines.clone();
    moved[last]["expect"]["stored"][1]["id"] = json!("00000000000000ff");
    let both = vec![("stored", true), ("stored", false)];
    assert_eq!(only_difference(&moved), (lines.len() as u64, both));
}

#[test]
fn a_draw_too_many_or_too_few_is_noticed() {
    let lines = recording("id_collision.jsonl");
    let last = lines.len() - 1;
    let mut more = lines.clone();
    more[last]["draws"].as_array_mut().unwrap().push(json!("00000000000000a3"));
    assert_eq!(only_difference(&more), (lines.len() as u64, vec![("draws", false)]));
    let mut none = lines.clone();
    none[1]["draws"] = json!(["00000000000000a3"]);
    assert_eq!(only_difference(&none), (2, vec![("draws", false)]));
    let mut fewer = lines;
    fewer[last]["draws"].as_array_mut().unwrap().pop();
    let (line, found) = only_difference(&fewer);
    assert_eq!(line, last as u64 + 1);
    assert!(found.len() > 1, "the id that was not drawn is missing elsewhere too: {found:?}");
}

#[test]
fn a_line_without_end_is_refused_after_16_mebibytes() {
    let endless = BufReader::new(io::repeat(b'a'));
    let error = TraceReader::new("endless", endless).unwrap_err();
    let message = "endless:1:16777216: expected a line of at most 16777216 bytes";
    assert_eq!(error.to_string(), message);
}
