//! The arena of session objects, which the store's index and the open requests point into.
//!
//! Live sharing is aliasing: several requests and the store hold one object, and whoever changes
//! it changes it for all. An object lives while it is stored or held. Objects stand in chunks that
//! never move, so growing copies nothing and at most one chunk is spare.

use alloc::vec::Vec;

use crate::session::Session;
use crate::token::SessionId;

/// Where an object stands in the arena.
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
enum Entry {
    Used(Object),
    Free { next: Option<Slot> },
}

#[derive(Clone, Default)]
pub(crate) struct Objects {
    chunks: Vec<Vec<Entry>>,
    free: Option<Slot>,
}

impl Objects {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), free: None }
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Object> {
        match self.chunks.get(slot.chunk())?.get(slot.place())? {
            Entry::Used(object) => Some(object),
            Entry::Free { .. } => None,
        }
    }

    /// Whether an object stands there that is or was stored under `id`.
    pub(crate) fn has_id(&self, slot: Slot, id: &SessionId) -> bool {
        self.get(slot).is_some_and(|object| object.id.as_ref() == Some(id))
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Object> {
        match self.entry(slot)? {
            Entry::Used(object) => Some(object),
            Entry::Free { .. } => None,
        }
    }

    /// Adds an object that nobody keeps alive yet: the caller stores or holds it at once.
    pub(crate) fn insert(&mut self, object: Object) -> Slot {
        if let Some(slot) = self.free {
            if let Some(entry) = self.entry(slot)
                && let Entry::Free { next } = core::mem::replace(entry, Entry::Used(object))
            {
                self.free = next;
            }
            return slot;
        }
        self.append(object)
    }

    fn append(&mut self, object: Object) -> Slot {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == Slot::CHUNK) {
            // The first chunk grows from nothing, for states of a handful of sessions.
            let room = if self.chunks.is_empty() { 0 } else { Slot::CHUNK };
            self.chunks.push(Vec::with_capacity(room));
        }
        let full = self.chunks.len().saturating_sub(1).saturating_mul(Slot::CHUNK);
        let place = self.chunks.last().map_or(0, Vec::len);
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(Entry::Used(object));
        }
        // INVARIANT: stored and held objects are counted in 31 bits each, so their sum fits 32.
        Slot(u32::try_from(full.saturating_add(place)).unwrap_or(u32::MAX))
    }

    pub(crate) fn hold(&mut self, slot: Slot) {
        if let Some(object) = self.get_mut(slot) {
            object.holders = object.holders.saturating_add(1);
        }
    }

    pub(crate) fn release(&mut self, slot: Slot) {
        if let Some(object) = self.get_mut(slot) {
            object.holders = object.holders.saturating_sub(1);
            self.free_if_dead(slot);
        }
    }

    pub(crate) fn set_stored(&mut self, slot: Slot, stored: bool) {
        if let Some(object) = self.get_mut(slot) {
            object.stored = stored;
            self.free_if_dead(slot);
        }
    }

    /// Every object, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Object> {
        self.chunks.iter().flatten().filter_map(|entry| match entry {
            Entry::Used(object) => Some(object),
            Entry::Free { .. } => None,
        })
    }

    /// Every object that is stored, with its id, in no particular order.
    pub(crate) fn stored(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.iter()
            .filter(|object| object.stored)
            .filter_map(|object| Some((object.id?, &object.session)))
    }

    // [state-3]
    fn free_if_dead(&mut self, slot: Slot) {
        let next = self.free;
        if let Some(entry) = self.entry(slot)
            && matches!(entry, Entry::Used(object) if !object.stored && object.holders == 0)
        {
            *entry = Entry::Free { next };
            self.free = Some(slot);
        }
    }

    fn entry(&mut self, slot: Slot) -> Option<&mut Entry> {
        self.chunks.get_mut(slot.chunk())?.get_mut(slot.place())
    }
}

#[cfg(test)]
mod tests {
    use super::{Object, Objects, Slot};
    use crate::{Session, Timestamp};

    fn object() -> Object {
        created(0)
    }

    fn created(at: u64) -> Object {
        Object::new(None, Session::new("".into(), Timestamp(at)))
    }

    // [state-3]
    #[test]
    fn an_object_lives_while_it_is_stored_or_held() {
        let mut objects = Objects::new();
        let slot = objects.insert(object());
        objects.hold(slot);
        objects.hold(slot);
        objects.set_stored(slot, true);
        objects.release(slot);
        objects.set_stored(slot, false);
        assert!(objects.get(slot).is_some(), "one holder is left");
        objects.release(slot);
        assert!(objects.get(slot).is_none());
        assert_eq!(objects.insert(object()), slot, "the place is used again");
    }

    #[test]
    fn chunks_do_not_move_and_places_are_distinct() {
        let mut objects = Objects::new();
        let slots: alloc::vec::Vec<Slot> = (0..3_000)
            .map(|number| {
                let slot = objects.insert(created(number));
                objects.hold(slot);
                slot
            })
            .collect();
        assert_eq!(objects.iter().count(), 3_000);
        let chunks: alloc::vec::Vec<_> = objects.chunks.iter().map(alloc::vec::Vec::len).collect();
        assert_eq!(chunks, [1_024, 1_024, 952]);
        assert!(slots.windows(2).all(|pair| pair[0] < pair[1]));
        for (slot, number) in slots.iter().zip(0..) {
            let found = objects.get(*slot).map(|object| object.session.created());
            assert_eq!(found, Some(Timestamp(number)));
        }
    }
}
