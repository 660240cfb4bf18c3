//! Traces with one mistake in each.

use super::{HEADER, STEP};

const HEADER_2: &str = concat!(
    r#"{"format": "quixote-session-trace/2", "title": "", "origin": "", "config": "#,
    r#"{"semantics": "strict", "id_bits": 128, "cookie_name": "s", "cookie_path": "/", "#,
    r#""cookie_domain": null, "cookie_hardened": true, "access_resolution_ms": 1000, "#,
    r#""idle_limit_ms": null, "absolute_limit_ms": null, "max_form_tokens": 16}}"#
);
/// A name, and a trace with a mistake in it.
pub(super) struct Malformed(pub(super) &'static str, pub(super) Vec<u8>);

/// All of them.
pub(super) fn all() -> impl Iterator<Item = Malformed> {
    let headers = malformed_headers().into_iter().chain(malformed_lines());
    headers.chain(malformed_events()).chain(malformed_expects())
}

/// The header, with one passage replaced.
fn header(name: &'static str, from: &str, to: &str) -> Malformed {
    Malformed(name, HEADER.replacen(from, to, 1).into())
}

/// The header of version 2, with one passage replaced.
fn header_2(name: &'static str, from: &str, to: &str) -> Malformed {
    Malformed(name, HEADER_2.replacen(from, to, 1).into())
}

/// The header of version 3, which gives this up.
fn header_3(name: &'static str, given_up: &str) -> Malformed {
    let end = format!("16, \"gives_up\": {given_up}}}");
    Malformed(name, HEADER_2.replacen("trace/2", "trace/3", 1).replacen("16}", &end, 1).into())
}

/// A good header and this line.
fn line(name: &'static str, line: &str) -> Malformed {
    Malformed(name, format!("{HEADER}\n{line}\n").into())
}

/// A good header of version 2 and this event.
fn event_2(name: &'static str, event: &str) -> Malformed {
    let line = format!(r#"{{"now": 0, "event": {event}, "expect": {{}}}}"#);
    Malformed(name, format!("{HEADER_2}\n{line}\n").into())
}

/// A good header and this event.
fn event(name: &'static str, event: &str) -> Malformed {
    line(name, &format!(r#"{{"now": 0, "event": {event}, "expect": {{}}}}"#))
}

/// A good header and the good step, with one passage replaced.
fn step(name: &'static str, from: &str, to: &str) -> Malformed {
    line(name, &STEP.replacen(from, to, 1))
}

/// A session whose id ends like this.
fn session(id: &str) -> String {
    format!(
        r#"{{"id": "00000000000000{id}", "user": null, "remote_addr": "", "created": 0,
        "accessed": 0, "form_tokens": []}}"#
    )
    .replace('\n', "")
}

fn malformed_headers() -> Vec<Malformed> {
    let deep = format!("{{\"title\": {}", "[".repeat(100_000));
    vec![
        Malformed("empty file", vec![]),
        Malformed("empty first line", b"\n".into()),
        Malformed("no JSON", b"Recordings of sessions, volume 1\n".into()),
        Malformed("byte order mark", format!("\u{feff}{HEADER}\n").into()),
        Malformed("other format", br#"{"format": "pcap"}"#.into()),
        Malformed("no format", b"{}".into()),
        Malformed("deep nesting in the header", deep.into()),
        header("other version", "trace/1", "trace/4"),
        header("header without title", r#""title": "", "#, ""),
        header("header as text", r#""title": """#, r#""title": 1"#),
        header("config as array", r#"{"sharing": "live""#, r#"[], "x": {"y": 1"#),
        header("sharing as a key", r#""live""#, r#"{"live": null}"#),
        header_2("semantics as a key", r#""strict""#, r#"{"strict": null}"#),
        header_2("null in place of semantics", r#""strict""#, "null"),
        header("strict in version 1", "live", "strict"),
        header("key of version 2 in version 1", r#""sharing""#, r#""id_bits": 64, "sharing""#),
        header("cookie that no browser keeps", "QX_session", "a;b"),
        header("resolution below zero", "1000", "-1"),
        header("resolution of 2^64", "1000", "18446744073709551616"),
        header("duplicate key of the header", r#""title""#, r#""title": "", "title""#),
        header("duplicate key of config", r#""sharing""#, r#""sharing": "live", "sharing""#),
        header_2("key of version 1 in version 2", r#""id_bits""#, r#""sharing": "live", "x""#),
        header_2("ids of 96 bits", "128", "96"),
        header_2("ids of 1000 bits", "128", "1000"),
        header_2("no form tokens", "16}", "0}"),
        header_2("absent limit", r#""idle_limit_ms": null, "#, ""),
        header_2("form tokens beyond a byte", "16}", "300}"),
        header_2("requests beyond 32 bits", "16}", r#"16, "max_requests": 4294967296}"#),
        header_2("values beyond a word", "16}", r#"16, "max_values": 18446744073709551616}"#),
        header_3("array in place of what is given up", "[true, true, true, true, true]"),
        header_3("number in place of what is given up", "1"),
        header_2("limit below zero", r#""idle_limit_ms": null"#, r#""idle_limit_ms": -1"#),
    ]
}

fn malformed_lines() -> Vec<Malformed> {
    let deep = "[".repeat(100_000);
    let objects = format!(r#""session": {}"#, r#"{"session": "#.repeat(100_000));
    let twin = session("a1").replace(r#""user""#, r#""created": 1, "user""#);
    let twin = format!(r#""stored": [{twin}], "reply""#);
    let twice = r#""set_value", "request": 1, "key": "k", "value": "1", "value": "2""#;
    let values = r#""form_tokens": [], "values": {"k": "1", "k": "2"}"#;
    let stored = session("a1").replace("00000000000000a1", &"a".repeat(32));
    let stored = stored.replace(r#""form_tokens": []"#, values);
    let values = format!(r#"{{"now": 0, "event": "sweep", "expect": {{"stored": [{stored}]}}}}"#);
    vec![
        line("truncated line", &STEP[..60]),
        line("empty line", ""),
        line("two steps in a line", &format!("{STEP} {STEP}")),
        line("array in place of an object", r#"[0, "sweep"]"#),
        line("deep nesting", &deep),
        step("deep nesting within", r#""reply""#, &format!(r#""stored": {deep}, "reply""#)),
        Malformed("invalid UTF-8", [HEADER.as_bytes(), b"\n{\"now\": \"\xff\"}\n"].concat()),
        step("half of a pair of surrogates", "delete_session", r"\ud800"),
        step("half of a pair of surrogates, alone", r#""reply""#, r#""\ud800": 1, "reply""#),
        step("raw control character", "delete", "\u{1}delete"),
        step("duplicate key", r#""now": 0"#, r#""now": 0, "now": 1"#),
        step("duplicate key, once escaped", r#""now": 0"#, r#""now": 0, "n\u006fw": 1"#),
        step("duplicate draws", r#""now": 0"#, r#""now": 0, "draws": [], "draws": []"#),
        step("duplicate key of expect", r#""reply""#, r#""reply": "done", "reply""#),
        step("duplicate key of a session", r#""reply""#, &twin),
        step("deep nesting of objects", r#""reply""#, &format!(r#"{objects}, "reply""#)),
        event_2("duplicate argument", twice),
        Malformed("duplicate value", format!("{HEADER_2}\n{values}\n").into()),
        step("number below zero", r#""now": 0"#, r#""now": -5"#),
        step("number of 30 digits", r#""now": 0"#, &format!(r#""now": 1{}"#, "0".repeat(29))),
        step("number of 2^64", r#""now": 0"#, r#""now": 18446744073709551616"#),
        step("number below zero by nothing", r#""now": 0"#, r#""now": -0.0"#),
        step("number with a fraction", r#""now": 0"#, r#""now": 1.5"#),
        step("infinite number", r#""now": 0"#, r#""now": 1e999"#),
        step("wrong type", r#""now": 0"#, r#""now": "noon""#),
        step("null in place of a number", r#""now": 0"#, r#""now": null"#),
        step("unknown key", r#""now""#, r#""when": 1, "now""#),
    ]
}

fn malformed_events() -> Vec<Malformed> {
    let draws = [r#""00000000000000a1""#; 5].join(", ");
    let draws = format!(r#""create_form_token", "request": 1, "draws": [{draws}]"#);
    let start = r#""start_request", "request": 1, "remote_addr": "", "script_name": """#;
    let wide = "0".repeat(32);
    vec![
        step("unknown event", "delete_session", "delete_everything"),
        step("event that is hostile to terminals", "delete_session", r"\u001b[31m\u202e"),
        event("event of version 2", r#""sweep""#),
        step("missing argument", r#""id": "00000000000000a1", "#, ""),
        event("missing request", r#""expire_session""#),
        event("null in place of a request", r#""expire_session", "request": null"#),
        event("null in place of a text", r#""has_form_token", "request": 1, "token": null"#),
        step("superfluous request", r#""now""#, r#""request": 1, "now""#),
        step("superfluous argument", r#""now""#, r#""user": null, "now""#),
        event("missing cookie header", start),
        event("unknown outcome", r#""finish_request", "request": 1, "outcome": "lost""#),
        event("outcome as a key", r#""finish_request", "request": 1, "outcome": {"failed": null}"#),
        event_2("event as a key", r#"{"sweep": null}"#),
        event_2("null in place of an event", "null"),
        event_2("nobody in place of a user", r#""delete_sessions_of", "user": null"#),
        step("id that is not hex", "00000000000000a1", "*del*"),
        step("id in upper case", "00000000000000a1", "00000000000000A1"),
        step("id of the wrong width", "00000000000000a1", &wide),
        event_2("draw of the wrong width", r#""sweep", "draws": ["00000000000000a1"]"#),
        event("draw that is no text", r#""create_form_token", "request": 1, "draws": [7]"#),
        event("five draws", &draws),
    ]
}

fn malformed_expects() -> Vec<Malformed> {
    let finish = r#"{"now": 0, "event": "finish_request", "request": 1, "outcome": "failed", "#;
    let (refused, refusal) =
        (r#"{"refused": "unknown_session"}"#, r#""refused": "unknown_session""#);
    let cookie = r#"{"name": "a", "value": "", "path": null, "domain": null, "path": "/"}"#;
    let flags =
        cookie.replace(r#", "path": "/"}"#, r#", "max_age": 0, "flags": [{"Secure": null}]}"#);
    let flagged = HEADER_2.replacen("trace/2", "trace/3", 1).replacen("strict", "live", 1);
    let flagged = format!("{flagged}\n{finish}\"expect\": {{\"set_cookie\": {flags}}}}}\n");
    let ended = format!(r#"{finish}"expect": {{"transaction": {{"abort": null}}}}}}"#);
    let unordered = format!(r#""stored": [{}, {}], "reply""#, session("a2"), session("a1"));
    let nameless = session("a1").replace(r#""00000000000000a1""#, "null");
    vec![
        line("missing expect", r#"{"now": 0, "event": "sweep"}"#),
        line("expect as array", &STEP.replace(r#"{"reply": "#, "[").replace("}}}", "}]}")),
        step("unknown key of expect", r#""reply""#, r#""replies""#),
        step("unknown reply", refused, r#""maybe""#),
        step("two refusals", refused, &format!(r#"{{{refusal}, "refused": "no_session"}}"#)),
        step("a refusal and an answer", refused, &format!(r#"{{{refusal}, "answer": true}}"#)),
        step("an answer that is none", refused, r#"{"answer": "yes"}"#),
        step("a token in place of a reply", refused, r#""token""#),
        step("a reply as a key", refused, r#"{"done": null}"#),
        step("no reply at all", refused, "{}"),
        step("null in place of a reply", refused, "null"),
        step("a number in place of a reply", refused, "1"),
        step("an array in place of a reply", refused, r#"["done"]"#),
        step("half of a surrogate pair in place of a reply", refused, r#""\ud800""#),
        line(
            "duplicate key of a cookie",
            &format!(r#"{finish}"expect": {{"set_cookie": {cookie}}}}}"#),
        ),
        step("refusal as a key", r#""unknown_session""#, r#"{"unknown_session": null}"#),
        Malformed("transaction as a key", format!("{HEADER_2}\n{ended}\n").into()),
        step("unknown refusal", "unknown_session", "bad_mood"),
        step("refusal of version 2", "unknown_session", "session_gone"),
        step("cookie set by the manager", r#""reply""#, r#""set_cookie": null, "reply""#),
        step("session of the manager", r#""reply""#, r#""session": null, "reply""#),
        line("end of transaction", &format!(r#"{finish}"expect": {{"transaction": null}}}}"#)),
        line("cookie as text", &format!(r#"{finish}"expect": {{"set_cookie": "a=b"}}}}"#)),
        Malformed("flag as a key", flagged.into()),
        line("cookie in part", &format!(r#"{finish}"expect": {{"set_cookie": {{}}}}}}"#)),
        step("stored out of order", r#""reply""#, &unordered),
        step("stored without id", r#""reply""#, &format!(r#""stored": [{nameless}], "reply""#)),
    ]
}
