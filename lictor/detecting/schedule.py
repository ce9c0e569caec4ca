"""The service around passes: opens the lake, runs one or one every so often, and says what was found.

A pass that fails leaves its rows new and is tried again with the next; only the first one, and a single one, end the
command, since then somebody is there to read why.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pyarrow as pa

from lictor.detecting.choosing import Choice, choose
from lictor.detecting.config import DetectionConfig, read_config
from lictor.detecting.passing import FEED, Detecting, Passed, tables_of
from lictor.errors import DONE, FINDING, LictorError
from lictor.lake import open_lake, open_writer
from lictor.render import say
from pipeline.detect.interface import Detector
from pipeline.escape import visible
from pipeline.lake.errors import LakeError
from pipeline.lake.feed import Feed
from queries.hunting import hunts

EVERY_S = 60.0


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    lake: Path
    config: Path | None = None
    sigma: tuple[Path, ...] = ()
    once: bool = False
    every: float = EVERY_S
    from_now: bool = False


def choice_of(options: Options, report: Callable[[str], None] = say) -> Choice:
    """The detections that these options mean. Raises ``LictorError``."""
    config = read_config(options.config) if options.config else DetectionConfig()
    paths = (*config.sigma, *options.sigma)
    bundles = []
    if paths:
        from pipeline.sigma.bundle import BundleError, load  # noqa: PLC0415  # only where there are rules

        try:
            bundles = [load(p) for p in paths]
        except BundleError as error:
            raise LictorError(str(error)) from None
    return choose(hunts().values(), bundles, config, report)


def detect(options: Options, tell: Callable[[Sequence[dict[str, Any]]], None]) -> int:
    """Run passes until done or told to stop; the exit status. ``tell`` is given the findings of each pass."""
    stop = _Stop()
    choice = choice_of(options)
    if not choice.detectors:
        raise LictorError("no detection is on: switch one on in the file, or leave --config out")
    with opened(options.lake, choice.detectors, stop.asked, from_now=options.from_now) as detecting:
        left = detecting.settle()
        if left:
            say(f"{left} findings of a pass that was cut short are in the lake now")
        passed = _one(detecting, tell)
        if options.once:
            return FINDING if passed.findings or left else DONE
        say(f"looking every {options.every:g} s (Ctrl-C ends)")
        while not stop.asked():
            if stop.wait(options.every):
                break
            try:
                detecting.settle()  # a pass that failed behind its commit owes findings
                _one(detecting, tell)
            except LakeError as error:
                say(f"{error}; the rows stay new for the next pass")
    return DONE


@contextmanager
def opened(
    folder: Path, detectors: Sequence[Detector], stop: Callable[[], bool] = lambda: False, *, from_now: bool = False
) -> Iterator[Detecting]:
    """Passes of these detectors over a lake. Raises ``LakeError``, ``LictorError``."""
    lake, tables = open_lake(folder), tables_of(detectors)
    with (
        Feed(folder, FEED, tables, from_now=from_now, skip_damaged=True, report=say) as feed,
        open_writer(folder) as writer,
    ):

        def write(rows: pa.Table) -> None:
            writer.append("findings", rows)
            writer.sync()

        yield Detecting(feed, lake, detectors, write, stop)


def _one(detecting: Detecting, tell: Callable[[Sequence[dict[str, Any]]], None]) -> Passed:
    begin = time.monotonic()
    passed = detecting.run()
    tell(passed.findings)
    if passed.rows:
        took = time.monotonic() - begin
        say(f"{passed.rows} new rows, {len(passed.findings)} findings, {took:.1f} s")
    return passed


def line(finding: dict[str, Any]) -> str:
    """A finding for a person, in one line."""
    run = f" run {finding['agent_run']}" if finding["agent_run"] else ""
    when = finding["time"].isoformat() if finding["time"] else "-"
    return visible(f"{when} {finding['severity']} {finding['rule']}: {finding['title']}{run} ({finding['id']})")


class _Stop:
    """SIGINT and SIGTERM end the command behind the slice that is being looked at."""

    def __init__(self) -> None:
        self._event = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()

    def asked(self) -> bool:
        """Whether a signal came."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep until then or until a signal comes; whether one came."""
        return self._event.wait(seconds)
