"""The proved machine in Rust, tests/proved/machine.rs, is what Coq extracts from Model.v.

Coq extracts Model.v as a program in JSON, and printer.py prints that as Rust. The result is
committed, so that `cargo test` needs no Coq. Without arguments this checks that it is up to date;
`--update` writes it again.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import printer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEPT = ROOT / "target/extracted"
MACHINE = ROOT / "tests/proved/machine.rs"


class Wrong(Exception):
    """Coq refuses the text, or the printer does not know what is extracted from it."""


def arguments(command):
    command.add_argument("--update", action="store_true", help="write the file anew")


def main(arguments):
    extracted = machine((HERE / "Model.v").read_text())
    if arguments.update:
        MACHINE.write_text(extracted)
    elif MACHINE.read_text() != extracted:
        print("tests/proved/machine.rs is not what Model.v says: run with --update", file=sys.stderr)
        return 1
    print(f"tests/proved/machine.rs is what Model.v says: {extracted.count('fn ')} functions")
    return 0


def machine(model):
    """The Rust of this text of Model.v."""
    try:
        return printer.rust(module(model), roots())
    except printer.Unknown as unknown:
        raise Wrong(f"the printer does not know {unknown}") from unknown


def module(model):
    """What Coq extracts from it."""
    return modules([model])[0]


def modules(models):
    """What Coq extracts from each. The results are kept, since each takes a second or two."""
    kept = {model: kept_as(model) for model in models}
    new = [model for model, path in kept.items() if not path.exists()]
    KEPT.mkdir(parents=True, exist_ok=True)
    processes = os.cpu_count() or 1
    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(coqtop, [new[start::processes] for start in range(processes)]))
    return [json.loads(kept[model].read_text()) for model in models]


def kept_as(model):
    text = model + (HERE / "Extract.v").read_text()
    return KEPT / f"{hashlib.sha256(text.encode()).hexdigest()}.json"


def coqtop(models):
    """Extracts one after the other. Most of the time goes into loading libraries, so that is done
    once, and each model is forgotten before the next."""
    if not models:
        return
    extract = (HERE / "Extract.v").read_text().replace("From Quixote Require Import Model.", "")
    text = ["From Coq Require Import Extraction."]
    text += [line for line in models[0].splitlines() if re.match("From .* Require", line)]
    for number, model in enumerate(models):
        text += ["Definition nothing_yet := tt.", model]
        text += [extract.replace("machine.json", f"{number}.json"), "Reset nothing_yet."]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "all.v").write_text("\n".join(text))
        line = ["coqtop", "-batch", "-q", "-w", "none", "-l", "all.v"]
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
        for number, model in enumerate(models):
            made = Path(folder) / f"{number}.json"
            if not made.exists():
                raise Wrong(f"{done.stdout}{done.stderr}")
            shutil.move(made, kept_as(model))


def roots():
    """The definitions that Extract.v names."""
    named = re.search(r'Extraction "machine.json" ([^.]*)\.', (HERE / "Extract.v").read_text())
    return named[1].split()
