//! Judges what two processes did. In the order that was found, it must be what one machine does
//! with one state, and must keep the properties at every step.

use quixote_session::check::replay::{differences, drawn, drawn_handle};
use quixote_session::check::trace::{
    CookieRecord, Expect, Header, ReplyRecord, SessionRecord, TraceStep, TraceWriter, Version,
};
use quixote_session::check::{History, Properties, Seen};
use quixote_session::{
    Config, CookieValue, Effects, Entropy, Event, Input, ManagerEvent, Outcome, Refusal, Reply,
    RequestEvent, RequestId, Session, SessionParts, SessionRef, State, StoreOp, Timestamp, step,
};

use crate::Broken;
use crate::order::{NoOrder, Place, order};
use crate::wire::{Called, Told, What, Why};

/// No time limit is reached within a round, so every step may happen at the same moment.
const NOW: Timestamp = Timestamp(1_000_000_000_000);

/// What is wrong with a history.
pub(crate) struct Wrong {
    pub(crate) what: String,
    /// As much of the history as could be put in order, as a trace; its last step is the wrong one.
    pub(crate) trace: Vec<u8>,
}

/// How much was judged, and which properties were witnessed.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) steps: u64,
    pub(crate) refused: u64,
    /// See `let_late_end_pass`.
    pub(crate) late_ends: u64,
    pub(crate) witnessed: Properties,
}

/// Judges one round.
pub(crate) fn judge(history: &[Told]) -> Result<Judged, Wrong> {
    let mut machine = Machine::new().map_err(|why| wrong(why.to_string(), Vec::new()))?;
    let places = order(history);
    let (places, no_order) = match places {
        Ok(places) => (places, None),
        Err(NoOrder { before, waits }) => (before, Some(waits)),
    };
    for Place { request, call } in places {
        let number = RequestId(request as u64 + 1);
        let called = &history[request].calls[call];
        for mut observed in Observed::of(called, number) {
            if !machine.let_late_end_pass(&mut observed) {
                return Ok(machine.judged);
            }
            if let Err(what) = machine.meet(observed) {
                let calls = told_of(&history[request]);
                let what = format!("request {request}, call {call}: {what}\n  {calls}");
                return Err(wrong(what, machine.trace.into_inner()));
            }
        }
    }
    match no_order {
        Some(waits) => {
            Err(wrong(format!("no order:\n  {}", waits.join("\n  ")), machine.trace.into_inner()))
        }
        None => Ok(machine.judged),
    }
}

const fn wrong(what: String, trace: Vec<u8>) -> Wrong {
    Wrong { what, trace }
}

/// A summary of what a request did.
fn told_of(told: &Told) -> String {
    let asked = |what: &What| match what {
        What::Loaded { found: Some(_), .. } => "loaded",
        What::Loaded { found: None, .. } => "loaded nothing",
        What::Generation { .. } => "generation",
        What::Write { done: true, .. } => "wrote",
        What::Write { done: false, .. } => "conflict",
        What::Failed => "failed",
    };
    let call = |call: &Called| {
        let asked: Vec<_> = call.asked.iter().map(|it| asked(&it.what)).collect();
        format!("{} ({})", call.event.name(), asked.join(", "))
    };
    told.calls.iter().map(call).collect::<Vec<_>>().join("; ")
}

/// One machine with one state, and the checks that watch it.
struct Machine {
    config: Config,
    state: State,
    history: History,
    trace: TraceWriter<Vec<u8>>,
    judged: Judged,
}

/// What a process did, as a step of the machine.
struct Observed<'a> {
    event: Event,
    entropy: Entropy,
    expect: Expect,
    /// What it wrote, if that is known.
    wrote: Option<&'a StoreOp>,
}

impl Machine {
    fn new() -> Result<Self, Broken> {
        let config = Config::STRICT;
        let trace = TraceWriter::new(Vec::new(), &Header::of(Version::Three, config.clone()))?;
        let (state, history, judged) = (State::new(), History::default(), Judged::default());
        Ok(Self { config, state, history, trace, judged })
    }

