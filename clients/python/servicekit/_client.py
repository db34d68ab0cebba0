"""The client whose calls block."""

from __future__ import annotations

import math
import os
import select
import threading
import time
from types import TracebackType
from typing import Any, Callable, Dict, Iterable, Iterator, Mapping, Optional, Type, Union

from ._errors import Error
from ._exchange import Item, Progress, Reply, Turn
from ._server import PathArgument, Peer, trusted_users
from ._talk import CONNECT_INTERVAL, CallOptions, Deadline, Place, Talk

# poll(2) takes a number of milliseconds that fits an int.
_LONGEST_WAIT = 60.0


class Client:
    """Talks to a running service over its control socket. Its calls block; those of aio.AsyncClient do not.

    It talks only to a service of root or of this process's user, or of the users that the caller names. In a directory
    that others may write, anybody can listen at the path.

    It may be used from several threads, and from within the functions that a call is given: each call that runs has a
    connection of its own. One idle connection is kept. The client connects again if the service has closed it.
    """

    def __init__(self, path: PathArgument, *, users: Optional[Iterable[int]] = None) -> None:
        """Connects to a service.

        :param path: of the control socket
        :param users: uids that may serve it, in addition to root. Default: the user of this process
        :raises ConnectError: if nobody serves the socket
        :raises UntrustedServerError: if another user serves it; nothing was sent to it then
        """
        self._place = Place(os.fsdecode(path), trusted_users(users))
        deadline = Deadline(None)
        while True:
            connection = self._place.connect()
            if connection is not None:
                break
            deadline.check_connect(self.path)
            time.sleep(CONNECT_INTERVAL)
        self._place.idle.put(connection)

    @property
    def path(self) -> str:
        """The path of the control socket."""
        return self._place.path

    @property
    def peer(self) -> Peer:
        """The process that listened on the socket when the client last connected."""
        assert self._place.peer is not None
        return self._place.peer

    def call(
        self,
        event: str,
        arguments: Optional[Mapping[str, object]] = None,
        *,
        timeout: Optional[float] = None,
        wait: bool = False,
        is_given_up: Optional[Callable[[], bool]] = None,
        on_progress: Optional[Callable[[Progress], object]] = None,
        on_turn: Optional[Callable[[Turn], object]] = None,
        on_item: Optional[Callable[[Dict[str, Any]], object]] = None,
    ) -> Dict[str, Any]:
        """Calls an event and waits for its reply.

        If the call ends in another way than by its reply, for example by an exception of a function that it calls or
        by Ctrl-C, the event goes on.

        :param timeout: how long to wait, in seconds. The service gets it too: it then drops an event that is still
            queued. Default: without limit
        :param wait: for ``stop`` and ``kill`` only: the reply arrives when the service has ended
        :param is_given_up: is called about every 100 ms. If it returns true, the call ends with GivenUpError
        :param on_progress: is called for each progress report of the service
        :param on_turn: is called when the event is queued, each time that another event begins before it, and when it
            begins itself. It is not called for an event that the service answers at once
        :param on_item: is called for each object that the event sends ahead of its reply. The event waits until the
            function returns. Without it those objects are in the field ``items`` of the reply
        :raises Error: see its subclasses
        """
        options = CallOptions(timeout, is_given_up, on_progress, on_turn)
        talk = Talk(self._place, event, arguments, options, streams=on_item is not None, waits=wait)
        return _replied(talk, on_item)

    def stream(
        self,
        event: str,
        arguments: Optional[Mapping[str, object]] = None,
        *,
        timeout: Optional[float] = None,
        is_given_up: Optional[Callable[[], bool]] = None,
        on_progress: Optional[Callable[[Progress], object]] = None,
        on_turn: Optional[Callable[[Turn], object]] = None,
    ) -> Stream:
        """Calls an event, and returns the objects that it sends ahead of its reply, as they arrive.

        :param timeout: for the whole call, with what the caller does between two items
        :raises Error: as call(); so does the iteration
        """
        options = CallOptions(timeout, is_given_up, on_progress, on_turn)
        return Stream(Talk(self._place, event, arguments, options, streams=True))

    def cancel(self, id: int, *, timeout: Optional[float] = None) -> Dict[str, Any]:
        """Cancels an event, whose id is in its Turn. A call that waits for it then gets ReplyError with the code
        ``cancelled``."""
        return self.call("cancel", {"id": id}, timeout=timeout)

    def close(self) -> None:
        """Closes the idle connection. Calls that run, also in other threads, go on until their replies. No new call can
        be made."""
        self._place.idle.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<servicekit.Client of '{self.path}'>"


