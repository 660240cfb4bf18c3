//! Time as the machine sees it: a number that the driver reads off its own clock.

use core::fmt;

/// A moment: milliseconds since the Unix epoch, as the driver's clock shows it.
///
/// The clock may go back; no rule assumes that it does not.
///
/// ```
/// use quixote_session::Timestamp;
///
/// let (earlier, later) = (Timestamp(1_000), Timestamp(3_500));
/// assert_eq!(later.since(earlier), 2_500);
/// assert_eq!(earlier.since(later), 0, "a clock that went back has measured nothing");
/// assert_eq!(earlier.age_at(Timestamp(400)), -600, "an age says so");
/// assert_eq!(Timestamp(1_000_000_000_000).to_string(), "2001-09-09 01:46:40");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// What the clock of the system says; 0 if it says a moment before 1970.
    ///
    /// ```
    /// use quixote_session::Timestamp;
    ///
    /// assert!(Timestamp::now() > Timestamp(1_700_000_000_000), "after November 2023");
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let ms = since.unwrap_or_default().as_millis();
        Self(u64::try_from(ms).unwrap_or(u64::MAX))
    }

    /// Milliseconds that have passed since `earlier`; 0 if the clock has gone back behind it.
    // [time-1]
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Milliseconds from this moment to `now`; negative if the clock has gone back behind this
    /// moment. Ages too large for `i64` are cut to its ends.
    // [time-2] [time-17]
    #[must_use]
    pub fn age_at(self, now: Self) -> i64 {
        let distance = i64::try_from(now.0.abs_diff(self.0)).unwrap_or(i64::MAX);
        if now < self { distance.saturating_neg() } else { distance }
    }
}

/// The date and time in UTC, to the second, as [`dump`](crate::SessionRef::dump) prints it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000;
        let (year, month, day) = civil(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

/// Year, month and day of the proleptic Gregorian calendar, `days` after 1970-01-01.
///
/// Counted in eras of 400 years (146,097 days) that begin on the first of March, so that the leap
/// day is the last of its year.
#[expect(clippy::arithmetic_side_effects, reason = "days is at most 2^64 / 86,400,000")]
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468; // from 0000-03-01
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::Timestamp;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (951_868_800, "2000-03-01 00:00:00"),
            (4_107_542_399, "2100-02-28 23:59:59"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(Timestamp(seconds * 1_000).to_string(), text);
        }
    }

    #[test]
    fn the_ends_of_time_are_held() {
        assert_eq!(Timestamp(0).age_at(Timestamp(u64::MAX)), i64::MAX);
        assert_eq!(Timestamp(u64::MAX).age_at(Timestamp(0)), -i64::MAX);
        assert_eq!(Timestamp(u64::MAX).to_string(), "584556019-04-03 14:25:51");
    }
}
