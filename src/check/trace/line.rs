//! One step: a line of a trace, read strictly into the input that it stands for.

use core::fmt;
use std::format;
use std::string::String;
use std::vec::Vec;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::error::{Fault, read};
use super::expect::Expect;
use super::header::Version;
use super::strict::{Object, given, given_word, object, word};
use super::words::{check_expect, check_version, since};
use crate::check::kinds::{Draw, Kind};
use crate::config::Config;
use crate::cookie::read_cookie_text;
use crate::entropy::Entropy;
use crate::event::{Event, Input, ManagerEvent, Outcome, RequestEvent, RequestId};
use crate::presented::SubmittedToken;
use crate::time::Timestamp;
use crate::token::{Handle, SessionId, Width};

/// One step of a trace.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceStep {
    /// What happened. Its cookie is the one in `cookie_header`; its entropy has the draws and then
    /// zeros.
    pub input: Input,
    /// For `start_request`, the `Cookie` header as it came, if there was one.
    pub cookie_header: Option<String>,
    /// How many random values the recorded system drew.
    pub draws: u8,
    /// The handle that it drew, if it drew one.
    pub new_handle: Option<Handle>,
    /// What was observed afterwards.
    pub expect: Expect,
}

/// Shows neither the entropy nor the cookie header.
impl fmt::Debug for TraceStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceStep")
            .field("input", &self.input)
            .field("cookie_header_bytes", &self.cookie_header.as_ref().map(String::len))
            .field("draws", &self.draws)
            .field("new_handle", &self.new_handle)
            .field("expect", &self.expect)
            .finish()
    }
}

impl TraceStep {
    // [trace-5]
    pub(super) fn parse(version: Version, config: &Config, line: &str) -> Result<Self, Fault> {
        let Object(mut line) = read::<Object<Line>>(line)?;
        let event = line.event;
        if since(event) > version {
            let (expected, found) = (version.number(), since(event).number());
            let other = format!("{event} is of version {found}");
            return Err(fault(&format!("expected an event of version {expected}, {other}")));
        }
        let (entropy, draws) = entropy(config.width, &line.draws.take().unwrap_or_default())?;
        let new_handle = line.new_handle.take();
        let entropy = match new_handle {
            Some(handle) if event.draws() == Some(Draw::Id) => entropy.with_handle(handle),
            Some(_) => return Err(fault(&format!("expected no `new_handle`, {event} draws none"))),
            None => entropy,
        };
        let input = Input { now: line.now, entropy, event: line.take_event(config)? };
        let cookie_header = match &input.event {
            Event::StartRequest { .. } => line.cookie_header.take().flatten(),
            Event::Request { .. } | Event::Manager(_) => None,
        };
        let expect = core::mem::take(&mut line.expect);
        let step = Self { input, cookie_header, draws, new_handle, expect };
        if let Some(argument) = line.superfluous() {
            return Err(fault(&format!("expected no argument `{argument}`, {event} has none")));
        }
        check_version(version, event, &step)?;
        check_expect(version, event, &step)?;
        Ok(step)
    }

    /// The line, without its end.
    pub(super) fn line(self, width: Width) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Line::of(self, width))
    }
}

fn fault(message: &str) -> Fault {
    Fault::new(message)
}

/// A line, with every argument that any event has.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "an absent argument and one that is null differ")]
struct Line {
    now: Timestamp,
    #[serde(deserialize_with = "word")]
    event: Kind,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    request: Option<RequestId>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    cookie_header: Option<Option<String>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    remote_addr: Option<SmolStr>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    script_name: Option<SmolStr>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    id: Option<SessionId>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    user: Option<Option<SmolStr>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    key: Option<SmolStr>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    value: Option<SmolStr>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    token: Option<SubmittedToken>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    must_exist: Option<bool>,
    #[serde(default, deserialize_with = "given_word", skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    passive: Option<bool>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    handle: Option<Handle>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    draws: Option<Vec<SessionId>>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    new_handle: Option<Handle>,
    #[serde(deserialize_with = "object")]
    expect: Expect,
}

const NOBODY: &str = "expected `user` of delete_sessions_of to be a text, found null";

