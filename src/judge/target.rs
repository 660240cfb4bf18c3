//! The server that is judged: what it says about itself, its clock and, if the judge started it,
//! its process.

use std::net::TcpStream;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use ureq::Agent;

use super::client::{self, Answer, Ask};
use super::clock::Clock;
use super::gate::Gate;
use super::process::{Process, Recipe, tail};

/// How long a server may take to start.
const BOOT: Duration = Duration::from_secs(60);
/// How many seconds the clock is moved to see whether the server follows.
const TRIAL: i64 = 86_400;
/// The date in a response may lag behind: Node's is up to a second old.
const DATE_LAG: Duration = Duration::from_secs(3);
/// How long a request must wait at the gate to show that it is held.
const HELD: Duration = Duration::from_millis(200);
const ARRIVES: Duration = Duration::from_secs(10);

/// The operations that are needed to see whether there is a session.
const NEEDED: [&str; 2] = ["get", "put"];
/// The limits that can be judged, in seconds: up to a century.
const LIMITS: RangeInclusive<f64> = 1.0..=3_155_760_000.0;

/// What `GET /caps` answers.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Caps {
    name: String,
    /// The name of the session cookie.
    pub(crate) cookie: String,
    pub(crate) ops: Vec<String>,
    #[serde(default)]
    pub(crate) stats: bool,
    /// The login call of the framework, in words; null if it has none.
    #[serde(default)]
    login: Value,
    /// The documented limits, in seconds.
    #[serde(default)]
    pub(crate) idle: Option<f64>,
    #[serde(default)]
    pub(crate) absolute: Option<f64>,
    /// Matches a cookie's value; its first group is the id.
    #[serde(default)]
    pub(crate) id_re: Option<String>,
    /// Whether the whole session is in the cookie.
    #[serde(default)]
    pub(crate) sealed: bool,
    /// Whether the clock follows `KIT_CLOCK`. If the server does not say, the date of a response
    /// shows it.
    #[serde(default)]
    clock: Option<bool>,
}

impl Caps {
    /// Whether the server says that it has this operation.
    pub(crate) fn has(&self, op: &str) -> bool {
        self.ops.iter().any(|own| own == op)
    }
}

/// Why the server cannot be judged: what was expected, and what was found.
#[derive(Debug)]
pub(crate) struct NoContract(pub(crate) String);

/// What the judge knows about the server's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Follows {
    /// There is no clock to move.
    No,
    /// It follows, or it does not show the time.
    Yes,
    /// It shows a time that does not follow.
    Broken,
}

/// The server.
pub(crate) struct Target {
    pub(crate) agent: Agent,
    /// The address without its path, such as `http://127.0.0.1:8080`.
    pub(crate) base: String,
    pub(crate) authority: String,
    pub(crate) host: String,
    /// The path below which the server answers.
    pub(crate) prefix: String,
    pub(crate) caps: Caps,
    /// The same, as the server sent it.
    pub(crate) said: Value,
    pub(crate) id_pattern: Option<regex_lite::Regex>,
    pub(crate) clock: Clock,
    pub(crate) follows: Follows,
    recipe: Option<Recipe>,
    process: Option<Process>,
    /// How often the server ended by itself.
    pub(crate) crashes: u32,
}

/// An address, taken apart.
struct Address {
    base: String,
    authority: String,
    host: String,
    prefix: String,
}

/// Splits `http://127.0.0.1:8080/app`; the port is 80 if none is given.
fn address(url: &str) -> Option<Address> {
    let uri: ureq::http::Uri = url.parse().ok()?;
    let (host, port) = (uri.host()?.to_owned(), uri.port_u16().unwrap_or(80));
    let prefix = uri.path().trim_end_matches('/').to_owned();
    let authority = format!("{host}:{port}");
    let plain = uri.scheme_str() == Some("http") && uri.query().is_none();
    plain.then(|| Address { base: format!("http://{authority}"), authority, host, prefix })
}

/// The port of an address, for the server that will listen there.
pub(crate) fn port(url: &str) -> Option<String> {
    Some(address(url)?.authority.rsplit(':').next()?.to_owned())
}

