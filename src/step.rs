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
use crate::event::{Event, Input, RequestId};
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
/// use quixote_session::{Config, Entropy, Event, Input, Refusal, Reply, RequestId, State};
/// use quixote_session::{Timestamp, step};
///
/// let event = Event::CreateFormToken { request: RequestId(1) };
/// let input = Input { now: Timestamp(0), entropy: Entropy::from_draws([]), event };
/// let (state, effects) = step(&Config::STRICT, State::new(), input);
/// assert_eq!(effects.reply, Reply::Refused(Refusal::UnknownRequest));
/// assert_eq!(state, State::new());
/// ```
//= spec/session.md#step
//# Every input in every state MUST be answered.
//= spec/session.md#step
//# The same configuration, state and input MUST give the same state and effects.
//= spec/session.md#effect
//# A refused event MUST leave the state as it was and ask nothing of the driver.
//= spec/session.md#effect
//# The effects of an event that was not refused MUST say how many draws it took, used ones
//# included.
//= spec/session.md#trace
//# The recordings of Quixote 2.4 in `tests/traces` MUST replay without a difference under live and
//# copying.
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
            Event::SetUser { request, user } => self.set_user(request, user),
            Event::SetValue { request, key, value } => self.set_value(request, key, value),
            Event::RemoveValue { request, key } => self.remove_value(request, key),
            Event::CreateFormToken { request } => self.create_form_token(request),
            Event::HasFormToken { request, token } => self.has_form_token(request, token),
            Event::RemoveFormToken { request, token } => self.remove_form_token(request, token),
            Event::HasSessionCookie { request, must_exist } => {
                self.has_session_cookie(request, must_exist)
            }
            Event::RevokeSessionCookie { request } => self.revoke_session_cookie(request),
            Event::ExpireSession { request } => self.expire_session(request),
            Event::NewSession { request } => self.new_session(request),
            Event::MaintainSession { request } => self.maintain_session(request),
            Event::FinishRequest { request, outcome } => self.finish_request(request, outcome),
            Event::InsertSession { request, id, user } => self.insert_session(request, id, user),
            Event::DeleteSession { id } => self.delete_session(id),
            Event::DeleteSessionsOf { user } => Ok(self.delete_sessions_of(&user)),
            Event::Sweep => Ok(self.sweep()),
        }
    }

    fn is_strict(&self) -> bool {
        self.config.semantics == Semantics::Strict
    }

    //= spec/session.md#event
    //# Any other event of a request that is not open MUST be refused with `unknown_request`.
    fn open_request(&self, request: RequestId) -> Result<&Request, Refusal> {
        self.state.request(request).ok_or(Refusal::UnknownRequest)
    }

    //= spec/session.md#event
    //# An event that needs the request's session MUST be refused with `no_session` once that was
    //# expired: these are `SetUser`, `SetValue`, `RemoveValue`, `CreateFormToken`, `HasFormToken`,
    //# `RemoveFormToken`, `ExpireSession` and `MaintainSession`.
    fn held(&self, request: RequestId) -> Result<&Object, Refusal> {
        let slot = self.open_request(request)?.held.ok_or(Refusal::NoSession)?;
        self.state.objects.get(slot).ok_or(Refusal::NoSession)
    }

    /// The session that a request holds, and the place where strict remembers its changes.
    //= spec/session.md#step
    //# Under live a change MUST be seen at once in the store and by every request on the object.
    //= spec/session.md#step
    //# Under copying and strict a change MUST NOT be seen by anybody else before it is saved, a
    //# spent form token under strict excepted.
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
    //= spec/session.md#time
    //# Under strict a session that is over MUST NOT be found by a start, be said to exist by
    //# `HasSessionCookie`, accept a form token that is stored in it, or be saved to.
    fn in_time(&self, id: SessionId) -> Option<&Session> {
        self.state.get(&id).filter(|session| !session.is_out_of_time(self.config, self.now))
    }

    /// An id for a session that is added to the store.
    //= spec/session.md#config
    //# One more stored session than `max_sessions` MUST be refused with `too_many_sessions`, while
    //# renewing or overwriting one that is stored is not.
    fn fresh_id(&mut self) -> Result<SessionId, Refusal> {
        if self.state.len() >= self.config.session_limit() {
            return Err(Refusal::TooManySessions);
        }
        self.draw_unused_id()
    }

    //= spec/session.md#token
    //# An id MUST be drawn again until no session is stored under it.
    //= spec/session.md#token
    //# An event for which every draw is in use already MUST be refused with `entropy_used_up`.
    //= spec/session.md#token
    //# An id MUST NOT come into the store unless the machine drew it, except by `InsertSession`
    //# under Quixote.
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

    //= spec/session.md#config
    //# A start, `SetUser`, `SetValue` or `InsertSession` with a user, key, value, remote address or
    //# script name of more than `max_text_bytes` bytes MUST be refused with `text_too_long`.
    fn fits(&self, text: &str) -> Result<(), Refusal> {
        if text.len() > self.config.max_text_bytes { Err(Refusal::TextTooLong) } else { Ok(()) }
    }
}
