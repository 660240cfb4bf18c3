//! Where each method of Quixote's `session.py` went.
//!
//! # `SessionManager`
//!
//! | Quixote | here |
//! |---|---|
//! | `session_class` | [`Session`]; attributes that a subclass would add are its [`values`](Session::values) |
//! | `sessions`, `session_mapping` | inside [`State`]; a mapping that copies is [`Semantics::Copying`], one that persists also the [`StoreOp`]s |
//! | `ACCESS_TIME_RESOLUTION` | [`Config::access_resolution_ms`] |
//! | `__repr__` | `Debug` of [`State`] |
//! | `keys`, `sorted_keys` | [`State::keys`]: always in order |
//! | `values`, `items` | [`State::values`], [`State::items`] |
//! | `get` | [`State::get`]; a default is `Option::unwrap_or` |
//! | `__getitem__` and its `KeyError` | [`State::get`]: None is the missing key, so there is nothing to raise |
//! | `has_key`, `has_session` | [`State::has_session`] |
//! | `__setitem__` | [`RequestEvent::InsertSession`], [`State::with_stored`] |
//! | … its `TypeError` for another class | impossible: a store holds [`Session`]s |
//! | … its assertion "session ID not set" | impossible: the id is an argument, not an attribute |
//! | … its assertion "session ID mismatch" | impossible: a session carries no id of its own |
//! | `__delitem__` | [`ManagerEvent::DeleteSession`] |
//! | … its `KeyError` | [`Refusal::UnknownSession`] |
//! | `abort_changes`, `commit_changes` | [`Effects::transaction`]: [`Transaction::Abort`], [`Transaction::Commit`] |
//! | `new_session` | [`Session::new`]; assigned to the request: [`RequestEvent::NewSession`]; one with an id that is not stored cannot be made |
//! | `_get_session_id` | [`CookieValue::session_id`]; from the header, `read_cookie`, which reads it as Quixote does |
//! | `_make_session_id` | in [`step`](crate::step): drawn from [`Entropy`] until unused; [`Refusal::EntropyUsedUp`] where Quixote would draw on |
//! | `_create_session`, `get_session` | [`Event::StartRequest`]; what it found: [`State::session`] |
//! | `maintain_session` | [`RequestEvent::MaintainSession`], and within [`RequestEvent::FinishRequest`] |
//! | … its `AttributeError` for no session | [`Refusal::NoSession`], here and wherever a request's session is asked for |
//! | `_set_cookie` | [`CookieOp::path`]; as text, `set_cookie` |
//! | `set_session_cookie` | [`CookieChange::Set`], and after a revocation [`CookieChange::Stillborn`]; not for an application to call |
//! | `revoke_session_cookie` | [`RequestEvent::RevokeSessionCookie`], [`CookieChange::Revoke`] |
//! | `expire_session` | [`RequestEvent::ExpireSession`]; the `KeyError` that it swallows is a session without an entry |
//! | `has_session_cookie` | [`RequestEvent::HasSessionCookie`]; without an event, [`State::request_cookie`] |
//! | `start_request` | [`Event::StartRequest`] |
//! | `finish_successful_request` | [`RequestEvent::FinishRequest`] with [`Outcome::Successful`] or [`Outcome::Interrupted`] |
//! | `finish_failed_request` | [`RequestEvent::FinishRequest`] with [`Outcome::Failed`] |
//!
//! # `NullSessionManager`
//!
//! Its three hooks are accepted by [`NullSessionManager::step`].
//!
//! # `Session`
//!
//! | Quixote | here |
//! |---|---|
//! | `MAX_FORM_TOKENS` | [`Config::max_form_tokens`], at most [`FormTokens::MAX`] |
//! | `id` | the key that it is stored under: [`SessionRef::id`] |
//! | `__init__` | [`Session::new`] |
//! | `__repr__` | `Debug` of [`SessionRef`], the id shortened |
//! | `__str__` | `Display` of [`SessionRef`], the id shortened |
//! | `has_info`, `is_dirty` | [`Session::has_info`], [`Session::is_dirty`]; what a subclass makes of the latter is [`Config::is_dirty`] |
//! | `dump` | [`SessionRef::dump`], without its unused `deep`; times in UTC, since there is no time zone here |
//! | `start_request` | the `remote_user` of [`Reply::Started`](crate::Reply::Started) |
//! | `set_user` | [`RequestEvent::SetUser`] |
//! | … users that are not text | impossible: `str(user)` has nothing left to do |
//! | `user`, `get_user` | [`Session::user`] |
//! | `get_remote_address` | [`Session::remote_addr`] |
//! | `get_creation_time`, `get_access_time` | [`Session::created`], [`Session::accessed`], in milliseconds |
//! | `get_creation_age`, `get_access_age` | [`Session::creation_age`], [`Session::access_age`]; `_now` is always given, so 0 is a moment like any other |
//! | `_set_access_time` | within [`Event::StartRequest`] |
//! | attributes of a subclass | [`RequestEvent::SetValue`], [`RequestEvent::RemoveValue`]; the `AttributeError` of a missing one is [`Refusal::UnknownKey`] |
//! | `create_form_token`, `has_form_token`, `remove_form_token` | the events of these names |
//! | … the `ValueError` of the last | [`Refusal::UnknownToken`] |

#[expect(unused_imports, reason = "the tables above link to them")]
use crate::{
    Config, CookieChange, CookieOp, CookieValue, Effects, Entropy, Event, FormTokens, ManagerEvent,
    NullSessionManager, Outcome, Refusal, RequestEvent, Semantics, Session, SessionRef, State,
    StoreOp, Transaction,
};
