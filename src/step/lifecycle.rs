//! A request starts, asks about its cookie, gives up or replaces its session, and finishes.

use smol_str::SmolStr;

use super::{Saved, Step};
use crate::config::Semantics;
use crate::effect::{CookieChange, CookieOp, Effects, Refusal, Reply, StoreOp, Transaction};
use crate::event::{CookieValue, Outcome, RequestId};
use crate::objects::{Object, Slot};
use crate::request::{Request, RequestData};
use crate::session::Session;
use crate::token::SessionId;

impl Step<'_> {
    pub(super) fn start_request(
        &mut self,
        request: RequestId,
        cookie: Option<CookieValue>,
        remote_addr: SmolStr,
        script_name: SmolStr,
    ) -> Result<Effects, Refusal> {
        if self.state.is_open(request) {
            return Err(Refusal::RequestOpen);
        }
        if self.state.open_requests() >= self.config.request_limit() {
            return Err(Refusal::TooManyRequests);
        }
        self.fits(&remote_addr)?;
        self.fits(&script_name)?;
        let id = cookie.as_ref().and_then(CookieValue::session_id);
        let store = self.discard_if_out_of_time(id);
        let held = self.hold(id, &remote_addr);
        let mut remote_user = None;
        if let Some(object) = self.state.objects.get_mut(held) {
            object.session.touch(self.now, self.config.access_resolution_ms);
            remote_user.clone_from(&object.session.user);
        }
        let data = RequestData { cookie, remote_addr, script_name, response: None, changes: None };
        self.state.open(request, Request { held: Some(held), data });
        Ok(Effects { store, ..Effects::reply(Reply::Started { remote_user }) })
    }

    /// What a new request holds: in live sharing the stored object itself, else a copy of it; a
    /// session that is not stored yet where the cookie names none.
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

    pub(super) fn finish_request(
        &mut self,
        request: RequestId,
        outcome: Outcome,
    ) -> Result<Effects, Refusal> {
        let carried = self.open_request(request)?.data.response;
        // Quixote replaces the response of a request that does not succeed, and with it the
        // cookie; strict decides the cookie when the response leaves.
        let fresh = if self.is_strict() { carried } else { None };
        let (saved, transaction) = match outcome {
            Outcome::Successful => (self.save(request, carried)?, Some(Transaction::Commit)),
            Outcome::Interrupted => (self.save(request, fresh)?, Some(Transaction::Commit)),
            Outcome::Failed => (Saved { store: None, response: fresh }, Some(Transaction::Abort)),
            Outcome::Abandoned => (Saved { store: None, response: None }, None),
        };
        let closed = self.state.close(request);
        let cookie = saved.response.zip(closed).map(|(value, closed)| CookieOp {
            value,
            path: self.config.path_of_cookie(&closed.data.script_name),
        });
        Ok(Effects { store: saved.store, transaction, cookie, ..Effects::reply(Reply::Done) })
    }

    pub(super) fn has_session_cookie(
        &self,
        request: RequestId,
        must_exist: bool,
    ) -> Result<Effects, Refusal> {
        let cookie = self.open_request(request)?.data.cookie.as_ref();
        let id = cookie.and_then(CookieValue::session_id);
        let answer = if must_exist {
            id.is_some_and(|id| self.in_time(id).is_some())
        } else {
            cookie.is_some()
        };
        Ok(Effects::reply(Reply::Answer(answer)))
    }

    pub(super) fn revoke_session_cookie(&mut self, request: RequestId) -> Result<Effects, Refusal> {
        let strict = self.is_strict();
        let open = self.state.request_mut(request).ok_or(Refusal::UnknownRequest)?;
        if strict {
            return Err(Refusal::WouldOrphan);
        }
        open.data.response = Some(CookieChange::Revoke);
        open.data.cookie = None;
        Ok(Effects::reply(Reply::Done))
    }

    pub(super) fn expire_session(&mut self, request: RequestId) -> Result<Effects, Refusal> {
        let id = self.held(request)?.id;
        let stored = id.filter(|id| self.state.unstore(id));
        self.state.hold_instead(request, None);
        if let Some(open) = self.state.request_mut(request) {
            open.data.response = Some(CookieChange::Revoke);
            open.data.cookie = None;
            open.data.changes = None;
        }
        let store = stored.map(|id| StoreOp::Delete { id });
        Ok(Effects { store, ..Effects::reply(Reply::Done) })
    }

    pub(super) fn new_session(&mut self, request: RequestId) -> Result<Effects, Refusal> {
        let remote_addr = self.open_request(request)?.data.remote_addr.clone();
        let id = self.state.session(request).and_then(|held| held.id);
        if self.is_strict() && id.is_some_and(|id| self.in_time(id).is_some()) {
            return Err(Refusal::WouldOrphan);
        }
        let session = Session::new(remote_addr, self.now);
        self.state.hold_instead(request, Some(Object::new(None, session)));
        if let Some(open) = self.state.request_mut(request) {
            open.data.changes = None;
        }
        Ok(Effects::reply(Reply::Done))
    }
}
