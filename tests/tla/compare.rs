//! A graph of the model beside the machine, in both directions.

use quixote_session::{
    Config, CookieChange, CookieOp, Effects, Input, Reply, State, Timestamp, step,
};
use serde_json::{Value, json};

use crate::events::{Asked, event_of, inputs, jar_of};
use crate::graph::{ChangesRow, Constants, Graph, RequestRow, ResponseRow, Seen, StateRow};
use crate::machine::{MOMENT, Secrets, config, seen_of, state_of, update};

/// The result of a comparison.
#[derive(Default, Debug)]
pub(crate) struct Compared {
    /// Transitions of the model that the machine also makes.
    pub(crate) transitions: usize,
    /// Inputs that both refuse.
    pub(crate) refused: usize,
    /// What differs, for people; if there is much, not all of it.
    pub(crate) differences: Vec<String>,
}

/// Compares a whole graph, or stops after this many differences.
pub(crate) fn compare(graph: &Graph, enough: usize) -> Compared {
    let config = config(&graph.constants);
    let secrets = Secrets(config.width);
    let mut compared = Compared::default();
    let first = state_of(&graph.states[0], &graph.constants.requests, secrets);
    assert!(first == State::new(), "a world begins with nothing in memory");
    for (number, row) in graph.states.iter().enumerate() {
        let state = state_of(row, &graph.constants.requests, secrets);
        let mut place = Place { graph, config: &config, secrets, row, state, steps: Vec::new() };
        place.steps.extend(graph.steps[number].iter().map(|(seen, to)| (seen, *to, false)));
        place.machine(&mut compared);
        place.world(&mut compared);
        place.left_over(&mut compared);
        if compared.differences.len() >= enough {
            break;
        }
    }
    compared
}

/// One state of the graph, and the machine in that state.
struct Place<'a> {
    graph: &'a Graph,
    config: &'a Config,
    secrets: Secrets,
    row: &'a StateRow,
    state: State,
    /// The steps of the model from here: what it does, which state it leads to, and whether the
    /// machine was found to do it.
    steps: Vec<(&'a Seen, usize, bool)>,
}

