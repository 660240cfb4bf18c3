//! The pages of the shop, and what its forms do.

use std::sync::Arc;

use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use quixote_session::{Handle, Outcome, Timestamp};
use quixote_session_axum::{Session, SessionError};
use serde::Deserialize;

use crate::accounts::{Accounts, Broken, code};

/// What the pages share.
#[derive(Clone)]
pub(crate) struct Shop {
    accounts: Accounts,
    /// Who may end the sessions of others. It is chosen when the shop starts, because anybody could
    /// sign up with a name that is built in.
    admin: Option<Arc<str>>,
}

impl Shop {
    pub(crate) fn new(accounts: Accounts, admin: Option<String>) -> Self {
        Self { accounts, admin: admin.map(Into::into) }
    }

    async fn is_of_admin(&self, session: &Session) -> bool {
        let user = session.user().await;
        user.is_some() && user.as_deref() == self.admin.as_deref()
    }
}

pub(crate) fn router(shop: Shop) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/signup", post(sign_up))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/cart", post(cart))
        .route("/slow", get(slow))
        .route("/confirm", get(ask_code).post(confirm))
        .route("/devices", get(devices))
        .route("/devices/end", post(end_device))
        .route("/devices/others", post(end_others))
        .route("/admin/end", post(end_user))
        .with_state(shop)
}

/// Why a page cannot be shown.
enum Stop {
    Session(SessionError),
    Accounts(Broken),
    Page(StatusCode, &'static str),
}

impl From<SessionError> for Stop {
    fn from(why: SessionError) -> Self {
        Self::Session(why)
    }
}

impl From<Broken> for Stop {
    fn from(why: Broken) -> Self {
        Self::Accounts(why)
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        match self {
            // The layer has a table that says which refusal has which status. The handler has
            // stopped half way, so nothing of it is saved.
            Self::Session(why) => {
                let page = page("Sorry", &escape(why.for_visitor()));
                (why.status(), Extension(Outcome::Failed), page).into_response()
            }
            Self::Accounts(why) => {
                eprintln!("accounts: {why}");
                (StatusCode::SERVICE_UNAVAILABLE, page("Sorry", "Try again later.")).into_response()
            }
            Self::Page(status, text) => (status, page("Sorry", text)).into_response(),
        }
    }
}

type Page = Result<Html<String>, Stop>;
type Done = Result<Redirect, Stop>;

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title>\n\
         <h1>{title}</h1>\n{body}\n<p><a href=/>home</a></p></html>\n"
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A form with these fields. All forms of a page share one token, since only one of them is sent.
fn form(action: &str, token: &str, fields: &str, button: &str) -> String {
    let id = action.trim_start_matches('/').replace('/', "-");
    format!(
        "<form id={id} method=post action={action}>{fields}\
         <input type=hidden name=token value={token}><button>{button}</button></form>\n"
    )
}

async fn home(session: Session) -> Page {
    let token = session.form_token().await?;
    let cart = escape(&session.value("cart").await.unwrap_or_default());
    let cart = format!("<p>Your cart: <b id=cart>{cart}</b></p>\n")
        + &form("/cart", &token, "<input name=item value=apple>", "add");
    let names = "<input name=name placeholder=name required>\
                 <input name=password type=password placeholder=password required>";
    let Some(user) = session.user().await else {
        let body = cart
            + &form("/login", &token, names, "log in")
            + &form("/signup", &token, names, "sign up");
        return Ok(page("Shop", &body));
    };
    let confirmed = session.value("confirmed").await.is_some();
    let state = if confirmed { "confirmed" } else { "<a href=/confirm>not confirmed</a>" };
    let body = format!(
        "<p>You are <b id=user>{}</b>, {state}. <a href=/devices>Your devices</a></p>\n",
        escape(&user)
    ) + &cart
        + &form("/logout", &token, "", "log out");
    Ok(page("Shop", &body))
}

#[derive(Deserialize)]
struct Names {
    name: String,
    password: String,
    token: String,
}

/// The empty name counts as nobody, and a session that holds nothing else is not stored. A name
/// longer than a session can hold would get an account that can never log in.
fn is_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
}

/// Each form begins with its token, which is accepted once, whatever the rest of the handler does.
async fn sign_up(State(shop): State<Shop>, session: Session, Form(form): Form<Names>) -> Done {
    session.accept(&form.token).await?;
    if !is_name(&form.name) {
        return Err(Stop::Page(StatusCode::UNPROCESSABLE_ENTITY, "A name has 1 to 100 bytes."));
    }
    if !shop.accounts.sign_up(form.name.clone(), form.password).await? {
        return Err(Stop::Page(StatusCode::CONFLICT, "Somebody has this name."));
    }
    session.login(form.name).await?;
    Ok(Redirect::to("/"))
}

