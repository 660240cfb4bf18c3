//! What lasts from one scenario to the next, and how long the judge waits for the server.

use std::time::Duration;

use super::client;
use super::gate::Gate;
use super::jar::Broken;
use super::target::{NoContract, Target};

/// How long a request may wait while another is at the gate, at least and at most. After that, the
/// server counts as one that serialises them. In between, the time is this many times that of the
/// slowest request.
const LEAST_PATIENCE: Duration = Duration::from_millis(1_200);
const MOST_PATIENCE: Duration = Duration::from_secs(8);
const PATIENCE_FACTOR: u32 = 20;
const BELIEVED: u32 = 2;
/// After this many requests in a row without an answer, the judge gives up, since each takes its
/// whole time.
const MOST_UNANSWERED: u32 = 4;

/// What lasts from one scenario to the next.
pub(crate) struct Kit {
    pub(crate) target: Target,
    pub(crate) gate: Gate,
    pub(crate) jars: Broken,
    /// Numbers requests, and so gates.
    pub(crate) requests: u64,
    /// The time of the slowest request that had nothing to wait for.
    pub(crate) slowest: Duration,
    /// How often a request waited for the one at the gate.
    pub(crate) waited: u32,
    /// How many of the latest requests, in a row, got no answer in time.
    pub(crate) unanswered: u32,
}

impl Kit {
    /// An error if the server no longer answers.
    pub(crate) fn expect_answers(&self) -> Result<(), NoContract> {
        if self.unanswered < MOST_UNANSWERED {
            return Ok(());
        }
        let (within, none) = (client::LONGEST.as_secs(), self.unanswered);
        let expected = format!("expected an answer to each request within {within} s");
        Err(NoContract(format!("/do: {expected}, none came to the last {none}")))
    }

    /// Notes whether a request was answered in time.
    pub(super) const fn answered(&mut self, in_time: bool) {
        self.unanswered = if in_time { 0 } else { self.unanswered.saturating_add(1) };
    }

    /// Notes how long a request took that had nothing to wait for.
    pub(super) fn took(&mut self, time: Duration) {
        self.slowest = self.slowest.max(time).min(MOST_PATIENCE);
    }

    /// How long to wait for a request. If a server has often let requests wait, this is the least
    /// time.
    pub(super) fn patience(&self) -> Duration {
        if self.waited > BELIEVED {
            return LEAST_PATIENCE;
        }
        (self.slowest * PATIENCE_FACTOR).clamp(LEAST_PATIENCE, MOST_PATIENCE)
    }
}
