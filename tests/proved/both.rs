//! The proved machine and the code, side by side.

use quixote_session::{Config, Effects, Input, Session, SessionId, SmolStr, State, step};

use super::machine;
use super::value::Value;
use super::words::{Words, number, option};

/// Both at the same point of the same run. The fuzz target `differential` compares them too.
pub(crate) struct Both<'a> {
    config: &'a Config,
    proved_config: Value,
    words: Words,
    /// The state of the code.
    pub(crate) state: State,
    /// The state of the proved machine.
    proved: Value,
}

impl<'a> Both<'a> {
    /// Before anything has happened.
    pub(crate) fn new(config: &'a Config) -> Self {
        let mut words = Words::default();
        let proved_config = words.config(config);
        Self { config, proved_config, words, state: State::new(), proved: machine::init() }
    }

    /// Puts both into a state that was reached by the code.
    pub(crate) fn enter(&mut self, state: &State) {
        self.proved = self.words.state(state);
        self.state = state.clone();
    }

    /// One step of both. Returns the effects of the code, or what differs.
    pub(crate) fn step(&mut self, input: &Input) -> Result<Effects, String> {
        let before = self.proved.part(0).clone();
        let done =
            machine::step(&self.proved_config, &self.proved, &self.words.input(input, self.config));
        let (state, effects) = step(self.config, std::mem::take(&mut self.state), input.clone());
        self.state = state;
        let told = |what: &str, difference: String| {
            format!("{what} after {input:?}, to which the code says {effects:?}: {difference}")
        };
        let said = self.words.effects(&effects);
        same(done.part(1), &said).map_err(|difference| told("effects", difference))?;
        self.proved = done.part(0).clone();
        self.compare_states().map_err(|difference| told("state", difference))?;
        // What the operation by itself does to a store.
        let op = option(effects.store.as_ref(), |op| self.words.store_op(op));
        let written = machine::carry_out(&self.proved_config, &op, &before);
        same(&written, self.proved.part(0)).map_err(|difference| told("store", difference))?;
        Ok(effects)
    }

    /// Compares one step of both, and leaves both in the state before it.
    pub(crate) fn peek(&mut self, input: &Input) -> Told {
        let (state, proved) = (self.state.clone(), self.proved.clone());
        let done = self.step(input);
        (self.state, self.proved) = (state, proved);
        done.map(drop)
    }

    /// Tells both what is stored under an id.
    pub(crate) fn with_stored(&mut self, id: SessionId, session: Option<Session>) -> Told {
        let stored = option(session.as_ref(), |session| self.words.session(session));
        self.proved = machine::with_stored(&self.proved, &self.words.id(id), &stored);
        self.state = std::mem::take(&mut self.state).with_stored(id, session);
        self.compare_states().map_err(|difference| format!("state after a load: {difference}"))
    }

    /// Tells both how often the user's sessions were ended.
    pub(crate) fn with_generation(&mut self, user: &SmolStr, ends: u64) -> Told {
        let word = self.words.text(user);
        self.proved = machine::with_generation(&self.proved, &word, &number(ends));
        self.state = std::mem::take(&mut self.state).with_generation(user.clone(), ends);
        self.compare_states().map_err(|difference| format!("state after {ends} ends: {difference}"))
    }

    fn compare_states(&mut self) -> Told {
        same(&self.proved, &self.words.state(&self.state))
    }
}

/// Nothing, or what differs.
pub(crate) type Told = Result<(), String>;

/// Compares a value of the proved machine with one of the code.
fn same(proved: &Value, code: &Value) -> Told {
    if proved == code {
        return Ok(());
    }
    let (mut proved, mut code, mut way) = (proved, code, Vec::new());
    while let Some(place) = proved.first_difference(code) {
        way.push(format!("{}.{place}", proved.name()));
        (proved, code) = (proved.part(place), code.part(place));
    }
    Err(format!("{}: {proved:?} is proved, {code:?} is the code's", way.join(" ")))
}
