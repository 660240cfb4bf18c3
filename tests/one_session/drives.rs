//! Two drives of the strict semantics, side by side: one state that holds all, and a state for each
//! request over a shared store. The fuzz target `differential` drives them too.

mod store;

use std::collections::BTreeMap;
use std::fmt::Debug;

use quixote_session::check::kinds::{Arguments, Draw, Kind, Next, pick};
use quixote_session::{
    Config, CookieValue, Effects, Entropy, Event, FormToken, Handle, Input, ManagerEvent, Outcome,
    Reply, RequestEvent, RequestId, SessionId, SmolStr, State, StoreOp, SubmittedToken, Timestamp,
    Width, step,
};

pub(crate) use store::Neglect;
use store::{Store, View};

/// Two of them more often than the rest, among them some that only bytes tell apart.
const USERS: [&str; 8] =
    ["alice", "alice", "alice", "bob", "bob", "Alice", "", "longer than sixteen bytes"];
const KEYS: [&str; 4] = ["a", "b", "c", "longer than sixteen bytes"];
const VALUES: [&str; 4] = ["1", "2", "", "longer than sixteen bytes"];

/// The most requests that are open at once.
const MOST_OPEN: usize = 4;

/// The most that an event is sent.
const MOST_SENT: u32 = 8;

/// A request or the manager, and what its state was told.
struct Actor {
    view: View,
    /// The session that the request's cookie names.
    id: Option<SessionId>,
}

impl Actor {
    /// Sends one event until it is carried out, or a fresh load answers it; says how often it was
    /// sent. Nobody else writes meanwhile, so a race is lost to what was stale at first and to ids
    /// that are taken, and no oftener.
    fn send(
        &mut self,
        config: &Config,
        store: &mut Store<'_>,
        mut input: Input,
    ) -> Result<(Effects, u32), String> {
        if let Event::Request { event: RequestEvent::SetUser { user: Some(user) }, .. } =
            &input.event
        {
            self.view.tell(store, user.clone());
        }
        for sent in 1..=MOST_SENT {
            let (after, effects) = step(config, self.view.state.clone(), input.clone());
            if self.is_final(store, &input.event, &effects)
                && effects.store.as_ref().is_none_or(|op| store.carry_out(op, &self.view))
            {
                self.view.take_in(after, store, effects.store.as_ref());
                return Ok((effects, sent));
            }
            let taken = matches!(&effects.store,
                Some(StoreOp::Create { id, .. } | StoreOp::Rotate { to: id, .. })
                    if store.has(*id));
            if taken {
                input.entropy = next_draw(&input.entropy, config.width);
            }
            self.view.reload(store);
            self.view.load(store, self.id);
        }
        Err(format!("lost every race: {:?}", input.event))
    }

    /// Whether what was concluded from the load holds, unless the operation's own condition tells.
    // [driver-11]
    fn is_final(&self, store: &Store<'_>, event: &Event, effects: &Effects) -> bool {
        let refused = matches!(effects.reply, Reply::Refused(_));
        let starts = matches!(event, Event::StartRequest { .. });
        let concludes = refused || starts || event.needs_fresh_load();
        if !concludes || !store.keeps(Neglect::FreshLoad) {
            return true;
        }
        match &effects.store {
            Some(StoreOp::Create { .. } | StoreOp::Update { .. } | StoreOp::Rotate { .. }) => true,
            // These have no condition on the user's generation.
            Some(StoreOp::Discard { .. } | StoreOp::DeleteUser { except: Some(_), .. }) => {
                self.view.knows_generations(store)
            }
            Some(_) | None => self.view.is_fresh(store),
        }
    }
}

/// Fresh entropy after a collision of ids: what the whole state would have drawn next.
fn next_draw(entropy: &Entropy, width: Width) -> Entropy {
    let mut bytes = [0; Entropy::BYTES];
    bytes.copy_from_slice(entropy.bytes());
    bytes[..Entropy::HALF].rotate_left(width.bytes());
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
    store: Store<'a>,
    requests: BTreeMap<RequestId, Actor>,
    /// All that was stored some turns ago: what the manager, and now and then a start, goes by.
    listing: View,
    now: u64,
    started: u64,
    drawn: u64,
    /// Ids and tokens that were ever shown, for requests to come back with.
    ids: Vec<SessionId>,
    tokens: Vec<FormToken>,
    handles: Vec<Handle>,
    retries: u32,
}

impl<'a> Drives<'a> {
    fn new(config: &'a Config, neglect: Option<Neglect>) -> Self {
        Self {
            config,
            whole: State::new(),
            store: Store::new(config, neglect),
            requests: BTreeMap::new(),
            listing: View::default(),
            now: 1_000_000,
            started: 0,
            drawn: 0,
            ids: Vec::new(),
            tokens: Vec::new(),
            handles: Vec::new(),
            retries: 0,
        }
    }