impl Target {
    /// Starts the server if there is a recipe, and waits until it says what it is.
    pub(crate) fn reach(
        url: &str,
        mut recipe: Option<Recipe>,
        clock: Clock,
        gate: &Gate,
    ) -> Result<Self, NoContract> {
        let Some(Address { base, authority, host, prefix }) = address(url) else {
            return Err(NoContract(format!(
                "{url}: expected an address such as http://127.0.0.1:8080"
            )));
        };
        if recipe.is_some() && TcpStream::connect(&authority).is_ok() {
            let why = "expected a free port for the server, somebody listens there already";
            return Err(NoContract(format!("{url}: {why}")));
        }
        let agent = client::agent();
        let (process, said) = meet(&agent, &format!("{base}{prefix}"), recipe.as_mut(), gate)?;
        let (caps, id_pattern) = read_caps(&said)?;
        let mut target = Self {
            agent,
            base,
            authority,
            host,
            prefix,
            caps,
            said,
            id_pattern,
            clock,
            follows: Follows::No,
            recipe,
            process,
            crashes: 0,
        };
        target.try_clock();
        Ok(target)
    }

    /// Moves the clock once, and looks at the date of a response.
    fn try_clock(&mut self) {
        if self.clock.path().is_none() || self.caps.clock == Some(false) {
            return;
        }
        let before = self.date();
        if self.clock.set(TRIAL).is_err() {
            self.follows = Follows::Broken;
            return;
        }
        let end = Instant::now() + DATE_LAG;
        loop {
            self.follows = match (before, self.date()) {
                _ if self.caps.clock == Some(true) => Follows::Yes,
                (Some(before), Some(after)) if after - before < TRIAL / 2 => Follows::Broken,
                _ => Follows::Yes,
            };
            if self.follows == Follows::Yes || Instant::now() > end {
                return;
            }
            sleep(Duration::from_millis(50));
        }
    }

    fn date(&self) -> Option<i64> {
        let answer = get(&self.agent, &format!("{}{}", self.base, self.prefix), "/caps");
        let date = super::jar::latin_1(answer.all("date").next()?);
        let read = cookie::Cookie::parse(format!("name=value; Expires={date}")).ok()?;
        Some(read.expires_datetime()?.unix_timestamp())
    }

    /// The number of stored sessions; None if it cannot be known.
    pub(crate) fn stored(&self) -> Option<u64> {
        if !self.caps.stats {
            return None;
        }
        let answer = get(&self.agent, &format!("{}{}", self.base, self.prefix), "/stats");
        serde_json::from_slice(&answer.body).ok()
    }

    /// Whether the framework has a login call of its own.
    pub(crate) fn has_login(&self) -> bool {
        !matches!(self.caps.login, Value::Null | Value::Bool(false))
    }

    /// The file with its output, if the judge started the server.
    pub(crate) fn log(&self) -> Option<&PathBuf> {
        self.recipe.as_ref().map(|recipe| &recipe.log)
    }

    /// Starts the server again if it has ended by itself or no longer answers; true if it did.
    pub(crate) fn revive(&mut self) -> Result<bool, NoContract> {
        let Some(process) = &mut self.process else { return Ok(false) };
        let address = format!("{}{}", self.base, self.prefix);
        // A server that a header keeps busy for ever would fail every later clause.
        if !process.has_ended() && get(&self.agent, &address, "/caps").status.is_some() {
            return Ok(false);
        }
        self.crashes += 1;
        let Some(recipe) = &self.recipe else { return Ok(true) };
        self.process = None; // it holds the port until it is stopped
        let process = self.process.insert(start(recipe)?);
        wait_for_caps(&self.agent, &address, Some(process), Some(recipe))?;
        Ok(true)
    }

    /// Ends a server that the judge has started.
    pub(crate) fn stop(&mut self) {
        self.process = None;
    }
}

fn start(recipe: &Recipe) -> Result<Process, NoContract> {
    Process::start(recipe)
        .map_err(|error| NoContract(format!("{}: cannot start: {error}", recipe.command.join(" "))))
}

/// Starts the server if there is a recipe, and sees that it says what it is and comes to the gate.
fn meet(
    agent: &Agent,
    address: &str,
    mut recipe: Option<&mut Recipe>,
    gate: &Gate,
) -> Result<(Option<Process>, Value), NoContract> {
    let mut process = recipe.as_deref().map(start).transpose()?;
    let mut said = wait_for_caps(agent, address, process.as_mut(), recipe.as_deref())?;
    let mut came = comes_to_gate(agent, address, gate, 0);
    if let (Err(Missed::Nobody(_)), Some(recipe)) = (&came, &mut recipe) {
        // Some adapters take `KIT_GATE` for a whole address, not a port.
        drop(process.take());
        for (name, value) in &mut recipe.environment {
            if *name == "KIT_GATE" {
                *value = format!("http://127.0.0.1:{}", gate.port());
            }
        }
        process = Some(start(recipe)?);
        said = wait_for_caps(agent, address, process.as_mut(), Some(recipe))?;
        came = comes_to_gate(agent, address, gate, 1).or(came);
    }
    came.map_err(|missed| match missed {
        Missed::Nobody(why) | Missed::Other(why) => NoContract(why),
    })?;
    Ok((process, said))
}

