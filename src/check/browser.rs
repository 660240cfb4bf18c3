//! Clients with cookie jars, the requests they have in flight, and the responses on their way.
//!
//! What a client is owed is judged from its side of the wire. A login counts from the arrival of
//! its response. It counts until the client itself, the manager or a time limit ends it, or until
//! the response to another request of the client brings a cookie that takes its place.

use std::collections::BTreeMap;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::check::history::{Findings, Seen};
use crate::check::property::Property;
use crate::check::role::{outcome_of, written_by};
use crate::effect::{CookieChange, CookieOp};
use crate::event::{Event, Outcome, RequestEvent, RequestId};
use crate::presented::CookieValue;
use crate::token::SessionId;

/// The cookies of one client for one name: at most one for each path.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Jar(BTreeMap<SmolStr, SessionId>);

impl Jar {
    /// The cookie that a request to an application mounted at `script_name` brings, as the server
    /// reads it. If several match, those with longer paths are sent first (RFC 6265, section 5.4),
    /// and the last one counts.
    #[must_use]
    pub fn sends(&self, script_name: &str) -> Option<SessionId> {
        let matching = self.0.iter().filter(|(path, _)| covers(path, script_name));
        matching.min_by_key(|(path, _)| path.len()).map(|(_, id)| *id)
    }

    /// Whether the jar holds this id under any path.
    #[must_use]
    pub fn holds(&self, id: SessionId) -> bool {
        self.0.values().any(|own| *own == id)
    }

    /// Obeys a response (RFC 6265, section 5.3): a cookie of Max-Age 0 is dropped.
    pub fn obey(&mut self, cookie: &CookieOp) {
        match cookie.value {
            CookieChange::Set(id) => self.0.insert(cookie.path.clone(), id),
            CookieChange::Revoke | CookieChange::Stillborn(_) => self.0.remove(&cookie.path),
        };
    }
}

/// Whether a cookie of this path is sent to the application (RFC 6265, section 5.1.4).
fn covers(path: &str, script_name: &str) -> bool {
    let below = script_name.strip_prefix(path.trim_end_matches('/'));
    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One client, seen from its own side.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Client {
    /// Its cookies.
    pub jar: Jar,
    /// The user and the mount of its login, once the response has arrived.
    owed: Option<(SmolStr, SmolStr)>,
}

/// A request in flight and, when it has ended, its response.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the request")]
pub struct Errand {
    /// The number of the client.
    pub client: u8,
    script_name: SmolStr,
    sent: Option<SessionId>,
    /// It began without a stored session, so its response may bring a cookie of its own.
    fresh: bool,
    /// It changed the user or the cookie of the client, or ended a session.
    identity: bool,
    /// It set another user, or nobody, where somebody was logged in.
    left: bool,
    /// It ended its session.
    ended: bool,
    login: Option<SmolStr>,
    cookie: Option<CookieOp>,
}

impl Errand {
    /// Notes what a step of its request means for the client.
    fn go_on(&mut self, request: RequestId, event: &RequestEvent, seen: &Seen<'_>) {
        let held = seen.after.session(request);
        let user = held.and_then(|held| held.session.user()).filter(|user| !user.is_empty());
        let had = seen.before.session(request).and_then(|held| held.id);
        let emptied = had.is_some_and(|id| seen.before.has_session(&id))
            && left_by(seen).next().is_some()
            && written_by(seen.effects.store.as_ref()).is_none();
        match event {
            RequestEvent::SetUser { user } => {
                let before = seen.before.session(request).and_then(|held| held.session.user());
                self.left |= before.is_some();
                self.login = user.clone().filter(|user| !user.is_empty());
                self.identity = true;
            }
            RequestEvent::ExpireSession => {
                (self.ended, self.identity, self.login) = (true, true, None);
            }
            RequestEvent::NewSession => (self.identity, self.login) = (true, None),
            // The user stays logged in, with another cookie or without the other sessions.
            RequestEvent::RenewSession
            | RequestEvent::ExpireOtherSessions
            | RequestEvent::ExpireHandle { .. } => {
                (self.identity, self.login) = (true, user.cloned());
                self.ended |= held.is_none();
            }
            // Its session is gone, so a save stores it under a new id.
            RequestEvent::RemoveFormToken { .. } | RequestEvent::TakeValue { .. } => {
                self.fresh |= emptied;
            }
            RequestEvent::RevokeSessionCookie => self.identity = true,
            RequestEvent::SetValue { .. }
            | RequestEvent::RemoveValue { .. }
            | RequestEvent::CreateFormToken
            | RequestEvent::HasFormToken { .. }
            | RequestEvent::GuardValue { .. }
            | RequestEvent::HasSessionCookie { .. }
            | RequestEvent::InsertSession { .. } => {}
            // To log out by setting nobody must take the cookie away; to empty a cart need not.
            RequestEvent::MaintainSession | RequestEvent::FinishRequest { .. } => {
                self.ended |= emptied && self.left;
                // The session was ended meanwhile, and this request did not save to it.
                let gone = self.sent.is_none_or(|id| !seen.after.has_session(&id));
                let saved = written_by(seen.effects.store.as_ref()).is_some();
                if seen.effects.cookie.is_none() && gone && !saved {
                    self.login = None;
                }
            }
        }
    }
}

/// All clients, their requests in flight, and the responses on their way.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct Browsers {
    clients: SmallVec<[Client; 2]>,
    errands: BTreeMap<RequestId, Errand>,
    responses: SmallVec<[Errand; 2]>,
}

