import json
import random
import unittest
from typing import List, Optional, Set, Union

from servicekit import ArgumentError, NoReplyError, Progress, ProtocolError, ReplyError, ReplyTimeoutError, Turn
from servicekit._exchange import Exchange, Item, Message, Reply, Wishes

from .fake_service import error_line


def all_messages(exchange: Exchange) -> List[Message]:
    messages: List[Message] = []
    while True:
        message = exchange.next_message()
        if message is None:
            return messages
        messages.append(message)


def asked(wishes: Optional[Wishes] = None, event: str = "backup") -> Exchange:
    exchange = Exchange("/run/x.control", event, {}, wishes)
    exchange.sent(len(exchange.unsent))
    return exchange


def fed(exchange: Exchange, data: Union[str, bytes, bytearray]) -> List[Message]:
    exchange.receive(data.encode() if isinstance(data, str) else bytes(data))
    return all_messages(exchange)


class RequestTest(unittest.TestCase):
    def assert_request(self, text: str, exchange: Exchange) -> None:
        self.assertEqual(bytes(exchange.unsent), text.encode() + b"\n")

    def test_arguments_and_options_are_sent_if_there_are_any(self) -> None:
        self.assert_request('["status"]', Exchange("/x", "status"))
        self.assert_request('["status"]', Exchange("/x", "status", {}, Wishes()))
        self.assert_request('["backup",{"directory":"/x"}]', Exchange("/x", "backup", {"directory": "/x"}))
        self.assert_request('["status",{},{"timeout":1.5}]', Exchange("/x", "status", None, Wishes(timeout_ms=1500)))
        self.assert_request('["status",{},{"timeout":2}]', Exchange("/x", "status", None, Wishes(timeout_ms=2000)))
        self.assert_request('["stop",{},{"wait":true}]', Exchange("/x", "stop", None, Wishes(wait=True)))
        self.assert_request(
            '["b",{"a":1},{"progress":true,"queue":true,"stream":true,"timeout":0.001,"wait":true}]',
            Exchange("/x", "b", {"a": 1}, Wishes(True, True, True, True, 1)),
        )

    def test_nothing_is_sent_that_json_cannot_express(self) -> None:
        for value in ("h\udcf6her", float("nan"), float("inf")):
            with self.assertRaisesRegex(ArgumentError, "cannot ask for 'backup': the argument 'directory' has no form"):
                Exchange("/x", "backup", {"directory": value})

    def test_the_name_and_the_arguments_are_checked(self) -> None:
        with self.assertRaisesRegex(ArgumentError, "the name has no form"):
            Exchange("/x", "h\udcf6her")
        with self.assertRaisesRegex(ArgumentError, "is a string"):
            Exchange("/x", 7)  # type: ignore[arg-type]
        with self.assertRaisesRegex(ArgumentError, "not a mapping"):
            Exchange("/x", "backup", ["directory"])  # type: ignore[arg-type]

    def test_a_request_is_sent_in_pieces(self) -> None:
        exchange = Exchange("/x", "status")
        sent = b""
        while exchange.unsent:
            sent += bytes(exchange.unsent[:1])
            exchange.sent(1)
        self.assertEqual(sent, b'["status"]\n')


