"""The recorder of examples/quixote beside small applications: each goes on as without it, and its
trace is replayed without a difference. Run by .ci/quixote, which has Quixote 3.8."""

import contextlib
import errno
import io
import itertools
import json
import os
import pickle
import subprocess
import sys
import tempfile
import unittest

import quixote.publish
import quixote.session
from quixote import get_request, get_session, get_session_manager
from quixote.directory import Directory
from quixote.logger import DefaultLogger
from quixote.session import BaseSessionManager, Session, SessionManager, SessionStore
from quixote.wsgi import QWIP

from recorder import record


class Own(Session):
    def is_dirty(self):
        return self.has_info()

    def set_user(self, user):
        if user == "":
            raise ValueError("nobody is called so")
        super().set_user(user and user.lower())

    def has_form_token(self, token, quietly=False):
        return super().has_form_token(token)


class Counted(Session):
    """As in Quixote's own demo: what is kept is no user and no token."""

    visits = 0

    def start_request(self):
        super().start_request()
        self.visits += 1
        if get_request().get_query() == "auto":
            self.set_user("frank")

    def has_info(self):
        return self.visits > 1 or super().has_info()


class Equal(Session):
    """Has no hash, and equals any other."""

    def __eq__(self, other):
        return isinstance(other, Equal)


class Pickles(dict):
    """A mapping that keeps what a file would."""

    def get(self, key, default=None):
        return self[key] if key in self else default

    def __getitem__(self, key):
        return pickle.loads(super().__getitem__(key))

    def __setitem__(self, key, session):
        super().__setitem__(key, pickle.dumps(session))

    def values(self):
        return map(self.__getitem__, self)


class Store(SessionStore):
    def __init__(self):
        self.sessions = Pickles()

    def load_session(self, id):
        return self.sessions.get(id)

    def save_session(self, session):
        self.sessions[session.id] = session

    def delete_session(self, id):
        del self.sessions[id]

    def __iter__(self):
        return iter(list(self.sessions))


class StoreManager(BaseSessionManager):
    ACCESS_TIME_RESOLUTION = 1


class User:
    def __str__(self):
        return "carol"


class Application(Directory):
    """Each page does something, and answers who is logged in."""

    def _q_lookup(self, name):
        session, manager = get_session(), get_session_manager()
        if name == "login":
            session.set_user("alice")
        elif name == "form":
            return session.get_csrf_token()
        elif name == "named":
            session.set_user(user="Heidi")
        elif name == "assigned":
            session.user = "gina"
        elif name == "nobody":
            session.set_user(None)
        elif name == "forget":
            session.user, session.visits = None, 0
        elif name == "object":
            session.set_user(User())
        elif name == "refused":
            session.has_form_token("none", quietly=True)
            session.set_user("")
        elif name == "logout":
            manager.expire_session()
            return "nobody"
        elif name == "own":
            get_request().session = Own(None)
            get_session().set_user("bob")
        elif name.startswith("insert"):
            made = manager.new_session(name.removeprefix("insert"))
            made.user = "erin"
            manager[made.id] = made
        elif name == "aside":
            manager.new_session(None)
        elif name == "new":
            get_request().session = manager.new_session(None)
        elif name == "others":
            for other in list(manager):
                if other is not session:
                    other.has_form_token("none")
                    other.get_csrf_token()
        return str(get_session().user)


# A process has one recorder. What it replaces, for the next test:
REPLACED = [(place, dict(vars(place))) for place in (quixote.session, Session, Own, Counted, Equal)]


class Full(io.StringIO):
    """A file on a disk that has room for so many lines."""

    def __init__(self, lines):
        super().__init__()
        self.lines = lines

    def write(self, text):
        self.lines -= 1
        if self.lines < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(text)


