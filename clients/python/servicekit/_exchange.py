"""One call without any input or output: bytes in, messages out."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Dict, Mapping, NamedTuple, Optional, Tuple, Union

from . import _json
from ._errors import ArgumentError, NoReplyError, ProtocolError, no_reply_text, reply_error, text_of

#: Allows any reply that a handler is likely to return.
LONGEST_LINE = 64 << 20

_white_space = re.compile(rb"[ \t\r\n]*")


class Progress(NamedTuple):
    """How far an event has come, as its handler reports it. The units are the handler's."""

    done: int = 0  #: as far as it is done
    total: int = 0  #: 0 if unknown
    message: str = ""  #: what the event does now, for people; may be empty


class Turn(NamedTuple):
    """The place of an event among all that the service was asked for."""

    has_come: bool = False  #: the event runs; False: it is queued
    id: int = 0  #: the number that ``cancel`` takes; 0 if the event has no number
    running: str = ""  #: the event that runs before a queued one; may be empty for an instant


@dataclass(frozen=True)
class Item:
    """An object that the event sends ahead of its reply."""

    fields: Dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """The last message of an exchange."""

    fields: Dict[str, Any]


Message = Union[Progress, Turn, Item, Reply]


@dataclass
class Wishes:
    """The options of a request."""

    progress: bool = False
    turns: bool = False
    items: bool = False
    wait: bool = False
    timeout_ms: Optional[int] = None

    def as_options(self) -> Dict[str, object]:
        """Returns them as the protocol names them, without those that are not set."""
        flags = {"progress": self.progress, "queue": self.turns, "stream": self.items}
        options: Dict[str, object] = {name: True for name, is_set in flags.items() if is_set}
        if self.timeout_ms is not None:
            whole = self.timeout_ms % 1000 == 0
            options["timeout"] = self.timeout_ms // 1000 if whole else self.timeout_ms / 1000
        if self.wait:
            options["wait"] = True
        return options


