"""The way in on one's own machine: a link that is good once, printed to the terminal of who started the dashboard.

The loopback address alone is no lock: every user of the machine reaches it, agents among them.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

from dashboards.auth.interface import Known
from dashboards.interface import Account, Role

GOOD_S = 600.0
AGAIN_S = 10.0
"""How often it is printed anew at most: everybody on the machine may ask for that."""


class LinkDoor:
    """Lets in whoever has the link, as ``name`` with every right. ``tell`` has a link's secret printed."""

    title = "Open the link that lictor dashboard printed."
    form = False
    links = True

    def __init__(self, name: str, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._tell, self._clock = tell, clock
        self._lock = threading.Lock()
        self._known = Known("link", Account(name, Role.admin, "link"), "link")
        self._token: str | None = None
        self._until = 0.0
        self._told: float | None = None

    def again(self) -> str | None:
        """Print the link; a new one where the last was used or is too old, so that nobody can take a good one away."""
        with self._lock:
            now = self._clock()
            if self._told is None or now - self._told >= AGAIN_S:
                if self._token is None or now > self._until:
                    self._token, self._until = secrets.token_urlsafe(32), now + GOOD_S
                self._told = now
                self._tell(self._token)
        return "The link stands in the terminal where lictor dashboard runs."

    def by_password(self, name: str, password: str) -> Known | None:  # noqa: ARG002 - as the seam has it
        """Nobody: there are no passwords."""
        return None

    def by_link(self, token: str) -> Known | None:
        """The one account, once."""
        with self._lock:
            good = self._token is not None and self._clock() <= self._until
            if not good or not secrets.compare_digest(token.encode("utf-8", "replace"), (self._token or "").encode()):
                return None
            self._token = None
            return self._known

    def now(self, id_: str) -> Known | None:
        """The one account."""
        return self._known if id_ == self._known.id else None