    /// One event, chosen by five bytes, to both drives.
    fn turn(&mut self, [next, who, what, when, drawn]: [u8; 5]) -> Result<(), String> {
        self.now = moved(self.now, self.config, when);
        if drawn % 16 == 0 {
            self.listing = View::of(&self.store, self.ids_stored());
        }
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
            None => self.start(who, what, drawn),
        }
    }

    fn ids_stored(&self) -> Vec<SessionId> {
        self.store.items().into_iter().map(|(id, _)| id).collect()
    }

    /// An id that was ever stored, or one of no session.
    fn any_id(&self, choice: u8) -> SessionId {
        pick(&self.ids, choice).filter(|_| choice < 250).unwrap_or([0xee; 8].into())
    }

    /// Mostly the cookie of a session that is stored.
    fn cookie(&self, choice: u8) -> Option<CookieValue> {
        let stored = self.ids_stored();
        match (choice, choice % 8) {
            (250.., _) => Some(CookieValue::from("nosuchid")),
            (_, 7) => None,
            (_, 6) => Some(CookieValue::Id(self.any_id(choice / 8))),
            _ => pick(&stored, choice).map(CookieValue::Id),
        }
    }

    /// Now and then the load is as old as the listing.
    fn start(&mut self, who: u8, what: u8, drawn: u8) -> Result<(), String> {
        self.started += 1;
        let request = RequestId(self.started);
        let cookie = self.cookie(what);
        let id = cookie.as_ref().and_then(CookieValue::session_id);
        let view = if who % 4 == 3 { self.listing.only(id) } else { View::of(&self.store, id) };
        self.requests.insert(request, Actor { view, id });
        let event = Event::StartRequest {
            request,
            cookie,
            remote_addr: SmolStr::new_static(["192.0.2.1", "192.0.2.2"][usize::from(who / 4 % 2)]),
            script_name: "".into(),
            passive: who / 8 % 8 == 1,
        };
        self.send(event, drawn)
    }

    /// The manager's state holds what was listed; the id of a session to delete is listed, too.
    fn manage(&mut self, event: Event, drawn: u8) -> Result<(), String> {
        let id = match &event {
            Event::Manager(ManagerEvent::DeleteSession { id }) => Some(*id),
            _ => None,
        };
        let mut actor = Actor { view: self.listing.clone(), id };
        if id.is_some_and(|id| !actor.view.was_told(id)) {
            actor.view.load(&self.store, id);
        }
        self.both(&mut actor, event, drawn)
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
        let stored = self.ids_stored();
        let (ids, tokens) = bytes.split_at_mut(Entropy::HALF);
        let (half, used, most): (_, Vec<&[u8]>, _) =
            if Kind::of(&event).draws() == Some(Draw::Token) {
                (tokens, self.tokens.iter().rev().map(FormToken::reveal_bytes).collect(), draws)
            } else {
                (ids, stored.iter().map(SessionId::reveal_bytes).collect(), draws - 1)
            };
        let taken = usize::from((drawn % 8).saturating_sub(4)).min(most);
        for (draw, choice) in half.chunks_exact_mut(width.bytes()).take(taken).zip(drawn / 8..) {
            if let Some(used) = pick(&used, choice) {
                draw.copy_from_slice(used);
            }
        }
        Input { now: Timestamp(self.now), entropy: Entropy::from_bytes(bytes), event }
    }

    fn send(&mut self, event: Event, drawn: u8) -> Result<(), String> {
        let request = event.request().unwrap();
        let mut actor = self.requests.remove(&request).unwrap();
        let sent = self.both(&mut actor, event, drawn);
        if self.whole.is_open(request) {
            self.requests.insert(request, actor);
        }
        sent
    }

    /// Sends the event to both drives, and compares what comes of it.
    fn both(&mut self, actor: &mut Actor, event: Event, drawn: u8) -> Result<(), String> {
        let input = self.input(event, drawn);
        let (whole, expected) = step(self.config, std::mem::take(&mut self.whole), input.clone());
        self.whole = whole;
        let (effects, sent) = actor.send(self.config, &mut self.store, input)?;
        self.retries += sent - 1;
        same("reply", &effects.reply, &expected.reply)?;
        same("cookie", &effects.cookie, &expected.cookie)?;
        same("transaction", &effects.transaction, &expected.transaction)?;
        if let Reply::Token(token) = effects.reply {
            self.tokens.push(token);
        }
        for (id, session) in self.store.items() {
            if !self.ids.contains(&id) {
                self.ids.push(id);
            }
            if let Some(handle) = session.handle()
                && !self.handles.contains(&handle)
            {
                self.handles.push(handle);
            }
        }
        self.compare()
    }

    fn compare(&self) -> Result<(), String> {
        same("store", &self.store.items(), &self.whole.items())
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

    /// One of the last that a stored session had, or none of ours.
    fn handle(&mut self) -> Handle {
        let handles = &self.drives.handles;
        let last = &handles[handles.len().saturating_sub(8)..];
        pick(last, self.what).filter(|_| self.what < 240).unwrap_or([0xee; 16].into())
    }
}

/// Runs both drives through the turns that the bytes choose; answers how often a race was lost.
///
/// The limits on requests and on stored sessions are those of a state, and say nothing of a store
/// outside: `config` must leave them out of reach.
pub(crate) fn run(
    config: &Config,
    turns: &[[u8; 5]],
    neglect: Option<Neglect>,
) -> Result<u32, String> {
    let mut drives = Drives::new(config, neglect);
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
