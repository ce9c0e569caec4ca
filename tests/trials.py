"""How much of what takes long is tried: a sample in every run, another one each time, and all of it where that is asked for.

All of it takes seven minutes more: ``LICTOR_TRIALS=all make test``.
"""

from __future__ import annotations

import os
import random


def every() -> bool:
    """Whether all are wanted."""
    return os.environ.get("LICTOR_TRIALS") == "all"


def begin(stride: float = 1.0) -> float:
    """Where the sample begins, from 0 to ``stride``: another place in each run, the same with the same ``-p randomly`` seed."""
    return 0.0 if every() else random.random() * stride
