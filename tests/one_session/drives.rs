//! Two drives of strict, side by side: one state that holds everything, and one exchange per
//! request over a shared store. The fuzz target `differential` runs them too.

mod actor;
mod choice;
mod store;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use quixote_session::check::kinds::{Draw, Kind, Next, pick};
use quixote_session::driver::Failure;
use quixote_session::{
    Config, CookieValue, Entropy, Event, FormToken, Handle, Input, Outcome, Reply, RequestEvent,
    RequestId, SessionId, SmolStr, State, Timestamp, step,
};

use actor::{Actor, Meddling, Sent};
use choice::{Choice, moved};
pub(crate) use store::Neglect;
use store::Store;

/// The most requests that are open at once.
const MOST_OPEN: usize = 4;

/// Both drives, and what the clients know.
struct Drives<'a> {
    config: &'a Arc<Config>,
    /// The whole state: every state that it may be in, if calls overlapped.
    whole: Vec<State>,
    store: Store<'a>,
    requests: BTreeMap<RequestId, Actor>,
    /// A call that waits before its write, so that another can come in between.
    paused: Option<Sent>,
    now: u64,
    started: u64,
    drawn: u64,
    /// Ids and tokens that were ever shown, for requests to come back with.
    ids: Vec<SessionId>,
    tokens: Vec<FormToken>,
    handles: Vec<Handle>,
    met: Met,
}

/// How often something difficult has happened.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Met {
    /// Races that were lost.
    pub(crate) lost: u32,
    /// Calls that came between a load and a write of another call.
    pub(crate) between: u32,
    /// Calls with a write whose outcome is unknown.
    pub(crate) in_doubt: u32,
    /// Calls that failed because the store did.
    pub(crate) failed: u32,
}

impl std::ops::Add for Met {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            lost: self.lost + other.lost,
            between: self.between + other.between,
            in_doubt: self.in_doubt + other.in_doubt,
            failed: self.failed + other.failed,
        }
    }
}

impl<'a> Drives<'a> {
    fn new(config: &'a Arc<Config>, neglect: Option<Neglect>) -> Self {
        Self {
            config,
            whole: vec![State::new()],
            store: Store::new(config, neglect),
            requests: BTreeMap::new(),
            paused: None,
            now: 1_000_000,
            started: 0,
            drawn: 0,
            ids: Vec::new(),
            tokens: Vec::new(),
            handles: Vec::new(),
            met: Met::default(),
        }
    }

    /// Sends one event, chosen by five bytes, to both drives.
    fn turn(&mut self, [next, who, what, when, drawn]: [u8; 5]) -> Result<(), String> {
        self.now = moved(self.now, self.config, when);
        if drawn % 16 == 0 {
            self.store.catch_up();
        }
        let open = self.who_may_act(drawn);
        let kind = match Next::of(next) {
            Next::Send(kind) => kind,
            Next::Stranger => Kind::StartRequest,
            // There are no browsers here that a response could reach.
            Next::Deliver | Next::Lose => return Ok(()),
        };
        let full = kind == Kind::StartRequest && self.requests.len() >= MOST_OPEN;
        let saves = self.paused.is_some() && !open.is_empty() && drawn / 4 % 2 == 1;
        let kind = if full || saves { Kind::FinishRequest } else { kind };
        // The manager's events have no request, so this number is not used.
        let request = pick(&open, who).or(kind.is_of_manager().then_some(RequestId(0)));
        let mut choice = request.map(|request| Choice { drives: self, request, what, drawn });
        let event = choice.as_mut().and_then(|choice| kind.event(choice));
        let event = event.unwrap_or_else(|| self.start(who, what));
        self.send(event, drawn, Meddling::of(when / 16))
    }

    /// The open requests that may act next. A call that comes in between is often of the same
    /// session, and saves something.
    fn who_may_act(&self, drawn: u8) -> Vec<RequestId> {
        let waiting = self.paused.as_ref().filter(|_| drawn / 2 % 2 == 1);
        let may = |actor: &Actor| waiting.is_none_or(|sent| sent.actor.id == actor.id);
        self.requests.iter().filter(|(_, actor)| may(actor)).map(|(number, _)| *number).collect()
    }

    fn ids_stored(&self) -> Vec<SessionId> {
        self.store.items().into_iter().map(|(id, _)| id).collect()
    }

    /// An id that was stored once, or an id of no session.
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

    fn start(&mut self, who: u8, what: u8) -> Event {
        self.started += 1;
        Event::StartRequest {
            request: RequestId(self.started),
            cookie: self.cookie(what),
            remote_addr: SmolStr::new_static(["192.0.2.1", "192.0.2.2"][usize::from(who / 4 % 2)]),
            script_name: "".into(),
            passive: who / 8 % 8 == 1,
        }
    }

