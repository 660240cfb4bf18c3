//! Which answers rest on what was loaded, without a condition of an operation to guard them.
//!
//! What was loaded may be out of date. If an operation has a condition, that does no harm: the
//! operation is not carried out. Any other answer is final only over a load that was made for this
//! very event (rule driver-17), unless nothing that others write could change the answer. Two facts
//! make that frequent:
//!
//! - A request that changed nothing asks nothing of the store (step-36, step-51), whatever is
//!   stored. Nor does a request whose session is not stored yet and has no info (step-49).
//! - An id that left the store never comes back (step-61). A session that has reached its absolute
//!   limit stays over, because only a login moves its creation, and a login moves the id, too. So
//!   "it is gone" is as true now as when it was loaded: a finish whose only changes are form tokens
//!   is done (step-38), and a new session orphans nothing (event-37).
//!
//! Hence a finish that needs no operation rests on no load, and a page that only reads costs one
//! load. The exception is a login, whose user may have been ended since (step-39).

use smol_str::SmolStr;

use crate::effect::{Effects, Refusal, StoreOp};
use crate::event::{Event, RequestEvent};
use crate::state::Save;

/// The user whom the event logs in.
pub(super) const fn logs_in(event: &Event) -> Option<&SmolStr> {
    match event {
        Event::Request { event: RequestEvent::SetUser { user }, .. } => user.as_ref(),
        Event::StartRequest { .. } | Event::Request { .. } | Event::Manager(_) => None,
    }
}

/// Whether the load comes before the step, because every answer to the event rests on it. That is
/// so for every event that needs a fresh load, with two exceptions: events that are judged by their
/// effects, and a login, which loads the generation of its user.
pub(super) const fn loads_first(event: &Event) -> bool {
    let by_effects = matches!(
        event,
        Event::Request {
            event: RequestEvent::SetUser { .. }
                | RequestEvent::NewSession
                | RequestEvent::FinishRequest { .. },
            ..
        }
    );
    matches!(event, Event::StartRequest { .. }) || (event.needs_fresh_load() && !by_effects)
}

/// Whether the event never asks anything of the store, since it only looks at what the request
/// holds, or changes it.
pub(super) const fn asks_nothing(event: &RequestEvent) -> bool {
    match event {
        RequestEvent::SetUser { .. }
        | RequestEvent::RenewSession
        | RequestEvent::SetValue { .. }
        | RequestEvent::RemoveValue { .. }
        | RequestEvent::GuardValue { .. }
        | RequestEvent::CreateFormToken
        | RequestEvent::HasFormToken { .. }
        | RequestEvent::HasSessionCookie { .. }
        | RequestEvent::RevokeSessionCookie => true,
        RequestEvent::TakeValue { .. }
        | RequestEvent::RemoveFormToken { .. }
        | RequestEvent::ExpireSession
        | RequestEvent::ExpireOtherSessions
        | RequestEvent::ExpireHandle { .. }
        | RequestEvent::NewSession
        | RequestEvent::MaintainSession
        | RequestEvent::FinishRequest { .. }
        | RequestEvent::InsertSession { .. } => false,
    }
}

/// Whether a step over this event draws, unless it is refused. Then it need not be tried without
/// entropy first. `save` is what the state foretells of a finish that saves.
pub(super) const fn draws(event: &Event, save: Save) -> bool {
    match event {
        Event::Request { event: RequestEvent::FinishRequest { outcome }, .. } => {
            outcome.saves() && matches!(save, Save::UnderNewId)
        }
        Event::Request { event: RequestEvent::CreateFormToken, .. } => true,
        Event::StartRequest { .. } | Event::Request { .. } | Event::Manager(_) => false,
    }
}

