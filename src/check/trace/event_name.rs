//! What the events are called in a trace, who they belong to, and which version has them.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::header::Version;
use crate::event::{Event, ManagerEvent, RequestEvent};

/// Declares the names: those of the variants in snake case, as `Event::name` spells them.
macro_rules! event_names {
    (of a request: $($request:ident)*; of the manager: $($manager:ident)*;) => {
        /// The events by name.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum EventName {
            StartRequest,
            $($request,)*
            $($manager,)*
        }

        impl EventName {
            pub(super) const fn of(event: &Event) -> Self {
                match event {
                    Event::StartRequest { .. } => Self::StartRequest,
                    Event::Request { event, .. } => match event {
                        $(RequestEvent::$request { .. } => Self::$request,)*
                    },
                    Event::Manager(event) => match event {
                        $(ManagerEvent::$manager { .. } => Self::$manager,)*
                    },
                }
            }

            /// Whether the event is the manager's and belongs to no request.
            pub(super) const fn is_of_manager(self) -> bool {
                match self {
                    Self::StartRequest $(| Self::$request)* => false,
                    $(Self::$manager)|* => true,
                }
            }
        }
    };
}

event_names! {
    of a request:
        SetUser SetValue RemoveValue CreateFormToken HasFormToken RemoveFormToken HasSessionCookie
        RevokeSessionCookie ExpireSession NewSession MaintainSession FinishRequest InsertSession;
    of the manager: DeleteSession DeleteSessionsOf Sweep;
}

impl EventName {
    /// The first version that has the event.
    pub(super) const fn since(self) -> Version {
        match self {
            Self::StartRequest
            | Self::SetUser
            | Self::CreateFormToken
            | Self::HasFormToken
            | Self::RemoveFormToken
            | Self::HasSessionCookie
            | Self::RevokeSessionCookie
            | Self::ExpireSession
            | Self::NewSession
            | Self::MaintainSession
            | Self::FinishRequest
            | Self::InsertSession
            | Self::DeleteSession => Version::One,
            Self::SetValue | Self::RemoveValue | Self::DeleteSessionsOf | Self::Sweep => {
                Version::Two
            }
        }
    }
}

/// As the trace writes it.
impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::EventName;
    use crate::check::population::{Habits, Population, Seeded};
    use crate::{Config, State};

    #[test]
    fn a_trace_names_an_event_as_the_event_does() {
        let (mut population, mut choices) = (Population::new(Habits::ALL), Seeded::new(1));
        for _ in 0..2_000 {
            let turn = population.next_turn(&Config::STRICT, &State::new(), &mut choices);
            let event = &turn.input.event;
            assert_eq!(EventName::of(event).to_string(), event.name());
            population.learn(&turn, &crate::Effects::reply(crate::Reply::Done));
        }
    }
}
