//! What a step answers, as a trace writes it.

use serde::{Deserialize, Serialize};

use crate::effect::{Refusal, Reply};
use crate::token::FormToken;

/// How a trace writes a [`Reply`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyRecord {
    /// It happened.
    Done,
    /// The token of a form.
    Token(FormToken),
    /// Yes or no.
    Answer(bool),
    /// It did not happen.
    Refused(Refusal),
}

impl From<&Reply> for ReplyRecord {
    fn from(reply: &Reply) -> Self {
        match reply {
            Reply::Done | Reply::Started { .. } => Self::Done,
            Reply::Token(token) => Self::Token(*token),
            Reply::Answer(answer) => Self::Answer(*answer),
            Reply::Refused(why) => Self::Refused(*why),
        }
    }
}
