//! A state of the code as a value of the proved machine. What no query shows is read from the
//! serialised form.

use std::collections::BTreeMap;

use quixote_session::{FormToken, RequestId, SmolStr, State, Timestamp};
use serde::Deserialize;

use super::machine::*;
use super::value::Value;
use super::words::{Words, list, moment, number, option, truth};

/// What is read from a serialised state.
#[derive(Deserialize)]
struct Serialised {
    requests: Vec<Open>,
    generations: BTreeMap<SmolStr, u64>,
}

#[derive(Deserialize)]
struct Open {
    request: u64,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    remote_addr: SmolStr,
    script_name: SmolStr,
    response: Option<Response>,
    changes: Option<Changes>,
}

/// Before the finish, strict puts nothing else into a response.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Response {
    Revoke,
}

#[derive(Deserialize)]
struct Changes {
    user: Option<UserChange>,
    keeps: Keeps,
    renew: bool,
    values: BTreeMap<SmolStr, Option<SmolStr>>,
    guards: BTreeMap<SmolStr, Option<SmolStr>>,
    form_tokens: Vec<FormToken>,
}

#[derive(Deserialize)]
struct UserChange {
    to: Option<SmolStr>,
    at: Timestamp,
    generation: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Keeps {
    Nothing,
    Values,
    All,
}

impl Words {
    pub(crate) fn state(&mut self, of: &State) -> Value {
        let serialised = serde_json::to_string(of).unwrap();
        let Serialised { requests, generations } = serde_json::from_str(&serialised).unwrap();
        let requests: Vec<_> = requests
            .iter()
            .map(|open| make_pair(number(open.request), self.request(of, open)))
            .collect();
        let generations: Vec<_> = generations
            .iter()
            .map(|(user, ends)| make_pair(self.text(user), number(*ends)))
            .collect();
        make_state(
            self.store(of),
            requests_of(&list(requests.into_iter())),
            generations_of(&list(generations.into_iter())),
        )
    }

    pub(crate) fn store(&mut self, of: &State) -> Value {
        let stored = of.items().into_iter();
        let stored: Vec<_> =
            stored.map(|(id, session)| make_pair(self.id(id), self.session(session))).collect();
        sessions_of(&list(stored.into_iter()))
    }

    fn request(&mut self, state: &State, open: &Open) -> Value {
        let (request, data) = (RequestId(open.request), &open.data);
        let held = state.session(request);
        make_request(
            option(held, |held| {
                make_pair(option(held.id, |id| self.id(id)), self.session(held.session))
            }),
            option(state.request_cookie(request), |cookie| self.cookie(cookie)),
            self.text(&data.remote_addr),
            self.text(&data.script_name),
            truth(matches!(data.response, Some(Response::Revoke))),
            data.changes.as_ref().map_or_else(no_changes, |changes| self.changes(changes)),
        )
    }

    fn changes(&mut self, of: &Changes) -> Value {
        make_changes(
            option(of.user.as_ref(), |user| {
                let to = self.optional(user.to.as_ref());
                make_login(to, moment(user.at), option(user.generation, number))
            }),
            match of.keeps {
                Keeps::Nothing => make_keep_nothing(),
                Keeps::Values => make_keep_values(),
                Keeps::All => make_keep_all(),
            },
            truth(of.renew),
            self.changed(&of.values),
            self.changed(&of.guards),
            self.tokens(&of.form_tokens),
        )
    }

    fn changed(&mut self, of: &BTreeMap<SmolStr, Option<SmolStr>>) -> Value {
        let pair = |(key, value): (&SmolStr, &Option<SmolStr>)| {
            make_pair(self.text(key), self.optional(value.as_ref()))
        };
        changed_of(&list(of.iter().map(pair).collect::<Vec<_>>().into_iter()))
    }
}
