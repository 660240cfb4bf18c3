//! Steps as people read them: one line each, with labels in place of secrets.

use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString as _};

use serde_json::Value;

use crate::check::replay::Difference;
use crate::check::trace::{printable, shortened, shortened_raw};
use crate::effect::{CookieChange, Effects, Reply, StoreOp, Transaction};
use crate::event::{Event, Input, ManagerEvent, RequestEvent};
use crate::presented::{CookieValue, SubmittedToken};
use crate::session::Session;
use crate::time::Timestamp;
use crate::token::{FormToken, Handle, SessionId};

/// How many characters of a text are shown.
const MOST_OF_TEXT: usize = 48;

/// Writes steps down, one aligned line each: number, clock since the first step, request, event,
/// and after the arrow the answer and what the driver carries out.
///
/// Ids and form tokens are secrets. They are shown by labels, `id1` and `token1`, numbered as they
/// first appear, unless the transcript was told to reveal them.
///
/// ```
/// use quixote_session::check::transcript::Transcript;
/// use quixote_session::{Config, Entropy, Input, RequestEvent, RequestId, State, Timestamp, step};
///
/// let event = RequestEvent::CreateFormToken.of(RequestId(1));
/// let input = Input { now: Timestamp(0), entropy: Entropy::from_draws([]), event };
/// let (_, effects) = step(&Config::STRICT, State::new(), input.clone());
/// let line = Transcript::new(false).line(&input, &effects);
/// assert_eq!(
///     line,
///     "    1        +0  r1    create_form_token                             \
///      → refused unknown_request"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Transcript {
    reveal: bool,
    began: Option<Timestamp>,
    number: u64,
    ids: BTreeMap<SessionId, usize>,
    tokens: BTreeMap<FormToken, usize>,
}

impl Transcript {
    /// An empty transcript; `reveal` shows ids and tokens whole.
    #[must_use]
    pub const fn new(reveal: bool) -> Self {
        Self { reveal, began: None, number: 0, ids: BTreeMap::new(), tokens: BTreeMap::new() }
    }

    /// The next step, numbered from 1.
    pub fn line(&mut self, input: &Input, effects: &Effects) -> String {
        self.numbered(self.number.saturating_add(1), input, effects)
    }

    /// The next step under a number of the caller's, such as a line of a trace.
    pub fn numbered(&mut self, number: u64, input: &Input, effects: &Effects) -> String {
        self.number = number;
        let began = *self.began.get_or_insert(input.now);
        let clock = format!("{:+}", began.age_at(input.now));
        let request = input.event.request().map_or("-".into(), |request| format!("r{}", request.0));
        let event = self.event(&input.event);
        let answer = self.effects(effects);
        format!("{number:>5} {clock:>9}  {request:<5} {event:<45} → {answer}")
    }

    /// The label of an id, or the id itself if the transcript reveals secrets.
    pub fn id(&mut self, id: SessionId) -> String {
        if self.reveal {
            return id.reveal().to_string();
        }
        let next = self.ids.len().saturating_add(1);
        format!("id{}", self.ids.entry(id).or_insert(next))
    }

    /// The label of a form token, or the token itself if the transcript reveals secrets.
    pub fn token(&mut self, token: FormToken) -> String {
        if self.reveal {
            return token.reveal().to_string();
        }
        let next = self.tokens.len().saturating_add(1);
        format!("token{}", self.tokens.entry(token).or_insert(next))
    }

    /// What differs in three texts: where, what the trace says, and what the machine shows.
    pub fn difference(&mut self, difference: &Difference) -> [String; 3] {
        let Difference { key, id, field, expected, observed } = difference;
        let mut place = String::from(*key);
        if let Some(id) = id {
            place = format!("{place} {}", self.id(*id));
        }
        if let Some(field) = field {
            place = format!("{place} {field}");
        }
        let key = field.as_deref().unwrap_or(key);
        let [expected, observed] = [expected, observed].map(|value| self.json(key, value));
        [place, printable(&expected.to_string()), printable(&observed.to_string())]
    }

