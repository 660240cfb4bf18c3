"""Change Model.v in one place at a time: the comparison with the code must notice.

The changes are in binding_faults.txt. Each is extracted. Then one machine is printed that can act as
each of the faulty ones, so that the comparison is built only once. One in nine of the changes is
tried: the number in the environment variable SHARE says which. Without a number there, all are.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import extract
import planted
from share import share

LIST = extract.HERE / "binding_faults.txt"
SHARES = 9


def arguments(command):
    command.add_argument("word", nargs="?", help="try those alone that have this in their sentence")


def main(arguments):
    model = (extract.HERE / "Model.v").read_text()
    faults = read(LIST.read_text())
    if arguments.word:
        faults = [fault for fault in faults if arguments.word in fault.told]
    else:
        faults = share(faults, SHARES)
    sound, *modules = extract.modules([model, *(fault.plant(model) for fault in faults)])
    with tempfile.TemporaryDirectory() as name:
        test = build(planted.rust(sound, modules, extract.roots()), Path(name))
        if not_alike(test, 0):
            print("the comparison fails without a fault", file=sys.stderr)
            return 1
        missed = []
        for number, fault in enumerate(faults, 1):
            by = not_alike(test, number) or not_alike(test, number, "--ignored")
            print(f"{by or 'nobody'}: {fault.told}", flush=True)
            missed += [] if by else [fault.told]
    print(f"{len(faults)} faults, {len(missed)} not noticed")
    return 1 if missed or not faults else 0


class Fault:
    """A sentence, a text of the model, and the text that replaces it."""

    def __init__(self, told, old, new):
        self.told, self.old, self.new = told, old, new

    def plant(self, model):
        if model.count(self.old) != 1:
            raise extract.Wrong(f"{self.told}: expected once in Model.v: {self.old}")
        return model.replace(self.old, self.new)


def read(text):
    found = re.findall(r"^(.+)\n- ((?:.+\n)+?)\+ ?((?:.+\n)*)", text, re.MULTILINE)
    return [Fault(told, old.rstrip("\n"), new.rstrip("\n")) for told, old, new in found]


def build(machine, folder):
    """The tests of tests/proved over this machine, built beside those of the crate."""
    for file in [extract.ROOT / "tests/proved.rs", *extract.MACHINE.parent.glob("*.rs")]:
        copy = folder / file.relative_to(extract.ROOT / "tests")
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(file.read_text())
    (folder / "proved/machine.rs").write_text(machine)
    line = "cargo test --locked --features cli --test proved --no-run --message-format=json"
    built = subprocess.run(line.split(), cwd=extract.ROOT, stdout=subprocess.PIPE, check=True)
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    externs = []
    for name in ["quixote_session", "serde", "serde_json"]:
        files = next(m["filenames"] for m in messages if m.get("target", {}).get("name") == name)
        externs += ["--extern", f"{name}={next(f for f in files if f.endswith('.rlib'))}"]
    libraries = Path(externs[1].split("=")[1]).parent
    libraries = libraries if libraries.name == "deps" else libraries / "deps"
    line = ["rustc", "--test", "--edition", "2024", "-C", "opt-level=1", "--cap-lints", "allow"]
    line += [*externs, "-L", f"dependency={libraries}", "-o", str(folder / "test")]
    subprocess.run([*line, str(folder / "proved.rs")], check=True)
    return folder / "test"


def not_alike(test, number, *which):
    """The tests that fail over this faulty machine: those of `cargo test`, or the long ones."""
    environment = os.environ | {"PROVED_FAULT": str(number), "RUST_BACKTRACE": "0"}
    done = subprocess.run([test, *which], env=environment, capture_output=True, text=True, check=False)
    failed = re.findall(r"^test (\w+) \.\.\. FAILED$", done.stdout, re.MULTILINE)
    if bool(failed) != bool(done.returncode):
        raise extract.Wrong(done.stdout + done.stderr)
    return ", ".join(sorted(name.rsplit("_on_")[-1] for name in failed))
