import asyncio
import os
import socket
import threading
import time
import unittest
from typing import Any, Awaitable, Dict, List
from unittest import mock

from servicekit import (
    ArgumentError,
    CallTimeoutError,
    ConnectError,
    ConnectTimeoutError,
    NoReplyError,
    Progress,
    ReplyError,
    Turn,
    UntrustedServerError,
)
from servicekit import _talk
from servicekit.aio import AsyncClient, AsyncStream

from .fake_service import FakeService, FakeServiceTest, Piece, error_line

PROGRESS = '{"progress":{"done":1,"total":2}}\n'
ITEMS = "".join(f'{{"progress":{{"item":{{"n":{n}}}}}}}\n' for n in range(3))


class AsyncClientTest(FakeServiceTest, unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.client = AsyncClient(self.path)
        self.addCleanup(self.client.close)

    async def test_connects_for_its_first_call(self) -> None:
        self.assertEqual(self.service.connections, 0)
        self.service.answer(Piece('{"uptime":12}\n', after=0.01))
        self.assertEqual(await self.client.call("status"), {"uptime": 12})
        self.assertEqual(self.service.requests, ['["status"]'])

    async def test_calls_one_after_the_other_use_one_connection(self) -> None:
        for _ in range(3):
            await self.client.call("status")
        self.assertEqual(self.service.connections, 1)

    async def test_calls_run_side_by_side(self) -> None:
        self.service.script = lambda request: [Piece(f'{{"asked":{request}}}\n', after=0.05)]
        replies = await asyncio.gather(*(self.client.call("get", {"n": n}) for n in range(5)))
        self.assertEqual(replies, [{"asked": ["get", {"n": n}]} for n in range(5)])

    async def test_the_loop_runs_while_a_call_waits(self) -> None:
        may_reply = threading.Event()

        def script(request: str) -> List[Piece]:
            may_reply.wait(60)
            return [Piece('{"n":1}\n')]

        self.service.script = script
        waiting = asyncio.ensure_future(self.client.call("slow", timeout=60))
        for _ in range(5):
            await asyncio.sleep(0.001)
        self.assertFalse(waiting.done())
        may_reply.set()
        self.assertEqual(await waiting, {"n": 1})

    async def test_the_loop_runs_while_a_service_sends_without_end(self) -> None:
        self.service.answer(*[Piece(" " * 100_000)] * 100_000)
        waiting = asyncio.ensure_future(self.client.call("slow"))
        for _ in range(100):
            await asyncio.sleep(0)
        self.assertFalse(waiting.done())
        waiting.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await waiting

    async def test_reports_turns_and_progress(self) -> None:
        self.service.answer('{"progress":{"state":"queued","running":"upload"}}\n', PROGRESS + "{}\n")
        seen: List[object] = []
        await self.client.call("backup", on_progress=seen.append, on_turn=seen.append)
        self.assertEqual(seen, [Turn(False, 0, "upload"), Progress(1, 2)])

    async def test_an_error_reply_keeps_the_connection(self) -> None:
        self.service.answer(error_line("event-not-found"))
        for _ in range(2):
            with self.assertRaises(ReplyError):
                await self.client.call("x")
        self.assertEqual(self.service.connections, 1)

    async def test_a_call_that_times_out_ends_and_the_next_one_connects_again(self) -> None:
        self.service.script = lambda request: [Piece("{}\n", after=60 if "slow" in request else 0)]
        begin = time.monotonic()
        with self.assertRaisesRegex(CallTimeoutError, "the time is up"):
            await self.client.call("slow", timeout=0.1)
        self.assertTrue(0.6 <= time.monotonic() - begin < 30)
        self.assertEqual(await self.client.call("quick"), {})
        self.assertEqual(self.service.connections, 2)

    async def test_a_cancelled_task_ends_its_call(self) -> None:
        self.service.script = lambda request: [Piece("{}\n", after=60 if "slow" in request else 0)]
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(self.client.call("slow"), 0.05)
        self.assertEqual(await self.client.call("quick"), {})
        self.assertEqual(self.service.connections, 2)

    async def test_a_function_that_raises_ends_its_call(self) -> None:
        self.service.answer(PROGRESS + "{}\n")

        def fail(progress: Progress) -> None:
            raise RuntimeError("no screen")

        with self.assertRaisesRegex(RuntimeError, "no screen"):
            await self.client.call("backup", on_progress=fail)
        self.assertEqual(await self.client.call("backup"), {})

    async def test_reports_that_it_cannot_connect(self) -> None:
        nobody = AsyncClient(os.path.join(self.directory, "nobody.control"))
        with self.assertRaisesRegex(ConnectError, "No such file or directory"):
            await nobody.call("status")

    async def test_reports_a_hang_up_without_a_reply(self) -> None:
        self.service.answer(Piece(then_close=True))
        with self.assertRaisesRegex(NoReplyError, "closed the connection without a reply"):
            await self.client.call("kill")

    async def test_connects_again_if_the_service_has_hung_up_or_is_about_to(self) -> None:
        await self.client.call("status")
        self.service.hang_up()
        await self.client.call("status")
        with mock.patch.object(_talk, "_LONGEST_IDLE", -1.0):
            await self.client.call("status")
        self.assertEqual(self.service.connections, 3)

    async def test_sends_a_large_request_in_pieces(self) -> None:
        text = "x" * 3_000_000
        self.assertEqual(await self.client.call("put", {"text": text}), {})
        self.assertEqual(self.service.requests, [f'["put",{{"text":"{text}"}}]'])

    async def test_sends_nothing_that_json_cannot_express(self) -> None:
        with self.assertRaises(ArgumentError):
            await self.client.call("backup", {"directory": "h\udcf6her"})
        with self.assertRaises(ArgumentError):
            self.client.stream("backup", {"directory": float("nan")})
        self.assertEqual(self.service.connections, 0)

    async def test_waits_without_blocking_until_it_is_accepted(self) -> None:
        full = FakeService(os.path.join(self.directory, "full.control"), backlog=0)
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(full.path)
            async with AsyncClient(full.path) as client:
                with self.assertRaises(ConnectTimeoutError):
                    await client.call("status", timeout=0.05)
                waiting = asyncio.ensure_future(client.call("status", timeout=30))
                await asyncio.sleep(0.05)
                self.assertFalse(waiting.done())
                full.start()
                self.assertEqual(await waiting, {})
        full.stop()

    async def test_streams_items_and_then_has_the_reply(self) -> None:
        self.service.answer(ITEMS, Piece('{"sent":3}\n', after=0.01))
        stream = self.client.stream("list", timeout=30)
        with self.assertRaises(RuntimeError):
            stream.reply
        self.assertEqual([item["n"] async for item in stream], [0, 1, 2])
        self.assertEqual(stream.reply, {"sent": 3})
        self.assertEqual([item async for item in stream], [])

    async def test_other_calls_may_be_made_within_a_stream(self) -> None:
        self.service.script = lambda request: [Piece(ITEMS + "{}\n" if "list" in request else '{"n":0}\n')]
        async for _ in self.client.stream("list"):
            self.assertEqual(await self.client.call("get"), {"n": 0})

    async def test_leaving_a_stream_early_closes_the_connection(self) -> None:
        self.service.answer(ITEMS, Piece("{}\n", after=60))
        async with self.client.stream("list") as stream:
            async for _ in stream:
                break
        self.assertEqual([item async for item in stream], [])
        self.service.answer("{}\n")
        self.assertEqual(await self.client.call("get"), {})
        self.assertEqual(self.service.connections, 2)

    async def test_a_call_may_be_cancelled_at_the_service(self) -> None:
        await self.client.cancel(7)
        self.assertEqual(self.service.requests, ['["cancel",{"id":7}]'])

    async def test_a_closed_client_makes_no_calls(self) -> None:
        async with AsyncClient(self.path) as client:
            await client.call("status")
        with self.assertRaisesRegex(ConnectError, "the client is closed"):
            await client.call("status")

    @unittest.skipUnless(os.geteuid() == 0, "only root can listen as another user")
    async def test_nothing_is_sent_to_a_stranger(self) -> None:
        os.chmod(self.directory, 0o777)
        stranger = FakeService(os.path.join(self.directory, "stranger.control"), uid=2000).start()
        self.addCleanup(stranger.stop)
        with self.assertRaises(UntrustedServerError):
            await AsyncClient(stranger.path).call("status")
        self.assertEqual(stranger.requests, [])
        async with AsyncClient(stranger.path, users=[2000]) as client:
            self.assertEqual(await client.call("status"), {})


class CloseTest(FakeServiceTest, unittest.IsolatedAsyncioTestCase):
    """A task closes what another one waits for."""

    def setUp(self) -> None:
        super().setUp()
        self.client = AsyncClient(self.path)
        self.addCleanup(self.client.close)
        self.may_reply = threading.Event()
        self.addCleanup(self.may_reply.set)
        self.service.script = self.script

    def script(self, request: str) -> List[Piece]:
        if "slow" in request:
            return [Piece(ITEMS if "items" in request else ""), Piece("{}\n", after=60)]
        self.may_reply.wait(60)
        return [Piece('{"n":1}\n')]

    async def arrived(self, count: int) -> None:
        while len(self.service.requests) < count:
            await asyncio.sleep(0.001)

    async def in_time(self, what: "Awaitable[Any]") -> Any:
        return await asyncio.wait_for(what, 30)

    async def items(self, stream: AsyncStream) -> List[Dict[str, Any]]:
        return [item async for item in stream]

    def full_service(self) -> FakeService:
        """Returns a service that accepts no connection until start()."""
        full = FakeService(os.path.join(self.directory, "full.control"), backlog=0)
        self.addCleanup(full.stop)
        return full

    async def test_a_closed_stream_ends_for_the_task_that_waits(self) -> None:
        stream = self.client.stream("slow")
        reading = asyncio.ensure_future(self.items(stream))
        await self.arrived(1)
        stream.close()
        self.assertEqual(await self.in_time(reading), [])
        with self.assertRaises(RuntimeError):
            stream.reply
        self.assertEqual(await self.items(stream), [])

    async def test_a_closed_stream_ends_while_it_sends(self) -> None:
        async with AsyncClient(self.full_service().path) as client:
            stream = client.stream("put", {"text": "x" * 3_000_000})
            reading = asyncio.ensure_future(self.items(stream))
            await asyncio.sleep(0)
            self.assertFalse(reading.done())
            stream.close()
            self.assertEqual(await self.in_time(reading), [])

    async def test_a_stream_that_is_closed_while_it_connects_sends_nothing(self) -> None:
        full = self.full_service()
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(full.path)
            async with AsyncClient(full.path) as client:
                stream = client.stream("list")
                reading = asyncio.ensure_future(self.items(stream))
                await asyncio.sleep(0)
                stream.close()
                full.start()
                self.assertEqual(await self.in_time(reading), [])
                self.assertEqual(await client.call("status"), {})
        self.assertEqual(full.requests, ['["status"]'])

    async def test_a_stream_may_be_closed_by_its_function(self) -> None:
        self.service.script = lambda request: [Piece(PROGRESS + PROGRESS + ITEMS + "{}\n")]
        seen: List[Progress] = []

        def leave(progress: Progress) -> None:
            seen.append(progress)
            stream.close()

        stream = self.client.stream("list", on_progress=leave)
        self.assertEqual(await self.in_time(self.items(stream)), [])
        self.assertEqual(seen, [Progress(1, 2)])

    async def test_a_closed_stream_leaves_the_descriptor_to_the_next_call(self) -> None:
        for wakes_first in (False, True):
            with self.subTest(wakes_first=wakes_first):
                self.may_reply.clear()
                self.service.requests.clear()
                stream = self.client.stream("slow")
                reading = asyncio.ensure_future(self.items(stream))
                await self.arrived(1)
                stream.close()
                # Its connection gets the number that has just become free.
                calling = asyncio.ensure_future(self.client.call("quick"))
                if wakes_first:
                    await self.arrived(2)
                reading.cancel()
                await asyncio.wait([reading], timeout=30)
                await self.arrived(2)
                self.may_reply.set()
                self.assertEqual(await self.in_time(calling), {"n": 1})

    async def test_two_tasks_cannot_read_one_stream(self) -> None:
        stream = self.client.stream("quick")
        reading = asyncio.ensure_future(self.items(stream))
        await self.arrived(1)
        with self.assertRaisesRegex(RuntimeError, "the stream is being read"):
            await self.in_time(self.items(stream))
        self.may_reply.set()
        self.assertEqual(await self.in_time(reading), [])
        self.assertEqual(stream.reply, {"n": 1})

    async def test_a_closed_client_ends_its_calls_with_an_error(self) -> None:
        calling = asyncio.ensure_future(self.client.call("slow"))
        reading = asyncio.ensure_future(self.items(self.client.stream("slow")))
        await self.arrived(2)
        self.client.close()
        for waiting, event in ((calling, "slow"), (reading, "slow")):
            with self.assertRaises(NoReplyError) as caught:
                await self.in_time(waiting)
            expected = f"cannot get a reply to '{event}' from '{self.path}': the client was closed"
            self.assertEqual(str(caught.exception), expected)

    async def test_a_closed_client_ends_a_stream_between_two_items_with_an_error(self) -> None:
        stream = self.client.stream("slow", {"items": True})
        self.assertEqual(await stream.__anext__(), {"n": 0})
        self.client.close()
        with self.assertRaisesRegex(NoReplyError, "the client was closed"):
            await self.in_time(stream.__anext__())
        self.assertEqual(await self.items(stream), [])

    async def test_a_closed_client_leaves_what_is_over_alone(self) -> None:
        self.may_reply.set()
        whole = self.client.stream("quick")
        left = self.client.stream("slow", {"items": True})
        self.assertEqual(await self.items(whole), [])
        await left.__anext__()
        left.close()
        self.client.close()
        self.assertEqual(await self.items(whole) + await self.items(left), [])
        self.assertEqual(whole.reply, {"n": 1})

    async def test_a_call_that_connects_when_the_client_is_closed_sends_nothing(self) -> None:
        full = self.full_service()
        with socket.socket(socket.AF_UNIX) as first:
            first.connect(full.path)
            client = AsyncClient(full.path)
            calling = asyncio.ensure_future(client.call("status"))
            await asyncio.sleep(0)
            client.close()
            full.start()
            with self.assertRaisesRegex(ConnectError, "the client is closed"):
                await self.in_time(calling)
        self.assertEqual(full.requests, [])

    async def test_a_function_may_close_the_client(self) -> None:
        self.service.script = lambda request: [Piece(PROGRESS + "{}\n")]
        with self.assertRaisesRegex(NoReplyError, "the client was closed"):
            await self.in_time(self.client.call("backup", on_progress=lambda progress: self.client.close()))


class ClosedLoopTest(FakeServiceTest):
    async def first(self, stream: AsyncStream) -> Dict[str, Any]:
        return await stream.__anext__()

    def test_a_client_may_be_closed_after_its_loop(self) -> None:
        self.service.answer(Piece("{}\n", after=60))
        client = AsyncClient(self.path)
        loop = asyncio.new_event_loop()
        stream = client.stream("slow")
        task = loop.create_task(self.first(stream))
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
        client.close()
        client.close()


if __name__ == "__main__":
    unittest.main()
