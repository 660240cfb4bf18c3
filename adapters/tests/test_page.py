"""The pages are what the results say, and Chromium shows them."""
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

from tool import install, table

SPEC = spec_from_loader("page", SourceFileLoader("page", str(table.HERE / "page")))
page = module_from_spec(SPEC)
SPEC.loader.exec_module(page)


def chromium(*arguments, address=""):
    """Runs Chromium on the page, in a profile of its own; returns what it prints."""
    if shutil.which("chromium") is None:
        install.apt(["chromium"])
    with tempfile.TemporaryDirectory() as profile:
        return subprocess.run(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             f"--user-data-dir={profile}", "--virtual-time-budget=2000", *arguments,
             f"file://{table.HERE / 'index.html'}{address}"],
            capture_output=True, check=True, timeout=240).stdout.decode()


def picture(path):
    """Width, height and the bytes of a PNG, still filtered."""
    data, offset, packed = path.read_bytes(), 8, b""
    while offset < len(data):
        length, kind = struct.unpack(">I4s", data[offset:offset + 8])
        body = data[offset + 8:offset + 8 + length]
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8])
        packed += body if kind == b"IDAT" else b""
        offset += length + 12
    return width, height, zlib.decompress(packed)


class Pages(unittest.TestCase):
    def test_the_pages_are_what_the_results_say(self):
        for path, text in page.pages().items():
            self.assertEqual(path.read_text(), text, f"{path}: stale, run adapters/page")

    def test_another_verdict_would_be_another_page(self):
        rows = page.rows()
        known = page.clauses(rows)
        before = page.markdown(rows, known), page.page(rows, known)
        for result in rows[0]["results"]:
            result["verdict"] = "harness"
        self.assertNotEqual(before[0], page.markdown(rows, known))
        self.assertNotEqual(before[1], page.page(rows, known))

    def test_the_page_needs_nothing_else(self):
        text = (table.HERE / "index.html").read_text()
        self.assertEqual(re.findall(r"<(?:link|img|script src|iframe)[^>]*>", text), [])

    def test_no_data_can_end_the_script(self):
        rows = page.rows()
        rows[0]["about"] = "</script><b>"
        self.assertNotIn("</script><b>", page.page(rows, page.clauses(rows)))


class Screens(unittest.TestCase):
    def test_chromium_draws_a_cell_for_each_clause_and_row(self):
        rows = page.rows()
        text = chromium("--dump-dom")
        self.assertEqual(len(re.findall(r'<button class="cell ', text)),
                         len(rows) * len(page.clauses(rows)))

    def test_a_failure_opens_with_its_diagram(self):
        text = chromium("--dump-dom", address="#quixote/default/U8")
        dialog = text[text.index("<dialog"):]
        self.assertIn("Quixote: U8", dialog)
        self.assertIn("<svg", dialog)
        self.assertRegex(dialog, r'class="id">#1<')  # the cookie's lane

    def test_light_dark_and_a_phone_have_their_looks(self):
        with tempfile.TemporaryDirectory() as folder:
            seen = {}
            for name, size, scheme in (("light", "1280,900", 1), ("dark", "1280,900", 0),
                                       ("phone", "500,900", 1)):
                file = Path(folder) / f"{name}.png"
                chromium(f"--screenshot={file}", f"--window-size={size}",
                         f"--blink-settings=preferredColorScheme={scheme}")
                seen[name] = picture(file)
            self.assertEqual(seen["light"][:2], (1280, 900))
            self.assertEqual(seen["phone"][:2], (500, 900))
            self.assertNotEqual(seen["light"][2], seen["dark"][2])
            for name, (_, _, raw) in seen.items():
                self.assertGreater(len(set(raw)), 40, f"{name} is blank")


if __name__ == "__main__":
    unittest.main()
