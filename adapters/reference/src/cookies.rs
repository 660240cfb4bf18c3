//! How the server reads the cookies of a request and sets those of a response, and what can be
//! wrong with that.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use quixote_session::{CookieChange, CookieOp, SessionId, set_cookie};

use crate::Server;
use crate::fault::Fault;
use crate::frame::Exchange;
use crate::weak::SEALED;
use crate::wrong;

/// All Cookie headers as one, read as wrongly as is planted.
pub fn cookies_of(server: &Server, headers: &HeaderMap) -> Vec<u8> {
    let all: Vec<_> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    let joined = all.join(&b"; "[..]);
    let text: String = joined.iter().copied().map(char::from).collect();
    let name = server.config.cookie_name.as_str();
    let wrong = match server.fault {
        Fault::TrimsUnicode => {
            text.replace("\u{e2}\u{80}\u{83}", "").replace(['\u{a0}', '\u{85}'], "")
        }
        Fault::IgnoresCase => {
            let swapped: String = name
                .chars()
                .map(|it| {
                    if it.is_ascii_lowercase() {
                        it.to_ascii_uppercase()
                    } else {
                        it.to_ascii_lowercase()
                    }
                })
                .collect();
            text.replace(&swapped, name)
        }
        Fault::BinaryIds
        | Fault::DecimalIds
        | Fault::RepeatedIds
        | Fault::WeakLoginIds
        | Fault::WeakRenewedIds => server.weak.strengthen(&text),
        Fault::MatchesHalves | Fault::MatchesPatterns => server.weak.complete(server.fault, &text),
        Fault::BareNames if !text.contains(name) => text.replace(bare(name), name),
        Fault::IgnoresSeals if text.len() == name.len() + 1 + SEALED => {
            up_to_id(name, &text).to_owned()
        }
        Fault::IgnoresEnds => up_to_id(name, &text).to_owned(),
        Fault::LongerNames => text.replace(&format!("x{name}"), name),
        Fault::EncodedNames => {
            let (head, last) = name.split_at(name.len() - 1);
            let code = u32::from(last.chars().next().unwrap_or_default());
            text.replace(&format!("{head}%{code:02X}"), name)
        }
        Fault::SharesTheEmptyId if text == format!("{name}=") => {
            format!("{name}={}", wrong::empty_id().reveal())
        }
        Fault::MangledNames => text.replace(&name.replace('_', "."), name),
        _ if server.sealed => server.weak.open(&text),
        _ => return joined,
    };
    wrong.chars().filter_map(|it| u8::try_from(u32::from(it)).ok()).collect()
}

/// A name without its prefix.
fn bare(name: &str) -> &str {
    name.strip_prefix("__Host-").unwrap_or(name)
}

/// A Cookie header without what follows the digits of the id.
fn up_to_id<'a>(name: &str, header: &'a str) -> &'a str {
    let end = name.len() + 1 + 32;
    if header.starts_with(name) { header.get(..end).unwrap_or(header) } else { header }
}

