"""The committed results: what is kept of a judge's document, and how two of them differ."""
import datetime
import json
from collections import Counter

from .table import HERE, Wrong

# The order is that of the page's legend.
VERDICTS = ("pass", "serialised", "note", "fail", "not_applicable", "not_expressible", "moot",
            "harness")
SHOWN = ("fail", "note", "harness")  # whose traces are kept


def read(name, path=None):
    """One of the lists beside the table: waivers or undisclosed findings."""
    return json.loads((path or HERE / f"{name}.json").read_text())


def key(adapter, configuration, result):
    return (adapter, configuration, result["clause"], result["variant"])


def same(entry, cell):
    return all(entry[field] in ("*", value) for field, value in zip(
        ("adapter", "configuration", "clause", "variant"), cell))


def kept(adapter, configuration, document, packages, undisclosed):
    """What is committed of a document: no trace of what passed, nor of what is not disclosed."""
    if document["format"] != 1:
        raise Wrong(f"expected results of format 1, not {document['format']}")
    results = []
    for result in document["results"]:
        if result["verdict"] not in VERDICTS:
            raise Wrong(f"unknown verdict {result['verdict']}; expected {', '.join(VERDICTS)}")
        one = {field: result[field] for field in ("clause", "variant", "level", "verdict")}
        hidden = [e for e in undisclosed if same(e, key(adapter, configuration, result))]
        if result["verdict"] == "fail" and hidden:
            one["undisclosed"] = hidden[0]["dossier"]
        else:
            one["why"] = result.get("why") or ""
            if result["verdict"] in SHOWN:
                one |= {part: result[part] for part in ("trace", "curl") if result.get(part)}
        results.append(one)
    return {
        "date": datetime.date.today().isoformat(), "tool": document["tool"],
        "server": document["server"], "packages": packages, "results": results}


def by_cell(results):
    return {(r["clause"], r["variant"]): r["verdict"] for r in results}


def differences(adapter, configuration, old, new):
    """Where the verdicts of two sets of results differ, as lines."""
    if old is None:
        return [f"{adapter} {configuration}: nothing is committed; run it with --update"]
    was, now = by_cell(old["results"]), by_cell(new["results"])
    return [
        f"{adapter} {configuration}: {clause} {variant}: committed {was.get(cell, 'nothing')}, "
        f"now {now.get(cell, 'nothing')}"
        for cell in sorted(was.keys() | now.keys())
        for clause, variant in [cell] if was.get(cell) != now.get(cell)]


def summary(results):
    count = Counter(r["verdict"] for r in results)
    return ", ".join(f"{count[v]} {v}" for v in VERDICTS if count[v])


def unused(entries, cells, today):
    """The waivers or undisclosed findings that no red cell needs any more, or that expired."""
    wrong = []
    for entry in entries:
        text = " ".join(entry[f] for f in ("adapter", "configuration", "clause", "variant"))
        if not any(same(entry, cell) for cell in cells):
            wrong.append(f"{text}: no cell that fails needs this entry")
        if "expires" in entry and entry["expires"] < today:
            wrong.append(f"{text}: expired on {entry['expires']}")
    return wrong


def failing(documents):
    """The cells that fail, of {adapter: committed results}."""
    return [
        (name, configuration, r["clause"], r["variant"])
        for name, document in documents.items()
        for configuration, one in document["configurations"].items()
        for r in one["results"] if r["verdict"] == "fail"]
