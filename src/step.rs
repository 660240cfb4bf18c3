//! Every transition of the machine. Nothing else changes a [`State`].
//!
//! # Objects
//!
//! A session in memory is an *object*: what the session holds, and the id under which it was
//! stored, if it was. The *store* is an index from ids to objects. An open *request* holds one
//! object, or none after it has expired its session. An object lives as long as it is stored or
//! held: a session that was deleted lives on for the requests that work on it, but no id finds it.
//!
//! # Three ways to hold
//!
//! All semantics share these rules. They differ in the rows of `semantics.rs`, first of all in what
//! a request holds from its start:
//!
//! - *live*: the stored object itself. All requests on a session change the same object, even those
//!   that fail. A save has only new sessions to store.
//! - *copying*: a copy of the stored object. A save stores the whole copy, whatever happened to the
//!   original.
//! - *strict*: a copy, and the list of the changes that the request makes to it. A save applies the
//!   list to the session as it is then stored. If that session is gone or over, the changes have
//!   nowhere to go, and the save is refused.
//!
//! # A step
//!
//! [`step`] sends each event to one rule. An event of a request looks the request up once, and the
//! rule is handed what it may touch: the open request, the store, the moment, the draws. In a rule,
//! every reason to refuse comes before the first change, so a refusal returns the state that it was
//! given. An event is refused
//!
//! - if its request is not open (a start: if the request is already open);
//! - if it needs the request's session, and the request has expired it;
//! - if the semantics does not offer it, or does not grant the liberty that it takes;
//! - if a text is too long, a count has reached its limit, or the entropy is used up;
//! - if what it names is not there: a user, a token, a value, a session;
//! - under strict: if it would save to a session that has ended, for a user whose sessions were
//!   ended, or over a guarded value that has changed.
//!
//! If several reasons apply, the first in the order of [`Refusal`] is given. Only a finish ends a
//! request, and a finish that is refused leaves it open.

mod change;
mod end;
mod form_token;
mod manager;
mod save;
mod start;

use alloc::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::hash_map::{Entry, OccupiedEntry};
use smol_str::SmolStr;

use crate::config::Config;
use crate::effect::{CookieChange, Effects, Refusal, Reply, StoreOp};
use crate::entropy::{Draws, Entropy};
use crate::event::{Event, Input, ManagerEvent, RequestEvent, RequestId};
use crate::semantics::{Additions, Liberties};
use crate::session::Session;
use crate::state::{Parts, Request, Slot, State, Store};
use crate::time::Timestamp;
use crate::token::SessionId;

/// Answers one input: the state after it, and what the driver carries out.
///
/// It is total: every input in every state has an answer. A refusal
/// ([`Reply::Refused`](crate::Reply::Refused)) returns the state it was given and asks for nothing
/// else. It is pure: the same arguments give the same result.
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
// [step-1] [step-2] [trace-20]
#[expect(
    clippy::inline_always,
    reason = "the caller knows the event: a quarter of a cycle is moves"
)]
#[inline(always)]
#[must_use]
pub fn step(config: &Config, state: State, input: Input) -> (State, Effects) {
    let Input { now, entropy, event } = input;
    step_with(config, state, now, Some(&entropy), &event)
}

/// The same as [`step`], but entropy may be absent: then an event that draws is refused with
/// [`Refusal::EntropyUsedUp`].
#[expect(clippy::inline_always, reason = "see `step`")]
#[inline(always)]
pub(crate) fn step_with(
    config: &Config,
    mut state: State,
    now: Timestamp,
    entropy: Option<&Entropy>,
    event: &Event,
) -> (State, Effects) {
    let actor = event.request();
    let mut effects = Effects::reply(Reply::Done);
    let Parts { store, requests, generations, semantics } = state.parts();
    *semantics = Some(config.semantics);
    let mut step = Step {
        config,
        now,
        draws: Draws::new(entropy, config.width),
        store,
        generations,
        response: None,
        effects: &mut effects,
    };
    let answer = match event {
        Event::StartRequest { request, cookie, remote_addr, script_name, passive } => step
            .start_request(requests, *request, cookie.as_ref(), remote_addr, script_name, *passive),
        Event::Request { request, event } => match requests.entry(*request) {
            Entry::Occupied(open) => step.request_event(open, event),
            // [event-2]
            Entry::Vacant(_) => Err(Refusal::UnknownRequest),
        },
        Event::Manager(event) => step.manager_event(event),
    };
    // [step-39]
    if let Some(StoreOp::DeleteUser { user, .. }) = &step.effects.store {
        let others = requests.iter_mut().filter(|(number, _)| Some(**number) != actor);
        others.for_each(|(_, request)| request.end_login_unless(user, |_| false));
    }
    match answer {
        // [effect-16]
        Ok(()) => step.effects.draws = step.draws.taken(),
        // [effect-2]
        Err(why) => *step.effects = Effects::refused(why),
    }
    (state, effects)
}

