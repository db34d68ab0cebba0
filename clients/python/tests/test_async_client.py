import asyncio
import os
import socket
import threading
import time
import unittest
from typing import List
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
from servicekit.aio import AsyncClient

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


if __name__ == "__main__":
    unittest.main()
