"""Compare every transition of a world with the code, in both directions.

TLC prints each transition with both of its states. Here a state is written once, when it is
first seen, and every line becomes JSON, so that `tests/tla.rs` reads it with serde. It is the
worlds of one semantics at a time: the number in the environment variable SHARE says which, and
without a number (`SHARE=`) it is all three."""

import gzip
import os
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tlc
import worlds

# The graphs of the small worlds, which `cargo test` compares without TLC.
COMMITTED = tlc.ROOT / "tests" / "tla" / "graphs"

# A large world has at least this many.
STATES, TRANSITIONS = 100_000, 550_000

NAMES = re.compile(r"\bNone\b|\bTRUE\b|\bFALSE\b|\bSame\b|\b[rc][0-9]+\b|<<|>>|[{}]")
WRITTEN = {"None": "null", "TRUE": "true", "FALSE": "false", "<<": "[", ">>": "]"}
WRITTEN |= {"{": "[", "}": "]"}


def json_of(text):
    """A value as TLC prints it within a text, as JSON: tuples and sets become arrays."""
    text = text.replace('\\"', '"')
    return NAMES.sub(lambda name: WRITTEN.get(name[0], f'"{name[0]}"'), text).replace(" ", "")


def write(semantics, constants, path, module=tlc.SPEC / "Graph.tla", most=None):
    """Writes the graph of a world, compressed; returns how many states and transitions it has.
    It stops beyond `most` transitions."""
    config = worlds.config(semantics, constants, "VIEW View", "ACTION_CONSTRAINT Emit")
    with tempfile.TemporaryDirectory() as folder:
        java = tlc.SHORT_RUN if most else []
        line = tlc.command(module, config, Path(folder), "-deadlock", java=java)
        tlc_runs = subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=module.parent)
        # The header has no name and no time, so that equal graphs are equal files.
        with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
            found = copy(tlc_runs.stdout, file, most)
        if most and found["transitions"] > most:
            tlc_runs.kill()
        elif tlc_runs.wait() != 0:
            raise RuntimeError("\n".join(found["other"][-30:]))
    return len(found["states"]), found["transitions"]


def copy(lines, file, most):
    found = {"states": {}, "transitions": 0, "other": []}
    events = {}

    def number(state):
        if state not in found["states"]:
            found["states"][state] = len(found["states"])
            file.write(f'{{"state":{json_of(state)}}}\n'.encode())
        return found["states"][state]

    for line in lines:
        match line.rstrip("\n").strip('"').split("#"):
            case ["", world]:
                file.write(f'{{"world":{json_of(world)}}}\n'.encode())
            case ["", before, seen, after]:
                before, after = number(before), number(after)
                if seen not in events:
                    events[seen] = json_of(seen)
                file.write(f'{{"step":[{before},{events[seen]},{after}]}}\n'.encode())
                found["transitions"] += 1
                if most and found["transitions"] > most:
                    break
            case _:
                found["other"].append(line)
    return found


def arguments(parser):
    parser.add_argument("size", choices=["small", "large"], help="which worlds")
    parser.add_argument("--update", action="store_true", help="keep the small graphs as they are")


def main(arguments):
    """Writes the graphs of the worlds of a size, and compares the code with them. The small ones
    must equal the committed ones, with which `cargo test` compares the code."""
    folder = tlc.KEPT / "graphs" / arguments.size
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    status = 0
    chosen = worlds.SEMANTICS if arguments.update else tlc.share(worlds.SEMANTICS, 3)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [
            (f"{name}-{semantics}", pool.submit(write, semantics, world, path))
            for semantics, name, world in worlds.of_size(arguments.size)
            if semantics in chosen
            for path in [folder / f"{name}-{semantics}.gz"]
        ]
        for name, job in jobs:
            states, transitions = job.result()
            print(f"{name}: {states:,} states, {transitions:,} transitions", flush=True)
            if arguments.size == "large" and (states < STATES or transitions < TRANSITIONS):
                print(f"FAILED {name}: fewer than {STATES:,} states or {TRANSITIONS:,} transitions")
                status = 1
    small = arguments.size == "small"
    if small and not arguments.update:
        return same_as_committed(folder, chosen)
    status = max(status, compare(folder))
    return update(folder) if small and status == 0 else status


def compare(folder):
    """Compares the code with the graphs in a folder."""
    test = "cargo test --locked --release --features cli --test tla -- --ignored --nocapture"
    environment = os.environ | {"TLA_GRAPHS": str(folder)}
    done = subprocess.run(test.split(), cwd=tlc.ROOT, env=environment, check=False)
    return min(done.returncode, 1)


def update(folder):
    shutil.rmtree(COMMITTED, ignore_errors=True)
    shutil.copytree(folder, COMMITTED)
    return 0


def same_as_committed(folder, semantics):
    found = [text_of(folder, semantics), text_of(COMMITTED, semantics)]
    names = {name for texts in found for name in texts}
    differ = [name for name in sorted(names) if found[0].get(name) != found[1].get(name)]
    for name in differ:
        print(f"{COMMITTED / name}: not what TLC writes now; `graph small --update` takes it over")
    return 1 if differ else 0


def transitions(name):
    """How many transitions a small world has, by its committed graph."""
    with gzip.open(COMMITTED / f"{name}.gz", "rt") as lines:
        return sum(line.startswith('{"step"') for line in lines)


def text_of(folder, semantics):
    """The graphs of these semantics in a folder, by their names, and uncompressed: how they were
    compressed does not matter."""
    files = [path for path in folder.iterdir() if path.stem.rpartition("-")[2] in semantics]
    return {path.name: gzip.decompress(path.read_bytes()) for path in files}
