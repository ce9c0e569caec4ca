"""UDM events of the tables beside ``activity``, read by Google's own protocol buffers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.export.formats.identity import envelope
from pipeline.export.formats.udm import Udm
from pipeline.export.formats.udm_records import RECORDS
from tests.pipeline.export.formats import udm_judge

PARTS = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def test_every_table_but_activity_has_events():
    assert {"activity", *RECORDS} == Udm.tables


@PARTS
@given(data=st.data())
def test_any_row_is_an_event_of_google(any_rows, data):
    table = data.draw(st.sampled_from(sorted(RECORDS)))
    rows = data.draw(any_rows(table))
    events = udm_judge.read(table, rows)
    assert [e.metadata.product_log_id for e in events] == envelope(table, rows)["id"].to_pylist()


@pytest.mark.parametrize("table", sorted(RECORDS))
def test_nothing_of_a_row_is_lost(table, telling):
    assert udm_judge.lost(table, *telling(table)) == []


def test_finding_names_its_techniques(make):
    (event,) = udm_judge.read(
        "findings", make("findings", {"attack": ["T1059.004,TA0002"], "rule": ["r"], "severity": ["high"]})
    )
    (result,) = event.security_result
    assert [t.id for t in result.attack_details.tactics] == ["TA0002"]
    assert "T1059" in str(result.attack_details.techniques)
