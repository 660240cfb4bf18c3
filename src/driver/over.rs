//! Which sessions are over at one moment, for a store that deletes them.

use crate::config::Config;
use crate::effect::StoreOp;
use crate::semantics::Limits;
use crate::session::Session;
use crate::time::Timestamp;

/// Which sessions are over at one moment, as bounds of their times. A store compares two columns
/// with them, and needs no configuration.
///
/// ```
/// use quixote_session::driver::{Outside, Over};
/// use quixote_session::{Config, Session, Timestamp};
///
/// let config = Config { idle_limit_ms: Some(600), absolute_limit_ms: None, ..Config::STRICT };
/// let over = Over::at(&config, Timestamp(1_000));
/// let bounds = Outside { until: Some(Timestamp(400)), from: Some(Timestamp(1_600)) };
/// assert_eq!(over.accessed, bounds);
/// assert!(over.includes(&Session::new("192.0.2.1".into(), Timestamp(400))));
/// assert!(!over.includes(&Session::new("192.0.2.1".into(), Timestamp(401))));
/// ```
// [driver-13]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Over {
    /// The idle limit: a session is over if it was last accessed outside these bounds.
    pub accessed: Outside,
    /// The absolute limit: a session is over if it was created outside these bounds.
    pub created: Outside,
}

/// All moments up to one bound, and all from another bound on, both inclusive. If a bound is None,
/// there are no moments on its side.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Outside {
    /// Moments up to this one: they are as old as the limit, or older.
    pub until: Option<Timestamp>,
    /// Moments from this one on: they lie ahead by the limit or more, so the clock was wrong.
    pub from: Option<Timestamp>,
}

impl Over {
    /// The sessions that are over at `now` under this configuration: see [`Session::is_over`].
    #[must_use]
    pub fn at(config: &Config, now: Timestamp) -> Self {
        match config.differences().limits {
            Limits::None => Self { accessed: Outside::default(), created: Outside::default() },
            Limits::IdleAndAbsolute => Self {
                accessed: Outside::by(config.idle_limit_ms, now),
                created: Outside::by(config.absolute_limit_ms, now),
            },
        }
    }

    /// The sessions that this operation discards as over. None if it discards none: see
    /// [`Write::over`](super::Write).
    #[must_use]
    pub fn of(config: &Config, op: &StoreOp) -> Option<Self> {
        let now = match op {
            StoreOp::DiscardOver { now } => Some(*now),
            StoreOp::Create { discard_over, .. } => *discard_over,
            StoreOp::Put { .. }
            | StoreOp::Touch { .. }
            | StoreOp::Update { .. }
            | StoreOp::Rotate { .. }
            | StoreOp::Discard { .. }
            | StoreOp::Delete { .. }
            | StoreOp::DeleteHandle { .. }
            | StoreOp::DeleteUser { .. } => None,
        };
        now.map(|now| Self::at(config, now))
    }

    /// Whether this session is over.
    #[must_use]
    pub fn includes(&self, session: &Session) -> bool {
        self.accessed.includes(session.accessed()) || self.created.includes(session.created())
    }
}

impl Outside {
    fn by(limit: Option<u64>, now: Timestamp) -> Self {
        Self {
            until: limit.and_then(|limit| now.0.checked_sub(limit)).map(Timestamp),
            from: limit.and_then(|limit| now.0.checked_add(limit)).map(Timestamp),
        }
    }

    fn includes(self, at: Timestamp) -> bool {
        self.until.is_some_and(|until| at <= until) || self.from.is_some_and(|from| at >= from)
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::Over;
    use crate::config::Config;
    use crate::effect::StoreOp;
    use crate::session::Session;
    use crate::time::Timestamp;

    // [driver-13]
    #[test]
    fn a_sweep_and_a_create_that_makes_room_discard_what_is_over() {
        let (config, now) = (Config::STRICT, Timestamp(1_000));
        let create = |discard_over| {
            let session = Box::new(Session::new("".into(), now));
            StoreOp::Create { id: [7; 16].into(), session, generation: None, discard_over }
        };
        let over = Some(Over::at(&config, now));
        assert_eq!(Over::of(&config, &StoreOp::DiscardOver { now }), over);
        assert_eq!(Over::of(&config, &create(Some(now))), over);
        assert_eq!(Over::of(&config, &create(None)), None);
        assert_eq!(Over::of(&config, &StoreOp::Delete { id: [7; 16].into() }), None);
    }

    /// At the ends of time, and a millisecond around each limit.
    #[test]
    fn what_is_over_by_its_bounds_is_over() {
        let edges = [0, 1, 599, 600, 601, 1_000, 1_199, 1_200, 1_201, 5_000, 5_600, 6_200];
        let moments = || edges.into_iter().chain(edges.map(|at| u64::MAX - at)).map(Timestamp);
        let limits = || [None, Some(0), Some(600), Some(1_200), Some(u64::MAX)].into_iter();
        let mut counts = [0; 2];
        for own in [Config::STRICT, Config::QUIXOTE] {
            for (idle_limit_ms, absolute_limit_ms) in
                limits().flat_map(|idle| limits().map(move |absolute| (idle, absolute)))
            {
                let config = Config { idle_limit_ms, absolute_limit_ms, ..own.clone() };
                for now in moments() {
                    let over = Over::at(&config, now);
                    for created in moments() {
                        for accessed in moments().filter(|accessed| *accessed >= created) {
                            let session = Session::new("".into(), created).accessed_by(accessed);
                            let is_over = session.is_over(&config, now);
                            assert_eq!(over.includes(&session), is_over, "{session:?} at {now:?}");
                            counts[usize::from(is_over)] += 1;
                        }
                    }
                }
            }
        }
        assert!(counts.iter().all(|count| *count > 10_000), "{counts:?}");
    }
}
