"""Check that recorded runs are runs of the model: those of Quixote, and random ones of the code.

Runs with one field changed, one for each of CHANGES, must be rejected, at the step of that field.
"""

import copy
import json
import os
import re
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tlc
import words
import worlds

# The others are about headers, which the model does not have, or are neither of live nor of
# copying.
RECORDED = tlc.ROOT / "tests" / "traces" / "quixote-2.4"
SEEDS = range(1, 5)
STEPS = 1_500

# How many steps TLC reads at a time.
PORTION = 2_500


def read(paths):
    """The traces that the model can express; prints the names of the others."""
    traces = []
    for path in paths:
        try:
            traces.append(words.Trace(path))
        except words.OutsideTheModel as why:
            print(f"{path}: outside the model: {why}")
    return traces


def portions(traces):
    """Groups of traces under the same rules, small enough for TLC to read easily."""
    by_rules = {}
    for trace in traces:
        by_rules.setdefault(tuple(trace.rules.items()), []).append(trace)
    for same in by_rules.values():
        portion = []
        for trace in same:
            portion.append(trace)
            if sum(len(trace.steps) for trace in portion) >= PORTION:
                yield portion
                portion = []
        if portion:
            yield portion


def follow(portion):
    """How many steps of each trace are steps of the model."""
    rules = dict(portion[0].rules)
    keys = max((len(trace.texts.get("k", {})) for trace in portion), default=0)
    requests = [f"r{n}" for n in range(max(trace.slots for trace in portion) + 1)]
    constants = {
        "Requests": requests,
        "MaxId": max(len(trace.ids) for trace in portion),
        "Keys": {f"k{n + 1}" for n in range(keys)} | {""},
        "Mounts": {step["event"][3] for trace in portion for step in trace.steps
                   if step["event"][0] == "StartRequest"},
    }  # fmt: skip
    constants = worlds.world(**constants, **{k: rules[k] for k in rules if k != "Semantics"})
    names = [*requests, *constants["Clients"]]
    values = [f"CONSTANT {name} = {name}" for name in names]
    config = worlds.config(
        rules["Semantics"], constants, *values, "CONSTANT Traces <- Recorded",
        specification="TraceSpec",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        module = Path(name) / "Recorded.tla"
        module.write_text(text_of(portion, names))
        status, output = tlc.run(module, config, "-deadlock")
    if status != tlc.HOLDS:
        raise RuntimeError(output[-3000:])
    reached = [0] * len(portion)
    for which, at in re.findall(r"^<<(\d+), (\d+)>>$", output, re.MULTILINE):
        reached[int(which) - 1] = int(at)
    return reached


def text_of(portion, names):
    """The module that holds the traces."""
    lines = ["---- MODULE Recorded ----", "EXTENDS Trace", f"CONSTANTS {', '.join(names)}"]
    for number, trace in enumerate(portion):
        steps = ",\n".join(map(words.literal, trace.steps))
        lines.append(f"Trace{number} == <<\n{steps}>>")
    all_of_them = ", ".join(f"Trace{number}" for number in range(len(portion)))
    return "\n".join([*lines, f"Recorded == <<{all_of_them}>>", "====", ""])


def accepted(portion):
    """Prints the traces that the model cannot follow; returns how many it can, and their steps."""
    count = steps = 0
    for trace, reached in zip(portion, follow(portion), strict=True):
        if reached == len(trace.steps):
            count, steps = count + 1, steps + reached
        else:
            step = words.literal(trace.steps[reached])
            print(f"FAILED {trace.path}:{trace.numbers[reached]}: not a step of the model: {step}")
    return count, steps


def random_traces():
    """Random runs of the code, of every semantics."""
    folder = tlc.KEPT / "traces"
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for semantics in worlds.SEMANTICS:
        for seed in SEEDS:
            path = folder / f"{semantics}-{seed}.jsonl"
            record = "cargo run --quiet --locked --release --features cli -- record --values"
            arguments = ["--semantics", semantics, "--seed", str(seed), "--steps", str(STEPS)]
            command = [*record.split(), *arguments, "--out", str(path)]
            subprocess.run(command, cwd=tlc.ROOT, check=True)
            paths.append(path)
    return paths


def set_field(*path, to):
    """A change of what a step expects. It fails if the field is missing, null, or has that value already."""

    def change(line):
        at = line["expect"]
        for key in path[:-1]:
            at = at[key]
        if at[path[-1]] is None or at[path[-1]] == to(at[path[-1]]):
            raise LookupError
        at[path[-1]] = to(at[path[-1]])

    return change


# Each changes one field of what was observed.
CHANGES = {
    "the reply of a refused event": set_field(
        "reply", to=lambda reply: "done" if "refused" in reply else reply),
    "the answer": set_field("reply", "answer", to=lambda answer: not answer),
    "the user that is exported": set_field("remote_user", to=lambda _: "mallory"),
    "the user of the session": set_field("session", "user", to=lambda _: "mallory"),
    "the access of the session": set_field("session", "accessed", to=lambda time: time + 1),
    "the cookie that the request sees": set_field("request_cookie", to=lambda _: None),
    "the cookie of the response": set_field("set_cookie", to=lambda _: None),
    "the age of the cookie": set_field("set_cookie", "max_age", to=lambda _: None),
    "the path of the cookie": set_field("set_cookie", "path", to=lambda path: path + "x/"),
    "the end of the transaction": set_field(
        "transaction", to=lambda end: "abort" if end == "commit" else "commit"),
    "the id of the session": set_field("session", "id", to=lambda _: None),
    "the creation of the session": set_field("session", "created", to=lambda time: time + 1),
    "the tokens of the session": set_field("session", "form_tokens", to=lambda tokens: tokens[1:]),
    "the handle of a stored session": set_field("stored", 0, "handle", to=lambda _: None),
    "the creation of a stored session": set_field("stored", 0, "created", to=lambda time: time + 1),
    "the tokens of a stored session": set_field(
        "stored", 0, "form_tokens", to=lambda tokens: tokens[1:]),
    "what is stored": set_field("stored", to=lambda stored: stored[1:]),
}  # fmt: skip


def changed(path, change):
    """The trace with one step changed, and the line of that step; None if no step has the field."""
    lines = [json.loads(line) for line in path.read_text().split("\n") if line]
    for number, line in enumerate(lines[1:], 2):
        line = copy.deepcopy(line)
        try:
            change(line)
        except (LookupError, TypeError):
            continue
        lines[number - 1] = line
        return words.Trace(path, lines), number
    return None


def broken(paths):
    """Makes each change in a separate run, and prints those that the model accepted."""
    unused = list(paths)
    planted = []
    for what, change in CHANGES.items():
        path, (trace, line) = next((p, c) for p in unused if (c := changed(p, change)))
        unused.remove(path)
        planted.append((what, trace, line))
    found = 0
    for what, trace, line in planted:
        [reached] = follow([trace])
        noticed = reached < len(trace.steps) and trace.numbers[reached] == line
        found += noticed
        where = f"{trace.path.name}:{line}"
        print(f"{'ok     rejected' if noticed else 'FAILED not rejected'} {where}: {what}")
    return found == len(CHANGES)


def arguments(parser):
    parser.add_argument("trace", nargs="*", type=Path, help="these traces alone")


def main(arguments):
    recorded = sorted(RECORDED.rglob("*.jsonl"))
    paths = arguments.trace or [*recorded, *random_traces()]
    traces = read(paths)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        counts = list(pool.map(accepted, portions(traces)))
    count, steps = (sum(pair[column] for pair in counts) for column in (0, 1))
    print(f"{count} of {len(paths)} traces are runs of the model, {steps:,} steps")
    good = count == len(paths)
    if not arguments.trace:
        good &= broken(paths)
    return 0 if good else 1
