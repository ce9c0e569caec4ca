"""Names of techniques: each id that a hunt carries has one, and no name is somebody else's."""

from __future__ import annotations

import pytest
import yaml

from queries import techniques
from queries.hunting import hunts


@pytest.mark.parametrize("name", sorted(hunts()))
def test_each_id_of_each_hunt_has_a_name(name):
    for id_ in hunts()[name].techniques:
        found = techniques.technique(id_)
        assert found.name, id_
        assert found.catalogue == ("ATLAS" if id_.startswith("AML") else "OWASP" if id_.startswith("ASI") else "ATT&CK")


def test_a_sub_technique_is_named_after_its_technique():
    assert techniques.technique("T1552.001").name == "Unsecured Credentials: Credentials In Files"
    assert techniques.technique("T1552").name == "Unsecured Credentials"
    assert techniques.technique("AML.T0051.001").name == "LLM Prompt Injection: Indirect"


def test_each_sub_technique_of_the_list_has_its_technique_there():
    listed = yaml.safe_load(techniques.NAMES.read_text("utf-8"))
    names = {id_ for of in listed.values() for id_ in of}
    below = {id_ for id_ in names if id_[-4] == "."}
    assert below
    assert {id_[:-4] for id_ in below} <= names


@pytest.mark.parametrize(("id_", "catalogue"), [("T9999.001", "ATT&CK"), ("TA0001", "ATT&CK"), ("AML.T9999", "ATLAS"), ("LLM01", "OWASP"), ("T1", ""), ("", "")])  # fmt: skip
def test_an_unknown_id_has_no_name_but_may_have_a_catalogue(id_, catalogue):
    assert techniques.technique(id_) == techniques.Technique(id_, "", catalogue)


def test_a_set_is_read_in_its_order_without_its_holes():
    assert [t.id for t in techniques.listed(" T1059,, ASI01 ,x")] == ["T1059", "ASI01", "x"]
    assert techniques.listed(None) == []
