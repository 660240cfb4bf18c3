//! The core beside the naive implementation, step by step. Both get the same inputs, and what can
//! be observed of them is put in the same words. The fuzz target `differential` compares them too.

use std::fmt::Write as _;

use quixote_session::check::kinds::{Draw, Kind};
use quixote_session::check::transcript::Transcript;
use quixote_session::{
    Config, CookieChange, Dirtiness, Effects, Entropy, Event, Input, ManagerEvent, Outcome, Reply,
    RequestEvent, Semantics, SessionId, SessionRef, SmolStr, State, SubmittedToken, Transaction,
    step,
};

use super::naive::{
    NaiveConfig, NaiveEvent, NaiveManager, NaiveOutcome, NaiveReply, NaiveSeen, NaiveSession,
    NaiveSetCookie, parse_cookies,
};

/// Both implementations at the same point of the same run.
pub(crate) struct SideBySide<'a> {
    config: &'a Config,
    naive: NaiveManager,
    /// The state of the core.
    pub(crate) state: State,
    led_there: Vec<(Input, Effects)>,
    /// A fault of the core, planted in what is observed of it.
    pub(crate) planted: fn(&mut NaiveSeen),
}

impl<'a> SideBySide<'a> {
    /// The core under `config` and the naive one under `other`, before anything has happened.
    pub(crate) fn new(config: &'a Config, other: &Config) -> Self {
        let naive = NaiveManager::new(naive_config(other));
        Self { config, naive, state: State::new(), led_there: Vec::new(), planted: |_| {} }
    }

    /// One step of both. Returns the effects of the core, or what differs and the steps that led
    /// there. If the client sends a `Cookie` header, the naive implementation reads it by itself.
    pub(crate) fn step(&mut self, input: Input, header: Option<&str>) -> Result<Effects, String> {
        let Input { now, entropy, event } = &input;
        let before = std::mem::take(&mut self.state);
        let (after, effects) = step(self.config, before, input.clone());
        self.state = after;
        let request = event.request().map(|request| request.0);
        let draws = draws(self.config, event, entropy);
        let mut event_of_naive = naive_event(self.config, event);
        if let (NaiveEvent::StartRequest { cookies, .. }, Some(header)) =
            (&mut event_of_naive, header)
        {
            *cookies = parse_cookies(&bytes_of(header));
        }
        let expected = self.naive.apply(now.0, request, &draws, event_of_naive, true);
        let mut observed = seen(self.config, event, &self.state, &effects);
        (self.planted)(&mut observed);
        self.led_there.push((input, effects.clone()));
        if observed != expected {
            return Err(told(self.config, &self.led_there, &expected, &observed));
        }
        Ok(effects)
    }
}

/// The bytes of a header; each character of the text is one byte.
fn bytes_of(header: &str) -> Vec<u8> {
    header.chars().map(|char| u8::try_from(char).unwrap()).collect()
}

fn naive_config(config: &Config) -> NaiveConfig {
    NaiveConfig {
        copying: config.semantics == Semantics::Copying,
        dirty: config.is_dirty == Dirtiness::HasInfo,
        cookie_name: config.cookie_name.to_string(),
        cookie_path: config.cookie_path.as_ref().map(ToString::to_string),
        cookie_domain: config.cookie_domain.as_ref().map(ToString::to_string),
        access_resolution_ms: config.access_resolution_ms,
    }
}

fn naive_event(config: &Config, event: &Event) -> NaiveEvent {
    match event {
        Event::StartRequest { cookie, remote_addr, script_name, passive, .. } => {
            NaiveEvent::StartRequest {
                cookies: cookie
                    .iter()
                    .map(|cookie| (config.cookie_name.to_string(), cookie.reveal().to_string()))
                    .collect(),
                remote_addr: remote_addr.to_string(),
                script_name: script_name.to_string(),
                passive: *passive,
            }
        }
        Event::Request { event, .. } => naive_event_of_request(event),
        Event::Manager(ManagerEvent::DeleteSession { id }) => {
            NaiveEvent::DeleteSession { id: id.reveal().to_string() }
        }
        Event::Manager(ManagerEvent::DeleteSessionsOf { user }) => {
            NaiveEvent::DeleteSessionsOf { user: user.to_string() }
        }
        Event::Manager(ManagerEvent::Sweep) => NaiveEvent::Sweep,
        Event::Manager(ManagerEvent::DeleteHandle { .. }) => NaiveEvent::NotOffered,
    }
}

