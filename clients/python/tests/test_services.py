import asyncio
import os
import socket
import threading
import unittest
from typing import Any, Dict, List
from unittest import mock

from servicekit import (
    CallTimeoutError,
    Client,
    ConnectError,
    NoReplyError,
    Progress,
    ReplyError,
    ReplyTimeoutError,
    Turn,
    call,
    find,
)
from servicekit import _json, _talk
from servicekit.aio import AsyncClient

from .real_service import RealServiceTest, needs_programs


@needs_programs
class GreeterTest(RealServiceTest):
    def setUp(self) -> None:
        super().setUp()
        self.path = self.start("greeter")

    def test_it_greets(self) -> None:
        reply = call(self.path, "greet", {"name": "höher \U0001F600"}, timeout=30)
        self.assertEqual(reply, {"text": "hello, höher \U0001F600"})

    def test_its_errors_have_a_code_and_fields(self) -> None:
        with Client(self.path) as client:
            with self.assertRaisesRegex(ReplyError, "there is no event 'gret'") as caught:
                client.call("gret")
            self.assertEqual(caught.exception.code, "event-not-found")
            self.assertEqual(caught.exception.fields["did-you-mean"], "greet")
            with self.assertRaises(ReplyError) as caught:
                client.call("greet", {"name": 7})
            self.assertEqual((caught.exception.code, caught.exception.fields["argument"]), ("bad-argument", "name"))
            with self.assertRaises(ReplyError) as caught:
                client.call("greet", {"name": "x" * (2 << 20)})
            self.assertEqual(caught.exception.code, "request-too-large")
            self.assertEqual(client.call("status")["state"], "running")

    def test_it_knows_its_process(self) -> None:
        with Client(self.path) as client:
            self.assertEqual(client.peer.pid, client.call("status")["pid"])
            self.assertEqual(client.peer.uid, os.geteuid())

    def test_a_stop_may_be_waited_for_and_a_client_outlives_the_service(self) -> None:
        with Client(self.path) as client:
            self.assertEqual(client.call("stop", wait=True, timeout=60), {"result": "stopped"})
            with self.assertRaises(ConnectError):
                # The process replies before it ends.
                while True:
                    try:
                        client.call("status")
                    except NoReplyError:
                        pass
            self.run_program("greeter", "wait", "--run-directory", self.directory)
            self.start("greeter")
            self.assertEqual(client.call("status")["state"], "running")

    def test_many_calls_use_one_connection(self) -> None:
        with Client(self.path) as client:
            for number in range(200):
                client.call("greet", {"name": str(number)})
            self.assertEqual(client.call("status")["greetings"], 200)

    def test_asyncio_greets(self) -> None:
        async def greet_all() -> List[Dict[str, Any]]:
            async with AsyncClient(self.path) as client:
                return list(
                    await asyncio.gather(*(client.call("greet", {"name": str(n)}, timeout=30) for n in range(20)))
                )

        self.assertEqual(asyncio.run(greet_all()), [{"text": f"hello, {n}"} for n in range(20)])


@needs_programs
class FindTest(RealServiceTest):
    def test_a_service_is_found_in_its_default_place(self) -> None:
        name = f"python-client-{os.getpid()}"
        for variables in (
            {"RUNTIME_DIRECTORY": self.directory},
            {"XDG_RUNTIME_DIR": self.directory},
        ):
            if "XDG_RUNTIME_DIR" in variables and os.geteuid() == 0:
                continue  # root's default is /run
            self.environment.update(variables)
            with mock.patch.dict(os.environ, variables):
                with self.assertRaisesRegex(ConnectError, f"'{self.directory}/{name}.control'"):
                    find(name)
                self.run_program("greeter", "start", "--name", name, "--log-file", os.path.join(self.directory, "log"))
                try:
                    self.assertEqual(find(name), f"{self.directory}/{name}.control")
                    self.assertEqual(call(find(name), "greet", {"name": "you"}), {"text": "hello, you"})
                finally:
                    self.run_program("greeter", "stop", "--name", name)


