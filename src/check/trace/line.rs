//! One step: a line of a trace, read strictly into the input that it stands for.

use core::fmt;
use std::format;
use std::string::String;
use std::vec::Vec;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::error::Fault;
use super::event_name::EventName;
use super::expect::Expect;
use super::header::Version;
use super::reply::ReplyRecord;
use super::strict::{Object, given, given_word, object, word};
use crate::config::Config;
use crate::cookie::read_cookie;
use crate::effect::Refusal;
use crate::entropy::Entropy;
use crate::event::{Event, Input, ManagerEvent, Outcome, RequestEvent, RequestId};
use crate::presented::SubmittedToken;
use crate::time::Timestamp;
use crate::token::{SessionId, Width};

/// One step of a trace.
#[derive(Clone, PartialEq, Eq)]
pub struct TraceStep {
    /// What happened. Its cookie is the one that stands in `cookie_header`; its entropy holds the
    /// draws and, behind them, zeros.
    pub input: Input,
    /// Of `start_request`: the `Cookie` header as it came, if one did.
    pub cookie_header: Option<String>,
    /// How many random values the recorded system drew.
    pub draws: u8,
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
            .field("expect", &self.expect)
            .finish()
    }
}

impl TraceStep {
    // [trace-3]
    pub(super) fn parse(version: Version, config: &Config, line: &str) -> Result<Self, Fault> {
        let Object(mut line) = serde_json::from_str::<Object<Line>>(line)?;
        let event = line.event;
        if version == Version::One && event.is_new() {
            return Err(fault(&format!("expected an event of version 1, {event} is of version 2")));
        }
        let (entropy, draws) = entropy(config.width, &line.draws.take().unwrap_or_default())?;
        let starts = event == EventName::StartRequest;
        let step = Self {
            input: Input { now: line.now, entropy, event: line.take_event(config)? },
            cookie_header: if starts { line.cookie_header.take().flatten() } else { None },
            draws,
            expect: core::mem::take(&mut line.expect),
        };
        if let Some(argument) = line.superfluous() {
            return Err(fault(&format!("expected no argument `{argument}`, {event} has none")));
        }
        check_expect(version, event, &step)?;
        Ok(step)
    }

    /// The line, without its end.
    pub(super) fn line(self, width: Width) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Line::of(self, width))
    }

    /// Whether version 1 has words for this step.
    #[must_use]
    pub fn fits_version_one(&self) -> bool {
        !EventName::of(&self.input.event).is_new() && !says_more_than_version_one(&self.expect)
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
    event: EventName,
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
    draws: Option<Vec<SessionId>>,
    #[serde(deserialize_with = "object")]
    expect: Expect,
}

impl Line {
    /// The event, with its arguments taken out of the line.
    fn take_event(&mut self, config: &Config) -> Result<Event, Fault> {
        let name = self.event;
        if name.is_of_manager() {
            return self.take_event_of_manager(config);
        }
        let request = need(self.request.take(), name, "request")?;
        Ok(match name {
            EventName::StartRequest => {
                let header = self.cookie_header.as_ref().map(Option::as_deref);
                let header = need(header, name, "cookie_header")?;
                Event::StartRequest {
                    request,
                    cookie: header.and_then(|header| read_cookie(config, header)),
                    remote_addr: need(self.remote_addr.take(), name, "remote_addr")?,
                    script_name: need(self.script_name.take(), name, "script_name")?,
                }
            }
            EventName::FinishRequest => {
                let outcome = need(self.outcome.take(), name, "outcome")?;
                RequestEvent::FinishRequest { outcome }.of(request)
            }
            EventName::HasSessionCookie => {
                let must_exist = need(self.must_exist.take(), name, "must_exist")?;
                RequestEvent::HasSessionCookie { must_exist }.of(request)
            }
            EventName::RevokeSessionCookie => RequestEvent::RevokeSessionCookie.of(request),
            EventName::ExpireSession => RequestEvent::ExpireSession.of(request),
            EventName::NewSession => RequestEvent::NewSession.of(request),
            EventName::MaintainSession => RequestEvent::MaintainSession.of(request),
            _ => return self.take_event_of_session(config, request),
        })
    }

