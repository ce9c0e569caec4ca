"""The service onto a machine: as often as one likes, each step read back from the system. A second time it updates, and restarts.

In this order: what was there is stopped, the home is closed, policies are put in, and only then is the service made and started.
So it never runs on a home that somebody else may write.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lictor.errors import LictorError
from lictor.winservice import configuring, eventlog, manager, policies, sealing, trust
from lictor.winservice.configuring import Wanted
from lictor.winservice.names import ABOUT, LOG, LOG_FILE, NAME, POLICIES, TITLE
from lictor.winservice.settings import ServiceSettings, command, start_words
from lictor.winservice.steps import Step, attempt

PATIENCE_S = 90.0


def check(settings: ServiceSettings, source: Path | None) -> None:
    """Refuse what cannot end well before anything is touched; raises ``LictorError``, ``PolicyError``."""
    if source is not None:
        policies.check(source)
    elif not settings.audit and not any((settings.home / POLICIES).glob(policies.PATTERN)):
        raise LictorError(
            f"{settings.home / POLICIES}: no policy there: give --policies FOLDER, or --audit to stop nothing"
        )


def install(settings: ServiceSettings, source: Path | None) -> Iterator[Step]:
    """Each step as it is done; the first that fails is the last one where going on would be unsafe or senseless."""
    yield (step := stopped())
    if step.state == "failed":
        return
    for step in sealing.seal(settings.home):
        yield step
        if step.state == "failed":
            return
    if source is not None:
        yield (step := _policies(source, settings.home / POLICIES))
        if step.state == "failed":
            return
    yield program()
    yield (step := _service(settings))
    if step.state == "failed":
        return
    yield from options()
    yield attempt("event log", eventlog.register, eventlog.is_registered)
    yield running(settings.home)


def stopped() -> Step:
    """One that runs is stopped: its settings and its files are about to change."""
    found = manager.look(NAME)
    if found is None or found.state == "stopped":
        return Step("stopped", "confirmed", "no such service yet" if found is None else "does not run")
    return attempt("stopped", _stop, _is_stopped)


def program() -> Step:
    """Who could change what LocalSystem will run: told, not refused, since an administrator chose the place."""
    found = [*trust.program_problems(), *(f"{name} is set for the whole machine" for name in trust.machine_variables())]
    if found:
        return Step(
            "program", "unverified", "; ".join(found[:3]) + (f" (and {len(found) - 3} more)" if len(found) > 3 else "")
        )
    return Step("program", "confirmed", f"{start_words()[0]}: only administrators may change it")


def options() -> Iterator[Step]:
    """What the service manager does with it later."""
    yield attempt("delayed start", lambda: configuring.delay(NAME), lambda: configuring.is_delayed(NAME))
    yield attempt("recovery", lambda: configuring.recover(NAME), lambda: configuring.recovers(NAME))


def running(home: Path) -> Step:
    """Start it; it runs when it watches, and where it does not, the last line of its log says why."""
    step = attempt("running", _start, _is_running)
    return step if step.state == "confirmed" else step._replace(evidence=f"{step.evidence}: {last_line(home)}")


def last_line(home: Path) -> str:
    """What the service said last; empty where it said nothing."""
    try:
        return (home / LOG / LOG_FILE).read_text(encoding="utf-8").splitlines()[-1]
    except (OSError, IndexError):
        return ""


def _policies(source: Path, target: Path) -> Step:
    return attempt(
        "policies",
        lambda: f"{len(policies.put(source, target))} files in {target}",
        lambda: policies.are_there(source, target),
    )


def _service(settings: ServiceSettings) -> Step:
    wanted = Wanted(NAME, TITLE, ABOUT, command(settings))
    return attempt("service", lambda: f"{configuring.put(wanted)}: {wanted.command}", lambda: configuring.is_as(wanted))


def _stop() -> str:
    manager.stop(NAME, PATIENCE_S)
    return "stopped"


def _is_stopped() -> bool:
    found = manager.look(NAME)
    return found is None or found.state == "stopped"


def _start() -> str:
    manager.stop(NAME, PATIENCE_S)  # its recovery may have started it meanwhile, as it was before
    manager.start(NAME, PATIENCE_S)
    return "started"


def _is_running() -> bool:
    found = manager.look(NAME)
    return found is not None and found.state == "running"
