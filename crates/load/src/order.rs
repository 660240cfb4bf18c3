//! One order of everything that two processes did, such that the store would have answered the
//! same.
//!
//! Each call took effect at one moment: when its write was carried out or, if it wrote nothing,
//! when it looked at the store last. From outside only an interval is known in which that moment
//! lies. But what was written replaces one revision by another, and whoever looks says which it has
//! seen: so who looked or wrote before whom follows. What is left open makes no difference.

use std::collections::{HashMap, VecDeque};

use quixote_session::{Event, Handle, Refusal, RequestEvent, SessionId, SmolStr, StoreOp};

use crate::wire::{Called, During, Told, What, Why};

/// A call at its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which request, in the order in which they were told.
    pub(crate) request: usize,
    /// Which of its calls.
    pub(crate) call: usize,
}

/// There is no such order.
pub(crate) struct NoOrder {
    /// What could be put in order before.
    pub(crate) before: Vec<Place>,
    /// The calls that could be next, but wait for each other, or for what never was.
    pub(crate) waits: Vec<String>,
}

/// What a call saw or did of the store.
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
    /// A session that it has looked for and that had left the store: for ever.
    gone: Option<SessionId>,
}

/// A row, as far as conditions ask.
struct Row {
    revision: u64,
    user: Option<SmolStr>,
    handle: Option<Handle>,
}

/// So many ends by handle may come later than they could.
const MOST_LATE: usize = 100;

/// Puts the calls in order.
///
/// An end by handle that finds no session of its user may have come before a login made the session
/// that user's, or after that, and ended it. Which of the two, only who misses the session shows:
/// then the last such end of its handle is put where it finds one.
pub(crate) fn order(history: &[Told]) -> Result<Vec<Place>, NoOrder> {
    let mut late = Vec::new();
    loop {
        match order_with(history, &late) {
            Err((_, Some(early))) if late.len() < MOST_LATE => late.push(early),
            ordered => return ordered.map_err(|(no_order, _)| no_order),
        }
    }
}

/// The same, where these ends by handle must find a session. If there is none, the end that came
/// too early for whoever misses a session.
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
        // What began after another had ended comes after it.
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
    // Given up: nothing happened, and only a finish ends the request all the same.
    if called.result == Err(Why::Busy) {
        return None;
    }
    // Of whose user is asked beside a session that counts for a save, and for what was refused for
    // that alone.
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
            // A noted access is no condition of anything, and after a lost race follows another
            // look.
            What::Generation { .. } | What::Write { .. } | What::Failed => continue,
        };
        (node.during, node.effect) = (asked.during, effect);
    }
    Some(node)
}

/// The store as the order makes it, and what is still to come.
struct Sorter {
    rows: HashMap<SessionId, Row>,
    generations: HashMap<SmolStr, u64>,
    /// How many calls still have to see this revision of this id.
    seen: HashMap<(SessionId, u64), usize>,
    seen_generations: HashMap<(SmolStr, u64), usize>,
}

impl Sorter {
    fn new(requests: &[Vec<Node>]) -> Self {
        let mut sorter = Self {
            rows: HashMap::new(),
            generations: HashMap::new(),
            seen: HashMap::new(),
            seen_generations: HashMap::new(),
        };
        for node in requests.iter().flatten() {
            if let Some(saw) = node.effect.sees() {
                *sorter.seen.entry(saw).or_default() += 1;
            }
            if let Some(saw) = node.effect.sees_generation() {
                *sorter.seen_generations.entry(saw).or_default() += 1;
            }
        }
        sorter
    }

    fn revision(&self, id: SessionId) -> Option<u64> {
        self.rows.get(&id).map(|row| row.revision)
    }

    fn generation(&self, user: &SmolStr) -> u64 {
        self.generations.get(user).copied().unwrap_or_default()
    }

    /// Whether nobody but so many still has to see this session as it is.
    fn is_seen(&self, id: SessionId, but: usize) -> bool {
        let Some(revision) = self.revision(id) else { return true };
        self.seen.get(&(id, revision)).copied().unwrap_or_default() <= but
    }

