//! A session that was serialised is checked before it is believed.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Session;
use crate::serial::without_secrets;

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// Refuses a session that was accessed before it was created.
impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let session = Self::deserialize(from).map_err(|error| without_secrets(&error))?;
        session.checked().map_err(D::Error::custom)
    }
}
