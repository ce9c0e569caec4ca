"""Syslog over UDP, TCP and TLS: RFC 5424 messages, counted in octets on streams (RFC 6587, RFC 5425).

On streams a batch counts when its connection came to a good end (``stream.py``), and it is sent once more where the
receiver is found dead right after it: it may have died with the batch in its memory. UDP promises nothing.
"""

from __future__ import annotations

import errno
import re
import socket
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.export.errors import ExportError
from pipeline.export.sinks import rfc5424, tls
from pipeline.export.sinks.address import Address, Options
from pipeline.export.sinks.frames import wire
from pipeline.export.sinks.interface import ACCEPTED, Batch, Limits, Outcome, Settings, again
from pipeline.export.sinks.stream import Stream

if TYPE_CHECKING:
    import pyarrow as pa

_PORTS = {"syslog+udp": 514, "syslog+tcp": 514, "syslog+tls": 6514}
_LARGEST_DATAGRAM = 65_507


class StreamSink:
    """Syslog over TCP or TLS."""

    limits = Limits(events=20_000, bytes=16 << 20)

    def __init__(self, stream: Stream, style: rfc5424.Style, *, counted: bool = True) -> None:
        self._stream = stream
        self._style = style
        self._frame = rfc5424.counted if counted else rfc5424.terminated
        self._last = memoryview(b"")
        self._doubtful = False

    def send(self, batch: Batch) -> Outcome:
        """Deliver the batch over a connection of its own."""
        data = wire(self._frame(rfc5424.messages(batch, self._style)))
        try:
            if self._doubtful:
                self._stream.deliver(self._last)
                self._doubtful = False
            self._stream.deliver(data)
        except OSError as error:
            self._doubtful = bool(self._last)
            return again(batch, tls.failure(error))
        self._last = data
        return ACCEPTED

    def close(self) -> None:
        """Nothing stays open between two batches."""


class DatagramSink:
    """Syslog over UDP (RFC 5426): one message a datagram. What the network or the receiver drops is not noticed."""

    limits = Limits(events=2_000, bytes=1 << 20)

    def __init__(self, host: str, port: int, style: rfc5424.Style, largest: int = _LARGEST_DATAGRAM) -> None:
        self._peer = host, port
        self._style = style
        self._largest = largest
        self._socket: socket.socket | None = None

    def send(self, batch: Batch) -> Outcome:
        """Send each message; a receiver that is known not to be there makes all of them come again."""
        dead: list[tuple[int, str]] = []
        try:
            self._send_all(rfc5424.messages(batch, self._style), dead)
        except OSError as error:
            self.close()
            return again(batch, tls.failure(error))
        return Outcome(dead=tuple(dead)) if dead else ACCEPTED

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send_all(self, messages: pa.Array, dead: list[tuple[int, str]]) -> None:
        sock = self._socket = self._socket or self._connected()
        offsets = np.frombuffer(messages.buffers()[1], np.int32)[messages.offset : messages.offset + len(messages) + 1]
        data, bounds = memoryview(messages.buffers()[2]), offsets.tolist()
        for position, (start, end) in enumerate(pairwise(bounds)):
            if end - start > self._largest:
                dead.append((position, f"the message is larger than a datagram of {self._largest} bytes"))
                continue
            try:
                sock.send(data[start:end])
            except OSError as error:
                if error.errno != errno.EMSGSIZE:
                    raise
                dead.append((position, f"{end - start} bytes are more than the network takes in a datagram"))

    def _connected(self) -> socket.socket:
        kind, protocol = socket.SOCK_DGRAM, 0
        family, *_, peer = socket.getaddrinfo(*self._peer, 0, kind, protocol)[0]
        sock = socket.socket(family, kind)
        # Connected, so that an ICMP refusal comes back as an error of the next send.
        sock.connect(peer)
        return sock


def open_sink(address: Address, settings: Settings) -> StreamSink | DatagramSink:
    """``syslog+udp://host:514``, ``syslog+tcp://host:514``, ``syslog+tls://host:6514``."""
    options = Options(address, settings.options, settings.secrets)
    host, port = address.host(_PORTS[address.scheme])
    style = _style(options)
    made: StreamSink | DatagramSink
    if address.scheme == "syslog+udp":
        made = DatagramSink(host, port, style, min(_LARGEST_DATAGRAM, options.size("largest", _LARGEST_DATAGRAM)))
    else:
        context = tls.context(options) if address.scheme == "syslog+tls" else None
        name = options.text("server_name") if context is not None else ""
        counted = options.choice("framing", ("octet-counting", "newline")) == "octet-counting"
        timeout = options.seconds("timeout", 30)
        stream = Stream(host, port, tls=context, server_name=name or None, timeout=timeout, clock=settings.clock)
        made = StreamSink(stream, style, counted=counted)
    options.done()
    return made


def _style(options: Options) -> rfc5424.Style:
    facility = options.text("facility", "local0")
    if facility not in rfc5424.FACILITIES:
        raise options.wrong("facility", facility, f"one of {', '.join(rfc5424.FACILITIES)}")
    tags = options.prefixed("tag.")
    bad = next((name for name in tags if not rfc5424.parameter_name(name)), None)
    if bad is not None:
        raise ExportError(
            f"option tag.{bad}: a name has at most 32 printable characters without space, '=', ']' and '\"'"
        )
    app = options.text("app", "lictor")
    if not re.fullmatch(r"[!-~]{1,48}", app):
        raise options.wrong("app", app, "1 to 48 printable characters without space")
    return rfc5424.Style(rfc5424.FACILITIES.index(facility), options.number("pen", rfc5424.EXAMPLE_PEN), app, tags)
