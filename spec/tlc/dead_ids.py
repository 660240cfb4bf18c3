"""No id comes back that has left the store, where none is drawn twice: see DeadIds.tla."""

import tempfile
from pathlib import Path

import tlc
import worlds

MODULE = tlc.SPEC / "DeadIds.tla"

# Worlds in which sessions end, each with one more id, as none is drawn again.
NAMES = ["login", "values", "manager", "devices"]
WORLDS = {name: worlds.SMALL[name] | {"MaxId": 3} for name in NAMES}
SHOWN_BY = "login"

# A login whose session is gone is saved under the id that it had.
PLANTED = (
    "IF ~IsStored(id) THEN Create(r, new, None, draws, handle)",
    'IF ~IsStored(id) THEN Saved(Store(Memory, id, new), <<"Update", id, new>>, None, <<>>)',
)


def search(semantics, world, module=MODULE):
    lines = ["VIEW DeadView", "PROPERTY NoDeadIdComesBack"]
    config = worlds.config(semantics, WORLDS[world], *lines, specification="DeadSpec")
    return tlc.search(module, config)


def kept(semantics, world):
    status, output = search(semantics, world)
    if status == tlc.HOLDS:
        return True, f"{semantics}: NoDeadIdComesBack holds in {world} ({tlc.size(output)})"
    return False, f"{semantics}: NoDeadIdComesBack is broken in {world}\n{output}"


def broken(semantics):
    status, output = search(semantics, SHOWN_BY)
    if status == tlc.HOLDS:
        return False, f"{semantics}: NoDeadIdComesBack is declared broken, and holds in {SHOWN_BY}"
    steps = tlc.length(output)
    return True, f"{semantics}: NoDeadIdComesBack is broken in {SHOWN_BY} after {steps} steps"


def planted():
    """The same under strict, with its rule broken."""
    text = tlc.MODEL.read_text()
    assert text.count(PLANTED[0]) == 1, PLANTED[0]
    with tempfile.TemporaryDirectory() as folder:
        tlc.with_model(text.replace(*PLANTED), Path(folder))
        status, output = search("strict", SHOWN_BY, Path(folder) / MODULE.name)
    if status == tlc.HOLDS:
        return False, "strict: NoDeadIdComesBack holds though its rule is broken"
    found = f"is broken in {SHOWN_BY} after {tlc.length(output)} steps, once its rule is"
    return True, f"strict: NoDeadIdComesBack {found}"


def submit(pool, semantics, holds):
    """What is to be found of a semantics that keeps `no-id-comes-back`, or does not."""
    jobs = [pool.submit(planted)] if semantics == "strict" else []
    if holds:
        return [*jobs, *(pool.submit(kept, semantics, world) for world in WORLDS)]
    return [*jobs, pool.submit(broken, semantics)]
