"""Texts that are put together here, under numbers of user space's own.

Numbers of texts are shared out: each processor gives out every n-th one, and user space is one more of them. A new epoch
begins above all numbers of the one before, so that whoever forgets "up to a number" forgets no text of the new one.
"""

from __future__ import annotations

from collectors.bcc.records import EPOCH_BITS
from collectors.kernel.strings import StringTable


class OwnTexts:
    """Gives numbers to texts; the same text has the same number within an epoch."""

    def __init__(self, strings: StringTable, processors: int) -> None:
        self._strings = strings
        self._processors = processors
        self._epoch = 1
        self._numbers: dict[str, int] = {}
        self._given = 0

    def begin(self, epoch: int) -> bool:
        """Whether an epoch is another than before; then all texts get new numbers."""
        if epoch == self._epoch:
            return False
        self._epoch = epoch
        self._numbers.clear()
        self._given = 0
        return True

    def number(self, text: str | None) -> int:
        """Number of a text; 0 for ``None``, and once an epoch's numbers are used up."""
        if text is None:
            return 0
        known = self._numbers.get(text)
        if known is not None:
            return known
        within = self._given * (self._processors + 1) + self._processors + 1
        if within >> EPOCH_BITS:
            return 0
        self._given += 1
        number = ((self._epoch - 1) << EPOCH_BITS) + within
        self._strings.keep(number, text)
        self._numbers[text] = number
        return number
