"""Talks to services that use servicekit, over their control sockets.

::

    import servicekit

    reply = servicekit.call("/run/greeter.control", "greet", {"name": "you"}, timeout=10)
    print(reply["text"])

``servicekit.aio`` has a client for asyncio.
"""

from ._client import Client, Stream, call
from ._errors import (
    ArgumentError,
    CallTimeoutError,
    ConnectError,
    ConnectTimeoutError,
    Error,
    GivenUpError,
    NoReplyError,
    ProtocolError,
    ReplyError,
    ReplyTimeoutError,
    UntrustedServerError,
)
from ._exchange import Progress, Turn
from ._places import find
from ._server import Peer
from ._version import version as __version__

__all__ = [
    "ArgumentError",
    "CallTimeoutError",
    "Client",
    "ConnectError",
    "ConnectTimeoutError",
    "Error",
    "GivenUpError",
    "NoReplyError",
    "Peer",
    "Progress",
    "ProtocolError",
    "ReplyError",
    "ReplyTimeoutError",
    "Stream",
    "Turn",
    "UntrustedServerError",
    "__version__",
    "call",
    "find",
]
