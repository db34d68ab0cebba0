"""Plots of horizontal bars, as SVG that has no scripts and uses the fonts of the reader. Light or dark, as the reader
prefers."""

from __future__ import annotations

import dataclasses
import math
from typing import List, Sequence
from xml.sax.saxutils import escape, quoteattr

from report.figures import number_text, range_text
from report.results import Spread, Value

WIDTH = 860
_MARGIN = 16
_ROW = 22
_BAR = 14
_GROUP = 28
_TITLE = 34
_AXIS = 30
_LETTER = 7.0  # width of a letter of 12 px, rather too wide than too narrow

_STYLE = """
    svg { font-family: system-ui, sans-serif; font-size: 12px; }
    text { fill: #1f2328; }
    .title { font-size: 14px; font-weight: bold; }
    .group { font-weight: bold; }
    .range, .tick { fill: #59636e; }
    .page { fill: #ffffff; }
    .grid { stroke: #d1d9e0; }
    .whisker { stroke: #1f2328; stroke-width: 1.5; }
    .bar.baseline { fill: #9198a1; }
    .bar.ours { fill: #2f81f7; }
    .bar.peer { fill: #d29922; }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc; }
      .range, .tick { fill: #b1bac4; }
      .page { fill: #0d1117; }
      .grid { stroke: #30363d; }
      .whisker { stroke: #f0f6fc; }
      .bar.baseline { fill: #6e7681; }
    }
"""


@dataclasses.dataclass(frozen=True)
class Bar:
    label: str
    value: Value
    kind: str  # baseline, ours or peer


@dataclasses.dataclass(frozen=True)
class Group:
    title: str  # may be empty
    bars: Sequence[Bar]


def plot(title: str, groups: Sequence[Group], decimals: int) -> str:
    """Returns the SVG. Each bar has its label to the left and its value to the right. A line shows the least and the
    most of the rounds."""
    bars = [bar for group in groups for bar in group.bars]
    left = _MARGIN + _LETTER * max((len(bar.label) for bar in bars), default=0) + 8
    right = WIDTH - _MARGIN - _LETTER * max((len(_text(bar, decimals)) for bar in bars), default=0) - 8
    longest = max((_most(bar.value) for bar in bars), default=0) or 1
    scale = (right - left) / longest

    content: List[str] = []
    top = _MARGIN + _TITLE
    for group in groups:
        if group.title:
            content.append(_label(_MARGIN, top + _GROUP - 10, group.title, "group"))
            top += _GROUP
        for bar in group.bars:
            content += _draw(bar, left, top, scale, decimals)
            top += _ROW
    height = top + _AXIS
    grid = [line for tick in _ticks(longest) for line in _tick(tick, left + tick * scale, top)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img" aria-label={quoteattr(title)}>',
            f"  <title>{escape(title)}</title>",
            f"  <style>{_STYLE}  </style>",
            f'  <rect class="page" width="{WIDTH}" height="{height}"/>',
            _label(_MARGIN, _MARGIN + 16, title, "title"),
            *grid,
            *content,
            "</svg>\n",
        ]
    )


def _draw(bar: Bar, left: float, top: float, scale: float, decimals: int) -> List[str]:
    middle = top + _ROW / 2
    length = _median(bar.value) * scale
    lines = [
        _label(left - 8, middle + 4, bar.label, "label", anchor="end"),
        f'  <rect class="bar {bar.kind}" x="{left:.1f}" y="{middle - _BAR / 2:.1f}" '
        f'width="{length:.1f}" height="{_BAR}"/>',
    ]
    if isinstance(bar.value, Spread) and bar.value.least != bar.value.most:
        begin, end = left + bar.value.least * scale, left + bar.value.most * scale
        lines.append(
            f'  <path class="whisker" fill="none" d="M{begin:.1f} {middle - 3:.1f}v6m0 -3H{end:.1f}m0 -3v6"/>'
        )
    after = left + _most(bar.value) * scale + 8
    range_ = range_text(bar.value, decimals)
    suffix = f' <tspan class="range">{escape(range_)}</tspan>' if range_ else ""
    lines.append(f'  <text x="{after:.1f}" y="{middle + 4:.1f}">{_number(bar.value, decimals)}{suffix}</text>')
    return lines


def _label(x: float, y: float, text: str, kind: str, anchor: str = "start") -> str:
    return f'  <text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _tick(value: float, x: float, bottom: float) -> List[str]:
    digits = 0 if value == int(value) else max(0, 1 - math.floor(math.log10(value)))
    return [
        f'  <line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_MARGIN + _TITLE}" y2="{bottom}"/>',
        _label(x, bottom + 16, number_text(value, digits), "tick", anchor="middle"),
    ]


def _ticks(longest: float) -> List[float]:
    """Returns 0 and up to seven round numbers."""
    step: float = 10 ** math.floor(math.log10(longest))
    for factor in (0.2, 0.5, 1):
        if longest / (step * factor) < 8:
            step *= factor
            break
    return [step * number for number in range(int(longest / step + 1e-9) + 1)]


def _text(bar: Bar, decimals: int) -> str:
    return f"{_number(bar.value, decimals)} {range_text(bar.value, decimals)}".rstrip()


def _number(value: Value, decimals: int) -> str:
    return "-" if value is None else number_text(_median(value), decimals)


def _median(value: Value) -> float:
    if isinstance(value, Spread):
        return value.median
    return value if isinstance(value, float) else 0


def _most(value: Value) -> float:
    return value.most if isinstance(value, Spread) else _median(value)
