//! One request, on its own connection and thread, and its answer.

use std::fmt::Write as _;
use std::thread;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderValue, Request};

use super::gate::Gate;

/// The longest time of a request, including a wait at the gate.
pub(crate) const LONGEST: Duration = Duration::from_secs(25);
/// A handler answers in a few bytes; no answer must fill the memory.
const BODY_BYTES: u64 = 1024 * 1024;
/// The characters to encode in a query: all except those between operations, and those that need no
/// encoding.
const QUERY: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b':').remove(b',').remove(b'-').remove(b'_').remove(b'.').remove(b'=');

/// A request of the contract.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) ops: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: Option<u16>,
    pub(crate) cache: Option<String>,
    /// More parameters of the address, besides the operations.
    pub(crate) query: Option<String>,
    pub(crate) cookie: Option<Vec<u8>>,
}

/// The answer to a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// None if nothing came back.
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<String>,
    /// Whether nothing came back in time.
    pub(crate) is_late: bool,
    /// Whether the answer was not HTTP, or was too long, which says nothing about sessions.
    pub(crate) is_garbled: bool,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    /// Path and query.
    pub(crate) fn target(&self) -> String {
        let encode = |text: &str| utf8_percent_encode(text, QUERY).to_string();
        let mut target = format!("{}?ops={}", self.path, encode(&self.ops.replace(' ', ",")));
        if let Some(status) = self.status {
            let _ = write!(target, "&status={status}");
        }
        if let Some(cache) = &self.cache {
            let _ = write!(target, "&cc={}", encode(cache));
        }
        if let Some(query) = &self.query {
            let _ = write!(target, "&{}", encode(query));
        }
        target
    }
}

impl Answer {
    /// The answer of each operation.
    pub(crate) fn results(&self) -> Vec<Value> {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// All values of a header.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_slice())
    }

    /// All values of a header as one text, in lower case.
    pub(crate) fn joined(&self, name: &str) -> String {
        let all: Vec<_> = self.all(name).map(super::jar::latin_1).collect();
        all.join(", ").to_ascii_lowercase()
    }

    /// The status, or why there is none.
    pub(crate) fn status_text(&self) -> String {
        self.status.map_or_else(
            || self.error.clone().unwrap_or_else(|| "no answer".into()),
            |status| status.to_string(),
        )
    }
}

/// A client that follows no redirects, and keeps neither connections nor cookies.
pub(crate) fn agent() -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .proxy(None)
        .timeout_global(Some(LONGEST))
        .build();
    config.into()
}

/// Asks, and waits.
pub(crate) fn ask(agent: &Agent, base: &str, ask: &Ask) -> Answer {
    send(agent, base, ask).unwrap_or_else(|why| {
        let is_garbled = matches!(
            why,
            ureq::Error::Protocol(_)
                | ureq::Error::Http(_)
                | ureq::Error::LargeResponseHeader(..)
                | ureq::Error::BodyExceedsLimit(_)
        );
        let is_late = matches!(why, ureq::Error::Timeout(_));
        Answer { error: Some(why.to_string()), is_late, is_garbled, ..Answer::default() }
    })
}

/// Asks on a thread of its own, and passes the answer to the gate.
pub(crate) fn ask_aside(agent: &Agent, base: &str, question: Ask, gate: &Gate, request: u64) {
    let (agent, base, gate) = (agent.clone(), base.to_owned(), gate.clone());
    thread::spawn(move || gate.answered(request, ask(&agent, &base, &question)));
}

fn send(agent: &Agent, base: &str, ask: &Ask) -> Result<Answer, ureq::Error> {
    let target = if ask.ops.is_empty() { ask.path.clone() } else { ask.target() };
    let mut request = Request::builder()
        .method(ask.method.as_str())
        .uri(format!("{base}{target}"))
        .header("X-Forwarded-Proto", "https")
        .header("Connection", "close");
    if ask.method == "POST" {
        request = request.header("Content-Length", "0");
    }
    if let Some(cookie) = &ask.cookie {
        request = request
            .header("Cookie", HeaderValue::from_bytes(cookie).map_err(ureq::http::Error::from)?);
    }
    let mut response = agent.run(request.body(())?)?;
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    Ok(Answer {
        status: Some(response.status().as_u16()),
        error: None,
        is_late: false,
        is_garbled: false,
        headers: headers.collect(),
        body: response.body_mut().with_config().limit(BODY_BYTES).read_to_vec()?,
    })
}
