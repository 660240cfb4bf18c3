//! The store beside a model of it: plain maps, without slots, folds and lists of free places.
//!
//! After every operation both must have the same sessions, held by the same requests and found
//! under the same ids, and must take the same room.

#![cfg(test)]
#![expect(clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::vec::Vec;

use proptest::prelude::{Strategy, any, prop_oneof, proptest};

use super::{Slot, Store, fold_of};
use crate::{Session, SessionId, Timestamp};

/// Two of these fold alike.
static IDS: LazyLock<Vec<SessionId>> = LazyLock::new(|| {
    let others = (0..6_u64).map(|number| SessionId::from(number.to_be_bytes()));
    twins().into_iter().chain(others).collect()
});

/// Two ids with the same fold: among so many there are some.
fn twins() -> [SessionId; 2] {
    let mut known = BTreeMap::new();
    for number in 0..1_000_000_u64 {
        let scattered = (number * number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = SessionId::from(scattered.to_be_bytes());
        if let Some(twin) = known.insert(fold_of(&id), id) {
            return [twin, id];
        }
    }
    panic!("no two ids fold alike");
}

/// What a step may do to a store. A number picks one of the ids, or of what is held, modulo how
/// many there are.
#[derive(Clone, Copy, Debug)]
enum Operation {
    HoldNew(Option<usize>),
    HoldStored(usize),
    Release(usize),
    Put(usize),
    ShareHeld(usize, usize),
    ChangeHeld(usize),
    Replace(usize),
    Remove(usize),
    RemoveThird(u64),
}

fn operation() -> impl Strategy<Value = Operation> {
    let which = 0..24_usize;
    prop_oneof![
        4 => proptest::option::of(which.clone()).prop_map(Operation::HoldNew),
        3 => which.clone().prop_map(Operation::HoldStored),
        5 => which.clone().prop_map(Operation::Release),
        4 => which.clone().prop_map(Operation::Put),
        3 => (which.clone(), which.clone()).prop_map(|(held, id)| Operation::ShareHeld(held, id)),
        1 => which.clone().prop_map(Operation::ChangeHeld),
        1 => which.clone().prop_map(Operation::Replace),
        3 => which.prop_map(Operation::Remove),
        1 => any::<u64>().prop_map(Operation::RemoveThird),
    ]
}

/// A session is known by the moment of its creation, which is different for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Modelled {
    id: Option<SessionId>,
    created: u64,
    holders: usize,
}

/// Both, and what the model says. Objects are named by their slots, which only the store chooses.
struct SideBySide {
    store: Store,
    objects: BTreeMap<Slot, Modelled>,
    stored: BTreeMap<SessionId, Slot>,
    /// One entry for each time that somebody holds an object.
    held: Vec<Slot>,
    sessions: u64,
    most: usize,
}

impl SideBySide {
    fn new() -> Self {
        let (objects, stored) = (BTreeMap::new(), BTreeMap::new());
        Self { store: Store::new(), objects, stored, held: Vec::new(), sessions: 0, most: 0 }
    }

    fn session(&mut self) -> Session {
        self.sessions += 1;
        Session::new("".into(), Timestamp(self.sessions))
    }

    fn picked(&self, number: usize) -> Option<usize> {
        number.checked_rem(self.held.len())
    }