@needs_programs
class ThumbnailerTest(RealServiceTest):
    IMAGES = 300

    def setUp(self) -> None:
        super().setUp()
        images = os.path.join(self.directory, "images")
        os.mkdir(images)
        for number in range(self.IMAGES):
            with open(os.path.join(images, f"{number}.ppm"), "wb") as image:
                image.write(b"P6\n4 2\n255\n" + bytes(24))
        small = os.path.join(self.directory, "small")
        config: Dict[str, object] = {"images": images, "thumbnails": small, "interval": 3600, "password": "hush"}
        self.path = self.start("thumbnailer", config)
        self.client = Client(self.path)
        self.addCleanup(self.client.close)
        # The timer may have begun a scan at the start.
        while self.client.call("rescan", timeout=60).get("images") != 0:
            pass

    def names(self) -> List[str]:
        return [f"{number}.ppm" for number in range(self.IMAGES)]

    def test_the_list_is_streamed(self) -> None:
        stream = self.client.stream("list", timeout=60)
        self.assertEqual(sorted(item["name"] for item in stream), sorted(self.names()))
        self.assertEqual(stream.reply, {})
        self.assertEqual(self.client.call("status")["state"], "running")

    def test_without_a_stream_the_list_is_in_the_reply(self) -> None:
        reply = self.client.call("list", timeout=60)
        self.assertEqual(sorted(item["name"] for item in reply["items"]), sorted(self.names()))

    def test_a_copy_reports_its_progress(self) -> None:
        seen: List[object] = []
        to = os.path.join(self.directory, "copies")
        reply = self.client.call("copy", {"to": to}, timeout=60, on_progress=seen.append, on_turn=seen.append)
        self.assertEqual(reply, {"copied": self.IMAGES})
        self.assertEqual(len(os.listdir(to)), self.IMAGES)
        self.assertTrue(any(isinstance(one, Turn) and one.has_come and one.id > 0 for one in seen), seen)
        self.assertTrue(any(isinstance(one, Progress) and one.done > 0 and one.message for one in seen), seen)

    def test_a_refusal_has_the_code_of_the_program(self) -> None:
        with self.assertRaisesRegex(ReplyError, "wrong password") as caught:
            self.client.call("purge", {"password": "guess"})
        self.assertEqual(caught.exception.code, "not-allowed")

    def test_asyncio_streams_the_list(self) -> None:
        async def names() -> List[str]:
            async with AsyncClient(self.path) as client:
                return [item["name"] async for item in client.stream("list", timeout=60)]

        self.assertEqual(sorted(asyncio.run(names())), sorted(self.names()))


