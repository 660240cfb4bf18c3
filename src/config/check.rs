//! Checks a configuration: whether browsers keep its cookie, and whether its limits fit together.

use super::Config;
use crate::form_tokens::FormTokens;
use crate::grammar::{has_prefix, is_attribute_value, is_cookie_name, is_domain};
use crate::semantics::{Additions, Limits, Path};
use crate::token::Width;

impl Config {
    /// Checks whether browsers keep the cookie, by RFC 6265 and 6265bis, and whether the limits fit
    /// together. Call it once, before the first step. `step` is total whatever the answer, and
    /// `set_cookie` also refuses a cookie whose text is refused here. It does not check whether a
    /// Domain is a public suffix such as `com`, which browsers refuse, or whether a limit is so
    /// small that it refuses everything, such as 0 sessions.
    ///
    /// # Errors
    /// The first [`ConfigError`] found, in the order of its variants.
    ///
    /// ```
    /// use quixote_session::{Config, ConfigError};
    ///
    /// let shared = Config { cookie_domain: Some("example.com".into()), ..Config::STRICT };
    /// assert_eq!(shared.check(), Err(ConfigError::HostPrefix));
    /// let shouted = Config { cookie_name: "__HOST-id".into(), ..Config::QUIXOTE };
    /// assert_eq!(shouted.check(), Err(ConfigError::HostPrefix));
    /// let hasty = Config { idle_limit_ms: Some(30_000), ..Config::STRICT };
    /// assert_eq!(hasty.check(), Err(ConfigError::IdleLimit));
    /// ```
    // [config-16] [config-33] [config-17] [config-18] [config-19] [config-20] [config-34]
    // [config-21] [config-35] [config-36] [config-37] [config-38] [config-39] [config-40]
    pub fn check(&self) -> Result<(), ConfigError> {
        let path = self.cookie_path.as_deref().unwrap_or_default();
        if !is_cookie_name(&self.cookie_name) {
            return Err(ConfigError::CookieName);
        }
        if !is_attribute_value(path) || !(path.is_empty() || path.starts_with('/')) {
            return Err(ConfigError::CookiePath);
        }
        if !self.cookie_domain.as_deref().is_none_or(is_domain) {
            return Err(ConfigError::CookieDomain);
        }
        // RFC 6265bis, section 4.1.3.2: a __Host- cookie is Secure, has Path=/ and no Domain.
        let host = self.cookie_hardened && path == "/" && self.cookie_domain.is_none();
        if has_prefix(&self.cookie_name, "__Host-") && !host {
            return Err(ConfigError::HostPrefix);
        }
        let secure = ["__Secure-", "__Http-"];
        let is_secure = secure.iter().any(|prefix| has_prefix(&self.cookie_name, prefix));
        if is_secure && !self.cookie_hardened {
            return Err(ConfigError::SecurePrefix);
        }
        let differences = self.differences();
        match differences.path {
            // Set under the Path of one script and revoked under that of another, it would stay.
            Path::Configured if path.is_empty() => return Err(ConfigError::PathOfScript),
            Path::Configured | Path::OfScript => {}
        }
        if !(1..=FormTokens::MAX).contains(&self.max_form_tokens) {
            return Err(ConfigError::MaxFormTokens);
        }
        match differences.limits {
            Limits::IdleAndAbsolute => self.check_limits()?,
            Limits::None => {}
        }
        match differences.additions {
            Additions::Offered => self.check_given_up(is_secure),
            Additions::NotOffered => Ok(()),
        }
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        // An access is noted after more than the resolution, and before the idle limit.
        let hasty = |idle: u64| idle.saturating_sub(1) <= self.access_resolution_ms;
        if self.idle_limit_ms.is_some_and(hasty) {
            return Err(ConfigError::IdleLimit);
        }
        let least = self.idle_limit_ms.unwrap_or(1);
        if self.absolute_limit_ms.is_some_and(|absolute| absolute < least) {
            return Err(ConfigError::AbsoluteLimit);
        }
        Ok(())
    }

