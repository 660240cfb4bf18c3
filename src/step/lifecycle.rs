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
    // [event-1] [config-10] [step-5] [session-3] [step-41]
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
    // [config-12]
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
    // [step-3] [step-4] [step-6] [step-7]
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

    // [effect-8] [effect-9] [step-32] [step-33] [step-34] [step-35] [step-38] [step-39]
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

    // [event-10] [event-11]
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

    // [event-12] [event-13]
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

    // [event-14] [event-15]
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

    // [event-16] [event-17] [event-25]
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
