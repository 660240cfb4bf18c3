//! The command line of `quixote-session`: recordings are replayed, and made.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
