"""JSON as the protocol defines it: stricter than the module json in both directions."""

from __future__ import annotations

import json
import math
import re
from typing import Any, Dict, List, Mapping, Tuple

#: Levels of a value that is sent. A service refuses more than 64, unless its program sets another limit.
DEEPEST = 200

# A whole number with more digits is beyond the range of a double.
_MOST_DIGITS = 309

# Half of a surrogate pair, or a pair.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):
    """JSON cannot express a value. `pointer` is its place as a JSON pointer (RFC 6901), without the first slash."""

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(reason)
        self.pointer = pointer


def encode(value: object) -> bytes:
    """Formats a value on one line, in UTF-8.

    Lists, tuples, mappings with keys of type str, str, int, float, bool and None can be expressed.
    :raises NotJson: for anything else
    """
    try:
        plain = _plain(value, (), 1)
    except RecursionError:
        raise NotJson("", "they are nested too deeply for the stack of the caller") from None
    return json.dumps(plain, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def decode(line: bytes) -> Any:
    """Parses one value. A key that is given twice, NaN, half of a surrogate pair or a number that is out of range is an
    error.

    :raises ValueError: if it is not valid JSON in UTF-8, or is nested too deeply
    """
    text = line.decode("utf-8")
    try:
        value = _decoder.decode(text)
        if _SURROGATE.search(text):
            # The module json accepts half of a pair, which UTF-8 cannot express.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _plain(value: object, place: Tuple[str, ...], depth: int) -> object:
    # A value of a subclass, such as an enumerator, becomes one of its base.
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        if not _is_utf8(value):
            raise NotJson(_pointer(place), "it is not UTF-8")
        return str.__str__(value)
    if isinstance(value, int):
        try:
            float(value)
        except OverflowError:
            raise NotJson(_pointer(place), "it is out of the range of numbers") from None
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise NotJson(_pointer(place), "it is not a finite number")
        return float(value)
    if not isinstance(value, (list, tuple, Mapping)):
        raise NotJson(_pointer(place), f"it is of the type {type(value).__name__}")
    if depth > DEEPEST:
        raise NotJson(_pointer(place[:1]), f"it is nested deeper than {DEEPEST} levels, or contains itself")
    if not isinstance(value, Mapping):
        return [_plain(item, (*place, str(number)), depth + 1) for number, item in enumerate(value)]
    members: Dict[str, object] = {}
    for key, member in value.items():
        if not isinstance(key, str):
            raise NotJson(_pointer((*place, repr(key))), "its name is not a string")
        if not _is_utf8(key):
            raise NotJson(_pointer((*place, ascii(key)[1:-1])), "its name is not UTF-8")
        members[str.__str__(key)] = _plain(member, (*place, key), depth + 1)
    return members


def _pointer(place: Tuple[str, ...]) -> str:
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in place)


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _unique_members(members: List[Tuple[str, Any]]) -> Dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        seen = set()
        for key, _ in members:
            if key in seen:
                raise ValueError(f"the key {key!a} is given twice")
            seen.add(key)
    return found


def _whole_number(digits: str) -> int:
    if len(digits.lstrip("-")) > _MOST_DIGITS or math.isinf(float(digits)):
        raise ValueError("a number that is out of range")
    return int(digits)


def _real_number(text: str) -> float:
    number = float(text)
    mantissa = re.split("[eE]", text)[0]
    if math.isinf(number) or (number == 0 and mantissa.strip("-0.")):
        raise ValueError("a number that is out of range")
    return number


def _no_constant(name: str) -> Any:
    raise ValueError(f"invalid value: {name}")


_decoder = json.JSONDecoder(
    object_pairs_hook=_unique_members,
    parse_int=_whole_number,
    parse_float=_real_number,
    parse_constant=_no_constant,
)