    /// The events that change or ask about what a session holds.
    fn take_event_of_session(
        &mut self,
        config: &Config,
        request: RequestId,
    ) -> Result<Event, Fault> {
        let name = self.event;
        Ok(match name {
            EventName::SetUser => {
                RequestEvent::SetUser { user: need(self.user.take(), name, "user")? }.of(request)
            }
            EventName::SetValue => RequestEvent::SetValue {
                key: need(self.key.take(), name, "key")?,
                value: need(self.value.take(), name, "value")?,
            }
            .of(request),
            EventName::RemoveValue => {
                RequestEvent::RemoveValue { key: need(self.key.take(), name, "key")? }.of(request)
            }
            EventName::HasFormToken => {
                RequestEvent::HasFormToken { token: need(self.token.take(), name, "token")? }
                    .of(request)
            }
            EventName::RemoveFormToken => {
                RequestEvent::RemoveFormToken { token: need(self.token.take(), name, "token")? }
                    .of(request)
            }
            EventName::InsertSession => {
                let id = need(self.id.take(), name, "id")?;
                check_width(config.width, id, "id")?;
                RequestEvent::InsertSession { id, user: need(self.user.take(), name, "user")? }
                    .of(request)
            }
            _ => RequestEvent::CreateFormToken.of(request),
        })
    }

    fn take_event_of_manager(&mut self, config: &Config) -> Result<Event, Fault> {
        let name = self.event;
        Ok(match name {
            EventName::DeleteSession => {
                let id = need(self.id.take(), name, "id")?;
                check_width(config.width, id, "id")?;
                Event::Manager(ManagerEvent::DeleteSession { id })
            }
            EventName::DeleteSessionsOf => {
                let user = need(self.user.take(), name, "user")?;
                let nobody =
                    || fault("expected `user` of delete_sessions_of to be a text, found null");
                Event::Manager(ManagerEvent::DeleteSessionsOf { user: user.ok_or_else(nobody)? })
            }
            _ => Event::Manager(ManagerEvent::Sweep),
        })
    }

    /// An argument that no event has taken.
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
        ];
        left.into_iter().find(|(stands, _)| *stands).map(|(_, name)| name)
    }

    fn of(step: TraceStep, width: Width) -> Self {
        let event = step.input.event;
        let draws = step.input.entropy.bytes().chunks_exact(width.bytes());
        let draws = draws.take(usize::from(step.draws)).filter_map(secret).collect();
        let mut line = Self {
            now: step.input.now,
            event: EventName::of(&event),
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
            draws: (step.draws > 0).then_some(draws),
            expect: step.expect,
        };
        line.put_arguments(event, step.cookie_header);
        line
    }

    fn put_arguments(&mut self, event: Event, header: Option<String>) {
        match event {
            Event::StartRequest { remote_addr, script_name, .. } => {
                self.cookie_header = Some(header);
                self.remote_addr = Some(remote_addr);
                self.script_name = Some(script_name);
            }
            Event::Request { event: RequestEvent::SetUser { user, .. }, .. } => {
                self.user = Some(user)
            }
            Event::Request { event: RequestEvent::SetValue { key, value, .. }, .. } => {
                (self.key, self.value) = (Some(key), Some(value));
            }
            Event::Request { event: RequestEvent::RemoveValue { key, .. }, .. } => {
                self.key = Some(key)
            }
            Event::Request { event: RequestEvent::HasFormToken { token, .. }, .. }
            | Event::Request { event: RequestEvent::RemoveFormToken { token, .. }, .. } => {
                self.token = Some(token);
            }
            Event::Request { event: RequestEvent::HasSessionCookie { must_exist, .. }, .. } => {
                self.must_exist = Some(must_exist)
            }
            Event::Request { event: RequestEvent::FinishRequest { outcome, .. }, .. } => {
                self.outcome = Some(outcome)
            }
            Event::Request { event: RequestEvent::InsertSession { id, user, .. }, .. } => {
                (self.id, self.user) = (Some(id), Some(user));
            }
            Event::Manager(ManagerEvent::DeleteSession { id }) => self.id = Some(id),
            Event::Manager(ManagerEvent::DeleteSessionsOf { user }) => self.user = Some(Some(user)),
            Event::Request { event: RequestEvent::CreateFormToken, .. }
            | Event::Request { event: RequestEvent::RevokeSessionCookie, .. }
            | Event::Request { event: RequestEvent::ExpireSession, .. }
            | Event::Request { event: RequestEvent::NewSession, .. }
            | Event::Request { event: RequestEvent::MaintainSession, .. }
            | Event::Manager(ManagerEvent::Sweep) => {}
        }
    }
}

