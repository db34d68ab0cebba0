"""Facts about the machine and the build, for the head of the page.

  python3 -m report.machine TREE >machine.json     TREE is the source tree
"""

from __future__ import annotations

import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
from typing import Dict, Sequence

_PEERS = ("redis-server", "haproxy", "libpoco-dev", "libdaemon-dev", "libspdlog-dev", "libboost-log-dev")


def facts(tree: str) -> Dict[str, str]:
    """Returns what is known, in the order of the page."""
    known = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _output("git", "-C", tree, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"),
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "virtual machine": "yes" if re.search(r"^flags.*\bhypervisor\b", _text("/proc/cpuinfo"), re.M) else "",
        "memory": _memory(),
        "kernel": platform.release(),
        "system": _field("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "compiler": _first_line(_output("g++", "--version")),
        "load before the run": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "packages of peers": ", ".join(filter(None, map(_package, _PEERS))),
    }
    return {what: text for what, text in known.items() if text}


def _text(path: str) -> str:
    try:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _field(path: str, pattern: str) -> str:
    found = re.search(pattern, _text(path), re.M)
    return found.group(1).strip() if found else ""


def _output(*command: str) -> str:
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _first_line(text: str) -> str:
    return text.split("\n", 1)[0]


def _processor() -> str:
    return _field("/proc/cpuinfo", r"^model name\s*: (.*)") or platform.processor() or platform.machine()


def _memory() -> str:
    kib = _field("/proc/meminfo", r"^MemTotal:\s*(\d+) kB")
    return f"{int(kib) / 2**20:.1f} GiB" if kib else ""


def _package(name: str) -> str:
    version = _output("dpkg-query", "--show", "--showformat=${Version}", name)
    return f"{name} {version}" if version else ""


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 64
    json.dump(facts(arguments[0]), sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
