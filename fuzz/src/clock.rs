//! How the clock of a script moves.

use quixote_session::Config;

/// The moment after a move: mostly the same, or later by about a limit of the configuration.
pub(crate) fn moved(now: u64, config: &Config, when: u8) -> u64 {
    let resolution = config.access_resolution_ms;
    let idle = config.idle_limit_ms.unwrap_or(2_000);
    let absolute = config.absolute_limit_ms.unwrap_or(60_000);
    match when % 32 {
        1 => now.saturating_add(1),
        2 => now.saturating_add(resolution.saturating_sub(1)),
        3 => now.saturating_add(resolution),
        4 => now.saturating_add(resolution.saturating_add(1)),
        5 => now.saturating_add(500),
        6 => now.saturating_add(3_000),
        7 => now.saturating_add(10_000),
        8 => now.saturating_add(25_000),
        9 => now.saturating_add(idle.saturating_sub(1)),
        10 => now.saturating_add(idle),
        11 => now.saturating_add(absolute.saturating_sub(1)),
        12 => now.saturating_add(absolute),
        13 => now.saturating_add(3_600_000),
        14 => now.saturating_sub(250),
        15 => now.saturating_sub(5_000),
        16 => 0,
        17 => u64::MAX,
        18 => now.saturating_add(40),
        _ => now,
    }
}
