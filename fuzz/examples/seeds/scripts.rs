//! A trace as scripts: for each step the turn whose input comes closest to the one recorded.

use std::collections::BTreeMap;

use quixote_session::check::Action;
use quixote_session::check::kinds::{Kind, Next};
use quixote_session::check::trace::{Header, TraceStep};
use quixote_session::{
    CookieValue, Effects, Event, ManagerEvent, Reply, RequestEvent, RequestId, Semantics,
    SessionId, State, StoreOp, SubmittedToken, step,
};
use quixote_session_fuzz::cast::Cast;
use quixote_session_fuzz::script::{Script, Setup, Turn};

/// The trace under the semantics that it was recorded under, and under strict.
pub(crate) fn of(header: &Header, steps: &[TraceStep]) -> Vec<Script> {
    let own = header.config.semantics as u8;
    let setup = |semantics| Setup { semantics, ..Setup::default() };
    let mut scripts = vec![script(setup(own), steps)];
    if header.config.semantics != Semantics::Strict {
        scripts.push(script(setup(Semantics::Strict as u8), steps));
    }
    scripts
}

/// The trace beside the naive implementation, or, of strict, as turns of the two drives.
pub(crate) fn of_both_sides(header: &Header, steps: &[TraceStep]) -> Vec<Script> {
    let semantics = header.config.semantics as u8;
    let setup = Setup { semantics, ..Setup::default() };
    let own = match header.config.semantics {
        Semantics::Strict => Vec::new(),
        Semantics::Live | Semantics::Copying => vec![script(setup, steps)],
    };
    let strict = Setup { semantics: Semantics::Strict as u8, ..Setup::default() };
    let turns = (0..=u8::MAX)
        .cycle()
        .zip(steps)
        .map(|(number, recorded)| turn(number, &recorded.input.event));
    own.into_iter().chain([Script { setup: strict, turns: turns.collect() }]).collect()
}

/// A turn of the drives.
fn turn(number: u8, event: &Event) -> Turn {
    let what = match event {
        Event::Request { event: RequestEvent::FinishRequest { outcome }, .. } => *outcome as u8,
        _ => number,
    };
    Turn { next: next_of(event).byte(), who: number, what, ..Turn::default() }
}

/// What in the script stands for what in the trace.
#[derive(Default)]
struct Names {
    requests: BTreeMap<RequestId, RequestId>,
    ids: BTreeMap<SessionId, SessionId>,
    tokens: Vec<(SubmittedToken, SubmittedToken)>,
}

fn script(setup: Setup, steps: &[TraceStep]) -> Script {
    let config = setup.config();
    let (mut cast, mut names) = (Cast::new(false), Names::default());
    let (mut state, mut traced) = (State::new(), State::new());
    let mut turns = Vec::new();
    for recorded in steps {
        let own = closest(&config, &cast, &state, &names, &recorded.input.event);
        let action = cast.action(&config, &state, |_, _| None, own);
        let Action::Step { input, .. } = action else { continue };
        turns.push(own);
        let (after, effects) = step(&config, state, input.clone());
        state = after;
        let (after, expected) = step(&config, traced, recorded.input.clone());
        traced = after;
        cast.learn(&effects);
        names.learn((&recorded.input.event, &expected), (&input.event, &effects));
        if let Event::Request { event: RequestEvent::FinishRequest { .. }, .. } = input.event {
            // The response arrives before anything else happens.
            turns.push(Turn { next: Next::Deliver.byte(), ..Turn::default() });
        }
    }
    Script { setup, turns }
}

/// Tries the requests and the arguments until the event is the recorded one.
fn closest(
    config: &quixote_session::Config,
    cast: &Cast,
    state: &State,
    names: &Names,
    event: &Event,
) -> Turn {
    let next = next_of(event).byte();
    let wanted = names.translate(event);
    let requests = state.requests();
    let own = event.request().and_then(|request| names.requests.get(&request));
    let who = requests.iter().position(|request| Some(request) == own);
    let who = who.and_then(|who| u8::try_from(who).ok()).unwrap_or(0);
    let fits = |own: &Turn| {
        let action = cast.clone().action(config, state, |_, _| None, *own);
        matches!(action, Action::Step { input, .. } if is_close(&input.event, &wanted))
    };
    let mut turns = (0..=255).map(|what| Turn { next, who, what, ..Turn::default() });
    turns.find(fits).unwrap_or(Turn { next, who, ..Turn::default() })
}