class Stream(Iterator[Dict[str, Any]]):
    """The objects that an event sends ahead of its reply. Client.stream() makes it. One thread at a time may read
    it. Any thread may close it.

    If you leave the iteration early, call close(), or use the stream as a context manager. The service then finds out
    that nobody reads, and the handler may end its event.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._is_over = False
        self._is_read = threading.Lock()
        # The process that reads. A child process inherits the stream, but not a thread that reads it.
        self._reader: Optional[int] = None
        self._reply: Optional[Dict[str, Any]] = None
        while not talk.connect():
            time.sleep(CONNECT_INTERVAL)

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

        If another thread waits for the next item, its iteration ends.
        """
        # __next__() does these two steps in the opposite order: one of the two finds out about the other.
        self._is_over = True
        if self._reader == os.getpid():
            # It may wait in poll(). A closed descriptor would not wake it, and could become that of another call. The
            # reader can be this thread, too: this may be a signal handler.
            self._talk.interrupt()
        else:
            self._talk.close()

    def __iter__(self) -> Stream:
        return self

    def __next__(self) -> Dict[str, Any]:
        if not self._is_read.acquire(blocking=False):
            raise RuntimeError("the stream is being read")
        try:
            self._reader = os.getpid()
            message = self._next_message()
        except BaseException as error:  # also Ctrl-C while it waits
            was_closed, self._is_over = self._is_over, True
            if not was_closed or not isinstance(error, Error):
                raise
            message = None
        finally:
            self._reader = None
            if self._is_over:
                self._talk.close()
            self._is_read.release()
        if isinstance(message, Item):
            return message.fields
        self._is_over = True
        if message is not None:
            self._reply = message.fields
        raise StopIteration

    def _next_message(self) -> Optional[Union[Item, Reply]]:
        """Returns None if the stream is closed."""
        while not self._is_over:
            message = self._talk.advance()
            if message is not None:
                return message
            if not self._talk.is_behind and not self._talk.is_closed:
                _wait(self._talk)
        return None

    def __enter__(self) -> Stream:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()


def call(
    path: PathArgument,
    event: str,
    arguments: Optional[Mapping[str, object]] = None,
    *,
    users: Optional[Iterable[int]] = None,
    timeout: Optional[float] = None,
    wait: bool = False,
    is_given_up: Optional[Callable[[], bool]] = None,
    on_progress: Optional[Callable[[Progress], object]] = None,
    on_turn: Optional[Callable[[Turn], object]] = None,
    on_item: Optional[Callable[[Dict[str, Any]], object]] = None,
) -> Dict[str, Any]:
    """Connects to a service, calls an event and waits for its reply, as Client and Client.call() do."""
    place = Place(os.fsdecode(path), trusted_users(users))
    try:
        options = CallOptions(timeout, is_given_up, on_progress, on_turn)
        talk = Talk(place, event, arguments, options, streams=on_item is not None, waits=wait)
        return _replied(talk, on_item)
    finally:
        place.idle.close()


def _replied(talk: Talk, on_item: Optional[Callable[[Dict[str, Any]], object]]) -> Dict[str, Any]:
    with Stream(talk) as stream:
        for item in stream:
            if on_item is not None:
                on_item(item)
        return stream.reply


def _wait(talk: Talk) -> None:
    """Waits until the talk can advance, or its time is over."""
    longest = talk.longest_wait()
    poll = select.poll()
    poll.register(talk.descriptor, select.POLLOUT if talk.wants_to_write else select.POLLIN)
    # Rounds up, since advance() would find nothing to do in the last part of a millisecond.
    poll.poll(math.ceil(1000 * (_LONGEST_WAIT if longest is None else min(longest, _LONGEST_WAIT))))
