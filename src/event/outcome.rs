//! How a request ends.

/// How a request ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Outcome {
    /// The handler returned; its response is sent as it stands.
    Successful,
    /// The handler raised a `PublishError` (a 4xx page): a fresh response replaces the handler's,
    /// and then the request is finished as a successful one.
    Interrupted,
    /// The handler raised any other exception (a 5xx page): a fresh response replaces the
    /// handler's, and the changes are aborted.
    Failed,
    /// The client went away: no hook runs and no response is sent.
    Abandoned,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Successful, Self::Interrupted, Self::Failed, Self::Abandoned];

    /// Whether the session is saved when the request ends like this.
    pub(crate) const fn saves(self) -> bool {
        match self {
            Self::Successful | Self::Interrupted => true,
            Self::Failed | Self::Abandoned => false,
        }
    }

    /// The outcome's name, as traces and the specification spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Successful => "successful",
            Self::Interrupted => "interrupted",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}
