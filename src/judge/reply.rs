//! A response, as a browser sees it.

use serde_json::Value;

use super::client::Answer;
use super::jar::Kept;

/// A response, and what the browser did with its cookies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    pub(crate) results: Vec<Value>,
    /// For each `Set-Cookie` header, the cookie's name and what the browser did with it.
    pub(crate) cookies: Vec<(String, Kept)>,
}

impl Reply {
    pub(crate) fn is_refused(&self) -> bool {
        self.answer.status.is_some_and(|status| status >= 400)
    }

    /// Whether another request was in the way of this one: 409 Conflict, 423 Locked, or 429 Too
    /// Many Requests.
    pub(crate) fn is_in_the_way(&self) -> bool {
        self.answer.status.is_some_and(|status| matches!(status, 409 | 423 | 429))
    }

    pub(crate) fn is_ok(&self) -> bool {
        self.answer.status.is_some_and(|status| status < 400)
    }

    /// How many headers set a cookie of this name that a browser keeps.
    pub(crate) fn sets(&self, name: &str) -> usize {
        self.cookies.iter().filter(|(own, kept)| own == name && *kept == Kept::Set).count()
    }
}