/// A cart that was filled before the login becomes the user's, but never that of another user. An
/// administrator may end the user while the password is checked, so the login is prepared first.
async fn login(State(shop): State<Shop>, session: Session, Form(form): Form<Names>) -> Done {
    session.accept(&form.token).await?;
    let login = session.prepare_login(form.name.as_str()).await?;
    if !shop.accounts.check(form.name, form.password).await? {
        return Err(Stop::Page(StatusCode::FORBIDDEN, "Wrong name or password."));
    }
    session.login(login).await?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

async fn logout(session: Session, Form(form): Form<Token>) -> Done {
    session.accept(&form.token).await?;
    session.logout().await?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct Item {
    item: String,
    token: String,
}

/// The new cart is computed from the old one, so it is guarded: of two tabs that add an apple at
/// once, one is refused, and no apple is lost in silence.
async fn cart(session: Session, Form(form): Form<Item>) -> Done {
    session.accept(&form.token).await?;
    session.guard("cart").await?;
    let before = session.value("cart").await.unwrap_or_default();
    let comma = if before.is_empty() { "" } else { ", " };
    session.set("cart", format!("{before}{comma}{}", form.item)).await?;
    Ok(Redirect::to("/"))
}

/// A page that takes a second and writes. If the user logs out meanwhile, the logout is final.
async fn slow(session: Session) -> Page {
    session.set("slow", "written").await?;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    Ok(page("Slow", "<p id=slow>done</p>"))
}

async fn ask_code(session: Session) -> Page {
    let Some(user) = session.user().await else {
        return Err(Stop::Page(StatusCode::UNAUTHORIZED, "Log in first."));
    };
    let code = code();
    // A real shop would send it by mail.
    println!("the code of {user:?} is {code}");
    session.set("code", code).await?;
    let token = session.form_token().await?;
    Ok(page("Confirm", &form("/confirm", &token, "<input name=code autocomplete=off>", "confirm")))
}

#[derive(Deserialize)]
struct Code {
    code: String,
    token: String,
}

/// A code is good for one try. A user who has confirmed has more rights, so the session moves to a
/// new id.
async fn confirm(session: Session, Form(form): Form<Code>) -> Done {
    session.accept(&form.token).await?;
    if session.take("code").await? != form.code.trim() {
        return Err(Stop::Page(StatusCode::FORBIDDEN, "Wrong code: ask for another."));
    }
    session.renew().await?;
    session.set("confirmed", "yes").await?;
    Ok(Redirect::to("/"))
}

async fn devices(State(shop): State<Shop>, session: Session) -> Page {
    let token = session.form_token().await?;
    let own = session.handle().await;
    let mut body = String::new();
    for device in session.devices().await? {
        let Some(handle) = device.handle() else { continue };
        let here = if Some(handle) == own { " (this one)" } else { "" };
        let minutes = device.access_age(Timestamp::now()) / 60_000;
        let field = format!("<input type=hidden name=handle value={handle}>");
        let when = format!("<p class=device>used {minutes} minutes ago{here}</p>\n");
        body.extend([when, form("/devices/end", &token, &field, "end")]);
    }
    body += &form("/devices/others", &token, "", "end all others");
    if shop.is_of_admin(&session).await {
        body += &form("/admin/end", &token, "<input name=user>", "end all sessions of this user");
    }
    Ok(page("Devices", &body))
}

#[derive(Deserialize)]
struct Device {
    handle: String,
    token: String,
}

async fn end_device(session: Session, Form(form): Form<Device>) -> Done {
    session.accept(&form.token).await?;
    let handle: Handle = form
        .handle
        .parse()
        .map_err(|_| Stop::Page(StatusCode::BAD_REQUEST, "That is no device."))?;
    session.end_handle(handle).await?;
    Ok(Redirect::to("/devices"))
}

async fn end_others(session: Session, Form(form): Form<Token>) -> Done {
    session.accept(&form.token).await?;
    session.end_others().await?;
    Ok(Redirect::to("/devices"))
}

#[derive(Deserialize)]
struct User {
    user: String,
    token: String,
}

/// The manager ends the sessions: a session itself can end only those of its own user.
async fn end_user(State(shop): State<Shop>, session: Session, Form(form): Form<User>) -> Done {
    session.accept(&form.token).await?;
    let confirmed = session.value("confirmed").await.is_some();
    if !confirmed || !shop.is_of_admin(&session).await {
        return Err(Stop::Page(StatusCode::FORBIDDEN, "Only a confirmed admin may."));
    }
    session.manager().delete_sessions_of(&form.user).await.map_err(SessionError)?;
    Ok(Redirect::to("/devices"))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_neither_empty_nor_long() {
        let longest = "x".repeat(100);
        assert!(is_name("a") && is_name(&longest));
        assert!(!is_name("") && !is_name(&(longest + "x")));
    }
}
