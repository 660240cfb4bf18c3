"""Change the model in one place at a time: the comparison with the code must notice.

Without arguments the changes of the committed table are tried, every eighth, each in the world that
noticed it; `--all` tries every change in every small world until one notices, and `--update` then
writes the table anew.
"""

import json
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import graph
import mutants
import tlc
import worlds

TABLE = tlc.SPEC / "mutants.md"
ROW = re.compile(r"^\| (.*) \| (\S[^|]*) \|$", re.MULTILINE)
SHARE = 8

# What cannot be noticed, since it is the same machine, and why.
EQUIVALENT = tlc.SPEC / "equivalent_mutants.md"
REASON = re.compile(r"^- (.*)\n  ((?:.|\n  )*)", re.MULTILINE)

# A change that has not even a graph: TLC stops with an error, or the world grows beyond twice its
# size. No credit is taken for these.
NO_MODEL, NOBODY = "TLC stops", "nobody"


class NoModel(Exception):
    """It cannot be read."""


ALONE = "alone in "

# Where a change is likely to be noticed: words of its line, and the worlds to try first.
LIKELY = [
    ("Later|accessed|created|Idle|Absolute|Over|Sweep|Touched|now", ["time"]),
    ("oken|Push|Among|Without|Spend|queue", ["alone in forms"]),
    ("alue|Keys", ["alone in values"]),
    ("DeleteSession|InsertSession|Where|All", ["alone in manager"]),
    ("kept|Discard|draws|taken", ["alone in login"]),
]
STRICT = "changes|Over|Strict|kept"

# Under other semantics these definitions are not used.
STRICT_ALONE = {
    "Later", "PastItsLimits", "PushNew", "Apply", "MaySpend", "Spend", "SpendLast", "Create",
    "Rotate", "SaveChanges",
}  # fmt: skip


def small_worlds():
    """The small worlds, and smaller ones in which requests are alone: those come first."""
    alone = {
        f"{ALONE}{name}": world | {"Requests": ["r1"]}
        for name, world in worlds.SMALL.items()
        if len(world["Requests"]) > 1
    }
    named = [*alone.items(), *sorted(worlds.SMALL.items(), key=lambda item: item[0] != "time")]
    return {
        f"{name}-{semantics}": (semantics, world)
        for name, world in named
        for semantics in worlds.SEMANTICS
    }


WORLDS = small_worlds()


def likely(mutant):
    """The worlds that may notice a change, the likely ones first."""
    text = f"{mutant.name} {mutant.old}"
    order = worlds.SEMANTICS[::-1] if re.search(STRICT, text) else worlds.SEMANTICS
    order = ["strict"] if mutant.name in STRICT_ALONE else order
    names = [name for words, names in LIKELY if re.search(words, text) for name in names]
    first = [f"{name}-{semantics}" for name in names for semantics in order]
    return dict.fromkeys([*first, *(world for world in WORLDS if WORLDS[world][0] in order)])


def comparison():
    """The test that compares a graph with the code, built."""
    build = "cargo test --quiet --locked --release --features cli --test tla --no-run"
    built = subprocess.run(
        [*build.split(), "--message-format=json"], cwd=tlc.ROOT, stdout=subprocess.PIPE, check=True
    )
    messages = map(json.loads, built.stdout.splitlines())
    return next(m["executable"] for m in messages if m.get("target", {}).get("name") == "tla")


def noticed(test, mutant, world):
    """Whether the comparison in this world notices the change; None if there is no comparison.
    Without a change there is nothing to notice."""
    semantics, constants = WORLDS[world]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = tlc.MODEL.read_text()
        tlc.with_model(mutant.applied(text) if mutant else text, folder)
        path = folder / "graph.gz"
        try:
            most = 2 * transitions_of(world)
            graph.write(semantics, constants, path, folder / "Graph.tla", most)
        except RuntimeError as stopped:
            if "Parsing or semantic analysis failed" in str(stopped):
                raise NoModel from stopped
            return None
        line = [test, "--ignored", "--quiet"]
        environment = os.environ | {"TLA_GRAPHS": str(path)}
        done = subprocess.run(line, cwd=tlc.ROOT, env=environment, capture_output=True, check=False)
        return done.returncode != 0


def transitions_of(world):
    """How many a world has, as far as it is known."""
    if world.startswith(ALONE):
        return 10_000
    with graph.gzip.open(graph.COMMITTED / f"{world}.gz", "rt") as lines:
        return sum(line.startswith('{"step"') for line in lines)


