from __future__ import annotations

import pytest

from lictor.errors import LictorError
from lictor.winservice import policies
from pipeline.policy.load import PolicyError

POLICY = "lictor: 1\nname: a\nrules:\n  - { id: x, on: exec, match: { argv: evil }, action: kill }\n"


@pytest.fixture
def source(tmp_path):
    (tmp_path / "new" / "common").mkdir(parents=True)
    (tmp_path / "new" / "a.yaml").write_text(POLICY)
    (tmp_path / "new" / "common" / "b.yaml").write_text(POLICY)
    (tmp_path / "new" / "notes.txt").touch()
    return tmp_path / "new"


def test_what_is_there_stays_and_what_is_new_comes(source, tmp_path):
    target = tmp_path / "home"
    target.mkdir()
    (target / "mine.yaml").write_text("mine")
    (target / "a.yaml").write_text("old")
    policies.put(source, target)
    assert policies.are_there(source, target)
    assert sorted(p.relative_to(target).as_posix() for p in target.rglob("*")) == [
        "a.yaml",
        "common",
        "common/b.yaml",
        "mine.yaml",
    ]
    (target / "a.yaml").write_text("changed")
    assert not policies.are_there(source, target)


def test_those_on_top_are_read_first(source):
    assert [p.name for p in policies.check(source)] == ["a.yaml"]
    (source / "a.yaml").write_text("lictor: 1\nname: a\nrules: nothing\n")
    with pytest.raises(PolicyError, match=r"a\.yaml:3"):
        policies.check(source)


def test_a_folder_without_policies_is_refused(tmp_path):
    with pytest.raises(LictorError, match="no policy"):
        policies.check(tmp_path)
