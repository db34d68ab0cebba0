import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import unittest
from typing import Any, Callable, Dict, List, Tuple
from unittest import mock

from servicekit import (
    ArgumentError,
    CallTimeoutError,
    Client,
    ConnectError,
    ConnectTimeoutError,
    GivenUpError,
    NoReplyError,
    Peer,
    Progress,
    ProtocolError,
    ReplyError,
    ReplyTimeoutError,
    Stream,
    Turn,
    UntrustedServerError,
    call,
)
from servicekit import _client, _talk

from .fake_service import FakeService, FakeServiceTest, Piece, error_line

PROGRESS = '{"progress":{"done":1,"total":2}}\n'


class ClientTest(FakeServiceTest):
    def connect(self) -> Client:
        client = Client(self.path)
        self.addCleanup(client.close)
        return client

    def test_returns_the_reply(self) -> None:
        self.service.answer('{"uptime":12}\n')
        self.assertEqual(self.connect().call("status"), {"uptime": 12})
        self.assertEqual(self.service.requests, ['["status"]'])

    def test_sends_arguments_and_options_over_one_connection(self) -> None:
        client = self.connect()
        client.call("backup", {"directory": "/x"})
        client.call("backup", {"directory": "/x"}, on_progress=print)
        client.call("stop", wait=True)
        client.call("list", on_item=print, on_turn=print)
        self.assertEqual(
            self.service.requests,
            [
                '["backup",{"directory":"/x"}]',
                '["backup",{"directory":"/x"},{"progress":true}]',
                '["stop",{},{"wait":true}]',
                '["list",{},{"queue":true,"stream":true}]',
            ],
        )
        self.assertEqual(self.service.connections, 1)

    def test_sends_the_time_that_is_left(self) -> None:
        self.connect().call("status", timeout=1000)
        self.assertRegex(self.service.requests[0], r'^\["status",{},{"timeout":(1000|999\.\d+)}\]$')

    def test_reports_turns_and_progress_before_the_reply(self) -> None:
        self.service.answer(
            '{"progress":{"state":"queued","id":7,"running":"upload"}}\n',
            Piece('{"progress":{"state":"running","id":7}}\n' + PROGRESS, after=0.01),
            "{}\n",
        )
        seen: List[object] = []
        self.connect().call("backup", on_turn=seen.append, on_progress=seen.append)
        self.assertEqual(seen, [Turn(False, 7, "upload"), Turn(True, 7), Progress(1, 2)])

    def test_reports_items_before_the_reply(self) -> None:
        self.service.answer('{"progress":{"item":{"n":1}}}\n{"progress":{"item":{"n":2}}}\n', '{"sent":2}\n')
        seen: List[Dict[str, Any]] = []
        self.assertEqual(self.connect().call("list", on_item=seen.append), {"sent": 2})
        self.assertEqual(seen, [{"n": 1}, {"n": 2}])

    def test_sends_nothing_that_json_cannot_express(self) -> None:
        client = self.connect()
        for value in ("h\udcf6her", float("nan"), float("inf")):
            with self.assertRaises(ArgumentError):
                client.call("backup", {"directory": value})
            with self.assertRaises(ArgumentError):
                client.stream("backup", {"directory": value})
        self.assertEqual(client.call("status"), {})
        self.assertEqual(self.service.requests, ['["status"]'])

    def test_raises_an_error_reply_and_goes_on(self) -> None:
        self.service.answer(error_line("event-not-found", "there is no event 'x'"))
        client = self.connect()
        with self.assertRaisesRegex(ReplyError, "there is no event 'x'") as caught:
            client.call("x")
        self.assertEqual(caught.exception.code, "event-not-found")
        self.service.answer("{}\n")
        client.call("y")
        self.assertEqual(self.service.connections, 1)

    def test_calls_an_older_service_without_the_option(self) -> None:
        refusal = error_line("bad-argument", argument="queue", expected="'progress' or 'timeout'")
        self.service.script = lambda request: [Piece(refusal if "queue" in request else '{"files":2}\n')]
        self.assertEqual(self.connect().call("backup", on_turn=print), {"files": 2})
        self.assertEqual(self.service.connections, 1)

    def test_a_reply_may_be_cut_anywhere(self) -> None:
        line = '{"text":"hÖher \U0001F600"}\n'.encode("utf-8")
        self.service.answer(*(Piece(line[i : i + 1], after=0.001) for i in range(len(line))))
        self.assertEqual(self.connect().call("status"), {"text": "hÖher \U0001F600"})

    def test_skips_the_spaces_of_a_slow_event(self) -> None:
        self.service.answer(" ", Piece(" ", 0.01), Piece('{"done"', 0.01), Piece(":true}", 0.01), Piece("\n", 0.01))
        self.assertEqual(self.connect().call("backup"), {"done": True})

    def test_waits_a_little_longer_than_the_service_itself(self) -> None:
        self.service.answer(Piece(error_line("timeout", "too slow"), after=0.1))
        with mock.patch.object(_talk, "_GRACE", 60.0), self.assertRaises(ReplyTimeoutError):
            self.connect().call("backup", timeout=0.01)

    def test_gives_up_on_a_service_that_does_not_answer_in_time(self) -> None:
        self.service.answer(Piece("{}\n", after=60))
        begin = time.monotonic()
        with self.assertRaises(CallTimeoutError) as caught:
            self.connect().call("backup", timeout=0.1)
        self.assertNotIsInstance(caught.exception, ReplyTimeoutError)
        self.assertEqual(str(caught.exception), f"cannot get a reply to 'backup' from '{self.path}': the time is up")
        self.assertTrue(0.6 <= time.monotonic() - begin < 30)

    def test_gives_up_on_a_service_that_sends_without_end(self) -> None:
        for text in (PROGRESS * 4000, " " * 100_000):
            with self.subTest(text=text[:5]):
                self.service.answer(*[Piece(text)] * 100_000)
                with self.assertRaises(CallTimeoutError):
                    self.connect().call("backup", timeout=0.1, on_progress=lambda progress: None)

    def test_never_takes_a_late_reply_for_another(self) -> None:
        self.service.answer(Piece('{"late":true}\n', after=0.7))
        client = self.connect()
        with self.assertRaises(CallTimeoutError):
            client.call("slow", timeout=0.01)
        self.service.answer(Piece('{"late":false}\n', after=0.4))
        self.assertEqual(client.call("quick"), {"late": False})
        self.assertEqual(self.service.connections, 2)

    def test_a_caller_may_give_up_and_call_again(self) -> None:
        self.service.answer(Piece("{}\n", after=60))
        client = self.connect()
        asked: List[int] = []

        def is_given_up() -> bool:
            asked.append(1)
            return len(asked) == 3

        with self.assertRaisesRegex(GivenUpError, "the caller has given up"):
            client.call("backup", is_given_up=is_given_up)
        self.assertEqual(len(asked), 3)
        self.service.answer('{"state":"running"}\n')
        self.assertEqual(client.call("status", is_given_up=lambda: False), {"state": "running"})
        self.assertEqual(self.service.connections, 2)

    def test_a_service_that_sends_without_end_can_be_given_up(self) -> None:
        self.service.answer(*[Piece(PROGRESS * 4000)] * 10_000)
        seen: List[Progress] = []
        with self.assertRaises(GivenUpError):
            self.connect().call("backup", is_given_up=lambda: len(seen) > 0, on_progress=seen.append)

    def test_connects_again_after_a_function_raised(self) -> None:
        self.service.answer(PROGRESS + '{"progress":{"item":{}}}\n{"progress":{"state":"running"}}\n{}\n')

        def fail(what: object) -> None:
            raise RuntimeError("no screen")

        client = self.connect()
        calls: List[Callable[[], object]] = [
            lambda: client.call("backup", on_progress=fail),
            lambda: client.call("backup", on_turn=fail),
            lambda: client.call("backup", on_item=fail),
        ]
        for number, one in enumerate(calls):
            with self.assertRaisesRegex(RuntimeError, "no screen"):
                one()
            self.assertEqual(client.call("backup"), {})
            self.assertEqual(self.service.connections, number + 2)

    def test_connects_again_if_the_service_has_hung_up(self) -> None:
        client = self.connect()
        client.call("status")
        self.service.hang_up()
        client.call("status")
        self.assertEqual(self.service.connections, 2)

    def test_connects_again_before_the_idle_timeout_of_the_service(self) -> None:
        client = self.connect()
        client.call("status")
        with mock.patch.object(_talk, "_LONGEST_IDLE", -1.0):
            client.call("status")
        self.assertEqual(self.service.connections, 2)

    def test_connects_again_in_a_child_process(self) -> None:
        client = self.connect()
        client.call("status")
        with mock.patch.object(os, "getpid", return_value=1):
            client.call("status")
        self.assertEqual(self.service.connections, 2)

    def test_reports_a_hang_up_without_a_reply(self) -> None:
        self.service.answer(Piece(then_close=True))
        with self.assertRaisesRegex(NoReplyError, "closed the connection without a reply"):
            self.connect().call("kill")
        self.service.answer(Piece('{"half', then_close=True))
        with self.assertRaisesRegex(NoReplyError, "closed the connection within its reply"):
            self.connect().call("kill")

    def test_rejects_what_is_not_a_reply(self) -> None:
        client = self.connect()
        for number, line in enumerate((b"[1]\n", b"hello\n", b"HTTP/1.1 200 OK\r\n\r\n", b"\xff\xfe\n")):
            self.service.answer(Piece(line))
            with self.assertRaises(ProtocolError):
                client.call("status")
            self.assertEqual(self.service.connections, number + 1)

    def test_a_second_reply_belongs_to_no_call(self) -> None:
        client = self.connect()
        self.service.answer('{"n":1}\n{"n":2}\n')
        self.assertEqual(client.call("status"), {"n": 1})
        self.service.answer('{"n":3}\n')
        self.assertEqual(client.call("status"), {"n": 3})

    def test_rejects_an_endless_line(self) -> None:
        with mock.patch("servicekit._exchange.LONGEST_LINE", 1 << 20):
            self.service.answer(*[Piece(b"x" * 65536)] * 1000)
            with self.assertRaisesRegex(ProtocolError, "longer than 1048576 bytes"):
                self.connect().call("status")

    def test_sends_a_large_request_in_pieces(self) -> None:
        text = "x" * 3_000_000
        self.assertEqual(self.connect().call("put", {"text": text}), {})
        self.assertEqual(self.service.requests, [f'["put",{{"text":"{text}"}}]'])

    def test_knows_the_process_that_listens(self) -> None:
        self.assertEqual(self.connect().peer, Peer(os.getpid(), os.geteuid(), os.getegid()))

    def test_reports_that_it_cannot_connect(self) -> None:
        nobody = os.path.join(self.directory, "nobody.control")
        connects: List[Callable[[], object]] = [lambda: Client(nobody), lambda: call(nobody, "status")]
        for connect in connects:
            with self.assertRaises(ConnectError) as caught:
                connect()
            self.assertEqual(str(caught.exception), f"cannot connect to '{nobody}': No such file or directory")
            self.assertEqual(caught.exception.errno, 2)

    def test_one_call_needs_no_client(self) -> None:
        self.service.answer(PROGRESS + '{"n":1}\n')
        seen: List[Progress] = []
        self.assertEqual(call(self.path, "get", {"a": 1}, timeout=30, on_progress=seen.append), {"n": 1})
        self.assertEqual(seen, [Progress(1, 2)])

    def test_a_path_may_be_an_object(self) -> None:
        class Path:
            def __fspath__(path) -> str:
                return self.path

        self.assertEqual(call(Path(), "status"), {})

    def test_a_closed_client_makes_no_calls(self) -> None:
        with Client(self.path) as client:
            client.call("status")
        with self.assertRaisesRegex(ConnectError, "the client is closed"):
            client.call("status")

    def test_a_client_that_is_closed_by_another_thread_finishes_its_calls(self) -> None:
        may_reply = threading.Event()
        self.addCleanup(may_reply.set)

        def script(request: str) -> List[Piece]:
            may_reply.wait(60)
            return [Piece('{"n":1}\n')]

        self.service.script = script
        client = self.connect()
        replies: List[object] = []
        caller = threading.Thread(target=lambda: replies.append(client.call("slow", timeout=60)), daemon=True)
        caller.start()
        while not self.service.requests:
            time.sleep(0.001)
        client.close()
        # A call of another client must not get its descriptor.
        other = threading.Thread(target=lambda: replies.append(call(self.path, "slow", timeout=60)), daemon=True)
        other.start()
        while len(self.service.requests) < 2:
            time.sleep(0.001)
        may_reply.set()
        caller.join(30)
        other.join(30)
        self.assertEqual(replies, [{"n": 1}, {"n": 1}])

    def test_threads_share_a_client(self) -> None:
        self.service.script = lambda request: [Piece(f'{{"asked":{request}}}\n', after=0.001)]
        client = self.connect()
        wrong: List[object] = []

        def ask(thread: int) -> None:
            for number in range(20):
                reply = client.call("get", {"n": [thread, number]})
                if reply != {"asked": ["get", {"n": [thread, number]}]}:
                    wrong.append(reply)

        threads = [threading.Thread(target=ask, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(wrong, [])
        self.assertEqual(len(self.service.requests), 80)

    def test_a_function_may_cancel_the_call(self) -> None:
        is_cancelled = threading.Event()

        def script(request: str) -> List[Piece]:
            if request == '["cancel",{"id":7}]':
                is_cancelled.set()
                return [Piece('{"id":7}\n')]
            return [Piece('{"progress":{"state":"running","id":7}}\n'), Piece(error_line("cancelled"), after=0.01)]

        self.service.script = script
        client = self.connect()
        with self.assertRaises(ReplyError) as caught:
            client.call("backup", on_turn=lambda turn: client.cancel(turn.id))
        self.assertEqual(caught.exception.code, "cancelled")
        self.assertTrue(is_cancelled.is_set())

    def test_ctrl_c_ends_a_call_and_its_connection(self) -> None:
        self.service.script = lambda request: [Piece("{}\n", after=60 if "slow" in request else 0)]
        client = self.connect()
        main = threading.main_thread().ident
        assert main is not None
        main_thread: int = main

        def interrupt() -> None:
            while not self.service.requests:
                time.sleep(0.001)
            signal.pthread_kill(main_thread, signal.SIGINT)

        interrupter = threading.Thread(target=interrupt)
        old = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            with self.assertRaises(KeyboardInterrupt):
                interrupter.start()
                client.call("slow")
        finally:
            interrupter.join()
            signal.signal(signal.SIGINT, old)
        self.assertEqual(client.call("status"), {})
        self.assertEqual(self.service.connections, 2)

    def test_a_signal_does_not_end_a_call(self) -> None:
        seen: List[int] = []

        def script(request: str) -> List[Piece]:
            while len(seen) < 3:
                time.sleep(0.001)
            return [Piece('{"n":1}\n')]

        self.service.script = script
        old = signal.signal(signal.SIGALRM, lambda number, frame: seen.append(number))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
            self.assertEqual(self.connect().call("status", timeout=60), {"n": 1})
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)


class StreamTest(FakeServiceTest):
    ITEMS = "".join(f'{{"progress":{{"item":{{"n":{n}}}}}}}\n' for n in range(3))

    def setUp(self) -> None:
        super().setUp()
        self.client = Client(self.path)
        self.addCleanup(self.client.close)

    def test_items_come_as_they_arrive_and_then_the_reply(self) -> None:
        self.service.answer(self.ITEMS, '{"sent":3}\n')
        stream = self.client.stream("list", {"a": 1}, timeout=1000)
        with self.assertRaises(RuntimeError):
            stream.reply
        self.assertEqual([item["n"] for item in stream], [0, 1, 2])
        self.assertEqual(stream.reply, {"sent": 3})
        self.assertEqual(list(stream), [])
        self.client.call("status")
        self.assertEqual(self.service.connections, 1)
        self.assertRegex(self.service.requests[0], r'^\["list",{"a":1},{"stream":true,"timeout":[\d.]+}\]$')

    def test_the_first_item_does_not_wait_for_the_reply(self) -> None:
        self.service.answer(Piece(self.ITEMS), Piece("{}\n", after=60))
        with self.client.stream("list") as stream:
            self.assertEqual(next(stream), {"n": 0})

    def test_an_event_without_items_has_only_its_reply(self) -> None:
        self.service.answer('{"item":{"n":1}}\n')
        stream = self.client.stream("get")
        self.assertEqual(list(stream), [])
        self.assertEqual(stream.reply, {"item": {"n": 1}})

    def test_progress_and_turns_are_reported_between_items(self) -> None:
        self.service.answer(PROGRESS + self.ITEMS + '{"progress":{"state":"running","id":7}}\n{}\n')
        seen: List[object] = []
        stream = self.client.stream("list", on_progress=seen.append, on_turn=seen.append)
        for item in stream:
            seen.append(item["n"])
        self.assertEqual(seen, [Progress(1, 2), 0, 1, 2, Turn(True, 7)])

    def test_other_calls_may_be_made_within_it(self) -> None:
        self.service.script = lambda request: [Piece(self.ITEMS + "{}\n" if "list" in request else '{"n":0}\n')]
        for item in self.client.stream("list"):
            self.assertEqual(self.client.call("get"), {"n": 0})
        self.assertEqual(self.service.connections, 2)

    def test_an_error_ends_it(self) -> None:
        self.service.answer(self.ITEMS + error_line("event-error", "disk full"))
        stream = self.client.stream("list")
        for _ in range(3):
            next(stream)
        with self.assertRaisesRegex(ReplyError, "disk full"):
            next(stream)
        self.assertEqual(list(stream), [])
        with self.assertRaises(RuntimeError):
            stream.reply

    def test_leaving_it_early_closes_the_connection(self) -> None:
        self.service.answer(self.ITEMS, Piece("{}\n", after=60))
        with self.client.stream("list") as stream:
            for item in stream:
                break
        self.assertEqual(list(stream), [])
        self.service.answer('{"n":1}\n')
        self.assertEqual(self.client.call("get"), {"n": 1})
        self.assertEqual(self.service.connections, 2)

    def read_in_thread(
        self, stream: Stream, *, until_it_waits: bool = False
    ) -> Tuple[threading.Thread, List[object]]:
        """Returns a thread that reads the stream, and the items and the error that it gets."""
        found: List[object] = []

        def read() -> None:
            try:
                found.extend(stream)
            except Exception as error:
                found.append(error)

        is_about_to_wait = threading.Event()

        def wait(talk: _talk.Talk) -> None:
            is_about_to_wait.set()
            real_wait(talk)

        real_wait = _client._wait
        reader = threading.Thread(target=read, daemon=True)
        if not until_it_waits:
            reader.start()
            return reader, found
        with mock.patch.object(_client, "_wait", wait):
            reader.start()
            self.assertTrue(is_about_to_wait.wait(30))
        return reader, found

    def test_another_thread_may_close_it_while_it_waits(self) -> None:
        self.service.script = lambda request: [Piece("{}\n", after=60 if "slow" in request else 0)]
        stream = self.client.stream("slow")
        reader, found = self.read_in_thread(stream, until_it_waits=True)
        stream.close()
        reader.join(30)
        self.assertFalse(reader.is_alive())
        self.assertEqual(found, [])
        self.assertEqual(list(stream), [])
        self.assertEqual(self.client.call("quick"), {})

    def test_another_thread_may_close_it_while_it_sends(self) -> None:
        full = FakeService(os.path.join(self.directory, "full.control"))
        self.addCleanup(full.stop)
        with Client(full.path) as client:
            stream = client.stream("put", {"text": "x" * 3_000_000})
            reader, found = self.read_in_thread(stream, until_it_waits=True)
            stream.close()
            reader.join(30)
        self.assertFalse(reader.is_alive())
        self.assertEqual(found, [])

    def test_another_thread_may_close_it_at_any_moment(self) -> None:
        self.service.answer(*[Piece(self.ITEMS, after=0.0001)] * 100_000)
        for number in range(100):
            stream = self.client.stream("list")
            reader, found = self.read_in_thread(stream)
            time.sleep(number / 50_000)
            stream.close()
            reader.join(30)
            self.assertFalse(reader.is_alive())
            self.assertEqual([item for item in found if not isinstance(item, dict)], [])
            self.assertEqual(stream._talk.descriptor, -1)

    def test_its_descriptor_stays_open_while_another_thread_reads_it(self) -> None:
        self.service.answer(PROGRESS + PROGRESS, Piece("{}\n", after=60))
        is_called, may_return = threading.Event(), threading.Event()
        self.addCleanup(may_return.set)
        seen: List[Progress] = []

        def wait(progress: Progress) -> None:
            seen.append(progress)
            is_called.set()
            may_return.wait(60)

        stream = self.client.stream("slow", on_progress=wait)
        reader, found = self.read_in_thread(stream)
        self.assertTrue(is_called.wait(30))
        descriptor = stream._talk.descriptor
        stream.close()
        self.assertTrue(stat.S_ISSOCK(os.fstat(descriptor).st_mode))
        may_return.set()
        reader.join(30)
        self.assertFalse(reader.is_alive())
        self.assertEqual((found, seen), ([], [Progress(1, 2)]))
        with self.assertRaises(OSError):
            os.fstat(descriptor)

    def test_its_function_may_close_it(self) -> None:
        self.service.answer(PROGRESS + PROGRESS + self.ITEMS + "{}\n")
        seen: List[Progress] = []

        def leave(progress: Progress) -> None:
            seen.append(progress)
            stream.close()

        stream = self.client.stream("list", on_progress=leave)
        self.assertEqual(list(stream), [])
        self.assertEqual(seen, [Progress(1, 2)])

    def test_a_signal_handler_may_close_it(self) -> None:
        self.service.answer(Piece("{}\n", after=60))
        stream = self.client.stream("slow")
        old = signal.signal(signal.SIGALRM, lambda number, frame: stream.close())
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            begin = time.monotonic()
            self.assertEqual(list(stream), [])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, old)
        self.assertLess(time.monotonic() - begin, 30)
        self.assertEqual(stream._talk.descriptor, -1)

    def test_a_child_process_may_close_its_copy(self) -> None:
        self.service.answer(PROGRESS + self.ITEMS + "{}\n")

        def close_in_child(progress: Progress) -> None:
            child = os.fork()
            if child == 0:
                try:
                    stream.close()
                finally:
                    os._exit(0)
            os.waitpid(child, 0)

        stream = self.client.stream("list", on_progress=close_in_child)
        self.assertEqual([item["n"] for item in stream], [0, 1, 2])
        self.client.call("status")
        self.assertEqual(self.service.connections, 1)

    def test_two_readers_are_refused(self) -> None:
        self.service.answer(PROGRESS + self.ITEMS + "{}\n")

        def read(progress: Progress) -> None:
            with self.assertRaisesRegex(RuntimeError, "the stream is being read"):
                next(stream)

        stream = self.client.stream("list", on_progress=read)
        self.assertEqual([item["n"] for item in stream], [0, 1, 2])

    def test_its_timeout_is_that_of_the_whole_call(self) -> None:
        self.service.answer(*(Piece(self.ITEMS, after=0.05) for _ in range(1000)))
        begin = time.monotonic()
        with self.assertRaises(CallTimeoutError):
            for item in self.client.stream("list", timeout=0.1):
                pass
        self.assertLess(time.monotonic() - begin, 30)


