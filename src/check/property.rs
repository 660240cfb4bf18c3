//! The properties: for each a name, a sentence, what shows that it is not vacuous, and which
//! semantics keep it. The tests with proptest, the fuzz targets and the exhaustive search all check
//! these.

use core::fmt;

use crate::semantics::Semantics;

/// Declares the properties: name, id, sentence, *sometimes*, and which semantics keep or break
/// each.
macro_rules! properties {
    ($($(#[$doc:meta])* $name:ident = $id:literal: $sentence:literal,
        sometimes $sometimes:literal,
        kept by [$($kept:ident),*], broken by [$($broken:ident),*];)*) => {
        /// What a session manager must keep true, in every state and at every step.
        ///
        /// ```
        /// use quixote_session::Semantics;
        /// use quixote_session::check::Property;
        ///
        /// let property = Property::NoIdComesBack;
        /// assert_eq!(property.id(), "no-id-comes-back");
        /// assert!(property.is_kept_by(Semantics::Strict));
        /// assert!(!property.is_kept_by(Semantics::Copying));
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Property {
            $(
                #[doc = $sentence]
                ///
                #[doc = concat!("Not vacuous: ", $sometimes, ".")]
                $name,
            )*
        }

        impl Property {
            /// All of them, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name used in the specification, in reports and on the command line.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id),* }
            }

            /// What always holds.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence),* }
            }

            /// What happens now and then if the property is put to the test. If it never happens,
            /// that the property holds means nothing.
            #[must_use]
            pub const fn sometimes(self) -> &'static str {
                match self { $(Self::$name => $sometimes),* }
            }

            /// The verdict that the specification declares.
            #[must_use]
            pub const fn is_kept_by(self, semantics: Semantics) -> bool {
                match self {
                    $(Self::$name => match semantics {
                        $(Semantics::$kept => true,)*
                        $(Semantics::$broken => false,)*
                    }),*
                }
            }
        }
    };
}

