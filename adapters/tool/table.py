"""adapters.json: which adapters there are, how each is installed and started."""
import json
import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent
WORK = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "adapters"
CONFIGURATIONS = ("default", "recommended")


class Wrong(Exception):
    """Wrong input or usage; its text says what was expected."""


@dataclass(frozen=True, eq=False)
class Adapter:
    name: str  # also the folder's
    title: str
    language: str
    install: dict  # pip, npm, cargo: true; apt: packages of Debian; build: a command
    start: str  # a shell command; it must end in the server itself (exec)
    configurations: dict  # what `default` and `recommended` are, in one sentence each
    clock: bool = True  # whether clock/clock.c reaches it
    services: tuple = ()
    ci: bool = False  # judged at every change

    @property
    def folder(self):
        return HERE / self.name

    @property
    def results(self):
        return HERE / "results" / f"{self.name}.json"

    @property
    def build(self):
        """Where what is built for it stands."""
        return WORK / "build" / self.name


def load(path=HERE / "adapters.json"):
    adapters = [Adapter(**entry) for entry in json.loads(path.read_text())]
    for adapter in adapters:
        if tuple(adapter.configurations) != CONFIGURATIONS:
            raise Wrong(f"{adapter.name}: configurations must be {', '.join(CONFIGURATIONS)}")
        if not adapter.folder.is_dir():
            raise Wrong(f"{adapter.name}: there is no folder of that name")
        if not set(adapter.install) <= {"pip", "npm", "cargo", "apt", "build"}:
            raise Wrong(f"{adapter.name}: install knows pip, npm, cargo, apt and build")
        if not set(adapter.services) <= {"redis"}:
            raise Wrong(f"{adapter.name}: services knows redis")
    names = [adapter.name for adapter in adapters]
    if len(set(names)) < len(names):
        raise Wrong("adapters.json has two adapters of one name")
    return adapters


def choose(adapters, words):
    """The adapters that `words` names: names, `all`, or `ci`."""
    chosen = []
    for word in words:
        found = [a for a in adapters if word in ("all", a.name) or word == "ci" and a.ci]
        if not found:
            known = " ".join(a.name for a in adapters)
            raise Wrong(f"there is no adapter {word}; expected all, ci, or one of: {known}")
        chosen += [a for a in found if a not in chosen]
    return chosen
