"""Check every theorem of session.md under every semantics, and that no action is dead.

Theorems that hold are checked in all worlds; those that are declared broken must be found broken in
one. The results must be those in verdicts.md; `--update` writes them there. One semantics is checked:
the number in the environment variable SHARE says which. Without a number (`SHARE=`) all three are.
"""

import gzip
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import graph
import tlc
import worlds

# A module of theorems, with its view of a state and its specification.
THEOREMS = ("Theorems.tla", "HistoryView", "TheoremsSpec")
DEAD_IDS = ("DeadIds.tla", "DeadView", "DeadSpec")
VERDICTS = tlc.SPEC / "verdicts.md"
LINE = re.compile(r"^\| `([a-z-]+)`: .* \| (\S+) \| (\S+) \| (\S+) \| [^|]*\|$", re.MULTILINE)

# If a graph has more transitions than this, checking the theorems takes long.
LONG = 10_000

# The types of the variables. This is not a theorem of session.md, and holds in every world.
TYPES = "TypeOK"

# `no-id-comes-back` once more, in a separate module and separate worlds.
DEAD = "NoDeadIdComesBack"

# A refusal is not a step here, and what is answered is in the model's own rules: `graph` compares
# both with the code.
COMPARED = {"refusal-changes-nothing", "refusals-have-a-reason", "answers-are-true"}

# The world that shows a weakness, under each semantics that has it.
SHOWN_BY = {
    "StoredHasInfo": "manager", "IdsAreIssued": "manager", "NoIdComesBack": "manager",
    "NoIdSurvivesLogin": "forms", "OneUserPerId": "login", "NoTokenSurvivesLogin": "forms",
    "StoreOpsReproduceStore": "login", "FailureLeavesNoTrace": "cookies",
    "NoUpdateIsLost": "values", "ReadingStoresNothing": "manager", "TokenAcceptedOnce": "forms",
    "CookieNamesStored": "cookies", "NoSessionIsOrphaned": "cookies",
    "RevocationMatches": "cookies", "NothingPastItsLimits": "time", "SweepLeavesNoneOver": "time",
    "LogoutReachesTheClient": "cookies", "StillLoggedIn": "cookies",
    "LoginBeginsASession": "time", "ValuesStayWithTheirUser": "users",
    "ValueIsTakenOnce": "users", "EndedUserStaysEnded": "manager", "VisitCounts": "time",
    DEAD: "login",
}  # fmt: skip

# A theorem that holds everywhere might say nothing. So each must be found broken if its rule is
# broken.
PLANTED = [
    ("IdsNameTheirSession", "strict", "login",
     "Store(Unstore(Memory, from), Last(taken), named)",
     "Store(Unstore(Memory, from), from, named)"),
    ("EveryObjectIsReachable", "live", "cookies",
     "IF holders = {} THEN [memory EXCEPT !.sessions[from] = None]",
     "IF holders = {} THEN memory"),
    ("NoUpdateIsLost", "strict", "three",
     "[] ~TokensAlone(ch) /\\ ~(login /\\ GuardsHold(ch, begun)) -> None",
     "[] ~TokensAlone(ch) /\\ ~(login /\\ GuardsHold(ch, begun)) -> Nothing(None)"),
    # A login whose session is gone is saved under the id that it had.
    (DEAD, "strict", "login",
     "IF ~IsStored(id) THEN Create(r, new, None, draws, handle)",
     "IF ~IsStored(id) THEN Saved(Store(Memory, id, new), <<\"Update\", id, new>>, None, <<>>)"),
    ("TokensAreBounded", "live", "forms", "Len(queue) = TokenCap", "Len(queue) = TokenCap + 1"),
    ("AccessedNotBeforeCreated", "live", "time", "now > s.accessed + Resolution", "TRUE"),
    ("UserIsEndedEverywhere", "live", "manager",
     "IsStored(i) /\\ sessions[i].user = u", "IsStored(i) /\\ sessions[i].user # u"),
    ("OthersAreLeftAlone", "live", "manager",
     "IsStored(i) /\\ sessions[i].user = u", "IsStored(i)"),
    ("ExpiryIsImmediate", "live", "cookies", "IF named # {} THEN named ELSE moved", "moved"),
    ("ExpiryIsImmediate", "strict", "login", "IF named # {} THEN named ELSE moved", "named"),
    (TYPES, "strict", "login", "response.change[2] ELSE None]", "response.change[2] ELSE Same]"),
]  # fmt: skip