fn need<T>(argument: Option<T>, event: EventName, name: &str) -> Result<T, Fault> {
    let missing = || fault(&format!("expected the argument `{name}` of {event}"));
    argument.ok_or_else(missing)
}

fn secret(bytes: &[u8]) -> Option<SessionId> {
    let narrow = <[u8; 8]>::try_from(bytes).map(SessionId::from);
    narrow.or_else(|_| <[u8; 16]>::try_from(bytes).map(SessionId::from)).ok()
}

fn check_width(width: Width, secret: SessionId, name: &str) -> Result<(), Fault> {
    let (expected, found) = (width.bytes(), secret.reveal_bytes().len());
    if expected == found {
        return Ok(());
    }
    let [expected, found] = [expected, found].map(|bytes| bytes.saturating_mul(2));
    Err(fault(&format!("expected `{name}` to have {expected} hex digits, found {found}")))
}

// [trace-6]
fn entropy(width: Width, draws: &[SessionId]) -> Result<(Entropy, u8), Fault> {
    let most = width.draws();
    let count = u8::try_from(draws.len()).ok().filter(|count| *count <= most);
    let too_many = || fault(&format!("expected at most {most} draws, found {}", draws.len()));
    let count = count.ok_or_else(too_many)?;
    let mut bytes = [0; Entropy::BYTES];
    for (place, draw) in bytes.chunks_exact_mut(width.bytes()).zip(draws) {
        check_width(width, *draw, "draws")?;
        place.copy_from_slice(draw.reveal_bytes());
    }
    Ok((Entropy::from_bytes(bytes), count))
}

/// Keys of `expect` that the event or the version does not have, and stored sessions out of order.
// [trace-7]
fn check_expect(version: Version, event: EventName, step: &TraceStep) -> Result<(), Fault> {
    let expect = &step.expect;
    let of_request = !event.is_of_manager();
    for (stands, fits, key) in [
        (expect.remote_user.is_some(), event == EventName::StartRequest, "remote_user"),
        (expect.session.is_some(), of_request, "session"),
        (expect.request_cookie.is_some(), of_request, "request_cookie"),
        (expect.set_cookie.is_some(), event == EventName::FinishRequest, "set_cookie"),
        (expect.transaction.is_some(), event == EventName::FinishRequest, "transaction"),
    ] {
        if stands && !fits {
            return Err(fault(&format!("expected no key `{key}` in `expect` of {event}")));
        }
    }
    if version == Version::One && says_more_than_version_one(expect) {
        return Err(fault(
            "expected what version 1 can observe: no `transaction`, no `values`, and as refusals \
             no_session, unknown_token, unknown_session",
        ));
    }
    let stored = expect.stored.as_deref().unwrap_or_default();
    if stored.iter().any(|session| session.id.is_none()) {
        return Err(fault("expected every session in `stored` to have an id"));
    }
    if !stored.is_sorted_by(|one, next| one.id < next.id) {
        return Err(fault("expected `stored` in rising order of the ids, each once"));
    }
    Ok(())
}

// [trace-4]
fn says_more_than_version_one(expect: &Expect) -> bool {
    let held = expect.session.iter().flatten();
    let mut sessions = held.chain(expect.stored.iter().flatten());
    let refusal = match expect.reply {
        Some(ReplyRecord::Refused(why)) => Some(why),
        _ => None,
    };
    let known = [Refusal::NoSession, Refusal::UnknownToken, Refusal::UnknownSession];
    expect.transaction.is_some()
        || sessions.any(|record| !record.session.values.is_empty())
        || refusal.is_some_and(|why| !known.contains(&why))
}
