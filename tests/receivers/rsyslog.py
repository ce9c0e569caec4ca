"""rsyslog, a real syslog daemon, on a port of its own; every message becomes one JSON line of what it understood."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

PROGRAM = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
MODULES = Path("/usr/lib/x86_64-linux-gnu/rsyslog")


def need(driver=None):
    """Skip the test where the daemon, or its driver for TLS, is not installed."""
    if not os.access(PROGRAM, os.X_OK):
        pytest.skip("no rsyslogd: apt-get install rsyslog")
    if driver and not list(Path("/usr/lib").glob(f"*/rsyslog/lmnsd_{driver}.so")):
        pytest.skip("rsyslog without TLS: apt-get install rsyslog-gnutls")


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


class Rsyslog:
    """``kind`` is tcp, udp or tls; ``ca``, ``cert`` and ``key`` are PEM files."""

    def __init__(self, folder, kind, ca="", cert="", key=""):
        need("gtls" if kind == "tls" else None)
        self.port = free_port(socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        self.out = folder / "received"
        self._config, self._pid = folder / "rsyslog.conf", folder / "rsyslog.pid"
        module, options = ("imudp", "") if kind == "udp" else ("imtcp", "")
        head = ""
        if kind == "tls":
            head = (
                f'global(DefaultNetstreamDriver="gtls" DefaultNetstreamDriverCAFile="{ca}"'
                f' DefaultNetstreamDriverCertFile="{cert}" DefaultNetstreamDriverKeyFile="{key}")\n'
            )
            options = ' StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"'
        # A direct queue: what was read is in the file, so that a kill loses what was not read and nothing else.
        self._config.write_text(
            f'{head}global(workDirectory="{folder}" maxMessageSize="128k")\nmain_queue(queue.type="Direct")\n'
            f'module(load="{module}"{options})\n'
            'template(name="seen" type="list" option.jsonf="on") {\n'
            + "".join(
                f'  property(outname="{n}" name="{p}" format="jsonf"{" dateFormat=" + chr(34) + "rfc3339" + chr(34) if n == "time" else ""})\n'
                for n, p in {
                    "msg": "msg", "host": "hostname", "app": "app-name", "msgid": "msgid", "sd": "structured-data",
                    "pri": "pri", "time": "timereported", "raw": "rawmsg",
                }.items()
            )
            + "}\n"
            f'input(type="{module}" port="{self.port}" address="127.0.0.1"{_framing(kind)})\n'
            f'action(type="omfile" file="{self.out}" template="seen" asyncWriting="off" flushOnTXEnd="on")\n'
        )  # fmt: skip
        self._process = None
        self.start()

    def start(self):
        self._process = subprocess.Popen(
            [PROGRAM, "-n", "-f", self._config, "-i", self._pid, "-C"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        if "imtcp" in self._config.read_text():
            self._wait_for_port()
        else:
            time.sleep(1)
        assert self._process.poll() is None, self._process.stderr.read()

    def _wait_for_port(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("rsyslogd does not listen")

    def freeze(self):
        """It takes nothing from its sockets any more, so that what is sent lies there unread."""
        self._process.send_signal(signal.SIGSTOP)

    def kill_soon(self, seconds=0.5):
        threading.Timer(seconds, self._process.send_signal, (signal.SIGKILL,)).start()

    def kill(self, number=signal.SIGKILL):
        self._process.send_signal(number)
        self._process.wait(20)
        self._process.stderr.close()
        self._pid.unlink(missing_ok=True)

    def stop(self):
        if self._process.poll() is None:
            self.kill(signal.SIGTERM)

    def received(self, count=0, seconds=20.0):
        """Messages so far, waiting until there are so many; half a line at the end, left by a kill, is none."""
        until = time.monotonic() + seconds
        while True:
            found = self._read()
            if len(found) >= count or time.monotonic() > until:
                return found
            time.sleep(0.05)

    def _read(self):
        lines = self.out.read_bytes().split(b"\n") if self.out.exists() else []
        seen = []
        for line in lines[:-1]:
            try:
                seen.append(json.loads(line))
            except ValueError:  # cut by a kill in the middle of a write
                continue
        return seen


def _framing(kind):
    return "" if kind == "udp" else ' supportOctetCountedFraming="on"'
