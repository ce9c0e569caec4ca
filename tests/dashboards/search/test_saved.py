"""Saved searches: rows of the journal, the newest of a name counts, for all who look, saved by who may."""

from __future__ import annotations

import pytest

from dashboards import context, data, who
from dashboards.interface import Account, DashboardError, Ports, Role
from dashboards.search import saved
from lictor.dashboard.journal import LakeJournal
from pipeline.lake.writer import LakeWriter


@pytest.fixture
def console(tmp_path, at_hand):
    state = {"role": Role.analyst}
    with LakeWriter(tmp_path / "lake", "h") as writer:
        context.install(Ports(at_hand(tmp_path / "lake"), LakeJournal(writer)))
        who.recognise_by(lambda: Account("ben", state["role"], "local"))
        data.forget()
        yield state
    context._installed.clear()
    who._known.clear()


QUERY = {"verdicts": ["deny"], "since": ["24h"]}


def test_saved_replaced_and_removed(console):
    assert saved.all_of_them("audit") == {}
    saved.save("audit", " Denials ", QUERY)
    assert saved.all_of_them("audit") == {"Denials": QUERY}
    saved.save("audit", "Denials", {"verdicts": ["kill"]})
    assert saved.all_of_them("audit") == {"Denials": {"verdicts": ["kill"]}}
    assert saved.all_of_them("explorer") == {}
    saved.drop("audit", "Denials")
    assert saved.all_of_them("audit") == {}


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\nb"])
def test_names_that_are_none(console, name):
    with pytest.raises(DashboardError, match="name"):
        saved.save("audit", name, QUERY)


def test_a_viewer_reads_and_does_not_save(console):
    saved.save("audit", "Denials", QUERY)
    console["role"] = Role.viewer
    with pytest.raises(DashboardError, match="analyst"):
        saved.save("audit", "x", QUERY)
    with pytest.raises(DashboardError, match="analyst"):
        saved.drop("audit", "Denials")
    assert list(saved.all_of_them("audit")) == ["Denials"]


@pytest.mark.parametrize("detail", [None, "", "x", "[]", '{"query": 3}', "{}"])
def test_what_cannot_be_read_is_none(detail):
    assert saved._query(detail) is None
