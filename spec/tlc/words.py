"""Turns traces in the format of session.md into values of the model."""

import json
import re

from worlds import Name

PLAIN = re.compile(r"[\w/.-]*")
QUOTED = re.compile(r'"(.*)"')
# How Quixote finds cookies, and how it reads a value in quotes.
COOKIE = re.compile(
    r"""\s*([^=;,\s]+)\s*(?:=\s*(?:("(?:\\[\x00-\x7f]|[^"])*")|([^";,\s]*)))?\s*[;,]?""",
    re.ASCII,
)
ESCAPE = re.compile(r"\\(.)")
NONE = Name("None")

# Cookie texts under which no session is ever stored are numbers from here on.
NO_ID = 1_000_000
LARGEST = 2**31 - 1


class OutsideTheModel(Exception):
    """The model cannot express this."""


class Rows(list):
    """What TLA+ writes as a set."""


def literal(value):
    """A value as TLA+ writes it: a list is a sequence, a dict a record."""
    match value:
        case Name():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return f'"{value}"'
        case int():
            return str(value)
        case Rows():
            return "{" + ",".join(map(literal, value)) + "}"
        case list():
            return "<<" + ",".join(map(literal, value)) + ">>"
        case dict():
            return "[" + ",".join(f"{key}|->{literal(item)}" for key, item in value.items()) + "]"


