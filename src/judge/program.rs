//! Programs: what a browser and a thief do, drawn at random from the machine's own events.
//!
//! Several candidates are drawn and run on the machine, under strict. The one that reaches the most
//! new cells is taken. A cell is an event in a phase, with its outcome.

use std::collections::BTreeMap;

use quixote_session::check::population::{Choices, Seeded};
use quixote_session::check::{Cell, Cells};
use quixote_session::{
    Config, CookieChange, EntropySource, Event, Input, Outcome, Reply, RequestEvent, RequestId,
    SessionId, State, Timestamp, step,
};

/// How many candidates are drawn for each program.
const CANDIDATES: usize = 8;
const MOST_MOVES: usize = 7;

/// One thing that happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Move {
    /// A request of `A`, the browser, or `T`, the thief; `throw` may be its last operation.
    Request { client: &'static str, ops: Vec<String> },
    /// A request of another tab of `A`, which stays at the gate between these operations.
    Begin { before: Vec<String>, after: Vec<String> },
    /// The gate opens.
    Open,
    /// `T` copies the cookies of `A`.
    Steal,
}

/// What happens, in order.
pub(super) type Program = Vec<Move>;

/// Draws programs.
pub(super) struct Drawer {
    choices: Seeded,
    /// The operations that the server has.
    ops: Vec<&'static str>,
    reached: Cells,
}

impl Drawer {
    pub(super) fn new(seed: u64, offered: &[String]) -> Self {
        // An operation is drawn as often as it is listed here.
        let all = [
            "put", "put", "put", "del", "login", "login", "logout", "logout", "destroy", "renew",
            "get", "whoami",
        ];
        let ops = all.into_iter().filter(|op| offered.iter().any(|own| own == op)).collect();
        Self { choices: Seeded::new(seed), ops, reached: Cells::default() }
    }

    /// How many cells of the machine its programs have reached so far.
    pub(super) fn cells(&self) -> usize {
        self.reached.len()
    }

    pub(super) fn next(&mut self) -> Program {
        let mut best = (Program::new(), Cells::default(), None);
        for _ in 0..CANDIDATES {
            let program = self.draw();
            let cells = cells_of(&program);
            let dark = cells.beyond(&self.reached).len();
            if best.2.is_none_or(|most| dark > most) {
                best = (program, cells, Some(dark));
            }
        }
        self.reached.add(&best.1);
        best.0
    }

    fn draw(&mut self) -> Program {
        let (mut values, mut held) = (0, false);
        let mut program = vec![Move::Request { client: "A", ops: self.some(&mut values, 2) }];
        for _ in 0..2 + self.choices.below(MOST_MOVES - 2) {
            program.push(match self.choices.below(20) {
                0..4 if !held => {
                    held = true;
                    let (before, after) = (self.choices.below(2), self.choices.below(3));
                    Move::Begin {
                        before: self.some(&mut values, before),
                        after: self.some(&mut values, after),
                    }
                }
                4..9 if held => {
                    held = false;
                    Move::Open
                }
                9..12 => Move::Steal,
                12..14 => {
                    let count = 1 + self.choices.below(2);
                    Move::Request { client: "T", ops: self.some(&mut values, count) }
                }
                _ => {
                    let count = 1 + self.choices.below(3);
                    let mut ops = self.some(&mut values, count);
                    if self.choices.below(7) == 0 {
                        ops.push("throw".into());
                    }
                    Move::Request { client: "A", ops }
                }
            });
        }
        if held {
            program.push(Move::Open);
        }
        program
    }

    fn some(&mut self, values: &mut u32, count: usize) -> Vec<String> {
        (0..count).map(|_| self.op(values)).collect()
    }

    fn op(&mut self, values: &mut u32) -> String {
        let key = self.choices.pick(&["a", "b"]).copied().unwrap_or("a");
        let user = self.choices.pick(&["alice", "bob"]).copied().unwrap_or("alice");
        let op = self.choices.pick(&self.ops).copied().unwrap_or("get");
        match op {
            "put" => {
                *values += 1;
                format!("put:{key}:{values}")
            }
            "del" | "get" => format!("{op}:{key}"),
            "login" => format!("login:{user}"),
            other => other.into(),
        }
    }
}

