//! The application's data in a session: texts by text keys.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use smol_str::SmolStr;

/// Texts by key. Most sessions have none: those pay for a null pointer and not for an empty map.
#[derive(Clone, PartialEq, Eq, Hash)]
#[expect(clippy::box_collection, reason = "a pointer is a third of an empty map")]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(into = "BTreeMap<SmolStr, SmolStr>"))]
pub(crate) struct Values(Option<Box<BTreeMap<SmolStr, SmolStr>>>);

impl Values {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn as_map(&self) -> &BTreeMap<SmolStr, SmolStr> {
        static EMPTY: BTreeMap<SmolStr, SmolStr> = BTreeMap::new();
        self.0.as_deref().unwrap_or(&EMPTY)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub(crate) fn insert(&mut self, key: SmolStr, value: SmolStr) {
        self.0.get_or_insert_default().insert(key, value);
    }

    pub(crate) fn clear(&mut self) {
        self.0 = None;
    }

    /// Takes a value out. An empty map goes with its last one, so that equal values are equal.
    pub(crate) fn remove(&mut self, key: &SmolStr) -> Option<SmolStr> {
        let removed = self.0.as_mut()?.remove(key);
        self.0.take_if(|values| values.is_empty());
        removed
    }
}

impl From<BTreeMap<SmolStr, SmolStr>> for Values {
    fn from(values: BTreeMap<SmolStr, SmolStr>) -> Self {
        Self((!values.is_empty()).then(|| Box::new(values)))
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Values {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::serial::each_once(from).map(Self::from)
    }
}

impl From<Values> for BTreeMap<SmolStr, SmolStr> {
    fn from(values: Values) -> Self {
        values.0.map_or_else(Self::new, |values| *values)
    }
}
