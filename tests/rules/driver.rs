//! Section `driver`: requests on states of their own, over a store that others write to.

use std::collections::{BTreeMap, BTreeSet};

use quixote_session::{
    Config, CookieValue, Effects, Entropy, EntropySource, Event, Input, Refusal, Reply, Session,
    SessionId, State, StoreOp, Timestamp, step,
};

use crate::scenario::events::{
    SWEEP, create_token, delete_all_of, expire, finish, has_cookie, set_user, set_value, spend,
    start,
};
use crate::scenario::{Scenario, Successful};

/// A store with a version beside each session, which carries out an operation or nothing.
#[derive(Clone, Default)]
pub(super) struct Store {
    version: u64,
    pub(super) sessions: BTreeMap<SessionId, (u64, Session)>,
}

/// The state of one request, and the versions that it was told of.
#[derive(Clone, Default)]
pub(super) struct View {
    pub(super) state: State,
    pub(super) loaded: BTreeMap<SessionId, Option<u64>>,
}

impl Store {
    fn of(state: &State) -> Self {
        let mut store = Self::default();
        for (id, session) in state.items() {
            store.write(id, session);
        }
        store
    }

    fn write(&mut self, id: SessionId, session: &Session) {
        self.version += 1;
        self.sessions.insert(id, (self.version, session.clone()));
    }

    fn version(&self, id: SessionId) -> Option<u64> {
        self.sessions.get(&id).map(|(version, _)| *version)
    }

    fn is_as_loaded(&self, id: SessionId, view: &View) -> bool {
        let stored = self.version(id);
        stored.is_some() && view.loaded.get(&id) == Some(&stored)
    }

    /// Whether the view was told of what is stored now.
    pub(super) fn is_fresh(&self, view: &View) -> bool {
        view.loaded.iter().all(|(id, version)| self.version(*id) == *version)
    }

    /// Carries the operation out if its condition holds; says whether it did.
    pub(super) fn carry_out(&mut self, op: &StoreOp, view: &View) -> bool {
        match op {
            StoreOp::Put { .. } => panic!("strict does not put"),
            StoreOp::Create { id, session } => {
                let free = self.version(*id).is_none();
                free.then(|| self.write(*id, session)).is_some()
            }
            StoreOp::Update { id, session } => {
                let same = self.is_as_loaded(*id, view);
                same.then(|| self.write(*id, session)).is_some()
            }
            StoreOp::Rotate { from, to, session } => {
                let holds = self.is_as_loaded(*from, view) && self.version(*to).is_none();
                if holds {
                    self.sessions.remove(from);
                    self.write(*to, session);
                }
                holds
            }
            StoreOp::Discard { id } => {
                let same = self.is_as_loaded(*id, view);
                same.then(|| self.sessions.remove(id)).is_some()
            }
            StoreOp::DiscardAll { ids } => {
                let same: Vec<_> = ids.iter().filter(|id| self.is_as_loaded(**id, view)).collect();
                for id in same {
                    self.sessions.remove(id);
                }
                true
            }
            StoreOp::Delete { id } => self.remove(&[*id]),
            StoreOp::DeleteAll { ids } => self.remove(ids),
        }
    }

    fn remove(&mut self, ids: &[SessionId]) -> bool {
        for id in ids {
            self.sessions.remove(id);
        }
        true
    }
}

impl View {
    pub(super) fn load(&mut self, store: &Store, ids: impl IntoIterator<Item = SessionId>) {
        for id in ids {
            let session = store.sessions.get(&id).map(|(_, session)| session.clone());
            self.state = core::mem::take(&mut self.state).with_stored(id, session);
            self.loaded.insert(id, store.version(id));
        }
    }

    pub(super) fn reload(&mut self, store: &Store) {
        let ids: Vec<_> = self.loaded.keys().copied().collect();
        self.load(store, ids);
    }

    /// What the event leads to over what was loaded, without taking it in.
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

    /// A session of alice, its id, and the requests 1 and 2, which loaded it.
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

