//! Two drives of the strict semantics, side by side: one state that holds all, and a state for each
//! request over a shared store. The fuzz target `differential` drives them too.

use std::collections::BTreeMap;
use std::fmt::Debug;

use quixote_session::{
    Config, CookieValue, Effects, Entropy, Event, Input, Outcome, Reply, RequestId, Session,
    SessionId, State, StoreOp, SubmittedToken, Timestamp, step,
};

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
                input.entropy = next_draw(&input.entropy);
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
fn next_draw(entropy: &Entropy) -> Entropy {
    let mut bytes = *entropy.bytes();
    bytes.rotate_left(16);
    Entropy::from_bytes(bytes)
}

/// Both drives, and what the clients know.
struct Drives {
    config: Config,
    whole: State,
    store: Store,
    requests: BTreeMap<RequestId, Loaded>,
    now: u64,
    started: u64,
    drawn: u64,
    /// Ids and tokens that were ever shown, for requests to come back with.
    ids: Vec<SessionId>,
    tokens: Vec<SubmittedToken>,
    retries: u32,
}

impl Drives {
    fn new(careless: bool) -> Self {
        let config = Config {
            idle_limit_ms: Some(50_000),
            absolute_limit_ms: Some(120_000),
            access_resolution_ms: 5_000,
            max_form_tokens: 2,
            ..Config::STRICT
        };
        Self {
            config,
            whole: State::new(),
            store: Store { careless, ..Store::default() },
            requests: BTreeMap::new(),
            now: 0,
            started: 0,
            drawn: 0,
            ids: Vec::new(),
            tokens: Vec::new(),
            retries: 0,
        }
    }

    /// One event, chosen by two bytes, to both drives.
    fn turn(&mut self, choice: u8, detail: u8) -> Result<(), String> {
        self.now = (self.now + u64::from(detail % 7) * 2_000).saturating_sub(1_000);
        let open: Vec<_> = self.requests.keys().copied().collect();
        if open.is_empty() || (open.len() < 4 && choice < 50) {
            return self.start(detail);
        }
        if choice > 250 {
            return self.manage(detail);
        }
        let request = open[usize::from(detail) % open.len()];
        let user = ["alice", "bob"].get(usize::from(detail / 4) % 3).map(|user| (*user).into());
        let key = ["a", "b"][usize::from(detail / 4) % 2].into();
        let token = self.tokens.get(usize::from(detail) % self.tokens.len().max(1)).copied();
        let token = token.unwrap_or(SubmittedToken::IllFormed);
        let event = match choice % 16 {
            0 | 1 => Event::SetUser { request, user },
            2 | 3 => Event::SetValue { request, key, value: format!("{}", detail % 5).into() },
            4 => Event::RemoveValue { request, key },
            5 | 6 => Event::CreateFormToken { request },
            7 => Event::HasFormToken { request, token },
            8 | 9 => Event::RemoveFormToken { request, token },
            10 => Event::HasSessionCookie { request, must_exist: true },
            11 => Event::ExpireSession { request },
            12 => Event::NewSession { request },
            _ => {
                let outcomes = [Outcome::Successful, Outcome::Interrupted, Outcome::Failed];
                let outcome = outcomes[usize::from(detail / 8) % 3];
                Event::FinishRequest { request, outcome }
            }
        };
        self.send(request, event)
    }

    fn start(&mut self, detail: u8) -> Result<(), String> {
        self.started += 1;
        let request = RequestId(self.started);
        let id = self.ids.get(usize::from(detail) % (self.ids.len() + 1)).copied();
        let mut loaded = Loaded { state: State::new(), id, version: None };
        loaded.reload(&self.store);
        self.requests.insert(request, loaded);
        let (remote_addr, script_name) = ("192.0.2.1".into(), "".into());
        let cookie = id.map(CookieValue::Id);
        self.send(request, Event::StartRequest { request, cookie, remote_addr, script_name })
    }

    /// The manager's events, of which a store outside is asked one session at a time.
    fn manage(&mut self, detail: u8) -> Result<(), String> {
        let event = match (detail % 3, self.store.rows.keys().next().copied()) {
            (0, Some(id)) => Event::DeleteSession { id },
            (1, _) => Event::DeleteSessionsOf { user: "alice".into() },
            _ => Event::Sweep,
        };
        let input = self.input(event);
        let (whole, _) = step(&self.config, std::mem::take(&mut self.whole), input.clone());
        self.whole = whole;
        for id in self.store.rows.keys().copied().collect::<Vec<_>>() {
            let session = self.store.load(id).map(|(_, session)| session);
            let one = State::new().with_stored(id, session);
            let (after, _) = step(&self.config, one, input.clone());
            if after.is_empty() {
                self.store.rows.remove(&id);
            }
        }
        self.compare()
    }

    fn input(&mut self, event: Event) -> Input {
        self.drawn += 1;
        let mut bytes = [0; Entropy::BYTES];
        // The first draw is sometimes one that is in use; never one that was and died, which fresh
        // draws are assumed not to be.
        let reused = self.store.rows.keys().next().filter(|_| self.drawn.is_multiple_of(3));
        let fresh = u128::from(self.drawn).to_be_bytes();
        bytes[..16].copy_from_slice(reused.map_or(&fresh[..], SessionId::reveal_bytes));
        bytes[16..].copy_from_slice(&(u128::from(self.drawn) << 64).to_be_bytes());
        Input { now: Timestamp(self.now), entropy: Entropy::from_bytes(bytes), event }
    }

    fn send(&mut self, request: RequestId, event: Event) -> Result<(), String> {
        let input = self.input(event);
        let (whole, expected) = step(&self.config, std::mem::take(&mut self.whole), input.clone());
        self.whole = whole;
        let loaded = self.requests.get_mut(&request).unwrap();
        let (effects, sent) = loaded.send(&self.config, &mut self.store, input);
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
            self.tokens.push(token.into());
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

/// Runs both drives through the turns that the bytes choose; answers how often a race was lost.
pub(crate) fn run(turns: &[(u8, u8)], careless: bool) -> Result<u32, String> {
    let mut drives = Drives::new(careless);
    for (choice, detail) in turns {
        drives.turn(*choice, *detail)?;
    }
    Ok(drives.retries)
}

fn same<T: PartialEq + Debug>(what: &str, requests: &T, whole: &T) -> Result<(), String> {
    if requests == whole {
        return Ok(());
    }
    Err(format!("{what}: a state a request: {requests:?}, one state for all: {whole:?}"))
}
