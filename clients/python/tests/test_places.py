import os
import unittest
from typing import List
from unittest import mock

from servicekit import ArgumentError, ConnectError, find
from servicekit._places import run_directories

from .fake_service import FakeService, FakeServiceTest


def directories(user: int, **environment: str) -> List[str]:
    with mock.patch.dict(os.environ, environment, clear=True), mock.patch.object(os, "geteuid", return_value=user):
        return [path for path, _ in run_directories("greeter")]


class RunDirectoriesTest(unittest.TestCase):
    """The order of possible_run_directories() in src/core/paths.cpp."""

    def test_those_of_root(self) -> None:
        self.assertEqual(
            directories(0),
            ["/run", "/run/greeter", "/run/user/0", "/run/user/0/greeter", "/tmp/servicekit-0"],
        )

    def test_those_of_a_user(self) -> None:
        self.assertEqual(
            directories(1000, XDG_RUNTIME_DIR="/run/user/1000/", TMPDIR="/var/tmp"),
            [
                "/run/user/1000",
                "/run/user/1000/greeter",
                "/var/tmp/servicekit-1000",
                "/tmp/servicekit-1000",
                "/run",
                "/run/greeter",
            ],
        )

    def test_those_of_a_user_without_a_session(self) -> None:
        self.assertEqual(
            directories(1000),
            ["/tmp/servicekit-1000", "/run/user/1000", "/run/user/1000/greeter", "/run", "/run/greeter"],
        )

    def test_the_first_runtime_directory_of_a_unit_comes_first(self) -> None:
        self.assertEqual(directories(0, RUNTIME_DIRECTORY="/run/a:/run/b")[0], "/run/a")

    def test_a_relative_path_counts_as_unset(self) -> None:
        self.assertEqual(directories(0, RUNTIME_DIRECTORY="a", XDG_RUNTIME_DIR="b", TMPDIR="c"), directories(0))


class FindTest(FakeServiceTest):
    def find(self, name: str = "fake") -> str:
        places = [("/nowhere", False), (self.directory, False)]
        with mock.patch("servicekit._places.run_directories", return_value=places):
            return find(name)

    def test_the_first_socket_that_is_served_is_found(self) -> None:
        self.assertEqual(self.find(), self.path)

    def test_the_places_are_listed_if_there_is_none(self) -> None:
        with self.assertRaisesRegex(
            ConnectError, f"cannot find the service 'x': looked at '/nowhere/x.control', '{self.directory}/x.control'$"
        ):
            self.find("x")

    def test_a_socket_that_nobody_serves_does_not_count(self) -> None:
        dead = FakeService(os.path.join(self.directory, "dead.control"))
        dead.listener.close()
        with self.assertRaisesRegex(ConnectError, r"dead.control' \(.*Connection refused"):
            self.find("dead")

    def test_a_directory_that_others_can_change_does_not_count(self) -> None:
        os.chmod(self.directory, 0o777)
        with self.assertRaisesRegex(ConnectError, "another user can change the directory"):
            self.find()

    def test_a_private_directory_is_closed_to_all_others(self) -> None:
        link = self.directory + "-link"
        os.symlink(self.directory, link)
        self.addCleanup(os.remove, link)
        for directory, mode, is_found in (
            (self.directory, 0o700, True),
            (self.directory, 0o750, False),
            (link, 0o700, False),
        ):
            os.chmod(self.directory, mode)
            with mock.patch("servicekit._places.run_directories", return_value=[(directory, True)]):
                if is_found:
                    self.assertEqual(find("fake"), self.path)
                else:
                    with self.assertRaisesRegex(ConnectError, "another user can change the directory"):
                        find("fake")

    def test_a_name_is_not_a_path(self) -> None:
        for wrong in ("", ".", "..", "../x", "a/b", ".hidden", "x" * 65, "a\n", "ä"):
            with self.assertRaises(ArgumentError):
                find(wrong)


if __name__ == "__main__":
    unittest.main()
