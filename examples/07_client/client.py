#!/usr/bin/env python3
"""Asks running greeters (example 01): client.py NAME SOCKET...

A single greeter with a blocking call, several at the same time with asyncio. PYTHONPATH has clients/python unless the
package servicekit is installed.
"""

from __future__ import annotations

import asyncio
import sys
from typing import List

import servicekit
from servicekit.aio import AsyncClient


def ask(socket: str, name: str) -> None:
    print(servicekit.call(socket, "greet", {"name": name}, timeout=10)["text"])


async def ask_one_of_several(socket: str, name: str) -> None:
    async with AsyncClient(socket) as greeter:
        reply = await greeter.call("greet", {"name": name}, timeout=10)
        print(reply["text"])


async def ask_all(sockets: List[str], name: str) -> None:
    await asyncio.gather(*(ask_one_of_several(socket, name) for socket in sockets))


def main() -> None:
    if len(sys.argv) < 3:
        print("usage: client.py NAME SOCKET...", file=sys.stderr)
        sys.exit(64)
    name, *sockets = sys.argv[1:]
    try:
        if len(sockets) == 1:
            ask(sockets[0], name)
        else:
            asyncio.run(ask_all(sockets, name))
    except servicekit.Error as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
