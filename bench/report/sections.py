"""What the page says of each benchmark, and which columns and plots it has."""

from __future__ import annotations

import dataclasses
from typing import Sequence, Tuple

from report.markdown import Column


@dataclasses.dataclass(frozen=True)
class Table:
    key: str  # in the results
    columns: Sequence[Column]
    title: str = ""


@dataclasses.dataclass(frozen=True)
class Plot:
    """A bar for each row of the table."""

    file: str  # without .svg
    title: str
    table: str
    label: str
    value: str
    decimals: int = 0
    only: Tuple[str, str] = ("", "")  # the rows with this text in a column; all if empty
    group: str = ""  # rows with the same value in this column are a group; none if empty
    group_title: str = "{}"


@dataclasses.dataclass(frozen=True)
class Section:
    """`{NAME}` in its text is a setting of the run."""

    benchmark: str
    title: str
    text: str
    tables: Sequence[Table]
    plots: Sequence[Plot] = ()


SECTIONS = (
    Section(
        "control",
        "Requests over the control socket",
        """Each client sends a request over a unix socket and waits for the reply. The server runs on core
{server_core}, the clients on core {client_core}. The figures are medians of {rounds} alternating rounds of
{seconds} s. `CPU` is the processor time of all threads of the server. The ratios compare the requests a second of
the same round.

"As servicekit" is the bare server with a queue of 8 clients, so that an operator never waits behind many, and with
the credentials of each client read. The bare servers and those of Poco send the bytes of a status. They neither parse
nor check anything. The control thread answers `servicekit status`, a handler on the event thread `servicekit event`.
The line server is `examples/03_line_server`, whose status has three more fields. Redis replies with 7 bytes. HAProxy
closes the connection after each reply of its stats socket, so it has no persistent connections here.""",
        [
            Table(
                "requests",
                [
                    Column("connections", "connections"),
                    Column("clients", "clients"),
                    Column("server", "server"),
                    Column("requests_per_second", "requests/s"),
                    Column("cpu_microseconds", "CPU, µs a request", 1),
                    Column("to_bare", "to bare C", 2),
                    Column("to_bare_handed_over", "to bare C, handed over", 2),
                ],
            )
        ],
        [
            Plot(
                f"control-{style.replace(' ', '-')}",
                f"Requests a second, {title}; more is better",
                "requests",
                "server",
                "requests_per_second",
                only=("connections", style),
                group="clients",
                group_title="clients: {}",
            )
            for style, title in (
                ("persistent", "persistent connections"),
                ("one request each", "one connection for each request"),
            )
        ],
    ),
    Section(
        "scale",
        "Many events, many connections",
        """One client keeps its connection and asks, one request at a time, on core {client_core}; the server runs on
core {server_core}. The figures are medians of {rounds} rounds of {seconds} s. First, services with different numbers of
events, asked for the status and for the event that was declared last. Then one service with connections that have asked
once and stay open; the bytes are its memory (PSS) beyond that without them.""",
        [
            Table(
                "events",
                [
                    Column("events", "events"),
                    Column("status_per_second", "status/s"),
                    Column("event_per_second", "last event/s"),
                    Column("pss_kib", "PSS, KiB"),
                ],
            ),
            Table(
                "connections",
                [
                    Column("connections", "open connections"),
                    Column("status_per_second", "status/s"),
                    Column("pss_kib", "PSS, KiB"),
                    Column("bytes_per_connection", "bytes a connection"),
                ],
            ),
        ],
    ),
    Section(
        "start",
        "Start, stop and idling",
        """The time from exec(2) until the service is ready, and from SIGTERM until its process is gone. All runs on
core {core}. The figures are medians of {rounds} alternating rounds, and the ratios compare the times of the same
round. Then each service idles for {idle_seconds} s. PSS is its memory, with its part of what it shares with other
processes.

A start ends when the started process ends, because the service is ready then. The parent of Poco's
`ServerApplication` ends before that, so there the start ends when the daemon's socket takes a client. All programs
make a pidfile, a log file and a socket and handle signals. Only servicekit answers requests on its socket. `bare C with
the whole library` is the bare daemon in a program that has all of the library: what a program of such a size costs.
`bare C, as servicekit` also has the steps of a service, in a program of that size.""",
        [
            Table(
                "programs",
                [
                    Column("program", "program"),
                    Column("ready_milliseconds", "exec to ready, ms", 2),
                    Column("ready_to_bare", "to bare C", 2),
                    Column("gone_milliseconds", "TERM to gone, ms", 2),
                    Column("gone_to_bare", "to bare C", 2),
                    Column("pss_kib", "idle PSS, KiB"),
                    Column("threads", "threads"),
                    Column("wakeups_per_second", "idle wake-ups/s", 2),
                ],
            )
        ],
        [
            Plot(f"start-{name}", f"{title}; less is better", "programs", "program", value, decimals)
            for name, title, value, decimals in (
                ("ready", "From exec to ready, ms", "ready_milliseconds", 2),
                ("gone", "From TERM to gone, ms", "gone_milliseconds", 2),
                ("memory", "Memory when idle (PSS), KiB", "pss_kib", 0),
            )
        ],
    ),
    Section(
        "log",
        "A log line",
        """A line of about 120 bytes. The time of a line is the time of all {lines} lines until the last one is in
the kernel, divided by their number. The figures are medians of {rounds} alternating rounds. p50 and p99 are times
of a call. With "each line at once", a line is in the kernel when the call returns. The other rows write many lines
at a time.

spdlog calls getpid(2) for each line if its pattern has `%P`. The rows "no %P" have the pid as a text in the
pattern.""",
        [
            Table(
                "lines",
                [
                    Column("threads", "threads"),
                    Column("writer", "log"),
                    Column("line_nanoseconds", "ns a line"),
                    Column("lines_per_second", "lines/s"),
                    Column("cpu_nanoseconds", "CPU, ns a line"),
                    Column("p50_nanoseconds", "p50 of a call, ns"),
                    Column("p99_nanoseconds", "p99 of a call, ns"),
                ],
            ),
            Table(
                "calls below the level",
                [Column("writer", "log"), Column("call_nanoseconds", "ns a call", 1)],
                "A call below the level, with about 1 ns of the loop:",
            ),
        ],
        [
            Plot(
                "log",
                "Time of a log line, ns; less is better",
                "lines",
                "writer",
                "line_nanoseconds",
                group="threads",
                group_title="threads: {}",
            )
        ],
    ),
    Section(
        "fairness",
        "An operator while other users attack",
        """An operator asks for the status with a new connection each time, alone and while other users attack the
control socket. The server runs on core {server_core}, the operator and the attackers on core {client_core}. The
times are in ms, over {rounds} rounds of 1 s. "On core" is without the time that server and operator waited for
their cores.""",
        [
            Table(
                "attacks",
                [
                    Column("attack", "attack"),
                    Column("alone_p50", "p50 alone", 3),
                    Column("attacked_p50", "p50", 3),
                    Column("alone_p99", "p99 alone", 3),
                    Column("attacked_p99", "p99", 3),
                    Column("p99_ratio", "ratio", 1),
                    Column("alone_p99_on_core", "p99 alone, on core", 3),
                    Column("attacked_p99_on_core", "p99, on core", 3),
                    Column("p99_ratio_on_core", "ratio, on core", 1),
                    Column("in_vain", "not answered"),
                    Column("replies_per_second", "replies/s to attackers"),
                    Column("peak_mib", "peak MiB", 1),
                ],
            )
        ],
        [
            Plot(
                "fairness",
                "p99 of an operator's status while others attack, on core, ms; less is better",
                "attacks",
                "attack",
                "attacked_p99_on_core",
                3,
            )
        ],
    ),
    Section(
        "lisp",
        "A Lisp in the service",
        """The component `lisp` boots ECL at the first evaluation, and loads Swank for the first server of it. The
figures are medians of {rounds} rounds, each with a process of its own.""",
        [
            Table("costs", [Column("cost", "cost"), Column("value", "value", 1)]),
            Table(
                "evaluations",
                [
                    Column("p50_microseconds", "p50, µs"),
                    Column("p99_microseconds", "p99, µs"),
                    Column("count", "number"),
                ],
                "Evaluations over the socket, one at a time:",
            ),
        ],
    ),
    Section(
        "list",
        "A list of many services",
        """`servicectl list` with many services in one process, some of which never answer. It ends after its
deadline of 0.5 s if one hangs. The time is the median of {rounds} runs.""",
        [
            Table(
                "lists",
                [
                    Column("services", "services"),
                    Column("hung", "of which hang"),
                    Column("milliseconds", "time, ms"),
                ],
            )
        ],
    ),
    Section(
        "system-calls",
        "System calls of a request",
        """Counted by strace(1) for {requests} requests `{request}` of one client that keeps its connection.""",
        [
            Table(
                "calls",
                [
                    Column("call", "system call"),
                    Column("calls", "calls"),
                    Column("per_request", "for each request", 4),
                ],
            )
        ],
    ),
    Section(
        "compile-time",
        "Compilation",
        """User time in s to compile a file that includes `servicekit/service.hpp`, and one with the headers
`<string>`, `<functional>`, `<memory>` and `<chrono>`. The figures are medians of {rounds} alternating rounds.""",
        [
            Table(
                "compilers",
                [
                    Column("compiler", "compiler"),
                    Column("standard_seconds", "standard headers, s", 2),
                    Column("service_seconds", "service.hpp, s", 2),
                    Column("ratio", "ratio", 2),
                ],
            )
        ],
    ),
    Section(
        "micro",
        "Parts of the library",
        """Measured by Google Benchmark, in {rounds} repetitions that are mixed at random.""",
        [
            Table(
                "benchmarks",
                [Column("benchmark", "benchmark"), Column("time", "time", 2), Column("unit", "unit")],
            )
        ],
    ),
)
