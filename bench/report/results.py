"""The results of a benchmark, as it writes them to the file $BENCH_JSON."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from typing import Any, Dict, List, Tuple, Union


@dataclasses.dataclass(frozen=True)
class Spread:
    """A figure of several rounds."""

    median: float
    least: float
    most: float


# None is a figure that does not exist, such as a ratio to 0.
Value = Union[str, float, Spread, None]
Row = Dict[str, Value]


@dataclasses.dataclass
class Results:
    settings: Row = dataclasses.field(default_factory=dict)
    tables: Dict[str, List[Row]] = dataclasses.field(default_factory=dict)
    skipped: List[Tuple[str, str]] = dataclasses.field(default_factory=list)  # what, and the reason


def read_results(file: pathlib.Path) -> Results:
    document = json.loads(file.read_text(encoding="utf-8"))
    return Results(
        settings=_row(document["settings"]),
        tables={name: [_row(row) for row in rows] for name, rows in document["tables"].items()},
        skipped=[(each["what"], each["reason"]) for each in document["skipped"]],
    )


def _row(fields: Dict[str, Any]) -> Row:
    return {key: _value(value) for key, value in fields.items()}


def _value(value: Any) -> Value:
    if isinstance(value, dict):
        return Spread(median=value["median"], least=value["least"], most=value["most"])
    return value if value is None or isinstance(value, str) else float(value)