    fn may_be_next(&self, node: &Node) -> bool {
        if node.gone.is_some_and(|id| self.rows.contains_key(&id)) {
            return false;
        }
        match &node.effect {
            Effect::Nothing => true,
            Effect::Saw { id, revision } => self.revision(*id) == *revision,
            Effect::SawGeneration { user, count } => self.generation(user) == *count,
            Effect::Did { op, expected, .. } => {
                let own = usize::from(expected.is_some());
                self.condition(op, *expected)
                    && self.removes(op).into_iter().all(|id| self.is_seen(id, 0))
                    && replaced(op).is_none_or(|id| self.is_seen(id, own))
                    && ended(op).is_none_or(|user| {
                        let now = (user.clone(), self.generation(user));
                        self.seen_generations.get(&now).copied().unwrap_or_default() == 0
                    })
            }
        }
    }

    /// The handle, if the call ends a session by it and finds none of its user.
    fn idles(&self, node: &Node) -> Option<Handle> {
        let Effect::Did { op: op @ StoreOp::DeleteHandle { handle, .. }, .. } = &node.effect else {
            return None;
        };
        self.removes(op).is_empty().then_some(*handle)
    }

    /// What there is to say if these calls could be next, and none may.
    fn no_order<'a>(
        &self,
        before: Vec<Place>,
        stuck: impl Iterator<Item = &'a Node>,
        idle: &[(Place, Handle)],
    ) -> (NoOrder, Option<Place>) {
        let (mut waits, mut missed) = (Vec::new(), Vec::new());
        for node in stuck {
            waits.push(self.complain(node));
            // Looked for in vain, although it is there.
            missed.extend(node.gone.and_then(|id| self.rows.get(&id)?.handle));
        }
        let early = idle.iter().rev().find(|(_, handle)| missed.contains(handle));
        (NoOrder { before, waits }, early.map(|(place, _)| *place))
    }

    fn condition(&self, op: &StoreOp, expected: Option<u64>) -> bool {
        let is_of = |user: Option<&SmolStr>, generation: &Option<u64>| {
            generation.is_none_or(|count| user.is_some_and(|user| self.generation(user) == count))
        };
        match op {
            StoreOp::Create { session, generation, .. } => is_of(session.user(), generation),
            StoreOp::Update { id, .. }
            | StoreOp::Discard { id }
            | StoreOp::DeleteUser { except: Some(id), .. } => self.revision(*id) == expected,
            StoreOp::Rotate { from, session, generation, .. } => {
                self.revision(*from) == expected && is_of(session.user(), generation)
            }
            StoreOp::DeleteUser { except: None, .. }
            | StoreOp::Put { .. }
            | StoreOp::Touch { .. }
            | StoreOp::Delete { .. }
            | StoreOp::DeleteHandle { .. }
            | StoreOp::DiscardOver { .. } => true,
        }
    }

    /// The sessions that an operation deletes whatever their revision.
    fn removes(&self, op: &StoreOp) -> Vec<SessionId> {
        let which = |is: &dyn Fn(&SessionId, &Row) -> bool| {
            let found = self.rows.iter().filter(|(id, row)| is(id, row));
            found.map(|(id, _)| *id).collect()
        };
        match op {
            StoreOp::Delete { id } => vec![*id],
            StoreOp::DeleteHandle { handle, user } => which(&|_, row| {
                row.handle == Some(*handle) && (user.is_none() || row.user == *user)
            }),
            StoreOp::DeleteUser { user, except } => {
                which(&|id, row| row.user.as_ref() == Some(user) && Some(*id) != *except)
            }
            StoreOp::Create { .. }
            | StoreOp::Update { .. }
            | StoreOp::Rotate { .. }
            | StoreOp::Discard { .. }
            | StoreOp::Put { .. }
            | StoreOp::Touch { .. }
            | StoreOp::DiscardOver { .. } => Vec::new(),
        }
    }

    fn carry_out(&mut self, node: &Node) {
        if let Some(saw) = node.effect.sees() {
            self.seen.entry(saw).and_modify(|count| *count -= 1);
        }
        if let Some(saw) = node.effect.sees_generation() {
            self.seen_generations.entry(saw).and_modify(|count| *count -= 1);
        }
        let Effect::Did { op, revision, .. } = &node.effect else { return };
        for id in self.removes(op) {
            self.rows.remove(&id);
        }
        if let Some(user) = ended(op) {
            *self.generations.entry(user.clone()).or_default() += 1;
        }
        match op {
            StoreOp::Create { id, session, .. }
            | StoreOp::Update { id, session }
            | StoreOp::Put { id, session }
            | StoreOp::Rotate { to: id, session, .. } => {
                if let StoreOp::Rotate { from, .. } = op {
                    self.rows.remove(from);
                }
                let (user, handle) = (session.user().cloned(), session.handle());
                self.rows.insert(*id, Row { revision: *revision, user, handle });
            }
            StoreOp::Discard { id } => drop(self.rows.remove(id)),
            StoreOp::Touch { .. }
            | StoreOp::Delete { .. }
            | StoreOp::DeleteHandle { .. }
            | StoreOp::DeleteUser { .. }
            | StoreOp::DiscardOver { .. } => {}
        }
    }

    /// Why a call has no place. It names no secret.
    fn complain(&self, node: &Node) -> String {
        let Place { request, call } = node.place;
        let what = match &node.effect {
            Effect::Nothing => "nothing".into(),
            Effect::Saw { id, revision } => {
                format!("saw {revision:?} where {:?} is", self.revision(*id))
            }
            Effect::SawGeneration { user, count } => {
                format!("saw generation {count} where {} is", self.generation(user))
            }
            Effect::Did { op, expected, .. } => {
                let holds = self.condition(op, *expected);
                format!("wrote {}: its condition holds: {holds}", name(op))
            }
        };
        format!("request {request}, call {call} {what}")
    }
}