impl Browsers {
    /// This many clients, with empty jars.
    #[must_use]
    pub fn new(clients: u8) -> Self {
        let clients = (0..clients).map(|_| Client::default()).collect();
        Self { clients, ..Self::default() }
    }

    /// The clients, by number.
    #[must_use]
    pub fn clients(&self) -> &[Client] {
        &self.clients
    }

    /// The responses on their way, oldest first.
    #[must_use]
    pub fn responses(&self) -> &[Errand] {
        &self.responses
    }

    /// Watches a step that was not refused. If a request starts, it is a request of `client`.
    pub(crate) fn observe(&mut self, seen: &Seen<'_>, client: u8, found: &mut Findings) {
        self.excuse(seen);
        match &seen.input.event {
            Event::StartRequest { request, cookie, script_name, .. } => {
                let sent = cookie.as_ref().and_then(CookieValue::session_id);
                self.begin(seen, client, *request, sent, script_name, found);
            }
            Event::Request { request, event } => self.go_on(*request, event, seen),
            Event::Manager(_) => {}
        }
    }

    fn go_on(&mut self, request: RequestId, event: &RequestEvent, seen: &Seen<'_>) {
        let Some(errand) = self.errands.get_mut(&request) else { return };
        errand.go_on(request, event, seen);
        if errand.identity
            && let Some(client) = self.clients.get_mut(usize::from(errand.client))
        {
            client.owed = None;
        }
        if let Some(outcome) = outcome_of(&seen.input.event)
            && let Some(errand) = self.errands.remove(&request)
        {
            self.respond(errand, outcome, seen.effects.cookie.clone());
        }
    }

    /// Once somebody else ends the session that a client's jar names, the client is owed nothing.
    fn excuse(&mut self, seen: &Seen<'_>) {
        let errand = seen.input.event.request().and_then(|request| self.errands.get(&request));
        let actor = errand.map(|errand| errand.client);
        let ended: SmallVec<[SessionId; 4]> = left_by(seen).collect();
        if ended.is_empty() {
            return;
        }
        for (number, client) in (0..).zip(&mut self.clients) {
            if actor != Some(number) && ended.iter().any(|id| client.jar.holds(*id)) {
                client.owed = None;
            }
        }
        for response in &mut self.responses {
            let set = response.cookie.as_ref().map(|cookie| cookie.value);
            let named = |id| set == Some(CookieChange::Set(id)) || response.sent == Some(id);
            if ended.iter().any(|id| named(*id)) {
                response.login = None;
            }
        }
    }

    fn begin(
        &mut self,
        seen: &Seen<'_>,
        client: u8,
        request: RequestId,
        sent: Option<SessionId>,
        script_name: &SmolStr,
        found: &mut Findings,
    ) {
        let held = seen.after.session(request);
        let owed = self.clients.get(usize::from(client)).and_then(|owner| owner.owed.as_ref());
        if let Some((user, _)) = owed.filter(|(_, mount)| mount == script_name) {
            let logged_in = held.and_then(|held| held.session.user()) == Some(user);
            found.witness_if(true, Property::StillLoggedIn);
            found.break_if(!logged_in, Property::StillLoggedIn);
        }
        let errand = Errand {
            client,
            script_name: script_name.clone(),
            sent,
            fresh: held.is_none_or(|held| held.id.is_none()),
            identity: false,
            left: false,
            ended: false,
            login: None,
            cookie: None,
        };
        self.errands.insert(request, errand);
    }