class MessagesTest(unittest.TestCase):
    LINES = (
        '{"progress":{"state":"queued","id":7,"running":"upload"}}\n'
        ' {"progress":{"state":"running","id":7}}\r\n'
        '{"progress":{"done":1,"total":2,"message":"c.txt"}}\n'
        '{"progress":{"item":{"name":"höher"}}}\n'
        '{"sent":1}\n'
    ).encode("utf-8")
    MESSAGES = [
        Turn(False, 7, "upload"),
        Turn(True, 7, ""),
        Progress(1, 2, "c.txt"),
        Item({"name": "höher"}),
        Reply({"sent": 1}),
    ]

    def test_lines_become_messages_wherever_they_are_cut(self) -> None:
        for cut in range(len(self.LINES) + 1):
            exchange = asked(Wishes(True, True, True))
            messages = fed(exchange, self.LINES[:cut]) + fed(exchange, self.LINES[cut:])
            self.assertEqual(messages, self.MESSAGES, cut)
            self.assertTrue(exchange.is_reusable)
        exchange = asked(Wishes(True, True, True))
        one_by_one = [message for byte in self.LINES for message in fed(exchange, bytes([byte]))]
        self.assertEqual(one_by_one, self.MESSAGES)

    def test_messages_that_were_not_asked_for_are_skipped(self) -> None:
        self.assertEqual(fed(asked(), self.LINES), self.MESSAGES[-1:])
        self.assertEqual(fed(asked(Wishes(turns=True)), self.LINES), [*self.MESSAGES[:2], self.MESSAGES[-1]])
        self.assertEqual(fed(asked(Wishes(items=True)), self.LINES), self.MESSAGES[-2:])

    def test_spaces_before_a_line_are_skipped_and_do_not_pile_up(self) -> None:
        exchange = Exchange("/x", "backup", longest_line=1000)
        for _ in range(1000):
            self.assertEqual(fed(exchange, b" " * 100), [])
        self.assertEqual(fed(exchange, b' {"done":true}\n'), [Reply({"done": True})])

    def test_a_reply_may_contain_the_reserved_names(self) -> None:
        for line in ('{"error":"none","state":"running"}', '{"item":{"n":1}}', '{"error":"none"}', '{"progress":3}'):
            self.assertEqual(fed(asked(Wishes(True, True, True)), line + "\n"), [Reply(json.loads(line))])

    def test_progress_of_other_types_is_read_as_far_as_possible(self) -> None:
        def progress_of(text: str) -> Message:
            return fed(asked(Wishes(progress=True)), '{"progress":' + text + "}\n")[0]

        self.assertEqual(progress_of("{}"), Progress())
        self.assertEqual(progress_of('{"done":"x","total":true,"message":7}'), Progress())
        self.assertEqual(progress_of('{"done":-1,"total":2.5}'), Progress(0, 2))
        self.assertEqual(progress_of('{"done":18446744073709551615,"total":1e300}'), Progress((1 << 64) - 1, 0))

    def test_an_error_reply_is_raised(self) -> None:
        exchange = asked(event="x")
        exchange.receive(error_line("event-not-found", "there is no event 'x'", **{"did-you-mean": "y"}).encode())
        with self.assertRaisesRegex(ReplyError, "^there is no event 'x'$") as caught:
            exchange.next_message()
        self.assertEqual(caught.exception.code, "event-not-found")
        self.assertEqual(caught.exception.fields["did-you-mean"], "y")
        self.assertEqual(caught.exception.fields["event"], "x")
        self.assertTrue(exchange.is_reusable)

    def test_an_error_without_a_code_has_that_of_a_handler(self) -> None:
        exchange = asked()
        exchange.receive(b'{"error":{"code":7}}\n')
        with self.assertRaises(ReplyError) as caught:
            exchange.next_message()
        self.assertEqual((caught.exception.code, str(caught.exception)), ("event-error", ""))

    def test_a_timeout_of_the_service_is_an_exception_of_its_own(self) -> None:
        exchange = asked()
        exchange.receive(error_line("timeout", "too slow").encode())
        with self.assertRaisesRegex(ReplyTimeoutError, "too slow"):
            exchange.next_message()

    def test_what_is_not_a_reply_is_an_error(self) -> None:
        for line, shown in (
            (b"[1]", "[1]"),
            (b"hello", "hello"),
            (b'"text"', "text"),
            (b"\xff\x1b[2J", r"'\ufffd\x1b[2J'"),
            (b'{"a":1,"a":2}', "a"),
            (b'{"progress":{"done":1,"done":2}}', "done"),
            (b"HTTP/1.1 400 Bad Request", "HTTP"),
        ):
            exchange = asked(Wishes(progress=True))
            exchange.receive(line + b"\n{}\n")
            with self.assertRaisesRegex(ProtocolError, "received something else than a reply: '") as caught:
                exchange.next_message()
            self.assertIn(shown, str(caught.exception))
            self.assertFalse(exchange.is_reusable)

    def test_broken_lines_lead_to_errors_of_the_package_only(self) -> None:
        generator = random.Random(20261130)
        outcomes: Set[str] = set()
        for _ in range(5000):
            line = bytearray(generator.choice(self.LINES.splitlines(keepends=True)) * generator.randint(1, 2))
            for _ in range(generator.randint(0, 3)):
                at = generator.randrange(len(line))
                line[at : at + generator.randint(0, 3)] = bytes(
                    generator.choice(b'{}[]",:\\\n \x00\xff0e-') for _ in range(generator.randint(0, 3))
                )
            exchange = asked(Wishes(True, True, True))
            try:
                outcomes.update(type(message).__name__ for message in fed(exchange, line))
            except (ProtocolError, ReplyError) as error:
                outcomes.add(type(error).__name__)
        self.assertEqual(outcomes, {"Progress", "Turn", "Item", "Reply", "ProtocolError"})

    def test_an_endless_line_is_an_error_and_its_bytes_are_freed(self) -> None:
        exchange = Exchange("/x", "status", longest_line=1 << 20)
        with self.assertRaisesRegex(ProtocolError, "longer than 1048576 bytes"):
            for _ in range(100):
                self.assertEqual(fed(exchange, b"x" * 65536), [])
        self.assertEqual(len(exchange._unread), 0)

    def test_a_line_of_the_greatest_length_is_read(self) -> None:
        line = b'{"a":"' + b"x" * 92 + b'"}'
        self.assertEqual(len(fed(Exchange("/x", "status", longest_line=100), line + b"\n")), 1)
        with self.assertRaisesRegex(ProtocolError, "longer than 99 bytes"):
            fed(Exchange("/x", "status", longest_line=99), line + b"\n")

    def test_a_connection_with_more_than_the_reply_is_not_used_again(self) -> None:
        exchange = asked()
        self.assertEqual(fed(exchange, "{}\n{}\n"), [Reply({})])
        self.assertFalse(exchange.is_reusable)
        exchange = Exchange("/x", "status")
        self.assertEqual(fed(exchange, "{}\n"), [Reply({})])
        self.assertFalse(exchange.is_reusable, "its request was not sent")

    def test_the_end_of_the_connection_has_its_reason(self) -> None:
        self.assertRegex(str(asked().end()), "from '/run/x.control': the service closed the connection without a reply")
        exchange = asked()
        fed(exchange, '{"half')
        self.assertRegex(str(exchange.end()), "closed the connection within its reply")
        self.assertEqual(exchange.end("Connection reset by peer", 104).errno, 104)

    def test_an_error_that_explains_a_refused_request_comes_first(self) -> None:
        exchange = Exchange("/x", "status")
        exchange.sent(3)
        exchange.fail_to_send("Broken pipe", 32)
        self.assertFalse(exchange.unsent)
        self.assertIsInstance(exchange.end(), NoReplyError)
        self.assertEqual(exchange.end().errno, 32)
        exchange.receive(error_line("busy").encode())
        with self.assertRaises(ReplyError) as caught:
            exchange.next_message()
        self.assertEqual(caught.exception.code, "busy")
        self.assertFalse(exchange.is_reusable)


