"""Record a Quixote 3.8 application as a trace, for `quixote-session replay`.

    publisher = create_publisher()
    record(publisher, open("trace.jsonl", "w"))

What `record` wraps are the methods that an application and the publisher call, not what Quixote calls
within them. The application goes on as if nothing was wrapped: what a trace has no word for is left
out of it. spec/quixote-today.md says what stands in the trace.
"""

import json
import sys
import time
import weakref

import quixote.session
from quixote import get_request, get_session


def refusal_of(event, request):
    """What Quixote raises if it refuses, and why; what else is raised is of the application."""
    if event in ("expire_session", "maintain_session") and request.session is None:
        return AttributeError, "no_session"
    other = {"remove_form_token": (ValueError, "unknown_token"),
             "delete_session": (KeyError, "unknown_session")}
    return other.get(event, ((), None))


class Known:
    """What the trace says of each session by now. An application's sessions may equal each other,
    or have no hash."""

    def __init__(self):
        self.said = {}

    def __contains__(self, session):
        return id(session) in self.said

    def __getitem__(self, session):
        return self.said[id(session)]

    def __setitem__(self, session, said):
        if session not in self:
            weakref.finalize(session, self.said.pop, id(session)).atexit = False
        self.said[id(session)] = said


class Recorder:
    def __init__(self, publisher, out, clock, copying, bits):
        self.publisher, self.manager, self.out, self.clock = (
            publisher, publisher.session_manager, out, clock)
        self.event, self.draws, self.requests, self.open = None, [], 0, []
        self.failed = None
        self.known = Known()
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
        """One that cannot be written ends the recording, and nothing else."""
        if self.failed is not None:
            return
        # No JSON that is UTF-8 has half a character, which Python has for a byte that is not.
        whole = json.dumps(line, ensure_ascii=False).encode(errors="replace")
        try:
            self.out.write(json.dumps(json.loads(whole)) + "\n")
            self.out.flush()  # A server is often ended by a signal.
        except (OSError, ValueError) as error:  # The disk is full; the file was closed.
            self.failed = error
            print(f"the recording ends here, it cannot be written: {error}", file=sys.stderr)

    def wrap(self, kind, method, event, describe=lambda *_, **__: {}):
        """Replaces the method of the class, if it has one; None from `describe` writes nothing."""
        original = getattr(kind, method, None)
        if original is None:
            return

        def recorded(target, *args, **named):
            request = get_request()
            known = event in ("start_request", "delete_session") or request in self.open
            said = describe(target, *args, **named) if known and not self.event else None
            if said is None:
                return original(target, *args, **named)
            self.notice()
            refusal, why = refusal_of(event, request)
            self.event, self.moment, self.draws = event, self.clock(), []
            try:
                result = original(target, *args, **named)
                self.step(request, *self.told(event, said, result))
                self.notice()
                return result
            except refusal:
                self.step(request, {"event": event, **said}, {"refused": why})
                raise
            finally:
                self.event = None

        setattr(kind, method, recorded)

    def told(self, event, said, result):
        """The event with its arguments, and the answer."""
        reply = "done"
        if event == "set_user":
            # What became of it, whatever the application makes of what it is given.
            said = {"user": text(get_session().user)}
            self.known[get_session()] = said["user"], self.known[get_session()][1]
        elif event == "set_value":
            said, self.draws = {**said, "value": shortened(result)}, []
        elif event == "create_form_token":
            reply = {"token": result}
        elif event.startswith("has_"):
            reply = {"answer": bool(result)}
        return {"event": event, **said}, reply

    def wrap_get_session(self, kind):
        """What a session of the application does when its request starts comes after the start."""
        original = kind.get_session

        def get(manager):
            session = original(manager)
            self.learn(session)
            return session

        kind.get_session = get

    def learn(self, session):
        if session not in self.known:
            self.known[session] = (None, False) if session.id is None else now_of(session)

    def notice(self):
        """What went past the methods: another session, another user, a `has_info` of its own."""
        self.event = "notice"
        for request in self.open:
            if request.session is not None:
                self.notice_session(request, request.session)
        self.event = None

    def notice_session(self, request, session):
        if session not in self.known:
            self.learn(session)
            if session.id is None:
                self.tell(request, {"event": "new_session"}, session._creation_time)
        user, info = now_of(session)
        if user != self.known[session][0]:
            self.known[session] = user, self.known[session][1]
            self.tell(request, {"event": "set_user", "user": user}, self.clock())
        if info != self.known[session][1]:
            self.known[session] = user, info
            event = {"event": "set_value", "value": "true"} if info else {"event": "remove_value"}
            self.tell(request, {**event, "key": "has_info"}, self.clock())

    def tell(self, request, said, moment):
        self.moment, self.draws = moment, []
        self.step(request, said, "done")

    def seen(self, session):
        user, info = self.known[session] if session in self.known else now_of(session)
        line = {
            "id": session.id, "user": user, "remote_addr": session._remote_address or "",
            "created": round(session._creation_time * 1000),
            "accessed": round(session._access_time * 1000), "form_tokens": session._form_tokens}
        csrf_token = session._csrf_token
        values = {"csrf_token": shortened(csrf_token)} if csrf_token else {}
        if info:
            values["has_info"] = "true"
        return {**line, "values": values} if values else line

    def step(self, request, said, reply):
        line = {"now": round(self.moment * 1000), **said}
        expect = {"reply": reply}
        if said["event"] == "start_request":
            self.requests += 1
            request.number = self.requests
            self.open.append(request)
            self.learn(request.session)
            exported = request.environ.get("REMOTE_USER")
            user, _ = self.known[request.session]
            # Two texts that are equal may be one object, so only a session without a user shows
            # that Quixote has left what the server gave.
            left = user is None and exported == self.given
            expect["remote_user"] = None if left else exported
        if said["event"] != "delete_session":
            line["request"] = request.number
            over = said["event"] == "finish_request"
            held = None if over else request.session
            expect["session"] = None if held is None else self.seen(held)
            expect["request_cookie"] = None if over else letters(request.get_cookie(self.name))
            if over:
                self.open.remove(request)
                expect["set_cookie"] = self.set_cookie(request, said["outcome"])
        if self.draws:
            line["draws"] = self.draws
        expect["stored"] = sorted(map(self.seen, self.manager), key=lambda session: session["id"])
        self.write({**line, "expect": expect})

    @property
    def name(self):
        return self.publisher.config.session_cookie_name

    def set_cookie(self, request, outcome):
        cookie = request.response.cookies.get(self.name)
        if cookie is None or outcome == "abandoned":
            return None
        said = {key: cookie.get(key) for key in ["value", "path", "domain", "max_age"]}
        # An empty Domain is sent, and browsers ignore it.
        return {"name": self.name, **said, "domain": said["domain"] or None}

    def abandon(self, request):
        """The client has gone away: nothing of Quixote runs."""
        self.notice()
        self.tell(request, {"event": "finish_request", "outcome": "abandoned"}, self.clock())


