"""Runs the code in docs/client-python.md and in README.md."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import io
import os
import re
import unittest
from pathlib import Path
from typing import Any, Dict, List
from unittest import mock

import servicekit

from .real_service import RealServiceTest, needs_programs

PACKAGE = Path(__file__).parent.parent
PAGE = PACKAGE.parent.parent / "docs" / "client-python.md"


@needs_programs
class PagesTest(RealServiceTest):
    def setUp(self) -> None:
        super().setUp()
        for name in ("images", "copies"):
            os.mkdir(os.path.join(self.directory, name))
        with open(os.path.join(self.directory, "images", "one.ppm"), "wb") as image:
            image.write(b"P6\n4 2\n255\n" + bytes(24))
        config: Dict[str, object] = {"interval": 3600, "width": 2}
        for key, name in (("images", "images"), ("thumbnails", "small")):
            config[key] = os.path.join(self.directory, name)
        self.start("greeter")
        thumbnailer = self.start("thumbnailer", config)
        while servicekit.call(thumbnailer, "rescan", timeout=60).get("images") != 0:
            pass

    def run_blocks(self, page: Path) -> int:
        """Runs the blocks one after the other. A print() must print what the comment beside it shows."""
        blocks = re.findall(r"^```python\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        shown: List[str] = []
        namespace: Dict[str, Any] = {"servicekit": servicekit, "show": lambda done, total: shown.append("progress")}
        with mock.patch.dict(os.environ, {"RUNTIME_DIRECTORY": self.directory}):
            for block in blocks:
                expected = re.findall(r"print\(.*\)  # (.*)$", block, re.MULTILINE)
                block = block.replace('"/run/', f'"{self.directory}/').replace('"/b"', f'"{self.directory}/copies"')
                printed = io.StringIO()
                with self.subTest(block=block), contextlib.redirect_stdout(printed):
                    exec(compile(block, str(page), "exec"), namespace)
                    main = namespace.pop("main", None)
                    if inspect.iscoroutinefunction(main):
                        asyncio.run(main())
                self.assertEqual(printed.getvalue().splitlines(), expected)
        found = f"{self.directory}/greeter.control"
        self.assertEqual(namespace.get("path", found), found)
        return len(blocks)

    def test_the_readme(self) -> None:
        self.assertEqual(self.run_blocks(PACKAGE / "README.md"), 1)

    @unittest.skipUnless(PAGE.exists(), "the documentation is not here")
    def test_the_page(self) -> None:
        self.assertEqual(self.run_blocks(PAGE), 5)


@unittest.skipUnless(PAGE.exists(), "the documentation is not here")
class TableTest(unittest.TestCase):
    def test_the_page_lists_all_exceptions(self) -> None:
        rows = re.findall(r"^\| `(\w+Error|Error)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
        exceptions = [name for name in servicekit.__all__ if name.endswith("Error")]
        self.assertEqual(sorted(rows), sorted(exceptions))

    def test_the_page_lists_the_arguments_of_a_call(self) -> None:
        rows = re.findall(r"^\| `([a-z_]+)` \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
        arguments = inspect.signature(servicekit.Client.call).parameters
        self.assertEqual(sorted(rows), sorted(set(arguments) - {"self", "event", "arguments"}))


if __name__ == "__main__":
    unittest.main()
