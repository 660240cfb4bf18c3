"""The proved machine in Rust, tests/proved/machine.rs, is what Coq extracts from Model.v.

Coq writes Model.v down as a program, in JSON, and printer.py prints that as Rust. The file is
committed, so that `cargo test` needs no Coq. Without arguments this says whether it is still the
same; `--update` writes it anew.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import printer

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
KEPT = ROOT / "target/extracted"
MACHINE = ROOT / "tests/proved/machine.rs"


class Wrong(Exception):
    """Coq refuses it, or it extracts to what the printer does not know."""


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
    """What Coq extracts of it; kept, since it takes seconds."""
    text = model + (HERE / "Extract.v").read_text()
    kept = KEPT / f"{hashlib.sha256(text.encode()).hexdigest()}.json"
    if kept.exists():
        return json.loads(kept.read_text())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "Model.v").write_text(model)
        shutil.copy(HERE / "Extract.v", folder)
        for file in ["Model.v", "Extract.v"]:
            coqc(file, folder)
        KEPT.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "machine.json", kept)
    return json.loads(kept.read_text())


def coqc(file, folder):
    line = ["coqc", "-q", "-w", "none", "-Q", ".", "Quixote", file]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"{file}: {done.stdout}{done.stderr}")


def roots():
    """What Extract.v names."""
    named = re.search(r'Extraction "machine.json" ([^.]*)\.', (HERE / "Extract.v").read_text())
    return named[1].split()
