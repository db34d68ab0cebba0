import enum
import json
import unittest
from typing import Any, List, Tuple

from servicekit import _json


class Colour(enum.IntEnum):
    RED = 7


class Name(str):
    def __str__(self) -> str:
        return "another text"


class EncodeTest(unittest.TestCase):
    def assert_refused(self, value: object, pointer: str, reason: str) -> None:
        with self.assertRaises(_json.NotJson) as caught:
            _json.encode(value)
        self.assertEqual(caught.exception.pointer, pointer)
        self.assertIn(reason, str(caught.exception))

    def test_values_become_those_of_the_protocol(self) -> None:
        cases: List[Tuple[object, str]] = [
            (None, "null"),
            (True, "true"),
            (False, "false"),
            (0, "0"),
            (-(1 << 63), "-9223372036854775808"),
            ((1 << 63) - 1, "9223372036854775807"),
            ((1 << 64) - 1, "18446744073709551615"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (0.1, "0.1"),
            (5e-324, "5e-324"),
            ("höher\n\x00\"\\", '"höher\\n\\u0000\\"\\\\"'),
            ("\U0001F600\u2028", '"\U0001F600\u2028"'),
            ([1, (2, 3)], "[1,[2,3]]"),
            ({"a": {"b": []}}, '{"a":{"b":[]}}'),
            (Colour.RED, "7"),
            (Name("own text"), '"own text"'),
        ]
        for value, text in cases:
            with self.subTest(text=text):
                self.assertEqual(_json.encode(value), text.encode("utf-8"))

    def test_what_json_cannot_express_is_refused_with_its_place(self) -> None:
        self.assert_refused({"a": float("nan")}, "a", "not a finite number")
        self.assert_refused({"a": [1, float("inf")]}, "a/1", "not a finite number")
        self.assert_refused({"a": {"b/c~": "h\udcf6her"}}, "a/b~1c~0", "not UTF-8")
        self.assert_refused({"a": {"h\udcf6her": 1}}, "a/h\\udcf6her", "its name is not UTF-8")
        self.assert_refused({"a": {1: 2}}, "a/1", "its name is not a string")
        self.assert_refused({"a": b"x"}, "a", "of the type bytes")
        self.assert_refused({"a": {1, 2}}, "a", "of the type set")
        self.assert_refused({"a": 10**309}, "a", "out of the range")

    def test_a_value_that_contains_itself_is_refused(self) -> None:
        endless: List[Any] = []
        endless.append(endless)
        self.assert_refused({"a": endless}, "a", "contains itself")

    def test_deep_values_are_sent_and_deeper_ones_are_refused(self) -> None:
        def nested(levels: int) -> Any:
            value: Any = []
            for _ in range(levels - 1):
                value = [value]
            return value

        self.assertEqual(_json.encode(nested(_json.DEEPEST)), b"[" * _json.DEEPEST + b"]" * _json.DEEPEST)
        self.assert_refused(nested(_json.DEEPEST + 1), "0", "deeper than")

    def test_the_callers_value_is_not_changed(self) -> None:
        value = {"a": (1, {"b": 2})}
        _json.encode(value)
        self.assertEqual(value, {"a": (1, {"b": 2})})


class DecodeTest(unittest.TestCase):
    def test_numbers_keep_their_type_and_value(self) -> None:
        for text, value in [
            ("9223372036854775807", (1 << 63) - 1),
            ("-9223372036854775808", -(1 << 63)),
            ("18446744073709551615", (1 << 64) - 1),
            ("1" + "0" * 300, 10**300),
            ("3.0", 3.0),
            ("1e3", 1000.0),
            ("0e0", 0.0),
            ("5e-324", 5e-324),
            ("-0", 0),
        ]:
            with self.subTest(text=text):
                found = _json.decode(text.encode())
                self.assertEqual(found, value)
                self.assertIs(type(found), type(value))

    def test_members_keep_their_order(self) -> None:
        self.assertEqual(list(_json.decode(b'{"b":1,"a":2,"c":3}')), ["b", "a", "c"])

    def test_a_pair_of_surrogates_is_one_character(self) -> None:
        self.assertEqual(_json.decode(b'"\\ud83d\\ude00"'), "\U0001F600")
        self.assertEqual(_json.decode(b'"\\\\ud83d"'), "\\ud83d")

    def test_what_the_protocol_forbids_is_an_error(self) -> None:
        for line in [
            b"",
            b"{",
            b"hello",
            b"{} {}",
            b"{}\0",
            b'{"a":1,"a":2}',
            b'[{"x":{"a":1,"\\u0061":1}}]',
            b"NaN",
            b"Infinity",
            b"-Infinity",
            b"1e999",
            b"-1e999",
            b"1e-999",
            b"1" + b"0" * 309,
            b"1" * 100_000,
            b"01",
            b"+1",
            b".5",
            b"1.",
            b'"\xff"',
            b'"\xed\xa0\x80"',
            b'"\\ud800"',
            b'"\\udc00x"',
            b'{"\\ud800":1}',
            b'"a\nb"',
            b'"a\tb"',
            b"'a'",
            b"[1,]",
            b"// comment\n1",
            b"\xef\xbb\xbf{}",
            "{}".encode("utf-16"),
            b"[" * 200_000,
            b"[" * 200_000 + b"]" * 200_000,
            b'{"a":' * 200_000,
        ]:
            with self.subTest(line=line[:40]):
                with self.assertRaises(ValueError):
                    _json.decode(line)

    def test_a_deep_reply_is_read(self) -> None:
        text = b"[" * 512 + b"]" * 512
        self.assertEqual(json.dumps(_json.decode(text)).encode(), text)

    def test_what_is_sent_is_read_back(self) -> None:
        value: Any = {"a": [None, True, 1, 1.5, "x\u0000\u2028ü\U0001F600", {"": []}]}
        self.assertEqual(_json.decode(_json.encode(value)), value)


if __name__ == "__main__":
    unittest.main()
