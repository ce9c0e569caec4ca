"""What UDM events are built of: severities of every table, users by name or number, machines that must have a name."""

from __future__ import annotations

import pytest

from pipeline import schema
from pipeline.export.formats import udm_nouns
from pipeline.export.formats.rows import pieces
from pipeline.export.formats.tree import Const
from pipeline.export.formats.writing import written


def made(node, rows, table="activity"):
    return written(node, pieces(table, rows, 100)[0]).to_pylist()


def test_severities_are_those_of_the_schema_in_capitals(make):
    rows = make("findings", {"severity": [*schema.SEVERITIES, None, "?"]})
    wanted = [*(f'"{word.upper()}"' for word in schema.SEVERITIES), '"INFORMATIONAL"', '"INFORMATIONAL"']
    assert made(udm_nouns.severity("findings"), rows, "findings") == wanted


def test_user_is_named_by_number_where_there_is_no_name(make):
    rows = make("activity", {"user": ["root", None], "uid": [0, 1000]})
    assert made(udm_nouns.user(), rows) == [
        '{"userid":"root","product_object_id":"0"}', '{"userid":"1000","product_object_id":"1000"}',
    ]  # fmt: skip


@pytest.mark.parametrize("host", [None, ""])
def test_machine_without_a_name_is_unknown(make, host):
    rows = make("activity", {"host": [host, "h"]})
    assert made(udm_nouns.machine(), rows) == ['{"hostname":"unknown"}', '{"hostname":"h"}']


def test_process_key_bears_the_name_of_the_product(make):
    rows = make("activity", {"process_key": [-5, 0]})
    assert made(udm_nouns.key("process_key"), rows) == ['"LICTOR:-5"', None]


def test_event_holds_what_its_members_do_not(make):
    event = udm_nouns.event("runs", Const("GENERIC_EVENT"), {})
    (text,) = made(event, make("runs", {"run": ["r1"], "policy": ["p"]}), "runs")
    assert '"event_type":"GENERIC_EVENT"' in text
    assert '"policy":"p"' in text
