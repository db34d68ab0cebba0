"""Tests of the page that scripts/bench makes, with fixed results."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
import unittest
import xml.etree.ElementTree as xml
from typing import List

from report import bars
from report.page import write_page
from report.results import Spread

HERE = pathlib.Path(__file__).parent
SVG = "{http://www.w3.org/2000/svg}"


def texts_of_class(picture: str, name: str) -> List[str]:
    return [each.text or "" for each in xml.fromstring(picture).iter(f"{SVG}text") if each.get("class") == name]


def bars_of(picture: str) -> List[xml.Element]:
    return [each for each in xml.fromstring(picture).iter(f"{SVG}rect") if "bar" in (each.get("class") or "").split()]


class PageTest(unittest.TestCase):
    def setUp(self) -> None:
        parent = tempfile.TemporaryDirectory()
        self.addCleanup(parent.cleanup)
        self.directory = pathlib.Path(parent.name) / "results"
        shutil.copytree(HERE / "results", self.directory)

    def plot(self, name: str) -> str:
        return (self.directory / f"{name}.svg").read_text(encoding="utf-8")

    # To update it: cp -r tests/bench/results /tmp && PYTHONPATH=bench python3 -B -m report /tmp/results
    # and then: cp /tmp/results/report.md tests/bench/report.md
    def test_the_page_has_all_results(self) -> None:
        write_page(self.directory)

        self.maxDiff = None
        self.assertEqual(
            (self.directory / "report.md").read_text(encoding="utf-8"),
            (HERE / "report.md").read_text(encoding="utf-8"),
        )

    def test_each_plot_of_the_page_exists_and_is_xml(self) -> None:
        write_page(self.directory)

        page = (self.directory / "report.md").read_text(encoding="utf-8")
        plots = sorted(self.directory.glob("*.svg"))
        self.assertEqual(len(plots), page.count(".svg)"))
        for plot in plots:
            self.assertIn(f"({plot.name})", page)
            self.assertEqual(xml.parse(plot).getroot().tag, f"{SVG}svg")

    def test_a_plot_has_one_bar_for_each_row(self) -> None:
        write_page(self.directory)

        servers = ["bare C", "bare C, handed over", "servicekit status", "Poco SocketReactor"]
        self.assertEqual(texts_of_class(self.plot("control-persistent"), "label"), 2 * servers)
        self.assertEqual(texts_of_class(self.plot("control-persistent"), "group"), ["clients: 1", "clients: 256"])
        for name, rows in [
            ("control-persistent", 8),
            ("control-one-request-each", 10),
            ("start-ready", 3),
            ("start-gone", 3),
            ("start-memory", 3),
            ("log", 6),
            ("fairness", 2),
        ]:
            with self.subTest(plot=name):
                self.assertEqual(len(bars_of(self.plot(name))), rows)

    def test_a_quick_run_is_named(self) -> None:
        (self.directory / "quick").touch()

        write_page(self.directory)

        self.assertIn("**The run was quick.", (self.directory / "report.md").read_text(encoding="utf-8"))


class PlotTest(unittest.TestCase):
    def test_the_length_of_a_bar_is_its_median(self) -> None:
        spread = Spread(median=50, least=20, most=100)
        picture = bars.plot("title", [bars.Group("", [bars.Bar("a", spread, "ours"), bars.Bar("b", 25.0, "peer")])], 0)

        first, second = (float(bar.get("width") or 0) for bar in bars_of(picture))
        self.assertAlmostEqual(first, 2 * second, delta=0.2)

    def test_text_is_escaped(self) -> None:
        picture = bars.plot('a "title" <&', [bars.Group("<group>", [bars.Bar("<&\"'", 1.0, "peer")])], 0)

        self.assertEqual(texts_of_class(picture, "label"), ["<&\"'"])
        self.assertEqual(texts_of_class(picture, "group"), ["<group>"])
        self.assertEqual(xml.fromstring(picture).get("aria-label"), 'a "title" <&')

    def test_figures_may_be_0_or_missing(self) -> None:
        picture = bars.plot("title", [bars.Group("", [bars.Bar("a", 0.0, "ours"), bars.Bar("b", None, "peer")])], 1)

        self.assertEqual([bar.get("width") for bar in bars_of(picture)], ["0.0", "0.0"])

    def test_all_text_is_within_the_picture(self) -> None:
        spread = Spread(median=123456, least=100000, most=234567)
        picture = bars.plot("title", [bars.Group("", [bars.Bar("a long label " * 2, spread, "ours")])], 0)

        value = next(each for each in xml.fromstring(picture).iter(f"{SVG}text") if each.get("class") is None)
        text = "".join(value.itertext())
        self.assertEqual(text, "123,456 (100,000..234,567)")
        self.assertLess(float(value.get("x") or 0) + 7 * len(text), bars.WIDTH)


if __name__ == "__main__":
    unittest.main()
