//! A situation in a bounded world, and what an action leads to.

use crate::check::browser::Browsers;
use crate::check::history::{Findings, History, Seen};
use crate::check::property::Property;
use crate::check::world::{MOMENT, World};
use crate::config::Config;
use crate::effect::{Effects, Reply};
use crate::event::Input;
use crate::state::State;
use crate::step::step;
use crate::time::Timestamp;

/// Something that happens in a world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// The machine gets an input; if a request starts, it belongs to `client`.
    Step {
        /// Number of the client; 0 for events of the manager.
        client: u8,
        /// The input.
        input: Input,
    },
    /// The response at this place arrives at its client.
    Deliver(u8),
    /// The response at this place is lost.
    Lose(u8),
    /// The clock shows this moment.
    Clock(u8),
}

/// A situation: the machine's state, the clients, and what the properties remember.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Situation {
    /// The machine's state.
    pub state: State,
    /// The clients and their cookies.
    pub browsers: Browsers,
    history: History,
    pub(super) moment: u8,
    pub(super) drawn: u8,
}

/// What an action led to.
#[derive(Clone, Debug)]
pub struct Outcomes {
    /// What the machine asked for, if the action was a step.
    pub effects: Option<Effects>,
    /// What the properties saw.
    pub found: Findings,
    /// Whether nothing has changed, as when an event is refused.
    pub unchanged: bool,
}

impl Situation {
    /// Before anything has happened.
    #[must_use]
    pub fn new(world: &World) -> Self {
        Self {
            state: State::new(),
            browsers: Browsers::new(world.clients),
            history: History::default(),
            moment: 0,
            drawn: 0,
        }
    }

    /// The situation after `action`; None if the action needs more draws than the world has.
    #[must_use]
    pub fn after(
        &self,
        world: &World,
        config: &Config,
        action: &Action,
    ) -> Option<(Self, Outcomes)> {
        let mut next = self.clone();
        let mut found = Findings::default();
        let mut effects = None;
        let mut unchanged = false;
        match action {
            Action::Step { client, input } => {
                let (state, done) = step(config, core::mem::take(&mut next.state), input.clone());
                if done.draws > 0 {
                    next.drawn = next.drawn.checked_add(1).filter(|drawn| *drawn <= world.draws)?;
                }
                let (before, after) = (&self.state, &state);
                let seen = Seen { config, before, input, after, effects: &done };
                found = next.history.observe(&seen);
                if matches!(done.reply, Reply::Refused(_)) {
                    unchanged = !found.broken.contains(Property::RefusalChangesNothing);
                } else {
                    next.browsers.observe(&seen, *client, &mut found);
                }
                next.state = state;
                effects = Some(done);
            }
            Action::Deliver(place) => next.browsers.deliver(usize::from(*place), &mut found),
            Action::Lose(place) => next.browsers.lose(usize::from(*place)),
            Action::Clock(moment) => next.moment = *moment,
        }
        Some((next, Outcomes { effects, found, unchanged }))
    }

    /// The moment that the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(u64::from(self.moment).saturating_add(1).saturating_mul(MOMENT))
    }

    /// Requests in flight and responses on their way.
    pub(super) fn busy(&self) -> usize {
        self.state.open_requests().saturating_add(self.browsers.responses().len())
    }
}
