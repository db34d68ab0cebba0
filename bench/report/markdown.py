"""Markdown."""

from __future__ import annotations

import dataclasses
from typing import List, Sequence

from report.figures import value_text
from report.results import Row, Value


@dataclasses.dataclass(frozen=True)
class Column:
    """A column of a table. Its cells are what the rows have under the key."""

    key: str
    title: str
    decimals: int = 0


def table(columns: Sequence[Column], rows: Sequence[Row]) -> str:
    numbers = [any(not isinstance(row.get(column.key), str) for row in rows) for column in columns]
    lines = [
        _line([column.title for column in columns]),
        _line(["---:" if is_number else "---" for is_number in numbers]),
    ]
    lines += [_line([_cell(row.get(column.key), column.decimals) for column in columns]) for row in rows]
    return "\n".join(lines) + "\n"


def image(text: str, path: str) -> str:
    return f"![{text}]({path})\n"


def _line(cells: List[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cell(value: Value, decimals: int) -> str:
    return value_text(value, decimals).replace("|", "\\|").replace("\n", " ")
