"""What the Python adapters share: the environment, the gate, and one request's operations."""
import json
import os
import urllib.parse
import urllib.request

PORT = int(os.environ.get("PORT", 0))
DIR = os.environ.get("KIT_DIR", ".")
RECOMMENDED = os.environ.get("PROFILE") == "recommended"


class Broken(Exception):
    """What an application's handler throws when it breaks."""


def gate(name):
    """Waits until the judge opens the gate."""
    urllib.request.urlopen(f"http://127.0.0.1:{os.environ['KIT_GATE']}/{name}", timeout=30).read()


def parse(query):
    """The operations, the status to answer with, and the Cache-Control, or None."""
    q = urllib.parse.parse_qs(query)
    operations = [tuple(text.split(":")) for text in q["ops"][0].split(",")]
    return operations, int(q.get("status", ["200"])[0]), q.get("cc", [None])[0]


def run(operations, table):
    """Carries out the operations in order; returns their results as JSON."""
    return json.dumps([one(name, arguments, table) for name, *arguments in operations])


def one(name, arguments, table):
    if name == "gate":
        gate(*arguments)
        return "ok"
    if name == "throw":
        raise Broken("the handler breaks")
    if name not in table:
        return "unsupported"
    result = table[name](*arguments)
    return result if name in ("get", "whoami") or result is not None else "ok"


def of_mapping(session):
    """The operations of a session that is a mapping."""
    return {
        "get": session.get,
        "put": session.__setitem__,
        "del": lambda key: session.pop(key, None) and None,
    }


def of_user_key(session):
    """Login and whoami where the framework has no login call: the user is a value like others."""
    return {
        "login": lambda user: session.__setitem__("user", user),
        "whoami": lambda: session.get("user"),
    }


def caps(name, version, cookie, operations, *, idle=None, absolute=None, login=None, **more):
    """The answer to /caps. Limits in seconds; `login` names the public call, None without one."""
    return json.dumps(dict(
        name=name, version=version, language="Python", cookie=cookie, ops=operations.split(),
        idle=idle, absolute=absolute, login=login, **more))
