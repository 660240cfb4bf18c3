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
        self.answer().0
    }

    /// What the visitor reads. The text of the [`Failure`] says what the application has to do.
    #[must_use]
    pub const fn for_visitor(self) -> &'static str {
        self.answer().1
    }

    const fn answer(self) -> (StatusCode, &'static str) {
        match self.0 {
            Failure::Refused(why) => of_refusal(why),
            Failure::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server is busy, and nothing was done. Try again.",
            ),
            Failure::Store => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server has failed, and nothing was done. Try again later.",
            ),
            Failure::Unknown => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server has failed. Check whether your request took effect.",
            ),
            Failure::Commit => {
                (StatusCode::INTERNAL_SERVER_ERROR, "The server could not save your changes.")
            }
        }
    }
}

const fn of_refusal(why: Refusal) -> (StatusCode, &'static str) {
    match why {
        Refusal::UnknownToken => (
            StatusCode::FORBIDDEN,
            "This form was sent before, or belongs to another session. Load the page again.",
        ),
        Refusal::NoUser => (StatusCode::UNAUTHORIZED, "Log in first."),
        Refusal::UnknownKey | Refusal::UnknownSession => {
            (StatusCode::NOT_FOUND, "What you asked for is gone.")
        }
        Refusal::SessionGone | Refusal::NoSession => {
            (StatusCode::CONFLICT, "Your session has ended. Load the page again.")
        }
        Refusal::UserEnded => {
            (StatusCode::CONFLICT, "Your sessions have been ended. Log in again.")
        }
        Refusal::ValueChanged => {
            (StatusCode::CONFLICT, "Somebody has changed this meanwhile. Load the page again.")
        }
        Refusal::TextTooLong => (StatusCode::PAYLOAD_TOO_LARGE, "A text is too long."),
        Refusal::TooManyValues => (StatusCode::UNPROCESSABLE_ENTITY, "There is no room for more."),
        Refusal::TooManyRequests | Refusal::TooManySessions | Refusal::EntropyUsedUp => {
            (StatusCode::SERVICE_UNAVAILABLE, "The server is busy. Try again later.")
        }
        Refusal::UnknownRequest
        | Refusal::RequestOpen
        | Refusal::NotOffered
        | Refusal::WouldOrphan
        | Refusal::SavedAtFinish
        | Refusal::IdNotIssued => {
            (StatusCode::INTERNAL_SERVER_ERROR, "The server has made a mistake.")
        }
    }
}

impl From<Failure> for SessionError {
    fn from(why: Failure) -> Self {
        Self(why)
    }
}

impl std::fmt::Display for SessionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for SessionError {}

impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), format!("{}\n", self.for_visitor())).into_response();
        response.extensions_mut().insert(Outcome::Failed);
        response
    }
}
