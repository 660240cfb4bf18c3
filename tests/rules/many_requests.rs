//! Section `driver`: many requests, each on its own state, against one state that holds everything.

use std::collections::BTreeMap;

use quixote_session::check::population::{Choices, Seeded};
use quixote_session::{
    Config, CookieValue, Effects, EntropySource, Event, FormToken, Handle, Input, Reply, RequestId,
    State, StoreOp, Timestamp, step,
};

use super::race::{Store, View};
use crate::scenario::events::{
    SWEEP, create_token, delete, delete_all_of, delete_handle, expire, expire_handle,
    expire_others, finish, guard, has_cookie, new_session, poll, remove_value, renew, set_user,
    set_value, spend, start, take,
};
use crate::scenario::{Failed, Successful};

/// Many requests over one store, each with its own state; and one state with everything in it,
/// which gets each event when it is carried out.
struct ManyRequests {
    now: u64,
    entropy: EntropySource,
    store: Store,
    whole: State,
    open: BTreeMap<u64, Part>,
    tokens: Vec<FormToken>,
    started: u64,
    lost: u32,
}

/// One open request.
struct Part {
    view: View,
    /// The step that it is about to carry out, computed on what it had loaded.
    pending: Option<(Input, State, Effects)>,
}

impl ManyRequests {
    fn input(&mut self, event: Event) -> Input {
        Input { now: Timestamp(self.now), entropy: self.entropy.draw(), event }
    }

    /// Checks that the state with everything in it agrees on the answer, the cookie, and the store.
    fn show(&mut self, input: Input, effects: &Effects) {
        let (whole, expected) = step(&Config::STRICT, core::mem::take(&mut self.whole), input);
        self.whole = whole;
        assert_eq!((&effects.reply, &effects.cookie), (&expected.reply, &expected.cookie));
        let stored = self.store.sessions.iter().map(|(id, (_, session))| (*id, session));
        assert!(stored.eq(self.whole.items()));
    }

    fn start(&mut self, choices: &mut Seeded) {
        self.started += 1;
        let ids: Vec<_> = self.store.sessions.keys().copied().collect();
        let id = choices.pick(&ids).copied();
        let event = match choices.below(4) {
            0 => poll(self.started, id),
            _ => start(self.started, id.map(CookieValue::Id), ""),
        };
        let mut view = View::default();
        view.load(&self.store, id);
        self.open.insert(self.started, Part { view, pending: None });
        let input = self.input(event);
        self.compute(self.started, input);
        self.carry_out(self.started);
    }

    fn compute(&mut self, request: u64, input: Input) {
        let Part { view, pending } = self.open.get_mut(&request).unwrap();
        view.prepare(&self.store, &input.event);
        let (state, effects) = view.attempt(&input);
        *pending = Some((input, state, effects));
    }

    /// Carries out the computed step, or finds that it has lost its race, and computes it again.
    fn carry_out(&mut self, request: u64) {
        let Part { mut view, pending } = self.open.remove(&request).unwrap();
        let (input, state, effects) = pending.unwrap();
        // A step without a condition is computed on a fresh load, and carried out before anybody
        // else writes.
        let concludes = match &effects.store {
            Some(StoreOp::DeleteUser { .. } | StoreOp::DeleteHandle { .. }) => {
                input.event.needs_fresh_load()
            }
            Some(_) => false,
            None => true,
        };
        let may = !concludes || self.store.is_fresh(&view);
        let held = may && effects.store.as_ref().is_none_or(|op| self.store.carry_out(op, &view));
        if !held {
            self.lost += 1;
            view.reload(&self.store);
            self.open.insert(request, Part { view, pending: None });
            let input = self.input(input.event);
            return self.compute(request, input);
        }
        if let Reply::Token(token) = effects.reply {
            self.tokens.push(token);
        }
        self.show(input, &effects);
        if state.is_open(RequestId(request)) {
            view.state = state;
            view.reload(&self.store);
            self.open.insert(request, Part { view, pending: None });
        }
    }

    fn choose(&mut self, request: u64, choices: &mut Seeded) -> Event {
        let key = *choices.pick(&["a", "b"]).unwrap();
        let user = *choices.pick(&[None, Some("alice"), Some("bob")]).unwrap();
        let sessions = self.store.sessions.values();
        let handles: Vec<Handle> = sessions.filter_map(|(_, session)| session.handle()).collect();
        match choices.below(17) {
            12 => renew(request),
            13 => take(request, key),
            14 => guard(request, key),
            15 if choices.below(3) == 0 => match choices.pick(&handles) {
                Some(handle) => expire_handle(request, *handle),
                None => expire_others(request),
            },
            15 => expire_others(request),
            0..=2 => set_value(request, key, ["1", "2"][choices.below(2)]),
            3 => remove_value(request, key),
            4 => set_user(request, user),
            5 => create_token(request),
            6 | 7 => {
                let token = choices.pick(&self.tokens).copied().unwrap_or([0; 16].into());
                spend(request, token)
            }
            8 => has_cookie(request, true),
            9 if choices.below(3) == 0 => expire(request),
            9 => new_session(request),
            10 => finish(request, Failed),
            _ => finish(request, Successful),
        }
    }

    /// The manager loads only a session that it deletes by its id; the store finds all others.
    fn manage(&mut self, choices: &mut Seeded) {
        let ids: Vec<_> = self.store.sessions.keys().copied().collect();
        let id = choices.pick(&ids).copied();
        let handle = id.and_then(|id| self.store.sessions[&id].1.handle());
        let mut view = View::default();
        let event = match (choices.below(5), id, handle) {
            (0, ..) => delete_all_of("alice"),
            (1, Some(id), _) => {
                view.load(&self.store, [id]);
                delete(id)
            }
            (2, _, Some(handle)) => delete_handle(handle),
            _ => SWEEP,
        };
        let input = self.input(event);
        let (_, effects) = view.attempt(&input);
        assert!(effects.store.as_ref().is_none_or(|op| self.store.carry_out(op, &view)));
        self.show(input, &effects);
    }

    fn turn(&mut self, choices: &mut Seeded) {
        self.now += choices.below(90_000) as u64;
        let requests: Vec<u64> = self.open.keys().copied().collect();
        let actor = choices.pick(&requests).copied();
        match actor {
            _ if requests.len() < 4 && choices.below(3) == 0 => self.start(choices),
            _ if choices.below(40) == 0 => self.manage(choices),
            Some(request) if self.open[&request].pending.is_some() => self.carry_out(request),
            Some(request) => {
                let event = self.choose(request, choices);
                let input = self.input(event);
                self.compute(request, input);
            }
            None => self.start(choices),
        }
    }
}

// [driver-15] [driver-16] [driver-18]
#[test]
fn many_states_over_one_store_end_in_the_store_of_one_state() {
    let mut lost = 0;
    for seed in 0..200_u8 {
        let mut choices = Seeded::new(seed.into());
        let mut many = ManyRequests {
            now: 1_000_000_000_000,
            entropy: EntropySource::new([seed; 32]),
            store: Store::default(),
            whole: State::new(),
            open: BTreeMap::new(),
            tokens: Vec::new(),
            started: 0,
            lost: 0,
        };
        for _ in 0..400 {
            many.turn(&mut choices);
        }
        lost += many.lost;
    }
    assert!(lost > 300, "races were lost, or this has shown nothing: {lost}");
}
