"""Quixote in memory, behind its own threaded server, which publishes one request at a time: live.

recommended: several forked workers over files, and is_dirty as its manual advises: copying.
"""
import os
import pickle
import re
from importlib.metadata import version

import quixote
from quixote import get_request, get_response, get_session, get_session_manager
from quixote.errors import AccessError
from quixote.publish import Publisher
from quixote.session import Session, SessionManager
from quixote.wsgi import QWIP

import kit

OPERATIONS = "get put del clear destroy login logout whoami mint spend"


class DataSession(Session):
    def __init__(self, id):
        Session.__init__(self, id)
        self.data = {}

    def has_info(self):
        return bool(self.data) or Session.has_info(self)

    def is_dirty(self):
        return kit.RECOMMENDED and bool(self.has_info())


class Files:
    """A mapping of one file for each session; a copy goes in and out."""

    def path(self, key):
        return os.path.join(kit.DIR, re.sub(r"\W", "_", key or "") + ".session")

    def get(self, key, default=None):
        try:
            with open(self.path(key), "rb") as file:
                return pickle.load(file)
        except OSError:
            return default

    def __getitem__(self, key):
        session = self.get(key)
        if session is None:
            raise KeyError(key)
        return session

    def __setitem__(self, key, session):
        part = f"{self.path(key)}.{os.getpid()}"
        with open(part, "wb") as file:
            pickle.dump(session, file)
        os.replace(part, self.path(key))

    def __delitem__(self, key):
        try:
            os.remove(self.path(key))
        except OSError:
            raise KeyError(key) from None

    def __contains__(self, key):
        return bool(key) and os.path.exists(self.path(key))

    has_key = __contains__

    def __len__(self):
        return sum(name.endswith(".session") for name in os.listdir(kit.DIR))


store = Files() if kit.RECOMMENDED else {}


def session():
    """The request's session. After expire_session() there is none: the manager gives a new one."""
    if get_session() is None:
        get_request().session = get_session_manager().new_session(None)
    return get_session()


def end():
    get_session_manager().expire_session()


def spend(token):
    if not session().has_form_token(token):
        return False
    session().remove_form_token(token)
    return True


TABLE = {
    "get": lambda key: session().data.get(key),
    "put": lambda key, value: session().data.__setitem__(key, value),
    "del": lambda key: session().data.pop(key, None) and None,
    "clear": lambda: session().data.clear(), "destroy": end, "logout": end,
    "login": lambda user: session().set_user(user), "whoami": lambda: session().get_user(),
    "mint": lambda: session().create_form_token(), "spend": spend,
}


class Root:
    def _q_traverse(self, path):
        response = get_response()
        response.set_content_type("application/json")
        if path == ["caps"]:
            return kit.caps("Quixote", version("quixote"), "QX_session", OPERATIONS, stats=True,
                            login="Session.set_user")
        if path == ["stats"]:
            return str(len(store))
        if path[-1] != "do":
            raise AccessError()
        operations, status, cache = kit.parse(get_request().get_environ("QUERY_STRING"))
        body = kit.run(operations, TABLE)
        if cache:
            response.set_header("Cache-Control", cache)
            response.set_expires(hours=1)
        if status == 403:  # its way to refuse
            raise AccessError(private_msg=body)
        if status in (301, 302):
            return quixote.redirect("/elsewhere") and body
        response.set_status(status)
        return body


def create():
    manager = SessionManager(session_class=DataSession, session_mapping=store)
    return Publisher(Root(), session_manager=manager, display_exceptions=None)


def mounted(application):
    """Mounts it twice, as a server does: the cookie's path follows SCRIPT_NAME."""
    def app(environ, start):
        for mount in ("/m1", "/m2"):
            if environ["PATH_INFO"].startswith(mount + "/"):
                environ["SCRIPT_NAME"] = mount
                environ["PATH_INFO"] = environ["PATH_INFO"][len(mount):]
        return application(environ, start)
    return app


if __name__ == "__main__":
    from quixote.server.threaded_server import run
    run(create, host="127.0.0.1", port=kit.PORT)
else:
    app = mounted(QWIP(create()))
