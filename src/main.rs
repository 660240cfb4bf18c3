//! The command line of `quixote-session`: recordings are replayed, and made.

mod cli;
#[cfg(feature = "judge")]
mod judge;

fn main() -> std::process::ExitCode {
    cli::main()
}
