//! Two drives of the strict semantics, side by side: one state that holds all, and a state for each
//! request over a shared store. The fuzz target `differential` drives them too.

use std::collections::BTreeMap;
use std::fmt::Debug;

use quixote_session::check::kinds::{Arguments, Draw, Kind, Next, pick};
use quixote_session::{
    Config, CookieValue, Effects, Entropy, Event, FormToken, Input, Outcome, Reply, RequestId,
    Session, SessionId, SmolStr, State, StoreOp, SubmittedToken, Timestamp, Width, step,
};

const USERS: [&str; 4] = ["alice", "bob", "", "longer than sixteen bytes"];
const KEYS: [&str; 4] = ["a", "b", "c", "longer than sixteen bytes"];
const VALUES: [&str; 4] = ["1", "2", "", "longer than sixteen bytes"];

/// The most requests that are open at once.
const MOST_OPEN: usize = 4;

/// What stands under an id, and how often it was written.
type Row = (u64, Session);

/// A compare-and-set store.
#[derive(Default)]
struct Store {
    rows: BTreeMap<SessionId, Row>,
    writes: u64,
    /// Writes without looking at conditions: the fault that the comparison must notice.
    careless: bool,
}

impl Store {
    fn load(&self, id: SessionId) -> Option<Row> {
        self.rows.get(&id).cloned()
    }

    fn write(&mut self, id: SessionId, session: &Session) {
        self.writes += 1;
        self.rows.insert(id, (self.writes, session.clone()));
    }

    /// Carries out `op` if its condition holds; `loaded` is the version that the state was loaded
    /// with. Answers whether it did.
    fn carry_out(&mut self, op: &StoreOp, loaded: Option<u64>) -> bool {
        let version = |id: &SessionId| self.rows.get(id).map(|(version, _)| *version);
        let loaded = match op {
            StoreOp::Update { id, .. } | StoreOp::Rotate { from: id, .. } if self.careless => {
                version(id)
            }
            _ => loaded,
        };
        match op {
            StoreOp::Create { id, session } if version(id).is_none() => self.write(*id, session),
            StoreOp::Update { id, session } if version(id) == loaded => self.write(*id, session),
            StoreOp::Rotate { from, to, session }
                if version(from) == loaded && version(to).is_none() =>
            {
                self.rows.remove(from);
                self.write(*to, session);
            }
            StoreOp::Discard { id } if version(id) == loaded => {
                self.rows.remove(id);
            }
            StoreOp::Delete { id } => {
                self.rows.remove(id);
            }
            StoreOp::DeleteAll { .. } | StoreOp::DiscardAll { .. } | StoreOp::Put { .. } => {
                panic!("a state of one request asks for no {op:?}")
            }
            _ => return false,
        }
        true
    }
}

/// A request, and the session that was loaded for it.
struct Loaded {
    state: State,
    id: Option<SessionId>,
    version: Option<u64>,
}

impl Loaded {
    fn reload(&mut self, store: &Store) {
        let Some(id) = self.id else { return };
        let row = store.load(id);
        self.version = row.as_ref().map(|(version, _)| *version);
        self.state = std::mem::take(&mut self.state).with_stored(id, row.map(|(_, row)| row));
    }

    /// Sends one event until it is carried out, or a fresh load refuses it; says how often it was
    /// sent.
    fn send(&mut self, config: &Config, store: &mut Store, mut input: Input) -> (Effects, u32) {
        let needs_fresh_load = input.event.needs_fresh_load();
        for sent in 1.. {
            let (after, effects) = step(config, self.state.clone(), input.clone());
            let stale = self.version != self.id.and_then(|id| store.load(id)).map(|row| row.0);
            let refused = matches!(effects.reply, Reply::Refused(_));
            let lost = match &effects.store {
                Some(op) => !store.carry_out(op, self.version),
                None => stale && (refused || needs_fresh_load),
            };
            if !lost {
                self.state = after;
                self.note_written(&effects, store);
                return (effects, sent);
            }
            let taken = matches!(&effects.store,
                Some(StoreOp::Create { id, .. } | StoreOp::Rotate { to: id, .. })
                    if store.load(*id).is_some());
            if taken {
                input.entropy = next_draw(&input.entropy, config.width);
            }
            self.reload(store);
        }
        unreachable!("the loop returns")
    }

    /// After a write of its own the state knows the version that it wrote.
    fn note_written(&mut self, effects: &Effects, store: &Store) {
        if effects.store.is_some() {
            self.version = self.id.and_then(|id| store.load(id)).map(|row| row.0);
        }
    }
}

/// Fresh entropy after a collision: what the whole state would have drawn next.
fn next_draw(entropy: &Entropy, width: Width) -> Entropy {
    let mut bytes = *entropy.bytes();
    bytes.rotate_left(width.bytes());
    Entropy::from_bytes(bytes)
}

