//! Random clients, chosen by proptest. One strategy serves both the test of the properties and the
//! count of cells.

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use quixote_session::check::base_of;
use quixote_session::check::population::{Bytes, Habits, Population};
use quixote_session::{Config, Semantics, State};

/// About six bytes decide a turn.
const BYTES_OF_A_TURN: usize = 6;

/// What decides a run of the clients, under any semantics.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Every choice, in order.
    pub(crate) bytes: Vec<u8>,
    /// Whether only few requests and sessions are allowed. Not in every run, since a store that is
    /// always full hides other behaviour.
    full: bool,
    salt: u64,
}

/// Runs that are decided by this many bytes.
pub(crate) fn runs(bytes: impl Into<SizeRange>) -> impl Strategy<Value = Run> {
    let parts = (vec(any::<u8>(), bytes), any::<bool>(), any::<u64>());
    parts.prop_map(|(bytes, full, salt)| Run { bytes, full, salt })
}

impl Run {
    /// A few more turns than the bytes decide; the rest are plain ones.
    pub(crate) fn turns(&self) -> usize {
        self.bytes.len() / BYTES_OF_A_TURN + 8
    }

    /// The limits under which it runs.
    pub(crate) fn config(&self, semantics: Semantics) -> Config {
        let most = if self.full { 3 } else { 1_000 };
        Config { max_requests: most, max_sessions: most, ..near(semantics) }
    }

    /// The clients, the state that they find, and their choices.
    pub(crate) fn begin(&self) -> (Population, State, Bytes<'_>) {
        (Population::new(self.habits()), State::new(), Bytes::new(&self.bytes))
    }

    /// Every habit, with careless drivers and applications too.
    pub(crate) fn habits(&self) -> Habits {
        Habits { careless: true, salt: self.salt, ..Habits::ALL }
    }
}

/// Limits that a few clients reach.
pub(crate) fn near(semantics: Semantics) -> Config {
    let limits = (semantics == Semantics::Strict).then_some((1_800_000, 5_400_000));
    Config {
        access_resolution_ms: 1_000,
        max_form_tokens: 3,
        max_text_bytes: 40,
        max_values: 1,
        idle_limit_ms: limits.map(|(idle, _)| idle),
        absolute_limit_ms: limits.map(|(_, absolute)| absolute),
        ..base_of(semantics)
    }
}
