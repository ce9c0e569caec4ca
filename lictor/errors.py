"""Exit statuses of the command line, and which exceptions are a person's mistake rather than ours.

Every expected error is printed as it stands, without a traceback; so its text has to be
clear and name the next step. Anything else is a defect and keeps its traceback.
"""

from __future__ import annotations

import sys

DONE = 0
FINDING = 1
BAD_INPUT = 2
INTERRUPTED = 130
BROKEN_PIPE = 141
"""128 + SIGPIPE: what a shell shows for a program whose reader went away."""


class LictorError(Exception):
    """Bad usage or bad input of a command; the text is one line and names the next step."""


EXPECTED: tuple[tuple[str, str], ...] = (
    ("lictor.errors", "LictorError"),
    ("collectors.interface", "CollectorError"),
    ("pipeline.policy.source", "PolicyError"),
    ("pipeline.lake.errors", "LakeError"),
    ("pipeline.export.errors", "ExportError"),
    ("enforcer.linux.cgroupfs", "CgroupError"),
    ("enforcer.linux.tables", "RuleTableError"),
    ("enforcer.interface", "KeeperError"),
)
"""Module and name of each expected exception.

By name, because importing them all would load the query engine for commands that never ask
the lake; an exception that was raised has its module loaded already.
"""


def is_expected(error: BaseException) -> bool:
    """Whether the error's text is meant for the person at the command line."""
    known = tuple(getattr(sys.modules[module], name, ()) for module, name in EXPECTED if module in sys.modules)
    return isinstance(error, tuple(k for k in known if isinstance(k, type)))


def exit_status(error: BaseException) -> int | None:
    """Exit status for an error that ended a command; ``None`` for a defect of Lictor's own."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        return BROKEN_PIPE
    return BAD_INPUT if is_expected(error) else None
