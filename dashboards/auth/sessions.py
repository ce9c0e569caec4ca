"""Sessions of people who have signed in: a secret in a cookie, and here only its hash.

Asked at every request and every act. A session ends when nobody used it for an hour, after twelve hours, and as soon as
its account is gone or is not what it was.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from dashboards.auth.interface import Known
from dashboards.interface import Account

IDLE_S = 3600.0
LONGEST_S = 12 * 3600.0
OF_AN_ACCOUNT = 20
"""Sessions of one account at once; the one that was used longest ago goes."""


@dataclass
class _Session:
    known: Known
    peer: int | None
    began: float
    used: float


class Sessions:
    """``now`` tells what an account is now, by its id; ``clock`` gives monotonic seconds.

    ``port`` is in the cookie's name: browsers do not tell ports apart, and a second dashboard of a machine would
    overwrite the first one's. ``secure`` is whether it is reached by TLS; the cookie's name makes the browser hold that too.
    """

    def __init__(
        self,
        now: Callable[[str], Known | None],
        port: int = 0,
        *,
        secure: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now, self._clock = now, clock
        self.cookie = f"{'__Host-' if secure else ''}lictor_{port}"
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def begin(self, known: Known, peer: int | None = None) -> str:
        """A new session of who is at the other end; its secret."""
        token = secrets.token_urlsafe(32)
        moment = self._clock()
        with self._lock:
            self._sweep(moment)
            own = [(s.used, h) for h, s in self._sessions.items() if s.known.id == known.id]
            for _, oldest in sorted(own)[: max(0, len(own) - OF_AN_ACCOUNT + 1)]:
                del self._sessions[oldest]
            self._sessions[_hash(token)] = _Session(known, peer, moment, moment)
        return token

    def find(self, token: str | None, *, using: bool = False) -> Account | None:
        """Who a session belongs to, as the account is now; raises ``DashboardError`` where that cannot be told.

        ``using`` is whether a person does something with it now: a page that refreshes itself keeps no session alive.
        """
        session = self._live(token)
        if session is None:
            return None
        known = self._now(session.known.id)
        if known is None or known.stamp != session.known.stamp:
            self.end(token)
            return None
        if using:
            session.used = self._clock()
        return known.account

    def is_of(self, token: str | None, peer: int | None) -> bool:
        """Whether a live session began from this user of the machine (``peers``)."""
        session = self._live(token)
        return session is not None and session.peer == peer

    def end(self, token: str | None) -> None:
        """Sign out."""
        with self._lock:
            self._sessions.pop(_hash(token or ""), None)

    def _live(self, token: str | None) -> _Session | None:
        if not token:
            return None
        with self._lock:
            self._sweep(self._clock())
            return self._sessions.get(_hash(token))

    def _sweep(self, moment: float) -> None:
        gone = [h for h, s in self._sessions.items() if moment - s.used > IDLE_S or moment - s.began > LONGEST_S]
        for name in gone:
            del self._sessions[name]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