# A semantics breaks these too, but not in the module or the worlds in which these faults show it.
SHOWN_ELSEWHERE = {DEAD, "NoUpdateIsLost"}

# If a cookie is revoked under another path, a client keeps for ever a cookie that it must not keep.
EVENTUALLY = {"live": False, "copying": False, "strict": True}
EVENTUALLY_WORLD = worlds.world(
    Mounts={"", "/app"}, Outcomes={"successful"}, Events={"ExpireSession"}
)

# Events that are always refused: strict refuses liberties, and the others refuse what strict adds.
ADDED = {
    "RenewSession", "GuardValue", "ExpireOtherSessions", "ExpireHandle", "DeleteHandle",
}  # fmt: skip
NEVER = {
    "live": ADDED,
    "copying": ADDED,
    "strict": {"RevokeSessionCookie", "MaintainSession", "InsertSession"},
}
NEXT = re.compile(r"^Next ==\n(.*?)\n\n", re.MULTILINE | re.DOTALL)
LAST_CALL = re.compile(r"(\w+)(?:\([^()]*(?:\([^()]*\))?[^()]*\))?$", re.MULTILINE)
EVENT = re.compile(rb'^{"step":\[\d+,\[\["(\w+)"', re.MULTILINE)


def theorems(semantics):
    """The theorems, by their TLA+ names, and whether this semantics keeps each."""
    column = 2 + worlds.SEMANTICS.index(semantics)
    rows = LINE.finditer((tlc.SPEC / "session.md").read_text())
    return {camel(row[1]): row[column] == "yes" for row in rows if row[1] not in COMPARED}


def camel(name):
    return "".join(part.capitalize() for part in name.split("-"))


def speaks_of_steps(theorem):
    texts = (tlc.SPEC / module for module, *_ in [THEOREMS, DEAD_IDS])
    step = re.compile(rf"^{theorem} ==\s*\[\]\[", re.MULTILINE)
    return any(step.search(text.read_text()) for text in texts)


def run(semantics, world, names, folder=tlc.SPEC, java=tlc.SHORT_RUN):
    """TLC's exit status when it checks these theorems, and what it printed."""
    is_dead = names == [DEAD]
    module, view, specification = DEAD_IDS if is_dead else THEOREMS
    lines = [f"{'PROPERTY' if speaks_of_steps(name) else 'INVARIANT'} {name}" for name in names]
    lines += ["SYMMETRY Alike"] if world in worlds.CROWDED else []
    constants = (worlds.DEAD if is_dead else worlds.of_theorems(semantics))[world]
    config = worlds.config(
        semantics, constants, f"VIEW {view}", *lines, specification=specification
    )
    return tlc.search(folder / module, config, java)


def kept(semantics, world):
    """Checks the theorems that hold, in one world."""
    names = [name for name, holds in theorems(semantics).items() if holds]
    long = world not in worlds.SMALL or graph.transitions(f"{world}-{semantics}") > LONG
    java = () if long else tlc.SHORT_RUN
    what = f"{len(names)} theorems hold"
    return holding(what, semantics, world, run(semantics, world, [TYPES, *names], java=java))


def kept_dead(semantics, world):
    return holding(f"{DEAD} holds", semantics, world, run(semantics, world, [DEAD]))


def holding(what, semantics, world, found):
    status, output = found
    if status == tlc.HOLDS:
        seen = tlc.size(output) + (", but for names" if world in worlds.CROWDED else "")
        return True, f"{semantics}: {what} in {world} ({seen})"
    name = re.search(r"(?:property|Invariant) (\w+)", output)
    what = name[1] if name else "a theorem"
    return False, f"{semantics}: {what} is broken in {world}\n{output}"


def broken(semantics, theorem):
    """Checks a theorem that is declared broken."""
    world = SHOWN_BY[theorem]
    status, output = run(semantics, world, [theorem])
    if status != (tlc.PROPERTY if speaks_of_steps(theorem) else tlc.INVARIANT):
        return False, f"{semantics}: {theorem} is declared broken, and holds in {world}"
    return True, f"{semantics}: {theorem} is broken in {world} after {tlc.length(output)} steps"


