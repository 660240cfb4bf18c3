//! How a command went, as its exit status says it.

use std::process::ExitCode;

/// The exit status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exit {
    /// 0: all went well.
    Well,
    /// 1: the model differs from a recording.
    Differs,
    /// 2: something could not be read or written, or there was nothing to compare.
    Failed,
    /// 130: Ctrl-C, or another signal that asks for an end.
    Interrupted,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Well => 0,
            Exit::Differs => 1,
            Exit::Failed => 2,
            Exit::Interrupted => 130,
        })
    }
}
