//! The option `--is-dirty`.

use clap::ValueEnum;
use quixote_session::Dirtiness;

/// When a session says that it is dirty.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum IsDirty {
    /// Not once it is stored: it is stored once
    Never,
    /// As long as it has info: it is stored again by each request that ends well
    HasInfo,
}

impl IsDirty {
    /// The value that says the opposite.
    pub(super) const fn other_than(answer: Dirtiness) -> Self {
        match answer {
            Dirtiness::Never => Self::HasInfo,
            Dirtiness::HasInfo => Self::Never,
        }
    }
}

impl From<IsDirty> for Dirtiness {
    fn from(answer: IsDirty) -> Self {
        match answer {
            IsDirty::Never => Self::Never,
            IsDirty::HasInfo => Self::HasInfo,
        }
    }
}