class Recorder(unittest.TestCase):
    def setUp(self):
        for place, was in REPLACED:
            for name in vars(place).keys() - was.keys():
                delattr(place, name)
            for name, value in was.items():
                if vars(place)[name] is not value:
                    setattr(place, name, value)
        self.file = tempfile.NamedTemporaryFile("w", suffix=".jsonl")
        self.addCleanup(self.file.close)

    def begin(self, manager, copying=False, before=lambda get: None, domain=None, **named):
        quixote.publish._publisher = None
        logger = DefaultLogger(error_log=os.devnull)
        publisher = quixote.publish.Publisher(
            Application(), logger, manager, session_cookie_domain=domain)
        # Repairs what quixote-today.md says of revocations.
        publisher.session_manager.set_session_cookie = quixote.session.set_session_cookie
        self.server = QWIP(publisher)
        before(self.get)
        record(publisher, self.file, copying=copying, **named)

    def get(self, page, cookie=None, **environ):
        """The status, the body and the cookie that a browser would send next."""
        environ = {
            "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": f"/{page}", "SERVER_NAME": "x",
            "SERVER_PORT": "80", "REMOTE_ADDR": "192.0.2.1", "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http", "HTTP_COOKIE": cookie or "", **environ}
        response = []
        body = b"".join(self.server(environ, lambda *said: response.extend(said)))
        cookies = [value for name, value in response[1] if name == "Set-Cookie"]
        sent = cookies[0].split(";")[0] if cookies else cookie
        return int(response[0].split()[0]), body.decode(), sent

    def steps(self):
        """What stands in the trace by now, once the model agrees with it."""
        replayed = subprocess.run(
            [os.environ["MODEL"], "replay", self.file.name], capture_output=True, text=True)
        self.assertEqual(replayed.returncode, 0, replayed.stdout + replayed.stderr)
        with open(self.file.name, encoding="utf-8") as trace:
            return [json.loads(line) for line in trace][1:]

    def events(self):
        return [step["event"] for step in self.steps()]

    def test_a_request_that_cannot_be_read_is_answered(self):
        self.begin(SessionManager())
        self.assertEqual(self.get("", QUERY_STRING="a=%ff")[0], 400)
        self.assertEqual(self.get("login")[0], 200)
        self.assertEqual(self.events(), ["start_request", "set_user", "finish_request"])

    def test_what_a_store_pickles_is_of_the_application(self):
        for manager in SessionManager(Own, Pickles()), StoreManager(Own, Store()):
            with self.subTest(type(manager)):
                self.setUp()
                self.begin(manager, copying=True)
                status, body, cookie = self.get("login")
                self.assertEqual((status, body), (200, "alice"))
                self.assertEqual(self.get("", cookie)[:2], (200, "alice"))
                self.assertEqual(self.get("logout", cookie)[:2], (200, "nobody"))
                self.assertEqual(self.get("", cookie)[:2], (200, "None"))
                self.assertIn("expire_session", self.events())

    def test_a_session_of_the_class_may_be_made_without_its_manager(self):
        self.begin(SessionManager(Own))
        self.assertEqual(self.get("own")[:2], (200, "bob"))

    def test_a_replay_could_show_no_csrf_token(self):
        self.begin(SessionManager())
        _, token, cookie = self.get("form")
        self.assertEqual(self.get("form", cookie)[1], token)
        self.assertIn("set_value", self.events())
        self.assertNotIn(token, str(self.steps()))

    def test_a_session_may_equal_another(self):
        self.begin(SessionManager(Equal))
        cookie = self.get("login")[2]
        self.assertEqual(self.get("assigned")[:2], (200, "gina"))
        self.assertEqual(self.get("", cookie)[:2], (200, "alice"))
        self.assertEqual(self.events().count("set_user"), 2)

    def test_a_user_is_what_the_application_makes_of_it(self):
        for manager, user in (SessionManager(), "Heidi"), (SessionManager(Own), "heidi"):
            with self.subTest(user):
                self.setUp()
                self.begin(manager)
                self.assertEqual(self.get("named")[:2], (200, user))
                self.assertEqual(self.steps()[1]["user"], user)

    def test_a_user_may_be_assigned(self):
        self.begin(SessionManager())
        cookie = self.get("assigned")[2]
        self.assertEqual(self.get("", cookie)[1], "gina")
        self.assertEqual(self.events()[:3], ["start_request", "set_user", "finish_request"])

    def test_info_of_the_application_counts(self):
        set_ups = (SessionManager(Counted), False), (StoreManager(Counted, Store()), True)
        for manager, copying in set_ups:
            with self.subTest(type(manager)):
                self.setUp()
                self.begin(manager, copying)
                cookie = self.get("login")[2]
                self.get("", cookie)
                self.assertNotIn("set_value", self.events(), "there is info anyway")
                self.get("nobody", cookie)
                self.assertIn("set_value", self.events())
                self.get("forget", cookie)
                self.assertEqual(self.get("", cookie)[1], "None")
                self.get("", self.get("", QUERY_STRING="auto")[2])
                self.assertIn("frank", [step.get("user") for step in self.steps()])

    def test_an_error_of_the_application_is_no_refusal(self):
        self.begin(SessionManager(Own))
        self.assertEqual(self.get("refused")[0], 500)
        self.assertEqual(self.events(), ["start_request", "has_form_token", "finish_request"])

    def test_a_new_session_counts_once_a_request_holds_it(self):
        self.begin(SessionManager())
        cookie = self.get("login")[2]
        self.assertEqual(self.get("aside", cookie)[:2], (200, "alice"))
        self.assertNotIn("new_session", self.events())
        self.assertEqual(self.get("new", cookie)[:2], (200, "None"))
        self.assertIn("new_session", self.events())

    def test_a_session_begins_when_it_is_made(self):
        moments = itertools.count(1000)
        self.begin(SessionManager(), clock=lambda: next(moments))
        self.get("insert")
        self.get("new")
        self.assertEqual(len(self.events()), 6)

    def test_what_a_cookie_never_names_may_be_an_id(self):
        for id in "", "*del*":
            with self.subTest(id):
                self.setUp()
                self.begin(SessionManager())
                self.get(f"insert{id}")
                self.assertEqual(self.get("", f"QX_session={id}")[1], "None")
                self.assertEqual(self.steps()[-2]["expect"]["request_cookie"], id)

    def test_a_session_that_the_request_does_not_hold_has_no_events(self):
        self.begin(SessionManager(Own, Pickles()), copying=True)
        self.get("login")
        self.get("others")
        self.assertEqual(self.events()[3:], ["start_request", "finish_request"])

    def test_a_user_is_written_as_text(self):
        self.begin(SessionManager())
        cookie = self.get("object")[2]
        self.assertEqual(self.get("", cookie)[1], "carol")
        self.assertEqual(self.steps()[-2]["expect"]["remote_user"], "carol")

    def test_a_user_of_the_server_is_not_of_the_session(self):
        self.begin(SessionManager())
        cookie = self.get("login", REMOTE_USER="alice")[2]
        self.assertIsNone(self.steps()[0]["expect"]["remote_user"])
        # Both users are one object here, as "" is everywhere.
        self.get("", cookie, REMOTE_USER="alice")
        self.assertEqual(self.steps()[-2]["expect"]["remote_user"], "alice")

    def test_an_empty_domain_is_none(self):
        self.begin(SessionManager(), domain="")
        self.get("login")
        self.assertIsNone(self.steps()[-1]["expect"]["set_cookie"]["domain"])

    def test_a_header_is_written_byte_by_byte(self):
        self.begin(SessionManager())
        # As CGI decodes the bytes c4 80 ff, and as WSGI does.
        for header in "QX_session=\u0100\udcff", "QX_session=\xc4\x80\xff":
            self.get("", header)
            start = self.steps()[-2]
            self.assertEqual(start["cookie_header"], "QX_session=\xc4\x80\xff")
            self.assertEqual(start["expect"]["request_cookie"], "\xc4\x80\xff")

    def test_half_a_character_can_be_read(self):
        self.begin(SessionManager())
        # As CGI decodes a byte that is not UTF-8.
        self.get("login", SCRIPT_NAME="/\udcff\U0001f600")
        self.assertEqual(self.steps()[0]["script_name"], "/?\U0001f600")

    def test_what_happened_is_in_the_file_at_once(self):
        self.begin(SessionManager())
        self.get("login")
        self.assertEqual(len(self.events()), 3)

    def test_a_trace_that_cannot_be_written_stops_no_application(self):
        for lines in 0, 1, 2:
            with self.subTest(lines), contextlib.redirect_stderr(io.StringIO()) as said:
                self.setUp()
                self.file = Full(lines)
                self.begin(SessionManager())
                cookie = self.get("login")[2]
                self.assertEqual(self.get("", cookie)[:2], (200, "alice"))
                self.assertEqual(self.get("logout", cookie)[:2], (200, "nobody"))
                self.assertEqual(said.getvalue().count("cannot be written"), 1)

    def test_what_is_not_recorded_is_said(self):
        with self.assertRaisesRegex(ValueError, "none"):
            self.begin(None)
        with self.assertRaisesRegex(ValueError, "without sessions"):
            self.begin(SessionManager(), before=lambda get: get("login"))