def first_to_notice(test, mutant):
    """The world that notices the change, the smallest if there are several."""
    stopped = False
    try:
        for world in likely(mutant):
            match noticed(test, mutant, world):
                case True:
                    return world
                case None:
                    stopped = True
    except NoModel:
        return NO_MODEL
    return NO_MODEL if stopped else NOBODY


def all_of_them(test, found, pool):
    """Each change and the world that noticed it. What was found before is kept in a file."""
    kept = tlc.KEPT / "mutants.json"
    text = tlc.MODEL.read_text()
    known = json.loads(kept.read_text()) if kept.exists() else {}
    known = known.get("found", {}) if known.get("model") == text else {}
    jobs = {pool.submit(first_to_notice, test, mutant): mutant.key()
            for mutant in found if mutant.key() not in known}  # fmt: skip
    for job in as_completed(jobs):
        known[jobs[job]] = job.result()
        kept.write_text(json.dumps({"model": text, "found": known}))
        print(f"{job.result()}: {jobs[job]}", flush=True)
    return {mutant.key(): known[mutant.key()] for mutant in found}


def table(found):
    lines = [
        "# Changes of the model, and who notices",
        "",
        "Written by `python3 spec/tlc teeth --all --update`. Each row changes one line of",
        "[SessionManager.tla](SessionManager.tla); beside it stands the first world found in which",
        "the code differs from it; in those called `alone` there is one request at a time.",
        f"`{NO_MODEL}`: what is left is no model. `{NOBODY}`: it is the same machine, for the reason",
        "in [equivalent_mutants.md](equivalent_mutants.md).",
        "",
        "| change | noticed in |",
        "|---|---|",
    ]
    escaped = ((key.replace("|", "\\|"), world) for key, world in found.items())
    lines += [f"| {key} | {world} |" for key, world in escaped]
    return "\n".join([*lines, ""])


def read_table():
    rows = ROW.findall(TABLE.read_text())[1:]
    return {key.replace("\\|", "|"): world for key, world in rows}


def equivalents():
    return dict(REASON.findall(EQUIVALENT.read_text())) if EQUIVALENT.exists() else {}


def arguments(parser):
    parser.add_argument("--all", action="store_true", help="every change in every small world")
    parser.add_argument("--update", action="store_true", help="with --all: write the table")


def main(arguments):
    found = mutants.mutants(tlc.MODEL.read_text())
    test = comparison()
    if noticed(test, None, next(iter(WORLDS))) is not False:
        print("FAILED the model as it stands is not noticed to agree")
        return 1
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        if arguments.all:
            worlds_of = all_of_them(test, found, pool)
            if arguments.update:
                TABLE.write_text(table(worlds_of))
        else:
            worlds_of = read_table()
            share = [m for m in found if worlds_of.get(m.key()) in WORLDS][::SHARE]
            again = pool.map(lambda m: noticed(test, m, worlds_of[m.key()]), share)
            for mutant, is_noticed in zip(share, again, strict=True):
                print(f"{'ok     noticed' if is_noticed else 'FAILED unnoticed'} {mutant.key()}")
                if not is_noticed:
                    worlds_of[mutant.key()] = NOBODY
            print(f"{len(share)} changes were tried")
    return verdict(found, worlds_of)


def verdict(found, worlds_of):
    """The table has every change, and what nobody notices has its reason."""
    keys = {mutant.key() for mutant in found}
    unnoticed = {key for key in keys if worlds_of.get(key) == NOBODY}
    reasons = equivalents().keys()
    faults = [f"not in {TABLE.name}: {key}" for key in keys - worlds_of.keys()]
    faults += [f"no change of this model: {key}" for key in worlds_of.keys() - keys]
    faults += [f"nobody notices: {key}" for key in unnoticed - reasons]
    faults += [f"not, or no longer, unnoticed: {key}" for key in reasons - unnoticed]
    for fault in sorted(faults):
        print(f"FAILED {fault}")
    stopped = sum(world == NO_MODEL for world in worlds_of.values())
    print(
        f"{len(keys)} changes: {len(keys) - stopped - len(unnoticed)} noticed, {len(unnoticed)} "
        f"equivalent, in {stopped} TLC stops"
    )
    return 1 if faults else 0
