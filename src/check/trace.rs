//! The trace format: JSON Lines with a header and then one step per line, read as a stream, and
//! written.
//!
//! Version 1 has what Quixote does. Version 2 adds the strict semantics, its configuration and its
//! events, and the values of an application. Lines are read strictly: an argument that is missing,
//! or that its event does not have, is an error which names what was expected.

mod error;
mod expect;
mod header;
mod line;
mod opaque;
mod reader;
mod reply;
mod strict;
mod words;
mod writer;

pub use error::{TraceError, printable};
pub use expect::{CookieRecord, Expect, SessionRecord};
pub use header::{Header, Version};
pub use line::TraceStep;
pub use reader::{MAX_LINE_BYTES, TraceReader};
pub use reply::ReplyRecord;
pub use writer::TraceWriter;

pub(crate) use error::{shortened, shortened_raw};
pub(crate) use expect::{SessionLine, remote_user};
