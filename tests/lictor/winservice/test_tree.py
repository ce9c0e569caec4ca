from __future__ import annotations

from types import SimpleNamespace

import pytest

from lictor.winservice import tree


@pytest.fixture
def home(tmp_path):
    for name in ("policies/more", "lake", "run/inside", "elsewhere"):
        (tmp_path / "home" / name if name != "elsewhere" else tmp_path / name).mkdir(parents=True)
    (tmp_path / "elsewhere" / "secret").touch()
    (tmp_path / "home" / "policies" / "more" / "a.yaml").touch()
    return tmp_path / "home"


def test_everything_is_named_parents_first_but_what_users_may_look_into(home):
    found = [p.relative_to(home).as_posix() for p in tree.of_home(home)]
    assert found == [".", "lake", "policies", "policies/more", "policies/more/a.yaml"]


def test_a_link_is_named_and_not_entered(home):
    (home / "lake" / "out").symlink_to(home.parent / "elsewhere", target_is_directory=True)
    assert tree.links(home) == [home / "lake" / "out"]
    assert not [p for p in tree.of_home(home) if p.name == "secret"]


def test_a_home_that_is_a_link_is_not_entered(home):
    linked = home.with_name("linked")
    linked.symlink_to(home, target_is_directory=True)
    assert tree.links(linked) == list(tree.of_home(linked)) == [linked]


@pytest.mark.parametrize(("attributes", "link"), [(0x10, False), (0x410, True)])
def test_a_junction_is_a_link(attributes, link):
    path = SimpleNamespace(lstat=lambda: SimpleNamespace(st_mode=0o40755, st_file_attributes=attributes))
    assert tree.is_link(path) is link
