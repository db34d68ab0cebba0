"""Connections to a control socket, and who serves it."""

from __future__ import annotations

import os
import socket
import struct
from errno import EAGAIN, EINVAL
from functools import lru_cache
from pathlib import Path
from typing import FrozenSet, Iterable, NamedTuple, Optional, Union

from ._errors import ArgumentError, ConnectError, UntrustedServerError, errno_text

PathArgument = Union[str, "os.PathLike[str]"]

# Most bytes of a path in sockaddr_un, without the zero byte at its end.
_LONGEST_PATH = 107
_NO_ID = 0xFFFFFFFF
_USUAL_OVERFLOW_ID = 65534


class Peer(NamedTuple):
    """The process that listens on a control socket, as the kernel reports it."""

    pid: int  #: 0 if the process is in another pid namespace
    uid: Optional[int]  #: None if the kernel does not report the user
    gid: int


def connect_at_once(path: str) -> Optional[socket.socket]:
    """Connects without blocking. The socket that it returns does not block either.

    :returns: None if too many clients wait to be accepted
    :raises ConnectError: if nobody serves the socket
    """
    try:
        name = os.fsencode(path)
    except UnicodeEncodeError:
        name = b""
    # The kernel puts a name that starts with a zero byte into the abstract namespace.
    if not name or b"\0" in name:
        raise ConnectError(f"cannot connect to {path!a}: {os.strerror(EINVAL)}", EINVAL)
    try:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            _connect(connection, name)
        except BaseException:
            connection.close()
            raise
    except BlockingIOError:
        return None
    except OSError as error:
        raise ConnectError(f"cannot connect to '{path}': {errno_text(error)}", error.errno) from error
    return connection


def busy_error(path: str) -> ConnectError:
    """Returns the error of a connection that was not accepted for too long."""
    return ConnectError(f"cannot connect to '{path}': too many wait to be accepted", EAGAIN)


def _connect(connection: socket.socket, path: bytes) -> None:
    if len(path) <= _LONGEST_PATH:
        connection.connect(path)
        return
    directory = os.open(os.path.dirname(path) or b".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        connection.connect(b"/proc/self/fd/%d/%s" % (directory, os.path.basename(path)))
    finally:
        os.close(directory)


def peer_of(connection: socket.socket) -> Peer:
    """Returns the process that listened when the connection was made."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("iII"))
    pid, uid, gid = struct.unpack("iII", credentials)
    return Peer(pid, uid if _is_one_user(uid) else None, gid)


def trusted_users(users: Optional[Iterable[int]]) -> FrozenSet[int]:
    """Returns the users that may serve a socket, in addition to root. The default is the user of this process."""
    if users is None:
        own = os.geteuid()
        # If this user namespace maps several users to one number, this process cannot distinguish its own user from
        # them.
        return frozenset([own] if _is_one_user(own) else [])
    trusted = frozenset(users)
    for uid in trusted:
        if not isinstance(uid, int) or isinstance(uid, bool) or not 0 <= uid < _NO_ID:
            raise ArgumentError(f"cannot trust the user {uid!a}: it is not a uid")
    return trusted


def check_server(path: str, server: Peer, users: FrozenSet[int]) -> None:
    """
    :raises UntrustedServerError: if the server is neither root nor one of these users
    """
    if server.uid is not None and (server.uid == 0 or server.uid in users):
        return
    who = "an unknown user" if server.uid is None else f"uid {server.uid}"
    if server.pid > 0:
        who += f" (pid {server.pid})"
    raise UntrustedServerError(
        f"cannot talk to '{path}': it is served by {who}, who is neither root nor a user that this client trusts"
    )


def _is_one_user(uid: int) -> bool:
    """Returns false for the uid under which the kernel shows all users that the user namespace does not map."""
    if uid == _NO_ID:
        return False
    return uid == 0 or uid != _overflow_id() or _maps_all_users()


@lru_cache(maxsize=None)
def _overflow_id() -> int:
    try:
        return int(Path("/proc/sys/kernel/overflowuid").read_text())
    except (OSError, ValueError):
        return _USUAL_OVERFLOW_ID


def _maps_all_users() -> bool:
    try:
        ranges = Path("/proc/self/uid_map").read_text().splitlines()
    except FileNotFoundError:
        # A kernel without user namespaces has no such file.
        return Path("/proc/self/stat").exists()
    except OSError:
        return False
    # Each range is a line "inside outside count".
    return sum(int(line.split()[2]) for line in ranges) >= _NO_ID