/// The moment after a turn: about as far as a limit, mostly the same, or a little before.
fn moved(now: u64, config: &Config, when: u8) -> u64 {
    let idle = config.idle_limit_ms.unwrap_or(50_000);
    let absolute = config.absolute_limit_ms.unwrap_or(120_000);
    let resolution = config.access_resolution_ms;
    match when % 16 {
        1 => now.saturating_add(resolution),
        2 => now.saturating_add(resolution).saturating_add(1),
        3 => now.saturating_add(idle / 4),
        4 => now.saturating_add(idle.saturating_sub(1)),
        5 => now.saturating_add(idle),
        6 => now.saturating_add(absolute / 4),
        7 => now.saturating_add(absolute),
        8 => now.saturating_sub(1_000),
        when @ 9..=12 => now.saturating_add(u64::from(when) * 500),
        _ => now,
    }
}

fn text(texts: &[&'static str], choice: u8) -> SmolStr {
    SmolStr::new_static(pick(texts, choice).unwrap_or_default())
}

/// A user, or now and then nobody.
fn user(choice: u8) -> Option<SmolStr> {
    (choice % 8 < 6).then(|| text(&USERS, choice))
}

/// Both drives, and what the clients know.
struct Drives<'a> {
    config: &'a Config,
    whole: State,
    store: Store,
    requests: BTreeMap<RequestId, Loaded>,
    now: u64,
    started: u64,
    drawn: u64,
    /// Ids and tokens that were ever shown, for requests to come back with.
    ids: Vec<SessionId>,
    tokens: Vec<FormToken>,
    retries: u32,
}

impl<'a> Drives<'a> {
    fn new(config: &'a Config, careless: bool) -> Self {
        Self {
            config,
            whole: State::new(),
            store: Store { careless, ..Store::default() },
            requests: BTreeMap::new(),
            now: 1_000_000,
            started: 0,
            drawn: 0,
            ids: Vec::new(),
            tokens: Vec::new(),
            retries: 0,
        }
    }

    /// One event, chosen by five bytes, to both drives.
    fn turn(&mut self, [next, who, what, when, drawn]: [u8; 5]) -> Result<(), String> {
        self.now = moved(self.now, self.config, when);
        let open: Vec<_> = self.requests.keys().copied().collect();
        let kind = match Next::of(next) {
            Next::Send(kind) => kind,
            Next::Stranger => Kind::StartRequest,
            // There are no browsers here, to whom a response comes or does not.
            Next::Deliver | Next::Lose => return Ok(()),
        };
        let full = kind == Kind::StartRequest && open.len() >= MOST_OPEN;
        let kind = if full { Kind::FinishRequest } else { kind };
        // The manager's events have no request, and do not use it.
        let request = pick(&open, who).or(kind.is_of_manager().then_some(RequestId(0)));
        let mut choice = request.map(|request| Choice { drives: self, request, what, drawn });
        match choice.as_mut().and_then(|choice| kind.event(choice)) {
            Some(event @ Event::Manager(_)) => self.manage(event, drawn),
            Some(event) => self.send(event, drawn),
            None => self.start(what, drawn),
        }
    }

    /// An id that was ever stored, or one of no session.
    fn any_id(&self, choice: u8) -> SessionId {
        pick(&self.ids, choice).filter(|_| choice < 250).unwrap_or([0xee; 8].into())
    }

    /// Mostly the cookie of a session that is stored.
    fn cookie(&self, choice: u8) -> Option<CookieValue> {
        let stored: Vec<_> = self.store.rows.keys().copied().collect();
        match (choice, choice % 8) {
            (250.., _) => Some(CookieValue::from("nosuchid")),
            (_, 7) => None,
            (_, 6) => Some(CookieValue::Id(self.any_id(choice / 8))),
            _ => pick(&stored, choice).map(CookieValue::Id),
        }
    }

    fn start(&mut self, what: u8, drawn: u8) -> Result<(), String> {
        self.started += 1;
        let request = RequestId(self.started);
        let cookie = self.cookie(what);
        let id = cookie.as_ref().and_then(CookieValue::session_id);
        let mut loaded = Loaded { state: State::new(), id, version: None };
        loaded.reload(&self.store);
        self.requests.insert(request, loaded);
        let (remote_addr, script_name) = ("192.0.2.1".into(), "".into());
        self.send(Event::StartRequest { request, cookie, remote_addr, script_name }, drawn)
    }

    /// The manager's events, of which a store outside is asked one session at a time.
    fn manage(&mut self, event: Event, drawn: u8) -> Result<(), String> {
        let input = self.input(event, drawn);
        let (whole, _) = step(self.config, std::mem::take(&mut self.whole), input.clone());
        self.whole = whole;
        for id in self.store.rows.keys().copied().collect::<Vec<_>>() {
            let session = self.store.load(id).map(|(_, session)| session);
            let one = State::new().with_stored(id, session);
            let (after, _) = step(self.config, one, input.clone());
            if after.is_empty() {
                self.store.rows.remove(&id);
            }
        }
        self.compare()
    }

