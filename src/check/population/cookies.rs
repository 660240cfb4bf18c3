//! What a client sends as its `Cookie` header.

use std::format;
use std::string::{String, ToString as _};

use super::{Choices, Population};
use crate::config::Config;

/// The ways to send a cookie, the plainest first, each as often as its number says.
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
        match super::intents::weighted(choices, &[&WAYS])? {
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
            Way::UpperCase => Some(format!("{name}={}", own.unwrap_or(known).to_ascii_uppercase())),
            Way::IllFormed => Some(format!("{name}=nosuchid")),
            Way::Junk => Some(";;=; %%; lang".into()),
        }
    }
}
