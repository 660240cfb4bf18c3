//! Numbers among the arguments.

use std::str::FromStr;

/// A whole number that an argument can hold; else what was expected.
pub(super) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    let bits = size_of::<T>().saturating_mul(8);
    text.parse().map_err(|_| format!("expected a whole number below 2^{bits}"))
}
