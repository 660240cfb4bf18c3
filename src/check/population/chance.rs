//! What a population cannot decide: how the clock runs and what is drawn.

use super::{Choices, Population};
use crate::config::Config;
use crate::entropy::Entropy;
use crate::token::{FormToken, SessionId};

impl Population {
    /// The clock mostly stands still or moves by about the access resolution.
    pub(super) fn pass_time(&mut self, config: &Config, choices: &mut impl Choices) {
        let resolution = config.access_resolution_ms;
        let idle = config.idle_limit_ms.unwrap_or(2_000);
        let forward = match choices.below(20) {
            0..=9 => 0,
            10 => 1,
            11 => resolution.saturating_sub(1),
            12 => resolution,
            13 => resolution.saturating_add(1),
            14 => 500,
            15 | 16 => 3_000,
            17 if choices.below(16) == 1 => 3_600_000,
            18 if choices.below(if self.habits.careless { 4 } else { 16 }) == 1 => {
                idle.saturating_sub(choices.below(2) as u64)
            }
            19 => {
                let back = if choices.below(3) == 1 { 5_000 } else { 250 };
                self.now.0 = self.now.0.saturating_sub(back);
                0
            }
            _ => 40,
        };
        self.now.0 = self.now.0.saturating_add(forward);
    }

    /// Mostly draws that were never drawn before. Sometimes the first of them, or all, are an id or
    /// a token in use, so that the machine has to draw again or gives up.
    pub(super) fn entropy(&mut self, config: &Config, choices: &mut impl Choices) -> Entropy {
        let mut bytes = [0; Entropy::HALF];
        for place in bytes.as_chunks_mut::<8>().0 {
            *place = self.fresh_draw();
        }
        let taken = match choices.below(10) {
            8 => choices.below(3).saturating_add(1),
            9 => usize::from(config.width.draws()),
            7 if self.habits.careless => usize::from(config.width.draws()),
            _ => return Entropy::from_half(bytes),
        };
        let id = choices.pick(&self.ids).map(SessionId::reveal_bytes);
        let latest = self.habits.careless && choices.below(2) == 1;
        let token = if latest { self.tokens.last() } else { choices.pick(&self.tokens) };
        let token = token.map(FormToken::reveal_bytes);
        let known = if choices.below(3) == 1 { token } else { id };
        for place in bytes.chunks_exact_mut(config.width.bytes()).take(taken) {
            if let Some(known) = known
                && known.len() == place.len()
            {
                place.copy_from_slice(known);
            }
        }
        Entropy::from_half(bytes)
    }

    /// The next number of a sequence that does not repeat, well mixed (`SplitMix64`).
    pub(super) const fn fresh_draw(&mut self) -> [u8; 8] {
        self.fresh = self.fresh.wrapping_add(1);
        let place = self.habits.salt.rotate_left(32).wrapping_add(self.fresh);
        let mixed = place.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).to_be_bytes()
    }
}
