#!/usr/bin/env python3
"""Quixote itself: a whole request in process, beside ours in benches/cookies.rs.

    pip install quixote==3.8
    python3 benches/quixote_request.py

Each request brings five cookies, the session's among them; the handler looks for one of the
session's form tokens and sets the cookie again. The result goes where criterion keeps ours, in
criterion's form, for `cargo bench --bench table`. Optional: it needs Python 3.
"""

import io
import json
import os
import statistics
import sys
import time

from quixote import get_request, get_session
from quixote.directory import Directory
from quixote.http_request import HTTPRequest
from quixote.publish import Publisher
from quixote.session import Session, SessionManager

FACTOR, SUMMAND = 20 * 0x00517CC1 + 1, 7_640_891  # as benches/setup/walk.rs walks
ROUNDS, BATCH = 50, 200


class Silence:
    def log_request(self, request, start_time):
        pass


class Root(Directory):
    _q_exports = [""]

    def _q_index(self):
        token = get_request().environ["FORM_TOKEN"]
        if not get_session().has_form_token(token):
            raise RuntimeError("the token was not found")
        manager.set_session_cookie(get_session().id)
        return "ok"


def populate(size):
    publisher._set_request(request(0))  # a session asks the request for its client's address
    for number in range(size):
        session = Session(f"{number:032x}")
        session.user = f"user{number:07d}"
        session._form_tokens = [f"{number:015x}{nth}" for nth in range(2)]
        manager[session.id] = session
    publisher._clear_request()


def request(number):
    others = "; ".join(f"_ga_{nth:02}=GS1.1.1700000000.{nth}.1" for nth in range(4))
    return HTTPRequest(io.BytesIO(), {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.0",
        "REMOTE_ADDR": "192.0.2.123",
        "HTTP_COOKIE": f"{publisher.config.session_cookie_name}={number:032x}; {others}",
        "FORM_TOKEN": f"{number:015x}0",
    })


def measure(size):
    """Nanoseconds a request, for each of some batches."""
    populate(size)
    at, found = 0, []
    for _ in range(ROUNDS):
        batch = []
        for _ in range(BATCH):
            at = (at * FACTOR + SUMMAND) % size
            batch.append(request(at))
        start = time.thread_time_ns()
        for one in batch:
            response = publisher.process_request(one)
            headers = list(response.generate_headers())
        found.append((time.thread_time_ns() - start) / BATCH)
        assert response.status_code == 200, response.status_code
        assert any(name == "Set-Cookie" for name, _ in headers), headers
    return found


def write(size, found):
    here = os.path.join(os.path.dirname(__file__), "..")
    target = os.path.join(here, os.environ.get("CARGO_TARGET_DIR", "target"))
    home = os.path.join(here, os.environ.get("CRITERION_HOME", os.path.join(target, "criterion")))
    folder = os.path.join(home, "cookies-5", "quixote", str(size), "new")
    os.makedirs(folder, exist_ok=True)
    median = statistics.median(found)
    spread = statistics.median(abs(one - median) for one in found)
    print(f"{size} sessions: {median:.0f} ns a request")
    with open(os.path.join(folder, "estimates.json"), "w", encoding="ascii") as file:
        json.dump({
            "median": {"point_estimate": median},
            "median_abs_dev": {"point_estimate": spread},
        }, file)


manager = SessionManager()
publisher = Publisher(Root(), session_manager=manager, logger=Silence())
for size in [1_000, 100_000] if "--quick" in sys.argv else [1_000, 100_000, 1_000_000]:
    manager.sessions.clear()
    write(size, measure(size))
