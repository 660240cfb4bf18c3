//! The stored sessions: the arena of objects, and the index of those that are stored.

mod model;

use alloc::vec::Vec;
use core::hash::BuildHasher as _;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::HASHER;
use super::objects::{Object, Objects, Slot};
use crate::session::Session;
use crate::token::SessionId;

#[derive(Clone)]
pub(crate) struct Store {
    objects: Objects,
    index: HashTable<Indexed>,
}

/// The place of a session, and the bits that its id folds to. The bits mostly save a look at the
/// object if ids differ, and let the index grow without one.
#[derive(Clone, Copy)]
struct Indexed {
    fold: u32,
    slot: Slot,
}

impl Store {
    pub(crate) const fn new() -> Self {
        Self { objects: Objects::new(), index: HashTable::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The place of the session that is stored under `id`.
    // [state-3]
    pub(crate) fn find(&self, id: &SessionId) -> Option<Slot> {
        let fold = fold_of(id);
        self.index.find(hash_of(fold), |own| own.is_of(id, fold, &self.objects)).map(|own| own.slot)
    }

    pub(crate) fn has(&self, id: &SessionId) -> bool {
        self.find(id).is_some()
    }

    pub(crate) fn object(&self, slot: Slot) -> &Object {
        self.objects.get(slot)
    }

    pub(crate) fn object_mut(&mut self, slot: Slot) -> &mut Object {
        self.objects.get_mut(slot)
    }

    /// Every stored session, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.objects.stored_by_chunk().flatten()
    }

    /// The ids of the stored sessions that are wanted, in order.
    pub(crate) fn ids_where(&self, wanted: impl Fn(&Session) -> bool) -> Vec<SessionId> {
        let mut ids = Vec::new();
        // Chunk by chunk, as one chain of iterators would take twice as long.
        for stored in self.objects.stored_by_chunk() {
            ids.extend(stored.filter(|(_, session)| wanted(session)).map(|(id, _)| id));
        }
        ids.sort_unstable();
        ids
    }

    /// Stores `session` under `id`, as a new object: requests that hold the old object keep it.
    pub(crate) fn put(&mut self, id: SessionId, session: Session) {
        let slot = self.objects.insert(Object::new(Some(id), session));
        self.share(id, slot);
    }

    /// Changes what is stored under `id`, in place.
    pub(crate) fn replace(&mut self, id: &SessionId, session: Session) {
        if let Some(slot) = self.find(id) {
            self.object_mut(slot).session = session;
        }
    }

    /// Stores a held object itself: from now on the store shares it.
    pub(crate) fn share(&mut self, id: SessionId, slot: Slot) {
        self.object_mut(slot).id = Some(id);
        self.objects.set_stored(slot, true);
        let Self { objects, index } = self;
        let fold = fold_of(&id);
        let own = |own: &Indexed| own.is_of(&id, fold, objects);
        match index.entry(hash_of(fold), own, |own| hash_of(own.fold)) {
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

    /// Removes what is stored under `id`; returns whether there was anything. The object lives on
    /// while a request holds it.
    pub(crate) fn remove(&mut self, id: &SessionId) -> bool {
        let Self { objects, index } = self;
        let fold = fold_of(id);
        let found = index.find_entry(hash_of(fold), |own| own.is_of(id, fold, objects));
        let removed = found.map(|entry| objects.set_stored(entry.remove().0.slot, false));
        removed.is_ok()
    }

    /// Removes the stored sessions that are wanted.
    pub(crate) fn remove_where(&mut self, wanted: impl Fn(&Session) -> bool) {
        for id in &self.ids_where(wanted) {
            self.remove(id);
        }
    }

    /// One more request holds the object.
    pub(crate) fn hold(&mut self, slot: Slot) -> Slot {
        self.objects.hold(slot);
        slot
    }

    /// Adds an object for a request to hold.
    pub(crate) fn hold_new(&mut self, id: Option<SessionId>, session: Session) -> Slot {
        let slot = self.objects.insert(Object::new(id, session));
        self.hold(slot)
    }

    pub(crate) fn release(&mut self, slot: Slot) {
        self.objects.release(slot);
    }

    #[cfg(feature = "check")]
    pub(crate) fn objects(&self) -> impl Iterator<Item = &Object> {
        self.objects.iter()
    }
}

impl Indexed {
    fn is_of(self, id: &SessionId, fold: u32, objects: &Objects) -> bool {
        self.fold == fold && objects.get(self.slot).id.as_ref() == Some(id)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "half of a hash is hash enough")]
fn fold_of(id: &SessionId) -> u32 {
    HASHER.hash_one(id) as u32
}

/// Spreads a fold, which is half a hash already, over all bits that a table looks at.
fn hash_of(fold: u32) -> u64 {
    u64::from(fold).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::{fold_of, hash_of};

    /// A table takes the place from the low bits of a hash and a tag from the seven top ones, so
    /// ids that differ anywhere have to differ there.
    #[test]
    fn hashes_spread_over_all_of_a_table() {
        for place in [0, 6, 14] {
            let (mut low, mut top) = ([0_u32; 256], [0_u32; 128]);
            for number in 0..2_048_u16 {
                let mut bytes = [0x5e; 16];
                bytes[place..place + 2].copy_from_slice(&number.to_be_bytes());
                let hash = hash_of(fold_of(&bytes.into()));
                low[usize::from(hash.to_le_bytes()[0])] += 1;
                top[usize::from(hash.to_be_bytes()[0] >> 1)] += 1;
            }
            // 2,048 hashes: 8 and 16 on average.
            assert!(low.iter().all(|count| *count < 32), "{low:?}");
            assert!(top.iter().all(|count| (1..64).contains(count)), "{top:?}");
        }
    }
}
