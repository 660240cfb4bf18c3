"""Flask-Session over Redis, as its quick start has it, with Flask-Login.

recommended: its security notes: Secure and SameSite, a __Host- name, a permanent session.
"""
import os
from importlib.metadata import version

import flask
import flask_login
import flask_session
import redis

import kit

app = flask.Flask(__name__)
app.secret_key = "k" * 32
store = redis.Redis(port=int(os.environ["REDIS_PORT"]))
app.config.update(SESSION_TYPE="redis", SESSION_REDIS=store)
if kit.RECOMMENDED:
    app.config.update(
        SESSION_COOKIE_NAME="__Host-session", SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_SAMESITE="Lax", SESSION_PERMANENT=True)
flask_session.Session(app)
manager = flask_login.LoginManager(app)


class User(flask_login.UserMixin):
    def __init__(self, name):
        self.id = name


manager.user_loader(User)


@app.get("/caps")
def caps():
    return kit.caps(
        "Flask-Session",
        f"{version('flask-session')} / Flask-Login {version('flask-login')}",
        app.config["SESSION_COOKIE_NAME"],
        "get put del clear destroy renew login logout whoami", stats=True,
        login="flask_login.login_user", idle=31 * 86400)


@app.get("/stats")
def stats():
    return str(len(store.keys("session:*")))


@app.route("/<path:_>", methods=["GET", "POST"])
def do(_):
    session, user = flask.session, flask_login.current_user
    operations, status, cache = kit.parse(flask.request.query_string.decode())
    body = kit.run(operations, {
        **kit.of_mapping(session), "clear": session.clear, "destroy": session.clear,
        "renew": lambda: app.session_interface.regenerate(session),
        "login": lambda name: flask_login.login_user(User(name)) and None,
        "logout": lambda: flask_login.logout_user() and None,
        "whoami": lambda: user.get_id() if user.is_authenticated else None})
    answer = flask.Response(body, status, content_type="application/json")
    if cache:
        answer.headers["Cache-Control"] = cache
    return answer
