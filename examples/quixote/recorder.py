"""Record a Quixote 3.8 application as a trace, for `quixote-session replay`.

    publisher = create_publisher()
    record(publisher, open("trace.jsonl", "w"))

What `record` wraps are the methods that an application and the publisher call, not what Quixote calls
within them. spec/quixote-today.md says what stands in the trace.
"""

import json
import time

import quixote.session
from quixote import get_request

REFUSALS = {AttributeError: "no_session", ValueError: "unknown_token", KeyError: "unknown_session"}


class Recorder:
    def __init__(self, publisher, out, clock, copying, bits):
        self.publisher, self.manager, self.out, self.clock = (
            publisher, publisher.session_manager, out, clock)
        self.event, self.draws, self.requests = None, [], 0
        draw = quixote.session.randbytes
        quixote.session.time = lambda: self.moment if self.event else clock()
        quixote.session.randbytes = lambda n: self.draws.append(draw(n)) or self.draws[-1]
        config, session = publisher.config, self.manager.session_class
        dirty = session.is_dirty is not quixote.session.Session.is_dirty
        self.write({"format": "quixote-session-trace/3", "title": "", "origin": "Quixote 3.8", "config": {
            "semantics": "copying" if copying else "live", "is_dirty": "has_info" if dirty else "never",
            "opaque_ids": True, "id_bits": bits, "cookie_name": config.session_cookie_name,
            "cookie_path": config.session_cookie_path or None, "cookie_hardened": False,
            "cookie_domain": config.session_cookie_domain or None,
            "access_resolution_ms": round(self.manager.ACCESS_TIME_RESOLUTION * 1000),
            "idle_limit_ms": None, "absolute_limit_ms": None,
            "max_form_tokens": session.MAX_FORM_TOKENS}})

    def write(self, line):
        self.out.write(json.dumps(line) + "\n")

    def wrap(self, owner, method, event, describe=lambda *_: {}):
        """Overrides the method in a class of the owner's own; None from `describe` writes nothing."""
        kind = owner if isinstance(owner, type) else type(owner)
        original = getattr(kind, method)

        def recorded(target, *args, **named):
            said = None if self.event else describe(target, *args, **named)
            if said is None:
                return original(target, *args, **named)
            self.event, self.moment, self.draws = event, self.clock(), []
            request, reply = get_request(), "done"
            try:
                result = original(target, *args, **named)
                if event == "new_session":
                    request.session = result
                elif event == "set_value":
                    said, self.draws = {**said, "value": result}, []
                elif event == "create_form_token":
                    reply = {"token": result}
                elif event.startswith("has_"):
                    reply = {"answer": bool(result)}
                return result
            except tuple(REFUSALS) as error:
                reply = {"refused": REFUSALS[type(error)]}
                raise
            finally:
                self.step(request, {"event": event, **said}, reply)
                self.event = None

        setattr(kind, method, recorded)

    def step(self, request, said, reply):
        line = {"now": round(self.moment * 1000), **said}
        expect = {"reply": reply}
        if said["event"] == "start_request":
            self.requests += 1
            request.number = self.requests
            expect["remote_user"] = request.environ.get("REMOTE_USER")
        if said["event"] != "delete_session":
            line["request"] = request.number
            over = said["event"] == "finish_request"
            expect["session"] = None if over or not request.session else seen(request.session)
            expect["request_cookie"] = None if over else request.get_cookie(self.name)
            if over:
                expect["set_cookie"] = self.set_cookie(request, said["outcome"])
        if self.draws:
            line["draws"] = self.draws
        expect["stored"] = sorted(map(seen, self.manager), key=lambda session: session["id"])
        self.write({**line, "expect": expect})

    @property
    def name(self):
        return self.publisher.config.session_cookie_name

    def set_cookie(self, request, outcome):
        cookie = request.response.cookies.get(self.name)
        if cookie is None or outcome == "abandoned":
            return None
        keys = ["value", "path", "domain", "max_age"]
        return {"name": self.name, **{key: cookie.get(key) for key in keys}}

    def abandon(self, request):
        """The client has gone away: nothing of Quixote runs."""
        self.moment, self.draws = self.clock(), []
        self.step(request, {"event": "finish_request", "outcome": "abandoned"}, "done")


def seen(session):
    line = {
        "id": session.id, "user": session.user, "remote_addr": session._remote_address or "",
        "created": round(session._creation_time * 1000),
        "accessed": round(session._access_time * 1000), "form_tokens": session._form_tokens}
    return {**line, "values": {"csrf_token": session._csrf_token}} if session._csrf_token else line


def record(publisher, out, clock=lambda: round(time.time(), 3), copying=False, bits=128):
    """Writes all that happens from now on; `copying` says what the session mapping does, `bits` how
    many there are in an id."""
    recorder = Recorder(publisher, out, clock, copying, bits)
    manager = publisher.session_manager
    session = manager.session_class = type("Session", (manager.session_class,), {})
    for owner in publisher, manager:
        owner.__class__ = type(type(owner).__name__, (type(owner),), {})

    def start(publisher):
        environ = get_request().environ
        return {
            "cookie_header": environ.get("HTTP_COOKIE") or None,
            "remote_addr": environ.get("REMOTE_ADDR", ""),
            "script_name": environ.get("SCRIPT_NAME", "")}

    recorder.wrap(publisher, "start_request", "start_request", start)
    for outcome in "successful", "interrupted", "failed":
        describe = lambda *_, outcome=outcome: {"outcome": outcome}
        recorder.wrap(publisher, f"finish_{outcome}_request", "finish_request", describe)
    for event in "revoke_session_cookie", "expire_session", "maintain_session":
        recorder.wrap(manager, event, event)
    recorder.wrap(manager, "has_session_cookie", "has_session_cookie",
                  lambda _, must_exist=False: {"must_exist": must_exist})
    recorder.wrap(manager, "new_session", "new_session", lambda _, id: {} if id is None else None)
    recorder.wrap(manager, "__delitem__", "delete_session", lambda _, id: {"id": id})
    recorder.wrap(manager, "__setitem__", "insert_session",
                  lambda _, id, session: {"id": id, "user": session.user})
    recorder.wrap(session, "set_user", "set_user", lambda _, user: {"user": user})
    recorder.wrap(session, "create_form_token", "create_form_token")
    for event in "has_form_token", "remove_form_token":
        recorder.wrap(session, event, event, lambda _, token: {"token": token})
    recorder.wrap(session, "get_csrf_token", "set_value",
                  lambda session: None if session._csrf_token else {"key": "csrf_token"})
    return recorder
