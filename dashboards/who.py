"""Who looks at this page, and what they may: asked at every act, never remembered by a page.

The gate in front of the pages (``auth``) knows who has signed in; it is asked by the session's cookie each time, so that a role that is
taken away is gone at the next click.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from dashboards.interface import Account, DashboardError, Role

Known = Callable[[], Account | None]

_known: list[Known] = []


def recognise_by(known: Known) -> None:
    """How to tell who looks, in the thread of a page; ``None`` is nobody."""
    _known[:] = [known]


def account() -> Account:
    """Who looks now. Ends the page where nobody has signed in (any more)."""
    found = _known[0]() if _known else None
    if found is None:
        st.error("Your session has ended: sign in again.")
        st.stop()
    return found


def may(role: Role) -> bool:
    """Whether who looks may what this role may."""
    return account().role >= role


def demand(role: Role) -> Account:
    """Who looks, for an act that needs a role. Raises ``DashboardError`` where they may not."""
    found = account()
    if found.role < role:
        raise DashboardError(f"that needs the role {role.name}; you are {found.role.name}")
    return found
