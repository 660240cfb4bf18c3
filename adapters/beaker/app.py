"""Beaker as WSGI middleware over files: the first example of its documentation, with `auto`.

recommended: a timeout, the cookie's flags, a signed and encrypted session.
"""
import os
from importlib.metadata import version

from beaker.middleware import SessionMiddleware

import kit

options = {"session.type": "file", "session.data_dir": kit.DIR, "session.cookie_expires": True,
           "session.auto": True}
if kit.RECOMMENDED:
    options |= {
        "session.secure": True, "session.httponly": True, "session.samesite": "Lax",
        "session.key": "__Host-session", "session.timeout": 1800,
        "session.save_accessed_time": True, "session.validate_key": "k" * 32,
        "session.secret": "s" * 32}
KEY = options.get("session.key", "beaker.session.id")


def caps():
    return kit.caps(
        "Beaker", version("beaker"), KEY, "get put del clear destroy renew login logout whoami",
        stats=True, idle=options.get("session.timeout"))


def stats():
    names = [name for _, _, files in os.walk(kit.DIR) for name in files]
    return str(sum(name.endswith(".cache") for name in names))


def inner(environ, start):
    if environ["PATH_INFO"] in ("/caps", "/stats"):
        start("200 OK", [])
        return [(caps() if environ["PATH_INFO"] == "/caps" else stats()).encode()]
    session = environ["beaker.session"]
    operations, status, cache = kit.parse(environ["QUERY_STRING"])
    body = kit.run(operations, {
        **kit.of_mapping(session), **kit.of_user_key(session), "clear": session.clear,
        "destroy": session.delete, "logout": session.delete, "renew": session.regenerate_id})
    headers = [("Content-Type", "application/json")]
    start(f"{status} X", headers + ([("Cache-Control", cache)] if cache else []))
    return [body.encode()]


app = SessionMiddleware(inner, options)
