//! What a step may draw, by arithmetic of its own.

use super::Seen;
use crate::entropy::Entropy;
use crate::token::{FormToken, SessionId, Width};

/// The ids that the step may draw, in their order.
pub(super) fn id_draws(seen: &Seen<'_>) -> impl Iterator<Item = SessionId> {
    draws(seen.input.entropy.bytes().split_at(Entropy::HALF).0, seen.config.width)
}

/// The form tokens that the step may draw, in their order.
pub(super) fn token_draws(seen: &Seen<'_>) -> impl Iterator<Item = FormToken> {
    draws(seen.input.entropy.bytes().split_at(Entropy::HALF).1, seen.config.width)
}

// [token-4] [token-5]
fn draws<T: From<[u8; 8]> + From<[u8; 16]>>(half: &[u8], width: Width) -> impl Iterator<Item = T> {
    half.chunks_exact(width.bytes()).filter_map(move |draw| match width {
        Width::Bits64 => <[u8; 8]>::try_from(draw).ok().map(T::from),
        Width::Bits128 => <[u8; 16]>::try_from(draw).ok().map(T::from),
    })
}
