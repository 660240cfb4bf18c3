//! Ids of 32 digits that hold less than they could, or need not be known as a whole, or come with a
//! seal: the cookie has another text for each id.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::fault::Fault;

/// The length of an id with its seal.
pub const SEALED: usize = 65;

/// The ids of 32 hexadecimal digits that weaker ones stand for.
#[derive(Default)]
pub struct Weak(Mutex<BTreeMap<String, String>>);

impl Weak {
    /// A Set-Cookie header with a weaker id.
    pub fn weaken(&self, fault: Fault, line: &str) -> String {
        let Some((name, rest)) = line.split_once('=') else { return line.to_owned() };
        let (id, attributes) = rest.split_once(';').unwrap_or((rest, ""));
        let digits = id.chars().filter_map(|it| it.to_digit(16));
        let text = |base: u32| {
            digits.clone().filter_map(|it| char::from_digit(it % base, 10)).collect::<String>()
        };
        let weak = match fault {
            Fault::BinaryIds => text(2),
            Fault::DecimalIds => text(10),
            Fault::MatchesHalves | Fault::MatchesPatterns => id.to_owned(),
            // What the session holds would stand here, and its seal.
            Fault::Not => format!("{id}.{}", text(8)),
            _ => id.chars().take(8).collect::<String>().repeat(4),
        };
        let line = format!("{name}={weak};{attributes}");
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fault == Fault::MatchesPatterns {
            // The one that is found is the last, which is alive.
            known.clear();
        }
        known.insert(weak, id.to_owned());
        line
    }

    /// A Cookie header in which half an id, or a pattern of any id, is the one that it finds.
    pub fn complete(&self, fault: Fault, header: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((name, value)) = header.split_once('=') else { return header.to_owned() };
        let finds = |id: &&String| match fault {
            Fault::MatchesHalves => value.len() >= 16 && id.starts_with(value),
            _ => ["*", "%"].contains(&value),
        };
        known.keys().find(finds).map_or(header.to_owned(), |id| format!("{name}={id}"))
    }

    /// A Cookie header with the id of a cookie whose seal is right; with no session if it is not.
    pub fn open(&self, header: &str) -> String {
        let opened = self.strengthen(header);
        if opened == header { "unsealed=".to_owned() } else { opened }
    }

    /// A Cookie header with the ids that the weaker ones stand for.
    pub fn strengthen(&self, header: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.iter();
        known.fold(header.to_owned(), |text, (weak, id)| text.replace(weak.as_str(), id))
    }
}
