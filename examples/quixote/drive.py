"""Drive a trace of `quixote-session record` through the installed Quixote, and record what it does.

    quixote-session record --seed 7 --out model.jsonl
    python drive.py model.jsonl >quixote.jsonl
    quixote-session replay quixote.jsonl

Only what happens is taken from the trace, and the clock; with --draws also the random values, so that
ids are those of the trace. What can be seen afterwards is Quixote's. Refusals that Quixote has no
word for change nothing: they are passed over.
"""

import argparse
import copy
import io
import json
import os
import re
import sys
from fractions import Fraction
from secrets import token_hex

import quixote.http_request
import quixote.publish
import quixote.session
from quixote.directory import Directory
from quixote.errors import PublishError
from quixote.http_request import HTTPRequest
from quixote.logger import DefaultLogger

from recorder import record


# What an event of a trace has beside its moment; Quixote has no other events.
ARGUMENTS = {
    "start_request": ["request", "cookie_header", "remote_addr", "script_name"],
    "finish_request": ["request", "outcome"],
    "new_session": ["request"],
    "insert_session": ["request", "id", "user"],
    "delete_session": ["id"],
    "has_session_cookie": ["request", "must_exist"],
    "maintain_session": ["request"],
    "revoke_session_cookie": ["request"],
    "expire_session": ["request"],
    "set_user": ["request", "user"],
    "create_form_token": ["request"],
    "has_form_token": ["request", "token"],
    "remove_form_token": ["request", "token"],
}
CONFIG = ["cookie_name", "cookie_path", "cookie_domain", "access_resolution_ms"]


class Copying(dict):
    """A mapping that copies what goes in and out, as one that writes to a file does."""

    def get(self, key, default=None):
        return copy.deepcopy(super().get(key, default))

    def __getitem__(self, key):
        return copy.deepcopy(super().__getitem__(key))

    def __setitem__(self, key, session):
        super().__setitem__(key, copy.deepcopy(session))


class Dirty(quixote.session.Session):
    def is_dirty(self):
        return self.has_info()


class Drive:
    def __init__(self, config, out, options):
        self.options, self.now, self.requests, self.names, self.fed = options, 0, {}, {}, []
        copying = config.get("sharing", config.get("semantics")) == "copying"
        dirty = config.get("is_dirty", "has_info" if copying else "never") == "has_info"
        session = Dirty if dirty else quixote.session.Session
        session.MAX_FORM_TOKENS = config.get("max_form_tokens", 16)
        manager = quixote.session.SessionManager(session, Copying() if copying else {})
        manager.ACCESS_TIME_RESOLUTION = Fraction(config["access_resolution_ms"], 1000)
        quixote.publish._publisher = None  # One process drives several.
        self.publisher = quixote.publish.Publisher(
            Directory(), DefaultLogger(error_log="/dev/null"), manager,
            session_cookie_name=config["cookie_name"], session_cookie_path=config["cookie_path"],
            session_cookie_domain=config["cookie_domain"])
        if options.draws:
            quixote.session.randbytes = lambda n: self.fed.pop(0) if self.fed else token_hex(n)
        clock = lambda: Fraction(self.now, 1000)
        bits = config.get("id_bits", 64) if options.draws else 128
        self.recorder = record(self.publisher, out, clock, copying, bits)

    def known(self, text):
        """The text with Quixote's ids and tokens in place of those of the trace."""
        for name, own in self.names.items():
            text = text and text.replace(name, own)
        return text

    def event(self, line):
        self.now, self.fed = line["now"], list(line.get("draws", []))
        self.recorder.draws = []
        if line["event"] == "start_request":
            environ = {
                "REMOTE_ADDR": line["remote_addr"], "SCRIPT_NAME": line["script_name"],
                "HTTP_COOKIE": self.known(line["cookie_header"]) or ""}
            self.requests[line["request"]] = HTTPRequest(io.BytesIO(), environ)
        request = self.requests.get(line.get("request"))
        self.publisher._set_request(request)
        gone = request is not None and request.session is None
        try:
            self.perform(line, request, self.publisher.session_manager)
        except (KeyError, ValueError):
            pass  # What the recorder calls a refusal.
        except AttributeError:
            if not gone:
                raise
        for name, own in zip(line.get("draws", [])[-1:], self.recorder.draws[-1:]):
            self.names[name] = own
        is_open = request in self.requests.values()
        if self.options.csrf and is_open and request.session and line["now"] % 3 == 0:
            request.session.get_csrf_token()

    def perform(self, line, request, manager):
        event = line["event"]
        if event == "start_request":
            self.publisher.start_request()
        elif event == "finish_request":
            self.finish(self.requests.pop(line["request"]), line["outcome"])
        elif event == "new_session":
            request.session = manager.new_session(None)
        elif event == "insert_session":
            session = manager.new_session(self.known(line["id"]))
            session.user = line["user"]
            manager[session.id] = session
        elif event == "delete_session":
            del manager[self.known(line["id"])]
        elif event == "has_session_cookie":
            manager.has_session_cookie(line["must_exist"])
        elif event == "maintain_session":
            manager.maintain_session(request.session)
        elif event in ("revoke_session_cookie", "expire_session"):
            getattr(manager, event)()
        elif event in ("set_user", "create_form_token", "has_form_token", "remove_form_token"):
            arguments = [self.known(line[name]) for name in ("user", "token") if name in line]
            getattr(request.session, event)(*arguments)

    def finish(self, request, outcome):
        if outcome == "successful":
            self.publisher.finish_successful_request()
        elif outcome == "interrupted":
            self.publisher.finish_interrupted_request(PublishError())
        elif outcome == "failed":
            self.publisher.finish_failed_request()
        else:
            self.recorder.abandon(request)