    /// Checks that what strict asks for is there, or given up by name.
    fn check_given_up(&self, is_secure: bool) -> Result<(), ConfigError> {
        let protected = is_secure || has_prefix(&self.cookie_name, "__Host-");
        let given_up = &self.gives_up;
        if !protected && !given_up.protected_name {
            return Err(ConfigError::UnprotectedName);
        }
        if self.width != Width::Bits128 && !given_up.long_ids {
            return Err(ConfigError::ShortIds);
        }
        if !self.cookie_hardened && !given_up.flags {
            return Err(ConfigError::NoFlags);
        }
        if self.idle_limit_ms.is_none() && !given_up.idle_limit {
            return Err(ConfigError::NoIdleLimit);
        }
        if self.absolute_limit_ms.is_none() && !given_up.absolute_limit {
            return Err(ConfigError::NoAbsoluteLimit);
        }
        Ok(())
    }
}

/// What is wrong with a [`Config`].
///
/// ```
/// use quixote_session::{Config, ConfigError};
///
/// let config = Config { cookie_name: "a;b".into(), ..Config::QUIXOTE };
/// assert_eq!(config.check(), Err(ConfigError::CookieName));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum ConfigError {
    /// The name is not a token of RFC 6265, section 4.1.1, or has more than 4,064 bytes.
    #[error("cookie_name: expected an RFC 6265 token, up to 4,064 bytes")]
    CookieName,
    /// The path contains `;`, a control character or a character outside ASCII, does not begin with
    /// `/`, has spaces at an end, or has more than 1,024 bytes.
    #[error("cookie_path: expected ASCII from '/', without ';' or controls, up to 1,024 bytes")]
    CookiePath,
    /// The domain is not a host name: labels of letters, digits and hyphens, with dots between
    /// them.
    #[error("cookie_domain: expected a host name")]
    CookieDomain,
    /// A `__Host-` cookie needs `cookie_hardened`, the path `/` and no domain.
    #[error("cookie_name: expected a hardened cookie, path / and no domain with __Host-")]
    HostPrefix,
    /// A `__Secure-` or `__Http-` cookie needs `cookie_hardened`.
    #[error("cookie_name: expected a hardened cookie with __Secure- or __Http-")]
    SecurePrefix,
    /// Strict: there is no path, so the cookie would have the path of each request's script.
    #[error("cookie_path: expected one for all requests under strict")]
    PathOfScript,
    /// The cap on form tokens is not between 1 and 16.
    #[error("max_form_tokens: expected 1 to 16")]
    MaxFormTokens,
    /// Strict: the idle limit is not at least 2 milliseconds above the access resolution.
    #[error("idle_limit_ms: expected at least 2 more than access_resolution_ms")]
    IdleLimit,
    /// Strict: the absolute limit is 0 or below the idle limit.
    #[error("absolute_limit_ms: expected no less than idle_limit_ms, nor 0")]
    AbsoluteLimit,
    /// Strict: browsers do not protect the name, and `gives_up.protected_name` is not set.
    #[error("cookie_name: expected __Host- or __Secure- in front, or gives_up.protected_name")]
    UnprotectedName,
    /// Strict: ids have 64 bits, and `gives_up.long_ids` is not set.
    #[error("width: expected 128 bits, or gives_up.long_ids")]
    ShortIds,
    /// Strict: the cookie has no flags, and `gives_up.flags` is not set.
    #[error("cookie_hardened: expected true, or gives_up.flags")]
    NoFlags,
    /// Strict: there is no idle limit, and `gives_up.idle_limit` is not set.
    #[error("idle_limit_ms: expected a limit, or gives_up.idle_limit")]
    NoIdleLimit,
    /// Strict: there is no absolute limit, and `gives_up.absolute_limit` is not set.
    #[error("absolute_limit_ms: expected a limit, or gives_up.absolute_limit")]
    NoAbsoluteLimit,
}
