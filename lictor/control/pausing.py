"""The big red switch, a file: nothing is enforced while it is there, and everything is recorded.

A file, since it must hold also for services that start later, and where no service answers.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass

from lictor.errors import LictorError
from lictor.runtime import made, paused_file, runtime_dir
from lictor.system import here


@dataclass(frozen=True)
class Paused:
    """Who paused, why, since when (ns since 1970), and who had logged in, where that is another user."""

    who: str
    why: str | None
    since: int
    login: str | None = None


def paused() -> Paused | None:
    """The state of the switch; a file of another user than root or ours, or in another form, does not count."""
    try:
        status = paused_file().lstat()
        if not here.is_ours(paused_file(), status):
            return None
        data = json.loads(paused_file().read_text(encoding="utf-8"))
        return Paused(str(data["who"]), data.get("why"), int(data["since"]), data.get("login"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # it is always put in place whole: anything else is nobody's decision


def is_ours() -> bool:
    """Whether this user throws the switch by writing the file; others ask a service to."""
    return here.own_uid() == 0 or os.access(runtime_dir(), os.W_OK)


def pause(who: str, why: str | None, login: str | None = None) -> Paused:
    """Throw the switch; raises ``LictorError``."""
    state = Paused(who, why, time.time_ns(), login)
    draft = made(runtime_dir()) / f".paused-{secrets.token_hex(8)}"
    try:
        with draft.open("x", encoding="utf-8") as file:
            json.dump(asdict(state), file)
        draft.chmod(0o644)
        draft.replace(paused_file())
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise LictorError(f"{paused_file()}: {error.strerror}; only who runs Lictor may pause it") from error
    return state


def resume() -> bool:
    """Put the switch back; whether it was thrown. Raises ``LictorError``."""
    try:
        paused_file().unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LictorError(f"{paused_file()}: {error.strerror}; only who runs Lictor may resume it") from error
    return True
