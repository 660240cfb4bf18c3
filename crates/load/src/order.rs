//! Finds an order of everything that two processes did in which the store would have answered the
//! same.
//!
//! Each call took effect at one moment: when its write was carried out or, if it wrote nothing,
//! when it last looked at the store. Outside, only an interval around that moment is known. But a
//! write replaces one revision by another, and a load says which revision it saw, so it follows
//! which of two calls came first. Where it does not follow, the order makes no difference.

mod sorter;

use std::collections::VecDeque;

use quixote_session::{Event, Handle, Refusal, RequestEvent, SessionId, SmolStr, StoreOp};

use self::sorter::Sorter;
use crate::wire::{Called, During, Told, What, Why};

/// A call at its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which request, in the order in which their results came.
    pub(crate) request: usize,
    /// Which of its calls.
    pub(crate) call: usize,
}

/// There is no such order.
pub(crate) struct NoOrder {
    /// The calls that could be put in order before that.
    pub(crate) before: Vec<Place>,
    /// The calls that could be next, but wait for each other, or for something that never was.
    pub(crate) waits: Vec<String>,
}

/// What a call saw in the store, or did to it.
#[derive(Debug)]
enum Effect {
    Nothing,
    Saw { id: SessionId, revision: Option<u64> },
    SawGeneration { user: SmolStr, count: u64 },
    Did { op: StoreOp, expected: Option<u64>, revision: u64 },
}

struct Node {
    place: Place,
    during: During,
    effect: Effect,
    /// A session that it looked for, and that had left the store for ever.
    gone: Option<SessionId>,
}

/// How many ends by handle may come later than they could.
const MOST_LATE: usize = 100;

/// Puts the calls in order.
///
/// Assume that an end by handle finds no session of its user. Then it may have come before a login
/// made the session that user's, or after that login, and ended the session. Only a call that
/// misses the session shows which: then the last such end of its handle is put where it finds it.
pub(crate) fn order(history: &[Told]) -> Result<Vec<Place>, NoOrder> {
    let mut late = Vec::new();
    loop {
        match order_with(history, &late) {
            Err((_, Some(early))) if late.len() < MOST_LATE => late.push(early),
            ordered => return ordered.map_err(|(no_order, _)| no_order),
        }
    }
}

/// The same, but these ends by handle must find a session. If there is no such order, returns the
/// end that came too early for a call that misses its session.
fn order_with(history: &[Told], late: &[Place]) -> Result<Vec<Place>, (NoOrder, Option<Place>)> {
    let mut requests: Vec<Vec<Node>> = (history.iter().enumerate())
        .map(|(request, told)| nodes(request, told))
        .filter(|nodes| !nodes.is_empty())
        .collect();
    requests.sort_by_key(|nodes| nodes[0].during.began);
    let mut sorter = Sorter::new(&requests);
    let mut ordered = Vec::new();
    let mut idle: Vec<(Place, Handle)> = Vec::new();
    let mut waiting = requests.into_iter().peekable();
    let mut open: Vec<VecDeque<Node>> = Vec::new();
    loop {
        // A call that began after another had ended comes after that one.
        let mut first = heads(&open).map(|node| node.during.ended).min().unwrap_or(u64::MAX);
        while let Some(nodes) = waiting.next_if(|nodes| nodes[0].during.began <= first) {
            first = first.min(nodes[0].during.ended);
            open.push(nodes.into());
        }
        if open.is_empty() {
            return Ok(ordered);
        }
        let may_be_next = |(_, node): &(usize, &Node)| {
            let found = || !late.contains(&node.place) || sorter.idles(node).is_none();
            node.during.began <= first && sorter.may_be_next(node) && found()
        };
        let next = heads(&open).enumerate().filter(may_be_next);
        let Some((at, _)) = next.min_by_key(|(_, node)| node.during.ended) else {
            let stuck = heads(&open).filter(|node| node.during.began <= first);
            return Err(sorter.no_order(ordered, stuck, &idle));
        };
        if let Some(node) = open[at].pop_front() {
            idle.extend(sorter.idles(&node).map(|handle| (node.place, handle)));
            sorter.carry_out(&node);
            ordered.push(node.place);
        }
        if open[at].is_empty() {
            open.swap_remove(at);
        }
    }
}

/// The next call of each request.
fn heads(open: &[VecDeque<Node>]) -> impl Iterator<Item = &Node> {
    open.iter().filter_map(VecDeque::front)
}

/// The calls of a request, each with the moment at which it took effect.
fn nodes(request: usize, told: &Told) -> Vec<Node> {
    let calls = told.calls.iter().enumerate();
    calls.filter_map(|(call, called)| node(Place { request, call }, called)).collect()
}

fn node(place: Place, called: &Called) -> Option<Node> {
    // The call was given up, so nothing happened, except that a finish still ends the request.
    if called.result == Err(Why::Busy) {
        return None;
    }
    // The generation of the user, which a login asks for in addition to its session, counts for a
    // save, and for a refusal because of it.
    let rests_on_user = match (&called.event, called.unsaved) {
        (_, Some(why)) => why == Why::Refused(Refusal::UserEnded),
        (Event::Request { event: RequestEvent::FinishRequest { .. }, .. }, None) => true,
        (_, None) => called.result == Err(Why::Refused(Refusal::UserEnded)),
    };
    let mut node = Node { place, during: called.during, effect: Effect::Nothing, gone: None };
    for asked in called.asked.iter().filter(|_| called.unsaved != Some(Why::Busy)) {
        let saw_session = matches!(node.effect, Effect::Saw { .. });
        let effect = match &asked.what {
            What::Loaded { id, found } => {
                node.gone = found.is_none().then_some(*id);
                let revision = found.as_ref().map(|(revision, _)| *revision);
                Effect::Saw { id: *id, revision }
            }
            What::Generation { user, count } if rests_on_user || !saw_session => {
                Effect::SawGeneration { user: user.clone(), count: *count }
            }
            What::Write { op, expected, revision, done: true }
                if !matches!(op, StoreOp::Touch { .. }) =>
            {
                Effect::Did { op: op.clone(), expected: *expected, revision: *revision }
            }
            // A noted access is no condition of anything, and a lost race is followed by another
            // look.
            What::Generation { .. } | What::Write { .. } | What::Failed => continue,
        };
        (node.during, node.effect) = (asked.during, effect);
    }
    Some(node)
}

#[cfg(test)]
mod tests;
