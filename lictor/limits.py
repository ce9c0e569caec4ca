"""What a source leaves undone, in the one line with which a run begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collectors.interface import Source


def limits(source: Source, *, enforced: bool) -> Iterator[str]:
    """One line where a source does not decide in the kernel, nothing where it does; ``enforced``: verdicts are carried out."""
    if source.inline:
        return
    acts = f"; verdicts are carried out {source.acts}" if enforced else ""
    yield f"source {source.name}: not seen are {source.misses}{acts}"
