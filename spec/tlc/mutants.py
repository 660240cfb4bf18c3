"""Single changes of the model, each of which the comparison with the code must notice.

A change stands for a slip of the pen: a guard dropped, a branch swapped, a bound off by one. They
are made from the text of SessionManager.tla by the rules below, wherever one fits.
"""

import re

# The rules of the machine are between these two headings.
FROM, TO = "(* Sessions. ", "(* Around the machine"

NAMED = re.compile(r"^(\w+)(\(.*?\))? ==")
COMPARED = re.compile(r" (=|#|>=|>|<=|<) ")
ASSIGNED = re.compile(r"(!(\.\w+|\[\w+\])+|\w')$")
EXCEPT_PART = re.compile(r", (!(?:\.\w+|\[\w+(?:\.\w+)?\])+ = [^,\[\]]+(?=[,\]]))")
OTHER = {"=": "#", "#": "=", ">": ">=", ">=": ">", "<": "<=", "<=": "<"}
WORDS = {
    '"Delete"': '"Discard"', '"Discard"': '"Delete"', '"Create"': '"Update"',
    '"Update"': '"Create"', '"all"': '"values"', '"values"': '"nothing"', '"nothing"': '"all"',
    '"commit"': '"abort"', '"abort"': '"commit"',
    "Set(": "Stillborn(", "Stillborn(": "Set(", "Nothing(carried)": "Nothing(None)",
    "Nothing(kept)": "Nothing(None)", "Revoke,": "carried,",
}  # fmt: skip
CALLS = re.compile(r"\b(Unstore|Touched|Later|Release|Without|Apply|HoldInstead|Store)\((\w+|@),")


class Mutant:
    """One line of the model, changed."""

    def __init__(self, name, number, old, new):
        self.name, self.number = name, number
        self.old, self.new = old.strip(), new.strip()
        self.line = new

    def key(self):
        """Its name, which stays the same if other lines change."""
        return f"{self.name}: `{self.old}` becomes `{self.new}`"

    def applied(self, text):
        lines = text.splitlines(keepends=True)
        lines[self.number] = self.line + "\n"
        return "".join(lines)


def mutants(text):
    """All of them, in the order of the text."""
    found, name, inside, seen = [], "", False, set()
    for number, line in enumerate(text.splitlines()):
        if line.startswith((FROM, TO)):
            inside = line.startswith(FROM)
        if named := NAMED.match(line):
            name = named[1]
        if not inside or line.lstrip().startswith(("\\*", "(*", "--")):
            continue
        for new in changes(line):
            mutant = Mutant(name, number, line, new)
            if new != line and mutant.key() not in seen:
                seen.add(mutant.key())
                found.append(mutant)
    return found


def changes(line):
    """Every single change of a line that a rule makes."""
    yield from swapped_branches(line)
    yield from dropped_conjuncts(line)
    for match in re.finditer(r"~(?=\w)", line):
        yield line[: match.start()] + line[match.end() :]
    for match in COMPARED.finditer(line):
        if not ASSIGNED.search(line[: match.start()]):
            yield line[: match.start(1)] + OTHER[match[1]] + line[match.end(1) :]
    for match in EXCEPT_PART.finditer(line):
        yield line[: match.start()] + line[match.end(1) :]
    for old, new in WORDS.items():
        for match in re.finditer(rf"(?<=\W){re.escape(old)}", line):
            yield line[: match.start()] + new + line[match.end() :]
    for match in re.finditer(r" \+ (Resolution|Idle|Absolute)|TokenCap", line):
        yield line[: match.start()] + match[0] + " + 1" + line[match.end() :]
    for match in CALLS.finditer(line):
        end = closing(line, match.end(1) + 1)
        if end and "==" not in line[end : end + 3]:
            yield line[: match.start()] + match[2] + line[end:]


def swapped_branches(line):
    for match in re.finditer(r"\bIF (.+?) THEN", line):
        yield f"{line[: match.start()]}IF ~({match[1]}) THEN{line[match.end() :]}"


def dropped_conjuncts(line):
    """A guard that stands alone, and either side of `and` and `or`."""
    alone = re.match(r"(\s*/\\ )([^'=]*|.* # .*|.*requests\[r\] = None)$", line)
    if alone and balanced(alone[2]) and not re.search(r"LET|Shows|UNCHANGED|Remember", line):
        yield f"{alone[1]}TRUE"
    # Except those that begin a list of conditions, one per line.
    both = list(re.finditer(r"(?<=\S)(?<!IN)(?<!THEN)(?<!ELSE)(?<!==)(?<!:) (/\\|\\/) ", line))
    # TLA+ does not accept `and` and `or` in one line without brackets.
    for match in both if len(both) == 1 else []:
        other = "\\/" if match[1] == "/\\" else "/\\"
        yield line[: match.start(1)] + other + line[match.end(1) :]


def balanced(text):
    return all(text.count(one) == text.count(other) for one, other in ["()", "[]", "{}"])


def closing(line, start):
    """The place after the bracket that closes the one before `start`, if it is on this line."""
    depth = 1
    for place in range(start, len(line)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(line[place], 0)
        if depth == 0:
            return place + 1
    return None
