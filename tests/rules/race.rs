//! Requests on states of their own, over one store that each of them writes to.

#[path = "race/store.rs"]
mod store;

use std::collections::BTreeMap;

use quixote_session::{
    Config, CookieValue, Effects, EntropySource, Event, Input, Refusal, Reply, RequestEvent,
    SessionId, SmolStr, State, StoreOp, Timestamp, step,
};

use crate::scenario::Scenario;
use crate::scenario::events::start;
pub(super) use store::Store;

/// The state of one request, and what the state was told about the store.
#[derive(Clone, Default)]
pub(super) struct View {
    pub(super) state: State,
    pub(super) loaded: BTreeMap<SessionId, Option<u64>>,
    users: BTreeMap<SmolStr, u64>,
}

impl View {
    pub(super) fn load(&mut self, store: &Store, ids: impl IntoIterator<Item = SessionId>) {
        for id in ids {
            let session = store.sessions.get(&id).map(|(_, session)| session.clone());
            self.state = core::mem::take(&mut self.state).with_stored(id, session);
            self.loaded.insert(id, store.version(id));
        }
    }

    /// Tells the state the user's generation in the store.
    pub(super) fn load_user(&mut self, store: &Store, user: &SmolStr) {
        let (state, number) = (core::mem::take(&mut self.state), store.generation(Some(user)));
        self.state = state.with_generation(user.clone(), number);
        self.users.insert(user.clone(), number);
    }

    pub(super) fn reload(&mut self, store: &Store) {
        let ids: Vec<_> = self.loaded.keys().copied().collect();
        self.load(store, ids);
        for user in self.users.clone().keys() {
            self.load_user(store, user);
        }
    }

    /// What a driver tells the state before the event.
    // [driver-11]
    pub(super) fn prepare(&mut self, store: &Store, event: &Event) {
        if let Event::Request { event: RequestEvent::SetUser { user: Some(user) }, .. } = event {
            self.load_user(store, user);
        }
    }

    /// The step on what was loaded; the view does not take over its result.
    pub(super) fn attempt(&self, input: &Input) -> (State, Effects) {
        step(&Config::STRICT, self.state.clone(), input.clone())
    }
}

/// A store that several views write to, with the clock and the entropy of their inputs.
pub(super) struct Race {
    pub(super) now: Timestamp,
    pub(super) store: Store,
    entropy: EntropySource,
}

impl Race {
    pub(super) fn over(state: &State, now: u64) -> Self {
        let entropy = EntropySource::new([7; 32]);
        Self { now: Timestamp(now), store: Store::of(state), entropy }
    }

    /// A session of alice, its id, and the requests 1 and 2, which have loaded it.
    pub(super) fn of_two() -> (Self, SessionId, [View; 2]) {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        let mut race = Self::over(run.state(), run.now);
        let views = [1, 2].map(|request| {
            let mut view = race.view([id]);
            race.send(&mut view, start(request, Some(CookieValue::Id(id)), ""));
            view
        });
        (race, id, views)
    }

    pub(super) fn view(&self, ids: impl IntoIterator<Item = SessionId>) -> View {
        let mut view = View::default();
        view.load(&self.store, ids);
        view
    }

    pub(super) fn input(&mut self, event: Event) -> Input {
        Input { now: self.now, entropy: self.entropy.draw(), event }
    }

    /// Sends an event that is not refused, and carries out what it asks for. Returns whether the
    /// condition held, and the operation.
    pub(super) fn send(&mut self, view: &mut View, event: Event) -> (bool, Option<StoreOp>) {
        view.prepare(&self.store, &event);
        let (state, effects) = view.attempt(&self.input(event));
        assert!(!matches!(effects.reply, Reply::Refused(_)), "{effects:?}");
        let held = effects.store.as_ref().is_none_or(|op| self.store.carry_out(op, view));
        if held {
            view.state = state;
            for (id, version) in &mut view.loaded {
                *version = self.store.version(*id);
            }
        }
        (held, effects.store)
    }

    /// Sends an event that the state refuses.
    pub(super) fn refuse(&mut self, view: &mut View, event: Event) -> Refusal {
        view.prepare(&self.store, &event);
        match view.attempt(&self.input(event)).1.reply {
            Reply::Refused(why) => why,
            reply => panic!("{reply:?}"),
        }
    }

    /// How many sessions of the user are stored.
    pub(super) fn count_of(&self, user: &str) -> usize {
        let sessions = self.store.sessions.values();
        sessions.filter(|(_, session)| session.user().is_some_and(|own| own == user)).count()
    }
}