    /// A request that ends other sessions first loads its own; the end itself has no condition
    /// (rules driver-17 and driver-14). If its own session, or user, ended between the two, the
    /// others end all the same. One state for all has no moment between the two, so there a manager
    /// does it, or the request logs out. False if no event does the same, because a manager spares
    /// no session: the round is then judged up to here.
    fn let_late_end_pass(&mut self, observed: &mut Observed<'_>) -> bool {
        let Some(op) = observed.wrote else { return true };
        let end = match op {
            StoreOp::DeleteHandle { handle, user: Some(user) } => {
                let items = self.state.items();
                let is_there = items.iter().any(|(_, session)| {
                    session.handle() == Some(*handle) && session.user() == Some(user)
                });
                let delete = ManagerEvent::DeleteHandle { handle: *handle };
                Some(Event::Manager(if is_there { delete } else { ManagerEvent::Sweep }))
            }
            // The handle was that of the request's own session, which it may end at any time.
            StoreOp::DeleteHandle { user: None, .. } => {
                observed.event.request().map(|number| RequestEvent::ExpireSession.of(number))
            }
            StoreOp::DeleteUser { user, except: None } => {
                Some(Event::Manager(ManagerEvent::DeleteSessionsOf { user: user.clone() }))
            }
            StoreOp::DeleteUser { except: Some(_), .. } => None,
            StoreOp::Delete { .. }
            | StoreOp::Create { .. }
            | StoreOp::Update { .. }
            | StoreOp::Rotate { .. }
            | StoreOp::Put { .. }
            | StoreOp::Touch { .. }
            | StoreOp::Discard { .. }
            | StoreOp::DiscardOver { .. } => return true,
        };
        if !self.is_late(observed) {
            return true;
        }
        self.judged.late_ends += 1;
        let Some(end) = end else { return false };
        // A manager's end is written in another way.
        observed.wrote = observed.wrote.filter(|_| !matches!(end, Event::Manager(_)));
        observed.event = end;
        true
    }

    /// Whether the request's own session, or its user, has ended by now.
    fn is_late(&self, observed: &Observed<'_>) -> bool {
        let input = Input { now: NOW, entropy: observed.entropy, event: observed.event.clone() };
        let reply = step(&self.config, self.state.clone(), input).1.reply;
        let gone = [Refusal::SessionGone, Refusal::UserEnded, Refusal::NoUser];
        gone.into_iter().any(|why| reply == Reply::Refused(why))
    }

    fn meet(&mut self, observed: Observed<'_>) -> Result<(), String> {
        let Observed { event, entropy, expect, wrote } = observed;
        // The end that is put in place of a late one is written in another way.
        let is_late = wrote.is_none() && matches!(event, Event::Manager(_));
        let name = event.name();
        let cookie = if let Event::StartRequest { cookie: Some(CookieValue::Id(id)), .. } = &event {
            Some(format!("{}={}", self.config.cookie_name, id.reveal()))
        } else {
            None
        };
        let input = Input { now: NOW, entropy, event };
        let (after, effects) = step(&self.config, self.state.clone(), input.clone());
        let seen = Seen {
            config: &self.config,
            before: &self.state,
            input: &input,
            after: &after,
            effects: &effects,
        };
        let found = self.history.observe(&seen);
        let recorded = TraceStep {
            draws: drawn(&self.config, &effects),
            new_handle: drawn_handle(&input, &effects),
            cookie_header: cookie,
            input,
            expect,
        };
        let different = differences(&self.config, &recorded, &after, &effects);
        self.trace.write(recorded).map_err(|why| why.to_string())?;
        self.judged.steps += 1;
        self.judged.refused += u64::from(matches!(effects.reply, Reply::Refused(_)));
        self.judged.witnessed = self.judged.witnessed.union(found.sometimes);
        self.state = after;
        if let Some(first) = different.first() {
            let (key, field) = (first.key, first.field.as_deref().unwrap_or_default());
            return Err(format!(
                "{name}: {key} {field} is {}, expected {}",
                first.expected, first.observed
            ));
        }
        if let Some(broken) = found.broken.iter().next() {
            return Err(format!("{name} breaks {}", broken.id()));
        }
        if !is_late && at_now(wrote) != at_now(effects.store.as_ref()) {
            return Err(format!("{name}: wrote {wrote:?}, expected {:?}", effects.store));
        }
        Ok(())
    }
}

impl<'a> Observed<'a> {
    /// A call is one step. A finish that could not save is two: the second finishes as failed.
    fn of(called: &'a Called, number: RequestId) -> Vec<Self> {
        let reply = match &called.result {
            Ok(reply) => reply.clone(),
            Err(Why::Refused(why)) => Reply::Refused(*why),
            // The store failed, so this history cannot be judged.
            Err(Why::Busy | Why::Store | Why::Unknown | Why::Commit) => return Vec::new(),
        };
        let event = numbered(called.event.clone(), number);
        let Some(why) = called.unsaved else { return vec![Self::step(called, event, &reply)] };
        let failed = RequestEvent::FinishRequest { outcome: Outcome::Failed }.of(number);
        let mut steps = Vec::new();
        if let Why::Refused(why) = why {
            let expect = Expect {
                reply: Some(ReplyRecord::Refused(why)),
                set_cookie: Some(None),
                ..Expect::default()
            };
            steps.push(Self { event, entropy: drawn_by(None, &Reply::Done), expect, wrote: None });
        }
        steps.push(Self::step(called, failed, &reply));
        steps
    }