impl Effect {
    fn sees(&self) -> Option<(SessionId, u64)> {
        match self {
            Self::Saw { id, revision } => revision.map(|revision| (*id, revision)),
            Self::Did { op, expected: Some(expected), .. } => {
                op.compares().map(|id| (id, *expected))
            }
            Self::Did { .. } | Self::SawGeneration { .. } | Self::Nothing => None,
        }
    }

    fn sees_generation(&self) -> Option<(SmolStr, u64)> {
        match self {
            Self::SawGeneration { user, count } => Some((user.clone(), *count)),
            Self::Did {
                op:
                    StoreOp::Create { session, generation: Some(count), .. }
                    | StoreOp::Rotate { session, generation: Some(count), .. },
                ..
            } => session.user().map(|user| (user.clone(), *count)),
            Self::Did { .. } | Self::Saw { .. } | Self::Nothing => None,
        }
    }
}

/// The session whose revision is another after the operation, or gone.
const fn replaced(op: &StoreOp) -> Option<SessionId> {
    match op {
        StoreOp::Update { id, .. } | StoreOp::Rotate { from: id, .. } | StoreOp::Discard { id } => {
            Some(*id)
        }
        StoreOp::Create { .. }
        | StoreOp::Put { .. }
        | StoreOp::Touch { .. }
        | StoreOp::Delete { .. }
        | StoreOp::DeleteHandle { .. }
        | StoreOp::DeleteUser { .. }
        | StoreOp::DiscardOver { .. } => None,
    }
}

const fn ended(op: &StoreOp) -> Option<&SmolStr> {
    if let StoreOp::DeleteUser { user, .. } = op { Some(user) } else { None }
}

const fn name(op: &StoreOp) -> &'static str {
    match op {
        StoreOp::Create { .. } => "create",
        StoreOp::Update { .. } => "update",
        StoreOp::Rotate { .. } => "rotate",
        StoreOp::Discard { .. } => "discard",
        StoreOp::Put { .. } => "put",
        StoreOp::Touch { .. } => "touch",
        StoreOp::Delete { .. } => "delete",
        StoreOp::DeleteHandle { .. } => "delete_handle",
        StoreOp::DeleteUser { .. } => "delete_user",
        StoreOp::DiscardOver { .. } => "discard_over",
    }
}

#[cfg(test)]
mod tests;
