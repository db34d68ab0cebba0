"""The results of a program that is made with Google Benchmark, from the file of --benchmark_out."""

from __future__ import annotations

import json
import pathlib
from typing import Any, Dict, List, Tuple

from report.results import Results, Row, Spread

_NANOSECONDS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}


def read_google_benchmark(file: pathlib.Path) -> Results:
    """Returns the table `benchmarks`: the repetitions of each benchmark are one row."""
    document = json.loads(file.read_text(encoding="utf-8"))
    times: Dict[str, List[float]] = {}
    # Google Benchmark may have mixed the repetitions.
    for run in sorted(document["benchmarks"], key=_place):
        if run["run_type"] == "iteration" and "error_occurred" not in run:
            times.setdefault(run["run_name"], []).append(run["real_time"] * _NANOSECONDS[run["time_unit"]])
    rows = [_row(name, each) for name, each in times.items()]
    rounds = max((len(each) for each in times.values()), default=0)
    return Results(settings={"rounds": float(rounds)}, tables={"benchmarks": rows})


def _place(run: Dict[str, Any]) -> Tuple[int, int]:
    return run["family_index"], run["per_family_instance_index"]


def _row(name: str, nanoseconds: List[float]) -> Row:
    """Returns a row with a unit that suits the median."""
    ordered = sorted(nanoseconds)
    median = ordered[len(ordered) // 2]
    unit = next((unit for unit in ("s", "ms", "us") if _NANOSECONDS[unit] <= median), "ns")
    size = _NANOSECONDS[unit]
    return {"benchmark": name, "time": Spread(median / size, ordered[0] / size, ordered[-1] / size), "unit": unit}