class Trace:
    """A trace, read: `rules` are the constants of its semantics, `steps` what happens, and
    `numbers` the line of each step."""

    def __init__(self, path, lines=None):
        self.path = path
        self.lines = lines or [json.loads(line) for line in path.read_text().split("\n") if line]
        self.config = self.lines[0]["config"]
        self.ids, self.tokens, self.texts, self.cookies, self.handles = {}, {}, {}, {}, {}
        self.open, self.slots = {}, 0
        self.rules = self._rules()
        self.base = min(line["now"] for line in self.lines[1:])
        for line in self.lines[1:]:
            self._collect_ids(line)
        self.steps, self.numbers = [], []
        self._translate()

    def _rules(self):
        config = self.config
        limits = [config.get(name) for name in ("idle_limit_ms", "absolute_limit_ms")]
        semantics = config.get("semantics") or config["sharing"]
        if semantics == "strict" and None in limits:
            raise OutsideTheModel("a time limit that is absent")
        if semantics == "strict" and config["cookie_path"] != "/":
            raise OutsideTheModel("a path of strict other than /")
        return {
            "Semantics": semantics,
            "Resolution": config["access_resolution_ms"],
            "TokenCap": config.get("max_form_tokens", 16),
            # Only strict has them.
            "Idle": limits[0] or 0,
            "Absolute": limits[1] or 0,
        }

    def _collect_ids(self, line):
        """Everything that a session could be stored under."""
        expect = line["expect"]
        sessions = [*expect.get("stored", []), expect.get("session") or {}]
        found = [line.get("id"), (expect.get("set_cookie") or {}).get("value")]
        found += [session.get("id") for session in sessions]
        found += [] if line["event"] == "create_form_token" else line.get("draws", [])
        for text in filter(None, found):
            self.id(text)

    def _translate(self):
        now = 0
        for number, line in enumerate(self.lines[1:], 2):
            then = self.moment(line["now"])
            if then != now:
                self._add(number, ["Clock", then], False, NONE, [], NONE, [])
                now = then
            self._line(number, line)

    def _add(self, number, event, refused, request, draws, handle, expect):
        self.numbers.append(number)
        step = {"event": event, "refused": refused, "request": request}
        self.steps.append(step | {"draws": draws, "handle": handle, "expect": expect})

    def _line(self, number, line):
        expect = line["expect"]
        reply = expect.get("reply")
        refused = isinstance(reply, dict) and "refused" in reply
        if refused and reply["refused"].startswith(("text_too", "too_many")):
            raise OutsideTheModel("a limit of the configuration")
        slot = self._slot(line, refused)
        event = self._event(line, slot)
        number_of = self.token if event[0] == "CreateFormToken" else self.id
        draws = [number_of(draw) for draw in line.get("draws", [])]
        handle = self.handle(line.get("new_handle"))
        self._add(number, event, refused, slot, draws, handle, self._expect(line, refused))
        if event[0] == "FinishRequest" and not refused:
            self.open.pop(line["request"], None)

    def _slot(self, line, refused):
        """The model's name for a request: one that is free again, r0 if the request is not open."""
        request = line.get("request")
        if line["event"] == "start_request" and not refused:
            free = {f"r{n}" for n in range(1, len(self.open) + 2)} - set(self.open.values())
            self.open[request] = min(free)
            self.slots = max(self.slots, len(self.open))
        return Name(self.open.get(request, "r0"))

    def _event(self, line, slot):
        name = "".join(part.capitalize() for part in line["event"].split("_"))
        match name:
            case "StartRequest":
                sent = self.cookie(self.sent(line["cookie_header"]))
                passive = line.get("passive", False)
                return [name, slot, Name("c1"), self.mount(line), sent, passive]
            case "SetUser":
                return [name, slot, self.text("u", line["user"])]
            case "SetValue":
                return [name, slot, self.text("k", line["key"]), self.text("v", line["value"])]
            case "RemoveValue" | "TakeValue" | "GuardValue":
                return [name, slot, self.text("k", line["key"])]
            case "HasFormToken" | "RemoveFormToken":
                return [name, slot, self.token(line["token"])]
            case "HasSessionCookie":
                return [name, slot, line["must_exist"]]
            case "FinishRequest":
                return [name, slot, line["outcome"]]
            case "InsertSession":
                return [name, slot, self.id(line["id"]), self.text("u", line["user"])]
            case "ExpireHandle":
                return [name, slot, self.handle(line["handle"])]
            case "DeleteHandle":
                return [name, self.handle(line["handle"])]
            case "DeleteSession":
                return [name, self.id(line["id"])]
            case "DeleteSessionsOf":
                return [name, self.text("u", line["user"])]
            case "Sweep":
                return [name]
        return [name, slot]

    def _expect(self, line, refused):
        shown = []
        for key, value in line["expect"].items():
            match key:
                case "reply" if not refused and line["event"] != "start_request":
                    shown.append([key, self.reply(value)])
                case "remote_user" if not refused:
                    shown.append(["reply", self.text("u", value)])
                case "session":
                    shown.append([key, self.row(value)])
                case "request_cookie":
                    shown.append([key, self.cookie(value)])
                case "set_cookie" if not refused:
                    shown.append([key, self.change(value)])
                    if value and value["name"] != self.config["cookie_name"]:
                        shown.append(["path", "another cookie"])
                    if self.names_path() and value:
                        shown.append(["path", value["path"]])
                case "transaction" if not refused:
                    shown.append([key, value or NONE])
                case "stored":
                    shown.append([key, Rows(self.row(session) for session in value)])
                case "reply" | "remote_user" | "set_cookie" | "transaction":
                    pass  # of a refused event, or of a start, whose answer is the user
                case _:
                    raise OutsideTheModel(f"the key {key} of expect")
        return shown

    def moment(self, time):
        moment = time - self.base
        if moment + self.rules["Absolute"] + self.rules["Resolution"] > LARGEST:
            raise OutsideTheModel("a time that TLC cannot count")
        return moment

    def id(self, text):
        return self.ids.setdefault(text, len(self.ids) + 1)

    def handle(self, text):
        if text is None:
            return NONE
        return self.handles.setdefault(text, len(self.handles) + 1)

    def token(self, text):
        return self.tokens.setdefault(text, len(self.tokens) + 1)

    def sent(self, header):
        """The session cookie in a header: the last one of that name."""
        if self.rules["Semantics"] != "strict":
            return self.sent_to_quixote(header or "")
        pairs = (pair.split("=", 1) for pair in (header or "").split(";") if "=" in pair)
        cookie_name = self.config["cookie_name"]
        values = [text.strip(" \t") for name, text in pairs if name.strip(" \t") == cookie_name]
        if not values:
            return None
        quoted = QUOTED.fullmatch(values[-1])
        return quoted[1] if quoted else values[-1]

    def sent_to_quixote(self, header):
        sent = None
        for name, quoted, bare in COOKIE.findall(header):
            if name == self.config["cookie_name"] and not name.startswith("$"):
                sent = ESCAPE.sub(r"\1", quoted)[1:-1] if quoted else bare
        return sent

    def cookie(self, text):
        if text is None or text in self.ids:
            return NONE if text is None else self.ids[text]
        return NO_ID + self.cookies.setdefault(text, len(self.cookies))

    def text(self, letter, text):
        """A short name for a text; the empty text stays empty."""
        if not text:
            return NONE if text is None else ""
        known = self.texts.setdefault(letter, {})
        return known.setdefault(text, f"{letter}{len(known) + 1}")

    def names_path(self):
        """The model's paths end in a slash."""
        path = self.config["cookie_path"]
        return path is None or path.endswith("/")

    def mount(self, line):
        path = self.config["cookie_path"]
        mount = (line["script_name"] if path is None else path).removesuffix("/")
        if not PLAIN.fullmatch(mount):
            raise OutsideTheModel(f"the path {mount!r}")
        return mount

    def reply(self, value):
        match value:
            case {"token": token}:
                return self.token(token)
            case {"value": text}:
                return self.text("v", text)
            case {"answer": answer}:
                return answer
        return value

    def change(self, value):
        if value is None:
            return NONE
        text, age = value["value"], value["max_age"]
        if (text, age) == ("", 0):
            return ["Revoke"]
        kinds = {None: "Set", 0: "Stillborn"}
        return [kinds.get(age, f"Max-Age {age}"), self.cookie(text)]

    def row(self, session):
        if session is None:
            return NONE
        values = session.get("values", {}).items()
        return [
            NONE if session["id"] is None else self.id(session["id"]),
            self.handle(session.get("handle")),
            self.text("u", session["user"]),
            Rows([self.text("k", key), self.text("v", value)] for key, value in values),
            [self.token(token) for token in session["form_tokens"]],
            self.moment(session["created"]),
            self.moment(session["accessed"]),
        ]
