//! The calls that requests are made of.

use quixote_session::{
    CookieChange, CookieValue, Event, Outcome, RequestEvent, RequestId, SessionId,
};

use crate::wire::{Called, Told};

pub(crate) const fn of(event: RequestEvent) -> Event {
    event.of(RequestId(1))
}

pub(crate) fn start(id: Option<SessionId>) -> Event {
    Event::StartRequest {
        request: RequestId(1),
        cookie: id.map(CookieValue::Id),
        remote_addr: "192.0.2.1".into(),
        script_name: "".into(),
        passive: false,
    }
}

pub(crate) const fn finish() -> Event {
    of(RequestEvent::FinishRequest { outcome: Outcome::Successful })
}

pub(crate) fn set(key: &str, value: u64) -> Event {
    of(RequestEvent::SetValue { key: key.into(), value: value.to_string().into() })
}

/// The calls of a request that logs a user in.
pub(crate) fn login(user: String) -> Vec<Event> {
    vec![start(None), of(RequestEvent::SetUser { user: Some(user.into()) }), finish()]
}

/// The id that the browser has after a response; None if it did not change.
#[expect(clippy::option_option, reason = "a cookie is set, deleted, or neither")]
pub(crate) fn cookie_of(told: &Told) -> Option<Option<SessionId>> {
    let cookie = told.calls.last()?.cookie.as_ref()?;
    Some(match cookie.value {
        CookieChange::Set(id) => Some(id),
        CookieChange::Stillborn(_) | CookieChange::Revoke => None,
    })
}

/// Whether the request was saved.
pub(crate) fn is_saved(told: &Told) -> bool {
    told.calls.last().is_some_and(Called::is_done)
}
