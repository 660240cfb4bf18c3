//! Helpers that make serde as strict as the format: absent is not null, an array is not an object,
//! an object is not a word, and no key occurs twice.

use core::fmt;
use core::marker::PhantomData;
use std::vec::Vec;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A key that may be absent. If it is there, its value may be null only if `T` may.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A JSON object that is read into `T`; serde alone would also accept an array.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(ObjectVisitor(PhantomData)).map(Object)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// An object in place of `T`.
pub(super) fn object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Object::deserialize(from).map(|Object(value)| value)
}

/// A key that may be absent, and is otherwise an object.
pub(super) fn given_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    object(from).map(Some)
}

/// A key that may be absent, and is otherwise an object or null.
#[expect(clippy::option_option, reason = "an absent key and a key that is null differ")]
pub(super) fn object_or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(|value| Some(value.map(|Object(value)| value)))
}

/// A key that may be absent, and is otherwise an array of objects.
pub(super) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(from)?;
    Ok(Some(objects.into_iter().map(|Object(value)| value).collect()))
}

/// One of several words; serde alone would also accept an object with the word as its key.
pub(super) struct Word<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(WordVisitor(PhantomData)).map(Word)
    }
}

struct WordVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<T, E> {
        T::deserialize(StrDeserializer::new(word))
    }
}

/// A word in place of `T`.
pub(super) fn word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    Word::deserialize(from).map(|Word(value)| value)
}

/// A key that may be absent, and is otherwise a word.
pub(super) fn given_word<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    word(from).map(Some)
}

/// A key that may be absent, and is otherwise an array of words.
pub(super) fn given_words<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let words = Vec::<Word<T>>::deserialize(from)?;
    Ok(Some(words.into_iter().map(|Word(value)| value).collect()))
}

/// A key that may be absent, and is otherwise a word or null.
#[expect(clippy::option_option, reason = "an absent key and a key that is null differ")]
pub(super) fn word_or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(|value| Some(value.map(|Word(value)| value)))
}
