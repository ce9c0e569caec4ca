"""What a source leaves undone, in the line with which a run begins, and why it was not a better one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collectors.sources import Choice


def limits(choice: Choice, *, enforced: bool) -> Iterator[str]:
    """One line where a source does not decide in the kernel, nothing where it does; ``enforced``: verdicts are carried out."""
    source = choice.source
    if source.inline:
        return
    acts = f"; verdicts are carried out {source.acts}" if enforced else ""
    yield f"source {source.name}: not seen are {source.misses}{acts}"
    for better, reason in choice.refused:
        yield f"  {better.name} would see more: {reason}"
