//! The trace of a scenario: what happened, and how to repeat it with curl.

use super::client::Ask;
use super::scenario::Do;

/// The beginning of every script.
const HEAD: &str = include_str!("replay.sh");

/// One line of a trace: its text, and the commands that repeat it. Either may be missing.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) text: Option<String>,
    curl: Option<String>,
}

impl Line {
    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), curl: None }
    }

    pub(crate) fn copy(from: &str, to: &str) -> Self {
        let curl = format!("touch {from}.jar; cp {from}.jar {to}.jar");
        Self { text: Some(format!("{to} copies the cookies of {from}")), curl: Some(curl) }
    }

    pub(crate) fn open(gate: &str) -> Self {
        Self { text: Some(format!("open {gate}")), curl: Some(": > go; wait".into()) }
    }

    /// A request; its answer is added later.
    pub(crate) fn request(step: &Do, ask: Ask) -> Self {
        let ops = ask.ops.replace('$', "@");
        let ask = Ask { path: in_shell(&ask.path), ..ask };
        let mut target = Ask { ops, query: None, ..ask.clone() }.target().replace("%40", "$");
        if let Some(query) = &step.query {
            target.push('&');
            target.push_str(&in_shell(query));
        }
        let mut words = vec!["c".to_owned(), "-X".to_owned(), ask.method];
        if let Some(header) = &step.cookie {
            words.push(format!("-H \"Cookie: {}\"", in_shell(header)));
        } else {
            let jar = step.client.split('/').next().unwrap_or("A");
            words.push(format!("-b {jar}.jar -c {jar}.jar"));
        }
        words.push(format!("\"$U{target}\""));
        let request = words.join(" ");
        let curl = if step.ops.contains("gate:") {
            format!("gate; {request} & cat at")
        } else if let Some(name) = &step.bind {
            let sets = format!("{name}=$({request} | sed 's/.*\"\\([^\"]*\\)\".*/\\1/')");
            if ask.ops.contains("mint") {
                format!("{sets}; half_{name}=$(half ${name})")
            } else {
                sets
            }
        } else {
            request
        };
        Self { text: None, curl: Some(curl) }
    }

    pub(crate) fn clock(seconds: i64) -> Self {
        Self { text: Some(format!("clock +{seconds} s")), curl: Some(format!("clock {seconds}")) }
    }

    pub(crate) fn tamper(from: &str, to: &str, place: usize) -> Self {
        let text = format!("{to} holds the cookie of {from} with its letter {} changed", place + 1);
        Self { text: Some(text), curl: Some(format!("tamper {from} {to} {place}")) }
    }

    pub(crate) fn forge(from: &str, to: &str) -> Self {
        let text = format!("{to} holds an id of the same form that was never issued");
        Self { text: Some(text), curl: Some(format!("forge {from} {to}")) }
    }
}

/// A header of a scenario, as text for the shell in double quotes.
fn in_shell(header: &str) -> String {
    let mut text = String::new();
    for it in header.chars() {
        if matches!(it, '"' | '\\' | '$' | '`') {
            text.push('\\');
        }
        text.push(it);
    }
    text.replace("{name}", "$N")
        .replace("{swapped}", "$(echo $N | tr a-zA-Z A-Za-z)")
        .replace("{mangled}", "$(echo $N | tr _ .)")
        .replace("{encoded}", "$(encoded $N)")
        .replace("{bare}", "$(bare $N)")
        .replace("{all of ", "$(all ")
        .replace("{half of ", "$(half_id ")
        .replace("{longer ", "$(longer ")
        .replace('{', "$(id ")
        .replace('}', ")")
}

/// The texts of all lines.
pub(crate) fn texts(trace: &[Line]) -> Vec<String> {
    trace.iter().filter_map(|line| line.text.clone()).collect()
}

/// A script that repeats the trace.
pub(crate) fn script(trace: &[Line], address: &str, gate: u16, cookie: &str) -> Vec<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let values = format!("U={} G={gate} N={}", quoted(address), quoted(cookie));
    let head = HEAD.lines().map(str::to_owned).chain([values]);
    head.chain(trace.iter().filter_map(|line| line.curl.clone())).collect()
}
