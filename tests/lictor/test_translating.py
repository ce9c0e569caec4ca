"""Dialects behind one door, with a dialect of the test's own: who is asked, what consent means."""

from __future__ import annotations

import pytest

from lictor import translating
from lictor.errors import LictorError
from pipeline.policy.dialects import registry
from pipeline.policy.dialects.interface import Imported, Item
from pipeline.policy.load import load_policy

DENY = {"id": "d", "on": ["net.connect"], "match": {"domain": ["a.example"]}, "action": "deny"}
ALLOW = {"id": "a", "on": ["net.connect"], "match": {"ip": ["10.0.0.0/8"]}, "action": "allow"}


class Toy:
    name = title = "toy"

    def recognises(self, text, _filename):
        return text.startswith("toy")

    def read(self, _text, _filename):
        items = (
            Item("first", "/0", 1, "deny a.example", "exact", ({**DENY},)),
            Item("second", "/1", 2, "allow more", "wider", (), ({**ALLOW},), "it would allow more"),
        )
        return Imported({"name": "toy", "defaults": {"network": "deny"}}, items, ("a note",))


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    monkeypatch.setattr(registry, "READERS", ("toy",))
    monkeypatch.setattr(registry, "reader", lambda _name: Toy())


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "f"
    path.write_text("toy")
    return path


def test_what_is_wider_is_left_out_until_accepted(file):
    found = translating.translate_in(file, None, ())
    assert found.status == 1
    assert [r.id for r in load_policy(found.text, "p").rules] == ["d"]
    accepted = translating.translate_in(file, None, ["second"])
    assert accepted.status == 0
    assert [r.id for r in load_policy(accepted.text, "p").rules] == ["d", "a"]
    assert [i["accepted"] for i in accepted.report()["items"]] == [False, True]


def test_a_deny_by_name_is_kept_although_nothing_can_tell_names_yet(file):
    assert load_policy(translating.translate_in(file, None, ()).text, "p").rules[0].best_effort


def test_consent_must_name_what_is_wider(file):
    with pytest.raises(LictorError, match="those that are: second"):
        translating.translate_in(file, None, ["first"])


def test_the_summary_counts_and_the_table_has_a_row_for_each(file):
    found = translating.translate_in(file, None, ())
    assert found.summary() == f"{file} (toy): 1 exact, 1 wider"
    assert found.table().column("outcome").to_pylist() == ["exact", "wider"]


def test_a_file_that_no_dialect_knows(file):
    file.write_text("other")
    with pytest.raises(LictorError, match="not recognised"):
        translating.translate_in(file, None, ())


def test_a_huge_file_is_refused(file):
    with file.open("wb") as out:
        out.truncate(translating.LARGEST + 1)
    with pytest.raises(LictorError, match="larger than"):
        translating.translate_in(file, "toy", ())
