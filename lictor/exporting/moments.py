"""From which moment on: ``--since`` as ISO 8601, or as how long ago."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from lictor.errors import LictorError
from pipeline.export.sinks.address import span


def since(text: str | None, clock: Callable[[], float] = time.time) -> int | None:
    """The moment in microseconds since 1970, ``None`` for the beginning; raises ``LictorError``.

    ``clock`` tells seconds since 1970; a time without zone is UTC.
    """
    if text is None:
        return None
    try:
        return int((clock() - span(text)) * 1e6)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise LictorError(
            f"--since {text!a}: write a time such as 2026-09-21T14:00:00Z, or how long ago, such as 24h"
        ) from None
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1e6)
