//! A request starts, and asks about its cookie.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use smol_str::SmolStr;

use super::Step;
use crate::effect::{Refusal, Reply, StoreOp};
use crate::event::RequestId;
use crate::presented::CookieValue;
use crate::semantics::{Holds, Visits};
use crate::session::Session;
use crate::state::{Request, RequestData, Slot};
use crate::token::SessionId;

impl Step<'_> {
    // [step-7] [session-5]
    pub(super) fn start_request(
        &mut self,
        requests: &mut HashMap<RequestId, Request, FixedState>,
        number: RequestId,
        cookie: Option<&CookieValue>,
        remote_addr: &SmolStr,
        script_name: &SmolStr,
        passive: bool,
    ) -> Result<(), Refusal> {
        let open = requests.len();
        // [event-1]
        let Entry::Vacant(place) = requests.entry(number) else { return Err(Refusal::RequestOpen) };
        // [config-27]
        if open >= self.config.request_limit() {
            return Err(Refusal::TooManyRequests);
        }
        self.fits(remote_addr)?;
        self.fits(script_name)?;
        // Made before the session is looked up, and inserted last: what was just written takes the
        // processor longer to move.
        let data = RequestData {
            cookie: cookie.map(|cookie| self.bounded(cookie)),
            remote_addr: copy_of(remote_addr),
            script_name: copy_of(script_name),
            response: None,
            changes: None,
        };
        // [step-3] [step-4] [step-5] [step-6] [session-12]
        let id = cookie.and_then(CookieValue::as_id);
        let held = match id.and_then(|id| self.find_or_discard(id)) {
            Some(stored) => self.visit(stored, passive),
            None => self.store.hold_new(None, Session::new(remote_addr.clone(), self.now)),
        };
        // In two steps, for the same reason as `copy_of`.
        self.effects.reply = Reply::Started { remote_user: None };
        if let Reply::Started { remote_user } = &mut self.effects.reply {
            *remote_user = copy_of(&self.store.object(held).session.user);
        }
        place.insert(Request { held: Some(held), data });
        Ok(())
    }

    /// Empties a long cookie. Visitors cannot help which cookies they were given, so a long one is
    /// no reason to refuse the start; and it names no session, so it need not be kept.
    // [config-31] [config-32]
    fn bounded(&self, cookie: &CookieValue) -> CookieValue {
        match cookie {
            CookieValue::Text(text) if self.fits(text).is_err() => {
                CookieValue::Text(SmolStr::default())
            }
            CookieValue::Text(text) => CookieValue::Text(copy_of(text)),
            CookieValue::Id(id) => CookieValue::Id(*id),
        }
    }

    /// Notes the access, unless the request is passive, and holds the session.
    // [step-11] [step-12] [step-13] [effect-7]
    fn visit(&mut self, stored: Slot, passive: bool) -> Slot {
        match self.config.differences().visits {
            Visits::InHeldSession => {
                let held = self.hold(stored);
                self.note_access(held, passive);
                held
            }
            Visits::InStore => {
                let noted = self.note_access(stored, passive);
                self.effects.store = noted.map(|id| StoreOp::Touch { id, accessed: self.now });
                self.hold(stored)
            }
        }
    }

    /// The id of the session, if the access was noted there.
    fn note_access(&mut self, visited: Slot, passive: bool) -> Option<SessionId> {
        let object = self.store.object_mut(visited);
        let noted = !passive && object.session.touch(self.now, self.config.access_resolution_ms);
        object.id.filter(|_| noted)
    }

    /// The session that is stored under `id`; one that is over is discarded.
    // [time-11] [step-14]
    pub(super) fn find_or_discard(&mut self, id: &SessionId) -> Option<Slot> {
        let slot = self.store.find(id)?;
        if !self.is_over(self.session(slot)) {
            return Some(slot);
        }
        self.store.remove(id);
        self.effects.store = Some(StoreOp::Discard { id: *id });
        None
    }

    fn hold(&mut self, stored: Slot) -> Slot {
        match self.config.differences().holds {
            // [step-8]
            Holds::StoredObject => self.store.hold(stored),
            // [step-9]
            Holds::Copy | Holds::CopyAndChanges => {
                let object = self.store.object(stored);
                let (id, session) = (object.id, object.session.clone());
                self.store.hold_new(id, session)
            }
        }
    }

    pub(super) fn has_session_cookie(&mut self, request: &Request, must_exist: bool) {
        let cookie = request.data.cookie.as_ref();
        self.effects.reply = Reply::Answer(if must_exist {
            // [event-19]
            let id = cookie.and_then(CookieValue::session_id);
            id.is_some_and(|id| self.find(&id).is_some())
        } else {
            // [event-18]
            cookie.is_some()
        });
    }
}

/// Clones out of line. Inlined code would read the text in other pieces than those in which it was
/// just written, and the processor would wait for that.
#[inline(never)]
fn copy_of<T: Clone>(text: &T) -> T {
    text.clone()
}
