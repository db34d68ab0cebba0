"""A process's thread that listens on a control socket, and answers with the test's script."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
import unittest
from dataclasses import dataclass
from typing import Callable, List, Optional, Union


@dataclass
class Piece:
    """Output, some time after the request or the previous piece."""

    text: Union[str, bytes] = ""
    after: float = 0.0
    then_close: bool = False


Script = Callable[[str], List[Piece]]


class FakeService:
    """Replies ``{}`` to each line unless the test sets another script."""

    def __init__(self, path: str, *, uid: Optional[int] = None, backlog: int = 32) -> None:
        self.path = path
        self.script: Script = lambda request: [Piece("{}\n")]
        self.requests: List[str] = []
        self.connections = 0
        self._open: List[socket.socket] = []
        self._threads: List[threading.Thread] = []
        self._is_over = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        if uid is not None:
            os.chmod(path, 0o666)
            os.seteuid(uid)
        try:
            self.listener.listen(backlog)
        finally:
            if uid is not None:
                os.seteuid(0)

    def start(self) -> FakeService:
        self._run(self._accept)
        return self

    def answer(self, *pieces: Union[Piece, str]) -> None:
        fixed = [piece if isinstance(piece, Piece) else Piece(piece) for piece in pieces]
        self.script = lambda request: fixed

    def hang_up(self) -> None:
        """Closes every connection. New ones are still accepted."""
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def stop(self) -> None:
        self._is_over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.hang_up()
        for thread in self._threads:
            thread.join(30)
            assert not thread.is_alive()
        self.listener.close()
        for connection in self._open:
            connection.close()

    def _run(self, function: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._run(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection.makefile("rb") as lines:
                for line in lines:
                    self.requests.append(line.decode().rstrip("\n"))
                    if not self._reply(connection, self.script(self.requests[-1])):
                        return
        except OSError:
            pass

    def _reply(self, connection: socket.socket, pieces: List[Piece]) -> bool:
        for piece in pieces:
            if piece.after and self._is_over.wait(piece.after):
                return False
            connection.sendall(piece.text.encode() if isinstance(piece.text, str) else piece.text)
            if piece.then_close:
                connection.shutdown(socket.SHUT_RDWR)
                return False
        return True


class FakeServiceTest(unittest.TestCase):
    """A test with a fake service."""

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.service = FakeService(os.path.join(self.directory, "fake.control")).start()
        self.addCleanup(self.service.stop)

    @property
    def path(self) -> str:
        return self.service.path


def error_line(code: str, message: str = "no", **fields: str) -> str:
    """Returns a line with an error reply."""
    import json

    return json.dumps({"error": {"code": code, "message": message, **fields}}) + "\n"
