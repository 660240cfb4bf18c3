"""Check the proofs, that they rest on no axiom, and that nothing is left out in silence.

Coq compiles every file again, and its independent checker checks the results. Every theorem of
session.md that strict keeps must be proved, or have a reason in left_out.md. Every rule of strict
must be cited in Model.v, Drivers.v or DriversLate.v, or have a reason there. And each proved claim
must have a fault: a change of one of these files, and a run that refutes the claim after that
change. This takes six minutes of CPU. The number in the environment variable SHARE picks a fifth of
the faults; without a number (`SHARE=`) all are checked.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from share import share

HERE = Path(__file__).resolve().parent
SPEC = HERE.parent / "session.md"
# The files to compile. Each needs only files in the lines before its own.
FILES = [
    ["Model"], ["Claims"], ["Clients"], ["proof/Base", "Abstract"], ["proof/Facts"],
    ["proof/Steps", "proof/Others", "proof/Writes", "Witness"],
    ["proof/Inv", "proof/Turns", "proof/Who"],
    ["proof/Runs", "proof/Ties"], ["proof/Places"], ["proof/Whole"],
    ["proof/Sessions", "proof/Trails"], ["proof/Histories"],
    ["proof/Browsers"],
    ["Drivers"], ["DriversLate", "proof/DriversLocal", "proof/DriversNumbers"],
    ["proof/DriversEnds", "DriversRuns"], ["DriversLateRuns", "DriversFormRuns"], ["DriversWitness"], ["DriversLateWitness"],
    ["proof/DriversTokens", "proof/DriversWhole"], ["proof/DriversCompare", "proof/DriversDoubt", "proof/DriversVisits"],
    ["proof/DriversTurn", "proof/DriversSure"], ["proof/DriversRefine"],
    ["proof/DriversActs", "proof/DriversOps"], ["proof/DriversLook", "proof/DriversClosed"],
    ["proof/DriversTold", "proof/DriversRace"], ["proof/DriversTurns"],
    ["proof/DriversAgain", "proof/DriversGone", "proof/DriversUnmet"], ["proof/DriversLimit"],
    ["proof/All"],
]  # fmt: skip
# The files with claims that are rows of session.md.
ROWS = ["Claims", "Clients"]
# The files with other claims.
BEYOND = ["Abstract", "Drivers", "DriversLate"]
# The files that faults may also need, after Witness.v. They have no claims.
RUNS = ["DriversRuns", "DriversLateRuns", "DriversFormRuns"]
# The files in which the rules of strict are cited.
CITING = ["Model", "Drivers", "DriversLate"]
SHARES = 5
FORBIDDEN = re.compile(
    r"\b(Admitted|admit|give_up|Axioms?|Parameters?|Variables?|Conjecture|Hypothes[ie]s|bypass_check"
    r"|Unset\s+(Guard|Positivity|Universe)\s+Checking)\b"
)
FAULT = re.compile(r"\(\* In (Model|Drivers\w*)\.v, instead of\n(.*?)\n---- this\n(.*?)\n----", re.DOTALL)
EXAMPLE = re.compile(r"^Example .*?Qed\.$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)
CLAIM = re.compile(r"^Definition (\w+) := ∀ cfg", re.MULTILINE)
THEOREM = re.compile(r"^\| `([a-z-]+)`: .* \| \S+ \| \S+ \| (\S+) \| [^|]*\|$", re.MULTILINE)
RULE = re.compile(r"^- \*\*\[([a-z_]+-\d+)\]\*\* (.*)", re.MULTILINE)
QUIXOTES = re.compile(r"Under (Quixote|live|copying)\b(?! and strict)")


def arguments(command):
    command.add_argument("--lists", action="store_true", help="compare the lists alone, without Coq")


def main(arguments):
    wrong = lists()
    if not arguments.lists:
        wrong += proofs() + faults()
    for line in wrong:
        print(f"spec/proofs: {line}", file=sys.stderr)
    return 1 if wrong else 0


def lists():
    """Compares theorems and rules with what is proved, cited and left out."""
    wrong = []
    for file in sorted(HERE.rglob("*.v")):
        code = COMMENT.sub("", file.read_text())
        wrong += [f"{file.name} says {found[0]}" for found in FORBIDDEN.finditer(code)]
    spec, left_out = SPEC.read_text(), (HERE / "left_out.md").read_text()
    theorems_left, rules_left = left_out.split("## Rules", 1)
    rows = {name for name, strict in THEOREM.findall(spec) if strict == "yes"}
    proved = set(proved_claims())
    claims = {claim for name in ROWS for claim in CLAIM.findall((HERE / f"{name}.v").read_text())}
    left = set(re.findall(r"^\| `([a-z-]+)` \| \w", theorems_left, re.M))
    stated = set(re.findall(r"^\| `([a-z-]+)` \| stated", theorems_left, re.M))
    wrong += [f"`{name}` is neither proved nor left out" for name in sorted(rows - proved - left)]
    wrong += [f"`{name}` is proved, and left out" for name in sorted(proved & left)]
    planted = {claim_of(file) for file in (HERE / "faults").glob("*.v")}
    owed = set(re.findall(r"`([a-z-]+)`", left_out.split("## Claims without a fault")[1]))
    for file in sorted((HERE / "faults").glob("*.v")):
        claim = claim_of(file).replace("-", "_")
        if f"\nTheorem refuted : ¬ {claim}.\nProof.\n" not in file.read_text():
            wrong.append(f"faults/{file.name} does not refute {claim}")
    odd = sorted(proved ^ (planted | owed)) + sorted(planted & owed)
    wrong += [f"`{name}` must be proved and have a fault, or be owed one" for name in odd]
    texts = [(HERE / f"{name}.v").read_text() for name in BEYOND]
    beyond = {claim.replace("_", "-") for text in texts for claim in CLAIM.findall(text)}
    wrong += [f"`{name}` is not proved" for name in sorted(beyond - proved)]
    odd = sorted((proved | left) - rows - beyond)
    wrong += [f"session.md has no theorem `{name}`" for name in odd]
    said = {name.replace("-", "_") for name in (proved | stated) - beyond}
    wrong += [f"{' and '.join(ROWS)} differ from the lists about {name}" for name in sorted(said ^ claims)]

    rules = {
        name for name, text in RULE.findall(spec)
        if not QUIXOTES.match(text) and not name.startswith(("trace-", "null-"))
    }  # fmt: skip
    cited = set().union(*(citations((HERE / f"{name}.v").read_text()) for name in CITING))
    names = re.findall(r"[a-z_]+-\d+", " ".join(re.findall(r"^\| ([a-z].*?) \| \w", rules_left, re.M)))
    excused = set(names)
    wrong += [f"neither Model.v nor Drivers.v cites {name}" for name in sorted(rules - cited - excused)]
    wrong += [f"{name} is cited, and left out" for name in sorted(cited & excused)]
    wrong += [f"strict has no rule {name}" for name in sorted((cited | excused) - rules)]
    print(f"{len(proved & rows)} of {len(rows)} theorems proved, {len(left)} left out with a reason")
    print(f"{len(proved & beyond)} claims beyond them proved")
    print(f"{len(cited)} of {len(rules)} rules cited, {len(excused)} left out with a reason")
    return wrong


def proved_claims():
    """The theorems that proof/All.v says are proved, by their names in session.md."""
    claims = re.findall(r"^Theorem (\w+)_holds : (\w+)\. ", (HERE / "proof/All.v").read_text(), re.M)
    assert claims and all(name == claim for name, claim in claims)
    return [name.replace("_", "-") for name, _ in claims]


def citations(model):
    """The rules that it names, including those in ranges."""
    cited = set(re.findall(r"\[([a-z_]+-\d+)\]", model))
    for kind, first, last in re.findall(r"\[([a-z_]+)-(\d+)\] to \[\1-(\d+)\]", model):
        cited |= {f"{kind}-{number}" for number in range(int(first), int(last) + 1)}
    return cited


def proofs():
    """Compiles everything, counts the proofs without axioms, and runs the second checker."""
    with tempfile.TemporaryDirectory() as folder:
        for file in HERE.rglob("*.v"):
            place = Path(folder) / file.relative_to(HERE)
            place.parent.mkdir(exist_ok=True)
            shutil.copy(file, place)
        said = ""
        with ThreadPoolExecutor(2) as pool:
            for line in FILES:
                for name, run in zip(line, pool.map(lambda name: coq(folder, name), line)):
                    if run.returncode:
                        return [f"Coq refuses {name}.v: {run.stderr.strip()}"]
                    said = run.stdout
        wrong = []
        closed, expected = said.count("Closed under the global context"), len(proved_claims())
        if closed != expected or "Axioms:" in said:
            wrong.append(f"{closed} of {expected} theorems rest on no axiom")
        run = subprocess.run(
            ["coqchk", "-silent", "-o", "-Q", ".", "Q", "-norec", "Q.proof.All", *norec()],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        # What the standard library seals in one module counts as an axiom here. No proof of ours
        # uses it.
        found = re.search(r"\* Axioms:(.*?)\n\s*\n", run.stdout + run.stderr, re.DOTALL)
        names = found[1].replace("<none>", "").split() if found else ["?"]
        if run.returncode or any(not name.startswith("Coq.ssr.ssrunder.") for name in names):
            wrong.append(f"coqchk does not agree: {(run.stdout + run.stderr).strip()[-2000:]}")
        print(f"{closed} theorems rest on no axiom, and coqchk agrees" if not wrong else "")
        return wrong


def faults():
    """Lets a run of a changed model refute each claim."""
    files = share(sorted((HERE / "faults").glob("*.v")), SHARES)
    with ThreadPoolExecutor(2) as pool:
        wrong = [said for said in pool.map(refuted, files) if said]
    print(f"{len(files) - len(wrong)} faults refute their claims where the model is changed for them")
    return wrong


def claim_of(file):
    """The claim that a fault refutes. A second fault, for another part of a claim, has a name after a dot."""
    return file.stem.split(".")[0]


def refuted(file):
    """What is wrong with this fault, or nothing."""
    text = file.read_text()
    place, old, new = FAULT.match(text).groups()
    sound = (HERE / f"{place}.v").read_text()
    if sound.count(old) != 1:
        return f"faults/{file.name} changes a text that {place}.v has {sound.count(old)} times"
    runs = [name for name in RUNS if re.search(rf"^From Q .*\b{name}\b", text, re.M)]
    needed = "".join((HERE / f"{name}.v").read_text() for name in runs) + text
    imported = [name for name in BEYOND if re.search(rf"^From Q .*\b{name}\b", needed, re.M)]
    claims = [*ROWS, *imported]
    with tempfile.TemporaryDirectory() as folder:
        for name in ["Model", *claims, *runs]:
            shutil.copy(HERE / f"{name}.v", folder)
        # The examples of Witness.v need not hold for a changed model.
        witness = EXAMPLE.sub("", (HERE / "Witness.v").read_text())
        changed = [(place, sound.replace(old, new)), ("Witness", witness), ("Fault", text)]
        for name, code in changed:
            (Path(folder) / f"{name}.v").write_text(code)
        for name in ["Model", *claims, "Witness", *runs, "Fault"]:
            run = coq(folder, name)
            if run.returncode:
                return f"faults/{file.name} refutes nothing: {name}.v: {run.stderr.strip()}"
    return None


def norec():
    """Each of our own files; the libraries are Debian's."""
    names = [name for line in FILES for name in line if name != "proof/All"]
    return [part for name in names for part in ("-norec", "Q." + name.replace("/", "."))]


def coq(folder, name):
    return subprocess.run(
        ["coqc", "-q", "-w", "none", "-Q", ".", "Q", f"{name}.v"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