/// A text for a program, the same for programs that differ only in names and values.
pub(super) fn shape(program: &Program) -> String {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut word = |op: &String| {
        let mut parts = op.split(':');
        let head = parts.next().unwrap_or_default().to_owned();
        let key = parts.next().map(|name| {
            let kind = if head == "login" { "user" } else { "key" };
            let next = names.keys().filter(|own| own.starts_with(kind)).count() + 1;
            names.entry(format!("{kind} {name}")).or_insert_with(|| format!("{kind}{next}")).clone()
        });
        key.map_or_else(|| head.clone(), |key| format!("{head}:{key}"))
    };
    let moves = program.iter().map(|it| match it {
        Move::Request { client, ops } => {
            format!("{client} {}", ops.iter().map(&mut word).collect::<Vec<_>>().join(" "))
        }
        Move::Begin { before, after } => {
            let gate = "gate".to_owned();
            let all = before.iter().chain([&gate]).chain(after);
            format!("A/2 {}", all.map(&mut word).collect::<Vec<_>>().join(" "))
        }
        Move::Open => "open".into(),
        Move::Steal => "T copies A".into(),
    });
    moves.collect::<Vec<_>>().join("; ")
}

/// The cells that a program reaches on the machine, under strict.
fn cells_of(program: &Program) -> Cells {
    let mut machine = Machine {
        config: Config::STRICT,
        entropy: EntropySource::new([7; 32]),
        state: State::new(),
        cells: Cells::default(),
        jars: BTreeMap::new(),
        requests: 0,
    };
    let mut held = None;
    for it in program {
        match it {
            Move::Request { client, ops } => {
                let request = machine.start(client);
                machine.finish(client, request, ops);
            }
            Move::Begin { before, after } => {
                let request = machine.start("A");
                machine.run(request, before);
                held = Some((request, after));
            }
            Move::Open => {
                if let Some((request, after)) = held.take() {
                    machine.finish("A", request, after);
                }
            }
            Move::Steal => {
                let copy = machine.jars.get("A").copied().flatten();
                machine.jars.insert("T", copy);
            }
        }
    }
    machine.cells
}

/// The machine, and the cookies of its clients.
struct Machine {
    config: Config,
    entropy: EntropySource,
    state: State,
    cells: Cells,
    jars: BTreeMap<&'static str, Option<SessionId>>,
    requests: u64,
}

impl Machine {
    fn send(&mut self, event: Event) -> (Reply, Option<CookieChange>) {
        let input = Input { now: Timestamp(1_000), entropy: self.entropy.draw(), event };
        let before = std::mem::take(&mut self.state);
        let (after, effects) = step(&self.config, before.clone(), input.clone());
        self.cells.count(Cell::of(&self.config, &before, &input, &effects));
        self.state = after;
        (effects.reply, effects.cookie.map(|cookie| cookie.value))
    }

    fn start(&mut self, client: &str) -> RequestId {
        self.requests += 1;
        let request = RequestId(self.requests);
        let id = self.jars.get(client).copied().flatten();
        let cookie = id.map(|id| id.reveal().to_string().as_str().into());
        let (remote_addr, script_name, passive) = ("".into(), "".into(), false);
        self.send(Event::StartRequest { request, cookie, remote_addr, script_name, passive });
        request
    }

    fn run(&mut self, request: RequestId, ops: &[String]) {
        for op in ops {
            let mut parts = op.split(':');
            let mut word = || parts.next().unwrap_or_default().to_owned();
            let event = match word().as_str() {
                "put" => RequestEvent::SetValue { key: word().into(), value: word().into() },
                "del" => RequestEvent::RemoveValue { key: word().into() },
                "login" => RequestEvent::SetUser { user: Some(word().into()) },
                "logout" | "destroy" => RequestEvent::ExpireSession,
                "renew" => RequestEvent::RenewSession,
                _ => continue,
            };
            self.send(event.of(request));
        }
    }

    fn finish(&mut self, client: &'static str, request: RequestId, ops: &[String]) {
        self.run(request, ops);
        let throws = ops.last().is_some_and(|op| op == "throw");
        let outcome = if throws { Outcome::Failed } else { Outcome::Successful };
        let (mut reply, mut cookie) =
            self.send(RequestEvent::FinishRequest { outcome }.of(request));
        if matches!(reply, Reply::Refused(_)) {
            let outcome = Outcome::Failed;
            (reply, cookie) = self.send(RequestEvent::FinishRequest { outcome }.of(request));
        }
        match (reply, cookie) {
            (Reply::Refused(_), _) | (_, None) => {}
            (_, Some(CookieChange::Set(id))) => {
                self.jars.insert(client, Some(id));
            }
            (_, Some(CookieChange::Revoke | CookieChange::Stillborn(_))) => {
                self.jars.insert(client, None);
            }
        }
    }
}