def planted(theorem, semantics, world, old, new):
    """Checks a theorem that holds everywhere, with its rule broken."""
    text = tlc.MODEL.read_text()
    assert text.count(old) == 1, old
    with tempfile.TemporaryDirectory() as folder:
        tlc.with_model(text.replace(old, new), Path(folder))
        status, output = run(semantics, world, [theorem], Path(folder))
    if status == tlc.HOLDS:
        return False, f"{semantics}: {theorem} holds in {world} though its rule is broken"
    found = f"is broken in {world} after {tlc.length(output)} steps, once its rule is"
    return True, f"{semantics}: {theorem} {found}"


def eventually(semantics):
    """Checks the theorem about what happens in the end."""
    config = worlds.config(
        semantics, EVENTUALLY_WORLD, "PROPERTY RevokedCookieGoes", specification="FairSpec"
    )
    status, _ = tlc.search(tlc.SPEC / "Eventually.tla", config)
    holds = status == tlc.HOLDS
    # TLC finds some run that breaks it, not a shortest one, and its length differs from time to
    # time.
    verdict = "holds" if holds else "is broken"
    return holds == EVENTUALLY[semantics], f"{semantics}: RevokedCookieGoes {verdict}"


def actions():
    """The actions of the model, which Next lists. Each has the name of its event."""
    return set(LAST_CALL.findall(NEXT.search(tlc.MODEL.read_text())[1]))


def dead(semantics):
    """Checks that no action is dead except those that this semantics refuses. The graphs of the small
    worlds show what happens there; `graph small` compares them with what TLC writes."""
    taken = set()
    for world in worlds.SMALL:
        path = graph.COMMITTED / f"{world}-{semantics}.gz"
        taken |= {name.decode() for name in EVENT.findall(gzip.decompress(path.read_bytes()))}
    never = actions() - taken
    listed = ", ".join(sorted(never)) or "none"
    text = f"{semantics}: {len(actions())} actions, never taken: {listed}"
    return taken <= actions() and never == NEVER[semantics], text


def arguments(parser):
    parser.add_argument("--update", action="store_true", help="write verdicts.md, whatever SHARE is")


def everywhere():
    """The theorems that no semantics breaks."""
    kept = [{name for name, holds in theorems(s).items() if holds} for s in worlds.SEMANTICS]
    return set.intersection(*kept)


def submit_all(pool, chosen):
    jobs = []
    for semantics in chosen:
        jobs += [pool.submit(planted, *fault) for fault in PLANTED if fault[1] == semantics]
        jobs += [pool.submit(kept, semantics, world) for world in worlds.of_theorems(semantics)]
        weak = [name for name, holds in theorems(semantics).items() if not holds]
        if "NoIdComesBack" in weak:
            weak.append(DEAD)
        else:
            jobs += [pool.submit(kept_dead, semantics, world) for world in worlds.DEAD]
        jobs += [pool.submit(broken, semantics, name) for name in weak]
        jobs.append(pool.submit(eventually, semantics))
        jobs.append(pool.submit(dead, semantics))
    return jobs


def main(arguments):
    failed, found = 0, []
    assert {TYPES, *everywhere()} | SHOWN_ELSEWHERE == {name for name, *_ in PLANTED}, everywhere()
    chosen = worlds.SEMANTICS if arguments.update else tlc.share(worlds.SEMANTICS, 3)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = submit_all(pool, chosen)
        for job in jobs:
            as_declared, text = job.result()
            failed += not as_declared
            found.append(text)
            print(f"{'ok    ' if as_declared else 'FAILED'} {text}", flush=True)
    print(f"{len(jobs) - failed} as declared, {failed} not")
    if arguments.update and not failed:
        VERDICTS.write_text(page(found))
    elif not failed and stated(chosen) != page(found):
        print(f"FAILED {VERDICTS.name} says otherwise: `check --update` takes this over")
        failed = 1
    return 1 if failed else 0


def stated(chosen):
    """The page as it is, without the lines about other semantics."""
    others = tuple(f"- {semantics}: " for semantics in worlds.SEMANTICS if semantics not in chosen)
    lines = VERDICTS.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(others))


def page(found):
    return f"""# What TLC finds

Written by `python3 spec/tlc check --update`; `python3 spec/tlc check` fails where TLC finds
anything else. The worlds are those of [tlc/worlds.py](tlc/worlds.py), the theorems those of
[Theorems.tla](Theorems.tla), [DeadIds.tla](DeadIds.tla) and, of what happens in the end,
[Eventually.tla](Eventually.tla). States are told apart together with what the theorems remember of
the past; "but for names" says that states which differ in the names of requests alone are one.

{chr(10).join(f"- {text}" for text in found)}
"""
