//! What each version of the format can express: which events, and which keys for each event.

use std::format;

use super::error::Fault;
use super::expect::Expect;
use super::header::Version;
use super::line::TraceStep;
use super::reply::ReplyRecord;
use crate::check::kinds::Kind;
use crate::check::role::outcome_of;
use crate::effect::Refusal;
use crate::event::Event;

impl TraceStep {
    /// Whether version 1 can express this step.
    #[must_use]
    pub fn fits_version_one(&self) -> bool {
        since(Kind::of(&self.input.event)) == Version::One
            && !says_more_than_version_one(&self.expect)
    }
}

/// The first version that has the event.
pub(super) const fn since(kind: Kind) -> Version {
    match kind {
        Kind::StartRequest
        | Kind::SetUser
        | Kind::CreateFormToken
        | Kind::HasFormToken
        | Kind::RemoveFormToken
        | Kind::HasSessionCookie
        | Kind::RevokeSessionCookie
        | Kind::ExpireSession
        | Kind::NewSession
        | Kind::MaintainSession
        | Kind::FinishRequest
        | Kind::InsertSession
        | Kind::DeleteSession => Version::One,
        Kind::SetValue | Kind::RemoveValue | Kind::DeleteSessionsOf | Kind::Sweep => Version::Two,
        Kind::RenewSession
        | Kind::TakeValue
        | Kind::GuardValue
        | Kind::ExpireOtherSessions
        | Kind::ExpireHandle
        | Kind::DeleteHandle => Version::Three,
    }
}

/// Refuses in older traces what came with version 3.
// [trace-8]
pub(super) fn check_version(version: Version, event: Kind, step: &TraceStep) -> Result<(), Fault> {
    let passive = matches!(step.input.event, Event::StartRequest { passive: true, .. });
    let held = step.expect.session.iter().flatten();
    let mut sessions = held.chain(step.expect.stored.iter().flatten());
    let handles =
        step.new_handle.is_some() || sessions.any(|record| record.session.handle.is_some());
    let cookie = step.expect.set_cookie.iter().flatten();
    let flags = cookie.into_iter().any(|cookie| cookie.flags.is_some());
    let new = [Refusal::UserEnded, Refusal::ValueChanged, Refusal::NoUser, Refusal::NotOffered];
    let (value, refused) = match &step.expect.reply {
        Some(ReplyRecord::Value(_)) => (true, false),
        Some(ReplyRecord::Refused(why)) => (false, new.contains(why)),
        Some(ReplyRecord::Done | ReplyRecord::Token(_) | ReplyRecord::Answer(_)) | None => {
            (false, false)
        }
    };
    for (stands, what) in [
        (passive, "passive"),
        (handles, "handle"),
        (flags, "flags"),
        (value, "value"),
        (refused, "refusal of version 3"),
    ] {
        if stands && version < Version::Three {
            let number = version.number();
            return Err(Fault::new(&format!(
                "expected no `{what}` of {event} in version {number}"
            )));
        }
    }
    Ok(())
}

/// Refuses keys of `expect` that the event or the version does not have, and stored sessions that
/// are out of order.
// [trace-13]
pub(super) fn check_expect(version: Version, event: Kind, step: &TraceStep) -> Result<(), Fault> {
    let expect = &step.expect;
    let starts = event == Kind::StartRequest;
    let ends = outcome_of(&step.input.event).is_some();
    let of_request = !event.is_of_manager();
    for (stands, fits, key) in [
        (expect.remote_user.is_some(), starts, "remote_user"),
        (expect.session.is_some(), of_request, "session"),
        (expect.request_cookie.is_some(), of_request, "request_cookie"),
        (expect.set_cookie.is_some(), ends, "set_cookie"),
        (expect.transaction.is_some(), ends, "transaction"),
    ] {
        if stands && !fits {
            return Err(Fault::new(&format!("expected no key `{key}` in `expect` of {event}")));
        }
    }
    if version == Version::One && says_more_than_version_one(expect) {
        return Err(Fault::new(
            "expected what version 1 can observe: no `transaction`, no `values`, and as refusals \
             no_session, unknown_token, unknown_session",
        ));
    }
    let stored = expect.stored.as_deref().unwrap_or_default();
    if stored.iter().any(|session| session.id.is_none()) {
        return Err(Fault::new("expected every session in `stored` to have an id"));
    }
    if !stored.is_sorted_by(|one, next| one.id < next.id) {
        return Err(Fault::new("expected `stored` in rising order of the ids, each once"));
    }
    Ok(())
}

// [trace-6]
fn says_more_than_version_one(expect: &Expect) -> bool {
    let held = expect.session.iter().flatten();
    let mut sessions = held.chain(expect.stored.iter().flatten());
    let known = [Refusal::NoSession, Refusal::UnknownToken, Refusal::UnknownSession];
    let refused = match &expect.reply {
        Some(ReplyRecord::Refused(why)) => !known.contains(why),
        Some(ReplyRecord::Value(_)) => true,
        Some(ReplyRecord::Done | ReplyRecord::Token(_) | ReplyRecord::Answer(_)) | None => false,
    };
    refused
        || expect.transaction.is_some()
        || sessions.any(|record| !record.session.values.is_empty())
}
