"""Quixote beside the model of Quixote: where the judge's verdicts and the table of guarantees differ.

quixote/guarantees.json says for each property of spec/guarantees which variants show it from
outside, under live and under copying, or why none can; and which failures no property speaks of.
"""
import json
import re

from .table import HERE, ROOT, Wrong

SEMANTICS = {"default": "live", "recommended": "copying"}


def guarantees(text):
    """{property: {semantics: whether it holds}} of the table in spec/guarantees/README.md."""
    row = re.compile(r"^\| `([a-z-]+)`: .* \| (.+) \| (.+) \| holds \|$", re.M)
    return {name: {"live": live == "holds", "copying": copying == "holds"}
            for name, live, copying in row.findall(text)}


def disagreements(found, claims=None, table=None):
    """What is wrong with {configuration: results of Quixote}, as lines."""
    claims = claims or json.loads((HERE / "quixote" / "guarantees.json").read_text())
    table = table or guarantees((ROOT / "spec/guarantees/README.md").read_text())
    named = [claim["property"] for claim in claims["properties"]]
    if sorted(named) != sorted(table):
        odd = ", ".join(sorted(set(named) ^ set(table)))
        raise Wrong(f"quixote/guarantees.json must name each property once: {odd}")
    wrong = []
    for configuration, results in found.items():
        wrong += compare(configuration, results, claims, table)
    return wrong


def compare(configuration, results, claims, table):
    semantics = SEMANTICS[configuration]
    verdicts = {f"{r['clause']} {r['variant']}": r["verdict"] for r in results["results"]}
    wrong, explained = [], set()

    def complain(text):
        wrong.append(f"quixote {configuration} ({semantics}): {text}")

    for claim in claims["properties"]:
        name, seen = claim["property"], claim[semantics]
        holds = table[name][semantics]
        for variant in seen if isinstance(seen, list) else []:
            fails = verdicts.get(variant) == "fail"
            if not holds:
                explained.add(variant)
            if fails == holds:
                complain(f"{name} {'holds' if holds else 'is broken'} in the model, but "
                         f"{variant} is {verdicts.get(variant, 'not judged')}")
    for variant, entry in claims["outside"].items():
        explained.add(variant)
        if semantics in entry["fails"] and verdicts.get(variant) != "fail":
            complain(f"{variant} is {verdicts.get(variant, 'not judged')}, though guarantees.json "
                     "says that it fails outside the model")
        if semantics not in entry["fails"] and verdicts.get(variant) == "fail":
            complain(f"{variant} fails, though guarantees.json says that it does not")
    for variant, verdict in verdicts.items():
        if verdict == "fail" and variant not in explained:
            complain(f"{variant} fails, and no property that is broken in the model says so")
    return wrong
