//! The faults that can be planted, each for a fault that some session manager has or had.

macro_rules! faults {
    ($($fault:ident $name:literal)*) => {
        /// What is wrong with this server.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Fault {
            /// Nothing.
            Not,
            $($fault,)*
        }

        impl Fault {
            /// The fault of a name; the empty name is that of none.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    "" => Some(Self::Not),
                    $($name => Some(Self::$fault),)*
                    _ => None,
                }
            }

            /// All names.
            pub const NAMES: &[&str] = &[$($name),*];
        }
    };
}

faults! {
    // Cookies.
    AdoptsIds "adopts-ids"
    AdoptsIdsAtLogin "adopts-ids-at-login"
    BareCookie "bare-cookie"
    BareRenewal "bare-renewal"
    BinaryIds "binary-ids"
    Cacheable "cacheable"
    CacheableRenewal "cacheable-renewal"
    CrashesOnCookies "crashes-on-cookies"
    DecimalIds "decimal-ids"
    IgnoresCase "ignores-case"
    LiveCookieEnds "live-cookie-ends"
    MangledNames "mangled-names"
    NoCookieOnErrors "no-cookie-on-errors"
    NotHttpOnly "not-http-only"
    NotSameSite "not-same-site"
    RepeatedIds "repeated-ids"
    ResendsCookies "resends-cookies"
    RevokesElsewhere "revokes-elsewhere"
    RevokesInsecurely "revokes-insecurely"
    SetsInsecurely "sets-insecurely"
    ShortIds "short-ids"
    SlowCookies "slow-cookies"
    TrimsUnicode "trims-unicode"
    TwoCookies "two-cookies"
    // Login and logout.
    DataStays "data-stays"
    ForgetsUserOnly "forgets-user-only"
    FreshOnLogout "fresh-on-logout"
    KeepsId "keeps-id"
    KeepsIdAgain "keeps-id-again"
    KeepsOldId "keeps-old-id"
    LateWritesFollow "late-writes-follow"
    LoginAgainDoesNothing "login-again-does-nothing"
    LogoutDeletesNothing "logout-deletes-nothing"
    // Renewal.
    RenewalBeforeFailure "renewal-before-failure"
    RenewalDoesNothing "renewal-does-nothing"
    RenewalLosesData "renewal-loses-data"
    // Writing.
    ClearsAtTheEnd "clears-at-the-end"
    ClearingStores "clearing-stores"
    DropsWrites "drops-writes"
    KeepsEmpty "keeps-empty"
    LastWins "last-wins"
    LosesLateRemovals "loses-late-removals"
    LosesUnreadRemovals "loses-unread-removals"
    NoRemoval "no-removal"
    Reissues "reissues"
    SavesOnErrors "saves-on-errors"
    SilentAfterLogin "silent-after-login"
    SilentConflicts "silent-conflicts"
    StoresOnRead "stores-on-read"
    TouchRevives "touch-revives"
    TouchRewrites "touch-rewrites"
    Upserts "upserts"
    // Time.
    AbsoluteFromStart "absolute-from-start"
    AbsoluteFromRenewal "absolute-from-renewal"
    AnonymousForever "anonymous-forever"
    CountsTheEnd "counts-the-end"
    ExpiresInBrowsersOnly "expires-in-browsers-only"
    NoAbsoluteLimit "no-absolute-limit"
    NoIdleLimit "no-idle-limit"
    NoTouch "no-touch"
    RefusesLateWork "refuses-late-work"
    // Tokens, and what is done once.
    GlobalTokens "global-tokens"
    GuardsNothing "guards-nothing"
    TakesReturn "takes-return"
    TakesTwice "takes-twice"
    TokensOfTheUser "tokens-of-the-user"
    TokensOnlyChecked "tokens-only-checked"
    TokensReturn "tokens-return"
    TokensSurviveLogin "tokens-survive-login"
    TokensSurviveOtherLogin "tokens-survive-other-login"
    TokensUnbounded "tokens-unbounded"
    // The sessions of a user.
    EndsAllButOne "ends-all-but-one"
    EndsAnyHandle "ends-any-handle"
    EndsNoHandle "ends-no-handle"
    EndsNoOthers "ends-no-others"
    EndsOneOther "ends-one-other"
    EndsInTurn "ends-in-turn"
    HandlesShowIds "handles-show-ids"
    ReadRevivesAll "read-revives-all"
    ReadRevivesOthers "read-revives-others"
    WriteRevivesOthers "write-revives-others"
    // Errors.
    ErrorPagesShowIds "error-pages-show-ids"
    LogsIds "logs-ids"
    OutageIsAnonymous "outage-is-anonymous"
    OutageIsSilent "outage-is-silent"
}
