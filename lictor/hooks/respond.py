"""One hook call from its JSON to its answer; whatever goes wrong here, the agent is told in its own terms.

A hook that fails lets the tool run, as agents have it, since the kernel still checks; with ``fail_closed`` it
blocks. A failed hook never writes to standard output.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lictor.errors import LictorError, is_expected
from lictor.hooks.interface import BLOCKS, FAILED, Answer, Call, HookProtocol, Output
from lictor.hooks.protocols import protocol_of
from pipeline.escape import visible

if TYPE_CHECKING:
    from pipeline.policy.context import RunContext

LARGEST = 64 << 20
"""Bytes of a hook's JSON that are read: a tool call holds a file's content at most."""


@dataclass(frozen=True)
class Options:
    """What the command line says; ``workspace`` and ``protocol`` are found out where it does not."""

    policies: Sequence[Path]
    protocol: str | None = None
    workspace: Path | None = None
    fail_closed: bool = False
    may_allow: bool = False


def respond(raw: bytes, options: Options) -> Output:
    """The answer to one hook call; never raises."""
    try:
        data = _data(raw)
        protocol = protocol_of(data, options.protocol)
        call = protocol.call(data)
        return _told(protocol, data) if call is None else protocol.say(_answer(call, protocol, options))
    except Exception as error:  # noqa: BLE001 - a defect of the hook's must not end in a traceback at the agent's
        return _failed(error, closed=options.fail_closed)


def _data(raw: bytes) -> Mapping[str, Any]:
    if len(raw) > LARGEST:
        raise LictorError(f"the hook's JSON is larger than {LARGEST >> 20} MiB")
    try:
        data = json.loads(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise LictorError(f"the hook's JSON cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise LictorError("the hook's JSON is no object")
    return data


def _told(protocol: HookProtocol, data: Mapping[str, Any]) -> Output:
    """After a tool: what was stopped meanwhile. A tool that has run cannot be blocked, so no failure says that."""
    ended = protocol.ended(data)
    if ended is None:
        return Output()
    from lictor.hooks.afterwards import afterwards  # noqa: PLC0415 - before a tool nothing of it is needed

    try:
        text = afterwards(ended.session)
    except Exception as error:  # noqa: BLE001 - as in respond()
        return _failed(error, closed=False)
    return protocol.tell(ended, text) if text else Output()


def _answer(call: Call, protocol: HookProtocol, options: Options) -> Answer:
    from lictor.hooks.acts import acts_of  # noqa: PLC0415 - an event that passes does without
    from lictor.hooks.surroundings import found_here  # noqa: PLC0415 - see above

    if not call.cwd.startswith("/"):
        call = replace(call, cwd=os.path.realpath(Path.cwd()))
    acts = acts_of(call, found_here(os.environ))
    if not options.policies:
        raise LictorError("no policy: give one with --policy FILE")
    if not acts.acts:
        return Answer()

    # The language's libraries take most of the time that a hook takes.
    from lictor.hooks.answer import Policies  # noqa: PLC0415 - see above
    from pipeline.policy.compile import compile_policies  # noqa: PLC0415 - see above
    from pipeline.policy.load import read_policies  # noqa: PLC0415 - see above

    read = read_policies(options.policies)
    context = _context(protocol.agent, _workspace(call, protocol, options))
    own = sorted({os.path.realpath(file) for policy in read for file in policy.texts})
    program = compile_policies(read, context, guarded=own)
    return Policies(program, context.user).answer(acts, may_allow=options.may_allow)


def _context(agent: str, workspace: str) -> RunContext:
    """As ``local_context``, but the folder that the hook runs in may be gone, and a host's name is known here."""
    from lictor.context import user_name  # noqa: PLC0415 - see above
    from pipeline.policy.context import RunContext  # noqa: PLC0415 - see above

    home, env = os.path.realpath(Path.home()), dict(os.environ)
    return RunContext(workspace, home, env, user_name(), os.uname().nodename, agent, now_ns=time.time_ns())


def _workspace(call: Call, protocol: HookProtocol, options: Options) -> str:
    """The project's folder: an agent's working folder moves about inside of it."""
    if options.workspace is not None:
        return os.path.realpath(options.workspace)
    told = (os.environ.get(name, "") for name in protocol.project)
    return os.path.realpath(next((folder for folder in told if folder.startswith("/")), call.cwd))


def _failed(error: Exception, *, closed: bool) -> Output:
    kind = "" if is_expected(error) else f"{type(error).__name__}: "
    text = "\n".join(visible(line) for line in f"lictor hook: {kind}{error}".splitlines())
    return Output(stderr=text, status=BLOCKS if closed else FAILED)