impl Line {
    /// The event, with its arguments taken out of the line.
    fn take_event(&mut self, config: &Config) -> Result<Event, Fault> {
        let name = self.event;
        macro_rules! take {
            ($argument:ident) => {
                need(self.$argument.take(), name, stringify!($argument))?
            };
        }
        // The manager's events have no request, so this number is not used.
        let request = if name.is_of_manager() { RequestId(0) } else { take!(request) };
        let event = match name {
            Kind::StartRequest => {
                let header = need(self.cookie_header.as_ref(), name, "cookie_header")?;
                // [trace-7]
                return Ok(Event::StartRequest {
                    request,
                    cookie: header.as_deref().and_then(|header| read_cookie_text(config, header)),
                    remote_addr: take!(remote_addr),
                    script_name: take!(script_name),
                    passive: self.passive.take().unwrap_or_default(),
                });
            }
            Kind::SetUser => RequestEvent::SetUser { user: take!(user) },
            Kind::SetValue => RequestEvent::SetValue { key: take!(key), value: take!(value) },
            Kind::RemoveValue => RequestEvent::RemoveValue { key: take!(key) },
            Kind::TakeValue => RequestEvent::TakeValue { key: take!(key) },
            Kind::GuardValue => RequestEvent::GuardValue { key: take!(key) },
            Kind::RenewSession => RequestEvent::RenewSession,
            Kind::CreateFormToken => RequestEvent::CreateFormToken,
            Kind::HasFormToken => RequestEvent::HasFormToken { token: take!(token) },
            Kind::RemoveFormToken => RequestEvent::RemoveFormToken { token: take!(token) },
            Kind::HasSessionCookie => {
                RequestEvent::HasSessionCookie { must_exist: take!(must_exist) }
            }
            Kind::RevokeSessionCookie => RequestEvent::RevokeSessionCookie,
            Kind::ExpireSession => RequestEvent::ExpireSession,
            Kind::ExpireOtherSessions => RequestEvent::ExpireOtherSessions,
            Kind::ExpireHandle => RequestEvent::ExpireHandle { handle: take!(handle) },
            Kind::NewSession => RequestEvent::NewSession,
            Kind::MaintainSession => RequestEvent::MaintainSession,
            Kind::FinishRequest => RequestEvent::FinishRequest { outcome: take!(outcome) },
            Kind::InsertSession => {
                let id = of_width(config.width, take!(id), "id")?;
                RequestEvent::InsertSession { id, user: take!(user) }
            }
            Kind::DeleteSession => {
                let id = of_width(config.width, take!(id), "id")?;
                return Ok(Event::Manager(ManagerEvent::DeleteSession { id }));
            }
            Kind::DeleteHandle => {
                let handle = take!(handle);
                return Ok(Event::Manager(ManagerEvent::DeleteHandle { handle }));
            }
            Kind::DeleteSessionsOf => {
                let user = take!(user).ok_or_else(|| fault(NOBODY))?;
                return Ok(Event::Manager(ManagerEvent::DeleteSessionsOf { user }));
            }
            Kind::Sweep => return Ok(Event::Manager(ManagerEvent::Sweep)),
        };
        Ok(event.of(request))
    }