class RefusingService(FakeService):
    """Replies and closes the connection before it has read the request."""

    def _serve(self, connection: socket.socket) -> None:
        connection.recv(10)
        connection.sendall(error_line("busy", "full").encode())
        connection.shutdown(socket.SHUT_RDWR)


class RefusedRequestTest(FakeServiceTest):
    def test_the_error_of_a_partly_sent_request_is_read(self) -> None:
        refusing = RefusingService(os.path.join(self.directory, "refusing.control")).start()
        self.addCleanup(refusing.stop)
        with self.assertRaises(ReplyError) as caught:
            call(refusing.path, "put", {"text": "x" * 3_000_000}, timeout=30)
        self.assertEqual(caught.exception.code, "busy")


class FullQueueTest(FakeServiceTest):
    def setUp(self) -> None:
        super().setUp()
        self.full = FakeService(os.path.join(self.directory, "full.control"), backlog=0)
        self.first = socket.socket(socket.AF_UNIX)
        self.first.connect(self.full.path)

    def tearDown(self) -> None:
        self.first.close()
        self.full.stop()

    def test_a_call_waits_until_it_is_accepted(self) -> None:
        accepter = threading.Timer(0.1, self.full.start)
        accepter.start()
        self.assertEqual(call(self.full.path, "status", timeout=30), {})
        accepter.join()

    def test_the_timeout_of_the_call_ends_the_wait(self) -> None:
        with self.assertRaisesRegex(ConnectTimeoutError, "too many wait to be accepted, and the time is up"):
            call(self.full.path, "status", timeout=0.05)

    def test_it_may_be_given_up(self) -> None:
        with self.assertRaises(GivenUpError):
            call(self.full.path, "status", is_given_up=lambda: True)

    def test_a_client_without_a_timeout_waits_for_some_seconds(self) -> None:
        with mock.patch.object(_talk, "_LONGEST_CONNECT", 0.1):
            path = self.full.path
            connects: List[Callable[[], object]] = [lambda: Client(path), lambda: call(path, "status")]
            for connect in connects:
                with self.assertRaisesRegex(ConnectError, "too many wait to be accepted$"):
                    connect()