fn naive_event_of_request(event: &RequestEvent) -> NaiveEvent {
    let text = |text: &Option<SmolStr>| text.as_ref().map(ToString::to_string);
    match event {
        RequestEvent::SetUser { user } => NaiveEvent::SetUser { user: text(user) },
        RequestEvent::SetValue { key, value } => {
            NaiveEvent::SetValue { key: key.to_string(), value: value.to_string() }
        }
        RequestEvent::RemoveValue { key } => NaiveEvent::RemoveValue { key: key.to_string() },
        RequestEvent::TakeValue { key } => NaiveEvent::TakeValue { key: key.to_string() },
        RequestEvent::CreateFormToken => NaiveEvent::CreateFormToken,
        RequestEvent::HasFormToken { token } => {
            NaiveEvent::HasFormToken { token: submitted(*token) }
        }
        RequestEvent::RemoveFormToken { token } => {
            NaiveEvent::RemoveFormToken { token: submitted(*token) }
        }
        RequestEvent::HasSessionCookie { must_exist } => {
            NaiveEvent::HasSessionCookie { must_exist: *must_exist }
        }
        RequestEvent::RevokeSessionCookie => NaiveEvent::RevokeSessionCookie,
        RequestEvent::ExpireSession => NaiveEvent::ExpireSession,
        RequestEvent::NewSession => NaiveEvent::NewSession,
        RequestEvent::MaintainSession => NaiveEvent::MaintainSession,
        RequestEvent::FinishRequest { outcome } => {
            NaiveEvent::FinishRequest { outcome: naive_outcome(*outcome) }
        }
        RequestEvent::InsertSession { id, user } => {
            NaiveEvent::InsertSession { id: id.reveal().to_string(), user: text(user) }
        }
        RequestEvent::RenewSession
        | RequestEvent::GuardValue { .. }
        | RequestEvent::ExpireOtherSessions
        | RequestEvent::ExpireHandle { .. } => NaiveEvent::NotOffered,
    }
}

fn naive_outcome(outcome: Outcome) -> NaiveOutcome {
    match outcome {
        Outcome::Successful => NaiveOutcome::Successful,
        Outcome::Interrupted => NaiveOutcome::Interrupted,
        Outcome::Failed => NaiveOutcome::Failed,
        Outcome::Abandoned => NaiveOutcome::Abandoned,
    }
}

fn submitted(token: SubmittedToken) -> String {
    match token {
        SubmittedToken::Token(token) => token.reveal().to_string(),
        SubmittedToken::IllFormed => "ill-formed".to_owned(),
    }
}

fn draws(config: &Config, event: &Event, entropy: &Entropy) -> Vec<String> {
    let hex = |draw: &[u8]| {
        draw.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    };
    // Ids are drawn from one half and form tokens from the other.
    let half = usize::from(Kind::of(event).draws() == Some(Draw::Token));
    let half = entropy.bytes().chunks_exact(Entropy::HALF).nth(half).unwrap();
    half.chunks_exact(config.width.bytes()).map(hex).collect()
}

/// What the core shows after a step, in the words of the naive implementation.
fn seen(config: &Config, event: &Event, state: &State, effects: &Effects) -> NaiveSeen {
    let request = event.request();
    let held = request.and_then(|request| state.session(request));
    let cookie = request.and_then(|request| state.request_cookie(request));
    NaiveSeen {
        reply: match &effects.reply {
            Reply::Done => NaiveReply::Done,
            Reply::Started { remote_user } => {
                NaiveReply::Started { remote_user: remote_user.as_ref().map(ToString::to_string) }
            }
            Reply::Token(token) => NaiveReply::Token(token.reveal().to_string()),
            Reply::Value(value) => NaiveReply::Value(value.to_string()),
            Reply::Answer(answer) => NaiveReply::Answer(*answer),
            Reply::Refused(why) => NaiveReply::Refused(why.name()),
        },
        session: held.map(naive_session),
        request_cookie: cookie.map(|cookie| cookie.reveal().to_string()),
        set_cookie: effects.cookie.as_ref().map(|op| set_cookie(config, op.value, &op.path)),
        committed: effects.transaction.map(|end| end == Transaction::Commit),
        stored: stored(state),
        draws_used: usize::from(effects.draws),
    }
}

fn stored(state: &State) -> Vec<NaiveSession> {
    let shown = |(id, session)| naive_session(SessionRef { id: Some(id), session });
    state.items().into_iter().map(shown).collect()
}

fn naive_session(shown: SessionRef<'_>) -> NaiveSession {
    let SessionRef { id, session } = shown;
    let tokens = session.form_tokens().as_slice().iter();
    let values = session.values().iter();
    NaiveSession {
        id: id.map(|id| id.reveal().to_string()),
        handle: session.handle().map(|handle| handle.to_string()),
        user: session.user().map(ToString::to_string),
        remote_addr: session.remote_addr().to_owned(),
        created: session.created().0,
        accessed: session.accessed().0,
        form_tokens: tokens.map(|token| token.reveal().to_string()).collect(),
        values: values.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
    }
}

fn set_cookie(config: &Config, change: CookieChange, path: &str) -> NaiveSetCookie {
    let value = |id: SessionId| id.reveal().to_string();
    let (value, max_age) = match change {
        CookieChange::Set(id) => (value(id), None),
        CookieChange::Revoke => (String::new(), Some(0)),
        CookieChange::Stillborn(id) => (value(id), Some(0)),
    };
    NaiveSetCookie {
        name: config.cookie_name.to_string(),
        value,
        path: path.to_owned(),
        domain: config.cookie_domain.as_ref().map(ToString::to_string),
        max_age,
    }
}

fn told(
    config: &Config,
    led_there: &[(Input, Effects)],
    expected: &NaiveSeen,
    observed: &NaiveSeen,
) -> String {
    let mut transcript = Transcript::new(true);
    let lines = led_there.iter().map(|(input, effects)| transcript.line(input, effects) + "\n");
    let lines: String = lines.collect();
    let semantics = config.semantics;
    format!("{semantics}\n{lines}naive: {expected:#?}\ncore: {observed:#?}")
}
