//! What the machine remembers, and the questions that change nothing.

use alloc::vec::Vec;
use core::fmt;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use smol_str::SmolStr;

use crate::event::RequestId;
use crate::objects::{Object, Objects, Slot};
use crate::presented::CookieValue;
use crate::request::Request;
use crate::session::{Session, SessionRef};
use crate::token::SessionId;

/// The stored sessions and the requests in flight.
///
/// Only [`step`](crate::step) makes new states out of old ones. Two states are equal, and hash
/// alike, if no sequence of events could tell them apart by what they hold and what is shared;
/// how they came about does not count. Cloning, comparing and hashing look at everything.
///
/// The queries are the mapping interface of Quixote's `SessionManager`. They show what is stored,
/// also what is out of time by the limits of the strict semantics and not swept yet.
///
/// ```
/// use quixote_session::{Session, SessionId, State, Timestamp};
///
/// let id: SessionId = "00000000000000a1".parse()?;
/// let session = Session::new("192.0.2.1".into(), Timestamp(0));
/// let state = State::new().with_stored(id, Some(session.clone()));
/// assert_eq!(state.get(&id), Some(&session));
/// assert_eq!(state.keys(), [id]);
/// # Ok::<(), quixote_session::NotHex>(())
/// ```
#[derive(Clone)]
pub struct State {
    pub(crate) objects: Objects,
    stored: HashTable<Indexed>,
    pub(crate) requests: HashTable<(RequestId, Request)>,
}

/// Where the session stands whose id folds to these bits. They save a look at the object where ids
/// differ, and let the index grow without one.
#[derive(Clone, Copy)]
struct Indexed {
    fold: u32,
    slot: Slot,
}

impl State {
    /// No session, no request.
    #[must_use]
    pub const fn new() -> Self {
        Self { objects: Objects::new(), stored: HashTable::new(), requests: HashTable::new() }
    }

    /// The same requests over a store in which `session`, or nothing, stands under `id`.
    ///
    /// No transition: a statement about a store that this state does not own. A driver whose
    /// sessions live outside the process loads one this way before it starts a request, and loads
    /// it again when a condition of a [`StoreOp`](crate::StoreOp) did not hold, to send the same
    /// event once more.
    // [state-6] [driver-8] [driver-9] [driver-10]
    #[must_use]
    pub fn with_stored(mut self, id: SessionId, session: Option<Session>) -> Self {
        match session {
            Some(session) => {
                self.store_copy(id, session);
            }
            None => {
                self.unstore(&id);
            }
        }
        self
    }

    /// The session stored under `id`.
    #[must_use]
    pub fn get(&self, id: &SessionId) -> Option<&Session> {
        Some(&self.objects.get(self.slot_of(id)?)?.session)
    }

    /// Whether a session is stored under `id`.
    #[must_use]
    pub fn has_session(&self, id: &SessionId) -> bool {
        self.slot_of(id).is_some()
    }

    /// How many sessions are stored.
    #[must_use]
    pub fn len(&self) -> usize {
        self.stored.len()
    }

