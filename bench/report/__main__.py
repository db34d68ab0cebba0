"""Writes report.md and its plots: python3 -m report DIRECTORY, with what scripts/bench has left in the directory."""

from __future__ import annotations

import pathlib
import sys

from report.page import write_page

if len(sys.argv) != 2:
    print(__doc__, file=sys.stderr)
    sys.exit(64)
write_page(pathlib.Path(sys.argv[1]))
