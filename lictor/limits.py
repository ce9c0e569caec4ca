"""What a source leaves undone, in the one line with which a run begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collectors.interface import Source
    from lictor.service import Settings


def limits(source: Source, settings: Settings) -> Iterator[str]:
    """One line where a source does not decide in the kernel, nothing where it does."""
    if source.inline:
        return
    enforced = bool(settings.policies) and not settings.audit
    acts = f"; verdicts are carried out {source.acts}" if enforced else ""
    yield f"source {source.name}: not seen are {source.misses}{acts}"