@unittest.skipUnless(os.geteuid() == 0, "only root can listen as another user")
class StrangerTest(FakeServiceTest):
    STRANGER = 2000

    def setUp(self) -> None:
        super().setUp()
        os.chmod(self.directory, 0o777)
        self.stranger = FakeService(os.path.join(self.directory, "stranger.control"), uid=self.STRANGER).start()
        self.addCleanup(self.stranger.stop)

    def test_nothing_is_sent_to_a_stranger(self) -> None:
        path = self.stranger.path
        connects: List[Callable[[], object]] = [
            lambda: Client(path),
            lambda: Client(path, users=[1000]),
            lambda: call(path, "status"),
        ]
        for connect in connects:
            with self.assertRaisesRegex(
                UntrustedServerError,
                rf"^cannot talk to '.*/stranger.control': it is served by uid 2000 \(pid {os.getpid()}\), who is",
            ):
                connect()
        self.assertEqual(self.stranger.requests, [])

    def test_an_unmapped_user_is_not_trusted(self) -> None:
        # In a user namespace, the kernel shows every user outside of it as one uid.
        enter = ["unshare", "--user", "--map-root-user"]
        if subprocess.run([*enter, "true"], stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("user namespaces cannot be made here")
        with open("/proc/sys/kernel/overflowuid", encoding="ascii") as file:
            overflow = int(file.read())
        code = (
            "import servicekit, sys\n"
            "for users in (None, [int(sys.argv[2])]):\n"
            "    try: servicekit.call(sys.argv[1], 'status', users=users)\n"
            "    except servicekit.UntrustedServerError as error: print(error)\n"
        )
        done = subprocess.run(
            [*enter, sys.executable, "-c", code, self.stranger.path, str(overflow)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        lines = done.stdout.decode().splitlines()
        self.assertEqual(len(lines), 2, lines)
        for line in lines:
            self.assertRegex(line, "it is served by an unknown user")
        self.assertEqual(self.stranger.requests, [])

    def test_a_trusted_user_may_serve(self) -> None:
        self.assertEqual(call(self.stranger.path, "status", users=[1000, self.STRANGER]), {})


if __name__ == "__main__":
    unittest.main()