class OlderServiceTest(unittest.TestCase):
    REFUSES_QUEUE = error_line("bad-argument", argument="queue", expected="'progress' or 'timeout'")
    REFUSES_STREAM = error_line("bad-argument", argument="stream", expected="'progress', 'queue', 'timeout' or 'wait'")

    def test_it_is_asked_again_without_the_queue(self) -> None:
        exchange = asked(Wishes(turns=True, items=True))
        self.assertEqual(fed(exchange, self.REFUSES_QUEUE), [])
        self.assertEqual(bytes(exchange.unsent), b'["backup"]\n')
        exchange.sent(len(exchange.unsent))
        self.assertEqual(fed(exchange, '{"files":2}\n'), [Reply({"files": 2})])

    def test_it_is_asked_again_without_the_stream(self) -> None:
        exchange = asked(Wishes(turns=True, items=True))
        self.assertEqual(fed(exchange, self.REFUSES_STREAM), [])
        self.assertEqual(bytes(exchange.unsent), b'["backup",{},{"queue":true}]\n')

    def test_it_is_asked_again_only_once(self) -> None:
        exchange = asked(Wishes(turns=True))
        fed(exchange, self.REFUSES_QUEUE)
        with self.assertRaises(ReplyError):
            fed(exchange, self.REFUSES_QUEUE)

    def test_a_wrong_argument_named_like_the_option_is_an_error(self) -> None:
        exchange = asked(Wishes(turns=True))
        with self.assertRaises(ReplyError) as caught:
            fed(exchange, error_line("bad-argument", argument="queue", expected="an integer"))
        self.assertEqual(caught.exception.code, "bad-argument")
        self.assertFalse(exchange.unsent)


if __name__ == "__main__":
    unittest.main()
