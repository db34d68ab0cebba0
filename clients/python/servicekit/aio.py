"""A client for asyncio.

::

    from servicekit.aio import AsyncClient

    async with AsyncClient("/run/greeter.control") as greeter:
        reply = await greeter.call("greet", {"name": "you"}, timeout=10)
"""

from __future__ import annotations

import asyncio
import os
import weakref
from types import TracebackType
from typing import Any, AsyncIterator, Callable, Dict, Iterable, Mapping, Optional, Type, Union

from ._errors import Error
from ._exchange import Item, Progress, Reply, Turn
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
        self._streams: "weakref.WeakSet[AsyncStream]" = weakref.WeakSet()

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
        async with self._streamed(talk) as stream:
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
        return self._streamed(Talk(self._place, event, arguments, options, streams=True))

    async def cancel(self, id: int, *, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Cancels an event, whose id is in its Turn. A call that waits for it then gets ReplyError with the code
        ``cancelled``."""
        return await self.call("cancel", {"id": id}, timeout=timeout)

    def close(self) -> None:
        """Closes the connections. Calls that run end with NoReplyError, and their events go on. Calls that still
        connect, and new ones, end with ConnectError."""
        self._place.idle.close()
        for stream in list(self._streams):
            stream._close_with_client()

    def _streamed(self, talk: Talk) -> AsyncStream:
        stream = AsyncStream(talk)
        self._streams.add(stream)
        return stream

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

    If you leave the iteration early, call close(), or use ``async with``. One task at a time may read it.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._is_connected = False
        self._is_over = False
        self._is_read = False
        self._watch: Optional[_Watch] = None
        # What the iteration raises next.
        self._error: Optional[Error] = None
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
        """Ends the call if it is not over. The service does not end the event because of that.

        If another task waits for the next item, its iteration ends.
        """
        self._is_over = True
        if self._watch is not None:
            self._watch.end()  # before its descriptor is closed, and can become that of another call
        self._talk.close()

    def _close_with_client(self) -> None:
        # While it is not connected, Place.connect() reports that the client is closed.
        if self._is_connected and not self._is_over:
            self._error = self._talk.client_closed_error()
            self.close()

    def __aiter__(self) -> AsyncStream:
        return self

    async def __anext__(self) -> Dict[str, Any]:
        if self._is_read:
            raise RuntimeError("the stream is being read")
        self._is_read = True
        try:
            message = await self._next_message()
        except BaseException:  # also the cancellation of the task
            self.close()
            raise
        finally:
            self._is_read = False
        if isinstance(message, Item):
            return message.fields
        self._is_over = True
        if message is not None:
            self._reply = message.fields
        error, self._error = self._error, None
        if error is not None:
            raise error
        raise StopAsyncIteration

    async def _next_message(self) -> Optional[Union[Item, Reply]]:
        """Returns None if the stream is closed."""
        while not self._is_over:
            if not self._is_connected:
                self._is_connected = self._talk.connect()
                if not self._is_connected:
                    await asyncio.sleep(CONNECT_INTERVAL)
                continue
            message = self._talk.advance()
            if message is not None:
                return message
            if self._talk.is_closed:
                continue
            if self._talk.is_behind:
                await asyncio.sleep(0)
            else:
                await self._wait()
        return None

    async def _wait(self) -> None:
        """Waits until the talk can advance, its time is over, or the stream is closed."""
        self._watch = _Watch(self._talk.descriptor, self._talk.wants_to_write)
        try:
            await asyncio.wait([self._watch.is_over], timeout=self._talk.longest_wait())
        finally:
            self._watch.end()
            self._watch = None

    async def __aenter__(self) -> AsyncStream:
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()


class _Watch:
    """Waits in the event loop until a descriptor is ready."""

    def __init__(self, descriptor: int, is_written: bool) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor: Optional[int] = descriptor
        self._remove = self._loop.remove_writer if is_written else self._loop.remove_reader
        self.is_over: asyncio.Future[None] = self._loop.create_future()
        add = self._loop.add_writer if is_written else self._loop.add_reader
        add(descriptor, self.end)

    def end(self) -> None:
        """Ends the wait. Only the first call has an effect: later, the descriptor may belong to another call."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None or self._loop.is_closed():
            return
        self._remove(descriptor)
        if not self.is_over.done():
            self.is_over.set_result(None)
