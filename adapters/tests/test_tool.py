"""What adapters/run says of results: each check is seen to fail once."""
import json
import subprocess
import tempfile
import unittest
from pathlib import Path

from tool import install, model, table, verdicts

RESULT = {"clause": "U9", "variant": "read first", "level": "MUST", "verdict": "fail",
          "why": "alive again", "trace": ["A[-]: login:alice -> 200"], "curl": ["curl …"]}
DOCUMENT = {"format": 1, "tool": "judge", "server": {"version": "1"}, "results": [RESULT]}
ENTRY = {"adapter": "x", "configuration": "*", "clause": "U9", "variant": "read first",
         "dossier": "x.md"}


class Table(unittest.TestCase):
    def test_every_folder_is_in_the_table(self):
        beside = {"clock", "common", "dossiers", "reference", "results", "tests", "tool"}
        folders = {path.name for path in table.HERE.iterdir() if path.is_dir()}
        names = {adapter.name for adapter in table.load()}
        self.assertEqual(names, folders - beside - {"__pycache__"})

    def test_every_adapter_has_results_in_both_configurations(self):
        for adapter in table.load():
            found = json.loads(adapter.results.read_text())["configurations"]
            self.assertEqual(tuple(sorted(found)), table.CONFIGURATIONS, adapter.name)

    def test_twenty_implementations_in_seven_languages(self):
        adapters = table.load()
        self.assertGreaterEqual(len(adapters), 20)
        self.assertGreaterEqual(len({adapter.language for adapter in adapters}), 7)

    def test_an_unknown_name_is_refused(self):
        with self.assertRaisesRegex(table.Wrong, "expected all, ci, or one of: quixote"):
            table.choose(table.load(), ["nobody"])


class Verdicts(unittest.TestCase):
    def kept(self, document, undisclosed=()):
        return verdicts.kept("x", "default", document, {}, undisclosed)

    def test_what_failed_is_kept_with_its_trace(self):
        [one] = self.kept(DOCUMENT)["results"]
        self.assertEqual(one, RESULT)

    def test_what_is_not_disclosed_is_kept_without(self):
        [one] = self.kept(DOCUMENT, [ENTRY])["results"]
        self.assertEqual(one["undisclosed"], "x.md")
        self.assertFalse({"trace", "curl", "why"} & one.keys())

    def test_what_passed_is_kept_without_trace(self):
        passed = {**DOCUMENT, "results": [{**RESULT, "verdict": "pass"}]}
        [one] = self.kept(passed)["results"]
        self.assertNotIn("trace", one)

    def test_an_unknown_verdict_or_format_is_refused(self):
        for wrong in ({"results": [{**RESULT, "verdict": "good"}]}, {"format": 2}):
            with self.assertRaisesRegex(table.Wrong, "expected|unknown"):
                self.kept({**DOCUMENT, **wrong})

    def test_a_difference_is_named(self):
        old = self.kept(DOCUMENT)
        new = self.kept({**DOCUMENT, "results": [{**RESULT, "verdict": "pass"}]})
        self.assertEqual(verdicts.differences("x", "default", old, old), [])
        self.assertEqual(verdicts.differences("x", "default", old, new),
                         ["x default: U9 read first: committed fail, now pass"])
        self.assertTrue(verdicts.differences("x", "default", None, new))
        self.assertTrue(verdicts.differences("x", "default", old, {**new, "results": []}))

    def test_entries_that_nothing_needs_or_that_expired_are_named(self):
        cell = ("x", "default", "U9", "read first")
        waiver = {**ENTRY, "expires": "2030-01-01"}
        self.assertEqual(verdicts.unused([waiver], [cell], "2029-12-31"), [])
        self.assertTrue(verdicts.unused([waiver], [cell], "2030-01-02"))
        self.assertTrue(verdicts.unused([waiver], [], "2029-12-31"))

    def test_the_committed_lists_hold(self):
        documents = {a.name: json.loads(a.results.read_text()) for a in table.load()}
        cells = verdicts.failing(documents)
        for name in ("waivers", "undisclosed"):
            # Expiry is for adapters/run to find: a test must not fail by itself one day.
            self.assertEqual(verdicts.unused(verdicts.read(name), cells, "0000"), [], name)
        for waiver in verdicts.read("waivers"):
            self.assertTrue(waiver["reason"] and waiver["expires"])
        for entry in verdicts.read("undisclosed"):
            self.assertTrue((table.HERE / "dossiers" / entry["dossier"]).is_file(), entry)

    def test_nothing_undisclosed_is_committed_with_a_trace(self):
        undisclosed = verdicts.read("undisclosed")
        for adapter in table.load():
            found = json.loads(adapter.results.read_text())["configurations"]
            for configuration, one in found.items():
                for result in one["results"]:
                    cell = verdicts.key(adapter.name, configuration, result)
                    hidden = any(verdicts.same(entry, cell) for entry in undisclosed)
                    if hidden and result["verdict"] == "fail":
                        self.assertFalse({"trace", "curl", "why"} & result.keys(), cell)


class Model(unittest.TestCase):
    def setUp(self):
        text = (table.HERE / "results" / "quixote.json").read_text()
        self.found = json.loads(text)["configurations"]

    def test_quixote_is_what_its_model_says(self):
        self.assertEqual(model.disagreements(self.found), [])

    def test_every_verdict_that_turns_is_a_disagreement(self):
        claims = json.loads((table.HERE / "quixote" / "guarantees.json").read_text())
        named = {v for claim in claims["properties"] for v in claim["copying"]
                 if isinstance(claim["copying"], list)} | set(claims["outside"])
        turned = 0
        for result in self.found["recommended"]["results"]:
            before = result["verdict"]
            if f"{result['clause']} {result['variant']}" not in named:
                continue
            result["verdict"] = "pass" if before == "fail" else "fail"
            self.assertTrue(model.disagreements(self.found), result)
            result["verdict"] = before
            turned += 1
        self.assertGreater(turned, 30)

    def test_a_failure_that_nothing_explains_is_a_disagreement(self):
        self.found["default"]["results"].append({**RESULT, "clause": "U99"})
        [line] = model.disagreements(self.found)
        self.assertIn("no property that is broken in the model says so", line)

    def test_a_property_that_is_not_named_is_refused(self):
        with self.assertRaisesRegex(table.Wrong, "no-id-comes-back"):
            model.disagreements(self.found, {"properties": [], "outside": {}})


class Clock(unittest.TestCase):
    def setUp(self):
        install.commands()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "clock"

    def year(self, content):
        self.file.write_bytes(content)
        env = {"LD_PRELOAD": str(install.CLOCK), "KIT_CLOCK": str(self.file), "PATH": "/bin"}
        return int(subprocess.check_output(["date", "+%Y"], env=env))

    def test_the_clock_is_shifted_by_what_the_file_says(self):
        now = self.year(bytes(8))
        century = 100 * 366 * 86400
        self.assertIn(self.year(century.to_bytes(8, "little")), (now + 100, now + 101))

    def test_a_file_that_is_too_short_shifts_nothing(self):
        self.assertEqual(self.year(bytes(8)), self.year(b"\x7f" * 7))


if __name__ == "__main__":
    unittest.main()
