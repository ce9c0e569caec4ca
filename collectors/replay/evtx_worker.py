"""Reads chunks of event logs in a process of its own: what arrives on standard input as files goes out as JSON texts.

The reader in Rust can turn in a circle for ever where an offset within a chunk is damaged, and nothing inside a process can
stop it. So it lives where it can be ended (``evtx_reader``). This file is run by its path and imports nothing of Lictor.

In: the size of a file (u32, little endian) and the file. Out: frames of a size (u32, without the kind), a kind and a text;
the frame ``END`` closes each file.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

RECORD, REFUSED, UNREADABLE, GAVE_UP, END = b"r", b"b", b"u", b"g", b"e"
"""A record; one that the reader refuses; why the file cannot be read; why the reader stopped; nothing more."""

MOST_RECORDS = 65_536 // 24
"""More fit into no chunk."""
MOST_MEMORY = 2 << 30


def frames(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What is read of one file: kind and text, record by record."""
    from evtx import PyEvtxParser  # noqa: PLC0415 - named where it is missing

    try:
        records = PyEvtxParser(io.BytesIO(file)).records_json()
    except (RuntimeError, OSError, ValueError) as error:
        yield UNREADABLE, line(error)
        return
    for _ in range(MOST_RECORDS):
        try:
            record: Any = next(records)
        except StopIteration:
            return
        except (RuntimeError, OSError, ValueError):
            yield REFUSED, b""
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # what a failed assertion in Rust becomes
                raise
            yield GAVE_UP, line(error)
            return
        else:
            yield RECORD, record["data"].encode("utf-8", "surrogatepass")


def line(error: BaseException) -> bytes:
    """An error in one line."""
    return " ".join(str(error).split())[:200].encode("utf-8", "replace")


def serve(given: BinaryIO, out: BinaryIO) -> None:
    """File after file, until there is no more. Each frame is sent at once: what comes after it may never come."""
    while len(head := given.read(4)) == 4:
        for kind, text in frames(given.read(int.from_bytes(head, "little"))):
            _send(out, kind, text)
        _send(out, END, b"")


def _send(out: BinaryIO, kind: bytes, text: bytes) -> None:
    out.write(len(text).to_bytes(4, "little") + kind + text)
    out.flush()


def _bound_memory() -> None:
    """A chunk has 64 KiB; who needs gigabytes for it is ended."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - Windows has none

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


if __name__ == "__main__":
    _bound_memory()
    serve(sys.stdin.buffer, sys.stdout.buffer)
