//! The kinds of events, and the arguments of each: the table that every new event is entered in.
//!
//! Random clients, the fuzzer, the searches and the traces all take their events from here, so they
//! can only leave out a kind if they say so.

use core::fmt;
use std::vec::Vec;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::event::{Event, ManagerEvent, Outcome, RequestEvent, RequestId};
use crate::presented::{CookieValue, SubmittedToken};
use crate::token::{Handle, SessionId};

/// Passes on an event for each combination of arguments.
macro_rules! every {
    ($see:ident, $event:expr;) => { $see($event) };
    ($see:ident, $event:expr; $argument:ident in $range:expr, $($rest:tt)*) => {
        for $argument in $range { every!($see, $event; $($rest)*) }
    };
}

/// Declares the kinds. Each argument is named like the method of [`Arguments`], and the field of
/// [`Ranges`], that it comes from. The methods are called in this order.
macro_rules! kinds {
    (
        of a request: $($request:ident { $($argument:ident: $source:ident),* })*;
        of the manager: $($manager:ident { $($its:ident: $from:ident),* })*;
    ) => {
        /// A kind of event. Traces write the names in snake case, as [`Event::name`] does.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            /// [`Event::StartRequest`].
            StartRequest,
            $(#[doc = concat!("[`RequestEvent::", stringify!($request), "`].")] $request,)*
            $(#[doc = concat!("[`ManagerEvent::", stringify!($manager), "`].")] $manager,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] =
                &[Self::StartRequest, $(Self::$request,)* $(Self::$manager,)*];

            /// The kind of an event.
            #[must_use]
            pub const fn of(event: &Event) -> Self {
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
            #[must_use]
            pub const fn is_of_manager(self) -> bool {
                match self {
                    Self::StartRequest $(| Self::$request)* => false,
                    $(Self::$manager)|* => true,
                }
            }

            /// An event of this kind. None for `StartRequest`: its cookie is known only to the code
            /// that starts the request.
            pub fn event(self, arguments: &mut impl Arguments) -> Option<Event> {
                Some(match self {
                    Self::StartRequest => return None,
                    $(Self::$request => {
                        RequestEvent::$request { $($argument: arguments.$source()),* }
                            .of(arguments.request())
                    })*
                    $(Self::$manager => {
                        Event::Manager(ManagerEvent::$manager { $($its: arguments.$from()),* })
                    })*
                })
            }

            /// Every event of this kind whose arguments are in these ranges.
            pub fn every(self, request: RequestId, ranges: &Ranges, see: &mut impl FnMut(Event)) {
                match self {
                    Self::StartRequest => every! {
                        see,
                        Event::StartRequest {
                            request,
                            cookie: cookie.clone(),
                            remote_addr: remote_addr.clone(),
                            script_name: script_name.clone(),
                            passive: *passive,
                        };
                        cookie in &ranges.cookie,
                        remote_addr in &ranges.remote_addr,
                        script_name in &ranges.script_name,
                        passive in &ranges.passive,
                    },
                    $(Self::$request => every! {
                        see,
                        RequestEvent::$request { $($argument: $argument.clone()),* }.of(request);
                        $($argument in &ranges.$source,)*
                    },)*
                    $(Self::$manager => every! {
                        see,
                        Event::Manager(ManagerEvent::$manager { $($its: $its.clone()),* });
                        $($its in &ranges.$from,)*
                    },)*
                }
            }
        }
    };
}

kinds! {
    of a request:
        SetUser { user: login }
        RenewSession {}
        SetValue { key: key, value: value }
        RemoveValue { key: key }
        TakeValue { key: key }
        GuardValue { key: key }
        CreateFormToken {}
        HasFormToken { token: token }
        RemoveFormToken { token: token }
        HasSessionCookie { must_exist: must_exist }
        NewSession {}
        MaintainSession {}
        RevokeSessionCookie {}
        ExpireSession {}
        ExpireOtherSessions {}
        ExpireHandle { handle: handle }
        InsertSession { user: owner, id: new_id }
        FinishRequest { outcome: outcome };
    of the manager:
        DeleteSession { id: id }
        DeleteHandle { handle: handle }
        DeleteSessionsOf { user: user }
        Sweep {};
}

/// What an event draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Draw {
    /// An id, if the session is saved under a new one.
    Id,
    /// A form token.
    Token,
}

impl Kind {
    /// What an event of this kind may draw.
    #[must_use]
    pub const fn draws(self) -> Option<Draw> {
        match self {
            Self::CreateFormToken => Some(Draw::Token),
            Self::MaintainSession | Self::FinishRequest => Some(Draw::Id),
            Self::StartRequest
            | Self::SetUser
            | Self::RenewSession
            | Self::SetValue
            | Self::RemoveValue
            | Self::TakeValue
            | Self::GuardValue
            | Self::HasFormToken
            | Self::RemoveFormToken
            | Self::HasSessionCookie
            | Self::RevokeSessionCookie
            | Self::ExpireSession
            | Self::ExpireOtherSessions
            | Self::ExpireHandle
            | Self::NewSession
            | Self::InsertSession
            | Self::DeleteSession
            | Self::DeleteHandle
            | Self::DeleteSessionsOf
            | Self::Sweep => None,
        }
    }
}

/// As traces write it.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// Chooses the arguments of an event.
pub trait Arguments {
    /// The request that the event happens in.
    fn request(&mut self) -> RequestId;
    /// Who logs in; None for nobody.
    fn login(&mut self) -> Option<SmolStr>;
    /// The key of a value.
    fn key(&mut self) -> SmolStr;
    /// A value.
    fn value(&mut self) -> SmolStr;
    /// A form token, as submitted.
    fn token(&mut self) -> SubmittedToken;
    /// Whether the cookie must name a stored session.
    fn must_exist(&mut self) -> bool;
    /// How the request ends.
    fn outcome(&mut self) -> Outcome;
    /// The user of a session that is inserted.
    fn owner(&mut self) -> Option<SmolStr>;
    /// The id that a session is inserted under.
    fn new_id(&mut self) -> SessionId;
    /// The id of a session to delete.
    fn id(&mut self) -> SessionId;
    /// The user whose sessions are deleted.
    fn user(&mut self) -> SmolStr;
    /// The handle of a session to end.
    fn handle(&mut self) -> Handle;
}

/// All values of the arguments, for a search that tries everything. If the range of an argument is
/// empty, the kinds that have this argument have no events.
#[derive(Clone, Default)]
#[expect(missing_docs, reason = "each is the range of the argument that `Arguments` describes")]
pub struct Ranges {
    pub cookie: Vec<Option<CookieValue>>,
    pub remote_addr: Vec<SmolStr>,
    pub script_name: Vec<SmolStr>,
    pub passive: Vec<bool>,
    pub login: Vec<Option<SmolStr>>,
    pub key: Vec<SmolStr>,
    pub value: Vec<SmolStr>,
    pub token: Vec<SubmittedToken>,
    pub must_exist: Vec<bool>,
    pub outcome: Vec<Outcome>,
    pub owner: Vec<Option<SmolStr>>,
    pub new_id: Vec<SessionId>,
    pub id: Vec<SessionId>,
    pub user: Vec<SmolStr>,
    pub handle: Vec<Handle>,
}

/// What happens next, as a byte of a fuzzer chooses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// An event is sent. A request that starts is a browser's, with the cookie in its jar.
    Send(Kind),
    /// A request of a stranger starts, with any cookie whatever.
    Stranger,
    /// A response arrives.
    Deliver,
    /// A response is lost.
    Lose,
}