impl<'a> Place<'a> {
    fn constants(&self) -> &'a Constants {
        &self.graph.constants
    }

    /// Checks every input: if the machine accepts it, it is a transition of the model; otherwise it
    /// is not.
    fn machine(&mut self, compared: &mut Compared) {
        for asked in inputs(self.constants(), self.row, self.secrets) {
            let event = event_of(&asked.event, self.secrets).expect("the machine is asked");
            let now = Timestamp(self.row.now * MOMENT);
            let entropy = asked.entropy(self.secrets, self.row.new_handle);
            let (after, effects) =
                step(self.config, self.state.clone(), Input { now, entropy, event });
            if asked.draws.is_empty() && effects.draws == 1 {
                // The input needs a draw, and this world has none left.
                continue;
            }
            if let Reply::Refused(why) = effects.reply {
                let is_step = |(seen, ..): &(&Seen, usize, bool)| {
                    seen.event == asked.event && asked.draws.starts_with(&seen.draws)
                };
                if let Some((seen, ..)) = self.steps.iter().find(|step| is_step(step)) {
                    self.differs(compared, &format!("the machine refuses with {why:?}"), seen);
                } else if after != self.state {
                    compared.differences.push(format!("refused, yet changed: {:?}", asked.event));
                } else {
                    compared.refused += 1;
                }
            } else {
                self.accepted(compared, &asked, &after, &effects);
            }
        }
    }

    fn accepted(&mut self, compared: &mut Compared, asked: &Asked, after: &State, done: &Effects) {
        let seen = seen_of(asked.event.clone(), done, asked.taken(done.draws));
        let mut row = self.row.clone();
        before_update(&mut row, self.constants(), &seen);
        update(&mut row, after, &self.constants().requests);
        self.expect(compared, &seen, row);
    }

    /// Checks that the model has this step, and that it leads to this state.
    fn expect(&mut self, compared: &mut Compared, seen: &Seen, mut row: StateRow) {
        let mut found = false;
        for (own, to, is_found) in &mut self.steps {
            if own.event != seen.event || own.draws != seen.draws {
                continue;
            }
            let to = &self.graph.states[*to];
            // What can be drawn next is known only to the model.
            row.id_draws.clone_from(&to.id_draws);
            row.token_draws.clone_from(&to.token_draws);
            row.new_handle = to.new_handle;
            compared.transitions += usize::from(!*is_found);
            (found, *is_found) = (true, true);
            if *own != seen || *to != row {
                compared.differences.push(format!(
                    "from {:?}\nthe model shows {own:?}\nand goes to {to:?}\nthe machine shows \
                     {seen:?}\nand goes to {row:?}",
                    self.row
                ));
            }
        }
        if !found {
            self.differs(compared, "the model has no such step", seen);
        }
    }

    fn differs(&self, compared: &mut Compared, what: &str, seen: &Seen) {
        compared.differences.push(format!("from {:?}\n{what}: {seen:?}", self.row));
    }

    /// Checks what happens outside the machine, as `src/check/browser.rs` models it.
    fn world(&mut self, compared: &mut Compared) {
        let constants = self.constants();
        for (place, response) in self.row.responses.iter().enumerate() {
            let Some(response) = response else { continue };
            let mut gone = self.row.clone();
            gone.responses[place] = None;
            let name = &constants.requests[place];
            if constants.has("Lose") {
                self.expect(compared, &outside(&json!(["Lose", name])), gone.clone());
            }
            let client = constants.clients.iter().position(|name| *name == response.client);
            let client = client.expect("a response has a client");
            let mut jar = jar_of(&gone.jars[client], self.secrets);
            if let Some(change) = self.cookie_of(response) {
                jar.obey(&change);
            }
            let seen = outside(&json!(["Deliver", name]));
            if let Some((_, to, _)) = self.steps.iter().find(|(own, ..)| **own == seen) {
                // Rows are equal exactly if jars are.
                let row = &self.graph.states[*to].jars[client];
                if jar_of(row, self.secrets) == jar {
                    gone.jars[client].clone_from(row);
                }
            }
            self.expect(compared, &seen, gone);
        }
        let now = self.row.now;
        let back = now.checked_sub(1).filter(|_| constants.has("ClockBack"));
        let next = Some(now + 1).filter(|next| *next <= constants.last_moment);
        for now in next.into_iter().chain(back) {
            let row = StateRow { now, ..self.row.clone() };
            self.expect(compared, &outside(&json!(["Clock", now])), row);
        }
    }

    fn cookie_of(&self, response: &ResponseRow) -> Option<CookieOp> {
        let id = |value: &Value| self.secrets.id(u8::try_from(value.as_u64().unwrap()).unwrap());
        let value = match response.change.as_deref()? {
            [name, value] if name == "Set" => CookieChange::Set(id(value)),
            [name, value] if name == "Stillborn" => CookieChange::Stillborn(id(value)),
            _ => CookieChange::Revoke,
        };
        let hardened = self.config.cookie_path.as_deref() == Some("/");
        let path = if hardened { "/".into() } else { format!("{}/", response.mount) };
        Some(CookieOp { value, path: path.into() })
    }

    /// Reports steps of the model that the machine was not found to do.
    fn left_over(&self, compared: &mut Compared) {
        for (seen, ..) in self.steps.iter().filter(|(.., is_found)| !is_found) {
            self.differs(compared, "only the model has this step", seen);
        }
    }
}

/// Sets what only the world knows of a request that starts, and of the response to one that
/// finishes.
fn before_update(row: &mut StateRow, constants: &Constants, seen: &Seen) {
    let text = |place: usize| seen.event[place].as_str().unwrap().to_owned();
    let place = || constants.requests.iter().position(|name| *name == text(1)).unwrap();
    match seen.event[0].as_str() {
        Some("StartRequest") => {
            let sent = seen.event[4].as_u64().map(|id| u8::try_from(id).unwrap());
            row.requests[place()] = Some(RequestRow {
                client: text(2),
                mount: text(3),
                sent,
                cookie: sent,
                holds: None,
                response: None,
                changes: ChangesRow::none(),
            });
        }
        Some("FinishRequest") if seen.event[2] != "abandoned" => {
            let request = row.requests[place()].clone().expect("an open request finishes");
            let RequestRow { client, mount, sent, .. } = request;
            let change = seen.change.clone();
            row.responses[place()] = Some(ResponseRow { client, mount, sent, change });
        }
        _ => {}
    }
}

fn outside(event: &Value) -> Seen {
    let event = event.as_array().unwrap().clone();
    Seen {
        event,
        reply: Value::Null,
        op: Value::Null,
        end: None,
        change: None,
        path: None,
        draws: Vec::new(),
    }
}
