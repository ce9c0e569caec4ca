"""Questions to the lake: by name, with values by type, shared for a moment, hidden from who may not see, refused in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from dashboards import context, data, who
from dashboards.interface import Account, DashboardError, Ports, Role
from pipeline.lake.errors import LakeError, QueryError

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
SPAN = {"since": SINCE, "until": UNTIL}


class Answering:
    """A lake that remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.failing = None
        self.answer = pa.table({"kind": ["agents"], "cmdline": ["secret"]})

    def query_all(self, sqls, *, timeout, span=None):
        assert timeout > 0
        if isinstance(self.failing, LakeError) and not isinstance(self.failing, QueryError):
            raise self.failing
        self.asked.append((dict(sqls), span))
        return dict.fromkeys(sqls, self.failing or self.answer)


@pytest.fixture
def lake():
    found = Answering()
    context.install(Ports(found, None))
    who.recognise_by(lambda: Account("a", Role.analyst, "local"))
    data.forget()
    yield found
    data.forget()
    context._installed.clear()
    who._known.clear()


def test_values_are_bound_as_literals(lake):
    data.ask("overview_findings", **SPAN, hosts=["a'; DROP TABLE x; --"])
    [(sqls, _)] = lake.asked
    assert "['a''; DROP TABLE x; --']::VARCHAR[]" in sqls["overview_findings"]
    assert "2026-01-01T00:00:00+00:00" in sqls["overview_findings"]


def test_the_same_question_is_asked_once_for_a_moment(lake, monkeypatch):
    data.ask("filter_options")
    data.ask("filter_options")
    assert len(lake.asked) == 1
    data.forget()
    data.ask("filter_options")
    assert len(lake.asked) == 2
    clock = data.time.monotonic() + data.KEPT_S
    monkeypatch.setattr(data.time, "monotonic", lambda: clock)
    data.ask("filter_options")
    assert len(lake.asked) == 3


def test_several_questions_are_one_way_to_the_lake(lake):
    found = data.ask_all({"filter_options": {}, "overview_findings": SPAN})
    assert set(found) == {"filter_options", "overview_findings"}
    assert len(lake.asked) == 1


def test_what_is_kept_is_hidden_anew_for_each_who_looks(lake):
    assert data.ask("filter_options")["cmdline"].to_pylist() == ["secret"]
    who.recognise_by(lambda: Account("b", Role.viewer, "local"))
    assert "secret" not in str(data.ask("filter_options").to_pylist())
    assert len(lake.asked) == 1


def test_the_span_is_that_of_all_timed_questions(lake):
    later = {"since": SINCE + timedelta(days=3), "until": UNTIL + timedelta(days=3)}
    data.ask_all({"overview_verdicts": SPAN, "overview_sensitive": later, "filter_options": {}})
    assert lake.asked[-1][1] == (SINCE, UNTIL + timedelta(days=3))


def test_one_that_is_about_all_time_needs_all_of_it(lake):
    data.ask_all({"overview_verdicts": {}, "filter_options": {}})
    assert lake.asked[-1][1] is None
    data.ask("filter_options")
    assert lake.asked[-1][1] is None


@pytest.mark.parametrize(("question", "values", "told"), [
    ("nothing", {}, "no question"), ("filter_options", {"stray": 1}, "no parameter"), ("overview_verdicts", {"width": "wide"}, "duration"),
    ("overview_findings", {"hosts": ["a\0b"]}, "can hold"),
])  # fmt: skip
def test_a_wrong_question_is_refused_before_it_is_asked(lake, question, values, told):
    with pytest.raises(DashboardError, match=told):
        data.ask(question, **values)
    assert lake.asked == []


@pytest.mark.parametrize("error", [LakeError("the lake is gone"), QueryError("took longer than 1 s")])
def test_what_fails_is_one_line_and_is_not_kept(lake, error):
    lake.failing = error
    with pytest.raises(DashboardError, match=str(error)):
        data.ask("filter_options")
    lake.failing = None
    assert data.ask("filter_options").num_rows == 1


def test_a_limit_is_part_of_the_question(lake):
    data.ask("overview_findings", limit=7, **SPAN)
    assert lake.asked[0][0]["overview_findings"].endswith("LIMIT 7")


def test_few_answers_are_kept(lake):
    for n in range(data.KEPT + 10):
        data.ask("overview_findings", hosts=[f"h{n}"], **SPAN)
    assert len(data._kept._answers) == data.KEPT
