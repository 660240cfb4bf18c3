//! Which calls may come next, by what the calls before them have made of the store.

use std::collections::HashMap;

use quixote_session::{Handle, SessionId, SmolStr, StoreOp};

use super::{Effect, NoOrder, Node, Place};

/// The parts of a row that conditions compare.
struct Row {
    revision: u64,
    user: Option<SmolStr>,
    handle: Option<Handle>,
}

/// The store after the calls that are in order, and the calls still to come.
pub(super) struct Sorter {
    rows: HashMap<SessionId, Row>,
    generations: HashMap<SmolStr, u64>,
    /// How many calls still have to see this revision of this id.
    seen: HashMap<(SessionId, u64), usize>,
    seen_generations: HashMap<(SmolStr, u64), usize>,
}

impl Sorter {
    pub(super) fn new(requests: &[Vec<Node>]) -> Self {
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

    /// Whether no more than so many calls still have to see this session unchanged.
    fn is_seen(&self, id: SessionId, but: usize) -> bool {
        let Some(revision) = self.revision(id) else { return true };
        self.seen.get(&(id, revision)).copied().unwrap_or_default() <= but
    }

    pub(super) fn may_be_next(&self, node: &Node) -> bool {
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
    pub(super) fn idles(&self, node: &Node) -> Option<Handle> {
        let Effect::Did { op: op @ StoreOp::DeleteHandle { handle, .. }, .. } = &node.effect else {
            return None;
        };
        self.removes(op).is_empty().then_some(*handle)
    }

    /// The error if these calls could be next, but none of them may.
    pub(super) fn no_order<'a>(
        &self,
        before: Vec<Place>,
        stuck: impl Iterator<Item = &'a Node>,
        idle: &[(Place, Handle)],
    ) -> (NoOrder, Option<Place>) {
        let (mut waits, mut missed) = (Vec::new(), Vec::new());
        for node in stuck {
            waits.push(self.complain(node));
            // The call did not find it, although it is there.
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

    pub(super) fn carry_out(&mut self, node: &Node) {
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

    /// Why a call has no place, without secrets.
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

/// The session that has another revision after the operation, or is gone.
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