def now_of(session):
    """The user, and whether a `has_info` of the application's own finds what Quixote's does not."""
    info = session.has_info() and not quixote.session.Session.has_info(session)
    return text(session.user), bool(info)


def text(user):
    """As REMOTE_USER has it, whatever a user is."""
    return None if user is None else str(user)


def shortened(secret):
    """Of a value a replay shows all there is, so that a secret must not be one."""
    return secret[:4] + "…"


def letters(header):
    """One for each byte, also if the server has decoded the header by UTF-8, as CGI does."""
    if header is None or max(header, default="") < "\u0100":
        return header
    return header.encode("utf-8", "surrogateescape").decode("latin-1")


def record(publisher, out, clock=lambda: round(time.time(), 3), copying=False, bits=128):
    """Writes all that happens from now on; `copying` says what the session mapping does, `bits` how
    many there are in an id."""
    manager = publisher.session_manager
    if isinstance(manager, quixote.session.NullSessionManager):
        raise ValueError("expected a session manager, this publisher has none")
    if any(True for _ in manager):
        raise ValueError("expected a store without sessions: a trace begins with none")
    recorder = Recorder(publisher, out, clock, copying, bits)
    for owner in publisher, manager:
        owner.__class__ = type(type(owner).__name__, (type(owner),), {})
    publishing, managing, session = type(publisher), type(manager), manager.session_class

    def start(publisher):
        environ = get_request().environ
        recorder.given = environ.get("REMOTE_USER")  # By the server, which Quixote leaves.
        return {
            "cookie_header": letters(environ.get("HTTP_COOKIE") or None),
            "remote_addr": environ.get("REMOTE_ADDR", ""),
            "script_name": environ.get("SCRIPT_NAME", "")}

    def of_own(describe):
        """Of the session that the request holds: another one has no name in a trace."""
        return lambda session, *args, **named: (
            describe(*args, **named) if session is get_request().session else None)

    recorder.wrap(publishing, "start_request", "start_request", start)
    for outcome in "successful", "interrupted", "failed":
        describe = lambda *_, outcome=outcome, **__: {"outcome": outcome}
        recorder.wrap(publishing, f"finish_{outcome}_request", "finish_request", describe)
    for event in "revoke_session_cookie", "expire_session":
        recorder.wrap(managing, event, event)
    recorder.wrap(managing, "maintain_session", "maintain_session",
                  lambda _, session, *__, **___: of_own(dict)(session))
    recorder.wrap(managing, "has_session_cookie", "has_session_cookie",
                  lambda _, must_exist=False, *__, **___: {"must_exist": must_exist})
    recorder.wrap_get_session(managing)
    recorder.wrap(managing, "__delitem__", "delete_session", lambda _, id: {"id": id})
    recorder.wrap(managing, "__setitem__", "insert_session",
                  lambda _, id, session: {
                      "now": round(session._creation_time * 1000), "id": id,
                      "user": text(session.user)})
    recorder.wrap(session, "set_user", "set_user", of_own(lambda *_, **__: {}))
    recorder.wrap(session, "create_form_token", "create_form_token", of_own(lambda *_, **__: {}))
    for event in "has_form_token", "remove_form_token":
        recorder.wrap(session, event, event, of_own(lambda token, *_, **__: {"token": token}))
    recorder.wrap(session, "get_csrf_token", "set_value", lambda session, *_, **__: (
        None if session._csrf_token else of_own(lambda: {"key": "csrf_token"})(session)))
    return recorder
