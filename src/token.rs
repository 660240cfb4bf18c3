//! Session ids, form tokens and handles.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use smol_str::SmolStr;
use subtle::{Choice, ConstantTimeEq};

/// How many random bits a session id or a form token holds.
///
/// ```
/// use quixote_session::Width;
///
/// assert_eq!((Width::Bits64.bytes(), Width::Bits128.bytes()), (8, 16));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Width {
    /// 8 bytes, shown as 16 hex digits: what Quixote draws.
    #[cfg_attr(feature = "serde", serde(rename = "64"))]
    Bits64,
    /// 16 bytes, shown as 32 hex digits.
    #[cfg_attr(feature = "serde", serde(rename = "128"))]
    Bits128,
}

impl Width {
    /// The bytes that one draw takes from [`Entropy`](crate::Entropy).
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Bits64 => 8,
            Self::Bits128 => 16,
        }
    }

    /// How many draws each half of an [`Entropy`](crate::Entropy), 32 bytes, holds: 4 or 2.
    #[must_use]
    pub const fn draws(self) -> u8 {
        match self {
            Self::Bits64 => 4,
            Self::Bits128 => 2,
        }
    }
}

/// The random bytes of an id or token, with zeros after them if there are 8.
///
/// They are compared in constant time. Their order is that of the text, and only for listings: with
/// the bytes before the width, it is the derived one.
#[derive(Clone, Copy, Eq, PartialOrd, Ord)]
pub(crate) struct Secret {
    bytes: [u8; 16],
    width: Width,
}

impl Secret {
    const fn bytes(&self) -> &[u8] {
        self.bytes.split_at(self.width.bytes()).0
    }

    /// As many of these bytes as the width says, and zeros if there are fewer.
    pub(crate) fn from_bytes(width: Width, from: &[u8]) -> Self {
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(from).take(width.bytes()).for_each(|(byte, from)| *byte = *from);
        Self { bytes, width }
    }

    // [token-2] [token-3]
    fn parse(text: &str) -> Option<Self> {
        let width = match text.len() {
            16 => Width::Bits64,
            32 => Width::Bits128,
            _ => return None,
        };
        let mut bytes = [0; 16];
        for (byte, [high, low]) in bytes.iter_mut().zip(text.as_bytes().as_chunks().0) {
            *byte = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(Self { bytes, width })
    }
}

/// Secrets of different widths differ. For equal widths, every bit is looked at.
impl ConstantTimeEq for Secret {
    fn ct_eq(&self, other: &Self) -> Choice {
        let bits = |secret: &Self| u128::from_ne_bytes(secret.bytes);
        let width = |secret: &Self| u128::from(secret.width as u8);
        // The bits in which they differ.
        (bits(self) ^ bits(other) | width(self) ^ width(other)).ct_eq(&0)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Hash for Secret {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        hasher.write_u128(u128::from_ne_bytes(self.bytes));
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    }
}

/// Text that is neither 16 nor 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("expected 16 or 32 lower-case hex digits")]
pub struct NotHex;

/// A secret in full, for a cookie, a form or a store: what [`SessionId::reveal`] and
/// [`FormToken::reveal`] return.
#[derive(Clone, Copy)]
pub struct Revealed(Secret);

impl Revealed {
    /// Passes the hex digits to `read`, as text that needs no allocation.
    ///
    /// ```
    /// let id: quixote_session::SessionId = "00000000000000a1".parse()?;
    /// assert_eq!(id.reveal().with_text(str::len), 16);
    /// # Ok::<(), quixote_session::NotHex>(())
    /// ```
    #[inline]
    pub fn with_text<T>(&self, read: impl FnOnce(&str) -> T) -> T {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 32];
        let bytes = self.0.bytes();
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
        for (pair, byte) in text.as_chunks_mut().0.iter_mut().zip(bytes) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        let used = text.get(..bytes.len().saturating_mul(2)).unwrap_or_default();
        read(str::from_utf8(used).unwrap_or_default())
    }

    /// The first four hex digits, which tell two secrets apart in a log and open nothing.
    // [token-11] [token-12]
    pub(crate) fn start(&self) -> SmolStr {
        self.with_text(|text| text.get(..4).unwrap_or_default().into())
    }
}

impl fmt::Display for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with_text(|text| f.write_str(text))
    }
}

