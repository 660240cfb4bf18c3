//! Everything that can happen in a world, as the model and as the machine write it.

use quixote_session::check::Jar;
use quixote_session::{
    CookieChange, CookieOp, CookieValue, Entropy, Event, ManagerEvent, Outcome, RequestEvent,
    RequestId, SubmittedToken,
};
use serde_json::{Value, json};

use crate::graph::{Constants, StateRow};
use crate::machine::{REMOTE_ADDR, Secrets, handle_of, request_number};

/// All inputs for the machine in this state, refused or not: each an event and what would be drawn.
pub(crate) fn inputs(constants: &Constants, state: &StateRow, secrets: Secrets) -> Vec<Asked> {
    let mut asked = Vec::new();
    let mut ask = |event: Value| {
        let event = event.as_array().unwrap().clone();
        let name = event[0].as_str().unwrap();
        let all = match name {
            "MaintainSession" | "FinishRequest" => state.id_draws.clone(),
            "CreateFormToken" => state.token_draws.clone(),
            _ => vec![Vec::new()],
        };
        let beyond = |draws: &[u8]| match draws.last() {
            Some(last) if state.is_in_use(*last, name == "CreateFormToken") => *last,
            _ => UNKNOWN,
        };
        asked.extend(all.into_iter().map(|draws| {
            let beyond = beyond(&draws);
            Asked { event: event.clone(), draws, beyond }
        }));
    };
    starts(constants, state, secrets, &mut ask);
    for request in &constants.requests {
        changes(constants, request, &mut ask);
        cookies(constants, request, &mut ask);
    }
    for handle in handles(constants, state) {
        for request in &constants.requests {
            ask(json!(["ExpireHandle", request, handle]));
        }
        ask(json!(["DeleteHandle", handle]));
    }
    for id in (1..=constants.ids).filter(|_| constants.has("DeleteSession")) {
        ask(json!(["DeleteSession", id]));
    }
    for user in constants.users.iter().filter(|_| constants.has("DeleteSessionsOf")) {
        ask(json!(["DeleteSessionsOf", user]));
    }
    if constants.has("Sweep") {
        ask(json!(["Sweep"]));
    }
    asked
}

/// The handles in this state, and one that does not exist.
fn handles(constants: &Constants, state: &StateRow) -> Vec<u8> {
    let known = state.handles().into_iter().chain([state.new_handle]);
    if constants.has("Handles") { known.collect() } else { Vec::new() }
}

/// An event, and the draws that it may use.
pub(crate) struct Asked {
    pub(crate) event: Vec<Value>,
    pub(crate) draws: Vec<u8>,
    /// What follows the draws, repeated to the end. If the last draw is in use, it is that draw, so
    /// that the machine gives up. Otherwise it is a number that no world has, so that a draw too
    /// many is noticed.
    pub(crate) beyond: u8,
}

/// A number that names nothing in any world.
const UNKNOWN: u8 = 200;

impl Asked {
    /// The numbers that the machine uses if it uses this many draws.
    pub(crate) fn taken(&self, draws: u8) -> Vec<u8> {
        let all = self.draws.iter().chain(std::iter::repeat(&self.beyond));
        all.take(draws.into()).copied().collect()
    }

    /// The bytes from which these draws come, and a handle. The other half names nothing.
    pub(crate) fn entropy(&self, secrets: Secrets, handle: u8) -> Entropy {
        let is_token = self.event[0] == "CreateFormToken";
        let mut bytes = [u8::MAX; Entropy::BYTES];
        let (ids, tokens) = bytes.split_at_mut(Entropy::HALF);
        let half = if is_token { tokens } else { ids };
        let places = half.chunks_exact_mut(secrets.0.bytes());
        for (place, number) in places.zip(self.taken(secrets.0.draws())) {
            place.copy_from_slice(&secrets.bytes(number, is_token));
        }
        let entropy = Entropy::from_bytes(bytes);
        if is_token { entropy } else { entropy.with_handle(handle_of(handle)) }
    }
}

/// A request with the first unused name starts, and one with the name of an open request is
/// refused.
fn starts(constants: &Constants, state: &StateRow, secrets: Secrets, ask: &mut impl FnMut(Value)) {
    let names = || constants.requests.iter().zip(&state.requests).zip(&state.responses);
    let unused = names().find(|((_, request), response)| request.is_none() && response.is_none());
    let open = names().filter(|((_, request), _)| request.is_some());
    for ((request, _), _) in unused.into_iter().chain(open) {
        for (client, jar) in constants.clients.iter().zip(&state.jars) {
            for mount in &constants.mounts {
                let sent = jar_of(jar, secrets).sends(mount);
                let sent = sent.map(|id| *id.reveal_bytes().last().unwrap());
                let forged = (1..=constants.ids).filter(|_| constants.has("Forge")).map(Some);
                for sent in forged.filter(|forged| *forged != sent).chain([sent]) {
                    ask(json!(["StartRequest", request, client, mount, sent, false]));
                }
                if constants.has("Passive") {
                    ask(json!(["StartRequest", request, client, mount, sent, true]));
                }
            }
        }
    }
}

