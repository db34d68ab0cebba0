"""The page."""

from __future__ import annotations

import json
import pathlib
import textwrap
from typing import Dict, List, Optional

from report import bars
from report.figures import value_text
from report.google_benchmark import read_google_benchmark
from report.markdown import Column, image, table
from report.results import Results, Row, read_results
from report.sections import SECTIONS, Plot, Section

_BASELINES = ("bare C", "write(2)", "fwrite(3)")


def write_page(directory: pathlib.Path) -> None:
    """Writes report.md and its plots to the directory of the results. There, scripts/bench leaves these files:

    machine.json     facts for the head of the page
    NAME.json        the results of a benchmark
    NAME.failed      if it failed, the reason; then it has only the results until that
    NAME.skipped     if it was not run, the reason
    quick            if the run is quick
    """
    parts = [_head(directory)]
    left_out: List[str] = []
    for section in SECTIONS:
        results = _read(directory, section.benchmark)
        failure = _reason(directory, section.benchmark, "failed")
        skipped = _reason(directory, section.benchmark, "skipped")
        if failure:
            left_out.append(f"{section.title}: **the benchmark failed**: {failure}")
        if skipped:
            left_out.append(f"{section.title}: {skipped}")
        if results is not None:
            left_out += [f"{section.title}: {what}: {reason}" for what, reason in results.skipped]
            parts.append(_section(directory, section, results, failure))
    if left_out:
        parts.insert(1, "## Left out\n\n" + "".join(f"- {_escaped(line)}\n" for line in left_out))
    (directory / "report.md").write_text("\n".join(parts), encoding="utf-8")


def _head(directory: pathlib.Path) -> str:
    machine: Dict[str, str] = json.loads((directory / "machine.json").read_text(encoding="utf-8"))
    rows: List[Row] = [{"what": what, "text": text} for what, text in machine.items()]
    text = """`scripts/bench` made this page. A cell with a range has the median, and the least and the most of the
rounds. In the plots, servicekit is blue, bare C is grey and other software is yellow. A line shows the least and the
most."""
    parts = ["# Benchmarks of servicekit\n", _wrapped(text)]
    if (directory / "quick").exists():
        parts.append("**The run was quick. Its figures only show that the benchmarks work.**\n")
    parts.append(table([Column("what", "machine"), Column("text", "")], rows))
    return "\n".join(parts)


def _section(directory: pathlib.Path, section: Section, results: Results, failure: Optional[str]) -> str:
    settings = {key: value_text(value, 1).removesuffix(".0") for key, value in results.settings.items()}
    parts = [f"## {section.title}\n", _wrapped(section.text.format(**settings))]
    if failure:
        parts.append(f"**The benchmark failed. These are the results until then.** {_escaped(failure)}\n")
    for plot in section.plots:
        groups = _groups(plot, results)
        if groups:
            file = directory / f"{plot.file}.svg"
            file.write_text(bars.plot(plot.title, groups, plot.decimals), encoding="utf-8")
            parts.append(image(plot.title, file.name))
    for each in section.tables:
        rows = results.tables.get(each.key, [])
        if rows and each.title:
            parts.append(each.title + "\n")
        if rows:
            parts.append(table(each.columns, rows))
    return "\n".join(parts)


def _groups(plot: Plot, results: Results) -> List[bars.Group]:
    key, text = plot.only
    groups: Dict[str, List[bars.Bar]] = {}
    for row in results.tables.get(plot.table, []):
        if key and row[key] != text:
            continue
        title = plot.group_title.format(value_text(row[plot.group], 0)) if plot.group else ""
        label = str(row[plot.label])
        groups.setdefault(title, []).append(bars.Bar(label, row[plot.value], _kind(label, plot)))
    return [bars.Group(title, each) for title, each in groups.items()]


def _kind(label: str, plot: Plot) -> str:
    if label.startswith(_BASELINES):
        return "baseline"
    return "ours" if label.startswith("servicekit") or plot.label == "attack" else "peer"


def _read(directory: pathlib.Path, benchmark: str) -> Optional[Results]:
    file = directory / f"{benchmark}.json"
    if not file.exists():
        return None
    return read_google_benchmark(file) if benchmark == "micro" else read_results(file)


def _reason(directory: pathlib.Path, benchmark: str, suffix: str) -> Optional[str]:
    file = directory / f"{benchmark}.{suffix}"
    return file.read_text(encoding="utf-8").strip() if file.exists() else None


def _wrapped(text: str) -> str:
    """Returns paragraphs with lines of at most 100 characters, as the pages in docs/ have."""
    lines = textwrap.TextWrapper(100, break_long_words=False, break_on_hyphens=False)
    return "\n\n".join(lines.fill(" ".join(each.split())) for each in text.split("\n\n")) + "\n"


def _escaped(text: str) -> str:
    """Returns one line that Markdown shows as it is, except that it may be bold."""
    return " ".join(text.split()).replace("<", "&lt;")
