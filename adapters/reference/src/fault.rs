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
    BareNames "bare-names"
    BareOnOtherStatus "bare-on-other-status"
    BareRenewal "bare-renewal"
    BinaryIds "binary-ids"
    Cacheable "cacheable"
    CacheableLogout "cacheable-logout"
    CacheableRenewal "cacheable-renewal"
    CrashesOnCookies "crashes-on-cookies"
    DecimalIds "decimal-ids"
    EncodedNames "encoded-names"
    IdsInAddresses "ids-in-addresses"
    IdsInPaths "ids-in-paths"
    IgnoresCase "ignores-case"
    IgnoresEnds "ignores-ends"
    IgnoresSeals "ignores-seals"
    LiveCookieEnds "live-cookie-ends"
    LongerNames "longer-names"
    MangledNames "mangled-names"
    MatchesHalves "matches-halves"
    MatchesPatterns "matches-patterns"
    NoCookieOnErrors "no-cookie-on-errors"
    NoCookieOnRedirects "no-cookie-on-redirects"
    NotHttpOnly "not-http-only"
    NotSameSite "not-same-site"
    RepeatedIds "repeated-ids"
    ResendsCookies "resends-cookies"
    ResendsOldCookies "resends-old-cookies"
    RevokesElsewhere "revokes-elsewhere"
    RevokesInsecurely "revokes-insecurely"
    SetsInsecurely "sets-insecurely"
    SharesTheEmptyId "shares-the-empty-id"
    ShortIds "short-ids"
    SlowCookies "slow-cookies"
    TrimsUnicode "trims-unicode"
    TwoCookies "two-cookies"
    WeakLoginIds "weak-login-ids"
    WeakRenewedIds "weak-renewed-ids"
    // Login and logout.
    DataReturns "data-returns"
    DataStays "data-stays"
    ErrorsLeaveTheUser "errors-leave-the-user"
    ForgetsUserOnly "forgets-user-only"
    FreshOnLogout "fresh-on-logout"
    KeepsId "keeps-id"
    KeepsIdAgain "keeps-id-again"
    KeepsOldId "keeps-old-id"
    LateWritesFollow "late-writes-follow"
    LoginAgainDoesNothing "login-again-does-nothing"
    LogoutBeginsUnderTheId "logout-begins-under-the-id"
    LogoutDeletesNothing "logout-deletes-nothing"
    LogoutEndsEverybody "logout-ends-everybody"
    LogoutKeepsLastWrites "logout-keeps-last-writes"
    LogoutMissesRenewed "logout-misses-renewed"
    OnlyLoneLogoutsEnd "only-lone-logouts-end"
    // Renewal.
    LateRenewalsBeginAnew "late-renewals-begin-anew"
    RenewalBeforeFailure "renewal-before-failure"
    RenewalDoesNothing "renewal-does-nothing"
    RenewalLosesData "renewal-loses-data"
    RenewalLosesLastWrites "renewal-loses-last-writes"
    RenewalLosesUser "renewal-loses-user"
    RenewalLosesWrites "renewal-loses-writes"
    // Writing.
    AsciiValues "ascii-values"
    ClearingStores "clearing-stores"
    ClearsAtTheEnd "clears-at-the-end"
    ClearsRevive "clears-revive"
    DropsEmptyValues "drops-empty-values"
    DropsFalseValues "drops-false-values"
    DropsLargeValues "drops-large-values"
    DropsWrites "drops-writes"
    EmptiedReturns "emptied-returns"
    KeepsEmpty "keeps-empty"
    LastWins "last-wins"
    LosesLateRemovals "loses-late-removals"
    LosesUnreadRemovals "loses-unread-removals"
    NoRemoval "no-removal"
    ReadsNumbers "reads-numbers"
    Reissues "reissues"
    RemovalStores "removal-stores"
    SavesOnErrors "saves-on-errors"
    SeesEndedData "sees-ended-data"
    SeesEndedUser "sees-ended-user"
    SeesNoOwnLogin "sees-no-own-login"
    SeesNoOwnWrites "sees-no-own-writes"
    SharesValues "shares-values"
    SilentAfterLogin "silent-after-login"
    SilentConflicts "silent-conflicts"
    StoresOnRead "stores-on-read"
    TakingKeepsEmpty "taking-keeps-empty"
    TouchRevives "touch-revives"
    TouchRewrites "touch-rewrites"
    Upserts "upserts"
    WritesToTheLatest "writes-to-the-latest"
    // Time.
    AbsoluteFromRenewal "absolute-from-renewal"
    AbsoluteFromStart "absolute-from-start"
    AbsoluteFromWriting "absolute-from-writing"
    AnonymousForever "anonymous-forever"
    CountsTheEnd "counts-the-end"
    ExpiresInBrowsersOnly "expires-in-browsers-only"
    NoAbsoluteLimit "no-absolute-limit"
    NoIdleLimit "no-idle-limit"
    NoTouch "no-touch"
    RefusesLateWork "refuses-late-work"
    RefusesLongWork "refuses-long-work"
    WritesAreNoUse "writes-are-no-use"
    // Tokens, and what is done once.
    AcceptsNoToken "accepts-no-token"
    GlobalTokens "global-tokens"
    GuardsNothing "guards-nothing"
    GuardsWhatIsThere "guards-what-is-there"
    GuardsWhatWasThere "guards-what-was-there"
    GuessedTokens "guessed-tokens"
    OneFormAtATime "one-form-at-a-time"
    TakesReturn "takes-return"
    TakesTwice "takes-twice"
    TokensOfTheUser "tokens-of-the-user"
    TokensOnlyChecked "tokens-only-checked"
    TokensReturn "tokens-return"
    TokensSurviveLogin "tokens-survive-login"
    TokensSurviveLogout "tokens-survive-logout"
    TokensSurviveOtherLogin "tokens-survive-other-login"
    TokensUnbounded "tokens-unbounded"
    WrongTokensSpend "wrong-tokens-spend"
    // The sessions of a user.
    EndsAllButOne "ends-all-but-one"
    EndsAllButOwn "ends-all-but-own"
    EndsAnyHandle "ends-any-handle"
    EndsInTurn "ends-in-turn"
    EndsNoHandle "ends-no-handle"
    EndsNoOthers "ends-no-others"
    EndsNobodys "ends-nobodys"
    EndsOneOther "ends-one-other"
    EndsOthersInTurn "ends-others-in-turn"
    EndsThoseNotRenewed "ends-those-not-renewed"
    EndsUsersOfAPrefix "ends-users-of-a-prefix"
    HandlesShowIds "handles-show-ids"
    ListsEverybody "lists-everybody"
    ReadRevivesAll "read-revives-all"
    ReadRevivesOthers "read-revives-others"
    RenewalRevivesAll "renewal-revives-all"
    WriteRevivesOne "write-revives-one"
    WriteRevivesOthers "write-revives-others"
    // Errors.
    ErrorPagesShowIds "error-pages-show-ids"
    LogsHalfIds "logs-half-ids"
    LogsIds "logs-ids"
    OutageIsAnonymous "outage-is-anonymous"
    OutageIsSilent "outage-is-silent"
}
