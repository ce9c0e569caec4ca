"""A viewer gets no content, whatever the question; who may see it gets the rows as they are."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashboards import hiding, who
from dashboards.interface import Account, Role
from pipeline import schema
from queries import paging
from queries.catalog import load

ROWS = pa.table({"time": [1, 2], "cmdline": ["curl -H 'Authorization: x'", None], "exe": ["/usr/bin/curl", "/bin/sh"]})


@pytest.fixture
def look_as():
    yield lambda role: who.recognise_by(lambda: Account("a", role, "local"))
    who._known.clear()


def test_a_viewer_sees_that_there_was_some(look_as):
    look_as(Role.viewer)
    assert hiding.hidden(ROWS).to_pydict() == {
        "time": [1, 2],
        "cmdline": [hiding.HIDDEN, None],
        "exe": ROWS["exe"].to_pylist(),
    }


@pytest.mark.parametrize("role", [Role.analyst, Role.responder, Role.admin])
def test_others_see_it(look_as, role):
    look_as(role)
    assert hiding.hidden(ROWS).equals(ROWS)


def test_rows_without_content_ask_for_no_role():
    assert hiding.hidden(ROWS.select(["time", "exe"])).num_rows == 2


def columns_that_say_command():
    asked = [(f"question {p.name}", c) for p in paging.pages().values() for c in p.columns]
    viewed = [(f"view {v.name}", c) for v in load() for c in v.columns]
    kept = [(f"table {t}", c.name) for t, columns in schema.TABLES.items() for c in columns]
    return [(where, c) for where, c in (*asked, *viewed, *kept) if "cmdline" in c.lower() or "command" in c.lower()]


@pytest.mark.parametrize(("where", "column"), columns_that_say_command())
def test_every_command_line_is_content(where, column):
    counted = column in {"cmdline_bytes", "commands"}
    assert counted or column in hiding.CONTENT, where
