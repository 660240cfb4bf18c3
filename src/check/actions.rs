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
use crate::session::Session;
use crate::token::{FormToken, Handle, Width};

/// The id that `InsertSession` uses: one that is never drawn.
const CHOSEN: u8 = 0xee;

impl Situation {
    /// Everything that can happen next, in a fixed order.
    #[must_use]
    pub fn actions(&self, world: &World, width: Width) -> Vec<Action> {
        let mut actions = Listing { situation: self, world, width, actions: Vec::new() };
        actions.starts();
        let ranges = actions.ranges();
        for request in self.state.requests() {
            actions.of_request(request, &ranges);
        }
        actions.of_manager(&ranges);
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
                // Each client has an address of its own, so that no two sessions look alike.
                let moved = if self.world.has(Extra::Roam) { self.situation.drawn } else { 0 };
                let ranges = Ranges {
                    cookie: std::vec![cookie],
                    remote_addr: std::vec![smol_str::format_smolstr!("c{number}.{moved}")],
                    script_name: std::vec![SmolStr::from(*mount)],
                    passive: [Some(false), self.world.has(Extra::Passive).then_some(true)]
                        .into_iter()
                        .flatten()
                        .collect(),
                    ..Ranges::default()
                };
                let add = &mut |event| self.add_with(number, event, &[]);
                Kind::StartRequest.every(request, &ranges, add);
            }
        }
    }

    /// The lowest number that is free. Numbers are used again, so that situations that differ only
    /// in their numbers count as one: the machine does not remember the number of a closed request.
    fn unused_request(&self) -> RequestId {
        let open = self.situation.state.requests();
        let used = open.iter().zip(0..).take_while(|(request, place)| request.0 == *place);
        RequestId(u64::try_from(used.count()).unwrap_or(u64::MAX))
    }

    fn of_request(&mut self, request: RequestId, ranges: &Ranges) {
        for kind in Kind::ALL.iter().filter(|kind| !kind.is_of_manager()) {
            self.of_kind(*kind, request, ranges);
        }
    }

    /// Adds the manager's events, which have no request.
    fn of_manager(&mut self, ranges: &Ranges) {
        for kind in Kind::ALL.iter().filter(|kind| kind.is_of_manager()) {
            self.of_kind(*kind, RequestId(0), ranges);
        }
    }

    fn of_kind(&mut self, kind: Kind, request: RequestId, ranges: &Ranges) {
        if self.world.has_kind(kind) {
            kind.every(request, ranges, &mut |event| self.add(kind, event));
        }
    }

    /// All arguments that the events of this world may have.
    fn ranges(&self) -> Ranges {
        let World { users, values, outcomes, .. } = self.world;
        let texts = |texts: &[&str]| texts.iter().copied().map(SmolStr::from).collect();
        let logout = self.world.has(Extra::LogOut).then_some(None);
        Ranges {
            login: users.iter().map(|user| Some((*user).into())).chain(logout).collect(),
            key: texts(match (values.is_empty(), self.world.has(Extra::TwoKeys)) {
                (true, _) => &[],
                (false, false) => &["k"],
                (false, true) => &["k", "l"],
            }),
            value: texts(values),
            token: self.tokens(),
            must_exist: std::vec![false, true],
            outcome: outcomes.to_vec(),
            owner: std::vec![None, Some("chosen".into())],
            new_id: std::vec![[0, 0, 0, 0, 0, 0, 0, CHOSEN].into()],
            id: self.situation.state.keys(),
            user: texts(users),
            handle: self.handles(),
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

    fn handles(&self) -> Vec<Handle> {
        let stored = self.situation.state.values().into_iter();
        let mut handles: Vec<_> = stored.filter_map(Session::handle).collect();
        handles.sort_unstable();
        handles
    }

    /// Adds an event that may draw. Its draw is fresh; if it draws an id and the world has
    /// collisions, it is also added with a used draw before the fresh one, and with used draws
    /// only.
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

    /// Adds an event whose draws are these numbers, and then zeros.
    fn add_with(&mut self, client: u8, event: Event, numbers: &[u8]) {
        let mut bytes = [0; Entropy::HALF];
        for (draw, number) in bytes.chunks_exact_mut(self.width.bytes()).zip(numbers) {
            if let Some(last) = draw.last_mut() {
                *last = *number;
            }
        }
        // If a handle is drawn, the same number makes it differ from others.
        let mut handle = [0; 16];
        if let Some(last) = handle.last_mut() {
            *last = numbers.last().copied().unwrap_or_default();
        }
        let entropy = Entropy::from_half(bytes).with_handle(handle.into());
        let input = Input { now: self.situation.now(), entropy, event };
        self.actions.push(Action::Step { client, input });
    }
}
