//! Turns states of the model into states of the machine, and back, through the serialised form of
//! [`State`].

use quixote_session::check::base_of;
use quixote_session::{
    Config, CookieChange, Effects, FormToken, Handle, Reply, Semantics, Session, SessionId, State,
    StoreOp, Transaction, Width,
};
use serde_json::{Map, Value, json};

use crate::graph::{ChangesRow, Constants, Name, RequestRow, Seen, SessionRow, StateRow};

/// Milliseconds from one moment of the model's clock to the next.
pub(crate) const MOMENT: u64 = 10_000;

/// The address of every request; the model has no addresses.
pub(crate) const REMOTE_ADDR: &str = "192.0.2.1";

/// Turns the numbers by which the model names ids and form tokens into bytes.
#[derive(Clone, Copy)]
pub(crate) struct Secrets(pub(crate) Width);

impl Secrets {
    /// The bytes of a draw. An id and a token of the same number have different bytes.
    pub(crate) fn bytes(self, number: u8, token: bool) -> Vec<u8> {
        let mut bytes = vec![0; self.0.bytes()];
        let last = bytes.len() - 1;
        (bytes[last - 1], bytes[last]) = (u8::from(token), number);
        bytes
    }

    fn text(self, number: u8, token: bool) -> String {
        let digits = self.0.bytes() * 2;
        format!("{:0digits$x}", u16::from(token) << 8 | u16::from(number))
    }

    pub(crate) fn id(self, number: u8) -> SessionId {
        self.text(number, false).parse().unwrap()
    }

    pub(crate) fn token(self, number: u8) -> FormToken {
        self.text(number, true).parse().unwrap()
    }
}

/// The handle of a number. It differs from every id and token.
pub(crate) fn handle_of(number: u8) -> Handle {
    handle_text(number).parse().unwrap()
}

fn handle_text(number: u8) -> String {
    format!("{:032x}", 2_u16 << 8 | u16::from(number))
}

fn handle_number(hex: &Value) -> Option<u8> {
    let text = hex.as_str()?;
    let number = u8::from_str_radix(&text[text.len() - 2..], 16).unwrap();
    assert_eq!(text, handle_text(number));
    Some(number)
}

/// The number that an id or a token was made from.
fn number(hex: &Value, is_token: bool) -> u8 {
    let text = hex.as_str().unwrap();
    let number = u8::from_str_radix(&text[text.len() - 2..], 16).unwrap();
    let width = if text.len() == 16 { Width::Bits64 } else { Width::Bits128 };
    assert_eq!(text, Secrets(width).text(number, is_token));
    number
}

fn id_number(id: SessionId) -> u8 {
    number(&json!(id), false)
}

/// The moment of the model. There must be one, as its clock has no other times.
fn moment(milliseconds: &Value) -> u64 {
    let milliseconds = milliseconds.as_u64().unwrap();
    assert_eq!(milliseconds % MOMENT, 0, "{milliseconds} is between two moments");
    milliseconds / MOMENT
}

/// The configuration of a world: that of its semantics, with the world's limits.
pub(crate) fn config(constants: &Constants) -> Config {
    let name = &constants.semantics;
    let mut all = Semantics::ALL.into_iter();
    let semantics = all.find(|semantics| semantics.to_string() == *name);
    let semantics = semantics.unwrap_or_else(|| panic!("no semantics is called {name}"));
    Config {
        access_resolution_ms: constants.resolution * MOMENT,
        idle_limit_ms: Some(constants.idle * MOMENT),
        absolute_limit_ms: Some(constants.absolute * MOMENT),
        max_form_tokens: constants.token_cap,
        ..base_of(semantics)
    }
}

/// `r3` is request 3.
pub(crate) fn request_number(name: &str) -> u64 {
    name[1..].parse().unwrap()
}

/// Model to machine.
pub(crate) fn state_of(row: &StateRow, names: &[String], secrets: Secrets) -> State {
    let (mut stored, mut held, mut requests) = (Vec::new(), Vec::new(), Vec::new());
    let mut called: Vec<Name> = Vec::new();
    for (session, id) in row.stored.iter().zip(1..) {
        if let Some(session) = session {
            called.push(Name::Id(id));
            let session = session_json(session, secrets);
            stored.push(json!({"id": secrets.text(id, false), "session": session}));
        }
    }
    for (request, name) in row.requests.iter().zip(names) {
        let Some(request) = request else { continue };
        let holds = request.holds.as_ref().map(|holds| {
            if let (Name::Request(holder), false) = (holds, called.contains(holds)) {
                let place = names.iter().position(|name| name == holder).unwrap();
                let session = row.held[place].as_ref().expect("a request holds a session");
                let id = session.id.map(|id| secrets.text(id, false));
                held.push(json!({"id": id, "session": session_json(session, secrets)}));
                called.push(holds.clone());
            }
            called.iter().position(|name| name == holds).expect("what is held is in memory")
        });
        let data = request_json(request, secrets);
        requests.push(json!({"request": request_number(name), "holds": holds, "data": data}));
    }
    let state = json!({
        "version": 1,
        "semantics": null,
        "stored": stored,
        "held": held,
        "requests": requests,
        "generations": {},
    });
    serde_json::from_value(state).expect("a state of the model is one of the machine")
}

