"""Calls that never block. Client and AsyncClient wait for them in their own ways."""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from errno import ECONNRESET, EPIPE
from typing import Callable, FrozenSet, Iterator, List, Mapping, Optional, Tuple, Union

from ._errors import (
    ArgumentError,
    CallTimeoutError,
    ConnectError,
    ConnectTimeoutError,
    GivenUpError,
    NoReplyError,
    ReplyError,
    errno_text,
    no_reply_text,
)
from ._exchange import Exchange, Item, Progress, Reply, Turn, Wishes
from ._server import Peer, busy_error, check_server, connect_at_once, peer_of

#: Interval between attempts to connect to a service whose backlog is full.
CONNECT_INTERVAL = 0.02
# How often `is_given_up` is asked.
_QUESTION_INTERVAL = 0.1

# How much longer a client waits than the service, so that the service can reply `timeout` first.
_GRACE = 0.5
# Longest time for an attempt to connect if the call has no timeout.
_LONGEST_CONNECT = 5.0
# A service closes a connection after 5 s without a request. Near that limit it may close the connection just as the
# client sends, and the client could not find out if the request was received.
_LONGEST_IDLE = 4.0
_LONGEST_TIMEOUT = 100 * 365 * 24 * 3600.0


class Deadline:
    """The latest time at which a call ends."""

    def __init__(self, timeout: Optional[float]) -> None:
        """
        :param timeout: in seconds; None means no limit
        """
        self._at: Optional[float] = None
        self._first_attempt: Optional[float] = None
        if timeout is None:
            return
        # NaN differs from itself.
        if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or timeout != timeout:
            raise ArgumentError(f"cannot wait for {timeout!a}: the timeout is not a number of seconds")
        self._at = time.monotonic() + min(max(timeout, 0.001), _LONGEST_TIMEOUT)

    def milliseconds_left(self) -> Optional[int]:
        """Returns the time that is left, at least 1 ms, so that it can be sent."""
        return None if self._at is None else max(math.ceil((self._at - time.monotonic()) * 1000), 1)

    def seconds_left(self) -> Optional[float]:
        """Returns the time that is left until a call that was sent ends; None if there is no limit."""
        return None if self._at is None else self._at + _GRACE - time.monotonic()

    def check_connect(self, path: str) -> None:
        """
        :raises ConnectError: if there is no time for another attempt to connect
        """
        if self._first_attempt is None:
            self._first_attempt = time.monotonic()
        if self._at is None:
            if time.monotonic() >= self._first_attempt + _LONGEST_CONNECT:
                raise busy_error(path)
        elif time.monotonic() >= self._at:
            raise ConnectTimeoutError(f"{busy_error(path)}, and the time is up")


class IdleConnections:
    """The connections of a client that no call uses. They are safe to use from several threads."""

    def __init__(self) -> None:
        # A list, whose pop() and append() are atomic. A lock could be held by another thread when the process forks.
        self._idle: List[Tuple[socket.socket, float, int]] = []
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def take(self) -> Optional[socket.socket]:
        """Returns a connection that can be used for another call."""
        while True:
            try:
                connection, last_used, process = self._idle.pop()
            except IndexError:
                return None
            if process == os.getpid() and time.monotonic() - last_used <= _LONGEST_IDLE and _is_quiet(connection):
                return connection
            connection.close()

    def put(self, connection: socket.socket) -> None:
        """Keeps a connection for another call, and closes the one that was kept before."""
        self._idle.append((connection, time.monotonic(), os.getpid()))
        self._keep(0 if self._is_closed else 1)

    def close(self) -> None:
        """Closes them. A connection that a call uses is closed at the end of the call."""
        self._is_closed = True
        self._keep(0)

    def _keep(self, count: int) -> None:
        while len(self._idle) > count:
            try:
                connection = self._idle.pop(0)[0]
            except IndexError:
                return
            connection.close()


def _is_quiet(connection: socket.socket) -> bool:
    # No data is expected: anything that can be read is the end of the connection.
    try:
        connection.recv(1)
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


class Place:
    """A control socket, the users that may serve it, and the connections to it."""

    def __init__(self, path: str, users: FrozenSet[int]) -> None:
        self.path = path
        self.users = users
        self.idle = IdleConnections()
        self.peer: Optional[Peer] = None

    def connect(self) -> Optional[socket.socket]:
        """Returns an idle connection, or a new one to a trusted server; None if too many clients wait."""
        if self.idle.is_closed:
            raise ConnectError(f"cannot connect to '{self.path}': the client is closed")
        connection = self.idle.take() or connect_at_once(self.path)
        if connection is None:
            return None
        try:
            peer = peer_of(connection)
            check_server(self.path, peer, self.users)
        except BaseException:
            connection.close()
            raise
        self.peer = peer
        return connection


@dataclass
class CallOptions:
    """The options of a call that concern its caller only."""

    timeout: Optional[float] = None
    is_given_up: Optional[Callable[[], bool]] = None
    on_progress: Optional[Callable[[Progress], object]] = None
    on_turn: Optional[Callable[[Turn], object]] = None


