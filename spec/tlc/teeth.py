"""Change the model in one place at a time: the comparison with the code must notice.

A thirtieth of the changes that mutants.py makes is tried, in one world after the other until one
notices. The number in the environment variable SHARE says which. The gate sets it to the number of
commits, so it takes all of them in turn. `--all`, or SHARE without a number, tries every change.
Changes that cannot be noticed, because they make the same machine, are listed in
equivalent_mutants.md with the reason.
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

SHARES, FEWEST = 30, 4

# The changes that cannot be noticed, each with the reason.
EQUIVALENT = tlc.SPEC / "equivalent_mutants.md"
REASON = re.compile(r"^- (.*)$", re.MULTILINE)

# Verdicts other than a world's name. If TLC stops with an error, there is nothing to compare, and the
# change does not count as noticed.
NO_MODEL, NOBODY = "TLC stops", "nobody"


class NoModel(Exception):
    """TLC cannot read the changed model."""


ALONE = "alone in "

# Where a change is likely to be noticed: words in its line, and the worlds to try first.
LIKELY = [
    ("Later|accessed|created|Idle|Absolute|Over|Sweep|Touched|now|Reached|TooOld|noted|passive",
     ["time", "overdue", "late"]),
    ("uard", ["alone in taken"]),
    ("oken|Push|Among|Without|queue", ["users", "alone in forms"]),
    ("alue|Keys|Take|left|view", ["users", "alone in values"]),
    ("keeps|Kept|Between|Fewer|Begins|LoggedIn|WithUser|renew", ["users", "overdue"]),
    ("Handle|EndUser|ended|MayAct|Own|Void|LogsIn", ["alone in devices", "devices"]),
    ("DeleteSession|InsertSession|Where|All", ["alone in manager"]),
    ("kept|Discard|draws|taken", ["alone in login"]),
]  # fmt: skip
STRICT = "changes|Over|Strict|kept|Found"

# Under other semantics these definitions are not used.
STRICT_ALONE = {
    "Later", "Reached", "PastAbsolute", "PastItsLimits", "Between", "Fewer", "Kept", "Begins",
    "WithUser", "LoggedIn", "RenewSession", "GuardValue", "PushNew", "Apply", "TakeOut", "TakeLast",
    "Take", "MaySpend", "OwnStored", "MayAct", "ExpireOtherSessions", "IdsOfHandle", "ExpireHandle",
    "Discard", "LogsIn", "Create", "Rotate", "IsVoid", "TokensAlone", "SaveWithout",
    "GuardsHold", "SaveOnto", "SaveChanges", "DeleteHandle",
}  # fmt: skip


def small_worlds():
    """The small worlds, after smaller ones that have only one request at a time."""
    alone = {
        f"{ALONE}{name}": world | {"Requests": ["r1"]}
        for name, world in worlds.SMALL.items()
        if len(world["Requests"]) > 1
    }
    named = [
        *alone.items(),
        *sorted(worlds.SMALL.items(), key=lambda item: len(item[1]["Requests"])),
    ]
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
    A world that grows beyond twice its size differs by that."""
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
    """How many transitions a world has. Worlds without a committed graph have fewer than this."""
    if world.startswith(ALONE):
        return 10_000
    return graph.transitions(world)


def first_to_notice(test, mutant):
    """The world that notices the change, the smallest if there are several."""
    stops = 0
    try:
        for world in likely(mutant):
            match noticed(test, mutant, world):
                case True:
                    return world
                case None:
                    stops += 1
            if stops == 2:
                break
    except NoModel:
        return NO_MODEL
    return NO_MODEL if stops else NOBODY


def tried(test, pool, found):
    """Each change, and the world that noticed it. `--all` takes long: what is known is kept."""
    kept = tlc.KEPT / "mutants.json"
    text = tlc.MODEL.read_text() + str(WORLDS)
    known = json.loads(kept.read_text()) if kept.exists() else {}
    known = known["found"] if known.get("of") == text else {}
    jobs = {
        pool.submit(first_to_notice, test, mutant): mutant.key()
        for mutant in found
        if mutant.key() not in known
    }
    for job in as_completed(jobs):
        known[jobs[job]] = job.result()
        kept.write_text(json.dumps({"of": text, "found": known}))
        print(f"{job.result()}: {jobs[job]}", flush=True)
    return {mutant.key(): known[mutant.key()] for mutant in found}


def arguments(parser):
    parser.add_argument("--all", action="store_true", help="every change")


def main(arguments):
    found = mutants.mutants(tlc.MODEL.read_text())
    reasons = REASON.findall(EQUIVALENT.read_text())
    test = comparison()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        unexplained = [mutant for mutant in found if mutant.key() not in reasons]
        share = tlc.share(unexplained, SHARES)
        is_all = arguments.all or len(share) == len(unexplained)
        agreeing = [world for world in WORLDS if world.startswith(ALONE)]
        if is_all:
            share, agreeing = found, list(WORLDS)
        # If the unchanged model is found to differ in a world, every change would be noticed there.
        agree = pool.map(lambda world: noticed(test, None, world) is False, agreeing)
        faults = [f"{world} differs without a change"
                  for world, good in zip(agreeing, agree, strict=True) if not good]  # fmt: skip
        worlds_of = tried(test, pool, share) if not faults else {}
    return verdict(found, reasons, worlds_of, faults, is_all)


def verdict(found, reasons, worlds_of, faults, is_all):
    """Checks that each change that no world notices has a reason, and that each reason has such a change."""
    keys = {mutant.key() for mutant in found}
    unnoticed = {key for key, world in worlds_of.items() if world == NOBODY}
    stopped = sorted(key for key, world in worlds_of.items() if world == NO_MODEL)
    count = len(worlds_of) - len(unnoticed) - len(stopped)
    faults += [f"no change of this model: {key}" for key in set(reasons) - keys]
    faults += [f"nobody notices: {key}" for key in unnoticed - set(reasons)]
    if is_all:
        faults += [f"no longer unnoticed: {key}" for key in set(reasons) & keys - unnoticed]
    if count < FEWEST:
        faults.append(f"fewer than {FEWEST} changes were noticed")
    for key in stopped:
        print(f"TLC stops, no credit: {key}")
    for fault in sorted(faults):
        print(f"FAILED {fault}")
    print(
        f"{len(worlds_of)} of {len(keys)} changes tried: {count} noticed, {len(unnoticed)} not, "
        f"in {len(stopped)} TLC stops; {len(reasons)} are the same machine"
    )
    return 1 if faults else 0
