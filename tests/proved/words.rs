//! Values of the code as values of the proved machine: numbers, texts, and everything that a step
//! takes and returns.
//!
//! Nothing is translated back: both sides are compared as values of the proved machine. There a
//! secret is just a number, so each secret gets the next number when it is first seen.

use std::collections::{BTreeMap, HashMap};

use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, Effects, Entropy, FormToken, Handle, Refusal,
    Reply, Session, SessionId, SmolStr, StoreOp, SubmittedToken, Timestamp, Transaction,
};

use super::machine::*;
use super::value::Value;

/// The values that were made so far: the numbers of secrets, the texts, and the sessions.
#[derive(Default)]
pub(crate) struct Words {
    secrets: HashMap<Vec<u8>, Value>,
    texts: HashMap<SmolStr, Value>,
    sessions: HashMap<Session, Value>,
}

/// How many sessions are remembered. Most are met again at the next step, and none much later.
const SESSIONS: usize = 10_000;

pub(crate) fn option<T>(of: Option<T>, word: impl FnOnce(T) -> Value) -> Value {
    of.map_or_else(make_none, |of| make_some(word(of)))
}

pub(crate) fn list(of: impl DoubleEndedIterator<Item = Value>) -> Value {
    of.rfold(make_nil(), |rest, first| make_cons(first, rest))
}

pub(crate) fn truth(of: bool) -> Value {
    if of { make_true() } else { make_false() }
}

pub(crate) fn number(of: u64) -> Value {
    match of.checked_ilog2() {
        None => make_n0(),
        Some(top) => make_npos((0..top).rev().fold(make_xh(), |above, place| {
            if (of >> place) & 1 == 1 { make_xi(above) } else { make_xo(above) }
        })),
    }
}

/// A small number, which Coq counts in ones.
pub(crate) fn count(of: u8) -> Value {
    (0..of).fold(make_o(), |before, _| make_s(before))
}

pub(crate) fn moment(of: Timestamp) -> Value {
    number(of.0)
}