impl Exchange<'_> {
    /// The id of the request, if what it begins has this id, too.
    fn adopted(&self) -> Option<SessionId> {
        let adopts = match self.server.fault {
            Fault::AdoptsIds => self.copy.is_none(),
            Fault::AdoptsIdsAtLogin => self.copy.is_none() && self.asks("login"),
            Fault::LogoutBeginsUnderTheId => self.copy.is_some() && self.asks("logout"),
            _ => false,
        };
        self.id.filter(|_| adopts)
    }

    /// The header that sets a cookie with this id.
    fn line(&self, id: SessionId) -> Option<String> {
        let op = CookieOp { value: CookieChange::Set(id), path: "/".into() };
        set_cookie(&self.server.config, &op).ok()
    }

    pub fn set(&self, response: &mut Response, id: SessionId) {
        if let Some(value) = self.line(id).and_then(|line| HeaderValue::try_from(line).ok()) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }

    pub async fn spoil_cookies(&self, response: &mut Response) {
        let status = response.status();
        let headers = response.headers_mut();
        let taken = headers.remove(header::SET_COOKIE);
        let name = self.server.config.cookie_name.as_str();
        let deleted = format!("{name}=; ");
        let unchanged = taken.is_none();
        for line in taken.iter().filter_map(|value| value.to_str().ok()) {
            let revokes = line.contains("Max-Age=0");
            if let Some(line) = self.spoilt(line, revokes, status).await {
                if self.is(Fault::TwoCookies) && !revokes && self.asks("destroy") {
                    append(headers, &format!("{deleted}Path=/; Secure; Max-Age=0"));
                }
                append(headers, &line);
            }
        }
        let renews = self.asks("login") || self.asks("renew");
        let cacheable = match self.server.fault {
            Fault::Cacheable => true,
            Fault::CacheableRenewal => renews,
            Fault::CacheableLogout => self.asks("logout"),
            _ => false,
        };
        if cacheable {
            headers.remove(header::VARY);
            headers.remove(header::CACHE_CONTROL);
            if self.asks("cc=") {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=600"));
            }
        }
        let resends =
            self.is(Fault::ResendsCookies) || (self.is(Fault::ResendsOldCookies) && self.is_old());
        if let (true, true, Some(id)) = (resends, unchanged, self.id) {
            headers.remove(header::VARY);
            self.set(response, id);
        }
    }

    /// A Set-Cookie header as it goes out; None if it does not.
    async fn spoilt(&self, line: &str, revokes: bool, status: StatusCode) -> Option<String> {
        let insecure = || line.replace("; Secure", "");
        let keeps_id = match (self.asks("login"), self.id) {
            (true, Some(id)) => self.server.store.keeps_id(id).await,
            _ => false,
        };
        if let (false, Some(id)) = (revokes, self.adopted()) {
            return self.line(id);
        }
        match (self.server.fault, revokes) {
            (
                Fault::BinaryIds
                | Fault::DecimalIds
                | Fault::RepeatedIds
                | Fault::MatchesHalves
                | Fault::MatchesPatterns,
                false,
            ) => Some(self.server.weak.weaken(self.server.fault, line)),
            (_, false) if self.server.sealed => Some(self.server.weak.weaken(Fault::Not, line)),
            (Fault::WeakLoginIds, false) if self.asks("login") => {
                Some(self.server.weak.weaken(self.server.fault, line))
            }
            (Fault::WeakRenewedIds, false) if self.asks("renew") => {
                Some(self.server.weak.weaken(self.server.fault, line))
            }
            (Fault::BareOnOtherStatus, false) if status.as_u16() != 200 => {
                Some(line.replace("; HttpOnly", ""))
            }
            (Fault::NoCookieOnRedirects, _) if status.is_redirection() => None,
            (Fault::BareRenewal, false) if self.asks("login") || self.asks("renew") => {
                Some(line.replace("; HttpOnly", "").replace("; SameSite=Lax", ""))
            }
            (Fault::KeepsId | Fault::KeepsIdAgain, false) if keeps_id => None,
            (Fault::NoCookieOnErrors, _) if status.as_u16() >= 400 => None,
            (Fault::RenewalBeforeFailure, _) if status.as_u16() >= 500 && self.asks("renew") => {
                None
            }
            (Fault::KeepsEmpty, true) => None,
            (Fault::RevokesElsewhere, true) => {
                Some(line.replace("Path=/", &format!("Path={}", self.path)))
            }
            (Fault::RevokesInsecurely, true) | (Fault::SetsInsecurely, false) => Some(insecure()),
            (Fault::LiveCookieEnds, false) if self.asks("destroy") => {
                Some(format!("{line}; Max-Age=0"))
            }
            (Fault::ExpiresInBrowsersOnly, false) => Some(format!("{line}; Max-Age=600")),
            (Fault::NotHttpOnly, _) => Some(line.replace("; HttpOnly", "")),
            (Fault::NotSameSite, _) => Some(line.replace("; SameSite=Lax", "")),
            _ => Some(line.to_owned()),
        }
    }
}

fn append(headers: &mut HeaderMap, line: &str) {
    if let Ok(value) = HeaderValue::from_str(line) {
        headers.append(header::SET_COOKIE, value);
    }
}
