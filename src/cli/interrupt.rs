//! Ctrl-C: the first asks for an end with the results so far, the second ends at
//! once. Neither leaves a file that has no name yet.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::unfinished::remove_all_and_exit;

/// Whether somebody pressed Ctrl-C.
#[derive(Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches from now on. Where no watch can be kept, Ctrl-C ends the process as ever.
    pub(super) fn watch() -> Self {
        let pressed = Arc::new(AtomicBool::new(false));
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