    /// Whether no session is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stored.is_empty()
    }

    /// The ids of all stored sessions, in order: Quixote's `keys` and `sorted_keys` in one.
    #[must_use]
    pub fn keys(&self) -> Vec<SessionId> {
        self.items().into_iter().map(|(id, _)| id).collect()
    }

    /// All stored sessions, in the order of their ids.
    #[must_use]
    pub fn values(&self) -> Vec<&Session> {
        self.items().into_iter().map(|(_, session)| session).collect()
    }

    /// All stored sessions with their ids, in the order of these.
    // [state-1]
    #[must_use]
    pub fn items(&self) -> Vec<(SessionId, &Session)> {
        let mut items: Vec<_> = self.objects.stored().collect();
        items.sort_unstable_by_key(|(id, _)| *id);
        items
    }

    /// The ids of one user's stored sessions, in order. Looks at every stored session.
    #[must_use]
    pub fn sessions_of(&self, user: &str) -> Vec<SessionId> {
        self.ids_where(|session| session.user.as_deref() == Some(user))
    }

    /// The requests in flight, in the order of their numbers.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestId> {
        let mut requests: Vec<_> = self.requests.iter().map(|(request, _)| *request).collect();
        requests.sort_unstable();
        requests
    }

    /// How many requests are in flight.
    #[must_use]
    pub fn open_requests(&self) -> usize {
        self.requests.len()
    }

    /// Whether the request is in flight.
    #[must_use]
    pub fn is_open(&self, request: RequestId) -> bool {
        self.request(request).is_some()
    }

    /// The session that a request holds, as the request sees it: its own changes included. None if
    /// the request is not open, or its session was expired.
    // [state-5]
    #[must_use]
    pub fn session(&self, request: RequestId) -> Option<SessionRef<'_>> {
        let object = self.objects.get(self.request(request)?.held?)?;
        Some(SessionRef { id: object.id, session: &object.session })
    }

    /// The value of the session cookie as the rest of the request sees it: None if it carried
    /// none, or the cookie has been revoked since.
    #[must_use]
    pub fn request_cookie(&self, request: RequestId) -> Option<&CookieValue> {
        self.request(request)?.data.cookie.as_ref()
    }

    pub(crate) fn ids_where(&self, wanted: impl Fn(&Session) -> bool) -> Vec<SessionId> {
        let chosen = self.objects.stored().filter(|(_, session)| wanted(session));
        let mut ids: Vec<_> = chosen.map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids
    }

    // [state-2]
    pub(crate) fn slot_of(&self, id: &SessionId) -> Option<Slot> {
        let fold = fold_of_id(id);
        let names = |own: &Indexed| own.fold == fold && self.objects.has_id(own.slot, id);
        self.stored.find(hash_of_fold(fold), names).map(|own| own.slot)
    }

    /// Stores a held object itself: from now on it is shared.
    pub(crate) fn store_object(&mut self, id: SessionId, slot: Slot) {
        if let Some(object) = self.objects.get_mut(slot) {
            object.id = Some(id);
        }
        self.objects.set_stored(slot, true);
        let Self { objects, stored, .. } = self;
        let fold = fold_of_id(&id);
        let names = |own: &Indexed| own.fold == fold && objects.has_id(own.slot, &id);
        match stored.entry(hash_of_fold(fold), names, |own| hash_of_fold(own.fold)) {
            Entry::Occupied(mut entry) => {
                let before = core::mem::replace(&mut entry.get_mut().slot, slot);
                if before != slot {
                    objects.set_stored(before, false);
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(Indexed { fold, slot });
            }
        }
    }

    /// Stores an object that no request holds.
    pub(crate) fn store_copy(&mut self, id: SessionId, session: Session) {
        let slot = self.objects.insert(Object::new(Some(id), session));
        self.store_object(id, slot);
    }

    /// Removes what is stored under `id`, if anything is; says whether it was. The object lives
    /// on while a request holds it.
    pub(crate) fn unstore(&mut self, id: &SessionId) -> bool {
        let objects = &self.objects;
        let fold = fold_of_id(id);
        let names = |own: &Indexed| own.fold == fold && objects.has_id(own.slot, id);
        let entry = self.stored.find_entry(hash_of_fold(fold), names);
        let removed = entry.map(|entry| entry.remove().0.slot);
        if let Ok(slot) = removed {
            self.objects.set_stored(slot, false);
        }
        removed.is_ok()
    }

    pub(crate) fn request(&self, request: RequestId) -> Option<&Request> {
        let found = self.requests.find(hash_of_request(request), |(own, _)| *own == request);
        found.map(|(_, found)| found)
    }

    pub(crate) fn request_mut(&mut self, request: RequestId) -> Option<&mut Request> {
        self.objects_and_request(request).1
    }

    /// The arena beside one request, both to be changed.
    pub(crate) fn objects_and_request(
        &mut self,
        request: RequestId,
    ) -> (&mut Objects, Option<&mut Request>) {
        let Self { objects, requests, .. } = self;
        let found = requests.find_mut(hash_of_request(request), |(own, _)| *own == request);
        (objects, found.map(|(_, found)| found))
    }

    /// Adds a request that is not open yet. What it holds is held already.
    pub(crate) fn open(&mut self, request: RequestId, opened: Request) {
        let rehash = |(own, _): &(RequestId, Request)| hash_of_request(*own);
        self.requests.insert_unique(hash_of_request(request), (request, opened), rehash);
    }

    /// Takes a request out and releases what it held; what is left of it is its script's name.
    pub(crate) fn close(&mut self, request: RequestId) -> Option<SmolStr> {
        let hash = hash_of_request(request);
        let entry = self.requests.find_entry(hash, |(own, _)| *own == request).ok()?;
        let ((_, closed), _) = entry.remove();
        if let Some(slot) = closed.held {
            self.objects.release(slot);
        }
        Some(closed.data.script_name)
    }

    /// Gives the request another object to hold, or none, and releases what it held.
    pub(crate) fn hold_instead(&mut self, request: RequestId, object: Option<Object>) {
        let held = object.map(|object| self.hold_new(object));
        if let Some(open) = self.request_mut(request)
            && let Some(slot) = core::mem::replace(&mut open.held, held)
        {
            self.objects.release(slot);
        }
    }

    /// Adds an object for a request to hold.
    pub(crate) fn hold_new(&mut self, object: Object) -> Slot {
        let slot = self.objects.insert(object);
        self.objects.hold(slot);
        slot
    }
}

