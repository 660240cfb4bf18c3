//! Short names for the events.

use quixote_session::{
    CookieValue, Event, Handle, ManagerEvent, Outcome, RequestEvent, RequestId, SessionId,
    SubmittedToken,
};

pub(crate) fn start(request: u64, cookie: Option<CookieValue>, script_name: &str) -> Event {
    let (request, remote_addr) = (RequestId(request), "192.0.2.1".into());
    let script_name = script_name.into();
    Event::StartRequest { request, cookie, remote_addr, script_name, passive: false }
}

/// The start of a request from this address.
pub(crate) fn start_from(remote_addr: &str, request: u64, cookie: Option<SessionId>) -> Event {
    let cookie = cookie.map(CookieValue::Id);
    let (request, remote_addr) = (RequestId(request), remote_addr.into());
    Event::StartRequest { request, cookie, remote_addr, script_name: "".into(), passive: false }
}

/// The start of a passive request.
pub(crate) fn poll(request: u64, cookie: Option<SessionId>) -> Event {
    let mut event = start(request, cookie.map(CookieValue::Id), "");
    if let Event::StartRequest { passive, .. } = &mut event {
        *passive = true;
    }
    event
}

pub(crate) fn set_user(request: u64, user: Option<&str>) -> Event {
    RequestEvent::SetUser { user: user.map(Into::into) }.of(RequestId(request))
}

pub(crate) fn set_value(request: u64, key: &str, value: &str) -> Event {
    RequestEvent::SetValue { key: key.into(), value: value.into() }.of(RequestId(request))
}

pub(crate) fn remove_value(request: u64, key: &str) -> Event {
    RequestEvent::RemoveValue { key: key.into() }.of(RequestId(request))
}

pub(crate) const fn renew(request: u64) -> Event {
    RequestEvent::RenewSession.of(RequestId(request))
}

pub(crate) fn take(request: u64, key: &str) -> Event {
    RequestEvent::TakeValue { key: key.into() }.of(RequestId(request))
}

pub(crate) fn guard(request: u64, key: &str) -> Event {
    RequestEvent::GuardValue { key: key.into() }.of(RequestId(request))
}

pub(crate) const fn create_token(request: u64) -> Event {
    RequestEvent::CreateFormToken.of(RequestId(request))
}

pub(crate) fn has_token(request: u64, token: impl Into<SubmittedToken>) -> Event {
    RequestEvent::HasFormToken { token: token.into() }.of(RequestId(request))
}

pub(crate) fn spend(request: u64, token: impl Into<SubmittedToken>) -> Event {
    RequestEvent::RemoveFormToken { token: token.into() }.of(RequestId(request))
}

pub(crate) const fn has_cookie(request: u64, must_exist: bool) -> Event {
    RequestEvent::HasSessionCookie { must_exist }.of(RequestId(request))
}

pub(crate) const fn revoke(request: u64) -> Event {
    RequestEvent::RevokeSessionCookie.of(RequestId(request))
}

pub(crate) const fn expire(request: u64) -> Event {
    RequestEvent::ExpireSession.of(RequestId(request))
}

pub(crate) const fn expire_others(request: u64) -> Event {
    RequestEvent::ExpireOtherSessions.of(RequestId(request))
}

pub(crate) const fn expire_handle(request: u64, handle: Handle) -> Event {
    RequestEvent::ExpireHandle { handle }.of(RequestId(request))
}

pub(crate) const fn new_session(request: u64) -> Event {
    RequestEvent::NewSession.of(RequestId(request))
}

pub(crate) const fn maintain(request: u64) -> Event {
    RequestEvent::MaintainSession.of(RequestId(request))
}

pub(crate) const fn finish(request: u64, outcome: Outcome) -> Event {
    RequestEvent::FinishRequest { outcome }.of(RequestId(request))
}

pub(crate) fn insert(request: u64, id: SessionId, user: Option<&str>) -> Event {
    RequestEvent::InsertSession { id, user: user.map(Into::into) }.of(RequestId(request))
}

pub(crate) const fn delete(id: SessionId) -> Event {
    Event::Manager(ManagerEvent::DeleteSession { id })
}

pub(crate) const fn delete_handle(handle: Handle) -> Event {
    Event::Manager(ManagerEvent::DeleteHandle { handle })
}

pub(crate) fn delete_all_of(user: &str) -> Event {
    Event::Manager(ManagerEvent::DeleteSessionsOf { user: user.into() })
}

pub(crate) const SWEEP: Event = Event::Manager(ManagerEvent::Sweep);
