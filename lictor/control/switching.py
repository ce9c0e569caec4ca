"""What a service does when it is asked to pause or to resume: it follows at once, and says whether it did.

The switch itself is a file of root's (``pausing``). Who may decide but not write there has the service throw it.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from lictor.control import pausing
from lictor.control.messages import Answer, Request, refused
from lictor.control.peers import Peer, refusal


def switched(request: Request, peer: Peer, follow: Callable[[], bool] | None) -> Answer:
    """The service's answer; raises ``LictorError`` where the file cannot be written.

    ``follow`` makes the service look at the switch, and tells whether it is paused then.
    """
    why = refusal(peer)
    if why is not None:
        return refused(why)
    if request.do == "resume":
        pausing.resume()
    elif pausing.paused() is None:
        pausing.pause(peer.user, request.why, peer.login)
    return {"ok": True, "rows": [{"service": os.getpid(), **_followed(request.do == "pause", follow)}]}


def _followed(wanted: bool, follow: Callable[[], bool] | None) -> dict[str, str]:
    if follow is None:
        return {"enforcement": "unverified", "evidence": "it looks at the switch within a second"}
    if follow() is wanted:
        return {"enforcement": "confirmed", "evidence": "it enforces nothing" if wanted else "it enforces again"}
    return {"enforcement": "failed", "evidence": "it goes on as before"}
