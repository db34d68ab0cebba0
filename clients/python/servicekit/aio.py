"""A client for asyncio.

::

    from servicekit.aio import AsyncClient

    async with AsyncClient("/run/greeter.control") as greeter:
        reply = await greeter.call("greet", {"name": "you"}, timeout=10)
"""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import Any, AsyncIterator, Callable, Dict, Iterable, Mapping, Optional, Type

from ._exchange import Item, Progress, Turn
from ._server import PathArgument, trusted_users
from ._talk import CONNECT_INTERVAL, CallOptions, Place, Talk

__all__ = ["AsyncClient", "AsyncStream"]


class AsyncClient:
    """Talks to a running service from an event loop. It trusts the same servers as Client.

    Calls run side by side: each one that runs has a connection of its own. One idle connection is kept. It connects
    for its first call. If the task of a call is cancelled, the call ends, and the event goes on.

    Use it in one event loop.
    """

    def __init__(self, path: PathArgument, *, users: Optional[Iterable[int]] = None) -> None:
        """
        :param path: of the control socket
        :param users: uids that may serve it, in addition to root. Default: the user of this process
        """
        self._place = Place(os.fsdecode(path), trusted_users(users))

    @property
    def path(self) -> str:
        """The path of the control socket."""
        return self._place.path

    async def call(
        self,
        event: str,
        arguments: Optional[Mapping[str, object]] = None,
        *,
        timeout: Optional[float] = None,
        wait: bool = False,
        on_progress: Optional[Callable[[Progress], object]] = None,
        on_turn: Optional[Callable[[Turn], object]] = None,
    ) -> Dict[str, Any]:
        """Calls an event and waits for its reply, as Client.call() does. The functions are called in the event loop.

        :raises Error: see its subclasses
        """
        options = CallOptions(timeout, None, on_progress, on_turn)
        talk = Talk(self._place, event, arguments, options, streams=False, waits=wait)
        async with AsyncStream(talk) as stream:
            async for _ in stream:
                pass
            return stream.reply

    def stream(
        self,
        event: str,
        arguments: Optional[Mapping[str, object]] = None,
        *,
        timeout: Optional[float] = None,
        on_progress: Optional[Callable[[Progress], object]] = None,
        on_turn: Optional[Callable[[Turn], object]] = None,
    ) -> AsyncStream:
        """Calls an event when the iteration begins, and returns the objects that it sends ahead of its reply.

        :param timeout: for the whole call, with what the caller does between two items
        :raises ArgumentError: if JSON cannot express the arguments. The iteration raises other errors
        """
        options = CallOptions(timeout, None, on_progress, on_turn)
        return AsyncStream(Talk(self._place, event, arguments, options, streams=True))

    async def cancel(self, id: int, *, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Cancels an event, whose id is in its Turn. A call that waits for it then gets ReplyError with the code
        ``cancelled``."""
        return await self.call("cancel", {"id": id}, timeout=timeout)

    def close(self) -> None:
        """Closes the connection. Calls that wait go on."""
        self._place.idle.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<servicekit.aio.AsyncClient of '{self.path}'>"


class AsyncStream(AsyncIterator[Dict[str, Any]]):
    """The objects that an event sends ahead of its reply. AsyncClient.stream() makes it.

    If you leave the iteration early, call close(), or use ``async with``.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._is_connected = False
        self._is_over = False
        self._reply: Optional[Dict[str, Any]] = None

    @property
    def reply(self) -> Dict[str, Any]:
        """The reply, which arrives after the last object.

        :raises RuntimeError: if the iteration has not come to its end
        """
        if self._reply is None:
            raise RuntimeError("the reply has not arrived")
        return self._reply

    def close(self) -> None:
        """Ends the call if it is not over. The service does not end the event because of that."""
        self._is_over = True
        self._talk.close()

    def __aiter__(self) -> AsyncStream:
        return self

    async def __anext__(self) -> Dict[str, Any]:
        if self._is_over:
            raise StopAsyncIteration
        try:
            while not self._is_connected:
                self._is_connected = self._talk.connect()
                if not self._is_connected:
                    await asyncio.sleep(CONNECT_INTERVAL)
            message = self._talk.advance()
            while message is None:
                if self._talk.is_behind:
                    await asyncio.sleep(0)
                else:
                    await _wait(self._talk)
                message = self._talk.advance()
        except BaseException:  # also the cancellation of the task
            self.close()
            raise
        if isinstance(message, Item):
            return message.fields
        self._is_over = True
        self._reply = message.fields
        raise StopAsyncIteration

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()


async def _wait(talk: Talk) -> None:
    """Waits until the talk can advance, or its time is over."""
    loop = asyncio.get_running_loop()
    is_ready: asyncio.Future[None] = loop.create_future()
    descriptor = talk.descriptor
    remove = loop.remove_writer if talk.wants_to_write else loop.remove_reader
    add = loop.add_writer if talk.wants_to_write else loop.add_reader

    def ready() -> None:
        if not is_ready.done():
            is_ready.set_result(None)

    add(descriptor, ready)
    try:
        await asyncio.wait([is_ready], timeout=talk.longest_wait())
    finally:
        remove(descriptor)
