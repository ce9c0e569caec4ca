"""A BPF ring buffer as an array: the mapped pages read with numpy, no callback per record.

The kernel maps the data pages twice in a row, so what lies between consumer and producer
is one contiguous piece, also around the end. All records of a ring have one stride, so the
piece is an array; a record that is still being written has a busy bit in its length and
ends what can be taken. One copy into a buffer of our own, then the consumer position moves.
"""

from __future__ import annotations

import mmap

import numpy as np
from numpy.typing import NDArray

from collectors.kernel.records import STRIDE

_BUSY = np.uint32(1 << 31)
PAGE = mmap.PAGESIZE


class Ring:
    """Consumer of one ring buffer map of fixed-stride records."""

    def __init__(self, fd: int, size: int, room: int = 1 << 16) -> None:
        """Map ring ``fd`` of ``size`` data bytes (a power of two); take at most ``room`` records at a time."""
        self.size = size
        self._peak = 0
        self._consumer_page = mmap.mmap(fd, PAGE, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE, offset=0)
        self._producer_pages = mmap.mmap(fd, PAGE + 2 * size, mmap.MAP_SHARED, mmap.PROT_READ, offset=PAGE)
        self._consumer: NDArray[np.uint64] = np.frombuffer(self._consumer_page, np.uint64, 1)
        self._producer: NDArray[np.uint64] = np.frombuffer(self._producer_pages, np.uint64, 1)
        self._records: NDArray[np.uint8] = np.frombuffer(self._producer_pages, np.uint8, 2 * size, offset=PAGE).reshape(
            -1, STRIDE
        )
        self._lengths: NDArray[np.uint32] = self._records.view(np.uint32)[:, 0]
        # Filled once here: the first touch of fresh memory costs more than the copy itself.
        self._buffer: NDArray[np.uint8] = np.zeros((min(room, size // STRIDE), STRIDE), np.uint8)

    def waiting(self) -> int:
        """Records between consumer and producer, finished or not."""
        return int(self._producer[0] - self._consumer[0]) // STRIDE

    @property
    def end(self) -> int:
        """Position behind the last record that there is now."""
        return int(self._producer[0])

    def has_passed(self, position: int) -> bool:
        """Whether everything before a position has been drained."""
        return int(self._consumer[0]) >= position

    def drain(self) -> NDArray[np.uint8]:
        """Finished records, oldest first, shape (n, 128), uint8; valid until the next call.

        Reading the producer position first and the records after it is enough on x86-64,
        which keeps the order of loads; the busy bit covers records reserved and not filled.
        """
        begin = int(self._consumer[0])
        waiting = (int(self._producer[0]) - begin) // STRIDE
        self._peak = max(self._peak, waiting)
        count = min(waiting, len(self._buffer))
        if count == 0:
            return self._buffer[:0]
        first = begin % self.size // STRIDE
        busy = (self._lengths[first : first + count] & _BUSY) != 0
        if busy.any():
            count = int(busy.argmax())
        taken = self._buffer[:count]
        np.copyto(taken, self._records[first : first + count])
        self._consumer[0] = begin + count * STRIDE
        return taken

    def take_peak(self) -> float:
        """The ring at its fullest, as a drain found it since the last call: a share of its size."""
        peak, self._peak = self._peak, 0
        return peak * STRIDE / self.size

    def close(self) -> None:
        """Unmap; the arrays are gone after this."""
        self._consumer = self._producer = np.zeros(1, np.uint64)
        self._lengths = np.zeros(0, np.uint32)
        self._records = np.zeros((0, STRIDE), np.uint8)
        self._consumer_page.close()
        self._producer_pages.close()
