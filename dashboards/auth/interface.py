"""Who may come in: the seam between the gate and what it knows people from."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response

from dashboards.interface import Account, DashboardError


class RefusedError(DashboardError):
    """Somebody has proved who they are, and may not come in: ``name`` is who, the text says why."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name


class Known(NamedTuple):
    """An account as it is now.

    ``id`` is what a door knows it by, and never that of another person; ``stamp`` changes with its role and its
    password: sessions of another stamp have ended.
    """

    id: str
    account: Account
    stamp: str


class Door(Protocol):
    """One way in."""

    title: str
    """What the sign-in page says above its form."""
    form: bool
    """Whether there is a form for name and password."""
    links: bool
    """Whether a link that was printed lets in, and can be printed again."""

    def by_password(self, name: str, password: str) -> Known | None:
        """The account of these two; takes as long for a name that nobody has. Raises ``DashboardError``."""

    def by_link(self, token: str) -> Known | None:
        """The account of a link that is still good; it is used up then."""

    def again(self) -> str | None:
        """Tells who started the dashboard a way in once more; a line about it, ``None`` where that is not how one comes in."""

    def now(self, id_: str) -> Known | None:
        """An account as it is now; ``None`` where it is gone. Raises ``DashboardError``."""


class Provider(Protocol):
    """Another system where people sign in, which sends them back with a proof."""

    name: str
    """What the button says: Sign in with …"""

    async def away(self, request: Request) -> Response:
        """Sends a browser there. Raises ``DashboardError``."""

    async def back(self, request: Request) -> tuple[Known, str]:
        """Who came back, and where to go then. Raises ``RefusedError`` for somebody who may not come in, ``DashboardError`` where no proof came."""
