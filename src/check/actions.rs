//! Everything that can happen next in a bounded world.

use std::vec::Vec;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::check::kinds::{Draw, Kind, Ranges};
use crate::check::situation::{Action, Situation};
use crate::check::world::{Extra, World};
use crate::entropy::Entropy;
use crate::event::{Event, Input, RequestId};
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
        actions.of_requests_and_manager();
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
                let event = Event::StartRequest { request, cookie, remote_addr, script_name };
                self.add_with(number, event, &[]);
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

    fn of_requests_and_manager(&mut self) {
        let (kinds, ranges) = (self.world.kinds(), self.ranges());
        let of = |manager| kinds.iter().filter(move |kind| kind.is_of_manager() == manager);
        for request in self.situation.state.requests() {
            self.all(of(false), request, &ranges);
        }
        // The manager's events have no request, and do not use it.
        self.all(of(true), RequestId(0), &ranges);
    }

    fn all<'k>(
        &mut self,
        kinds: impl Iterator<Item = &'k Kind>,
        request: RequestId,
        ranges: &Ranges,
    ) {
        for kind in kinds {
            kind.every(request, ranges, &mut |event| self.add(*kind, event));
        }
    }

    /// All that the events of this world may carry.
    fn ranges(&self) -> Ranges {
        let World { users, values, outcomes, .. } = self.world;
        let texts = |texts: &[&str]| texts.iter().copied().map(SmolStr::from).collect();
        let logout = self.world.has(Extra::LogOut).then_some(None);
        Ranges {
            login: users.iter().map(|user| Some((*user).into())).chain(logout).collect(),
            key: texts(if values.is_empty() { &[] } else { &["k"] }),
            value: texts(values),
            token: self.tokens(),
            outcome: outcomes.to_vec(),
            owner: std::vec![None, Some("chosen".into())],
            new_id: std::vec![[0, 0, 0, 0, 0, 0, 0, CHOSEN].into()],
            id: self.situation.state.keys(),
            user: texts(users),
            ..Ranges::default()
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
    fn tokens(&self) -> Vec<SubmittedToken> {
        let sessions = self.situation.state.in_memory();
        let mut tokens: SmallVec<[FormToken; 8]> =
            sessions.flat_map(|session| session.form_tokens().as_slice()).copied().collect();
        tokens.sort_unstable();
        tokens.dedup();
        let known = tokens.into_iter().map(SubmittedToken::Token);
        known.chain([SubmittedToken::IllFormed]).collect()
    }

    /// An event that may draw: with a fresh draw, and, if it draws an id and the world has
    /// collisions, with a used draw in front of it, or with used draws only.
    fn add(&mut self, kind: Kind, event: Event) {
        let Some(draw) = kind.draws() else { return self.add_with(0, event, &[]) };
        let fresh = self.situation.drawn.saturating_add(1);
        self.add_with(0, event.clone(), &[fresh]);
        if draw == Draw::Id
            && self.world.has(Extra::Collide)
            && let Some(used) = self.situation.state.keys().first()
        {
            let used = used.reveal_bytes().last().copied().unwrap_or(0);
            self.add_with(0, event.clone(), &[used, fresh]);
            self.add_with(0, event, &[used; 4]);
        }
    }

    /// With draws that are these numbers, and zeros behind them.
    fn add_with(&mut self, client: u8, event: Event, numbers: &[u8]) {
        let mut bytes = [0; Entropy::BYTES];
        for (draw, number) in bytes.chunks_exact_mut(self.width.bytes()).zip(numbers) {
            if let Some(last) = draw.last_mut() {
                *last = *number;
            }
        }
        let input = Input { now: self.situation.now(), entropy: Entropy::from_bytes(bytes), event };
        self.actions.push(Action::Step { client, input });
    }
}
