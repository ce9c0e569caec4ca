"""Tags of findings told apart and written as each format has them."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from pipeline.export.formats import attack
from pipeline.export.formats.rows import pieces

TAGS = "T1552.004, TA0006,T1552.001,T1059,AML.T0051,AML.TA0003,AML.T0051.000,LLM01,,T12,xT1059"


def made(leaf, tags=TAGS):
    values = leaf.make(pieces("findings", pa.table({"attack": pa.array([tags, "id"])}), 9)[0])
    return None if values[0].as_py() is None else values[0].as_py()


def test_ocsf_objects_name_the_technique_of_a_sub_technique():
    assert json.loads(made(attack.ocsf("attack"))) == [
        {"technique": {"uid": "T1552"}, "sub_technique": {"uid": "T1552.004"}},
        {"tactic": {"uid": "TA0006"}},
        {"technique": {"uid": "T1552"}, "sub_technique": {"uid": "T1552.001"}},
        {"technique": {"uid": "T1059"}},
        {"technique": {"uid": "AML.T0051"}},
        {"tactic": {"uid": "AML.TA0003"}},
        {"technique": {"uid": "AML.T0051"}, "sub_technique": {"uid": "AML.T0051.000"}},
    ]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        (attack.others, ["LLM01", "T12", "xT1059"]),
        (attack.tactics, ["TA0006", "AML.TA0003"]),
        (attack.techniques, ["T1552", "T1059", "AML.T0051"]),
        (attack.subtechniques, ["T1552.004", "T1552.001", "AML.T0051.000"]),
        (attack.techniques_and_sub, ["T1552.004", "T1552.001", "T1059", "AML.T0051", "AML.T0051.000"]),
    ],
)
def test_lists(kind, wanted):
    assert json.loads(made(kind("attack"))) == wanted
    assert made(attack.joined("attack", kind)) == ",".join(wanted)


def test_nothing_of_a_kind_is_null():
    assert made(attack.ocsf("attack"), "LLM01") is None
    assert made(attack.joined("attack", attack.tactics), "T1059") is None


def test_udm_objects():
    assert json.loads(made(attack.udm("attack", tactics=True))) == [{"id": "TA0006"}, {"id": "AML.TA0003"}]
    assert json.loads(made(attack.udm("attack", tactics=False), "T1552.004,T1059")) == [
        {"id": "T1552", "subtechnique_id": "T1552.004"}, {"id": "T1059"},
    ]  # fmt: skip


def test_tags_are_stripped_and_empty_ones_left_out():
    assert attack.split(" a ,,b") == ["a", "b"]
    assert attack.split(None) == []