/// Of the requests that start, those with a cookie are strangers': no browser's jar is filled here.
fn next_of(event: &Event) -> Next {
    match event {
        Event::StartRequest { cookie: Some(_), .. } => Next::Stranger,
        _ => Next::Send(Kind::of(event)),
    }
}

/// Whether two events do the same to the session: its texts may differ.
fn is_close(one: &Event, other: &Event) -> bool {
    match (one, other) {
        (
            Event::StartRequest { cookie: one, script_name: mount, .. },
            Event::StartRequest { cookie: other, script_name: wanted, .. },
        ) => {
            let text = |cookie: &Option<CookieValue>| matches!(cookie, Some(CookieValue::Text(_)));
            (one == other && (one.is_some() || mount == wanted)) || (text(one) && text(other))
        }
        (
            Event::Request { event: RequestEvent::SetUser { user: one, .. }, .. },
            Event::Request { event: RequestEvent::SetUser { user: other, .. }, .. },
        ) => {
            let known = other.as_deref() == Some("alice") || other.as_deref() == Some("bob");
            one == other || (!known && one.is_some() == other.is_some())
        }
        (
            Event::Request { event: RequestEvent::HasFormToken { token: one, .. }, .. }
            | Event::Request { event: RequestEvent::RemoveFormToken { token: one, .. }, .. },
            Event::Request { event: RequestEvent::HasFormToken { token: other, .. }, .. }
            | Event::Request { event: RequestEvent::RemoveFormToken { token: other, .. }, .. },
        ) => one == other,
        (
            Event::Request {
                event: RequestEvent::HasSessionCookie { must_exist: one, .. }, ..
            },
            Event::Request {
                event: RequestEvent::HasSessionCookie { must_exist: other, .. }, ..
            },
        ) => one == other,
        (
            Event::Request { event: RequestEvent::FinishRequest { outcome: one, .. }, .. },
            Event::Request { event: RequestEvent::FinishRequest { outcome: other, .. }, .. },
        ) => one == other,
        (Event::Manager(ManagerEvent::DeleteSession { .. }), _) => one == other,
        _ => one.name() == other.name(),
    }
}

impl Names {
    /// The recorded event, with the names that the script has for what is in it.
    fn translate(&self, event: &Event) -> Event {
        let id = |id: SessionId| self.ids.get(&id).copied().unwrap_or(id);
        let named = |token: SubmittedToken| {
            let known = self.tokens.iter().find(|(theirs, _)| *theirs == token);
            known.map_or(token, |(_, ours)| *ours)
        };
        let mut event = event.clone();
        match &mut event {
            Event::StartRequest { cookie: Some(CookieValue::Id(theirs)), .. }
            | Event::Manager(ManagerEvent::DeleteSession { id: theirs }) => *theirs = id(*theirs),
            Event::Request { event: RequestEvent::HasFormToken { token, .. }, .. }
            | Event::Request { event: RequestEvent::RemoveFormToken { token, .. }, .. } => {
                *token = named(*token);
            }
            _ => {}
        }
        event
    }

    fn learn(&mut self, theirs: (&Event, &Effects), ours: (&Event, &Effects)) {
        if let (
            Event::StartRequest { request: theirs, .. },
            Event::StartRequest { request: ours, .. },
        ) = (theirs.0, ours.0)
        {
            self.requests.insert(*theirs, *ours);
        }
        if let (Some(theirs), Some(ours)) = (stored(theirs.1), stored(ours.1)) {
            self.ids.insert(theirs, ours);
        }
        if let (Reply::Token(theirs), Reply::Token(ours)) = (&theirs.1.reply, &ours.1.reply) {
            self.tokens.push(((*theirs).into(), (*ours).into()));
        }
    }
}

/// The id that came into the store.
const fn stored(effects: &Effects) -> Option<SessionId> {
    match &effects.store {
        Some(StoreOp::Put { id, .. } | StoreOp::Create { id, .. }) => Some(*id),
        Some(StoreOp::Rotate { to, .. }) => Some(*to),
        _ => None,
    }
}
