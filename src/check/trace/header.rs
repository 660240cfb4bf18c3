//! The first line of a trace: its version, and the configuration that it was recorded under.

use std::string::String;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::error::{Fault, read};
use super::strict::{Object, given, given_object, given_word, object, word};
use crate::check::guarantees::base_of;
use crate::config::{Config, Dirtiness, GivesUp, SameSite};
use crate::semantics::Semantics;
use crate::serial::nullable;
use crate::token::Width;

/// The name of the format, up to the number of its version.
const FORMAT: &str = "quixote-session-trace/";

/// Which events, keys and configurations a trace can hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Version {
    /// Quixote, live or copying, without values.
    One,
    /// Also strict as it was then, values, and every field that a [`Config`] had then.
    Two,
    /// Also what strict has added: handles, renewal, values that are taken and guarded, passive
    /// requests, the flags of cookies. And under Quixote either answer of `is_dirty`.
    Three,
}

impl Version {
    /// The name in a header.
    #[must_use]
    pub const fn format(self) -> &'static str {
        match self {
            Self::One => "quixote-session-trace/1",
            Self::Two => "quixote-session-trace/2",
            Self::Three => "quixote-session-trace/3",
        }
    }

    /// The number in that name.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }

    /// The lowest version whose header can express this configuration.
    ///
    /// ```
    /// use quixote_session::{Config, check::trace::Version};
    ///
    /// assert_eq!(Version::of(&Config::QUIXOTE), Version::One);
    /// assert_eq!(Version::of(&Config::STRICT), Version::Three);
    /// ```
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let said = Header::of(Self::One, config.clone()).in_version_one();
        if said.as_ref().map(HeaderOne::config).as_ref() == Some(config) {
            Self::One
        } else {
            Self::Three
        }
    }
}

/// What the first line says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Header {
    /// The version that all further lines follow.
    pub version: Version,
    /// What the trace shows, for people.
    pub title: String,
    /// Which system it was recorded from, for people.
    pub origin: String,
    /// How the session manager was set up; [`Config::check`] passes.
    pub config: Config,
}

impl Header {
    /// A header without title and origin.
    #[must_use]
    pub const fn of(version: Version, config: Config) -> Self {
        Self { version, title: String::new(), origin: String::new(), config }
    }

    /// Reads the header, and whether ids are any text in the trace.
    // [trace-4] [trace-10]
    pub(super) fn parse(line: &str) -> Result<(Self, bool), Fault> {
        let Object(Format { format }) = read(line)?;
        let mut opaque = false;
        let header = if format == Version::One.format() {
            let Object(header) = read::<Object<HeaderOne>>(line)?;
            let config = header.config();
            Self { version: Version::One, title: header.title, origin: header.origin, config }
        } else if format == Version::Two.format() || format == Version::Three.format() {
            let Object(header) = read::<Object<HeaderTwo>>(line)?;
            let is_two = format == Version::Two.format();
            let version = if is_two { Version::Two } else { Version::Three };
            let config = header.config(version)?;
            opaque = header.config.opaque_ids.unwrap_or_default();
            Self { version, title: header.title, origin: header.origin, config }
        } else {
            let text = std::format!("expected the format {FORMAT}1, 2 or 3, found {format:?}");
            return Err(Fault::new(&text));
        };
        let checked = header.config.check();
        checked.map_err(|error| Fault::new(&std::format!("config: {error}")))?;
        Ok((header, opaque))
    }

    /// The line, without its end; an error if the version cannot express the configuration.
    pub(super) fn line(&self) -> Result<String, serde_json::Error> {
        use serde::ser::Error as _;
        match self.version {
            Version::One => match self.in_version_one() {
                Some(header) if header.config() == self.config => serde_json::to_string(&header),
                _ => Err(serde_json::Error::custom("version 1 cannot say this configuration")),
            },
            Version::Two | Version::Three => {
                let header = self.in_version_two();
                match header.config(self.version) {
                    Ok(config) if config == self.config => serde_json::to_string(&header),
                    Ok(_) | Err(_) => {
                        let text = "version 2 cannot say this configuration";
                        Err(serde_json::Error::custom(text))
                    }
                }
            }
        }
    }

    fn in_version_one(&self) -> Option<HeaderOne> {
        let sharing = match self.config.semantics {
            Semantics::Live => Sharing::Live,
            Semantics::Copying => Sharing::Copying,
            Semantics::Strict => return None,
        };
        let config = ConfigOne {
            sharing,
            cookie_name: self.config.cookie_name.clone(),
            cookie_path: self.config.cookie_path.clone(),
            cookie_domain: self.config.cookie_domain.clone(),
            access_resolution_ms: self.config.access_resolution_ms,
        };
        let format = self.version.format().into();
        Some(HeaderOne { format, title: self.title.clone(), origin: self.origin.clone(), config })
    }

    fn in_version_two(&self) -> HeaderTwo {
        let config = &self.config;
        let usual = base_of(config.semantics);
        let config = ConfigTwo {
            semantics: config.semantics,
            id_bits: match config.width {
                Width::Bits64 => 64,
                Width::Bits128 => 128,
            },
            cookie_name: config.cookie_name.clone(),
            cookie_path: config.cookie_path.clone(),
            cookie_domain: config.cookie_domain.clone(),
            cookie_hardened: config.cookie_hardened,
            access_resolution_ms: config.access_resolution_ms,
            idle_limit_ms: config.idle_limit_ms,
            absolute_limit_ms: config.absolute_limit_ms,
            max_form_tokens: config.max_form_tokens,
            max_text_bytes: unusual(config.max_text_bytes, &usual.max_text_bytes),
            max_values: unusual(config.max_values, &usual.max_values),
            max_requests: unusual(config.max_requests, &usual.max_requests),
            max_sessions: unusual(config.max_sessions, &usual.max_sessions),
            same_site: unusual(config.same_site, &usual.same_site),
            gives_up: unusual(config.gives_up, &usual.gives_up)
                .filter(|_| self.version > Version::Two),
            is_dirty: unusual(config.is_dirty, &usual.is_dirty),
            opaque_ids: None,
        };
        let format = self.version.format().into();
        HeaderTwo { format, title: self.title.clone(), origin: self.origin.clone(), config }
    }
}

