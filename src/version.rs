//! The version of what is serialised: the first field of every session and state.

#[cfg(feature = "serde")]
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// It takes no room, because everything in memory is of this version.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Version;

impl Version {
    #[cfg(feature = "serde")]
    const NUMBER: u8 = 1;
}

// [state-10]
#[cfg(feature = "serde")]
impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(Self::NUMBER)
    }
}

// [state-11]
#[cfg(feature = "serde")]
impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (found, known) = (u8::deserialize(from)?, Self::NUMBER);
        if found == known {
            return Ok(Self);
        }
        let error = format_args!("version: expected {known}, found {found}, which is unknown here");
        Err(serde::de::Error::custom(error))
    }
}
