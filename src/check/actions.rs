//! Everything that can happen next in a bounded world.

use std::vec::Vec;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::check::situation::{Action, Situation};
use crate::check::world::{Extra, World};
use crate::entropy::Entropy;
use crate::event::{Event, Input, ManagerEvent, RequestEvent, RequestId};
use crate::presented::{CookieValue, SubmittedToken};
use crate::token::{FormToken, Width};

/// The id that `InsertSession` uses: one that is never drawn.
const CHOSEN: u8 = 0xee;

impl Situation {
    /// Everything that can happen next, in a fixed order.
    #[must_use]
    pub fn actions(&self, world: &World, width: Width) -> Vec<Action> {
        let mut actions = Listing { situation: self, world, width, actions: Vec::new() };
        actions.starts();
        for request in self.state.requests() {
            actions.of_request(request);
        }
        actions.of_manager();
        actions.of_wire();
        actions.actions
    }
}

/// The actions found so far.
struct Listing<'a> {
    situation: &'a Situation,
    world: &'a World,
    width: Width,
    actions: Vec<Action>,
}

impl Listing<'_> {
    fn starts(&mut self) {
        if self.situation.busy() >= usize::from(self.world.in_flight) {
            return;
        }
        let request = self.unused_request();
        for (number, client) in (0..).zip(self.situation.browsers.clients()) {
            for mount in self.world.mounts {
                let cookie = client.jar.sends(mount).map(CookieValue::Id);
                let (remote_addr, script_name) = (SmolStr::new_static("c"), (*mount).into());
                self.add(number, Event::StartRequest { request, cookie, remote_addr, script_name });
            }
        }
    }

    /// The lowest number that is free. Numbers are reused so that situations that differ only in
    /// them are not counted twice: the machine does not remember the number of a closed request.
    fn unused_request(&self) -> RequestId {
        let open = self.situation.state.requests();
        let used = open.iter().zip(0..).take_while(|(request, place)| request.0 == *place);
        RequestId(u64::try_from(used.count()).unwrap_or(u64::MAX))
    }

    fn of_request(&mut self, request: RequestId) {
        for user in self.world.users {
            self.ask(request, RequestEvent::SetUser { user: Some((*user).into()) });
        }
        for value in self.world.values {
            let value = (*value).into();
            self.ask(request, RequestEvent::SetValue { key: "k".into(), value });
        }
        if !self.world.values.is_empty() {
            self.ask(request, RequestEvent::RemoveValue { key: "k".into() });
        }
        if self.world.form_tokens > 0 {
            self.ask_drawing(request, RequestEvent::CreateFormToken, false);
            for token in self.tokens() {
                self.ask(request, RequestEvent::HasFormToken { token });
                self.ask(request, RequestEvent::RemoveFormToken { token });
            }
        }
        for extra in self.world.events {
            match extra {
                Extra::LogOut => self.ask(request, RequestEvent::SetUser { user: None }),
                Extra::Expire => self.ask(request, RequestEvent::ExpireSession),
                Extra::New => self.ask(request, RequestEvent::NewSession),
                Extra::Maintain => self.ask_drawing(request, RequestEvent::MaintainSession, true),
                Extra::Revoke => self.ask(request, RequestEvent::RevokeSessionCookie),
                Extra::Insert => {
                    for user in [None, Some("chosen".into())] {
                        let id = [0, 0, 0, 0, 0, 0, 0, CHOSEN].into();
                        self.ask(request, RequestEvent::InsertSession { id, user });
                    }
                }
                // These are not events of a request.
                Extra::Delete | Extra::Sweep | Extra::ClockBack | Extra::Collide | Extra::Lose => {}
            }
        }
        for outcome in self.world.outcomes {
            self.ask_drawing(request, RequestEvent::FinishRequest { outcome: *outcome }, true);
        }
    }

    fn of_manager(&mut self) {
        if self.world.has(Extra::Delete) {
            for id in self.situation.state.keys() {
                self.add(0, Event::Manager(ManagerEvent::DeleteSession { id }));
            }
            for user in self.world.users {
                let user = (*user).into();
                self.add(0, Event::Manager(ManagerEvent::DeleteSessionsOf { user }));
            }
        }
        if self.world.has(Extra::Sweep) {
            self.add(0, Event::Manager(ManagerEvent::Sweep));
        }
    }

    fn of_wire(&mut self) {
        for place in (0..).take(self.situation.browsers.responses().len()) {
            self.actions.push(Action::Deliver(place));
            if self.world.has(Extra::Lose) {
                self.actions.push(Action::Lose(place));
            }
        }
        let moment = self.situation.moment;
        let next = moment.saturating_add(1);
        if next < self.world.moments {
            self.actions.push(Action::Clock(next));
        }
        if self.world.has(Extra::ClockBack)
            && let Some(last) = moment.checked_sub(1)
        {
            self.actions.push(Action::Clock(last));
        }
    }

    /// Every token that a session in memory holds, and one that no session holds.
    fn tokens(&self) -> SmallVec<[SubmittedToken; 4]> {
        let sessions = self.situation.state.in_memory();
        let mut tokens: SmallVec<[FormToken; 8]> =
            sessions.flat_map(|session| session.form_tokens().as_slice()).copied().collect();
        tokens.sort_unstable();
        tokens.dedup();
        let known = tokens.into_iter().map(SubmittedToken::Token);
        known.chain([SubmittedToken::IllFormed]).collect()
    }

    fn ask(&mut self, request: RequestId, event: RequestEvent) {
        self.add(0, event.of(request));
    }

    /// An event that may draw: with a fresh draw, and, if the world has collisions, with a used
    /// draw in front of it, or with used draws only.
    fn ask_drawing(&mut self, request: RequestId, event: RequestEvent, draws_id: bool) {
        let event = event.of(request);
        let fresh = self.situation.drawn.saturating_add(1);
        self.add_with(0, event.clone(), entropy(self.width, &[fresh]));
        if !self.world.has(Extra::Collide) || !draws_id {
            return;
        }
        if let Some(used) = self.situation.state.keys().first() {
            let used = used.reveal_bytes().last().copied().unwrap_or(0);
            self.add_with(0, event.clone(), entropy(self.width, &[used, fresh]));
            self.add_with(0, event, entropy(self.width, &[used; 4]));
        }
    }

    fn add(&mut self, client: u8, event: Event) {
        self.add_with(client, event, Entropy::from_bytes([0; Entropy::BYTES]));
    }

    fn add_with(&mut self, client: u8, event: Event, entropy: Entropy) {
        let input = Input { now: self.situation.now(), entropy, event };
        self.actions.push(Action::Step { client, input });
    }
}

/// Draws that are these numbers.
fn entropy(width: Width, numbers: &[u8]) -> Entropy {
    let mut bytes = [0; Entropy::BYTES];
    for (draw, number) in bytes.chunks_exact_mut(width.bytes()).zip(numbers) {
        if let Some(last) = draw.last_mut() {
            *last = *number;
        }
    }
    Entropy::from_bytes(bytes)
}
