"""What the running dashboard is connected with. Streamlit runs a page as a script in a thread of this process, so it is found here.

Whoever starts the dashboard installs the ports once, before the first page; tests install others.
"""

from __future__ import annotations

from dashboards.interface import DashboardError, Ports

_installed: list[Ports] = []


def install(ports: Ports) -> None:
    """Connect every page of this process with these ports, in place of others."""
    _installed[:] = [ports]


def ports() -> Ports:
    """The ports in place. Raises ``DashboardError`` where nobody installed any: pages are no scripts of their own."""
    if not _installed:
        raise DashboardError("the dashboard is started by: lictor dashboard")
    return _installed[0]