/// One step in progress.
struct Step<'a> {
    config: &'a Config,
    now: Timestamp,
    draws: Draws<'a>,
    store: &'a mut Store,
    generations: &'a mut BTreeMap<SmolStr, u64>,
    /// What the response tells the client about its cookie, while a rule that saves decides it.
    response: Option<CookieChange>,
    /// What the step asks of the driver. The reply is `Done` unless a rule sets another.
    effects: &'a mut Effects,
}

impl Step<'_> {
    #[expect(clippy::inline_always, reason = "see `step`")]
    #[inline(always)]
    fn request_event(
        &mut self,
        mut open: OccupiedEntry<'_, RequestId, Request, FixedState>,
        event: &RequestEvent,
    ) -> Result<(), Refusal> {
        let request = open.get_mut();
        match event {
            RequestEvent::SetUser { user } => self.set_user(request, user.as_ref()),
            RequestEvent::RenewSession => self.renew_session(request),
            RequestEvent::SetValue { key, value } => self.set_value(request, key, value),
            RequestEvent::RemoveValue { key } => self.remove_value(request, key),
            RequestEvent::TakeValue { key } => self.take_value(request, key),
            RequestEvent::GuardValue { key } => self.guard_value(request, key),
            RequestEvent::CreateFormToken => self.create_form_token(request),
            RequestEvent::HasFormToken { token } => self.has_form_token(request, *token),
            RequestEvent::RemoveFormToken { token } => self.remove_form_token(request, *token),
            RequestEvent::HasSessionCookie { must_exist } => {
                self.has_session_cookie(request, *must_exist);
                Ok(())
            }
            RequestEvent::RevokeSessionCookie => self.revoke_session_cookie(request),
            RequestEvent::ExpireSession => self.expire_session(request),
            RequestEvent::ExpireOtherSessions => self.expire_other_sessions(request),
            RequestEvent::ExpireHandle { handle } => self.expire_handle(request, *handle),
            RequestEvent::NewSession => self.new_session(request),
            RequestEvent::MaintainSession => self.maintain_session(request),
            RequestEvent::FinishRequest { outcome } => self.finish_request(open, *outcome),
            RequestEvent::InsertSession { id, user } => {
                self.insert_session(request, *id, user.as_ref())
            }
        }
    }

    fn manager_event(&mut self, event: &ManagerEvent) -> Result<(), Refusal> {
        match event {
            ManagerEvent::DeleteSession { id } => self.delete_session(*id),
            ManagerEvent::DeleteHandle { handle } => self.delete_handle(*handle),
            // [event-49] [effect-8]
            ManagerEvent::DeleteSessionsOf { user } => {
                self.end_user(user, None);
                Ok(())
            }
            ManagerEvent::Sweep => {
                self.sweep();
                Ok(())
            }
        }
    }

    /// Refuses, for this reason, if the semantics does not grant the application its liberties.
    fn grants_or(&self, why: Refusal) -> Result<(), Refusal> {
        match self.config.differences().liberties {
            Liberties::Granted => Ok(()),
            Liberties::Refused => Err(why),
        }
    }

    /// Refuses if the semantics has no such operation.
    fn offers(&self) -> Result<(), Refusal> {
        match self.config.differences().additions {
            Additions::NotOffered => Err(Refusal::NotOffered),
            Additions::Offered => Ok(()),
        }
    }

    fn session(&self, slot: Slot) -> &Session {
        &self.store.object(slot).session
    }

    /// The session that is stored under `id`, for the work of a request that began in time: the
    /// absolute limit ends it, but the idle limit does not.
    // [time-12] [time-13] [time-14] [time-15]
    fn find(&self, id: &SessionId) -> Option<Slot> {
        self.store.find(id).filter(|slot| !self.is_too_old(self.session(*slot)))
    }

    fn is_over(&self, session: &Session) -> bool {
        session.is_over(self.config, self.now)
    }

    fn is_too_old(&self, session: &Session) -> bool {
        session.is_too_old(self.config, self.now)
    }

    // [token-6] [token-7] [token-10]
    fn unused_id(&mut self) -> Result<SessionId, Refusal> {
        loop {
            let id = self.draws.session_id().ok_or(Refusal::EntropyUsedUp)?;
            if !self.store.has(&id) {
                return Ok(id);
            }
        }
    }

    fn is_full(&self) -> bool {
        self.store.len() >= self.config.session_limit()
    }

    // [config-28] [config-30]
    fn has_room_for(&self, id: &SessionId) -> Result<(), Refusal> {
        if self.is_full() && !self.store.has(id) { Err(Refusal::TooManySessions) } else { Ok(()) }
    }

    // [config-23]
    fn fits(&self, text: &str) -> Result<(), Refusal> {
        if text.len() > self.config.max_text_bytes { Err(Refusal::TextTooLong) } else { Ok(()) }
    }
}
