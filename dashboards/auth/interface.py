"""Who may come in: the seam between the gate and what it knows people from."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from dashboards.interface import Account


class Known(NamedTuple):
    """An account as it is now. ``stamp`` changes with its role and its password: sessions of another stamp have ended."""

    account: Account
    stamp: str


class Door(Protocol):
    """One way in."""

    title: str
    """What the sign-in page says above its form."""
    form: bool
    """Whether there is a form for name and password."""

    def by_password(self, name: str, password: str) -> Known | None:
        """The account of these two; takes as long for a name that nobody has. Raises ``DashboardError``."""

    def by_link(self, token: str) -> Known | None:
        """The account of a link that is still good; it is used up then."""

    def now(self, name: str) -> Known | None:
        """An account as it is now; ``None`` where it is gone. Raises ``DashboardError``."""
