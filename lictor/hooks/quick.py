"""The short way through ``lictor hook``: an agent waits for it before every tool.

A third of the time went into what a hook does not need: the command line's libraries, threads for arithmetic that
nobody does, and tidying up memory that the system takes back a moment later.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lictor.hooks.respond import LARGEST, Options, respond

VALUES = {"--policy": "policies", "--protocol": "protocol", "--workspace": "workspace"}
"""Options with a value, by the field that it goes into."""

FLAGS = {"--fail-closed": "fail_closed", "--may-allow": "may_allow"}


def options_of(arguments: Sequence[str]) -> Options | None:
    """What a command line says; ``None`` for one that is not plainly right: the full command line has the words for that."""
    fields: dict[str, Any] = {"policies": []}
    rest = iter(arguments)
    for argument in rest:
        name, joined, value = argument.partition("=")
        if name in FLAGS and not joined:
            fields[FLAGS[name]] = True
        elif name in VALUES:
            given = value if joined else next(rest, None)
            if given is None:
                return None
            _put(fields, VALUES[name], given)
        else:
            return None
    return Options(**fields)


def _put(fields: dict[str, Any], name: str, given: str) -> None:
    if name == "policies":
        fields[name].append(Path(given))
    else:
        fields[name] = Path(given) if name == "workspace" else given


def serve(options: Options) -> int:
    """Answer the call on standard input on standard output; the exit status."""
    _lighten()
    output = respond(sys.stdin.buffer.read(LARGEST + 1), options)
    if output.stderr:
        print(output.stderr, file=sys.stderr)
    if output.stdout:
        print(output.stdout)
    return output.status


def _lighten() -> None:
    """Before the libraries are loaded: what they read of the environment, and no search for garbage in so short a life."""
    # numpy would start a thread for each processor; pydantic would look through all installed packages for plug-ins.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.disable()
