"""The form shows what the address says, and only what its type of record has."""

from __future__ import annotations

import pytest

from dashboards.interface import Role
from dashboards.search.records import FIELDS, RECORDS

ALL = {"since": "3650d"}


def labels(at):
    return {w.label for w in (*at.multiselect, *at.text_input)}


@pytest.mark.parametrize("record", list(RECORDS))
def test_each_type_of_record_has_its_own_filters(stage, record):
    at = stage.page("audit", query={**ALL, "record": record})
    assert not at.exception
    assert {FIELDS[f].label for f in RECORDS[record].fields} <= labels(at)
    strange = {FIELDS[f].label for r in RECORDS.values() for f in r.fields} - {
        FIELDS[f].label for f in RECORDS[record].fields
    }
    assert not strange & labels(at)


def test_the_form_shows_the_address(stage):
    at = stage.page("audit", query={**ALL, "verdicts": ["deny"], "keyword": "id_ed25519"})
    assert next(w for w in at.multiselect if w.label == "Verdicts").value == ["deny"]
    assert next(w for w in at.text_input if w.label == "Keyword").value == "id_ed25519"


def test_what_people_did_is_offered_to_admins_only(stage):
    assert len(stage.page("audit", query=ALL).segmented_control[0].options) == len(RECORDS)
    assert len(stage.page("audit", query=ALL, role=Role.responder).segmented_control[0].options) == len(RECORDS) - 1
