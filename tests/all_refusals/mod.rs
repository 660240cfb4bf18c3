//! Every reason to refuse an event, for tests that try them all.

use quixote_session::Refusal;

pub(crate) const REFUSALS: [Refusal; 19] = [
    Refusal::RequestOpen,
    Refusal::UnknownRequest,
    Refusal::TooManyRequests,
    Refusal::TextTooLong,
    Refusal::NoSession,
    Refusal::IdNotIssued,
    Refusal::SavedAtFinish,
    Refusal::WouldOrphan,
    Refusal::NotOffered,
    Refusal::NoUser,
    Refusal::UnknownKey,
    Refusal::UserEnded,
    Refusal::SessionGone,
    Refusal::UnknownToken,
    Refusal::ValueChanged,
    Refusal::TooManyValues,
    Refusal::UnknownSession,
    Refusal::TooManySessions,
    Refusal::EntropyUsedUp,
];