@needs_programs
class TrialServiceTest(RealServiceTest):
    """A service that misbehaves on request."""

    def setUp(self) -> None:
        super().setUp()
        self.path = self.start("trial-service")
        self.client = Client(self.path)
        self.addCleanup(self.client.close)

    def test_values_come_back_as_they_were_sent(self) -> None:
        values = {
            "string": 'höher \U0001F600 \u2028 \x00 \x7f "\\',
            "integer": -(1 << 63),
            "number": 0.1,
            "boolean": False,
            "path": "/tmp/ä",
            "list": [None, True, (1 << 63) - 1, 1.0, 1e300, 5e-324, "x", [[]], {}],
            "object": {"b": {"a": [1]}, "": 2, "wide": (1 << 64) - 1, "wider": 10**300},
        }
        reply = self.client.call("echo", values)
        self.assertEqual({key: reply[key] for key in values}, values)
        for number, found in zip(values["list"], reply["list"]):  # type: ignore[call-overload]
            self.assertIs(type(found), type(number))
        self.assertIs(type(reply["object"]["wider"]), int)

    def test_an_integer_beyond_64_bits_is_refused_by_the_service(self) -> None:
        with self.assertRaises(ReplyError) as caught:
            self.client.call("echo", {"integer": 1 << 63})
        self.assertEqual(caught.exception.code, "bad-argument")
        with self.assertRaises(ReplyError) as caught:
            self.client.call("echo", {"integer": 3.0})
        self.assertEqual(caught.exception.code, "bad-argument")

    def test_both_sides_read_json_in_the_same_way(self) -> None:
        for text in (
            *("0", "-0", "1.0", "-0.0", "1e3", "1E+3", "0e0", "1e308", "1e309", "1e-307", "5e-324", "1e-400"),
            *("01", "+1", "1.", ".5", "1e", "-", "9223372036854775807", "9223372036854775808", "-9223372036854775809"),
            *("1" + "0" * 308, "1" + "0" * 309, "1.7976931348623157e308", "1.7976931348623159e308", "NaN", "Infinity"),
            *('"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\ud83dx"', '"\\\\ud83d"', '"\\u0000"'),
            *('"\\x"', '"\\u12"', '"\t"', '"\x7f"', '"\u2028"', "'a'", '{"a":1,"a":2}', '{"a":1,"\\u0061":2}'),
            '{"a":{"b":1,"b":1}}',
            *('{"a":1,}', "[1,]", "[,1]", "{1:2}", '{"a"}', "tru", "True", "null", "/**/1", "1 2", "\v1", "\u00a01"),
        ):
            with self.subTest(text=text[:40]), socket.socket(socket.AF_UNIX) as connection:
                connection.connect(self.path)
                connection.sendall(f'["echo",{{"list":[{text}]}}]'.encode("utf-8"))
                connection.shutdown(socket.SHUT_WR)
                with connection.makefile("rb") as lines:
                    reply = _json.decode(lines.readline().strip())
                try:
                    read: object = _json.decode(f"[{text}]".encode("utf-8"))
                except ValueError:
                    read = None
                self.assertEqual(repr(reply.get("list")), repr(read), reply)

    def test_what_a_reply_cannot_contain_is_an_error_with_its_place(self) -> None:
        with self.assertRaises(ReplyError) as caught:
            self.client.call("no-json")
        self.assertEqual((caught.exception.code, caught.exception.fields["field"]), ("event-error", "/load/1"))

    def test_an_exception_of_a_handler_is_an_error(self) -> None:
        with self.assertRaises(ReplyError) as caught:
            self.client.call("throw")
        self.assertEqual(caught.exception.code, "event-error")
        self.assertIn("type", caught.exception.fields)

    def test_a_large_reply_is_read(self) -> None:
        self.assertEqual(len(self.client.call("big-reply", {"bytes": 10_000_000}, timeout=60)["text"]), 10_000_000)

    def test_many_items_are_not_kept_in_memory_by_anyone(self) -> None:
        stream = self.client.stream("list-many", {"count": 20_000}, timeout=120)
        self.assertEqual([item["n"] for item in stream], list(range(20_000)))
        self.assertEqual(stream.reply, {"sent": 20_000})

    def test_an_event_ends_if_its_stream_is_left(self) -> None:
        with self.client.stream("list-many", {"count": 1_000_000_000}) as stream:
            self.assertEqual(next(stream)["n"], 0)
        self.assertEqual(self.client.call("stop", wait=True, timeout=60), {"result": "stopped"})

    def test_the_service_reports_a_timeout_first(self) -> None:
        with mock.patch.object(_talk, "_GRACE", 60.0), self.assertRaises(ReplyTimeoutError) as caught:
            self.client.call("sleep-beside", {"seconds": 60}, timeout=0.1)
        self.assertEqual(caught.exception.code, "timeout")
        self.assertEqual(self.client.call("status")["state"], "running")

    def test_an_event_may_be_cancelled_by_its_id(self) -> None:
        def cancel(turn: Turn) -> None:
            if turn.has_come:
                self.client.cancel(turn.id)

        with self.assertRaises(ReplyError) as caught:
            self.client.call("sleep-beside", {"seconds": 60}, timeout=60, on_turn=cancel)
        self.assertEqual(caught.exception.code, "cancelled")

    def test_an_event_whose_caller_is_gone_may_be_followed(self) -> None:
        class Gone(Exception):
            pass

        ids: List[int] = []

        def leave(turn: Turn) -> None:
            if turn.has_come:
                ids.append(turn.id)
                raise Gone

        with self.assertRaises(Gone):
            self.client.call("sleep-beside", {"seconds": 600}, on_turn=leave)
        turns: List[Turn] = []

        def see(turn: Turn) -> None:
            turns.append(turn)
            self.client.cancel(turn.id)

        with self.assertRaises(ReplyError) as caught:
            self.client.call("follow", {"id": ids[0]}, timeout=60, on_turn=see)
        self.assertEqual(caught.exception.fields["reply"], {"whole": False})
        self.assertEqual(turns, [Turn(True, ids[0])])

    def test_a_queued_event_reports_what_runs_before_it(self) -> None:
        has_begun = threading.Event()

        def sleep() -> None:
            with self.assertRaises(ReplyError):
                self.client.call("sleep", {"seconds": 60}, timeout=60, on_turn=begin)

        ids: List[int] = []

        def begin(turn: Turn) -> None:
            if turn.has_come:
                ids.append(turn.id)
                has_begun.set()

        sleeper = threading.Thread(target=sleep)
        sleeper.start()
        self.assertTrue(has_begun.wait(60))
        seen: List[Turn] = []

        def see(turn: Turn) -> None:
            seen.append(turn)
            if turn.running == "sleep":
                self.client.cancel(ids[0])

        self.client.call("count", timeout=60, on_turn=see)
        sleeper.join()
        self.assertIn("sleep", [turn.running for turn in seen])
        self.assertTrue(seen[-1].has_come)

    def test_a_service_that_dies_is_a_call_without_a_reply(self) -> None:
        with self.assertRaises(NoReplyError):
            self.client.call("abort", timeout=60)

    def test_asyncio_cancels_and_times_out(self) -> None:
        async def talk() -> None:
            async with AsyncClient(self.path) as client:
                with self.assertRaises(CallTimeoutError):
                    await client.call("sleep-beside", {"seconds": 60}, timeout=0.1)
                turns: "asyncio.Queue[Turn]" = asyncio.Queue()
                sleeping = asyncio.ensure_future(
                    client.call("sleep-beside", {"seconds": 60}, on_turn=turns.put_nowait)
                )
                turn = await turns.get()
                while not turn.has_come:
                    turn = await turns.get()
                await client.cancel(turn.id, timeout=60)
                with self.assertRaises(ReplyError) as caught:
                    await sleeping
                self.assertEqual(caught.exception.code, "cancelled")

        asyncio.run(talk())


if __name__ == "__main__":
    unittest.main()