impl Words {
    pub(crate) fn text(&mut self, of: &SmolStr) -> Value {
        let made = self.texts.entry(of.clone()).or_insert_with(|| {
            of.bytes().rfold(make_empty_string(), |rest, byte| {
                let bit = |place: u8| truth((byte >> place) & 1 == 1);
                let byte =
                    make_ascii(bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6), bit(7));
                make_string(byte, rest)
            })
        });
        made.clone()
    }

    pub(crate) fn secret(&mut self, bytes: &[u8]) -> Value {
        let next = u64::try_from(self.secrets.len()).unwrap();
        self.secrets.entry(bytes.to_vec()).or_insert_with(|| number(next)).clone()
    }

    pub(crate) fn id(&mut self, of: SessionId) -> Value {
        self.secret(of.reveal_bytes())
    }

    pub(crate) fn token(&mut self, of: FormToken) -> Value {
        self.secret(of.reveal_bytes())
    }

    pub(crate) fn handle(&mut self, of: Handle) -> Value {
        self.secret(&of.to_bytes())
    }

    pub(crate) fn submitted(&mut self, of: SubmittedToken) -> Value {
        match of {
            SubmittedToken::Token(token) => make_some(self.token(token)),
            SubmittedToken::IllFormed => make_none(),
        }
    }

    pub(crate) fn cookie(&mut self, of: &CookieValue) -> Value {
        match of {
            CookieValue::Id(id) => make_cookie_id(self.id(*id)),
            CookieValue::Text(text) => make_cookie_text(self.text(text)),
        }
    }

    pub(crate) fn optional(&mut self, of: Option<&SmolStr>) -> Value {
        option(of, |of| self.text(of))
    }

    pub(crate) fn config(&mut self, of: &Config) -> Value {
        // There are never more stored or open, whatever a configuration says.
        let most = |limit: u32| number(u64::from(limit.min(1 << 31) - u32::from(limit >> 31 == 1)));
        let size = |of: usize| number(u64::try_from(of).unwrap());
        make_config(
            number(of.access_resolution_ms),
            option(of.idle_limit_ms, number),
            option(of.absolute_limit_ms, number),
            count(of.max_form_tokens),
            size(of.max_text_bytes),
            size(of.max_values),
            most(of.max_requests),
            most(of.max_sessions),
            self.optional(of.cookie_path.as_ref()),
        )
    }

    /// The draws of one input, as many as its halves hold.
    pub(crate) fn draws(&mut self, of: &Entropy, config: &Config) -> Value {
        let mut halves = of.bytes().chunks_exact(Entropy::HALF).map(|half| {
            let draws: Vec<_> =
                half.chunks_exact(config.width.bytes()).map(|draw| self.secret(draw)).collect();
            list(draws.into_iter())
        });
        let (ids, tokens) = (halves.next().unwrap(), halves.next().unwrap());
        drop(halves);
        make_draws(ids, tokens, self.handle(of.handle()))
    }

    pub(crate) fn session(&mut self, of: &Session) -> Value {
        if let Some(made) = self.sessions.get(of) {
            return made.clone();
        }
        if self.sessions.len() >= SESSIONS {
            self.sessions.clear();
        }
        let made = self.new_session(of);
        self.sessions.insert(of.clone(), made.clone());
        made
    }

    fn new_session(&mut self, of: &Session) -> Value {
        make_session(
            option(of.handle(), |handle| self.handle(handle)),
            self.optional(of.user()),
            self.text(&of.remote_addr().into()),
            moment(of.created()),
            moment(of.accessed()),
            self.tokens(of.form_tokens().as_slice()),
            self.values(of.values()),
        )
    }

    pub(crate) fn tokens(&mut self, of: &[FormToken]) -> Value {
        list(of.iter().map(|token| self.token(*token)).collect::<Vec<_>>().into_iter())
    }

    pub(crate) fn values(&mut self, of: &BTreeMap<SmolStr, SmolStr>) -> Value {
        let pair = |(key, value)| make_pair(self.text(key), self.text(value));
        values_of(&list(of.iter().map(pair).collect::<Vec<_>>().into_iter()))
    }

    pub(crate) fn effects(&mut self, of: &Effects) -> Value {
        make_effects(
            self.reply(&of.reply),
            option(of.store.as_ref(), |op| self.store_op(op)),
            option(of.transaction, |end| match end {
                Transaction::Commit => make_commit(),
                Transaction::Abort => make_abort(),
            }),
            option(of.cookie.as_ref(), |cookie| self.cookie_op(cookie)),
            count(of.draws),
        )
    }

    fn cookie_op(&mut self, of: &CookieOp) -> Value {
        let change = match of.value {
            CookieChange::Set(id) => make_set_cookie(self.id(id)),
            CookieChange::Revoke => make_revoke(),
            CookieChange::Stillborn(_) => unknown(of),
        };
        make_pair(change, self.text(&of.path))
    }

    fn reply(&mut self, of: &Reply) -> Value {
        match of {
            Reply::Done => make_done(),
            Reply::Started { remote_user } => make_started(self.optional(remote_user.as_ref())),
            Reply::Token(token) => make_token(self.token(*token)),
            Reply::Value(value) => make_value(self.text(value)),
            Reply::Answer(answer) => make_answer(truth(*answer)),
            Reply::Refused(why) => make_refused(refusal(*why)),
        }
    }

    pub(crate) fn store_op(&mut self, of: &StoreOp) -> Value {
        match of {
            StoreOp::Put { .. } => unknown(of),
            StoreOp::Create { id, session, generation, discard_over } => make_op_create(
                self.id(*id),
                self.session(session),
                option(*generation, number),
                option(*discard_over, moment),
            ),
            StoreOp::Touch { id, accessed } => make_op_touch(self.id(*id), moment(*accessed)),
            StoreOp::Update { id, session } => make_op_update(self.id(*id), self.session(session)),
            StoreOp::Rotate { from, to, session, generation } => make_op_rotate(
                self.id(*from),
                self.id(*to),
                self.session(session),
                option(*generation, number),
            ),
            StoreOp::Delete { id } => make_op_delete(self.id(*id)),
            StoreOp::DeleteUser { user, except } => {
                make_op_delete_user(self.text(user), option(*except, |id| self.id(id)))
            }
            StoreOp::DeleteHandle { handle, user } => {
                make_op_delete_handle(self.handle(*handle), self.optional(user.as_ref()))
            }
            StoreOp::Discard { id } => make_op_discard(self.id(*id)),
            StoreOp::DiscardOver { now } => make_op_discard_over(moment(*now)),
        }
    }
}

fn refusal(of: Refusal) -> Value {
    match of {
        Refusal::UnknownRequest => make_unknown_request(),
        Refusal::RequestOpen => make_request_open(),
        Refusal::NoSession => make_no_session(),
        Refusal::UnknownToken => make_unknown_token(),
        Refusal::UnknownSession => make_unknown_session(),
        Refusal::UnknownKey => make_unknown_key(),
        Refusal::EntropyUsedUp => make_entropy_used_up(),
        Refusal::SessionGone => make_session_gone(),
        Refusal::UserEnded => make_user_ended(),
        Refusal::ValueChanged => make_value_changed(),
        Refusal::NoUser => make_no_user(),
        Refusal::NotOffered => unknown(&of),
        Refusal::WouldOrphan => make_would_orphan(),
        Refusal::SavedAtFinish => make_saved_at_finish(),
        Refusal::IdNotIssued => make_id_not_issued(),
        Refusal::TextTooLong => make_text_too_long(),
        Refusal::TooManyValues => make_too_many_values(),
        Refusal::TooManyRequests => make_too_many_requests(),
        Refusal::TooManySessions => make_too_many_sessions(),
    }
}

/// A value that strict never returns.
fn unknown(of: &impl std::fmt::Debug) -> Value {
    panic!("Coq has no word for {of:?}")
}
