"""What a call raises. All of these derive from Error."""

from __future__ import annotations

import os
from typing import Any, Dict, Optional, Tuple


class Error(Exception):
    """A call that did not succeed."""


class ArgumentError(Error, ValueError):
    """JSON cannot express an argument of the call, or an option is out of range. Nothing was sent."""


class _ConnectionError(Error, ConnectionError):
    # `errno` is that of OSError: the cause, or None if there is none.

    def __init__(self, message: str, errno: Optional[int] = None) -> None:
        super().__init__(message)
        if errno is not None:
            self.errno = errno

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (str(self), self.errno)


class ConnectError(_ConnectionError):
    """There is no connection to the service. Nothing was sent.

    ``errno`` is the cause, for example ENOENT or ECONNREFUSED if the service does not run, or None.
    """


class UntrustedServerError(ConnectError):
    """Another user than the trusted ones serves the socket. Nothing was sent."""


class NoReplyError(_ConnectionError):
    """The connection ended without a reply, or the AsyncClient was closed. The event may have run, or may run later.

    ``errno`` is the cause, or None.
    """


class ProtocolError(NoReplyError):
    """What arrived is not a reply, or is too long. The event may have run."""


class GivenUpError(Error):
    """``is_given_up`` returned true. The event goes on."""


class CallTimeoutError(Error, TimeoutError):
    """The timeout of the call is over. The event may have run, or may run later."""


class ConnectTimeoutError(ConnectError, CallTimeoutError):
    """The timeout of the call is over, and the service has not accepted the connection. Nothing was sent."""


class ReplyError(Error):
    """The service replied with an error."""

    def __init__(self, fields: Dict[str, Any]) -> None:
        super().__init__(fields)
        #: The error object of the service, with ``code``, ``message`` and further fields.
        self.fields = fields

    @property
    def code(self) -> str:
        """A code of docs/protocol.md, such as ``event-not-found``, or one of the service's own."""
        return text_of(self.fields, "code") or "event-error"

    @property
    def message(self) -> str:
        """The message of the service, for people."""
        return text_of(self.fields, "message")

    def __str__(self) -> str:
        return self.message


class ReplyTimeoutError(ReplyError, CallTimeoutError):
    """The service replied that the timeout is over. If the event was still queued, it was dropped."""


def text_of(fields: Dict[str, Any], key: str) -> str:
    """Returns the string under this key; an empty one if there is none or it is not a string."""
    value = fields.get(key)
    return value if isinstance(value, str) else ""


def reply_error(event: str, fields: Dict[str, Any]) -> ReplyError:
    """Makes the exception for an error object."""
    fields = dict(fields)
    fields.setdefault("event", event)
    kind = ReplyTimeoutError if text_of(fields, "code") == "timeout" else ReplyError
    return kind(fields)


def no_reply_text(event: str, path: str, reason: str) -> str:
    """Returns the message of a call without a reply."""
    return f"cannot get a reply to '{event}' from '{path}': {reason}"


def errno_text(error: OSError) -> str:
    """Returns the reason of an error of the operating system."""
    return os.strerror(error.errno) if error.errno else str(error)