/// Defines a named secret. Ids and tokens follow the same rules, but are two types that cannot be
/// mixed up.
macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(into = "SmolStr", try_from = "SmolStr"))]
        pub struct $name(pub(crate) Secret);

        impl $name {
            /// The secret in full. Its `Display` prints every digit: for the cookie, the form or
            /// the store, never for a log.
            #[must_use]
            pub const fn reveal(&self) -> Revealed {
                Revealed(self.0)
            }

            /// The random bytes themselves, 8 or 16. They are as secret as the text.
            #[must_use]
            pub const fn reveal_bytes(&self) -> &[u8] {
                self.0.bytes()
            }
        }

        /// Exactly 16 or 32 lower-case hex digits; anything else is [`NotHex`].
        impl FromStr for $name {
            type Err = NotHex;

            fn from_str(text: &str) -> Result<Self, NotHex> {
                Secret::parse(text).map(Self).ok_or(NotHex)
            }
        }

        impl From<[u8; 8]> for $name {
            fn from(bytes: [u8; 8]) -> Self {
                Self(Secret::from_bytes(Width::Bits64, &bytes))
            }
        }

        impl From<[u8; 16]> for $name {
            fn from(bytes: [u8; 16]) -> Self {
                Self(Secret { bytes, width: Width::Bits128 })
            }
        }

        impl TryFrom<SmolStr> for $name {
            type Error = NotHex;

            fn try_from(text: SmolStr) -> Result<Self, NotHex> {
                text.parse()
            }
        }

        impl From<$name> for SmolStr {
            fn from(secret: $name) -> Self {
                secret.reveal().with_text(|text| Self::new(text))
            }
        }

        /// The first four hex digits, which tell two secrets apart in a log and open nothing.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({}…)", stringify!($name), self.reveal().start())
            }
        }
    };
}

secret! {
    /// The name of a stored session, and the value of its cookie. A secret.
    ///
    /// ```
    /// use quixote_session::SessionId;
    ///
    /// let id: SessionId = "629f6e3c386cd3d6".parse()?;
    /// assert_eq!(id.reveal().to_string(), "629f6e3c386cd3d6");
    /// assert_eq!(format!("{id:?}"), "SessionId(629f…)");
    /// assert!("629F6E3C386CD3D6".parse::<SessionId>().is_err(), "lower case only");
    /// # Ok::<(), quixote_session::NotHex>(())
    /// ```
    SessionId
}

secret! {
    /// A one-time proof that a form was issued within this session. A secret.
    ///
    /// ```
    /// use quixote_session::FormToken;
    ///
    /// let token: FormToken = "00000000000000b1".parse()?;
    /// assert_eq!(format!("{token:?}"), "FormToken(0000…)");
    /// assert_ne!(token, FormToken::from([0xb1; 8]));
    /// # Ok::<(), quixote_session::NotHex>(())
    /// ```
    FormToken
}

/// Names a session in a page: for a list of devices, and to end one of them.
///
/// A handle is drawn when the session is first stored, and stays when the session moves to a new
/// id. It opens nothing, because no cookie is compared with it. So it is no secret, and is shown in
/// full.
///
/// ```
/// use quixote_session::Handle;
///
/// let handle = Handle::from([0x0d; 16]);
/// assert_eq!(handle.to_string(), "0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d");
/// assert_eq!("0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d".parse(), Ok(handle));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "SmolStr", try_from = "SmolStr"))]
pub struct Handle([u8; 16]);

impl Handle {
    /// Its bytes, for a store.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl From<[u8; 16]> for Handle {
    fn from(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Handle {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, NotHex> {
        let secret = Secret::parse(text).filter(|secret| secret.width == Width::Bits128);
        secret.map(|secret| Self(secret.bytes)).ok_or(NotHex)
    }
}

impl TryFrom<SmolStr> for Handle {
    type Error = NotHex;

    fn try_from(text: SmolStr) -> Result<Self, NotHex> {
        text.parse()
    }
}

impl From<Handle> for SmolStr {
    fn from(handle: Handle) -> Self {
        Revealed(Secret { bytes: handle.0, width: Width::Bits128 })
            .with_text(|text| Self::new(text))
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&SmolStr::from(*self))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::ToString as _;

    use super::{Handle, SessionId};

    #[test]
    fn a_handle_is_no_secret_and_is_shown() {
        let handle = Handle::from([0x0d; 16]);
        let text = "0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d";
        assert_eq!(format!("{handle} {handle:?}"), format!("{text} Handle({text})"));
    }

    #[test]
    fn secrets_have_the_order_of_their_text() {
        let wide =
            |first, last| SessionId::from([first, 0, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0, 0, 0, 0]);
        let narrow = |first| SessionId::from([first, 0, 0, 0, 0, 0, 0, 0]);
        let mut ids = [wide(2, 0), narrow(2), wide(1, 1), wide(1, 0), narrow(1), wide(0, 9)];
        let mut texts = ids.map(|id| id.reveal().to_string());
        ids.sort_unstable();
        texts.sort_unstable();
        assert_eq!(ids.map(|id| id.reveal().to_string()), texts);
    }

    #[test]
    fn secrets_of_different_widths_differ_in_whatever_bit_they_differ_too() {
        for bit in 0..8 {
            let narrow = SessionId::from([1 << bit, 0, 0, 0, 0, 0, 0, 0]);
            let mut wide = [0; 16];
            assert_ne!(SessionId::from(wide), narrow, "bit {bit}");
            wide[0] = 1 << bit;
            assert_ne!(SessionId::from(wide), narrow, "bit {bit}");
        }
    }
}
