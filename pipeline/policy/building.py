"""For what is built at once from many small parts and lives on: no search for garbage meanwhile.

The collector goes over all young objects each time that some hundreds more have come, and finds nothing: of a policy with
5,000 rules it would take a fifth of the time that passes until the policy is in force.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def building() -> Iterator[None]:
    """Within, or in a function that this decorates, reference counts alone free memory."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
