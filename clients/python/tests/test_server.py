import errno
import os
import socket
import tempfile
import unittest
from unittest import mock

from servicekit import ArgumentError, ConnectError, Peer, UntrustedServerError, _server
from servicekit._talk import Deadline


class CheckServerTest(unittest.TestCase):
    def test_root_and_the_trusted_users_may_serve(self) -> None:
        _server.check_server("/x", Peer(1, 0, 0), frozenset())
        _server.check_server("/x", Peer(1, 1000, 0), frozenset([1000]))

    def test_a_stranger_may_not(self) -> None:
        with self.assertRaisesRegex(UntrustedServerError, r"talk to '/x': it is served by uid 2000 \(pid 7\), who"):
            _server.check_server("/x", Peer(7, 2000, 0), frozenset([1000]))
        with self.assertRaisesRegex(UntrustedServerError, "served by an unknown user, who"):
            _server.check_server("/x", Peer(0, None, 0), frozenset([1000]))

    def test_users_are_numbers(self) -> None:
        self.assertEqual(_server.trusted_users([1, 2]), {1, 2})
        self.assertEqual(_server.trusted_users([]), set())
        self.assertEqual(_server.trusted_users(None), {os.geteuid()})
        for wrong in (-1, 0xFFFFFFFF, "root", True):
            with self.assertRaises(ArgumentError):
                _server.trusted_users([wrong])  # type: ignore[list-item]

    def test_the_overflow_user_is_trusted_only_if_all_users_are_mapped(self) -> None:
        with mock.patch.object(_server, "_overflow_id", return_value=4711), mock.patch.object(
            os, "geteuid", return_value=4711
        ):
            with mock.patch.object(_server, "_maps_all_users", return_value=True):
                self.assertEqual(_server.trusted_users(None), {4711})
            with mock.patch.object(_server, "_maps_all_users", return_value=False):
                self.assertEqual(_server.trusted_users(None), set())

    def test_the_map_of_users_is_read(self) -> None:
        for text, maps_all in (
            ("         0          0 4294967295\n", True),
            ("0 0 1000\n1000 1000 4294966295\n", True),
            ("0 1000 1\n", False),
            ("", False),
        ):
            with mock.patch("pathlib.Path.read_text", return_value=text):
                self.assertEqual(_server._maps_all_users(), maps_all, text)


class ConnectTest(unittest.TestCase):
    def setUp(self) -> None:
        self.directory = self.enter(tempfile.TemporaryDirectory())

    def enter(self, manager: "tempfile.TemporaryDirectory[str]") -> str:
        self.addCleanup(manager.cleanup)
        return manager.name

    def listen(self, path: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        here = os.open(os.path.dirname(path), os.O_PATH)
        self.addCleanup(os.close, here)
        listener.bind(f"/proc/self/fd/{here}/{os.path.basename(path)}")
        listener.listen()
        return listener

    def test_a_path_may_be_long(self) -> None:
        directory = self.directory
        for _ in range(4):
            directory = os.path.join(directory, "d" * 50)
            os.mkdir(directory)
        descriptors = len(os.listdir("/proc/self/fd"))
        with self.assertRaises(ConnectError):
            _server.connect_at_once(directory + "/x.control")
        self.assertEqual(len(os.listdir("/proc/self/fd")), descriptors)
        path = directory + "/y.control"
        self.listen(path)
        connection = _server.connect_at_once(path)
        assert connection is not None
        with connection:
            self.assertEqual(_server.peer_of(connection), Peer(os.getpid(), os.geteuid(), os.getegid()))

    def test_a_path_has_at_most_107_bytes_without_its_directory(self) -> None:
        for length in (107, 108):
            path = os.path.join(self.directory, "x" * (length - len(self.directory) - 1))
            self.assertEqual(len(path), length)
            self.listen(path)
            connection = _server.connect_at_once(path)
            assert connection is not None
            connection.close()

    def test_the_abstract_namespace_is_not_used(self) -> None:
        for path in ("", "\0x", "/run/x\0y", "\ud800"):
            with self.assertRaisesRegex(ConnectError, "Invalid argument"):
                _server.connect_at_once(path)

    def test_a_process_without_free_descriptors_gets_an_error_of_the_package(self) -> None:
        with mock.patch("socket.socket", side_effect=OSError(errno.EMFILE, "Too many open files")):
            with self.assertRaisesRegex(ConnectError, "cannot connect to '/x': Too many open files") as caught:
                _server.connect_at_once("/x")
        self.assertEqual(caught.exception.errno, errno.EMFILE)

    def test_a_full_queue_is_not_an_error(self) -> None:
        path = os.path.join(self.directory, "x")
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
            listener.bind(path)
            listener.listen(0)
            first.connect(path)
            self.assertIsNone(_server.connect_at_once(path))


class DeadlineTest(unittest.TestCase):
    def test_a_timeout_is_a_number(self) -> None:
        for wrong in (float("nan"), "1", True, [1]):
            with self.assertRaises(ArgumentError):
                Deadline(wrong)  # type: ignore[arg-type]

    def test_it_is_at_least_a_millisecond_and_at_most_a_hundred_years(self) -> None:
        for timeout, least, most in (
            (-1, 1, 1),
            (0, 1, 1),
            (1.5, 1000, 1500),
            (float("inf"), 10**12, 10**13),
            (10**400, 10**12, 10**13),
        ):
            left = Deadline(timeout).milliseconds_left()
            assert left is not None
            self.assertTrue(least <= left <= most, left)
        self.assertIsNone(Deadline(None).milliseconds_left())


if __name__ == "__main__":
    unittest.main()
