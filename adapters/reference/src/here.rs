//! What the store must know of the request that it works for, to go wrong in the planted way.

use quixote_session::SessionId;
use quixote_session::driver::Revision;

tokio::task_local! {
    /// The request that this task serves.
    pub static HERE: Here;
}

/// One request.
#[derive(Clone)]
pub struct Here {
    /// The id that its cookie names.
    pub id: Option<SessionId>,
    /// The revision of what was stored when it arrived.
    pub revision: Option<Revision>,
    /// Whether it asks for anything that changes a session.
    pub writes: bool,
    /// Whether it asks for a logout.
    pub logs_out: bool,
    /// Whether the store fails for it.
    pub outage: bool,
}

/// The request that this task serves; none outside of requests.
pub fn here() -> Option<Here> {
    HERE.try_with(Clone::clone).ok()
}
