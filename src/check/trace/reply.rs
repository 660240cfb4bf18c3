//! The answer of a step, as a trace writes it. It is read strictly: there is exactly one answer.

use core::fmt;
use std::format;

use serde::de::{Error, Expected, IgnoredAny, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use smol_str::SmolStr;

use super::strict::Word;
use crate::effect::{Refusal, Reply};
use crate::token::FormToken;

/// How a trace writes a [`Reply`].
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyRecord {
    /// It happened.
    Done,
    /// The token of a form.
    Token(FormToken),
    /// The value that was taken.
    Value(SmolStr),
    /// Yes or no.
    Answer(bool),
    /// It did not happen.
    Refused(Refusal),
}

impl From<&Reply> for ReplyRecord {
    fn from(reply: &Reply) -> Self {
        match reply {
            Reply::Done | Reply::Started { .. } => Self::Done,
            Reply::Token(token) => Self::Token(*token),
            Reply::Value(value) => Self::Value(value.clone()),
            Reply::Answer(answer) => Self::Answer(*answer),
            Reply::Refused(why) => Self::Refused(*why),
        }
    }
}

/// A derived reader would report a second key as a fault of the JSON, which does not say what was
/// expected.
impl<'de> Deserialize<'de> for ReplyRecord {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ReplyVisitor)
    }
}

struct ReplyVisitor;

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Field {
    Token,
    Value,
    Answer,
    Refused,
}

impl<'de> Visitor<'de> for ReplyVisitor {
    type Value = ReplyRecord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`done`, or an object with one of `token`, `value`, `answer`, `refused`")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<ReplyRecord, E> {
        match word {
            "done" => Ok(ReplyRecord::Done),
            _ => Err(E::invalid_value(Unexpected::Str(word), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReplyRecord, A::Error> {
        let error = |what| A::Error::custom(format!("{what}, expected {}", &self as &dyn Expected));
        let reply = match map.next_key()? {
            None => return Err(error("found no key")),
            Some(Field::Token) => ReplyRecord::Token(map.next_value()?),
            Some(Field::Value) => ReplyRecord::Value(map.next_value()?),
            Some(Field::Answer) => ReplyRecord::Answer(map.next_value()?),
            Some(Field::Refused) => {
                let Word(why) = map.next_value()?;
                ReplyRecord::Refused(why)
            }
        };
        match map.next_key::<IgnoredAny>()? {
            None => Ok(reply),
            Some(_) => Err(error("found a second key")),
        }
    }
}
