//! A way through all sessions, each once a round, in an order that no prefetcher guesses, and the
//! random bits that stand for a number.

/// Steps through `0..size` by a linear congruential generator of full period.
#[derive(Clone)]
pub(crate) struct Walk {
    size: u64,
    at: u64,
    left: u64,
    /// How many times everybody has been visited.
    pub(crate) rounds: u64,
}

impl Walk {
    /// `size` is a power of ten from a thousand up: by the theorem of Hull and Dobell the factor
    /// less one must then be divisible by 20, and the summand by neither 2 nor 5.
    pub(crate) const fn through(size: u64) -> Self {
        Self { size, at: 0, left: size, rounds: 0 }
    }

    /// The next number. `answer` is what the last visit found, always true: the processor cannot
    /// know that, and so cannot begin a visit before the last one is over.
    pub(crate) fn next(&mut self, answer: bool) -> u64 {
        const FACTOR: u64 = 20 * 0x0051_7cc1 + 1;
        const SUMMAND: u64 = 7_640_891;
        let product = self.at.wrapping_mul(FACTOR).wrapping_add(SUMMAND);
        self.at = product.wrapping_add(u64::from(!answer)).checked_rem(self.size).unwrap_or(0);
        self.left = self.left.wrapping_sub(1);
        if self.left == 0 {
            self.left = self.size;
            self.rounds = self.rounds.wrapping_add(1);
        }
        self.at
    }
}

/// Spreads a number over 64 bits: the finaliser of `SplitMix64`, a bijection.
pub(crate) const fn spread(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