    /// Sends an event that is not refused, and carries out what it asks for: whether the condition
    /// held, and the operation.
    pub(super) fn send(&mut self, view: &mut View, event: Event) -> (bool, Option<StoreOp>) {
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
}

// [driver-1]
#[test]
fn the_fields_stand_in_the_order_of_execution() {
    let effects = Effects::reply(Reply::Done);
    let text = serde_json::to_string(&effects).unwrap();
    let places = ["store", "transaction", "cookie", "reply"].map(|field| text.find(field).unwrap());
    assert!(places.is_sorted(), "{text}");
    // Before the store has confirmed, nothing may leave: what loses its race is decided anew.
    let (mut race, _, [mut one, mut two]) = Race::of_two();
    race.send(&mut one, set_value(1, "k", "1"));
    race.send(&mut two, expire(2));
    let input = race.input(finish(1, Successful));
    let too_early = one.attempt(&input).1;
    assert_eq!(too_early.reply, Reply::Done);
    assert!(!race.store.carry_out(&too_early.store.unwrap(), &one));
    one.reload(&race.store);
    assert_eq!(one.attempt(&input).1, Effects::refused(Refusal::SessionGone));
}

// [driver-2]
#[test]
fn a_source_gives_no_entropy_twice() {
    let mut source = EntropySource::new([7; 32]);
    let draws: BTreeSet<[u8; 8]> = (0..10_000)
        .flat_map(|_| {
            let bytes = *source.draw().bytes();
            bytes.as_chunks::<8>().0.to_vec()
        })
        .collect();
    assert_eq!(draws.len(), 40_000);
}

// [driver-3]
#[test]
fn an_id_that_is_taken_is_not_written_over() {
    let (mut race, id, _) = Race::of_two();
    let mut view = View::default();
    race.send(&mut view, start(1, None, ""));
    race.send(&mut view, set_user(1, Some("mallory")));
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(id.reveal_bytes());
    bytes[31] = 9;
    let event = finish(1, Successful);
    let input = Input { entropy: Entropy::from_bytes(bytes), ..race.input(event.clone()) };
    let op = view.attempt(&input).1.store.unwrap();
    assert!(matches!(op, StoreOp::Create { id: drawn, .. } if drawn == id));
    assert!(!race.store.carry_out(&op, &view));
    assert_eq!(race.store.sessions[&id].1.user().unwrap(), "alice");
    assert!(race.send(&mut view, event).0, "with fresh entropy");
    assert_eq!(race.store.sessions.len(), 2);
}

// [driver-4] [driver-9] [driver-10]
#[test]
fn a_lost_race_writes_nothing_and_the_same_event_runs_again() {
    let (mut race, id, [mut one, mut two]) = Race::of_two();
    race.send(&mut one, set_value(1, "one", "1"));
    race.send(&mut two, set_value(2, "two", "2"));
    assert!(race.send(&mut one, finish(1, Successful)).0);
    let (before, open) = (race.store.clone().sessions, two.state.clone());
    let (held, op) = race.send(&mut two, finish(2, Successful));
    assert!(!held && matches!(op, Some(StoreOp::Update { .. })));
    assert!(race.store.sessions == before && two.state == open);
    two.reload(&race.store);
    assert!(race.send(&mut two, finish(2, Successful)).0);
    let values = race.store.sessions[&id].1.values();
    assert_eq!((values.len(), values["one"].as_str(), values["two"].as_str()), (2, "1", "2"));
}

// [driver-4]
#[test]
fn what_was_concluded_from_a_stale_load_is_not_deleted() {
    let (mut race, id, [mut one, mut two]) = Race::of_two();
    let log_out = set_user(1, None);
    race.send(&mut one, log_out);
    race.send(&mut two, set_value(2, "cart", "2 apples"));
    assert!(race.send(&mut two, finish(2, Successful)).0);
    let (held, op) = race.send(&mut one, finish(1, Successful));
    assert_eq!((held, op), (false, Some(StoreOp::Discard { id })));
    one.reload(&race.store);
    let (held, op) = race.send(&mut one, finish(1, Successful));
    assert!(held && matches!(op, Some(StoreOp::Rotate { .. })), "there is a cart to keep");
}

// [driver-5] [driver-6]
#[test]
fn a_rotation_is_one_write_over_what_was_loaded() {
    let (mut race, id, [mut one, mut two]) = Race::of_two();
    let become_bob = set_user(1, Some("bob"));
    race.send(&mut one, become_bob);
    race.send(&mut two, set_value(2, "k", "v"));
    race.send(&mut two, finish(2, Successful));
    let (held, op) = race.send(&mut one, finish(1, Successful));
    assert!(!held && matches!(op, Some(StoreOp::Rotate { from, .. }) if from == id));
    assert_eq!(race.store.sessions.keys().collect::<Vec<_>>(), [&id]);
    one.reload(&race.store);
    // Nothing may stand under the new id either.
    let mut taken = [3; 16];
    taken[15] = 4;
    race.store.write(taken.into(), &Session::new("".into(), Timestamp(0)));
    let entropy = Entropy::from_bytes([taken; 2].as_flattened().try_into().unwrap());
    let input = Input { entropy, ..race.input(finish(1, Successful)) };
    assert!(!race.store.carry_out(&one.attempt(&input).1.store.unwrap(), &one));
    assert!(race.send(&mut one, finish(1, Successful)).0);
    assert!(!race.store.sessions.contains_key(&id));
    let bob = race.store.sessions.values().find(|(_, session)| session.user().is_some()).unwrap();
    assert_eq!((bob.1.user().unwrap().as_str(), bob.1.values()["k"].as_str()), ("bob", "v"));
}

// [driver-7]
#[test]
fn a_sweep_spares_what_was_used_since_it_looked() {
    let mut run = Scenario::of(&Config::STRICT);
    let [used, idle] = ["alice", "bob"].map(|user| run.log_in(user));
    let mut race = Race::over(run.state(), run.now);
    let mut sweeper = race.view([used, idle]);
    run.now += 29 * 60_000;
    run.start(1, Some(used));
    run.finish(1, Successful);
    race.store.write(used, run.stored(used).unwrap());
    race.now = Timestamp(run.now + 60_000);
    let (held, op) = race.send(&mut sweeper, SWEEP);
    assert!(held && matches!(op, Some(StoreOp::DiscardAll { ids }) if ids.len() == 2));
    assert_eq!(race.store.sessions.keys().collect::<Vec<_>>(), [&used]);
}

// [driver-8]
#[test]
fn what_was_decided_is_deleted_whatever_was_loaded() {
    for already_gone in [false, true] {
        let (mut race, id, [mut one, mut two]) = Race::of_two();
        race.send(&mut two, set_value(2, "k", "v"));
        race.send(&mut two, finish(2, Successful));
        if already_gone {
            race.store.sessions.remove(&id);
        }
        let (held, op) = race.send(&mut one, expire(1));
        assert_eq!((held, op), (true, Some(StoreOp::Delete { id })));
        assert!(race.store.sessions.is_empty());
    }
    let (mut race, id, [_, mut two]) = Race::of_two();
    let mut manager = race.view([id]);
    race.send(&mut two, set_value(2, "k", "v"));
    race.send(&mut two, finish(2, Successful));
    let everywhere = delete_all_of("alice");
    assert!(race.send(&mut manager, everywhere).0);
    assert!(race.store.sessions.is_empty());
}

// [driver-11]
#[test]
fn a_refusal_over_a_stale_load_is_not_the_last_word() {
    let (mut race, id, [mut one, mut two]) = Race::of_two();
    let create = race.input(create_token(2));
    let (state, effects) = two.attempt(&create);
    let Reply::Token(token) = effects.reply else { panic!("{effects:?}") };
    two.state = state;
    race.send(&mut two, finish(2, Successful));
    let event = spend(1, token);
    let spend = Input { event, ..create.clone() };
    assert_eq!(one.attempt(&spend).1.reply, Reply::Refused(Refusal::UnknownToken));
    let event = has_cookie(1, true);
    let ask = Input { event, ..create };
    one.reload(&race.store);
    assert_eq!(one.attempt(&spend).1.reply, Reply::Done);
    race.store.sessions.remove(&id);
    assert_eq!(one.attempt(&ask).1.reply, Reply::Answer(true));
    one.reload(&race.store);
    assert_eq!(one.attempt(&ask).1.reply, Reply::Answer(false));
    assert_eq!(one.attempt(&spend).1.reply, Reply::Refused(Refusal::SessionGone));
}