fn get(agent: &Agent, address: &str, path: &str) -> Answer {
    let ask = Ask { method: "GET".into(), path: path.into(), ..Ask::default() };
    client::ask(agent, address, &ask)
}

fn wait_for_caps(
    agent: &Agent,
    address: &str,
    mut process: Option<&mut Process>,
    recipe: Option<&Recipe>,
) -> Result<Value, NoContract> {
    let end = Instant::now() + if process.is_some() { BOOT } else { Duration::from_secs(2) };
    loop {
        let answer = get(agent, address, "/caps");
        if answer.status == Some(200)
            && let Ok(said) = serde_json::from_slice(&answer.body)
        {
            return Ok(said);
        }
        let ended = process.as_mut().is_some_and(|process| process.has_ended());
        if ended || Instant::now() > end {
            let found = if ended { "the server has ended".into() } else { answer.status_text() };
            let log = recipe.map(|recipe| tail(&recipe.log)).unwrap_or_default();
            return Err(NoContract(format!(
                "{address}/caps: expected status 200 and a JSON object, found {found}\n{log}"
            )));
        }
        sleep(Duration::from_millis(20));
    }
}

fn read_caps(said: &Value) -> Result<(Caps, Option<regex_lite::Regex>), NoContract> {
    let wrong = |why: String| NoContract(format!("/caps: {why}"));
    let caps: Caps = serde_json::from_value(said.clone()).map_err(|error| {
        wrong(format!(
            "expected name, cookie (text), ops (a list), idle, absolute (seconds): {error}"
        ))
    })?;
    if caps.name.is_empty() || caps.cookie.is_empty() {
        return Err(wrong("expected a name, and the name of a cookie, found none".into()));
    }
    if caps.cookie.contains(|it: char| matches!(it, ';' | '=') || !it.is_ascii_graphic()) {
        return Err(wrong(format!("expected the name of a cookie, found {:?}", caps.cookie)));
    }
    if let Some(missing) = NEEDED.iter().find(|op| !caps.has(op)) {
        return Err(wrong(format!("expected {missing} among the ops: nothing is judged without")));
    }
    for (name, limit) in [("idle", caps.idle), ("absolute", caps.absolute)] {
        if limit.is_some_and(|limit| !LIMITS.contains(&limit)) {
            let (least, most) = (LIMITS.start(), LIMITS.end());
            return Err(wrong(format!(
                "expected {name} to be null or from {least} to {most} seconds, found {}",
                said.get(name).unwrap_or(&Value::Null)
            )));
        }
    }
    let pattern = caps.id_re.as_deref().map(regex_lite::Regex::new).transpose();
    let pattern =
        pattern.map_err(|error| wrong(format!("expected a pattern as id_re: {error}")))?;
    Ok((caps, pattern))
}

/// Why the gate cannot be used.
enum Missed {
    /// No request comes: the server may have got the gate's address in the wrong form.
    Nobody(String),
    Other(String),
}

/// Checks that a request stays at the gate as long as it is held there.
fn comes_to_gate(agent: &Agent, address: &str, gate: &Gate, request: u64) -> Result<(), Missed> {
    let name = format!("trial-{request}");
    let ops = format!("gate:{name}");
    let ask = Ask { ops: ops.clone(), method: "POST".into(), path: "/do".into(), ..Ask::default() };
    client::ask_aside(agent, address, ask, gate, request);
    let is_there = gate.wait_for(&name, request, ARRIVES);
    let early = gate.answer(request, if is_there { HELD } else { Duration::ZERO });
    gate.let_through(&name);
    let expected = "expected a request that waits there";
    // A request that was not held may be answered before the judge looks.
    match (is_there || gate.has_seen(&name), early) {
        (true, None) => {}
        (true, Some(_)) => {
            return Err(Missed::Other(format!("{ops}: {expected}, it was not held")));
        }
        (false, early) => {
            let found = early.map_or_else(|| "no answer".into(), |answer| answer.status_text());
            return Err(Missed::Nobody(format!(
                "{ops}: {expected}, nobody came to http://127.0.0.1:{}/{name}; /do says {found}",
                gate.port()
            )));
        }
    }
    match gate.answer(request, client::LONGEST) {
        Some(answer) if answer.results() == ["ok"] => Ok(()),
        Some(answer) => Err(Missed::Other(format!(
            "{ops}: expected [\"ok\"], found {} {}",
            answer.status_text(),
            String::from_utf8_lossy(&answer.body)
        ))),
        None => {
            let why = format!("{ops}: expected an answer once the gate is open, none came");
            Err(Missed::Other(why))
        }
    }
}
