//! Graphs with one wrong key in one line, for each key that the comparison looks at.

use serde_json::{Value, json};

use crate::graph::{ChangesRow, Graph, RequestRow, Seen, SessionRow, StateRow};

/// Changes one thing in a step, or in the state that it leads to, and says whether that thing was
/// there.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    Step(fn(&mut Seen) -> bool),
    State(fn(&mut StateRow) -> bool),
}

/// All changes, by name.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, Change)> {
    let steps = STEPS.iter().map(|(what, change)| (*what, Change::Step(*change)));
    steps.chain(STATES.iter().map(|(what, change)| (*what, Change::State(*change))))
}

/// The graph after the first possible change; None if nothing can be changed.
pub(crate) fn changed(mut graph: Graph, change: Change) -> Option<Graph> {
    let found = match change {
        Change::Step(change) => graph.steps.iter_mut().flatten().any(|(seen, _)| change(seen)),
        // The first state is the initial one, which is compared separately.
        Change::State(change) => graph.states.iter_mut().skip(1).any(change),
    };
    found.then_some(graph)
}

type OfStep = (&'static str, fn(&mut Seen) -> bool);
type OfState = (&'static str, fn(&mut StateRow) -> bool);

const STEPS: &[OfStep] = &[
    ("reply", |seen| replace(&mut seen.reply, "done", json!("other"))),
    ("operation", |seen| seen.op.is_array() && set(&mut seen.op, Value::Null)),
    ("written session", |seen| {
        let session = seen.op.as_array_mut().and_then(|op| op.last_mut());
        session.and_then(Value::as_array_mut).is_some_and(|row| set(&mut row[5], json!(77)))
    }),
    ("condition on the generation", |seen| {
        let other = json!(seen.op[3] == false);
        seen.op[0] == "Rotate" && set(&mut seen.op[3], other)
    }),
    ("end of the transaction", |seen| seen.end.is_some() && set(&mut seen.end, None)),
    ("cookie", |seen| seen.change.is_some() && set(&mut seen.change, None)),
    ("path", |seen| seen.path.is_some() && set(&mut seen.path, Some("/elsewhere/".into()))),
    ("draw", |seen| !seen.draws.is_empty() && set(&mut seen.draws, Vec::new())),
];

const STATES: &[OfState] = &[
    ("stored id", |state| stored(state, |session| set(&mut session.id, Some(77)))),
    ("stored handle", |state| stored(state, |s| s.handle.is_some() && set(&mut s.handle, None))),
    ("stored user", |state| stored(state, |session| set(&mut session.user, Some("eve".into())))),
    ("stored values", |state| {
        stored(state, |s| !s.values.is_empty() && set(&mut s.values, vec![]))
    }),
    ("stored tokens", |state| {
        stored(state, |s| !s.tokens.is_empty() && set(&mut s.tokens, vec![]))
    }),
    ("stored creation", |state| stored(state, |session| set(&mut session.created, 0))),
    ("stored access", |state| stored(state, |session| set(&mut session.accessed, 77))),
    ("held session", |state| {
        let mut held = state.held.iter_mut().flatten();
        held.next().is_some_and(|session| set(&mut session.user, Some("eve".into())))
    }),
    ("mount", |state| request(state, |request| set(&mut request.mount, "/other".into()))),
    ("request cookie", |state| request(state, |r| r.cookie.is_some() && set(&mut r.cookie, None))),
    ("hold", |state| request(state, |r| r.holds.is_some() && set(&mut r.holds, None))),
    ("cookie so far", |state| {
        request(state, |r| r.response.is_some() && set(&mut r.response, None))
    }),
    ("user set", |state| {
        changes(state, |c| c.at.is_some() && set(&mut c.user, Some("eve".into())))
    }),
    ("moment of the login", |state| changes(state, |c| c.at.is_some() && set(&mut c.at, Some(77)))),
    ("end of the login", |state| changes(state, |c| c.at.is_some() && set(&mut c.ended, true))),
    ("what outlives the user", |state| {
        changes(state, |c| c.keeps == "values" && set(&mut c.keeps, "nothing".into()))
    }),
    ("renewal", |state| changes(state, |changes| changes.renew && set(&mut changes.renew, false))),
    ("values set", |state| changes(state, |c| !c.values.is_empty() && set(&mut c.values, vec![]))),
    ("guards", |state| changes(state, |c| !c.guards.is_empty() && set(&mut c.guards, vec![]))),
    ("tokens created", |state| {
        changes(state, |c| !c.tokens.is_empty() && set(&mut c.tokens, vec![]))
    }),
    ("response", |state| {
        let mut responses = state.responses.iter_mut().flatten();
        responses.next().is_some_and(|response| set(&mut response.sent, Some(77)))
    }),
    ("jar", |state| state.jars.iter_mut().any(|jar| !jar.is_empty() && set(jar, vec![]))),
    ("clock", |state| set(&mut state.now, 77)),
];

fn stored(state: &mut StateRow, change: fn(&mut SessionRow) -> bool) -> bool {
    state.stored.iter_mut().flatten().any(change)
}

fn request(state: &mut StateRow, change: fn(&mut RequestRow) -> bool) -> bool {
    state.requests.iter_mut().flatten().any(change)
}

fn changes(state: &mut StateRow, change: fn(&mut ChangesRow) -> bool) -> bool {
    state.requests.iter_mut().flatten().any(|request| change(&mut request.changes))
}

/// Replaces a value, and says whether the new one is different.
fn set<T: PartialEq>(place: &mut T, value: T) -> bool {
    let differs = *place != value;
    *place = value;
    differs
}

fn replace(place: &mut Value, before: &str, value: Value) -> bool {
    place == before && set(place, value)
}
