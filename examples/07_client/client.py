#!/usr/bin/env python3
"""Asks a running greeter (example 01): client.py NAME SOCKET"""
import json
import socket
import sys

name, path = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect(path)
    connection.sendall(json.dumps(["greet", {"name": name}]).encode())
    reply = json.loads(connection.makefile().readline())
if "error" in reply:
    sys.exit(reply["error"]["message"])
print(reply["text"])