    /// The first draws are sometimes in use. They are never ids that were in use and died, since
    /// fresh draws are assumed not to be. They are never all in use, since a driver then takes
    /// fresh entropy.
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
        // The call in between may be of another process, with a clock that is behind.
        let behind = if self.paused.is_some() && drawn % 2 == 1 {
            self.config.idle_limit_ms.unwrap_or_default() / 2
        } else {
            0
        };
        let now = Timestamp(self.now.saturating_sub(behind));
        Input { now, entropy: Entropy::from_bytes(bytes), event }
    }

    /// Sends the event to an exchange. If it waits before its write, the next turn comes first, and
    /// only then are the two compared with the whole state.
    fn send(&mut self, event: Event, drawn: u8, meddling: Meddling) -> Result<(), String> {
        let input = self.input(event, drawn);
        let actor = input.event.request().and_then(|request| self.requests.remove(&request));
        self.drawn += 1;
        let actor = actor.unwrap_or_else(|| Actor::new(self.config, self.drawn));
        let mut sent = Sent::begin(actor, input);
        let first = self.paused.take();
        let meddling = if first.is_some() { meddling.without_pause() } else { meddling };
        self.store.lag_unless_kept(Neglect::FreshLoad);
        if !sent.run(&mut self.store, meddling) {
            self.paused = Some(sent);
            return Ok(());
        }
        self.met.between += u32::from(first.is_some());
        self.resume(first, Some(sent))
    }

    /// Ends the call that waits, if there is one, and compares. The call that came in between must
    /// look as if it came either before it or after it.
    fn resume(&mut self, first: Option<Sent>, second: Option<Sent>) -> Result<(), String> {
        let first = first.map(|mut first| {
            first.run(&mut self.store, Meddling::None);
            first
        });
        let sent: Vec<_> = first.into_iter().chain(second).collect();
        let mut orders = vec![sent.iter().collect::<Vec<_>>()];
        if sent.len() > 1 {
            orders.push(sent.iter().rev().collect());
        }
        let (mut whole, mut wrong) = (Vec::new(), String::new());
        for state in &self.whole {
            for order in &orders {
                self.follow(state, order, &mut whole).unwrap_or_else(|why| wrong += &why);
            }
        }
        if whole.is_empty() {
            return Err(wrong);
        }
        self.whole = whole;
        for sent in sent {
            self.learn(sent);
        }
        Ok(())
    }

    /// Adds the whole state after these calls, if its answers are the same and it holds what the
    /// store holds.
    fn follow(&self, whole: &State, order: &[&Sent], found: &mut Vec<State>) -> Result<(), String> {
        let mut states = vec![whole.clone()];
        for sent in order {
            let next: Result<Vec<_>, _> =
                states.into_iter().map(|whole| self.after(whole, sent)).collect();
            states = next?.concat();
        }
        let items = self.store.items();
        let mut compared = Ok(());
        for state in states {
            compared = same("store", &items, &state.items());
            if compared.is_ok() && !found.contains(&state) {
                found.push(state);
            }
        }
        compared
    }

    /// The whole state after one call, whose answer must be the same. After a failure of the store
    /// nothing has happened; after an unknown outcome there are two possible states.
    fn after(&self, whole: State, sent: &Sent) -> Result<Vec<State>, String> {
        let Sent { input, outcome, .. } = sent;
        let (after, expected) = step(self.config, whole.clone(), input.clone());
        let ended = |whole, outcome| match input.event.request() {
            None => (whole, None),
            Some(request) => {
                let event = RequestEvent::FinishRequest { outcome }.of(request);
                let (whole, effects) = step(self.config, whole, Input { event, ..input.clone() });
                (whole, Some(effects))
            }
        };
        let (reply, failure) = match outcome {
            Ok(said) => (said.reply.clone(), said.ending.failure),
            Err(Failure::Refused(why)) => (Reply::Refused(*why), None),
            Err(Failure::Store) => return Ok(vec![ended(whole, Outcome::Abandoned).0]),
            Err(Failure::Unknown) if sent.in_doubt => {
                return Ok([whole, after].map(|whole| ended(whole, Outcome::Abandoned).0).into());
            }
            Err(why) => return Err(format!("{why:?}: {:?}", input.event)),
        };
        // If a finish is refused, the request ends as failed.
        let (after, expected) = match failure {
            None => (after, expected),
            Some(Failure::Refused(why)) => {
                same("refusal", &Reply::Refused(why), &expected.reply)?;
                let (after, expected) = ended(after, Outcome::Failed);
                (after, expected.ok_or("the manager finishes nothing")?)
            }
            Some(why) => return Err(format!("{why:?}: {:?}", input.event)),
        };
        same("reply", &reply, &expected.reply)?;
        same("transaction", &sent.transaction, &expected.transaction)?;
        if let Ok(said) = outcome {
            same("cookie", &said.ending.cookie, &expected.cookie)?;
        }
        Ok(vec![after])
    }

    fn learn(&mut self, sent: Sent) {
        self.met.lost += sent.lost;
        self.met.in_doubt += u32::from(sent.in_doubt);
        self.met.failed += u32::from(sent.outcome == Err(Failure::Store));
        if let Ok(said) = &sent.outcome
            && let Reply::Token(token) = said.reply
        {
            self.tokens.push(token);
        }
        if let Some(request) = sent.input.event.request()
            && self.whole.iter().any(|whole| whole.is_open(request))
        {
            self.requests.insert(request, sent.actor);
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
    }
}

/// Runs both drives through the turns that the bytes choose; returns what happened on the way.
///
/// The limits on requests and on stored sessions count over a state, not over an outside store, so
/// `config` must set them out of reach.
pub(crate) fn run(
    config: &Config,
    turns: &[[u8; 5]],
    neglect: Option<Neglect>,
) -> Result<Met, String> {
    let config = Arc::new(config.clone());
    let mut drives = Drives::new(&config, neglect);
    for turn in turns {
        drives.turn(*turn)?;
    }
    let paused = drives.paused.take();
    drives.resume(paused, None)?;
    Ok(drives.met)
}

fn same<T: PartialEq + Debug>(what: &str, requests: &T, whole: &T) -> Result<(), String> {
    if requests == whole {
        return Ok(());
    }
    Err(format!("{what}: a state a request: {requests:?}, one state for all: {whole:?}"))
}