    /// An argument that the event does not have.
    fn superfluous(&self) -> Option<&'static str> {
        let left = [
            (self.request.is_some(), "request"),
            (self.cookie_header.is_some(), "cookie_header"),
            (self.remote_addr.is_some(), "remote_addr"),
            (self.script_name.is_some(), "script_name"),
            (self.id.is_some(), "id"),
            (self.user.is_some(), "user"),
            (self.key.is_some(), "key"),
            (self.value.is_some(), "value"),
            (self.token.is_some(), "token"),
            (self.must_exist.is_some(), "must_exist"),
            (self.outcome.is_some(), "outcome"),
            (self.passive.is_some(), "passive"),
            (self.handle.is_some(), "handle"),
        ];
        left.into_iter().find(|(stands, _)| *stands).map(|(_, name)| name)
    }

    fn of(step: TraceStep, width: Width) -> Self {
        let event = step.input.event;
        let entropy = &step.input.entropy;
        let halves = entropy.bytes().split_at(Entropy::HALF);
        let half = if Kind::of(&event).draws() == Some(Draw::Token) { halves.1 } else { halves.0 };
        let draws = half.chunks_exact(width.bytes());
        let draws = draws.take(usize::from(step.draws)).filter_map(secret).collect();
        let mut line = Self {
            now: step.input.now,
            event: Kind::of(&event),
            request: event.request(),
            cookie_header: None,
            remote_addr: None,
            script_name: None,
            id: None,
            user: None,
            key: None,
            value: None,
            token: None,
            must_exist: None,
            outcome: None,
            passive: None,
            handle: None,
            new_handle: step.new_handle,
            draws: (step.draws > 0).then_some(draws),
            expect: step.expect,
        };
        line.put_arguments(event, step.cookie_header);
        line
    }

    fn put_arguments(&mut self, event: Event, header: Option<String>) {
        match event {
            Event::StartRequest { remote_addr, script_name, passive, .. } => {
                self.passive = passive.then_some(true);
                self.cookie_header = Some(header);
                self.remote_addr = Some(remote_addr);
                self.script_name = Some(script_name);
            }
            Event::Request { event, .. } => match event {
                RequestEvent::SetUser { user } => self.user = Some(user),
                RequestEvent::SetValue { key, value } => {
                    (self.key, self.value) = (Some(key), Some(value));
                }
                RequestEvent::RemoveValue { key }
                | RequestEvent::TakeValue { key }
                | RequestEvent::GuardValue { key } => self.key = Some(key),
                RequestEvent::ExpireHandle { handle } => self.handle = Some(handle),
                RequestEvent::HasFormToken { token } | RequestEvent::RemoveFormToken { token } => {
                    self.token = Some(token);
                }
                RequestEvent::HasSessionCookie { must_exist } => self.must_exist = Some(must_exist),
                RequestEvent::FinishRequest { outcome } => self.outcome = Some(outcome),
                RequestEvent::InsertSession { id, user } => {
                    (self.id, self.user) = (Some(id), Some(user));
                }
                RequestEvent::RenewSession
                | RequestEvent::CreateFormToken
                | RequestEvent::RevokeSessionCookie
                | RequestEvent::ExpireSession
                | RequestEvent::ExpireOtherSessions
                | RequestEvent::NewSession
                | RequestEvent::MaintainSession => {}
            },
            Event::Manager(event) => match event {
                ManagerEvent::DeleteSession { id } => self.id = Some(id),
                ManagerEvent::DeleteHandle { handle } => self.handle = Some(handle),
                ManagerEvent::DeleteSessionsOf { user } => self.user = Some(Some(user)),
                ManagerEvent::Sweep => {}
            },
        }
    }
}

fn need<T>(argument: Option<T>, event: Kind, name: &str) -> Result<T, Fault> {
    let missing = || fault(&format!("expected the argument `{name}` of {event}"));
    argument.ok_or_else(missing)
}

fn secret(bytes: &[u8]) -> Option<SessionId> {
    let narrow = <[u8; 8]>::try_from(bytes).map(SessionId::from);
    narrow.or_else(|_| <[u8; 16]>::try_from(bytes).map(SessionId::from)).ok()
}

/// The id or the draw, if it has the width of the configuration.
fn of_width(width: Width, secret: SessionId, name: &str) -> Result<SessionId, Fault> {
    let (expected, found) = (width.bytes(), secret.reveal_bytes().len());
    if expected == found {
        return Ok(secret);
    }
    let [expected, found] = [expected, found].map(|bytes| bytes.saturating_mul(2));
    Err(fault(&format!("expected `{name}` to have {expected} hex digits, found {found}")))
}

// [trace-11] [trace-12]
fn entropy(width: Width, draws: &[SessionId]) -> Result<(Entropy, u8), Fault> {
    let most = width.draws();
    let count = u8::try_from(draws.len()).ok().filter(|count| *count <= most);
    let too_many = || fault(&format!("expected at most {most} draws, found {}", draws.len()));
    let count = count.ok_or_else(too_many)?;
    let mut half = [0; Entropy::HALF];
    for (place, draw) in half.chunks_exact_mut(width.bytes()).zip(draws) {
        place.copy_from_slice(of_width(width, *draw, "draws")?.reveal_bytes());
    }
    Ok((Entropy::from_half(half), count))
}