HEADER = (b'{"config": {"cookie_name": "a", "cookie_path": null, "cookie_domain": null, '
          b'"access_resolution_ms": 1000}}\n')


class Driver(unittest.TestCase):
    """What examples/quixote/drive.py makes of traces that it cannot drive."""

    def drive(self, trace):
        driver = os.path.join(os.environ["PYTHONPATH"], "drive.py")
        return subprocess.run([sys.executable, driver, "-"], input=trace, capture_output=True)

    def test_a_line_that_cannot_be_driven_is_named(self):
        step = b'{"now": %s, "event": "%s", "request": 1, "expect": {"reply": "done"}}'
        for trace, told in [
            (b"", "-:1: expected the header"),
            (HEADER[:40], "-:1: expected a line of JSON"),
            (b"[]", "-:1: expected a JSON object"),
            (HEADER.replace(b"1000", b"[]"), "-:1: expected a recording of the model"),
            (HEADER + b"{}", "-:2: expected the key `now`"),
            (HEADER + step % (b"0", b"sweep"), "-:2: expected a recording of live or copying"),
            (HEADER + step % (b"0", b"set_user"), "-:2: expected the key `user`"),
            (HEADER + step % (b"0", b"new_session"), "-:2: expected a recording of the model"),
        ]:
            with self.subTest(told):
                driven = self.drive(trace)
                self.assertEqual(driven.returncode, 2)
                self.assertTrue(driven.stderr.decode().startswith(told), driven.stderr)


if __name__ == "__main__":
    # Quixote's logger takes the other one.
    unittest.main(testRunner=unittest.TextTestRunner(sys.__stderr__, verbosity=2))
