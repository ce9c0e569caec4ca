"""Sessions of people who have signed in: a secret in a cookie, and here only its hash.

Asked at every request and every act. A session ends when it was not used for an hour, after twelve hours, and as soon as its account
is gone or is not what it was.
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

COOKIE = "lictor_session"
IDLE_S = 3600.0
LONGEST_S = 12 * 3600.0
OF_AN_ACCOUNT = 20
"""Sessions of one account at once; the one that was used longest ago goes."""


@dataclass
class _Session:
    known: Known
    began: float
    used: float


class Sessions:
    """``now`` tells what an account is now, by its name; ``clock`` gives monotonic seconds."""

    def __init__(self, now: Callable[[str], Known | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._now, self._clock = now, clock
        self._lock = threading.Lock()
        self._sessions: dict[str, _Session] = {}

    def begin(self, known: Known) -> str:
        """A new session; its secret."""
        token = secrets.token_urlsafe(32)
        moment = self._clock()
        with self._lock:
            self._sweep(moment)
            own = [(s.used, h) for h, s in self._sessions.items() if s.known.account.name == known.account.name]
            for _, oldest in sorted(own)[: max(0, len(own) - OF_AN_ACCOUNT + 1)]:
                del self._sessions[oldest]
            self._sessions[_hash(token)] = _Session(known, moment, moment)
        return token

    def find(self, token: str | None) -> Account | None:
        """Who a session belongs to, as the account is now; raises ``DashboardError`` where that cannot be told."""
        if not token:
            return None
        moment = self._clock()
        with self._lock:
            self._sweep(moment)
            session = self._sessions.get(_hash(token))
        if session is None:
            return None
        known = self._now(session.known.account.name)
        if known is None or known.stamp != session.known.stamp:
            self.end(token)
            return None
        session.used = moment
        return known.account

    def end(self, token: str | None) -> None:
        """Sign out."""
        with self._lock:
            self._sessions.pop(_hash(token or ""), None)

    def _sweep(self, moment: float) -> None:
        gone = [h for h, s in self._sessions.items() if moment - s.used > IDLE_S or moment - s.began > LONGEST_S]
        for name in gone:
            del self._sessions[name]


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