    fn step(called: &'a Called, event: Event, reply: &Reply) -> Self {
        let wrote = called.asked.iter().rev().find_map(|asked| match &asked.what {
            // A noted access depends on the moment.
            What::Write { op: StoreOp::Touch { .. }, .. } => None,
            What::Write { op, done: true, .. } => Some(op),
            What::Write { .. } | What::Loaded { .. } | What::Generation { .. } | What::Failed => {
                None
            }
        });
        let mut expect = Expect { reply: Some(reply.into()), ..Expect::default() };
        if let Reply::Started { remote_user } = reply {
            expect.remote_user = Some(remote_user.clone());
            expect.session = called.asked.iter().find_map(|asked| match &asked.what {
                What::Loaded { id, found: Some((_, session)) } => {
                    let session = &at(session);
                    Some(Some(SessionRecord::from(SessionRef { id: Some(*id), session })))
                }
                What::Loaded { found: None, .. }
                | What::Generation { .. }
                | What::Write { .. }
                | What::Failed => None,
            });
        }
        let finish = |event: &Event| {
            matches!(event, Event::Request { event: RequestEvent::FinishRequest { .. }, .. })
        };
        if finish(&event) && !matches!(reply, Reply::Refused(_)) {
            let shown = Effects { cookie: called.cookie.clone(), ..Effects::reply(Reply::Done) };
            expect.set_cookie = Some(CookieRecord::of(&Config::STRICT, &shown));
        }
        Self { event, entropy: drawn_by(wrote, reply), expect, wrote }
    }
}

fn numbered(event: Event, number: RequestId) -> Event {
    match event {
        Event::StartRequest { cookie, remote_addr, script_name, passive, .. } => {
            Event::StartRequest { request: number, cookie, remote_addr, script_name, passive }
        }
        Event::Request { event, .. } => event.of(number),
        Event::Manager(event) => Event::Manager(event),
    }
}

/// Entropy that gives what a call has drawn: an id and a handle, or a token.
fn drawn_by(wrote: Option<&StoreOp>, reply: &Reply) -> Entropy {
    let mut bytes = [0; Entropy::BYTES];
    let mut put = |from: usize, what: &[u8]| {
        for (place, byte) in bytes.iter_mut().skip(from).zip(what) {
            *place = *byte;
        }
    };
    if let Some(StoreOp::Create { id, session, .. } | StoreOp::Rotate { to: id, session, .. }) =
        wrote
    {
        put(0, id.reveal_bytes());
        if let Some(handle) = session.handle() {
            put(Entropy::BYTES - 16, &handle.to_bytes());
        }
    }
    if let Reply::Token(token) = reply {
        put(Entropy::HALF, token.reveal_bytes());
    }
    Entropy::from_bytes(bytes)
}

/// The session as if everything had happened at one moment.
fn at(session: &Session) -> Box<Session> {
    let parts = SessionParts { created: NOW, accessed: NOW, ..session.clone().into() };
    Session::try_from(parts).unwrap_or_else(|_| session.clone()).into()
}

/// The operation as if everything had happened at one moment, and without the user's generation.
/// That is a number of the store: one state counts in another way, and the order has compared it.
fn at_now(op: Option<&StoreOp>) -> Option<StoreOp> {
    Some(match op?.clone() {
        StoreOp::Create { id, session, .. } => {
            StoreOp::Create { id, session: at(&session), generation: None, discard_over: None }
        }
        StoreOp::Update { id, session } => StoreOp::Update { id, session: at(&session) },
        StoreOp::Rotate { from, to, session, .. } => {
            StoreOp::Rotate { from, to, session: at(&session), generation: None }
        }
        StoreOp::DiscardOver { .. } => StoreOp::DiscardOver { now: NOW },
        StoreOp::Touch { .. } => return None,
        other @ (StoreOp::Put { .. }
        | StoreOp::Discard { .. }
        | StoreOp::Delete { .. }
        | StoreOp::DeleteHandle { .. }
        | StoreOp::DeleteUser { .. }) => other,
    })
}
