from __future__ import annotations

import os
import pwd

import pyarrow as pa
import pytest

from lictor.errors import LictorError
from lictor.history.asking import Window
from lictor.history.runs import Selection, home_of, ids, read_runs


def answering(*rows):
    names = ("run", "events", "first", "last", "recorded", "agent", "user", "host", "cwd", "state")
    made = pa.table({n: [dict(zip(names, r, strict=True))[n] for r in rows] for n in names})
    return lambda _sql: made


QUERY = answering(
    ("a1", 5, 10, 20, "a1", "codex", "nobody-here", "h", "/w", "ended"),
    ("a2", 6, 10, 20, "a2", None, "root", None, "/w", "started"),
    ("b1", 7, 10, 20, None, None, None, None, None, None),
    ("b2", 8, 10, 20, "b2", "codex", None, "h", None, "ended"),
)


def test_runs_have_their_context_and_the_unfit_a_reason():
    found = read_runs(QUERY, Selection(), Window(), {"A": "1"})
    assert ids(list(found.known.values())) == ["a1", "a2"]
    one = found.known["a1"]
    assert (one.events, one.first, one.last, one.state) == (5, 10, 20, "ended")
    context = one.context
    assert (context.workspace, context.home, context.user, context.host, context.agent, context.env) == (
        "/w", "/home/nobody-here", "nobody-here", "h", "codex", {"A": "1"},
    )  # fmt: skip
    assert (found.known["a2"].context.agent, found.known["a2"].context.host) == ("", "")
    assert context.now_ns > 0  # rules that have expired no longer count
    assert found.unknown == {
        "b1": "the lake has events but no record of the run",
        "b2": "its cwd and user is not recorded",
    }


def test_selection_by_beginning_of_an_id_and_by_agent():
    assert set(read_runs(QUERY, Selection(("a",)), Window()).known) == {"a1", "a2"}
    assert set(read_runs(QUERY, Selection(("a",), ("cod*",)), Window()).known) == {"a1"}
    with pytest.raises(LictorError, match="no run begins with 'zz'"):
        read_runs(QUERY, Selection(("a", "zz")), Window())


def test_homes_are_those_of_this_machine_where_it_knows_the_user():
    me = pwd.getpwuid(os.getuid())
    assert home_of(me.pw_name) == home_of(str(os.getuid())) == os.path.realpath(me.pw_dir)
    assert home_of("surely-nobody") == "/home/surely-nobody"
    assert home_of("4000000000123") == "/home/4000000000123"
