"""How findings may stand: which need a note, and how they are read."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dashboards.findings import statuses
from pipeline.schema import SEVERITIES


@pytest.mark.parametrize("status", statuses.STATUSES)
@pytest.mark.parametrize("note", ["", " \n ", "because"])
def test_only_the_two_that_are_judgements_need_a_note(status, note):
    needed = status in {"false_positive", "risk_accepted"}
    assert bool(statuses.refusal(status, note)) == (needed and not note.strip())


def test_an_unknown_status_and_an_endless_note_are_refused():
    assert "is no status" in statuses.refusal("gone\n", "x")
    assert "at most" in statuses.refusal("resolved", "x" * 2001)
    assert statuses.refusal("resolved", "x" * 2000) is None


def test_each_status_and_severity_has_a_colour():
    assert set(statuses.STATUS_COLOUR) == set(statuses.STATUSES)
    assert set(statuses.SEVERITY_COLOUR) == set(SEVERITIES)


def test_statuses_are_read_as_words_and_nothing_else_is_changed():
    rows = pa.table({"status": ["in_progress", None], "was": ["new", "risk_accepted"], "rule": ["a_b", "c"]})
    assert statuses.worded(rows).to_pydict() == {
        "status": ["in progress", None], "was": ["new", "risk accepted"], "rule": ["a_b", "c"],
    }  # fmt: skip
