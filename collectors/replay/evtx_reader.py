"""The reader of event logs at arm's length: a worker that is ended when it does not come back from a chunk in time.

One worker serves many chunks. A chunk that it is ended for, or that ends it, costs the records that it had not sent yet,
and says so; the next chunk gets a new worker.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress

from collectors.replay import evtx_worker

PATIENCE_S = 5.0
"""How long a chunk may take; an ordinary one takes some milliseconds."""


class Reader:
    """Reads files of one chunk each; closed when nobody needs it any more."""

    def __init__(self) -> None:
        self._worker: subprocess.Popen[bytes] | None = None

    def frames(self, file: bytes) -> Iterator[tuple[bytes, str]]:
        """What the worker says of a file: kind (``evtx_worker``) and text, without the last frame."""
        worker = self._running()
        late = threading.Event()
        timer = threading.Timer(PATIENCE_S, _end, (worker, late))
        timer.daemon = True
        timer.start()
        whole = False
        try:
            whole = yield from _exchange(worker, file)
        finally:
            timer.cancel()
            timer.join()
            if not whole or late.is_set():
                self.close()
        if not whole:
            why = f"did not come back within {PATIENCE_S:g} s" if late.is_set() else f"ended ({worker.returncode})"
            yield evtx_worker.GAVE_UP, f"the reader {why}"

    def close(self) -> None:
        """End the worker; safe to call twice."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        worker.kill()
        for pipe in (worker.stdin, worker.stdout):
            with suppress(OSError):  # what was not sent any more
                if pipe is not None:
                    pipe.close()
        worker.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._worker is None:
            self._worker = subprocess.Popen(
                [sys.executable, "-P", evtx_worker.__file__],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        return self._worker


def _end(worker: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    worker.kill()


def _exchange(worker: subprocess.Popen[bytes], file: bytes) -> Generator[tuple[bytes, str], None, bool]:
    """Frames of the worker; returns whether all came."""
    given, out = worker.stdin, worker.stdout
    if given is None or out is None:
        return False
    try:
        given.write(len(file).to_bytes(4, "little") + file)
        given.flush()
    except OSError:  # it has ended
        return False
    while len(head := out.read(5)) == 5:
        if head[4:] == evtx_worker.END:
            return True
        text = out.read(size := int.from_bytes(head[:4], "little"))
        if len(text) < size:
            return False
        yield head[4:], text.decode("utf-8", "surrogatepass")
    return False
