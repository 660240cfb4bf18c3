//! Any limits, also those that the check of a configuration refuses.

use proptest::prelude::*;
use quixote_session::check::base_of;
use quixote_session::{Config, Semantics};

pub(crate) fn limits() -> impl Strategy<Value = Limits> {
    let few = || prop_oneof![Just(0_u64), Just(1), Just(2), Just(3), Just(1_000), Just(u64::MAX)];
    let times = || prop_oneof![few(), Just(999), Just(1_800_000), Just(5_400_000)];
    let cap = prop_oneof![0..4_u8, Just(16), Just(17), Just(u8::MAX)];
    let texts = prop_oneof![Just(0_usize), 1..50_usize, Just(usize::MAX)];
    let most = (few(), few(), few()).prop_map(|(values, requests, sessions)| {
        let narrow = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        (usize::try_from(values).unwrap_or(usize::MAX), narrow(requests), narrow(sessions))
    });
    let limits = (prop::option::of(times()), prop::option::of(times()));
    let parts = (times(), limits, cap, texts, most);
    parts.prop_map(|(resolution, (idle, absolute), cap, texts, most)| Limits {
        resolution,
        idle,
        absolute,
        cap,
        texts,
        most,
    })
}

/// The limits of a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    resolution: u64,
    idle: Option<u64>,
    absolute: Option<u64>,
    cap: u8,
    texts: usize,
    /// Of values, requests and sessions.
    most: (usize, u32, u32),
}

impl Limits {
    pub(crate) fn config(&self, semantics: Semantics) -> Config {
        let (max_values, max_requests, max_sessions) = self.most;
        Config {
            access_resolution_ms: self.resolution,
            idle_limit_ms: self.idle,
            absolute_limit_ms: self.absolute,
            max_form_tokens: self.cap,
            max_text_bytes: self.texts,
            max_values,
            max_requests,
            max_sessions,
            ..base_of(semantics)
        }
    }
}