fn unusual<T: PartialEq>(value: T, usual: &T) -> Option<T> {
    if value == *usual { None } else { Some(value) }
}

/// The part of a header that tells its version.
#[derive(Deserialize)]
struct Format {
    format: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderOne {
    format: String,
    title: String,
    origin: String,
    #[serde(deserialize_with = "object")]
    config: ConfigOne,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigOne {
    #[serde(deserialize_with = "word")]
    sharing: Sharing,
    cookie_name: SmolStr,
    #[serde(deserialize_with = "nullable")]
    cookie_path: Option<SmolStr>,
    #[serde(deserialize_with = "nullable")]
    cookie_domain: Option<SmolStr>,
    access_resolution_ms: u64,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Sharing {
    Live,
    Copying,
}

impl HeaderOne {
    fn config(&self) -> Config {
        Config {
            cookie_name: self.config.cookie_name.clone(),
            cookie_path: self.config.cookie_path.clone(),
            cookie_domain: self.config.cookie_domain.clone(),
            access_resolution_ms: self.config.access_resolution_ms,
            ..match self.config.sharing {
                Sharing::Live => Config::QUIXOTE,
                Sharing::Copying => Config::QUIXOTE_PERSISTENT,
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderTwo {
    format: String,
    title: String,
    origin: String,
    #[serde(deserialize_with = "object")]
    config: ConfigTwo,
}

/// The last fields are left out if they have the usual value of the semantics. Version 2 does not
/// have the last four.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigTwo {
    #[serde(deserialize_with = "word")]
    semantics: Semantics,
    id_bits: u8,
    cookie_name: SmolStr,
    #[serde(deserialize_with = "nullable")]
    cookie_path: Option<SmolStr>,
    #[serde(deserialize_with = "nullable")]
    cookie_domain: Option<SmolStr>,
    cookie_hardened: bool,
    access_resolution_ms: u64,
    #[serde(deserialize_with = "nullable")]
    idle_limit_ms: Option<u64>,
    #[serde(deserialize_with = "nullable")]
    absolute_limit_ms: Option<u64>,
    max_form_tokens: u8,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    max_text_bytes: Option<usize>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    max_values: Option<usize>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    max_requests: Option<u32>,
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    max_sessions: Option<u32>,
    #[serde(default, deserialize_with = "given_word", skip_serializing_if = "Option::is_none")]
    same_site: Option<SameSite>,
    #[serde(default, deserialize_with = "given_object", skip_serializing_if = "Option::is_none")]
    gives_up: Option<GivesUp>,
    #[serde(default, deserialize_with = "given_word", skip_serializing_if = "Option::is_none")]
    is_dirty: Option<Dirtiness>,
    /// Whether ids are any text. Written traces have hex digits.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    opaque_ids: Option<bool>,
}

impl ConfigTwo {
    fn needs_version_three(&self) -> bool {
        self.same_site.is_some()
            || self.gives_up.is_some()
            || self.is_dirty.is_some()
            || self.opaque_ids.is_some()
    }

    fn width(&self) -> Result<Width, Fault> {
        match self.id_bits {
            64 => Ok(Width::Bits64),
            128 => Ok(Width::Bits128),
            bits => {
                let text = std::format!("config: expected id_bits to be 64 or 128, found {bits}");
                Err(Fault::new(&text))
            }
        }
    }
}

impl HeaderTwo {
    fn config(&self, version: Version) -> Result<Config, Fault> {
        let said = &self.config;
        if version < Version::Three && said.needs_version_three() {
            let text =
                "config: expected no same_site, gives_up, is_dirty or opaque_ids before version 3";
            return Err(Fault::new(text));
        }
        // Older versions name no protection that is given up, so under strict all may be missing.
        let gives_up = if version < Version::Three && said.semantics == Semantics::Strict {
            GivesUp::EVERYTHING
        } else {
            said.gives_up.unwrap_or(GivesUp::NOTHING)
        };
        let usual = base_of(said.semantics);
        Ok(Config {
            semantics: said.semantics,
            width: said.width()?,
            cookie_name: said.cookie_name.clone(),
            cookie_path: said.cookie_path.clone(),
            cookie_domain: said.cookie_domain.clone(),
            cookie_hardened: said.cookie_hardened,
            access_resolution_ms: said.access_resolution_ms,
            idle_limit_ms: said.idle_limit_ms,
            absolute_limit_ms: said.absolute_limit_ms,
            max_form_tokens: said.max_form_tokens,
            max_text_bytes: said.max_text_bytes.unwrap_or(usual.max_text_bytes),
            max_values: said.max_values.unwrap_or(usual.max_values),
            max_requests: said.max_requests.unwrap_or(usual.max_requests),
            max_sessions: said.max_sessions.unwrap_or(usual.max_sessions),
            same_site: said.same_site.unwrap_or(usual.same_site),
            gives_up,
            is_dirty: said.is_dirty.unwrap_or(usual.is_dirty),
        })
    }
}