def repair_revocation():
    """What Quixote does since 3.8: the method returns the name of the cookie that it set."""
    def set_session_cookie(_, session_id, **attrs):
        return quixote.session.set_session_cookie(session_id, **attrs)
    quixote.session.BaseSessionManager.set_session_cookie = set_session_cookie


def repair_blanks():
    """White space in a header is that of ASCII, as it was under Python 2."""
    pattern = quixote.http_request._COOKIE_RE.pattern
    quixote.http_request._COOKIE_RE = re.compile(pattern, re.VERBOSE | re.ASCII)


def stop(place, why):
    print(f"{place}: {why}", file=sys.stderr)
    sys.exit(2)


def objects(path):
    """The lines of a trace, each with its place."""
    try:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as trace:
            for number, line in enumerate(trace, 1):
                place = f"{path}:{number}"
                try:
                    read = json.loads(line)
                except (ValueError, RecursionError) as error:
                    stop(place, f"expected a line of JSON: {error}")
                if not isinstance(read, dict):
                    stop(place, "expected a JSON object")
                yield place, read
    except OSError as error:
        stop(path, f"cannot read: {error.strerror}")


def at(place, act, *arguments):
    """What is raised here comes of a line that no model has written, such as a text for a number."""
    try:
        return act(*arguments)
    except Exception as error:
        stop(place, f"expected a recording of the model, found {type(error).__name__}: {error}")


def expect_keys(place, keys, found):
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            stop(place, f"expected the key `{key}`, it is missing")


def begin(path, lines, out, options):
    place, header = next(lines, (f"{path}:1", None))
    if header is None:
        stop(place, "expected the header of a trace, found the end of the file")
    expect_keys(place, ["config"], header)
    expect_keys(f"{place}: config", CONFIG, header["config"])
    return at(place, Drive, header["config"], out, options)


def expect_step(place, line):
    expect_keys(place, ["now", "event", "expect"], line)
    expect_keys(f"{place}: expect", ["reply"], line["expect"])
    if not isinstance(line["event"], str) or line["event"] not in ARGUMENTS:
        event = f"Quixote has no {line['event']}"
        stop(place, f"expected a recording of live or copying, without --values: {event}")
    expect_keys(place, ARGUMENTS[line["event"]], line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trace")
    parser.add_argument("--draws", action="store_true", help="feed the random values of the trace")
    parser.add_argument("--csrf", action="store_true", help="ask for csrf tokens now and then")
    parser.add_argument("--repair", action="append", default=[], choices=["revocation", "blanks"])
    options = parser.parse_args()
    for fault in options.repair:
        {"revocation": repair_revocation, "blanks": repair_blanks}[fault]()
    lines = objects(options.trace)
    out = sys.__stdout__  # The logger takes the other one.
    drive = begin(options.trace, lines, out, options)
    for place, line in lines:
        expect_step(place, line)
        reply = line["expect"]["reply"]
        why = reply.get("refused") if isinstance(reply, dict) else None
        if why in (None, "no_session", "unknown_token", "unknown_session"):
            at(place, drive.event, line)
        if drive.recorder.failed is not None:
            break
    if drive.recorder.failed is not None:
        # What is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
        sys.exit(0 if isinstance(drive.recorder.failed, BrokenPipeError) else 2)


if __name__ == "__main__":
    main()
