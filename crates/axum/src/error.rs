//! Why a handler stops, and with which status.

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use quixote_session::driver::Failure;
use quixote_session::{Outcome, Refusal};

/// Why a call failed. As a response it is a line of text for the visitor, with the status that the
/// table in the [crate documentation](crate) lists. The handler has stopped half way, so the
/// response also says [`Outcome::Failed`]: what the handler did before is not saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionError(pub Failure);

impl SessionError {
    /// The status of the response.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self.0 {
            Failure::Refused(why) => of_refusal(why),
            Failure::Busy | Failure::Store | Failure::Unknown => StatusCode::SERVICE_UNAVAILABLE,
            Failure::Commit => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

const fn of_refusal(why: Refusal) -> StatusCode {
    match why {
        Refusal::UnknownToken => StatusCode::FORBIDDEN,
        Refusal::NoUser => StatusCode::UNAUTHORIZED,
        Refusal::UnknownKey | Refusal::UnknownSession => StatusCode::NOT_FOUND,
        Refusal::SessionGone | Refusal::UserEnded | Refusal::ValueChanged | Refusal::NoSession => {
            StatusCode::CONFLICT
        }
        Refusal::TextTooLong => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::TooManyValues => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::TooManyRequests | Refusal::TooManySessions | Refusal::EntropyUsedUp => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::UnknownRequest
        | Refusal::RequestOpen
        | Refusal::NotOffered
        | Refusal::WouldOrphan
        | Refusal::SavedAtFinish
        | Refusal::IdNotIssued => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Failure> for SessionError {
    fn from(why: Failure) -> Self {
        Self(why)
    }
}

/// What the visitor reads. The text of a [`Failure`] says what a driver has to do about it, and the
/// layer has done that.
impl std::fmt::Display for SessionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Failure::Refused(why) => return why.fmt(f),
            Failure::Busy => "the server is busy, and nothing was done: try again",
            Failure::Store => "the server has failed, and nothing was done: try again later",
            Failure::Unknown => "the server has failed: see whether it was done",
            Failure::Commit => "the server could not save it",
        })
    }
}

impl std::error::Error for SessionError {}

impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), format!("{self}\n")).into_response();
        response.extensions_mut().insert(Outcome::Failed);
        response
    }
}