/// Whether a step over an older load has to be made again over a fresh one. `login` says whether
/// the request has set a user: the user's generation, too, is then known from an older load.
// [driver-17]
pub(super) const fn rests_on_load(event: &Event, effects: &Effects, login: bool) -> bool {
    match effects.store {
        Some(StoreOp::Create { .. } | StoreOp::Update { .. } | StoreOp::Rotate { .. }) => false,
        // Their condition does not include a user's generation.
        Some(StoreOp::Discard { .. } | StoreOp::DeleteUser { except: Some(_), .. }) => login,
        Some(
            StoreOp::Touch { .. }
            | StoreOp::Delete { .. }
            | StoreOp::DeleteHandle { .. }
            | StoreOp::DeleteUser { except: None, .. }
            | StoreOp::DiscardOver { .. }
            | StoreOp::Put { .. },
        )
        | None => match event {
            // Here, too, only a login needs a fresh load.
            Event::Request { event: RequestEvent::FinishRequest { outcome }, .. } => {
                login && outcome.saves()
            }
            Event::StartRequest { .. } | Event::Request { .. } | Event::Manager(_) => {
                loads_first(event)
            }
        },
    }
}

/// The same for a refusal. The refusals that do not rest on the load are about what the request
/// brought or did itself.
// [driver-17]
pub(super) const fn refusal_rests_on_load(why: Refusal) -> bool {
    match why {
        Refusal::UnknownToken
        | Refusal::UnknownSession
        | Refusal::UnknownKey
        | Refusal::SessionGone
        | Refusal::UserEnded
        | Refusal::ValueChanged
        | Refusal::WouldOrphan
        | Refusal::TooManyValues
        | Refusal::TooManySessions => true,
        Refusal::UnknownRequest
        | Refusal::RequestOpen
        | Refusal::NoSession
        | Refusal::EntropyUsedUp
        | Refusal::NoUser
        | Refusal::NotOffered
        | Refusal::SavedAtFinish
        | Refusal::IdNotIssued
        | Refusal::TextTooLong
        | Refusal::TooManyRequests => false,
    }
}

#[cfg(test)]
mod tests {
    use super::draws;
    use crate::driver::call::REQUEST;
    use crate::event::{Event, Input, Outcome, RequestEvent};
    use crate::presented::CookieValue;
    use crate::state::Save;
    use crate::{Config, Entropy, Session, SessionId, State, Timestamp, step};

    fn sent(state: State, event: Event, byte: u8) -> (State, u8) {
        let entropy = Entropy::from_bytes([byte; Entropy::BYTES]);
        let (after, effects) =
            step(&Config::STRICT, state, Input { now: Timestamp(0), entropy, event });
        (after, effects.draws)
    }

    /// What is said to draw draws, and nothing else does.
    #[test]
    fn what_draws_is_known_before_the_step() {
        let login = || RequestEvent::SetUser { user: Some("alice".into()) };
        let set = || RequestEvent::SetValue { key: "k".into(), value: "v".into() };
        let id = SessionId::from([7; 16]);
        let befores: [&[RequestEvent]; 6] = [
            &[],
            &[login()],
            &[RequestEvent::SetUser { user: None }],
            &[RequestEvent::RenewSession],
            &[set()],
            &[RequestEvent::CreateFormToken],
        ];
        let finishes = Outcome::ALL.map(|outcome| RequestEvent::FinishRequest { outcome });
        let mut counted = 0;
        for stored in [None, Some(Session::new("".into(), Timestamp(0)))] {
            for before in befores {
                let start = Event::StartRequest {
                    request: REQUEST,
                    cookie: Some(CookieValue::Id(id)),
                    remote_addr: "".into(),
                    script_name: "".into(),
                    passive: false,
                };
                let mut state = State::new().with_stored(id, stored.clone());
                state = sent(state, start, 1).0;
                for event in before {
                    state = sent(state, event.clone().of(REQUEST), 2).0;
                }
                if before.is_empty() {
                    assert_eq!(state.foretold_save(REQUEST), Save::Nothing, "{stored:?}");
                }
                for event in
                    finishes.iter().cloned().chain([login(), RequestEvent::CreateFormToken])
                {
                    let event = event.of(REQUEST);
                    let (_, drawn) = sent(state.clone(), event.clone(), 3);
                    let save = state.foretold_save(REQUEST);
                    assert_eq!(draws(&event, save), drawn > 0, "{event:?} after {before:?}");
                    counted += u32::from(drawn > 0);
                }
            }
        }
        assert!(counted > 12, "{counted} of 72 draw");
    }
}