    fn apply(&mut self, operation: Operation) {
        let id = |number: usize| IDS[number % IDS.len()];
        match operation {
            Operation::HoldNew(number) => {
                let session = self.session();
                let slot = self.store.hold_new(number.map(id), session);
                self.appears(slot, number.map(id));
                self.hold(slot);
            }
            Operation::HoldStored(number) => {
                if let Some(slot) = self.stored.get(&id(number)).copied() {
                    assert_eq!(self.store.hold(slot), slot);
                    self.hold(slot);
                }
            }
            Operation::Release(number) => {
                if let Some(place) = self.picked(number) {
                    let slot = self.held.swap_remove(place);
                    self.store.release(slot);
                    self.object(slot).holders -= 1;
                    self.forget(slot);
                }
            }
            Operation::Put(number) => {
                let session = self.session();
                self.store.put(id(number), session);
                let slot = self.store.find(&id(number)).unwrap();
                self.appears(slot, Some(id(number)));
                self.store_as(id(number), slot);
            }
            Operation::ShareHeld(place, number) => self.share_held(place, id(number)),
            Operation::ChangeHeld(number) => {
                if let Some(place) = self.picked(number) {
                    let (slot, session) = (self.held[place], self.session());
                    self.store.object_mut(slot).session = session;
                    self.object(slot).created = self.sessions;
                }
            }
            Operation::Replace(number) => {
                let session = self.session();
                self.store.replace(&id(number), session);
                if let Some(slot) = self.stored.get(&id(number)).copied() {
                    self.object(slot).created = self.sessions;
                }
            }
            Operation::Remove(number) => {
                let removed = self.stored.contains_key(&id(number));
                assert_eq!(self.store.remove(&id(number)), removed);
                self.unstore(id(number));
            }
            Operation::RemoveThird(salt) => self.remove_third(salt),
        }
    }

    /// An object has one id for life, once it has one.
    fn share_held(&mut self, number: usize, id: SessionId) {
        let Some(place) = self.picked(number) else { return };
        let slot = self.held[place];
        let id = self.object(slot).id.unwrap_or(id);
        self.store.share(id, slot);
        self.object(slot).id = Some(id);
        self.store_as(id, slot);
    }

    fn remove_third(&mut self, salt: u64) {
        let wanted = |created: u64| (created ^ salt).is_multiple_of(3);
        self.store.remove_where(|session| wanted(session.created().0));
        for (id, slot) in self.stored.clone() {
            if wanted(self.object(slot).created) {
                self.unstore(id);
            }
        }
    }

    fn object(&mut self, slot: Slot) -> &mut Modelled {
        self.objects.get_mut(&slot).unwrap()
    }

    /// A new object has a place that no other one has.
    fn appears(&mut self, slot: Slot, id: Option<SessionId>) {
        let object = Modelled { id, created: self.sessions, holders: 0 };
        assert_eq!(self.objects.insert(slot, object), None, "{slot:?} was in use");
        self.most = self.most.max(self.objects.len());
    }

    fn hold(&mut self, slot: Slot) {
        self.object(slot).holders += 1;
        self.held.push(slot);
    }

    fn store_as(&mut self, id: SessionId, slot: Slot) {
        if let Some(before) = self.stored.insert(id, slot) {
            self.forget(before);
        }
    }

    fn unstore(&mut self, id: SessionId) {
        if let Some(slot) = self.stored.remove(&id) {
            self.forget(slot);
        }
    }

    /// An object goes once it is neither stored nor held.
    // [state-4]
    fn forget(&mut self, slot: Slot) {
        let stored = self.stored.values().any(|own| *own == slot);
        if !stored && self.object(slot).holders == 0 {
            self.objects.remove(&slot);
        }
    }

    // [state-3] [state-4]
    fn compare(&self) {
        assert_eq!(self.store.len(), self.stored.len(), "how many are stored");
        for id in IDS.iter() {
            assert_eq!(self.store.find(id), self.stored.get(id).copied(), "under {id:?}");
        }
        for (slot, object) in &self.objects {
            let own = self.store.object(*slot);
            assert_eq!((own.id, own.session.created().0), (object.id, object.created), "{slot:?}");
        }
        assert_eq!(self.store.objects.iter().count(), self.objects.len(), "in memory");
        let listed: BTreeSet<_> =
            self.store.iter().map(|(id, session)| (id, session.created().0)).collect();
        let created = |(id, slot): (&SessionId, &Slot)| (*id, self.objects[slot].created);
        assert_eq!(listed, self.stored.iter().map(created).collect(), "listed");
        assert!(self.store.ids_where(|_| true).iter().eq(self.stored.keys()), "in order");
        assert_eq!(self.store.objects.places(), self.most, "a free place is used again");
    }
}

proptest! {
    #[test]
    fn the_store_is_what_plain_maps_are(
        operations in proptest::collection::vec(operation(), 0..120)
    ) {
        let mut both = SideBySide::new();
        both.compare();
        for operation in operations {
            both.apply(operation);
            both.compare();
        }
    }
}
