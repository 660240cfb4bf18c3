//! Ids of 32 digits that hold less than they could: the cookie has another text for each id.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::fault::Fault;

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
            _ => id.chars().take(8).collect::<String>().repeat(4),
        };
        let line = format!("{name}={weak};{attributes}");
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(weak, id.to_owned());
        line
    }

    /// A Cookie header with the ids that the weaker ones stand for.
    pub fn strengthen(&self, header: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.iter();
        known.fold(header.to_owned(), |text, (weak, id)| text.replace(weak.as_str(), id))
    }
}
