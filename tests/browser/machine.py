"""Services in a directory of their own, and the `servicectl web` that shows them."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from typing import Callable, Dict, List

BIN_DIRECTORY = os.environ.get("SERVICEKIT_BIN_DIR", "")
TOKEN = "a-token-that-nobody-can-guess"
READ_TOKEN = "a-token-for-those-who-only-read"

PATIENCE = 60.0  # seconds; the machine may be slow


def wait_for(condition: Callable[[], object], what: str) -> object:
    """Waits until the condition returns something true, and returns it."""
    deadline = time.monotonic() + PATIENCE
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"timed out: {what}")
        time.sleep(0.05)


class Machine:
    """Nothing outside of its directory is changed, and its services are unknown to other programs."""

    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="browser-")
        self.run_directory = os.path.join(self.directory, "run")
        os.mkdir(self.run_directory, 0o700)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("RUNTIME_DIRECTORY", "NOTIFY_SOCKET", "TMPDIR")
        }
        self.environment["SERVICEKIT_RECORDS"] = os.path.join(self.directory, "records")
        self.environment["XDG_RUNTIME_DIR"] = self.run_directory
        self.ends: List[Callable[[], None]] = []

    def close(self) -> None:
        for end in reversed(self.ends):
            end()
        shutil.rmtree(self.directory)

    def file(self, name: str, text: str) -> str:
        path = os.path.join(self.directory, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def run(self, program: str, *arguments: str, check: bool = True) -> str:
        command = [os.path.join(BIN_DIRECTORY, program), *arguments]
        done = subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
        output = done.stdout.decode()
        if check and done.returncode != 0:
            raise AssertionError(f"{command} ended with {done.returncode}: {output}")
        return output

    def start(self, program: str, name: str, *options: str) -> None:
        """Starts a service in the background. The end of the machine kills it."""
        place = ["--name", name, "--run-directory", self.run_directory, "--log-file", self.log_of(name)]
        self.run(program, "start", *place, *options)
        self.ends.append(lambda: self.run(program, "kill", *place, check=False) and None)

    def log_of(self, name: str) -> str:
        return os.path.join(self.directory, name + ".log")

    def call(self, name: str, event: str, *arguments: str) -> str:
        return self.run("servicectl", "call", name, event, *arguments)

    def web(self, *options: str) -> str:
        """Starts `servicectl web` on a port of the loopback. Returns its address."""
        arguments = [
            os.path.join(BIN_DIRECTORY, "servicectl"),
            "web",
            "--listen=127.0.0.1:0",
            "--token-file=" + self.file("token", TOKEN + "\n"),
            "--read-token-file=" + self.file("read-token", READ_TOKEN + "\n"),
            *options,
        ]
        # Run by root it offers no actions by itself.
        if os.geteuid() == 0 and "--read-only" not in options:
            arguments.append("--allow-actions")
        process = subprocess.Popen(
            arguments, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        self.ends.append(lambda: end_of(process))
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"https?://[^\s,]+", line)
        if not found:
            raise AssertionError(f"servicectl web has no address: {line!r}")
        return found.group().rstrip("/")


def end_of(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        if process.stdout:
            process.stdout.close()


class HostileService:
    """A process that answers as a service would, with the same text in the place of every text."""

    def __init__(self, machine: Machine, name: str, text: str) -> None:
        self.text = text
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.path.join(machine.run_directory, name + ".control"))
        self.listener.listen(32)
        self.open: List[socket.socket] = []
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()
        machine.ends.append(self.stop)

    def stop(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        decoder = json.JSONDecoder()
        unread = ""
        try:
            while True:
                received = connection.recv(65536)
                if not received:
                    return
                unread = (unread + received.decode()).lstrip()
                while unread:
                    try:
                        request, end = decoder.raw_decode(unread)
                    except ValueError:
                        break
                    unread = unread[end:].lstrip()
                    options = request[2] if len(request) > 2 else {}
                    for reply in self.replies(request[0], options):
                        connection.sendall(json.dumps(reply).encode() + b"\n")
        except OSError:
            pass

    def replies(self, event: str, options: Dict[str, object]) -> List[object]:
        text = self.text
        if event == "status":
            return [{"state": text, "version": text, "uptime": 5, "pid": os.getpid(), text: text}]
        if event == "events":
            parameter = {"name": text, "type": text, "description": text, "default": text}
            declared = {"name": text, "description": text, "needs": text, "parameters": [parameter]}
            plain = {"name": "reply", "description": text, "needs": "operate", "parameters": [parameter]}
            return [{"events": [declared, plain]}]
        if event == "metrics":
            series = [{"labels": {"who": text}, "value": 1}]
            family = {"name": "visitors", "type": "gauge", "help": text, "series": series}
            return [{"metrics": [family]}]
        if event == "settings":
            setting = {"value": text, "origin": text}
            return [{"settings": {text: setting}, "app": {text: setting}}]
        if event == "log-level":
            return [{"level": text, "channels": {text: text}}]
        if event == "crashes":
            crash = {"time": text, "pid": 1, "signal": text, "reason": text, "file": text, "frames": 1, "whole": True}
            return [{"crashes": [crash]}]
        progress: List[object] = []
        if options.get("progress"):
            progress.append({"progress": {"done": 1, "total": 2, "message": text}})
        if options.get("stream"):
            progress.append({"progress": {"item": {text: text}}})
        if event == "fail":
            return [*progress, {"error": {"code": text, "message": text}}]
        return [*progress, {text: text, "also": [text]}]
