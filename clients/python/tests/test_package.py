"""Builds the wheel, as `pip install ./clients/python` in docs/client-python.md does, and installs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import servicekit

PACKAGE = Path(__file__).parent.parent
TREE = PACKAGE.parent.parent
VERSION_HEADER = TREE / "include" / "servicekit" / "base" / "version.hpp"


@unittest.skipUnless(VERSION_HEADER.exists(), "the rest of servicekit is not here")
class TreeTest(unittest.TestCase):
    def test_the_version_is_that_of_the_library(self) -> None:
        version = re.search('library_version = "(.*)"', VERSION_HEADER.read_text())
        assert version is not None
        self.assertEqual(servicekit.__version__, version.group(1))

    def test_the_licence_is_that_of_the_library(self) -> None:
        self.assertEqual((PACKAGE / "LICENSE").read_bytes(), (TREE / "LICENSE").read_bytes())


class WheelTest(unittest.TestCase):
    def test_it_can_be_installed(self) -> None:
        tools = [sys.executable, "-c", "import setuptools.build_meta, wheel, pip"]
        # CTest runs the Python for which scripts/setup installs them.
        is_of_build = "SERVICEKIT_BIN_DIR" in os.environ
        if not is_of_build and subprocess.run(tools, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("this Python lacks pip, setuptools or wheel")
        directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, directory)
        source = directory / "source"
        shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns("__pycache__", ".mypy_cache"))
        offline = ["--no-index", "--no-deps", "--disable-pip-version-check", "-q"]

        def run(*command: object) -> str:
            done = subprocess.run(
                [str(word) for word in command],
                cwd=directory,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=240,
            )
            self.assertEqual(done.returncode, 0, done.stdout.decode())
            return done.stdout.decode().strip()

        run(sys.executable, "-m", "pip", "wheel", *offline, "--no-build-isolation", "-w", directory, source)
        wheel = directory / f"servicekit-{servicekit.__version__}-py3-none-any.whl"
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            metadata = archive.read(f"servicekit-{servicekit.__version__}.dist-info/METADATA").decode()
        modules = {f"servicekit/{file.name}" for file in (PACKAGE / "servicekit").iterdir() if file.is_file()}
        self.assertEqual({name for name in names if ".dist-info/" not in name}, modules)
        self.assertIn("servicekit/py.typed", names)
        self.assertTrue(any(name.endswith("LICENSE") for name in names))
        self.assertIn("License :: OSI Approved :: MIT License", metadata)
        self.assertIn("Requires-Python: >=3.9", metadata)
        self.assertIn("hello, you", metadata)

        python = directory / "venv" / "bin" / "python"
        run(sys.executable, "-m", "venv", "--without-pip", directory / "venv")
        run(sys.executable, "-m", "pip", "--python", python, "install", *offline, wheel)
        found = run(python, "-c", "import servicekit.aio as aio, servicekit as s; print(s.__version__, aio.__file__)")
        self.assertRegex(found, rf"^{re.escape(servicekit.__version__)} {re.escape(str(directory.resolve()))}/venv/")


if __name__ == "__main__":
    unittest.main()
