//! Ids that are any text, for managers that do not write hex digits.
//!
//! The machine knows ids of 8 or 16 bytes. So each text in the place of an id or a form token gets
//! a number, and the line is read with the number in its place.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};
use std::string::{String, ToString as _};

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_json::Value;
use smol_str::SmolStr;

use super::error::{Fault, read};
use crate::config::Config;
use crate::cookie::read_cookie_text;
use crate::event::Event;
use crate::presented::CookieValue;
use crate::token::{SessionId, Width};

/// Texts that name no session in a cookie, whatever is stored under them.
// [cookie-12]
const NOBODY: [&str; 2] = ["", "*del*"];

/// The texts seen so far, each with the id that stands for it.
#[derive(Debug)]
pub(super) struct Names {
    width: Width,
    ids: BTreeMap<String, SessionId>,
}

impl Names {
    pub(super) const fn new(width: Width) -> Self {
        Self { width, ids: BTreeMap::new() }
    }

    /// The line with ids in place of texts.
    pub(super) fn translate(&mut self, config: &Config, line: &str) -> Result<String, Fault> {
        let Unique = read(line)?;
        let mut line: Value = read(line)?;
        // A session may be stored under this text while the request is open.
        let header = line.get("cookie_header").and_then(Value::as_str);
        let cookie = header.and_then(|header| read_cookie_text(config, header));
        if let Some(text) = cookie.map(|cookie| cookie.reveal())
            && !NOBODY.contains(&text.as_str())
            && text.len() <= config.max_text_bytes
        {
            self.id(&text);
        }
        let places = ["/draws", "/id", "/expect/stored", "/expect/session", "/expect/reply/token"];
        for place in places {
            if let Some(value) = line.pointer_mut(place) {
                self.name(value);
            }
        }
        // A client may send a text that is no token or cookie of this manager. It gets a number
        // too, as it could otherwise look like the number of another text.
        if let Some(token) = line.get_mut("token") {
            self.name(token);
        }
        if let Some(cookie) = line.pointer_mut("/expect/request_cookie")
            && !cookie.as_str().is_some_and(|text| NOBODY.contains(&text))
        {
            self.name(cookie);
        }
        if let Some(cookie) = line.pointer_mut("/expect/set_cookie")
            && !revokes(cookie)
            && let Some(value) = cookie.get_mut("value")
        {
            self.name(value);
        }
        if let Some(Value::Array(stored)) = line.pointer_mut("/expect/stored") {
            stored.sort_by_key(|session| session.get("id").map(Value::to_string));
        }
        Ok(line.to_string())
    }

    /// The cookie of a start, if its text is an id.
    pub(super) fn translate_cookie(&self, event: &mut Event) {
        if let Event::StartRequest { cookie: Some(cookie), .. } = event
            && !NOBODY.contains(&cookie.reveal().as_str())
            && let Some(id) = self.ids.get(cookie.reveal().as_str())
        {
            *cookie = CookieValue::Id(*id);
        }
    }

    /// Gives each id or form token in a value its number.
    fn name(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = SmolStr::from(self.id(text)).into(),
            Value::Array(values) => values.iter_mut().for_each(|value| self.name(value)),
            // A session.
            Value::Object(keys) => {
                for key in ["id", "form_tokens"] {
                    if let Some(value) = keys.get_mut(key) {
                        self.name(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn id(&mut self, text: &str) -> SessionId {
        let number = u64::try_from(self.ids.len()).unwrap_or(u64::MAX).saturating_add(1);
        let new = || match self.width {
            Width::Bits64 => number.to_be_bytes().into(),
            Width::Bits128 => u128::from(number).to_be_bytes().into(),
        };
        *self.ids.entry(text.into()).or_insert_with(new)
    }
}

/// Whether a cookie is a revocation, which has no id, but the empty value and a Max-Age.
fn revokes(cookie: &Value) -> bool {
    let is_empty = cookie.get("value").and_then(Value::as_str) == Some("");
    is_empty && cookie.get("max_age").is_some_and(Value::is_number)
}

/// JSON in which no object has a key twice, and no number a fraction: a [`Value`] would not keep
/// such a number as it was written.
struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self, E> {
        Err(E::invalid_type(Unexpected::Float(number), &"u64"))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            keys.insert(key);
            map.next_value::<Self>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use core::ops::ControlFlow;
    use std::string::String;
    use std::vec::Vec;

    use crate::Config;
    use crate::check::population::Habits;
    use crate::check::record::{Recording, record};
    use crate::check::replay::replay;
    use crate::check::trace::TraceReader;

    /// The same text, but each run of 16 or 32 hex digits is written backwards after a character
    /// that is not a hex digit, so that ids have another order.
    fn opaque(text: &str) -> String {
        let hex = |letter: char| letter.is_ascii_digit() || ('a'..='f').contains(&letter);
        let mut told = String::new();
        for piece in text.split_inclusive(|letter| !hex(letter)) {
            let digits = piece.trim_end_matches(|letter| !hex(letter));
            if digits.len() == 16 || digits.len() == 32 {
                told.push('~');
                told.extend(digits.chars().rev());
                told.push_str(piece.strip_prefix(digits).unwrap_or_default());
            } else {
                told.push_str(piece);
            }
        }
        told
    }

    // [trace-9]
    #[test]
    fn ids_may_be_any_text() {
        for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT] {
            let habits = Habits { manager: false, ..Habits::ALL };
            let mut trace = Vec::new();
            let recording = Recording { config, habits, seed: 3, steps: 400 };
            record(&recording, &mut trace, &mut || ControlFlow::Continue(())).expect("in memory");
            let text = opaque(&String::from_utf8(trace).expect("JSON"));
            let known = text.replacen("\"semantics\":", "\"opaque_ids\":true,\"semantics\":", 1);
            let replayed = replay(TraceReader::new("opaque", known.as_bytes()).expect("a header"));
            let replayed = replayed.expect("a trace");
            assert_eq!((replayed.steps, replayed.differs.is_none()), (400, true));
            let unknown = replay(TraceReader::new("opaque", text.as_bytes()).expect("a header"));
            assert!(unknown.is_err(), "hex digits are expected unless the header says otherwise");
            let twice = known.replacen("\"expect\":{", "\"expect\":{\"reply\":\"done\",", 1);
            let twice = replay(TraceReader::new("opaque", twice.as_bytes()).expect("a header"));
            assert!(twice.is_err(), "a key stands twice");
        }
    }
}