    fn respond(&mut self, mut errand: Errand, outcome: Outcome, cookie: Option<CookieOp>) {
        (errand.cookie, errand.left) = (cookie, false);
        match outcome {
            Outcome::Successful | Outcome::Interrupted => self.responses.push(errand),
            Outcome::Failed => self.responses.push(Errand { login: None, ..errand }),
            Outcome::Abandoned => {}
        }
    }

    /// A response arrives, however late.
    pub(crate) fn deliver(&mut self, place: usize, found: &mut Findings) {
        if place >= self.responses.len() {
            return;
        }
        let response = self.responses.remove(place);
        let alone = self
            .responses
            .iter()
            .chain(self.errands.values())
            .all(|other| other.client != response.client || !(other.fresh || other.identity));
        let Some(client) = self.clients.get_mut(usize::from(response.client)) else { return };
        if let Some(cookie) = &response.cookie {
            client.jar.obey(cookie);
        }
        if response.ended {
            let left = client.jar.sends(&response.script_name);
            found.witness_if(response.sent.is_some(), Property::LogoutReachesTheClient);
            let kept = response.sent.is_some() && left == response.sent;
            found.break_if(kept, Property::LogoutReachesTheClient);
        }
        if let Some(user) = response.login {
            // If the response has no cookie, the login is in the session of the cookie that the
            // request brought.
            let kept = response.cookie.is_some()
                || client.jar.sends(&response.script_name) == response.sent;
            client.owed = (alone && kept).then_some((user, response.script_name));
        } else if response.cookie.is_some() && (response.fresh || response.identity) {
            // When the login arrived, this request may not yet have been one that brings a cookie.
            client.owed = None;
        }
    }

    /// A response is lost on the way.
    pub(crate) fn lose(&mut self, place: usize) {
        if place < self.responses.len() {
            self.responses.remove(place);
        }
    }
}

/// The ids that left the store in a step.
fn left_by<'a>(seen: &'a Seen<'_>) -> impl Iterator<Item = SessionId> + 'a {
    let before = seen.before.unordered().map(|(id, _)| id);
    before.filter(|id| !seen.after.has_session(id))
}

#[cfg(test)]
mod tests {
    use super::{Browsers, Jar, covers};
    use crate::check::Findings;
    use crate::{CookieChange, CookieOp};

    #[test]
    fn where_no_response_is_none_arrives_or_is_lost() {
        let (mut browsers, mut found) = (Browsers::new(1), Findings::default());
        browsers.lose(0);
        browsers.deliver(0, &mut found);
        assert_eq!((browsers, found), (Browsers::new(1), Findings::default()));
    }

    #[test]
    fn a_path_covers_itself_and_what_lies_below() {
        for (path, mount, expected) in [
            ("/", "", true),
            ("/", "/app", true),
            ("/app/", "/app", true),
            ("/app/", "/app/deep", true),
            ("/app/", "", false),
            ("/app/", "/apple", false),
        ] {
            assert_eq!(covers(path, mount), expected, "{path} for {mount}");
        }
    }

    #[test]
    fn a_jar_keeps_one_cookie_a_path_and_the_shortest_path_counts() {
        let cookie = |value, path: &str| CookieOp { value, path: path.into() };
        let (outer, inner) = ([1; 8].into(), [2; 8].into());
        let mut jar = Jar::default();
        jar.obey(&cookie(CookieChange::Set(inner), "/app/"));
        assert_eq!((jar.sends("/app"), jar.sends("")), (Some(inner), None));
        jar.obey(&cookie(CookieChange::Set(outer), "/"));
        assert_eq!(jar.sends("/app"), Some(outer));
        jar.obey(&cookie(CookieChange::Stillborn(inner), "/"));
        assert_eq!(jar.sends("/app"), Some(inner), "Max-Age 0 drops what was there");
    }
}