properties! {
    RefusalChangesNothing = "refusal-changes-nothing":
        "A refused event leaves the state as it was and asks nothing of the driver.",
        sometimes "an event is refused",
        kept by [Live, Copying, Strict], broken by [];
    RefusalsHaveAReason = "refusals-have-a-reason":
        "An event is refused if there is a reason to, and only then; of several reasons, the \
         first is given.",
        sometimes "a request that holds a session is refused something",
        kept by [Live, Copying, Strict], broken by [];
    AnswersAreTrue = "answers-are-true":
        "Every answer is true of the session and the cookie that the request sees.",
        sometimes "an answer says more than that something happened",
        kept by [Live, Copying, Strict], broken by [];
    IdsNameTheirSession = "ids-name-their-session":
        "Every stored session is found under its own id, and only there.",
        sometimes "two sessions are stored",
        kept by [Live, Copying, Strict], broken by [];
    EveryObjectIsReachable = "every-object-is-reachable":
        "Every session in memory is stored or held by a request.",
        sometimes "a request holds a session whose id left the store",
        kept by [Live, Copying, Strict], broken by [];
    StoredHasInfo = "stored-has-info":
        "Every stored session has info.",
        sometimes "a stored session loses its last info and is deleted",
        kept by [Strict], broken by [Live, Copying];
    TokensAreBounded = "tokens-are-bounded":
        "No session holds more form tokens than the configured cap.",
        sometimes "a token makes room for a newer one",
        kept by [Live, Copying, Strict], broken by [];
    AccessedNotBeforeCreated = "accessed-not-before-created":
        "No session was accessed before it was created.",
        sometimes "an access is noted",
        kept by [Live, Copying, Strict], broken by [];
    IdsAreIssued = "ids-are-issued":
        "An id is stored only if the machine drew it.",
        sometimes "a drawn id is stored",
        kept by [Strict], broken by [Live, Copying];
    NoIdComesBack = "no-id-comes-back":
        "An id that left the store never comes back, unless the caller inserts it.",
        sometimes "an id leaves the store while another request holds its session",
        kept by [Live, Strict], broken by [Copying];
    NoIdSurvivesLogin = "no-id-survives-login":
        "No id that was known before a login names the session of the user who logged in.",
        sometimes "somebody logs in on a session that is stored",
        kept by [Strict], broken by [Live, Copying];
    OneUserPerId = "one-user-per-id":
        "An id stands for one user, or for nobody, as long as it is stored.",
        sometimes "the user of a stored session changes",
        kept by [Strict], broken by [Live, Copying];
    NoTokenSurvivesLogin = "no-token-survives-login":
        "No form token that was outstanding when the user of a stored session changed is \
         outstanding afterwards.",
        sometimes "the user changes on a session with form tokens",
        kept by [Strict], broken by [Live, Copying];
    StoreOpsReproduceStore = "store-ops-reproduce-store":
        "Carrying out the store operations, and nothing else, reproduces the store.",
        sometimes "a stored session is written again",
        kept by [Copying, Strict], broken by [Live];
    FailureLeavesNoTrace = "failure-leaves-no-trace":
        "A request that fails or is abandoned changes no stored session, apart from sessions that \
         it ended, form tokens that it spent, values that it took and its noted access.",
        sometimes "a request fails with changes to a stored session",
        kept by [Strict], broken by [Live, Copying];
    OthersAreLeftAlone = "others-are-left-alone":
        "An event changes no stored session but those that it names.",
        sometimes "a session changes while another is stored",
        kept by [Live, Copying, Strict], broken by [];
    LoginBeginsASession = "login-begins-a-session":
        "Setting a user or renewing gives the saved session a new id; setting a user also gives it \
         the address and the moment of the login.",
        sometimes "somebody logs in on a session that is stored",
        kept by [Strict], broken by [Live, Copying];
    ValuesStayWithTheirUser = "values-stay-with-their-user":
        "What was set before the user changed from somebody to another, or to nobody, is not in \
         the session that is saved, and nothing is in a new one.",
        sometimes "the user of a session with values changes",
        kept by [Strict], broken by [Live, Copying];
    ValueIsTakenOnce = "value-is-taken-once":
        "A value that was taken from a stored session was there, and is not there any more.",
        sometimes "two requests hold a session with the value that is taken",
        kept by [Live, Strict], broken by [Copying];
    EndedUserStaysEnded = "ended-user-stays-ended":
        "No request saves a login that it made before the user's sessions were ended.",
        sometimes "the sessions of a user are ended while a login of that user is not saved",
        kept by [Strict], broken by [Live, Copying];
    VisitCounts = "visit-counts":
        "If a request finds its session, its access is noted there, unless the request is passive.",
        sometimes "a visit is noted",
        kept by [Live, Strict], broken by [Copying];
    NoUpdateIsLost = "no-update-is-lost":
        "A save that succeeds stores all that the request changed, if the values that it guards \
         have not changed, and leaves the rest as it was, except for what a login drops; accepting \
         a form and taking a value leave the rest as it was, too.",
        sometimes "a request saves its changes while another holds the same session",
        kept by [Strict], broken by [Live, Copying];
    ReadingStoresNothing = "reading-stores-nothing":
        "A request that changes nothing brings no id into the store and sets no cookie.",
        sometimes "a request that changed nothing finishes on a session that is gone",
        kept by [Live, Strict], broken by [Copying];
    TokenAcceptedOnce = "token-accepted-once":
        "A form token is accepted at most once for each time it was issued.",
        sometimes "two requests hold a session with the same token",
        kept by [Live, Strict], broken by [Copying];
    CookieNamesStored = "cookie-names-stored":
        "A cookie that is set names a session that is stored, and the client keeps it.",
        sometimes "a cookie is set",
        kept by [Strict], broken by [Live, Copying];
    NoSessionIsOrphaned = "no-session-is-orphaned":
        "A response that takes or replaces a cookie leaves no session stored under the id that \
         the request came with.",
        sometimes "a response takes or replaces the cookie of a session",
        kept by [Strict], broken by [Live, Copying];
    RevocationMatches = "revocation-matches":
        "A cookie is revoked under the path that it was set with.",
        sometimes "a cookie is revoked that was set with a path",
        kept by [Strict], broken by [Live, Copying];
    NothingPastItsLimits = "nothing-past-its-limits":
        "No request finds a session that is over; none saves to a session whose absolute limit is \
         reached, spends a form token of it or takes a value from it.",
        sometimes "a request comes with the cookie of a session that is over",
        kept by [Strict], broken by [Live, Copying];
    SweepLeavesNoneOver = "sweep-leaves-none-over":
        "After a sweep, no stored session is over.",
        sometimes "a sweep deletes a session",
        kept by [Strict], broken by [Live, Copying];
    UserIsEndedEverywhere = "user-is-ended-everywhere":
        "After the manager deletes a user's sessions, no session of that user is stored.",
        sometimes "the manager deletes a user's session while a request holds it",
        kept by [Live, Copying, Strict], broken by [];
    ExpiryIsImmediate = "expiry-is-immediate":
        "When a session is ended, by its request, its id or its handle, it is not stored right \
         afterwards, nor under the id that it has moved to.",
        sometimes "a stored session is expired while another request holds it",
        kept by [Live, Copying, Strict], broken by [];
    LogoutReachesTheClient = "logout-reaches-the-client":
        "When the response to a request that ended its session arrives, the client no longer \
         holds the cookie it sent.",
        sometimes "the response to a logout arrives",
        kept by [Strict], broken by [Live, Copying];
    StillLoggedIn = "still-logged-in":
        "A client that logged in while no other request of its own could change its cookie, and \
         that did not log out, is still logged in.",
        sometimes "a client that logged in comes back",
        kept by [Strict], broken by [Live, Copying];
}