    /// The first draws are sometimes in use. Of ids never one that was and died, which fresh draws
    /// are assumed not to be, and never all: a driver takes fresh entropy then.
    fn input(&mut self, event: Event, drawn: u8) -> Input {
        let width = self.config.width;
        let mut bytes = [0; Entropy::BYTES];
        for draw in bytes.chunks_exact_mut(width.bytes()) {
            self.drawn += 1;
            draw[..8].copy_from_slice(&self.drawn.to_be_bytes());
        }
        let draws = usize::from(width.draws());
        let (used, most): (Vec<&[u8]>, _) = if Kind::of(&event).draws() == Some(Draw::Token) {
            (self.tokens.iter().rev().map(FormToken::reveal_bytes).collect(), draws)
        } else {
            (self.store.rows.keys().map(SessionId::reveal_bytes).collect(), draws - 1)
        };
        let taken = usize::from((drawn % 8).saturating_sub(4)).min(most);
        for (draw, choice) in bytes.chunks_exact_mut(width.bytes()).take(taken).zip(drawn / 8..) {
            if let Some(used) = pick(&used, choice) {
                draw.copy_from_slice(used);
            }
        }
        Input { now: Timestamp(self.now), entropy: Entropy::from_bytes(bytes), event }
    }

    fn send(&mut self, event: Event, drawn: u8) -> Result<(), String> {
        let request = event.request().unwrap();
        let input = self.input(event, drawn);
        let (whole, expected) = step(self.config, std::mem::take(&mut self.whole), input.clone());
        self.whole = whole;
        let loaded = self.requests.get_mut(&request).unwrap();
        let (effects, sent) = loaded.send(self.config, &mut self.store, input);
        self.retries += sent - 1;
        same("reply", &effects.reply, &expected.reply)?;
        same("cookie", &effects.cookie, &expected.cookie)?;
        same("transaction", &effects.transaction, &expected.transaction)?;
        for id in self.store.rows.keys() {
            if !self.ids.contains(id) {
                self.ids.push(*id);
            }
        }
        if let Reply::Token(token) = effects.reply {
            self.tokens.push(token);
        }
        if !self.whole.is_open(request) {
            self.requests.remove(&request);
        }
        self.compare()
    }

    fn compare(&self) -> Result<(), String> {
        let whole: Vec<_> = self.whole.items();
        let outside: Vec<_> = self.store.rows.iter().map(|(id, row)| (*id, &row.1)).collect();
        same("store", &outside, &whole)
    }
}

/// What a turn chooses for the arguments of an event.
struct Choice<'a> {
    drives: &'a Drives<'a>,
    request: RequestId,
    what: u8,
    drawn: u8,
}

impl Arguments for Choice<'_> {
    fn request(&mut self) -> RequestId {
        self.request
    }

    fn login(&mut self) -> Option<SmolStr> {
        user(self.what)
    }

    fn key(&mut self) -> SmolStr {
        text(&KEYS, self.what)
    }

    fn value(&mut self) -> SmolStr {
        text(&VALUES, self.what / 4)
    }

    /// One of the last tokens that were drawn, or none of ours.
    fn token(&mut self) -> SubmittedToken {
        let tokens = &self.drives.tokens;
        let last = &tokens[tokens.len().saturating_sub(8)..];
        let token = pick(last, self.what).filter(|_| self.what < 250);
        token.map_or(SubmittedToken::IllFormed, Into::into)
    }

    fn must_exist(&mut self) -> bool {
        self.what % 2 == 1
    }

    fn outcome(&mut self) -> Outcome {
        pick(&Outcome::ALL, self.what).unwrap_or(Outcome::Successful)
    }

    fn owner(&mut self) -> Option<SmolStr> {
        user(self.drawn)
    }

    fn new_id(&mut self) -> SessionId {
        self.id()
    }

    fn id(&mut self) -> SessionId {
        self.drives.any_id(self.what)
    }

    fn user(&mut self) -> SmolStr {
        text(&USERS, self.what)
    }
}

/// Runs both drives through the turns that the bytes choose; answers how often a race was lost.
///
/// The limits on requests and on stored sessions are those of a state, and say nothing of a store
/// outside: `config` must leave them out of reach.
pub(crate) fn run(config: &Config, turns: &[[u8; 5]], careless: bool) -> Result<u32, String> {
    let mut drives = Drives::new(config, careless);
    for turn in turns {
        drives.turn(*turn)?;
    }
    Ok(drives.retries)
}

fn same<T: PartialEq + Debug>(what: &str, requests: &T, whole: &T) -> Result<(), String> {
    if requests == whole {
        return Ok(());
    }
    Err(format!("{what}: a state a request: {requests:?}, one state for all: {whole:?}"))
}