impl Next {
    /// All of them, by number, the plainest first. The fuzzer's corpus holds the numbers. A byte is
    /// taken modulo the length of this list, so one more entry changes what the bytes mean.
    pub const ALL: [Self; 26] = [
        Self::Send(Kind::StartRequest),
        Self::Send(Kind::FinishRequest),
        Self::Send(Kind::SetUser),
        Self::Send(Kind::SetValue),
        Self::Send(Kind::RemoveValue),
        Self::Send(Kind::CreateFormToken),
        Self::Send(Kind::HasFormToken),
        Self::Send(Kind::RemoveFormToken),
        Self::Send(Kind::HasSessionCookie),
        Self::Send(Kind::RevokeSessionCookie),
        Self::Send(Kind::ExpireSession),
        Self::Send(Kind::NewSession),
        Self::Send(Kind::MaintainSession),
        Self::Send(Kind::InsertSession),
        Self::Send(Kind::DeleteSession),
        Self::Stranger,
        Self::Deliver,
        Self::Lose,
        Self::Send(Kind::DeleteSessionsOf),
        Self::Send(Kind::Sweep),
        Self::Send(Kind::RenewSession),
        Self::Send(Kind::TakeValue),
        Self::Send(Kind::GuardValue),
        Self::Send(Kind::ExpireOtherSessions),
        Self::Send(Kind::ExpireHandle),
        Self::Send(Kind::DeleteHandle),
    ];