class Exchange:
    """One call, from its request to its outcome.

    Send ``unsent``, and report it by ``sent()``. Pass what arrives to ``receive()``, then take all messages from
    ``next_message()`` until it returns None.
    """

    def __init__(
        self,
        path: str,
        event: str,
        arguments: Optional[Mapping[str, object]] = None,
        wishes: Optional[Wishes] = None,
        longest_line: Optional[int] = None,
    ) -> None:
        """
        :param path: of the socket, for messages
        :param longest_line: limit of a line in bytes. Default: LONGEST_LINE
        :raises ArgumentError: if JSON cannot express the arguments
        """
        self._path = path
        self._event = event
        self._name, self._arguments = _encoded(event, {} if arguments is None else arguments)
        self._wishes = wishes or Wishes()
        self._longest_line = LONGEST_LINE if longest_line is None else longest_line
        self._unread = bytearray()
        self._searched = 0  # bytes of _unread that have no newline
        self._is_over = False
        self.unsent = memoryview(self._request())
        self._send_failure: Optional[NoReplyError] = None

    @property
    def is_reusable(self) -> bool:
        """True if the exchange is over and the connection can be used for another one."""
        return self._is_over and not self.unsent and self._send_failure is None and not self._unread.strip()

    def set_timeout(self, milliseconds: int) -> None:
        """Changes the timeout of a request of which nothing was sent yet."""
        self._wishes.timeout_ms = milliseconds
        self.unsent = memoryview(self._request())

    def sent(self, count: int) -> None:
        """Reports that this number of bytes of ``unsent`` was sent."""
        self.unsent = self.unsent[count:]

    def fail_to_send(self, reason: str, errno: Optional[int] = None) -> None:
        """Reports that the rest cannot be sent. The service may still have sent the reason."""
        self._send_failure = NoReplyError(no_reply_text(self._event, self._path, reason), errno)
        self.unsent = memoryview(b"")

    def receive(self, data: bytes) -> None:
        """Takes what has arrived."""
        self._unread += data

    def end(self, reason: str = "", errno: Optional[int] = None) -> NoReplyError:
        """Returns the error of a connection that has ended. An empty reason means that the service closed it."""
        if self._send_failure is not None:
            return self._send_failure
        if not reason:
            when = "within its reply" if self._unread.strip() else "without a reply"
            reason = f"the service closed the connection {when}"
        return NoReplyError(no_reply_text(self._event, self._path, reason), errno)

    def next_message(self) -> Optional[Message]:
        """Returns the next message; None if more bytes are needed. Messages that were not asked for are skipped.

        :raises ReplyError: if the service replied with an error
        :raises ProtocolError: if a line is not a message
        """
        while not self._is_over:
            line = self._next_line()
            if line is None:
                return None
            message = self._read(line)
            if message is not None:
                return message
        return None

    def _request(self) -> bytes:
        options = self._wishes.as_options()
        parts = [self._name]
        if options or self._arguments != b"{}":
            parts.append(self._arguments)
        if options:
            parts.append(_json.encode(options))
        return b"[" + b",".join(parts) + b"]\n"

    def _next_line(self) -> Optional[bytes]:
        if self._searched == 0:
            # The service sends spaces to keep a connection alive.
            spaces = _white_space.match(self._unread)
            del self._unread[: spaces.end() if spaces else 0]
        end = self._unread.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._unread)
            if self._searched > self._longest_line:
                raise self._unusable(f"it is longer than {self._longest_line} bytes")
            return None
        if end > self._longest_line:
            raise self._unusable(f"it is longer than {self._longest_line} bytes")
        line = bytes(self._unread[:end])
        del self._unread[: end + 1]
        self._searched = 0
        return line

    def _read(self, line: bytes) -> Optional[Message]:
        try:
            fields = _json.decode(line)
        except ValueError as fault:
            raise self._not_a_reply(line) from fault
        if not isinstance(fields, dict):
            raise self._not_a_reply(line)
        progress = _sole_member(fields, "progress")
        if progress is not None:
            return self._notice(progress)
        error = _sole_member(fields, "error")
        if error is None:
            self._is_over = True
            return Reply(fields)
        if self._withdraw_refused(error):
            self.unsent = memoryview(self._request())
            return None
        self._is_over = True
        raise reply_error(self._event, error)

    def _notice(self, progress: Dict[str, Any]) -> Optional[Message]:
        item = progress.get("item")
        if isinstance(item, dict):
            return Item(item) if self._wishes.items else None
        state = text_of(progress, "state")
        if state:
            turn = Turn(state == "running", _count_of(progress, "id"), text_of(progress, "running"))
            return turn if self._wishes.turns else None
        if not self._wishes.progress:
            return None
        return Progress(_count_of(progress, "done"), _count_of(progress, "total"), text_of(progress, "message"))

    def _withdraw_refused(self, error: Dict[str, Any]) -> bool:
        """Takes the options back that a service of an older version has refused. Returns whether there were any."""
        is_older_than_turns = self._wishes.turns and _is_unknown_option("queue", error)
        is_older_than_items = self._wishes.items and _is_unknown_option("stream", error)
        if is_older_than_turns:
            self._wishes.turns = False
        if is_older_than_turns or is_older_than_items:
            self._wishes.items = False
        return is_older_than_turns or is_older_than_items

    def _not_a_reply(self, line: bytes) -> ProtocolError:
        beginning = ascii(line[:40].decode("utf-8", "replace"))
        return self._unusable(f"received something else than a reply: {beginning}")

    def _unusable(self, reason: str) -> ProtocolError:
        self._unread.clear()
        return ProtocolError(no_reply_text(self._event, self._path, reason))


def _encoded(event: object, arguments: object) -> Tuple[bytes, bytes]:
    if not isinstance(event, str):
        raise ArgumentError(f"cannot ask for {event!a}: the name of an event is a string")
    if not isinstance(arguments, Mapping):
        raise ArgumentError(f"cannot ask for {event!a}: the arguments are not a mapping")
    try:
        name = _json.encode(event)
    except _json.NotJson as fault:
        raise ArgumentError(f"cannot ask for {event!a}: the name has no form in JSON: {fault}") from None
    try:
        return name, _json.encode(arguments)
    except _json.NotJson as fault:
        what = f"the argument '{fault.pointer}' has" if fault.pointer else "the arguments have"
        raise ArgumentError(f"cannot ask for '{event}': {what} no form in JSON: {fault}") from None


def _sole_member(fields: Dict[str, Any], name: str) -> Optional[Dict[str, Any]]:
    """Returns the object under this name if it is the only member. The keys that the protocol reserves are alone."""
    value = fields.get(name) if len(fields) == 1 else None
    return value if isinstance(value, dict) else None


def _count_of(fields: Dict[str, Any], key: str) -> int:
    value = fields.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return 0
    number = int(value)
    return number if 0 <= number < 1 << 64 else 0


def _is_unknown_option(option: str, error: Dict[str, Any]) -> bool:
    """Returns true if a service of an older version has refused an option. It has queued nothing then."""
    if text_of(error, "code") != "bad-argument" or text_of(error, "argument") != option:
        return False
    # It lists the options that it knows.
    known = text_of(error, "expected")
    return known.startswith("'progress'") and f"'{option}'" not in known
