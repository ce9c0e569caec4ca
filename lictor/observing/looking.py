"""What is looked up in the service once a second, rather than counted: how full, how many, how old.

Everything here is read in the thread that serves, so no part needs a lock for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lictor.observing.metrics import Reading

if TYPE_CHECKING:
    from collectors.interface import LiveCollector
    from enforcer.ladder import Ladder
    from lictor.inforce import PoliciesInForce
    from lictor.live import LiveRun
    from pipeline.lake.writer import LakeWriter


@dataclass(frozen=True)
class Looking:
    """The parts of one service that have something to be looked up."""

    collector: LiveCollector
    writer: LakeWriter
    ladder: Ladder
    policies: PoliciesInForce
    runs: Mapping[str, LiveRun]

    def read(self) -> Iterator[Reading]:
        """All of it now; what is closed by then has nothing to say."""
        for name, count in self.collector.received().items():
            yield Reading("lictor.events", (name,), count)
        for name, share in self.collector.fills().items():
            yield Reading("lictor.ring.utilization", (name,), share)
        yield Reading("lictor.holds", (), sum(1 for _ in self.ladder.holds))
        yield Reading("lictor.runs", (), len(self.runs))
        yield Reading("lictor.enforcement.paused", (), int(self.ladder.paused))
        yield Reading("lictor.policies", (), len(self.policies.policies))
        yield from self._lake()

    def _lake(self) -> Iterator[Reading]:
        state, now = self.writer.state(), time.monotonic()
        yield Reading("lictor.lake.log.io", (), state.written)
        if state.durable_at is not None:
            yield Reading("lictor.lake.durable.age", (), now - state.durable_at)
        yield Reading(
            "lictor.lake.unsynced.age", (), 0.0 if state.unsynced_since is None else now - state.unsynced_since
        )
        yield Reading("lictor.lake.seal.backlog", (), state.waiting)
