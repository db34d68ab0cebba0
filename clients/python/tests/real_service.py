"""Runs the services of the examples and of the integration tests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from typing import Dict, Optional

BIN_DIRECTORY = os.environ.get("SERVICEKIT_BIN_DIR", "")

needs_programs = unittest.skipUnless(BIN_DIRECTORY, "SERVICEKIT_BIN_DIR names no directory with the built programs")


class RealServiceTest(unittest.TestCase):
    """A test with services in a temporary directory."""

    def setUp(self) -> None:
        self.directory = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.directory)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("RUNTIME_DIRECTORY", "NOTIFY_SOCKET", "XDG_RUNTIME_DIR")
        }
        self.environment["SERVICEKIT_RECORDS"] = os.path.join(self.directory, "records")

    def start(self, program: str, config: Optional[Dict[str, object]] = None) -> str:
        """Starts a service, which the end of the test kills. Returns the path of its socket."""
        options = ["--run-directory", self.directory, "--log-file", os.path.join(self.directory, "log")]
        if config is not None:
            file = os.path.join(self.directory, program + ".json")
            with open(file, "w", encoding="utf-8") as out:
                json.dump({"app": config}, out)
            options += ["--config", file]
        self.run_program(program, "start", *options)
        self.addCleanup(self.run_program, program, "kill", *options, check=False)
        return os.path.join(self.directory, program + ".control")

    def run_program(self, program: str, *arguments: str, check: bool = True) -> str:
        command = [os.path.join(BIN_DIRECTORY, program), *arguments]
        done = subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60
        )
        output = done.stdout.decode()
        if check:
            self.assertEqual(done.returncode, 0, output)
        return output
