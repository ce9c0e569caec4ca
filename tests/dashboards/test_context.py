"""What pages are connected with: the ports that were installed last, and a clear word where nobody installed any."""

from __future__ import annotations

import pytest

from dashboards import context
from dashboards.interface import DashboardError, Ports


@pytest.fixture(autouse=True)
def nothing_installed():
    kept = context._installed[:]
    context._installed.clear()
    yield
    context._installed[:] = kept


def test_without_ports_a_page_says_how_it_is_started():
    with pytest.raises(DashboardError, match="lictor dashboard"):
        context.ports()


def test_the_last_ones_count():
    first, second = Ports(None, None), Ports(None, None, facts=[("a", "b")])
    context.install(first)
    context.install(second)
    assert context.ports() is second