fn session_json(row: &SessionRow, secrets: Secrets) -> Value {
    let tokens: Vec<_> = row.tokens.iter().map(|token| secrets.text(*token, true)).collect();
    json!({
        "version": 1,
        "handle": row.handle.map(handle_text),
        "user": row.user,
        "remote_addr": REMOTE_ADDR,
        "created": row.created * MOMENT,
        "accessed": row.accessed * MOMENT,
        "form_tokens": tokens,
        "values": object(&row.values),
    })
}

fn request_json(row: &RequestRow, secrets: Secrets) -> Value {
    let id = |value: &Value| secrets.text(u8::try_from(value.as_u64().unwrap()).unwrap(), false);
    let response = row.response.as_deref().map(|change| match change {
        [name] if name == "Revoke" => json!("revoke"),
        [name, value] if name == "Set" => json!({"set": id(value)}),
        [name, value] if name == "Stillborn" => json!({"stillborn": id(value)}),
        other => panic!("{other:?} is no cookie"),
    });
    json!({
        "cookie": row.cookie.map(|id| secrets.text(id, false)),
        "remote_addr": REMOTE_ADDR,
        "script_name": row.mount,
        "response": response,
        "changes": changes_json(&row.changes, secrets),
    })
}

fn changes_json(changes: &ChangesRow, secrets: Secrets) -> Option<Value> {
    let tokens: Vec<_> = changes.tokens.iter().map(|token| secrets.text(*token, true)).collect();
    (*changes != ChangesRow::none()).then(|| {
        let user = changes.at.map(|at| {
            let generation = if changes.ended { None } else { Some(0) };
            json!({"to": changes.user, "at": at * MOMENT, "generation": generation})
        });
        json!({
            "user": user,
            "keeps": changes.keeps,
            "renew": changes.renew,
            "values": object(&changes.values),
            "guards": object(&changes.guards),
            "form_tokens": tokens,
        })
    })
}

fn object<T: serde::Serialize>(values: &[(String, T)]) -> Map<String, Value> {
    values.iter().map(|(key, value)| (key.clone(), json!(value))).collect()
}

/// Machine to model: replaces the machine's part of `row` by what `state` holds.
pub(crate) fn update(row: &mut StateRow, state: &State, names: &[String]) {
    let state = serde_json::to_value(state).unwrap();
    assert_eq!(state["generations"], json!({}), "no driver has stated any");
    row.stored.fill(None);
    row.held.fill(None);
    let mut called: Vec<Name> = Vec::new();
    for stored in state["stored"].as_array().unwrap() {
        let id = number(&stored["id"], false);
        row.stored[usize::from(id) - 1] = Some(session_row(&stored["session"], Some(id)));
        called.push(Name::Id(id));
    }
    let first_held = called.len();
    let known = std::mem::replace(&mut row.requests, vec![None; names.len()]);
    for open in state["requests"].as_array().unwrap() {
        let place =
            names.iter().position(|name| Some(request_number(name)) == open["request"].as_u64());
        let place = place.expect("the request is one of the world's");
        let holds = open["holds"].as_u64().map(|at| {
            let at = usize::try_from(at).unwrap();
            if at == called.len() {
                let held = &state["held"][at - first_held];
                let id = held["id"].is_string().then(|| number(&held["id"], false));
                row.held[place] = Some(session_row(&held["session"], id));
                called.push(Name::Request(names[place].clone()));
            }
            called[at].clone()
        });
        let known = known[place].as_ref().expect("the world knows whose request it is");
        row.requests[place] = Some(request_row(&open["data"], holds, known));
    }
}

fn session_row(session: &Value, id: Option<u8>) -> SessionRow {
    assert_eq!(session["remote_addr"], REMOTE_ADDR);
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let values = session["values"].as_object().into_iter().flatten();
    SessionRow {
        id,
        handle: handle_number(&session["handle"]),
        user: text(&session["user"]),
        values: values.map(|(key, value)| (key.clone(), text(value).unwrap())).collect(),
        tokens: tokens_row(&session["form_tokens"]),
        created: moment(&session["created"]),
        accessed: moment(&session["accessed"]),
    }
}

fn tokens_row(tokens: &Value) -> Vec<u8> {
    tokens.as_array().into_iter().flatten().map(|token| number(token, true)).collect()
}

