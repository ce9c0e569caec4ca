"""Events per second through a sink to a fast receiver on this machine: syslog over TLS, TCP and UDP, Splunk HEC, and others.

The payloads are ready JSON of about 600 bytes, so that what is measured is framing, packing and the network's code. The
receivers are processes of their own that read, unpack nothing and answer at once; those of syslog count what they read. Each figure is the median of several
runs with the slowest and the fastest beside it, and the machine's load while it ran.

    .venv/bin/python -m benchmarks.bench_export_sinks [--events 200000] [--runs 5]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import socket
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.export.sinks import rfc5424
from pipeline.export.sinks.catalog import open_sink
from pipeline.export.sinks.frames import wire
from pipeline.export.sinks.interface import Batch, Settings

PAYLOAD_BYTES = 600


def events(count: int) -> Batch:
    """So many events of one host."""
    numbers = range(count)
    paths = [f'"/home/dev/repo/src/module_{n % 997}/file_{n}.py"' for n in numbers]
    fixed = '"agent":"codex","operation":"file.read","verdict":"allow","exe":"/usr/bin/python3.11","user":"dev",'
    rest = json.dumps("".join(chr(97 + n * 7 % 26) for n in range(PAYLOAD_BYTES - 60 - len(fixed) - len(paths[-1]))))
    return Batch.of(
        "activity",
        pa.array([f'{{{fixed}"n":{n},"path":{p},"cmdline":{rest}}}' for n, p in zip(numbers, paths, strict=True)]),
        pa.array([f"2d088848-4352-4a84-ad11-eb5cb4b8afc6/ebpf/{n}/0/file" for n in numbers]),
        pa.array([1_790_000_000_000_000 + n for n in numbers], pa.timestamp("us")),
        pa.array(["informational"] * count), pa.array(["box"] * count), json=True,
    )  # fmt: skip


def swallow(listener: socket.socket, tls: tuple[str, str] | None, count: Any) -> None:
    """Reads every connection to its end, and counts the bytes."""
    context = None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
    buffer = bytearray(1 << 20)
    while True:
        connection, _ = listener.accept()
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stream = stack.enter_context(context.wrap_socket(connection, server_side=True) if context else connection)
            while size := stream.recv_into(buffer):
                count.value += size


def answer(listener: socket.socket, body: bytes) -> None:
    """An HTTP server for one client that reads requests and says the same to each."""
    said = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    while True:
        connection, _ = listener.accept()
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while length := body_length(stream):
                stream.read(length)
                connection.sendall(said)


def body_length(stream: Any) -> int:
    """Reads the head of a request; 0 at the end of the connection."""
    length = 0
    while (line := stream.readline()).strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return length


@contextlib.contextmanager
def served(target: Any, *arguments: Any) -> Iterator[int]:
    """A receiver in a process of its own; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    process = multiprocessing.get_context("fork").Process(target=target, args=(listener, *arguments), daemon=True)
    process.start()
    try:
        yield listener.getsockname()[1]
    finally:
        process.kill()
        process.join()
        listener.close()


def rates(url: str, batch: Batch, runs: int, settings: Settings) -> list[tuple[float, float]]:
    """Events per second of each run, and per second of this process's processor time; the first, which warms up, is left out."""
    found = []
    for _ in range(runs + 1):
        sink = open_sink(url, settings)
        begun, used = time.perf_counter(), time.process_time()
        for cut in batch.cuts(sink.limits.events, sink.limits.bytes):
            outcome = sink.send(batch.slice(*cut))
            if len(outcome.retry) or outcome.dead:
                sys.exit(f"{url}: {outcome.reason or outcome.dead[0]}")
        wall, processor = time.perf_counter() - begun, time.process_time() - used
        found.append((len(batch) / wall, len(batch) / processor))
        sink.close()
    return found[1:]


def show(name: str, found: list[tuple[float, float]]) -> None:
    walls, processors = zip(*found, strict=True)
    print(
        f"{name:26s} {statistics.median(walls):>9,.0f} events/s ({min(walls):,.0f} to {max(walls):,.0f})"
        f", {statistics.median(processors):>9,.0f} per processor second, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


def certificate(folder: Path) -> tuple[str, str, str]:
    """PEM files of an authority, a server's certificate for localhost, and its key."""
    import trustme  # noqa: PLC0415 - of the dev group

    authority = trustme.CA()
    made = authority.issue_cert("localhost", "127.0.0.1")
    names = [str(folder / n) for n in ("ca.pem", "server.pem", "server.key")]
    for part, name in zip((authority.cert_pem, made.cert_chain_pems[0], made.private_key_pem), names, strict=True):
        part.write_to_path(name)
    return names[0], names[1], names[2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    batch, runs = events(arguments.events), arguments.runs
    print(f"{len(batch):,} events of {batch.nbytes / len(batch):.0f} bytes, {runs} runs each")
    with tempfile.TemporaryDirectory() as folder:
        ca, cert, key = certificate(Path(folder))
        for name, files, settings in (("TLS", (cert, key), Settings({"ca": ca})), ("TCP", None, Settings())):
            count = multiprocessing.Value("q")
            with served(swallow, files, count) as port:
                show(f"syslog over {name}", rates(f"syslog+{name.lower()}://localhost:{port}", batch, runs, settings))
            wanted = (runs + 1) * len(wire(rfc5424.counted(rfc5424.messages(batch, rfc5424.Style()))))
            if count.value != wanted:
                sys.exit(f"syslog over {name}: {count.value} bytes arrived, and {wanted} were sent")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            show(
                "syslog over UDP", rates(f"syslog+udp://127.0.0.1:{receiver.getsockname()[1]}", batch, runs, Settings())
            )
        with served(answer, b'{"text":"Success","code":0}') as port:
            show(
                "Splunk HEC, gzip", rates(f"splunk+http://127.0.0.1:{port}", batch, runs, Settings({}, {"token": "t"}))
            )
        with served(answer, b'{"errors":false}') as port:
            show(
                "Elasticsearch _bulk, gzip", rates(f"elasticsearch+http://127.0.0.1:{port}/i", batch, runs, Settings())
            )
        with served(answer, b"") as port:
            show("OTLP logs, gzip", rates(f"otlp+http://127.0.0.1:{port}", batch, runs, Settings()))
            token = Settings({}, {"token": "t"})
            show("Sentinel, gzip", rates(f"sentinel+http://127.0.0.1:{port}?dcr=d&stream=s", batch, runs, token))
        show("file, fdatasync per batch", rates(f"file://{folder}/x?append=true", batch, runs, Settings()))


if __name__ == "__main__":
    main()
