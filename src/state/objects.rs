//! The arena of session objects, which the store's index and the open requests point into.
//!
//! Live sharing is aliasing: several requests and the store hold one object, and a change by one
//! is a change for all. An object lives while it is stored or held. Objects are kept in chunks that
//! never move, so growing copies nothing and at most one chunk is spare.

use alloc::vec::Vec;

use crate::session::Session;
use crate::token::SessionId;

/// The place of an object in the arena.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Slot(u32);

impl Slot {
    const CHUNK: usize = 1_024;

    const fn chunk(self) -> usize {
        self.0 as usize / Self::CHUNK
    }

    const fn place(self) -> usize {
        self.0 as usize % Self::CHUNK
    }
}

/// A session, the id that it was once stored under, and who keeps it alive.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) session: Session,
    pub(crate) id: Option<SessionId>,
    stored: bool,
    holders: u32,
}

impl Object {
    pub(crate) const fn new(id: Option<SessionId>, session: Session) -> Self {
        Self { session, id, stored: false, holders: 0 }
    }
}

#[derive(Clone)]
pub(crate) struct Objects {
    chunks: Vec<Vec<Option<Object>>>,
    /// How many places there are, used or free.
    places: u32,
    /// Free places, which are used again before new ones are added.
    free: Vec<Slot>,
}

impl Objects {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), places: 0, free: Vec::new() }
    }

    #[expect(clippy::expect_used, reason = "a slot that is known leads to an object")]
    pub(crate) fn get(&self, slot: Slot) -> &Object {
        let place = self.chunks.get(slot.chunk()).and_then(|chunk| chunk.get(slot.place()));
        // INVARIANT: the index knows a slot while its object is stored, and a request while it
        // holds it. An object goes when neither does, so a slot that is known leads to one.
        place.and_then(Option::as_ref).expect("an object that is stored or held")
    }

    #[expect(clippy::expect_used, reason = "a slot that is known leads to an object")]
    pub(crate) fn get_mut(&mut self, slot: Slot) -> &mut Object {
        // INVARIANT: the same as that of `get`.
        self.place(slot).and_then(Option::as_mut).expect("an object that is stored or held")
    }

    /// Adds an object that nobody keeps alive yet: the caller stores or holds it at once.
    pub(crate) fn insert(&mut self, object: Object) -> Slot {
        let slot = self.free.pop().unwrap_or_else(|| self.new_place());
        if let Some(place) = self.place(slot) {
            *place = Some(object);
        }
        slot
    }

    fn new_place(&mut self) -> Slot {
        let slot = Slot(self.places);
        // INVARIANT: steps store and hold at most 2^31 − 1 objects each, so their sum fits 32 bits.
        // A driver could load more, but 2^32 sessions would take more than 600 GB.
        self.places = self.places.saturating_add(1);
        if slot.place() == 0 {
            // The first chunk grows from nothing, for states of a handful of sessions.
            let room = if self.chunks.is_empty() { 0 } else { Slot::CHUNK };
            self.chunks.push(Vec::with_capacity(room));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(None);
        }
        slot
    }

    pub(crate) fn hold(&mut self, slot: Slot) {
        let object = self.get_mut(slot);
        object.holders = object.holders.saturating_add(1);
    }

    pub(crate) fn release(&mut self, slot: Slot) {
        self.change(slot, |object| object.holders = object.holders.saturating_sub(1));
    }

    pub(crate) fn set_stored(&mut self, slot: Slot, stored: bool) {
        self.change(slot, |object| object.stored = stored);
    }

    /// Every object, in no particular order.
    #[cfg(any(test, feature = "check"))]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Object> {
        self.chunks.iter().flatten().flatten()
    }

    /// Every object that is stored, with its id, in no particular order; chunk by chunk, as a loop
    /// over each is twice as fast as one over all.
    pub(crate) fn stored_by_chunk(
        &self,
    ) -> impl Iterator<Item = impl Iterator<Item = (SessionId, &Session)>> {
        self.chunks.iter().map(|chunk| {
            let stored = chunk.iter().flatten().filter(|object| object.stored);
            stored.filter_map(|object| Some((object.id?, &object.session)))
        })
    }

    /// Changes who keeps the object alive, and frees its place if nobody does.
    // [state-4]
    fn change(&mut self, slot: Slot, change: impl FnOnce(&mut Object)) {
        let dead = self.place(slot).and_then(|place| {
            change(place.as_mut()?);
            place.take_if(|object| !object.stored && object.holders == 0)
        });
        if dead.is_some() {
            self.free.push(slot);
        }
    }

    fn place(&mut self, slot: Slot) -> Option<&mut Option<Object>> {
        self.chunks.get_mut(slot.chunk())?.get_mut(slot.place())
    }
}

#[cfg(test)]
mod tests {
    use super::{Object, Objects, Slot};
    use crate::{Session, Timestamp};

    impl Objects {
        /// How many places there are, used or free.
        pub(crate) fn places(&self) -> usize {
            self.chunks.iter().map(alloc::vec::Vec::len).sum()
        }
    }

    #[test]
    fn chunks_do_not_move_and_places_are_distinct() {
        let mut objects = Objects::new();
        let slots: alloc::vec::Vec<Slot> = (0..3_000)
            .map(|number| {
                let session = Session::new("".into(), Timestamp(number));
                let slot = objects.insert(Object::new(None, session));
                objects.hold(slot);
                slot
            })
            .collect();
        assert_eq!(objects.iter().count(), 3_000);
        let chunks: alloc::vec::Vec<_> = objects.chunks.iter().map(alloc::vec::Vec::len).collect();
        assert_eq!(chunks, [1_024, 1_024, 952]);
        assert!(slots.windows(2).all(|pair| pair[0] < pair[1]));
        for (slot, number) in slots.iter().zip(0..) {
            assert_eq!(objects.get(*slot).session.created(), Timestamp(number));
        }
    }
}