/// The client and what it sent are known only to the world.
fn request_row(data: &Value, holds: Option<Name>, known: &RequestRow) -> RequestRow {
    assert_eq!(data["remote_addr"], REMOTE_ADDR);
    let response = match &data["response"] {
        Value::Null => None,
        Value::String(_) => Some(vec![json!("Revoke")]),
        set if set["set"].is_string() => {
            Some(vec![json!("Set"), number(&set["set"], false).into()])
        }
        set => Some(vec![json!("Stillborn"), number(&set["stillborn"], false).into()]),
    };
    RequestRow {
        mount: data["script_name"].as_str().unwrap().to_owned(),
        cookie: data["cookie"].is_string().then(|| number(&data["cookie"], false)),
        holds,
        response,
        changes: if data["changes"].is_null() {
            ChangesRow::none()
        } else {
            changes_row(&data["changes"])
        },
        ..known.clone()
    }
}

fn changes_row(changes: &Value) -> ChangesRow {
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let values = |values: &Value| {
        let values = values.as_object().into_iter().flatten();
        values.map(|(key, value)| (key.clone(), text(value))).collect()
    };
    let user = &changes["user"];
    let (to, at) = match user {
        Value::Null => (Some("Same".into()), None),
        user => (text(&user["to"]), Some(moment(&user["at"]))),
    };
    let generation = user["generation"].as_u64();
    assert!(generation.is_none_or(|generation| generation == 0), "no driver has stated any");
    ChangesRow {
        user: to,
        at,
        ended: at.is_some() && generation.is_none(),
        keeps: text(&changes["keeps"]).unwrap(),
        renew: changes["renew"] == true,
        values: values(&changes["values"]),
        guards: values(&changes["guards"]),
        tokens: tokens_row(&changes["form_tokens"]),
    }
}

/// What the driver sees of a step that was not refused, as the model writes it.
pub(crate) fn seen_of(event: Vec<Value>, effects: &Effects, draws: Vec<u8>) -> Seen {
    Seen {
        event,
        reply: match &effects.reply {
            Reply::Done => "done".into(),
            Reply::Started { remote_user } => json!(remote_user.as_deref()),
            Reply::Token(token) => number(&json!(token), true).into(),
            Reply::Value(value) => value.as_str().into(),
            Reply::Answer(answer) => (*answer).into(),
            Reply::Refused(why) => panic!("refused with {why:?} is no step"),
        },
        op: effects.store.as_ref().map_or(Value::Null, op_row),
        end: effects.transaction.map(|end| match end {
            Transaction::Commit => "commit".into(),
            Transaction::Abort => "abort".into(),
        }),
        change: effects.cookie.as_ref().map(|cookie| match cookie.value {
            CookieChange::Set(id) => vec![json!("Set"), id_number(id).into()],
            CookieChange::Revoke => vec![json!("Revoke")],
            CookieChange::Stillborn(id) => {
                vec![json!("Stillborn"), id_number(id).into()]
            }
        }),
        path: effects.cookie.as_ref().map(|cookie| cookie.path.to_string()),
        draws,
    }
}

fn op_row(op: &StoreOp) -> Value {
    let id = |id: &SessionId| id_number(*id);
    let row = |session: &Session, id: u8| {
        let row = session_row(&json!(session), Some(id));
        json!([row.id, row.handle, row.user, row.values, row.tokens, row.created, row.accessed])
    };
    match op {
        StoreOp::Put { id: at, session } => json!(["Put", id(at), row(session, id(at))]),
        StoreOp::Create { id: at, session, generation, discard_over: None } => {
            json!(["Create", id(at), is_login(*generation), row(session, id(at))])
        }
        StoreOp::Create { .. } => panic!("no world's store is full"),
        StoreOp::Touch { id: at, accessed } => json!(["Touch", id(at), moment(&json!(accessed))]),
        StoreOp::Update { id: at, session } => json!(["Update", id(at), row(session, id(at))]),
        StoreOp::Rotate { from, to, session, generation } => {
            json!(["Rotate", id(from), id(to), is_login(*generation), row(session, id(to))])
        }
        StoreOp::Delete { id: at } => json!(["Delete", id(at)]),
        StoreOp::DeleteUser { user, except } => {
            json!(["DeleteUser", user, except.as_ref().map(id)])
        }
        StoreOp::DeleteHandle { handle, user } => {
            json!(["DeleteHandle", handle_number(&json!(handle)), user])
        }
        StoreOp::Discard { id: at } => json!(["Discard", id(at)]),
        StoreOp::DiscardOver { now } => json!(["DiscardOver", moment(&json!(now))]),
    }
}

/// Whether an operation depends on a user's generation. It must be 0, as no driver has stated any.
fn is_login(generation: Option<u64>) -> bool {
    assert!(generation.is_none_or(|generation| generation == 0), "{generation:?}");
    generation.is_some()
}