class Talk:
    """A call: connects, sends and receives without blocking."""

    # What one advance() receives, so that a service that sends without end does not keep its caller from other work.
    _MOST_RECEIVED = 1 << 16

    def __init__(
        self,
        place: Place,
        event: str,
        arguments: Optional[Mapping[str, object]],
        options: CallOptions,
        *,
        streams: bool,
        waits: bool = False,
    ) -> None:
        """
        :raises ArgumentError: if JSON cannot express the arguments
        """
        self._place = place
        self._event = event
        self._options = options
        wishes = Wishes(options.on_progress is not None, options.on_turn is not None, streams, waits)
        self._exchange = Exchange(place.path, event, arguments, wishes)
        self._deadline = Deadline(options.timeout)
        self._connection: Optional[socket.socket] = None
        self._is_fresh = True
        # interrupt() needs it: the descriptor must not be closed, nor be given to another call, while it is shut down.
        self._connection_lock = threading.RLock()
        #: The call was ended by close() or interrupt(), or by an error.
        self.is_closed = False
        #: advance() has not read all that there is. Call it again without waiting.
        self.is_behind = False

    @property
    def descriptor(self) -> int:
        """The descriptor to watch; -1 if there is none."""
        return -1 if self._connection is None else self._connection.fileno()

    @property
    def wants_to_write(self) -> bool:
        """True to wait until the descriptor is writable, false to wait until it is readable."""
        return bool(self._exchange.unsent)

    def longest_wait(self) -> Optional[float]:
        """Returns the time until the next advance() in seconds if the descriptor does not become ready."""
        left = self._deadline.seconds_left()
        if left is None:
            return None if self._options.is_given_up is None else _QUESTION_INTERVAL
        return max(left if self._options.is_given_up is None else min(left, _QUESTION_INTERVAL), 0.0)

    def connect(self) -> bool:
        """Connects, and sends what is possible without blocking.

        :returns: False if too many clients wait to be accepted. Try again after CONNECT_INTERVAL
        """
        self._connection = self._place.connect()
        if self._connection is None:
            self._deadline.check_connect(self._place.path)
            self._check_given_up()
            return False
        with self._closing_on_error():
            left = self._deadline.milliseconds_left()
            if left is not None:
                self._exchange.set_timeout(left)
            self._send()
        return True

    def advance(self) -> Optional[Union[Item, Reply]]:
        """Sends and receives what is possible without blocking, and calls the functions of the options. After the
        reply the connection is kept for the next call.

        :returns: None if it has to be called again: at once if is_behind, else when the descriptor is ready. Also None
            if it was closed or interrupted: see is_closed
        :raises Error: if the call ended without a reply, or with an error reply
        """
        with self._closing_on_error():
            while True:
                message = self._exchange.next_message()
                if isinstance(message, Reply):
                    self._finish()
                if isinstance(message, (Item, Reply)):
                    return message
                if message is None:
                    break
                self._notify(message)
                if self.is_closed:
                    return None
            if not self._is_fresh:
                self._check_given_up()
                self._check_time()
            self._is_fresh = False
            self.is_behind = self._transfer()
            return None

    def close(self) -> None:
        """Ends the call. The event goes on. Nobody may wait for its descriptor: see interrupt()."""
        self.is_closed = True
        with self._connection_lock:
            connection, self._connection = self._connection, None
            if connection is not None:
                connection.close()

    def interrupt(self) -> None:
        """Ends the call while somebody may wait for its descriptor, who then has to close() it. The descriptor becomes
        ready. Any thread and any signal handler may call it."""
        self.is_closed = True
        with self._connection_lock:
            if self._connection is not None:
                try:
                    self._connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the service has closed it, so it is ready

    def client_closed_error(self) -> NoReplyError:
        """Returns the error of a call that ends because its client is closed."""
        return NoReplyError(no_reply_text(self._event, self._place.path, "the client was closed"))

    @contextmanager
    def _closing_on_error(self) -> Iterator[None]:
        try:
            yield
        except ReplyError:
            self._finish()
            raise
        except BaseException:
            self.close()
            raise

    def _notify(self, message: Union[Progress, Turn]) -> None:
        if isinstance(message, Turn):
            if self._options.on_turn is not None:
                self._options.on_turn(message)
        elif self._options.on_progress is not None:
            self._options.on_progress(message)

    def _check_given_up(self) -> None:
        if self._options.is_given_up is not None and self._options.is_given_up():
            raise GivenUpError(no_reply_text(self._event, self._place.path, "the caller has given up"))

    def _check_time(self) -> None:
        left = self._deadline.seconds_left()
        if left is not None and left <= 0:
            raise CallTimeoutError(no_reply_text(self._event, self._place.path, "the time is up"))

    def _transfer(self) -> bool:
        """Returns true if something has arrived."""
        self._send()
        if self._connection is None:
            raise RuntimeError("the call is over")
        try:
            data = self._connection.recv(self._MOST_RECEIVED)
        except BlockingIOError:
            return False
        except OSError as error:
            raise self._exchange.end(errno_text(error), error.errno) from error
        if not data:
            raise self._exchange.end()
        self._exchange.receive(data)
        return True

    def _send(self) -> None:
        while self._connection is not None and self._exchange.unsent:
            try:
                self._exchange.sent(self._connection.send(self._exchange.unsent, socket.MSG_NOSIGNAL))
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in (EPIPE, ECONNRESET):
                    reason = "the service closed the connection before it took the request"
                else:
                    reason = errno_text(error)
                self._exchange.fail_to_send(reason, error.errno)

    def _finish(self) -> None:
        with self._connection_lock:
            connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._exchange.is_reusable and not self.is_closed:
            self._place.idle.put(connection)
        else:
            connection.close()
