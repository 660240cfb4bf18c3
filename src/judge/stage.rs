//! The stage of a scenario: its browsers, the requests under way, and the trace of what happened.

mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) use self::words::{bare, first_half};
use super::client::{self, Answer, Ask};
use super::curl::Line;
use super::jar::{Jar, Kept, bytes, latin_1};
use super::kit::Kit;
use super::reply::Reply;
use super::scenario::{Do, Verdict};

/// How long a request may take to come to its gate.
const ARRIVES: Duration = Duration::from_secs(10);

/// The header in which a server shows the id, if its cookie changes while the id stays.
const SESSION: &str = "kit-session";

/// Why a scenario ends here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct End {
    pub(crate) verdict: Verdict,
    pub(crate) why: String,
}

pub(crate) fn end<T>(verdict: Verdict, why: impl Into<String>) -> Result<T, End> {
    Err(End { verdict, why: why.into() })
}

/// A request that has been sent.
struct Sent {
    client: String,
    request: u64,
    path: String,
    text: String,
}

/// A request at its gate, or past it.
struct Held {
    sent: Sent,
    gate: String,
}

/// One scenario under way.
pub(crate) struct Stage<'a> {
    pub(crate) kit: &'a mut Kit,
    jars: BTreeMap<String, Jar>,
    pub(crate) replies: BTreeMap<String, Reply>,
    pub(crate) variables: BTreeMap<String, String>,
    /// The ids that the server shows in that header.
    sessions: BTreeMap<String, String>,
    /// The names of ids in the trace.
    labels: BTreeMap<String, usize>,
    held: Option<Held>,
    pub(crate) serialised: bool,
    pub(crate) stored: Option<u64>,
    /// How far the clock was ahead at the beginning.
    pub(crate) began: i64,
    pub(crate) trace: Vec<Line>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(kit: &'a mut Kit) -> Self {
        let began = kit.target.clock.ahead();
        Self {
            kit,
            jars: BTreeMap::new(),
            replies: BTreeMap::new(),
            variables: BTreeMap::new(),
            sessions: BTreeMap::new(),
            labels: BTreeMap::new(),
            held: None,
            serialised: false,
            stored: None,
            began,
            trace: Vec::new(),
        }
    }

    pub(crate) fn cookie(&self) -> &str {
        &self.kit.target.caps.cookie
    }

    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.trace.push(Line::note(text));
    }

    fn now(&self) -> Duration {
        self.kit.target.clock.now()
    }

    /// `A/2` is another tab of the browser `A`.
    pub(crate) fn jar(&mut self, client: &str) -> &mut Jar {
        let browser = client.split('/').next().unwrap_or(client).to_owned();
        let (host, broken) = (self.kit.target.host.clone(), self.kit.jars);
        self.jars.entry(browser).or_insert_with(|| Jar::new(&host, broken))
    }

    pub(crate) fn copy(&mut self, from: &str, to: &str) {
        let copy = self.jar(from).clone();
        self.jars.insert(to.into(), copy);
        self.trace.push(Line::copy(from, to));
    }

    /// The session cookies that a browser holds; the first is the one that counts.
    pub(crate) fn ids(&mut self, client: &str) -> Vec<String> {
        let (name, now) = (self.cookie().to_owned(), self.now());
        self.jar(client).values(&name, now)
    }

    pub(crate) fn id(&mut self, client: &str) -> Option<String> {
        self.ids(client).into_iter().next()
    }

    /// The session cookies of all other browsers.
    pub(crate) fn other_ids(&mut self, client: &str) -> Vec<String> {
        let others: Vec<_> = self.jars.keys().filter(|it| *it != client).cloned().collect();
        others.iter().flat_map(|it| self.ids(it)).collect()
    }

    /// The session that the cookies of a browser name, for a comparison with another: two cookies
    /// may name the same session.
    pub(crate) fn session(&mut self, client: &str) -> Option<String> {
        let id = self.id(client)?;
        Some(self.sessions.get(&id).cloned().unwrap_or(id))
    }

    fn label(&mut self, id: Option<String>) -> String {
        let Some(id) = id else { return "-".into() };
        let next = self.labels.len() + 1;
        format!("#{}", self.labels.entry(id).or_insert(next))
    }

    /// Sends a request and does not wait for it.
    fn send(&mut self, step: &Do) -> Sent {
        self.kit.requests += 1;
        let request = self.kit.requests;
        let shown = self.words(&step.ops.replace('$', "\u{0}")).replace('\u{0}', "$");
        let words = self.words(&step.ops);
        let prefix = self.kit.target.prefix.clone();
        let path = format!("{prefix}{}", self.fill(step.path.as_deref().unwrap_or("/do")));
        let now = self.now();
        let header = step.cookie.as_deref().map(|cookie| self.fill(cookie));
        let cookie = match &header {
            Some(header) => Some(bytes(header)),
            None => self.jar(&step.client).header(&path, now),
        };
        let ask = Ask {
            ops: with_own_gates(&words, request),
            method: step.method.clone().unwrap_or_else(|| "POST".into()),
            path: path.clone(),
            status: step.status,
            cache: step.cache.clone(),
            query: step.query.as_deref().map(|query| self.fill(query)),
            cookie,
        };
        let id = self.session(&step.client);
        let who = match &step.cookie {
            Some(cookie) => format!("Cookie: {cookie}"),
            None => self.label(id),
        };
        let text = described(step, &who, &shown);
        // The trace names the ids in a path as the scenario does.
        let path_shown = format!("{prefix}{}", step.path.as_deref().unwrap_or("/do"));
        let shown = Ask { ops: shown, path: path_shown, ..ask.clone() };
        self.trace.push(Line::request(step, shown));
        let (agent, base) = (self.kit.target.agent.clone(), self.kit.target.base.clone());
        client::ask_aside(&agent, &base, ask, &self.kit.gate, request);
        Sent { client: step.client.clone(), request, path, text }
    }

    /// The browser takes the cookies of a response, and the trace notes the response.
    fn take(&mut self, sent: &Sent, answer: Answer) -> Reply {
        self.kit.answered(!answer.is_late);
        let (now, name) = (self.now(), self.cookie().to_owned());
        let mut told = Vec::new();
        let mut cookies = Vec::new();
        for header in answer.all("set-cookie").map(<[u8]>::to_vec).collect::<Vec<_>>() {
            let own = header.split(|byte| matches!(byte, b'=' | b';')).next().unwrap_or_default();
            let own = latin_1(own).trim().to_owned();
            let kept = self.jar(&sent.client).receive(&header, &sent.path, now);
            let what = match &kept {
                Kept::Set => "set".to_owned(),
                Kept::Deleted => "delete".to_owned(),
                Kept::Ignored(why) => format!("ignored: {why}"),
            };
            let which = if own != name {
                format!(" {own}")
            } else if kept == Kept::Set {
                let said = answer.all(SESSION).next().map(latin_1);
                let named = self.id(&sent.client).zip(said);
                self.sessions.extend(named);
                let id = self.session(&sent.client);
                format!(" {}", self.label(id))
            } else {
                String::new()
            };
            told.push(format!("{what}{which}"));
            cookies.push((own, kept));
        }
        let results = answer.results();
        let shown = Value::Array(results.iter().map(shown_result).collect());
        let mut text = format!("{} -> {} {shown}", sent.text, answer.status_text());
        if !told.is_empty() {
            let _ = write!(text, " [cookie: {}]", told.join(", "));
        }
        self.note(text);
        let reply = Reply { answer, results, cookies };
        self.replies.insert("last".into(), reply.clone());
        reply
    }

    /// A request, from its start to its answer. If another is at the gate and this one waits for
    /// it, the server serialises them, and the gate is opened.
    pub(crate) fn request(&mut self, step: &Do) -> Result<Reply, End> {
        let started = Instant::now();
        let sent = self.send(step);
        let first = if self.held.is_some() { self.kit.patience() } else { client::LONGEST };
        let answer = match self.kit.gate.answer(sent.request, first) {
            Some(answer) => answer,
            None if self.held.is_some() => {
                self.serialised = true;
                self.kit.waited += 1;
                self.note(format!(
                    "({} waits for the request at the gate: the server serialises)",
                    sent.client
                ));
                self.let_through()?;
                self.late(&sent)?
            }
            None => self.late(&sent)?,
        };
        if self.held.is_none() {
            self.kit.took(started.elapsed());
        }
        let is_garbled = answer.is_garbled;
        let reply = self.take(&sent, answer);
        if is_garbled {
            let found = reply.answer.status_text();
            return end(Verdict::Harness, format!("expected an HTTP response, found: {found}"));
        }
        if let Some(name) = &step.called {
            self.replies.insert(name.clone(), reply.clone());
        }
        Ok(reply)
    }

    fn late(&mut self, sent: &Sent) -> Result<Answer, End> {
        if let Some(answer) = self.kit.gate.answer(sent.request, client::LONGEST) {
            return Ok(answer);
        }
        self.kit.answered(false);
        end(Verdict::Harness, format!("{}: no answer", sent.text))
    }

    /// Starts a request, and returns when it is at its gate.
    pub(crate) fn begin(&mut self, client: &str, ops: &str) -> Result<(), End> {
        let name = ops.split(' ').find_map(|op| op.strip_prefix("gate:")).unwrap_or("g").to_owned();
        let step = Do::plain(client, ops);
        let sent = self.send(&step);
        let gate = gate_name(sent.request, &name);
        if self.kit.gate.wait_for(&gate, sent.request, ARRIVES) {
            self.note(format!("{} ... at gate", sent.text));
            self.held = Some(Held { sent, gate });
            return Ok(());
        }
        self.kit.gate.let_through(&gate);
        let answer = self.late(&sent)?;
        let status = answer.status_text();
        self.take(&sent, answer);
        end(Verdict::NotExpressible, format!("the request never came to its gate: {status}"))
    }

    /// Whether a request is at its gate.
    pub(crate) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Opens the gate, and waits for the request that was there.
    pub(crate) fn open(&mut self, name: &str) -> Result<(), End> {
        self.trace.push(Line::open(name));
        self.let_through()
    }

    fn let_through(&mut self) -> Result<(), End> {
        // If a request was serialised, the gate is open already.
        let Some(held) = self.held.take() else { return Ok(()) };
        self.kit.gate.let_through(&held.gate);
        let answer = self.late(&held.sent)?;
        let reply = self.take(&held.sent, answer);
        self.replies.insert("held".into(), reply);
        Ok(())
    }

    /// Lets the request at the gate through, if there still is one.
    pub(crate) fn finish(&mut self) {
        let _ = self.let_through();
    }

    /// What the browser's cookies open: the user, and the values `a` and `b`.
    pub(crate) fn probe(&mut self, client: &str) -> Result<BTreeMap<String, String>, End> {
        let reply = self.request(&Do::plain(client, "whoami get:a get:b"))?;
        if reply.answer.status.is_none_or(|status| status >= 500) {
            let found = reply.answer.status_text();
            return end(Verdict::Fail, format!("a plain read is answered with {found}"));
        }
        let mut opened = BTreeMap::new();
        if reply.results.len() == 3 {
            for (name, value) in ["user", "a", "b"].into_iter().zip(&reply.results) {
                let value = match value {
                    Value::Null => continue,
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                if !value.is_empty() && value != "unsupported" {
                    opened.insert(name.to_owned(), value);
                }
            }
        }
        Ok(opened)
    }

    /// Sets the server's clock, in seconds from the beginning of the scenario.
    pub(crate) fn set_clock(&mut self, seconds: f64) -> Result<(), End> {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a few years")]
        let whole = seconds as i64;
        self.trace.push(Line::clock(whole));
        // Some servers note a visit after they have answered: one more round gives them the time.
        // Not while a request stands at the gate: a server that takes one at a time would wait.
        if self.held.is_none() {
            let _ = self.kit.target.stored();
        }
        let set = self.kit.target.clock.set(self.began + whole);
        set.or_else(|error| end(Verdict::Harness, format!("the clock cannot be set: {error}")))
    }
}

/// Tokens and handles are shortened.
fn shown_result(result: &Value) -> Value {
    match result.as_str() {
        Some(text) if text.chars().count() > 12 => {
            Value::from(format!("{}…", text.chars().take(4).collect::<String>()))
        }
        _ => result.clone(),
    }
}

/// A request, as people read it in a trace.
fn described(step: &Do, who: &str, shown: &str) -> String {
    let mut text = format!("{}[{who}]: {shown}", step.client);
    if let Some(status) = step.status {
        let _ = write!(text, " status={status}");
    }
    if let Some(path) = &step.path {
        let _ = write!(text, " at {path}");
    }
    if let Some(query) = &step.query {
        let _ = write!(text, " with {query} in the address");
    }
    text
}

fn with_own_gates(ops: &str, request: u64) -> String {
    let own = ops.split(' ').map(|op| match op.strip_prefix("gate:") {
        Some(gate) => format!("gate:{}", gate_name(request, gate)),
        None => op.to_owned(),
    });
    own.collect::<Vec<_>>().join(" ")
}

/// Each request has gates of its own.
fn gate_name(request: u64, gate: &str) -> String {
    format!("{request}-{gate}")
}