    /// JSON of a trace, with labels in place of secrets. `key` is the key of `value`; keys tell
    /// which texts are secrets.
    pub fn json(&mut self, key: &str, value: &Value) -> Value {
        match value {
            Value::String(text) if !self.reveal => Value::String(self.secret(key, text)),
            Value::Array(items) => items.iter().map(|item| self.json(key, item)).collect(),
            Value::Object(keys) => {
                let keys = keys.iter().map(|(key, value)| (key.clone(), self.json(key, value)));
                Value::Object(keys.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    /// Whoever writes the JSON escapes it.
    fn secret(&mut self, key: &str, text: &str) -> String {
        let other = |_| shortened_raw(text, MOST_OF_TEXT);
        match key {
            "id" | "value" | "request_cookie" => text.parse().map_or_else(other, |id| self.id(id)),
            "token" | "form_tokens" => text.parse().map_or_else(other, |token| self.token(token)),
            _ => text.into(),
        }
    }

    pub(crate) fn event(&mut self, event: &Event) -> String {
        let name = event.name();
        match event {
            Event::StartRequest { cookie, remote_addr, script_name, passive, .. } => {
                let passive = if *passive { ", passive" } else { "" };
                let cookie = cookie.as_ref().map_or("no cookie".into(), |value| self.cookie(value));
                let mount = match script_name.as_str() {
                    "" => String::new(),
                    mount => format!(" at {}", quoted(mount)),
                };
                let from = shortened(remote_addr, MOST_OF_TEXT);
                format!("{name} {cookie} from {from}{mount}{passive}")
            }
            Event::Request { event, .. } => match event {
                RequestEvent::SetUser { user } => format!("{name} {}", of_user(user.as_deref())),
                RequestEvent::SetValue { key, value } => {
                    format!("{name} {} = {}", quoted(key), quoted(value))
                }
                RequestEvent::RemoveValue { key }
                | RequestEvent::TakeValue { key }
                | RequestEvent::GuardValue { key } => format!("{name} {}", quoted(key)),
                RequestEvent::ExpireHandle { handle } => format!("{name} {}", short(*handle)),
                RequestEvent::HasFormToken { token } | RequestEvent::RemoveFormToken { token } => {
                    match token {
                        SubmittedToken::Token(token) => format!("{name} {}", self.token(*token)),
                        SubmittedToken::IllFormed => format!("{name} ill-formed"),
                    }
                }
                RequestEvent::HasSessionCookie { must_exist } => {
                    format!("{name} must_exist={must_exist}")
                }
                RequestEvent::FinishRequest { outcome } => format!("{name} {}", outcome.name()),
                RequestEvent::InsertSession { id, user } => {
                    format!("{name} {} {}", self.id(*id), of_user(user.as_deref()))
                }
                RequestEvent::RenewSession
                | RequestEvent::CreateFormToken
                | RequestEvent::RevokeSessionCookie
                | RequestEvent::ExpireSession
                | RequestEvent::ExpireOtherSessions
                | RequestEvent::NewSession
                | RequestEvent::MaintainSession => name.into(),
            },
            Event::Manager(event) => match event {
                ManagerEvent::DeleteSession { id } => format!("{name} {}", self.id(*id)),
                ManagerEvent::DeleteHandle { handle } => format!("{name} {}", short(*handle)),
                ManagerEvent::DeleteSessionsOf { user } => format!("{name} {}", quoted(user)),
                ManagerEvent::Sweep => name.into(),
            },
        }
    }

    fn cookie(&mut self, cookie: &CookieValue) -> String {
        match cookie {
            CookieValue::Id(id) => format!("cookie {}", self.id(*id)),
            CookieValue::Text(text) if self.reveal => format!("cookie {text:?}"),
            CookieValue::Text(text) => format!("cookie {}", quoted(text)),
        }
    }

    fn effects(&mut self, effects: &Effects) -> String {
        let mut parts = std::vec![self.reply(&effects.reply)];
        parts.extend(effects.store.as_ref().map(|op| self.store(op)));
        parts.extend(effects.transaction.map(|transaction| {
            String::from(match transaction {
                Transaction::Commit => "commit",
                Transaction::Abort => "abort",
            })
        }));
        parts.extend(effects.cookie.as_ref().map(|op| {
            let path = shortened(&op.path, MOST_OF_TEXT);
            match op.value {
                CookieChange::Set(id) => format!("set cookie {} for {path}", self.id(id)),
                CookieChange::Revoke => format!("revoke cookie for {path}"),
                CookieChange::Stillborn(id) => {
                    format!("stillborn cookie {} for {path}", self.id(id))
                }
            }
        }));
        parts.join(" · ")
    }

    pub(crate) fn reply(&mut self, reply: &Reply) -> String {
        match reply {
            Reply::Done => "done".into(),
            Reply::Started { remote_user: None } => "started".into(),
            Reply::Started { remote_user: Some(user) } => format!("started as {}", quoted(user)),
            Reply::Token(token) => self.token(*token),
            Reply::Value(value) => quoted(value),
            Reply::Answer(true) => "yes".into(),
            Reply::Answer(false) => "no".into(),
            Reply::Refused(why) => format!("refused {}", why.name()),
        }
    }

    pub(crate) fn store(&mut self, op: &StoreOp) -> String {
        match op {
            StoreOp::Put { id, session } => format!("put {}", self.session(*id, session)),
            StoreOp::Create { id, session, discard_over, .. } => {
                let room = if discard_over.is_some() { "discard over, " } else { "" };
                format!("{room}create {}", self.session(*id, session))
            }
            StoreOp::Touch { id, .. } => format!("touch {}", self.id(*id)),
            StoreOp::Update { id, session } => format!("update {}", self.session(*id, session)),
            StoreOp::Rotate { from, to, session, .. } => {
                format!("rotate {} to {}", self.id(*from), self.session(*to, session))
            }
            StoreOp::Delete { id } => format!("delete {}", self.id(*id)),
            StoreOp::DeleteUser { user, except: None } => format!("delete all of {}", quoted(user)),
            StoreOp::DeleteUser { user, except: Some(id) } => {
                format!("delete all of {} but {}", quoted(user), self.id(*id))
            }
            StoreOp::DeleteHandle { handle, .. } => format!("delete handle {}", short(*handle)),
            StoreOp::Discard { id } => format!("discard {}", self.id(*id)),
            StoreOp::DiscardOver { .. } => "discard over".into(),
        }
    }

    /// `id1 (alice, token1, "k"="v")`.
    fn session(&mut self, id: SessionId, session: &Session) -> String {
        let mut parts = std::vec![of_user(session.user().map(AsRef::as_ref))];
        parts.extend(session.form_tokens().as_slice().iter().map(|token| self.token(*token)));
        let values = session.values().iter();
        parts.extend(values.map(|(key, value)| format!("{}={}", quoted(key), quoted(value))));
        format!("{} ({})", self.id(id), parts.join(", "))
    }
}

/// Enough of a handle to tell it from others.
fn short(handle: Handle) -> String {
    shortened(&handle.to_string(), 4)
}

fn of_user(user: Option<&str>) -> String {
    user.map_or("nobody".into(), quoted)
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", shortened(text, MOST_OF_TEXT))
}
