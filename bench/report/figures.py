"""Figures as text."""

from __future__ import annotations

from report.results import Spread, Value


def number_text(number: float, decimals: int) -> str:
    return f"{number:,.{decimals}f}"


def value_text(value: Value, decimals: int) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if isinstance(value, Spread):
        return f"{number_text(value.median, decimals)} {range_text(value, decimals)}".rstrip()
    return number_text(value, decimals)


def range_text(value: Value, decimals: int) -> str:
    """Returns the least and the most of the rounds; nothing if there was one round."""
    if not isinstance(value, Spread) or value.least == value.most:
        return ""
    return f"({number_text(value.least, decimals)}..{number_text(value.most, decimals)})"