impl Default for State {
    fn default() -> Self {
        Self::new()
    }
}

/// How many there are of each kind; a listing would grow with the store.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("sessions", &self.len())
            .field("open_requests", &self.open_requests())
            .finish_non_exhaustive()
    }
}

/// Ids are random bytes that no client can choose, so a fold of them is hash enough.
#[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
fn fold_of_id(id: &SessionId) -> u32 {
    let halves = id.reveal_bytes().as_chunks::<8>().0;
    let fold = halves.iter().fold(0, |hash, half| mix(hash) ^ u64::from_le_bytes(*half));
    (fold ^ (fold >> 32)) as u32
}

const fn hash_of_fold(fold: u32) -> u64 {
    mix(fold as u64)
}

fn hash_of_request(request: RequestId) -> u64 {
    mix(request.0)
}

/// Spreads a number over all 64 bits: the two halves of its product with the golden ratio.
#[expect(clippy::cast_possible_truncation, reason = "both halves of the product are used")]
const fn mix(number: u64) -> u64 {
    let product = (number as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]
mod tests {
    use super::{State, fold_of_id, hash_of_fold, hash_of_request};
    use crate::{RequestId, Session, SessionId, Timestamp};

    /// A table takes the place from the low bits of a hash and a tag from the seven top ones, so
    /// numbers that differ anywhere have to differ there.
    fn spread(hashes: impl Iterator<Item = u64>) {
        let (mut low, mut top) = ([0_u32; 256], [0_u32; 128]);
        for hash in hashes {
            low[usize::from(hash.to_le_bytes()[0])] += 1;
            top[usize::from(hash.to_be_bytes()[0] >> 1)] += 1;
        }
        // 2,048 hashes: 8 and 16 on average.
        assert!(low.iter().all(|count| *count < 32), "{low:?}");
        assert!(top.iter().all(|count| (1..64).contains(count)), "{top:?}");
    }

    /// Ids whose bytes from `place` on count, and whose other bytes are `rest`.
    fn ids(place: usize, rest: u8) -> impl Iterator<Item = SessionId> {
        (0..2_048_u16).map(move |number| {
            let mut bytes = [rest; 16];
            bytes[place..place + 2].copy_from_slice(&number.to_be_bytes());
            bytes.into()
        })
    }

    // [state-2]
    #[test]
    fn ids_that_fold_alike_are_told_apart() {
        let ids = [1_u64, 1 << 32].map(|number| SessionId::from(number.to_be_bytes()));
        assert_eq!(fold_of_id(&ids[0]), fold_of_id(&ids[1]));
        for (gone, kept, created) in [(ids[0], ids[1], 2), (ids[1], ids[0], 1)] {
            let mut state = State::new();
            for (id, now) in ids.into_iter().zip(1..) {
                state.store_copy(id, Session::new("".into(), Timestamp(now)));
            }
            assert!(state.unstore(&gone) && !state.has_session(&gone));
            assert_eq!(state.get(&kept).map(Session::created), Some(Timestamp(created)));
        }
    }

    #[test]
    fn hashes_spread_over_all_of_a_table() {
        for place in [0, 3, 6, 8, 11, 14] {
            for rest in [0, 0x5e, 0xff] {
                spread(ids(place, rest).map(|id| hash_of_fold(fold_of_id(&id))));
            }
        }
        for step in [1, 1 << 20, 1 << 40, 1 << 50] {
            spread((0..2_048).map(|number| hash_of_request(RequestId(number * step))));
        }
    }
}
