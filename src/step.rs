//! Every transition of the machine. Nothing else changes a [`State`].
//!
//! [`step`] hands the event to one function a rule. A rule first finds every reason to refuse, and
//! only then changes anything: so a refusal returns the state that it was given. The three
//! semantics share the rules; they part in what a request holds (`hold`), in how changes
//! are remembered, and in what saving means (`maintain` for Quixote,
//! `save_changes` for strict).

mod change;
mod lifecycle;
mod manager;
mod save;

use alloc::boxed::Box;

use crate::config::{Config, Semantics};
use crate::effect::{Effects, Refusal, Reply};
use crate::entropy::Draws;
use crate::event::{Event, Input, ManagerEvent, RequestEvent, RequestId};
use crate::objects::Object;
use crate::request::{Changes, Request};
use crate::session::Session;
use crate::state::State;
use crate::time::Timestamp;
use crate::token::SessionId;

/// Answers one input: the state after it, and what the driver carries out.
///
/// Total: every input in every state has an answer. A refusal
/// ([`Reply::Refused`](crate::Reply::Refused)) returns the state it was given and asks for nothing
/// else. Pure: the same arguments give the same result.
///
/// ```
/// use quixote_session::{Config, Entropy, Input, Refusal, Reply, RequestEvent, RequestId, State};
/// use quixote_session::{Timestamp, step};
///
/// let event = RequestEvent::CreateFormToken.of(RequestId(1));
/// let input = Input { now: Timestamp(0), entropy: Entropy::from_draws([]), event };
/// let (state, effects) = step(&Config::STRICT, State::new(), input);
/// assert_eq!(effects.reply, Reply::Refused(Refusal::UnknownRequest));
/// assert_eq!(state, State::new());
/// ```
// [step-1] [step-2] [effect-2] [effect-10] [trace-13]
#[inline]
#[must_use]
pub fn step(config: &Config, mut state: State, input: Input) -> (State, Effects) {
    let Input { now, entropy, event } = input;
    let draws = Draws::new(&entropy, config.width);
    let mut effects = Effects::reply(Reply::Done);
    let mut step = Step { config, state: &mut state, now, draws, effects: &mut effects };
    match step.event(event) {
        Ok(reply) => {
            effects.draws = step.draws.taken();
            effects.reply = reply;
        }
        Err(why) => effects = Effects::refused(why),
    }
    (state, effects)
}

/// One step under way.
struct Step<'a> {
    config: &'a Config,
    state: &'a mut State,
    now: Timestamp,
    draws: Draws<'a>,
    /// What it asks of the driver, apart from the reply, which a rule returns.
    effects: &'a mut Effects,
}

impl Step<'_> {
    fn event(&mut self, event: Event) -> Result<Reply, Refusal> {
        match event {
            Event::StartRequest { request, cookie, remote_addr, script_name } => {
                self.start_request(request, cookie, remote_addr, script_name)
            }
            Event::Request { request, event } => self.request_event(request, event),
            Event::Manager(event) => self.manager_event(event),
        }
    }

    fn request_event(&mut self, request: RequestId, event: RequestEvent) -> Result<Reply, Refusal> {
        match event {
            RequestEvent::SetUser { user } => self.set_user(request, user),
            RequestEvent::SetValue { key, value } => self.set_value(request, key, value),
            RequestEvent::RemoveValue { key } => self.remove_value(request, key),
            RequestEvent::CreateFormToken => self.create_form_token(request),
            RequestEvent::HasFormToken { token } => self.has_form_token(request, token),
            RequestEvent::RemoveFormToken { token } => self.remove_form_token(request, token),
            RequestEvent::HasSessionCookie { must_exist } => {
                self.has_session_cookie(request, must_exist)
            }
            RequestEvent::RevokeSessionCookie => self.revoke_session_cookie(request),
            RequestEvent::ExpireSession => self.expire_session(request),
            RequestEvent::NewSession => self.new_session(request),
            RequestEvent::MaintainSession => self.maintain_session(request),
            RequestEvent::FinishRequest { outcome } => self.finish_request(request, outcome),
            RequestEvent::InsertSession { id, user } => self.insert_session(request, id, user),
        }
    }

    fn manager_event(&mut self, event: ManagerEvent) -> Result<Reply, Refusal> {
        match event {
            ManagerEvent::DeleteSession { id } => self.delete_session(id),
            ManagerEvent::DeleteSessionsOf { user } => Ok(self.delete_sessions_of(&user)),
            ManagerEvent::Sweep => Ok(self.sweep()),
        }
    }

    fn is_strict(&self) -> bool {
        self.config.semantics == Semantics::Strict
    }

    // [event-2]
    fn open_request(&self, request: RequestId) -> Result<&Request, Refusal> {
        self.state.request(request).ok_or(Refusal::UnknownRequest)
    }

    // [event-3]
    fn held(&self, request: RequestId) -> Result<&Object, Refusal> {
        let slot = self.open_request(request)?.held.ok_or(Refusal::NoSession)?;
        self.state.objects.get(slot).ok_or(Refusal::NoSession)
    }

    /// The session that a request holds, and the place where strict remembers its changes.
    // [step-10] [step-11]
    fn held_session(
        &mut self,
        request: RequestId,
    ) -> Result<(&mut Session, &mut Option<Box<Changes>>), Refusal> {
        let slot = self.open_request(request)?.held.ok_or(Refusal::NoSession)?;
        let (objects, open) = self.state.objects_and_request(request);
        let object = objects.get_mut(slot).ok_or(Refusal::NoSession)?;
        let open = open.ok_or(Refusal::UnknownRequest)?;
        Ok((&mut object.session, &mut open.data.changes))
    }

    /// The session stored under `id`, unless strict counts it as over.
    // [time-7]
    fn in_time(&self, id: SessionId) -> Option<&Session> {
        self.state.get(&id).filter(|session| !session.is_out_of_time(self.config, self.now))
    }

    /// An id for a session that is added to the store.
    // [config-11]
    fn fresh_id(&mut self) -> Result<SessionId, Refusal> {
        if self.state.len() >= self.config.session_limit() {
            return Err(Refusal::TooManySessions);
        }
        self.draw_unused_id()
    }

    // [token-4] [token-5] [token-8]
    fn draw_unused_id(&mut self) -> Result<SessionId, Refusal> {
        loop {
            let id = self.draws.session_id().ok_or(Refusal::EntropyUsedUp)?;
            if !self.state.has_session(&id) {
                return Ok(id);
            }
        }
    }

    fn has_room_for(&self, id: SessionId) -> Result<(), Refusal> {
        let full = self.state.len() >= self.config.session_limit();
        if full && !self.state.has_session(&id) { Err(Refusal::TooManySessions) } else { Ok(()) }
    }

    // [config-8]
    fn fits(&self, text: &str) -> Result<(), Refusal> {
        if text.len() > self.config.max_text_bytes { Err(Refusal::TextTooLong) } else { Ok(()) }
    }
}
