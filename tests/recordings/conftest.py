"""The command line, run within the test's own process."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lictor.cli.app import invoke


class Ended(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def lictor(capsys: pytest.CaptureFixture[str]):
    """Runs a command line; exit status and what it printed."""

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        status = invoke([str(a) for a in arguments])
        return Ended(status, *capsys.readouterr())

    return run
