"""Where the control socket of a service can be, if only its name is known."""

from __future__ import annotations

import os
import re
import stat
from errno import ENOENT
from typing import FrozenSet, Iterable, List, Optional, Tuple

from ._errors import ArgumentError, ConnectError, errno_text
from ._server import check_server, connect_at_once, peer_of, trusted_users

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


def find(name: str, *, users: Optional[Iterable[int]] = None) -> str:
    """Returns the path of the control socket of a running service.

    It looks into the default run directories of this process's user and of root, in the order of
    docs/reference/files.md. It ignores a directory that other users than the trusted ones can change. For a service in
    another place, pass the path of its socket to Client. If systemd holds the socket, this starts the service.

    :param name: of the service
    :param users: uids that may serve the socket, in addition to root. Default: the user of this process
    :raises ConnectError: if there is none
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ArgumentError(f"cannot find a service called {name!a}: this is not a name of a service")
    trusted = trusted_users(users)
    looked: List[str] = []
    for directory, is_private in run_directories(name):
        path = f"{directory}/{name}.control"
        try:
            _check_directory(directory, is_private, trusted)
            connection = connect_at_once(path)
            if connection is not None:
                with connection:
                    check_server(path, peer_of(connection), trusted)
            return path
        except FileNotFoundError:
            looked.append(f"'{path}'")
        except ConnectError as error:
            is_missing = error.errno == ENOENT
            looked.append(f"'{path}'" if is_missing else f"'{path}' ({error})")
        except OSError as error:
            looked.append(f"'{path}' ({errno_text(error)})")
    raise ConnectError(f"cannot find the service '{name}': looked at {', '.join(looked)}")


def run_directories(name: str) -> List[Tuple[str, bool]]:
    """Returns the directories, the likeliest first, and whether each must belong to this user alone."""
    user = os.geteuid()
    runtime = _directory_in("RUNTIME_DIRECTORY")
    session = _directory_in("XDG_RUNTIME_DIR")
    private = f"{_tidy(_directory_in('TMPDIR') or '/tmp')}/servicekit-{user}"
    found: List[Tuple[str, bool]] = []

    def add(path: str, is_private: bool = False) -> None:
        path = _tidy(path)
        if all(path != known for known, _ in found):
            found.append((path, is_private))

    def add_both(path: str) -> None:
        # A service manager makes the second one for RuntimeDirectory=NAME.
        add(path)
        add(f"{_tidy(path)}/{name}")

    if runtime:
        # systemd separates several ones by colons.
        add(runtime.split(":")[0])
    elif user == 0:
        add("/run")
    elif session:
        add(session)
    else:
        add(private, True)
    if user == 0:
        add_both("/run")
    if session:
        add_both(session)
    add_both(f"/run/user/{user}")
    add(private, True)
    add(f"/tmp/servicekit-{user}", True)
    add_both("/run")
    return found


def _directory_in(variable: str) -> Optional[str]:
    """A relative path counts as unset: a place must not depend on the working directory."""
    path = os.environ.get(variable, "")
    return path if path.startswith("/") else None


def _tidy(path: str) -> str:
    return path.rstrip("/") or "/"


def _check_directory(directory: str, is_private: bool, trusted: FrozenSet[int]) -> None:
    """
    :raises ConnectError: if another user can change the directory, and so lead the caller to another service by a link
    """
    found = os.lstat(directory) if is_private else os.stat(directory)
    if is_private:
        is_closed = found.st_uid == os.geteuid() and not found.st_mode & 0o077
    else:
        is_closed = (found.st_uid == 0 or found.st_uid in trusted) and not found.st_mode & 0o022
    if not stat.S_ISDIR(found.st_mode) or not is_closed:
        raise ConnectError("another user can change the directory")