fn changes(constants: &Constants, request: &str, ask: &mut impl FnMut(Value)) {
    for user in &constants.users {
        ask(json!(["SetUser", request, user]));
    }
    if constants.has("LogOut") {
        ask(json!(["SetUser", request, null]));
    }
    if constants.has("RenewSession") {
        ask(json!(["RenewSession", request]));
    }
    for key in &constants.keys {
        for value in &constants.values {
            ask(json!(["SetValue", request, key, value]));
        }
        ask(json!(["RemoveValue", request, key]));
        for event in ["TakeValue", "GuardValue"] {
            if constants.has(event) {
                ask(json!([event, request, key]));
            }
        }
    }
    if constants.has("Forms") {
        ask(json!(["CreateFormToken", request]));
        for token in 1..=constants.tokens {
            ask(json!(["HasFormToken", request, token]));
            ask(json!(["RemoveFormToken", request, token]));
        }
    }
}

fn cookies(constants: &Constants, request: &str, ask: &mut impl FnMut(Value)) {
    if constants.has("HasSessionCookie") {
        ask(json!(["HasSessionCookie", request, false]));
        ask(json!(["HasSessionCookie", request, true]));
    }
    for event in [
        "RevokeSessionCookie",
        "ExpireSession",
        "ExpireOtherSessions",
        "NewSession",
        "MaintainSession",
    ] {
        if constants.has(event) {
            ask(json!([event, request]));
        }
    }
    for outcome in &constants.outcomes {
        ask(json!(["FinishRequest", request, outcome]));
    }
    for id in &constants.chosen {
        ask(json!(["InsertSession", request, id, null]));
        for user in &constants.users {
            ask(json!(["InsertSession", request, id, user]));
        }
    }
}

/// The machine's event for an event of the model; None for an event of the world around the
/// machine.
pub(crate) fn event_of(event: &[Value], secrets: Secrets) -> Option<Event> {
    let text = |place: usize| event[place].as_str();
    let owned = |place: usize| text(place).map(Into::into);
    let number = |place: usize| event[place].as_u64().map(|number| u8::try_from(number).unwrap());
    let request = || RequestId(request_number(text(1).unwrap()));
    let id = |place: usize| secrets.id(number(place).unwrap());
    let handle = |place: usize| handle_of(number(place).unwrap());
    let token = || SubmittedToken::Token(secrets.token(number(2).unwrap()));
    Some(match text(0).unwrap() {
        "StartRequest" => Event::StartRequest {
            request: request(),
            cookie: number(4).map(|id| CookieValue::Id(secrets.id(id))),
            remote_addr: REMOTE_ADDR.into(),
            script_name: owned(3).unwrap(),
            passive: event[5] == true,
        },
        "SetUser" => RequestEvent::SetUser { user: owned(2) }.of(request()),
        "RenewSession" => RequestEvent::RenewSession.of(request()),
        "SetValue" => RequestEvent::SetValue { key: owned(2).unwrap(), value: owned(3).unwrap() }
            .of(request()),
        "RemoveValue" => RequestEvent::RemoveValue { key: owned(2).unwrap() }.of(request()),
        "TakeValue" => RequestEvent::TakeValue { key: owned(2).unwrap() }.of(request()),
        "GuardValue" => RequestEvent::GuardValue { key: owned(2).unwrap() }.of(request()),
        "CreateFormToken" => RequestEvent::CreateFormToken.of(request()),
        "HasFormToken" => RequestEvent::HasFormToken { token: token() }.of(request()),
        "RemoveFormToken" => RequestEvent::RemoveFormToken { token: token() }.of(request()),
        "HasSessionCookie" => {
            RequestEvent::HasSessionCookie { must_exist: event[2] == true }.of(request())
        }
        "RevokeSessionCookie" => RequestEvent::RevokeSessionCookie.of(request()),
        "ExpireSession" => RequestEvent::ExpireSession.of(request()),
        "ExpireOtherSessions" => RequestEvent::ExpireOtherSessions.of(request()),
        "ExpireHandle" => RequestEvent::ExpireHandle { handle: handle(2) }.of(request()),
        "NewSession" => RequestEvent::NewSession.of(request()),
        "MaintainSession" => RequestEvent::MaintainSession.of(request()),
        "FinishRequest" => {
            RequestEvent::FinishRequest { outcome: outcome(&event[2]) }.of(request())
        }
        "InsertSession" => RequestEvent::InsertSession { id: id(2), user: owned(3) }.of(request()),
        "DeleteSession" => Event::Manager(ManagerEvent::DeleteSession { id: id(1) }),
        "DeleteHandle" => Event::Manager(ManagerEvent::DeleteHandle { handle: handle(1) }),
        "DeleteSessionsOf" => {
            Event::Manager(ManagerEvent::DeleteSessionsOf { user: owned(1).unwrap() })
        }
        "Sweep" => Event::Manager(ManagerEvent::Sweep),
        _ => return None,
    })
}

fn outcome(name: &Value) -> Outcome {
    let all = [Outcome::Successful, Outcome::Interrupted, Outcome::Failed, Outcome::Abandoned];
    all.into_iter().find(|outcome| name == outcome.name()).unwrap()
}

/// A client's cookies, as `src/check/browser.rs` keeps them.
pub(crate) fn jar_of(row: &[(String, u8)], secrets: Secrets) -> Jar {
    let mut jar = Jar::default();
    for (path, id) in row {
        let value = CookieChange::Set(secrets.id(*id));
        jar.obey(&CookieOp { value, path: path.as_str().into() });
    }
    jar
}
