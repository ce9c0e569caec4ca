"""The service that finds agents: those that run already, and each one as it starts.

The sensor tells of every exec on the machine; what looks like an agent becomes a run. By
then it may have created processes, so its descendants are tagged too, again and again until
a look at the process table finds no new one.
"""

from __future__ import annotations

import shlex
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

from collectors.interface import Candidate, CollectorError
from collectors.signatures import identify
from collectors.sources import AUTO
from lictor.alerts.config import read_alerts
from lictor.context import UNKNOWN
from lictor.errors import LictorError
from lictor.live import LiveRun
from lictor.observing.choosing import observer
from lictor.processes import in_run_group, process_key, program_of
from lictor.running import say
from lictor.service import Service, Settings
from lictor.system import here
from pipeline.policy.compile import RunContext
from pipeline.policy.load import PolicyError, read_policies

LOOK_S = 1.0
"""How often it is looked whether a run has ended."""

_PASSES = 20


@dataclass(frozen=True)
class Options:
    """What the command line said."""

    policies: Sequence[Path]
    lake: Path
    audit: bool = False
    dry_run: bool = False
    alerts: Path | None = None
    telemetry: str | None = None
    source: str = AUTO


def watch(options: Options, stop: Callable[[], bool] | None = None, report: Callable[[str], None] = say) -> int:
    """Observe every agent until ``stop``, without one until a signal says so; the exit status."""
    ends = " (Ctrl-C ends)" if stop is None else ""
    stop = _Stop().asked if stop is None else stop
    watcher = Watcher(options, report)
    with watcher.open():
        watcher.find_running()
        report(f"watching; rows go to {options.lake}{ends}")
        watcher.service.serve(stop, watcher.look)
        watcher.end_all()
    return 0


class _Stop:
    """SIGINT and SIGTERM end the watch; runs go on, unobserved from then, and their rows say when."""

    def __init__(self) -> None:
        self._asked = False
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):  # the last is Ctrl-Break, of Windows
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True

    def asked(self) -> bool:
        """Whether a signal came."""
        return self._asked


class Watcher:
    """Turns agents into runs."""

    def __init__(self, options: Options, report: Callable[[str], None] = say) -> None:
        settings = Settings(
            options.lake, read_policies(options.policies), audit=options.audit, dry_run=options.dry_run, fail="open",
            alerts=None if options.alerts is None else read_alerts(options.alerts),
            observer=observer(options.telemetry, options.lake), source=options.source,
        )  # fmt: skip
        self.service = Service(settings, report=report, on_candidates=self.consider)
        self._next_look = 0.0

    @contextmanager
    def open(self) -> Iterator[None]:
        """The service, attached while the block runs."""
        self.service.open()
        try:
            yield
        finally:
            self.service.close()

    def find_running(self) -> None:
        """Agents that were there before."""
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):  # it has ended meanwhile, or may not be looked at
                found = Candidate(process.pid, process_key(process.pid), program_of(process.pid), process.cmdline())
                self.consider([found])

    def consider(self, candidates: Sequence[Candidate]) -> None:
        """Begin a run for each candidate that is an agent and belongs to no run yet."""
        for candidate in candidates:
            agent = identify(candidate.exe, candidate.argv)
            if agent is None or self.service.collector.tagged(candidate.pid) or in_run_group(candidate.pid):
                continue
            with suppress(psutil.Error, OSError):  # it may have ended meanwhile
                if process_key(candidate.pid) == candidate.process_key:
                    self._begin(candidate, agent)

    def _begin(self, candidate: Candidate, agent: str) -> None:
        context, uid = _context(candidate.pid, agent)
        try:
            live = self.service.begin(candidate.pid, context, shlex.join(candidate.argv), uid=uid, running=True)
        except (PolicyError, CollectorError, LictorError) as error:
            self.service.report(f"{agent} (pid {candidate.pid}) is not observed: {error}")
            return
        others = self._tag_descendants(live)
        self.service.enforcement.prepare(live)
        self.service.report(f"found {agent} (pid {candidate.pid}, {others} more processes): run {live.id}")

    def _tag_descendants(self, live: LiveRun) -> int:
        """Tag what the root has created before its tag; how many."""
        tagged = 0
        for _ in range(_PASSES):
            fresh = 0
            with suppress(psutil.Error):
                for child in psutil.Process(live.root_pid).children(recursive=True):
                    if not self.service.collector.tagged(child.pid):
                        with suppress(CollectorError):
                            self.service.tag(live, child.pid, running=True)
                            fresh += 1
            tagged += fresh
            if not fresh:
                break
        return tagged

    def look(self) -> None:
        """End the runs of which no process is left."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK_S
        for live in list(self.service.runs.values()):
            if not _is_alive(live) and not self.service.survivors(live.number):
                self.service.end(live, live.exit_code)
                self.service.report(
                    f"{live.agent} (pid {live.root_pid}) has ended: {live.events} events, {live.denied} denied"
                )

    def end_all(self) -> None:
        """Close all runs: nothing is observed from here on."""
        for live in list(self.service.runs.values()):
            self.service.end(live, live.exit_code)


def _is_alive(live: LiveRun) -> bool:
    try:
        return process_key(live.root_pid) == live.root_key
    except (OSError, ValueError):
        return False


def _context(pid: int, agent: str) -> tuple[RunContext, int]:
    """Who runs the agent and where, as far as the system tells; with the user's number."""
    process = psutil.Process(pid)
    uid, user, home = here.user_of(process)
    folder = here.pattern_path(process.cwd())
    return RunContext(folder, home, process.environ(), user, socket.gethostname(), agent, UNKNOWN), uid
