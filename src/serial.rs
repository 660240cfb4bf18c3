//! Helpers that make serde as strict as this crate: an absent field is not null, and no key may
//! appear twice.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use smol_str::SmolStr;

/// A field that may be null but not absent: serde would take an absent field for None.
// [state-14]
pub(crate) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

/// A map in which no key appears twice: serde would let the last one win.
// [state-15]
pub(crate) fn each_once<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeMap<SmolStr, T>, D::Error> {
    from.deserialize_map(EachOnce(PhantomData))
}

struct EachOnce<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EachOnce<T> {
    type Value = BTreeMap<SmolStr, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((key, value)) = map.next_entry::<SmolStr, T>()? {
            if values.contains_key(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            values.insert(key, value);
        }
        Ok(values)
    }
}

/// The same error without secrets: serde quotes what it found where it expected something else, and
/// that may be an id. A run of 12 or more hex digits is cut to its first four.
// [token-11]
pub(crate) fn without_secrets<E: serde::de::Error>(error: &E) -> E {
    let text = error.to_string();
    let mut shown = String::new();
    // Each piece is a run of digits, perhaps an empty one, and the one character that ends it.
    for piece in text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit()) {
        let end = piece.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
        let digits = piece.strip_suffix(end).unwrap_or(piece);
        match digits.get(..4).filter(|_| digits.len() >= 12) {
            Some(first) => shown.extend([first, "…", end]),
            None => shown.push_str(piece),
        }
    }
    E::custom(shown)
}
