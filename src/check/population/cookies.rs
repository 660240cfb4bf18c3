//! What a client sends as its `Cookie` header.

use std::format;
use std::string::{String, ToString as _};

use super::{Choices, Population};
use crate::config::Config;
use crate::semantics::Semantics;

/// The ways to send a cookie, the plainest first, each with its weight.
const WAYS: [(usize, Way); 11] = [
    (12, Way::Plain),
    (4, Way::Quoted),
    (2, Way::AmongForeign),
    (1, Way::StaleFirst),
    (1, Way::StaleLast),
    (2, Way::SomebodyElses),
    (1, Way::Empty),
    (1, Way::Deleted),
    (1, Way::UpperCase),
    (1, Way::IllFormed),
    (1, Way::Junk),
];

/// Ways that mean something to the pattern of Quixote, and mostly something else to RFC 6265.
const OF_QUIXOTE: [(usize, Way); 12] = [
    (1, Way::Comma),
    (1, Way::CommaFirst),
    (1, Way::BlankBehind),
    (1, Way::BlanksAround),
    (1, Way::Escaped),
    (1, Way::OfTwoQuoted),
    (1, Way::OpenQuote),
    (1, Way::InForeignQuotes),
    (1, Way::BareName),
    (1, Way::BareNameFirst),
    (1, Way::Dollar),
    (1, Way::NoAscii),
];

#[derive(Clone, Copy)]
enum Way {
    Plain,
    Quoted,
    AmongForeign,
    StaleFirst,
    StaleLast,
    SomebodyElses,
    Empty,
    Deleted,
    UpperCase,
    IllFormed,
    Junk,
    Comma,
    CommaFirst,
    BlankBehind,
    BlanksAround,
    Escaped,
    OfTwoQuoted,
    OpenQuote,
    InForeignQuotes,
    BareName,
    BareNameFirst,
    Dollar,
    NoAscii,
}

impl Population {
    /// Mostly the cookie in the client's jar, sometimes what no honest browser would send.
    pub(super) fn header(
        &self,
        config: &Config,
        client: usize,
        choices: &mut impl Choices,
    ) -> Option<String> {
        let name = &config.cookie_name;
        let own = self.jars.get(client).copied().flatten();
        let own = own.map(|id| id.reveal().to_string());
        let known = choices.pick(&self.ids).map(|id| id.reveal().to_string());
        let known = known.unwrap_or_else(|| "0123456789abcdef".into());
        let cookie = own.as_ref().map(|own| format!("{name}={own}"));
        let of_quixote: &[_] = match config.semantics {
            Semantics::Live | Semantics::Copying => &OF_QUIXOTE,
            Semantics::Strict => &[],
        };
        let value = own.as_ref().unwrap_or(&known);
        let way = super::intents::weighted(choices, &[&WAYS, of_quixote])?;
        match way {
            Way::Plain => cookie,
            Way::Quoted => own.map(|own| format!("{name}=\"{own}\"")),
            Way::AmongForeign => {
                let own = cookie.unwrap_or_else(|| format!("not_{name}=1"));
                Some(format!("lang=en; {own}; theme=\"dark\""))
            }
            Way::StaleFirst => own.map(|own| format!("{name}={known}; {name}={own}")),
            Way::StaleLast => own.map(|own| format!("{name}={own}; {name}={known}")),
            Way::SomebodyElses => Some(format!("{name}={known}")),
            Way::Empty => Some(format!("{name}=")),
            Way::Deleted => Some(format!("{name}=\"*del*\"")),
            Way::UpperCase => Some(format!("{name}={}", value.to_ascii_uppercase())),
            Way::IllFormed => Some(format!("{name}=nosuchid")),
            Way::Junk => Some(";;=; %%; lang".into()),
            Way::Comma => Some(format!("{name}={value}, lang=en")),
            Way::CommaFirst => Some(format!("lang=en,{name}={value}")),
            Way::BlankBehind => Some(format!("{name}={value} {name}2=1")),
            Way::BlanksAround => Some(format!("\x0b{name}\t=\r\n\x0c {value}\t")),
            Way::Escaped => Some(format!("{name}=\"\\{value}\"")),
            Way::OfTwoQuoted => Some(format!("{name}=\"{known}\"; {name}=\"{value}\";")),
            Way::OpenQuote => Some(format!("{name}={known}; {name}=\"{value}")),
            Way::InForeignQuotes => Some(format!("theme=\"\\\"; {name}={value}\"")),
            Way::BareName => Some(format!("{name}={value}; {name}")),
            Way::BareNameFirst => Some(format!("{name}; {name}={value}")),
            Way::Dollar => Some(format!("$Version=1; {name}={value}; $Path=/; ${name}=1")),
            Way::NoAscii => Some(format!("{name}={value}\u{a0}\u{ff}; caf\u{e9}=\u{85}")),
        }
    }
}
