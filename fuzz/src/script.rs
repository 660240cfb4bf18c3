//! A script, which the fuzzer writes: a configuration and a list of turns, with one byte per
//! choice.
//!
//! A byte is taken modulo the number of choices. So every input is a script, and to change a byte
//! changes one choice. Zero is always the plainest choice.

use arbitrary::{Arbitrary, Result, Unstructured};
use quixote_session::check::base_of;
use quixote_session::check::kinds::pick;
use quixote_session::{Config, Semantics, Width};

/// The most turns of one script: a world cannot count more draws.
pub const MOST_TURNS: usize = 250;

/// How the machine is set up.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Setup {
    /// Live, copying or strict.
    pub semantics: u8,
    /// The semantics' own width of ids, or the other one.
    pub width: u8,
    /// The cookie's path, under Quixote.
    pub path: u8,
    /// When an access is noted.
    pub resolution: u8,
    /// The idle and the absolute limit.
    pub life: u8,
    /// The cap on form tokens.
    pub form_tokens: u8,
    /// The limits on texts and values.
    pub sizes: u8,
    /// The limits on requests and stored sessions.
    pub counts: u8,
    /// If it is odd, the entropy may repeat anything that was ever drawn. The second bit inverts
    /// `is_dirty` in the target `differential`.
    pub repeats: u8,
}

/// The choices that decide what happens next.
#[derive(Arbitrary, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Turn {
    /// What happens: a number of `Next::ALL`.
    pub next: u8,
    /// Which client or request.
    pub who: u8,
    /// The event's argument.
    pub what: u8,
    /// How the clock moves first.
    pub when: u8,
    /// Which entropy the event is given.
    pub drawn: u8,
}

/// A whole input.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Script {
    /// How the machine is set up.
    pub setup: Setup,
    /// What happens, in order.
    pub turns: Vec<Turn>,
}

impl<'a> Arbitrary<'a> for Script {
    fn arbitrary(from: &mut Unstructured<'a>) -> Result<Self> {
        let setup = Setup::arbitrary(from)?;
        let mut turns = Vec::new();
        while !from.is_empty() && turns.len() < MOST_TURNS {
            turns.push(Turn::arbitrary(from)?);
        }
        Ok(Self { setup, turns })
    }
}

impl Turn {
    /// The choices in order.
    #[must_use]
    pub const fn bytes(self) -> [u8; 5] {
        [self.next, self.who, self.what, self.when, self.drawn]
    }
}

impl Script {
    /// The script that an input holds; bytes that are missing at its end are zeros.
    #[must_use]
    pub fn of(data: &[u8]) -> Self {
        Self::arbitrary_take_rest(Unstructured::new(data)).unwrap_or_default()
    }

    /// The input that holds this script.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let Setup { semantics, width, path, resolution, life, .. } = self.setup;
        let Setup { form_tokens, sizes, counts, repeats, .. } = self.setup;
        let setup = [semantics, width, path, resolution, life, form_tokens, sizes, counts, repeats];
        setup.into_iter().chain(self.turns.iter().flat_map(|turn| turn.bytes())).collect()
    }
}

impl Setup {
    /// The semantics.
    #[must_use]
    pub fn semantics(self) -> Semantics {
        let all = [Semantics::Live, Semantics::Copying, Semantics::Strict];
        pick(&all, self.semantics).unwrap_or(Semantics::Live)
    }

    /// Every field that a deployment can change, at its usual value or near an edge.
    ///
    /// Under strict the path stays `/`, because the properties of browsers hold only if their
    /// requests bring the cookie.
    #[must_use]
    pub fn config(self) -> Config {
        let base = base_of(self.semantics());
        let other = if base.width == Width::Bits64 { Width::Bits128 } else { Width::Bits64 };
        let (idle, absolute) = (base.idle_limit_ms, base.absolute_limit_ms);
        let lives = [
            (idle, absolute),
            (Some(50_000), Some(120_000)),
            (None, Some(60_000)),
            (Some(60_000), None),
            (Some(0), Some(120_000)),
            (Some(u64::MAX), Some(u64::MAX)),
        ];
        let (idle_limit_ms, absolute_limit_ms) = pick(&lives, self.life).unwrap_or_default();
        let paths =
            [base.cookie_path.clone(), Some("/".into()), Some("/shop".into()), Some("".into())];
        let bends_path = base.semantics != Semantics::Strict;
        let resolutions = [base.access_resolution_ms, 0, 1, 40, u64::MAX];
        // The address of the clients fits 16.
        let texts = [base.max_text_bytes, 16, 0];
        let values = [base.max_values, 1, 2, 0];
        let requests = [base.max_requests, 1, 2];
        let sessions = [base.max_sessions, 1, 2, 0];
        Config {
            width: pick(&[base.width, other], self.width).unwrap_or(base.width),
            cookie_path: pick(&paths, if bends_path { self.path } else { 0 }).unwrap_or_default(),
            access_resolution_ms: pick(&resolutions, self.resolution).unwrap_or_default(),
            idle_limit_ms,
            absolute_limit_ms,
            max_form_tokens: 16 - self.form_tokens % 16,
            max_text_bytes: pick(&texts, self.sizes).unwrap_or_default(),
            max_values: pick(&values, self.sizes / 4).unwrap_or_default(),
            max_requests: pick(&requests, self.counts).unwrap_or_default(),
            max_sessions: pick(&sessions, self.counts / 4).unwrap_or_default(),
            ..base
        }
    }

    /// Whether the entropy may repeat what was drawn before and is no longer stored.
    #[must_use]
    pub fn repeats(self) -> bool {
        self.repeats % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, Setup, Turn};

    #[test]
    fn a_script_is_read_back_from_its_bytes() {
        let setup = Setup { semantics: 2, repeats: 7, life: 3, ..Setup::default() };
        let last = Turn { next: 13, who: 1, what: 2, when: 3, drawn: 255 };
        let script = Script { setup, turns: vec![Turn::default(), last] };
        assert_eq!(Script::of(&script.bytes()), script);
    }

    #[test]
    fn bytes_that_are_missing_are_zeros() {
        assert_eq!(Script::of(&[]), Script::default());
        let cut = Script::of(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 13, 1]);
        assert_eq!(cut.setup.semantics, 2);
        assert_eq!(cut.turns, [Turn { next: 13, who: 1, ..Turn::default() }]);
    }
}
