"""The command's side of the red switch: writes it first, then tells every service that runs, and reports what each says.

Written first, since a service that cannot be reached looks at the file by itself.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

from lictor.control import pausing
from lictor.control.client import ORDER_S, ask
from lictor.control.messages import Answer, Request
from lictor.control.peers import login_of
from lictor.errors import LictorError
from lictor.system import here
from lictor.telling.finding import find_run


@dataclass
class Switched:
    """What came of it: ``lines`` for standard output, and in ``refused`` what did not follow."""

    lines: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def switch(do: str, why: str | None) -> Switched:
    """Throw the switch (``pause``) or put it back (``resume``), then tell all services.

    Raises ``LictorError`` where it cannot be written, and inside of a run.
    """
    run = find_run(os.getpid(), {})
    if run is not None:
        raise LictorError(f"this process belongs to run {run.name}: an agent neither pauses nor resumes")
    done = Switched()
    ours = pausing.is_ours()
    if ours:
        done.lines.append(_thrown(why) if do == "pause" else _put_back())
    if sys.platform == "win32":
        said = (
            "each service here looks at the switch within a second" if ours else f"only an administrator can {do} here"
        )
        (done.lines if ours else done.refused).append(said)
        return done
    reached = 0
    for _, answer in ask(Request(do, why=why), ORDER_S):
        reached += 1
        _note(done, answer)
    if not reached and not ours:
        done.refused.append(f"no service is running here, and only root can {do} those that start later")
    elif not reached:
        done.lines.append("no service is running here; one that starts later begins so")
    return done


def _thrown(why: str | None) -> str:
    who = here.user_name(here.own_uid())
    login = login_of(os.getpid())
    pausing.pause(who, why, login if login != who else None)
    return "paused: nothing is enforced until lictor resume; all is recorded"


def _put_back() -> str:
    return "resumed: policies are enforced" if pausing.resume() else "nothing was paused"


def _note(done: Switched, answer: Answer) -> None:
    if not answer.get("ok"):
        done.refused.append(str(answer.get("error")))
        return
    for row in answer["rows"]:
        line = f"service {row['service']}: {row['enforcement']}: {row['evidence']}"
        (done.refused if row["enforcement"] == "failed" else done.lines).append(line)
