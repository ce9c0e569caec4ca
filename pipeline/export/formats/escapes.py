"""How characters of a value are kept from meaning something in the text around it.

Each text format has one ``Escape``: replacements that no value goes round. They work on whole arrays of distinct
values: a look at the bytes finds the few values that need anything, and only these are rewritten.

Line breaks are more than LF: receivers split at NEL, LS and PS too (``str.splitlines`` does), terminals act on C0
and C1 controls, and bidirectional controls show a text in another order than it is in. None of them leaves raw.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_SEPARATORS = (0x2028, 0x2029)
_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))

HIDDEN: tuple[tuple[str, str], ...] = tuple(
    (chr(c), f"\\u{c:04x}") for c in (*_CONTROLS, *_SEPARATORS, *_BIDIRECTIONAL)
)
"""Every character that never leaves raw, with the form in which it leaves (that of JSON)."""


_NO_ROWS = np.empty(0, np.int64)
_HIDDEN_BEYOND_ASCII = r"[\x{80}-\x{9f}\x{61c}\x{200e}\x{200f}\x{2028}-\x{202e}\x{2066}-\x{2069}]"


@dataclass(frozen=True)
class Escape:
    """Replacements, done one after another: characters that bear meaning in the format first, hidden ones after."""

    special: tuple[tuple[str, str], ...]
    hidden: tuple[tuple[str, str], ...] = HIDDEN

    def __call__(self, values: pa.Array) -> pa.Array:
        """The values (``string``) with every such character replaced; NULL stays NULL."""
        rows = self._rows_to_rewrite(values)
        if not len(rows):
            return values
        chosen = values.take(pa.array(rows))
        for raw, written in self._occurring(chosen):
            chosen = pc.replace_substring(chosen, raw, written)
        mask = np.zeros(len(values), bool)
        mask[rows] = True
        return pc.replace_with_mask(values, mask, chosen)

    def _occurring(self, values: pa.Array) -> list[tuple[str, str]]:
        """The replacements that have something to do, as far as a cheap look can tell."""
        seen = np.zeros(256, bool)
        seen[np.frombuffer(values.buffers()[2] or b"", np.uint8)] = True
        plain = [(r, w) for r, w in (*self.special, *self.hidden) if r.isascii() and seen[ord(r)]]
        if seen[0x80:].any() and pc.any(pc.match_substring_regex(values, _HIDDEN_BEYOND_ASCII)).as_py():
            plain += [(r, w) for r, w in self.hidden if not r.isascii()]
        return plain

    @cached_property
    def _first_bytes(self) -> npt.NDArray[np.bool_]:
        """For each byte whether a replaced character begins with it in UTF-8."""
        table = np.zeros(256, bool)
        table[[raw.encode()[0] for raw, _ in (*self.special, *self.hidden)]] = True
        return table

    def _rows_to_rewrite(self, values: pa.Array) -> npt.NDArray[np.int64]:
        """Positions of the values that may hold such a character."""
        _, offsets, data = values.buffers()
        if data is None or not len(values):
            return _NO_ROWS
        bounds = np.frombuffer(offsets, np.int32)[values.offset : values.offset + len(values) + 1]
        flags = self._first_bytes[np.frombuffer(data, np.uint8)[bounds[0] : bounds[-1]]]
        if not flags.any():
            return _NO_ROWS
        found = np.flatnonzero(flags)
        return np.unique(np.searchsorted(bounds, found + bounds[0], side="right") - 1)


def valid(values: pa.Array) -> pa.Array:
    """The values as valid UTF-8: what is none becomes U+FFFD, as wherever such bytes are shown."""
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        raw = values.cast(pa.binary()).to_pylist()
        return pa.array([v if v is None else v.decode("utf-8", "replace") for v in raw], pa.string())
    return values


JSON = Escape((("\\", "\\\\"), ('"', '\\"')))
"""RFC 8259 §7. Hidden characters leave as ``\\uXXXX``, which every JSON reader turns back."""