    /// What a byte stands for.
    #[must_use]
    pub fn of(byte: u8) -> Self {
        pick(&Self::ALL, byte).unwrap_or(Self::Send(Kind::StartRequest))
    }

    /// The least byte that stands for it.
    #[must_use]
    pub fn byte(self) -> u8 {
        let place = (0..).zip(Self::ALL).find(|(_, next)| *next == self);
        place.map_or(0, |(place, _)| place)
    }

    const fn sends(mut table: &[Self], kind: Kind) -> bool {
        while let [next, rest @ ..] = table {
            if matches!(next, Self::Send(own) if *own as u8 == kind as u8) {
                return true;
            }
            table = rest;
        }
        false
    }
}

/// Every kind has a number.
const _: () = {
    let mut kinds = Kind::ALL;
    while let [kind, rest @ ..] = kinds {
        assert!(Next::sends(&Next::ALL, *kind), "a kind of event has no number in `Next::ALL`");
        kinds = rest;
    }
};

/// The item that a byte chooses; None if there is none.
#[must_use]
pub fn pick<T: Clone>(items: &[T], byte: u8) -> Option<T> {
    items.get(usize::from(byte).checked_rem(items.len())?).cloned()
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use super::{Kind, Ranges};
    use crate::{Outcome, RequestId, SubmittedToken};

    /// A range of one for each argument.
    fn one_of_each() -> Ranges {
        let text = || std::vec!["text".into()];
        let user = || std::vec![Some("text".into())];
        let id = || std::vec![[1; 8].into()];
        Ranges {
            cookie: std::vec![None],
            remote_addr: text(),
            script_name: text(),
            passive: std::vec![true],
            login: user(),
            key: text(),
            value: text(),
            token: std::vec![SubmittedToken::IllFormed],
            must_exist: std::vec![true],
            outcome: std::vec![Outcome::Failed],
            owner: user(),
            new_id: id(),
            id: id(),
            user: text(),
            handle: std::vec![[1; 16].into()],
        }
    }

    #[test]
    fn a_kind_is_that_of_its_events_and_is_named_as_they_are() {
        for kind in Kind::ALL {
            let mut events = std::vec![];
            kind.every(RequestId(1), &one_of_each(), &mut |event| events.push(event));
            let [event] = events.as_slice() else { panic!("{kind}: {events:?}") };
            assert_eq!((Kind::of(event), kind.to_string().as_str()), (*kind, event.name()));
        }
    }

    #[test]
    fn a_combination_of_arguments_is_an_event() {
        let two = std::vec![false, true];
        let key = std::vec!["a".into(), "b".into(), "c".into()];
        let ranges = Ranges { must_exist: two, key, value: std::vec![], ..one_of_each() };
        let count = |kind: Kind| {
            let mut count = 0;
            kind.every(RequestId(1), &ranges, &mut |_| count += 1);
            count
        };
        let kinds = [Kind::HasSessionCookie, Kind::RemoveValue, Kind::SetValue, Kind::Sweep];
        assert_eq!(kinds.map(count), [2, 3, 0, 1]);
    }
}