/// The property's id.
impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// A set of properties.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Properties(u64);

impl Properties {
    /// No property.
    pub const NONE: Self = Self(0);

    /// Adds one.
    pub const fn add(&mut self, property: Property) {
        self.0 |= 1 << property as u64;
    }

    /// Adds one if `condition` holds.
    pub const fn add_if(&mut self, condition: bool, property: Property) {
        if condition {
            self.add(property);
        }
    }

    /// Whether it is in the set.
    #[must_use]
    pub const fn contains(self, property: Property) -> bool {
        self.0 & 1 << property as u64 != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in the other set.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in the set, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Property> {
        Property::ALL.iter().copied().filter(move |property| self.contains(*property))
    }
}

impl fmt::Debug for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Property::id)).finish()
    }
}

/// How often each property was in a set.
///
/// ```
/// use quixote_session::check::{Properties, Property, Tally};
///
/// let mut broken = Properties::NONE;
/// broken.add(Property::NoIdComesBack);
/// let mut tally = Tally::default();
/// tally.add(broken);
/// tally.add(broken);
/// assert_eq!(tally.of(Property::NoIdComesBack), 2);
/// assert_eq!(tally.of(Property::NoUpdateIsLost), 0);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Tally([u64; Property::ALL.len()]);

impl Default for Tally {
    fn default() -> Self {
        Self([0; Property::ALL.len()])
    }
}

impl Tally {
    /// Counts each property of a set.
    pub fn add(&mut self, found: Properties) {
        for (count, property) in self.0.iter_mut().zip(Property::ALL) {
            *count = count.saturating_add(u64::from(found.contains(*property)));
        }
    }

    /// Adds what another has counted.
    pub fn add_all(&mut self, other: &Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count = count.saturating_add(more);
        }
    }

    /// How often the property was in a set.
    #[must_use]
    pub fn of(&self, property: Property) -> u64 {
        self.0.get(property as usize).copied().unwrap_or_default()
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counted = Property::ALL.iter().map(|property| (property.id(), self.of(*property)));
        f.debug_map().entries(counted.filter(|(_, count)| *count > 0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::{Properties, Property, Tally};

    fn set(properties: &[Property]) -> Properties {
        let mut set = Properties::NONE;
        for property in properties {
            set.add(*property);
        }
        set
    }

    #[test]
    fn sets_are_joined_and_taken_from_each_other() {
        let (id, user, update) =
            (Property::NoIdComesBack, Property::OneUserPerId, Property::NoUpdateIsLost);
        let (one, other) = (set(&[id, user]), set(&[user, update]));
        assert_eq!(one.union(other), set(&[id, user, update]));
        assert_eq!(one.without(other), set(&[id]));
        assert!(one.contains(id) && !one.contains(update));
        assert!(Properties::NONE.is_empty() && !one.is_empty());
        assert_eq!(format!("{one:?}"), r#"{"no-id-comes-back", "one-user-per-id"}"#);
    }

    #[test]
    fn a_tally_counts_each_property_of_each_set() {
        let mut tally = Tally::default();
        tally.add(set(&[Property::NoIdComesBack, Property::OneUserPerId]));
        let mut all = tally.clone();
        all.add(set(&[Property::NoIdComesBack]));
        all.add_all(&tally);
        assert_eq!(all.of(Property::NoIdComesBack), 3);
        assert_eq!(all.of(Property::OneUserPerId), 2);
        assert_eq!(all.of(Property::NoUpdateIsLost), 0);
        assert_eq!(format!("{all:?}"), r#"{"no-id-comes-back": 3, "one-user-per-id": 2}"#);
    }
}
