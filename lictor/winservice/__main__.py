"""``python -m lictor.winservice``: puts the service onto a machine, tells how it stands, takes it off. ``host`` is what the service manager starts.

Exit status: 0; 1 where a step failed; 2 where nothing was begun (no administrator, no policy, wrong words).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from lictor.errors import BAD_INPUT, LictorError, is_expected
from lictor.system import here
from lictor.winservice.hosting import host
from lictor.winservice.names import ABOUT, HOME, NAME, NOT_WINDOWS
from lictor.winservice.settings import add_arguments, settings_of
from lictor.winservice.steps import Step, as_json, as_text, exit_status


def parser() -> argparse.ArgumentParser:
    """The words of the command line."""
    top = argparse.ArgumentParser(prog="python -m lictor.winservice", description=ABOUT)
    verbs = top.add_subparsers(dest="verb", required=True)
    install = verbs.add_parser("install", help="make the service, or update it, and start it")
    add_arguments(install)
    install.add_argument("--policies", type=Path, help="folder whose *.yaml are put into the home; what is there stays")
    uninstall = verbs.add_parser("uninstall", help="stop the service and take it away")
    uninstall.add_argument("--home", type=Path, default=HOME, help="the home of the service, for --purge")
    uninstall.add_argument("--purge", action="store_true", help="remove lake and policies too")
    for verb in (install, uninstall, verbs.add_parser("status", help="how the service stands")):
        verb.add_argument("--format", choices=("text", "json"), default="text")
    add_arguments(verbs.add_parser("host", help="what the service manager starts"))
    return top


def main(arguments: Sequence[str]) -> int:
    """Do what the words say; the exit status."""
    told = parser().parse_args(arguments)
    if told.verb == "host":
        return host(settings_of(told))
    try:
        return _told_steps(_steps(told), told.format)
    except Exception as error:
        if not is_expected(error):
            raise
        print(error, file=sys.stderr)
        return BAD_INPUT


def _steps(told: argparse.Namespace) -> Iterable[Step]:
    if sys.platform != "win32":
        raise LictorError(NOT_WINDOWS)
    if told.verb == "status":
        from lictor.winservice.status import status  # noqa: PLC0415 - as in ``_install``

        return status()
    if here.own_uid() != 0:
        raise LictorError(f"{told.verb} needs an administrator: start a terminal with 'Run as administrator'")
    if told.verb == "install":
        return _install(told)
    from lictor.winservice.uninstalling import uninstall  # noqa: PLC0415 - as in ``_install``

    return uninstall(told.home.absolute(), purge=told.purge)


def _install(told: argparse.Namespace) -> Iterable[Step]:
    from lictor.winservice import installing  # noqa: PLC0415 - it stands on the policy language, which ``host`` must not wait for

    settings, source = settings_of(told), told.policies and told.policies.absolute()
    installing.check(settings, source)
    return installing.install(settings, source)


def _told_steps(steps: Iterable[Step], form: str) -> int:
    done = []
    for step in steps:
        done.append(step)
        if form == "text":
            print(as_text([step]), flush=True)
    if form == "json":
        found = {step.name: step.state for step in done}
        print(as_json(done, service=NAME, version=_version(), running=found.get("running") == "confirmed"))
    return exit_status(done)


def _version() -> str:
    """The version of Lictor that is installed; empty where it runs from a source tree."""
    try:
        return metadata.version("lictor")
    except metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
