//! A request starts, asks about its cookie, gives up or replaces its session, and finishes.

use smol_str::SmolStr;

use super::Step;
use crate::config::Semantics;
use crate::effect::{CookieChange, CookieOp, Refusal, Reply, StoreOp, Transaction};
use crate::event::{Outcome, RequestId};
use crate::objects::{Object, Slot};
use crate::presented::CookieValue;
use crate::request::{Request, RequestData};
use crate::session::Session;
use crate::token::SessionId;

impl Step<'_> {
    //= spec/session.md#event
    //# The start of a request whose number is open MUST be refused with `request_open`.
    //= spec/session.md#config
    //# One more open request than `max_requests` MUST be refused with `too_many_requests`.
    //= spec/session.md#step
    //# A start MUST answer with the user of the session that it found, which is exported as
    //# `REMOTE_USER`.
    //= spec/session.md#session
    //# An empty user MUST be exported as `REMOTE_USER` like any other, though it is no info.
    //= spec/session.md#step
    //# A start MUST note the access in the session that it found, which under live is in the store
    //# at once and otherwise with the save.
    pub(super) fn start_request(
        &mut self,
        request: RequestId,
        cookie: Option<CookieValue>,
        remote_addr: SmolStr,
        script_name: SmolStr,
    ) -> Result<Reply, Refusal> {
        if self.state.is_open(request) {
            return Err(Refusal::RequestOpen);
        }
        if self.state.open_requests() >= self.config.request_limit() {
            return Err(Refusal::TooManyRequests);
        }
        self.fits(&remote_addr)?;
        self.fits(&script_name)?;
        let cookie = cookie.map(|cookie| self.bounded(cookie));
        let id = cookie.as_ref().and_then(CookieValue::session_id);
        self.discard_if_out_of_time(id);
        let held = self.hold(id, &remote_addr);
        let mut remote_user = None;
        if let Some(object) = self.state.objects.get_mut(held) {
            object.session.touch(self.now, self.config.access_resolution_ms);
            remote_user.clone_from(&object.session.user);
        }
        let data = RequestData { cookie, remote_addr, script_name, response: None, changes: None };
        self.state.open(request, Request { held: Some(held), data });
        Ok(Reply::Started { remote_user })
    }

    /// A visitor cannot help the cookie that somebody gave them, so it is no reason to refuse the
    /// start; what names no session need not be kept in full.
    //= spec/session.md#config
    //# A session cookie of more than `max_text_bytes` bytes MUST be kept as the empty one, which
    //# names no session either, and no start is refused for it.
    fn bounded(&self, cookie: CookieValue) -> CookieValue {
        match cookie {
            CookieValue::Text(text) if self.fits(&text).is_err() => {
                CookieValue::Text(SmolStr::default())
            }
            cookie => cookie,
        }
    }

    /// What a new request holds: in live sharing the stored object itself, else a copy of it; a
    /// session that is not stored yet where the cookie names none.
    //= spec/session.md#step
    //# A start MUST find the session that is stored under the id in its cookie and, under strict,
    //# in time, and otherwise begin one that is not stored.
    //= spec/session.md#step
    //# An id that a client brings and that is not stored MUST NOT be adopted, and its cookie is not
    //# revoked for that.
    //= spec/session.md#step
    //# Under live a request MUST hold the stored object itself, shared with every other request on
    //# it, even after its deletion.
    //= spec/session.md#step
    //# Under copying and strict a request MUST hold a copy of what was stored when it started.
    pub(super) fn hold(&mut self, id: Option<SessionId>, remote_addr: &SmolStr) -> Slot {
        let stored = id.and_then(|id| self.state.slot_of(&id));
        match (stored, self.config.semantics) {
            (Some(slot), Semantics::Live) => {
                self.state.objects.hold(slot);
                slot
            }
            (stored, _) => {
                let stored = stored.and_then(|slot| self.state.objects.get(slot));
                let fresh = || Object::new(None, Session::new(remote_addr.clone(), self.now));
                let copy = |found: &Object| Object::new(found.id, found.session.clone());
                let object = stored.map_or_else(fresh, copy);
                self.state.hold_new(object)
            }
        }
    }

    //= spec/session.md#effect
    //# A finish MUST end the transaction with `Commit` where it was successful or interrupted and
    //# with `Abort` where it failed, and no other event ends one.
    //= spec/session.md#effect
    //# A cookie MUST NOT be asked for except by the finish of a request that was not abandoned.
    //= spec/session.md#step
    //# Under live a request that fails or is abandoned MUST leave the changes that it made to the
    //# shared object standing.
    //= spec/session.md#step
    //# Under copying and strict a request that fails or is abandoned MUST leave no trace in the
    //# store but what `ExpireSession` and, under copying, `MaintainSession` and `InsertSession`
    //# did, the form tokens that it spent under strict, and the discard of a session that it found
    //# over.
    //= spec/session.md#step
    //# Under Quixote an interrupted or failed request MUST lose what its response said about the
    //# cookie before, while the save of an interrupted one may say something new.
    //= spec/session.md#step
    //# Under strict a revocation MUST leave with the response whatever the outcome, an abandoned
    //# request excepted, unless the finish sets a cookie.
    //= spec/session.md#step
    //# A finish that is refused MUST leave the request open.
    //= spec/session.md#step
    //# A finish with the outcome failed or abandoned MUST NOT be refused while the request is open.
    pub(super) fn finish_request(
        &mut self,
        request: RequestId,
        outcome: Outcome,
    ) -> Result<Reply, Refusal> {
        let carried = self.open_request(request)?.data.response;
        // Quixote replaces the response of a request that does not succeed, and with it the
        // cookie; strict decides the cookie when the response leaves.
        let fresh = if self.is_strict() { carried } else { None };
        let (response, transaction) = match outcome {
            Outcome::Successful => (self.save(request, carried)?, Some(Transaction::Commit)),
            Outcome::Interrupted => (self.save(request, fresh)?, Some(Transaction::Commit)),
            Outcome::Failed => (fresh, Some(Transaction::Abort)),
            Outcome::Abandoned => (None, None),
        };
        let script_name = self.state.close(request).unwrap_or_default();
        self.effects.transaction = transaction;
        self.effects.cookie = response
            .map(|value| CookieOp { value, path: self.config.path_of_cookie(&script_name) });
        Ok(Reply::Done)
    }

    //= spec/session.md#event
    //# `HasSessionCookie` without `must_exist` MUST answer whether the request still carries a
    //# session cookie, the empty and the ill-formed one included.
    //= spec/session.md#event
    //# `HasSessionCookie` with `must_exist` MUST answer whether that cookie names a session that is
    //# stored now, and under strict in time.
    pub(super) fn has_session_cookie(
        &self,
        request: RequestId,
        must_exist: bool,
    ) -> Result<Reply, Refusal> {
        let cookie = self.open_request(request)?.data.cookie.as_ref();
        let id = cookie.and_then(CookieValue::session_id);
        let answer = if must_exist {
            id.is_some_and(|id| self.in_time(id).is_some())
        } else {
            cookie.is_some()
        };
        Ok(Reply::Answer(answer))
    }

    //= spec/session.md#event
    //# Under Quixote `RevokeSessionCookie` MUST put a revocation into the response and hide the
    //# cookie from the rest of the request, and leave the session stored.
    //= spec/session.md#event
    //# Under strict `RevokeSessionCookie` MUST be refused with `would_orphan`.
    pub(super) fn revoke_session_cookie(&mut self, request: RequestId) -> Result<Reply, Refusal> {
        let strict = self.is_strict();
        let open = self.state.request_mut(request).ok_or(Refusal::UnknownRequest)?;
        if strict {
            return Err(Refusal::WouldOrphan);
        }
        open.data.response = Some(CookieChange::Revoke);
        open.data.cookie = None;
        Ok(Reply::Done)
    }

    //= spec/session.md#event
    //# `ExpireSession` MUST delete what is stored under the id of the held session, put a
    //# revocation into the response, hide the cookie from the rest of the request, and leave it
    //# without a session.
    //= spec/session.md#event
    //# `ExpireSession` MUST put that revocation into the response also where the session was never
    //# stored or is gone by now.
    pub(super) fn expire_session(&mut self, request: RequestId) -> Result<Reply, Refusal> {
        let id = self.held(request)?.id;
        let stored = id.filter(|id| self.state.unstore(id));
        self.state.hold_instead(request, None);
        if let Some(open) = self.state.request_mut(request) {
            open.data.response = Some(CookieChange::Revoke);
            open.data.cookie = None;
            open.data.changes = None;
        }
        self.effects.store = stored.map(|id| StoreOp::Delete { id });
        Ok(Reply::Done)
    }

    //= spec/session.md#event
    //# `NewSession` MUST give the request a session that begins with the event, in place of what it
    //# held.
    //= spec/session.md#event
    //# Under strict `NewSession` MUST be refused with `would_orphan` while the session that the
    //# request holds is stored and in time.
    //= spec/session.md#event
    //# Under strict `NewSession` in place of a stored session that is over MUST discard that session.
    pub(super) fn new_session(&mut self, request: RequestId) -> Result<Reply, Refusal> {
        let remote_addr = self.open_request(request)?.data.remote_addr.clone();
        let id = self.state.session(request).and_then(|held| held.id);
        if self.is_strict() && id.is_some_and(|id| self.in_time(id).is_some()) {
            return Err(Refusal::WouldOrphan);
        }
        self.discard_if_out_of_time(id);
        let session = Session::new(remote_addr, self.now);
        self.state.hold_instead(request, Some(Object::new(None, session)));
        if let Some(open) = self.state.request_mut(request) {
            open.data.changes = None;
        }
        Ok(Reply::Done)
    }
}
