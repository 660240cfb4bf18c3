//! Ctrl-C, SIGTERM and SIGHUP: the first asks for an end with the results so far, the second ends
//! at once. Neither leaves a file that has no name yet. Not so under `nohup`, where no watch is
//! kept.

use std::fs;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::unfinished::remove_all_and_exit;

/// Whether somebody pressed Ctrl-C.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches from now on. Where no watch can be kept, Ctrl-C ends the process as ever; so it does
    /// under `nohup`, since a watch would be one for the hangup as well.
    pub(super) fn watch() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
        if hangup_is_ignored() {
            return Self(pressed);
        }
        let handlers = Arc::clone(&pressed);
        let _ = ctrlc::set_handler(move || {
            if handlers.swap(true, Ordering::Relaxed) {
                remove_all_and_exit(130);
            }
        });
        Self(pressed)
    }

    /// Whether it was pressed.
    pub(super) fn is_pressed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether to go on.
    pub(super) fn flow(&self) -> ControlFlow<()> {
        if self.is_pressed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Whether whoever began this process had it ignore SIGHUP, as far as can be known.
fn hangup_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    ignored.is_some_and(|signals| signals & 1 != 0)
}
