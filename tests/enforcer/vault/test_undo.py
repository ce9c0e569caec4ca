"""What goes back to whom when a quarantine does not come to its end."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from enforcer.vault import place, traits
from enforcer.vault.take import take
from enforcer.vault.undo import drop_copy, give_up, is_original, set_aside


@pytest.fixture
def begun(vault, make, tmp_path):
    """A record in its first state whose file is stripped and in its place."""
    path = make(tmp_path / "home" / "tool")
    record = take(vault, str(path), {}).record
    (vault.root / "content" / record.id).rename(path)
    return vault.write(replace(record, state="intended", how=None, sha256=None)), path


def test_everything_goes_back(vault, begun):
    record, path = begun
    (vault.root / "content" / f"{record.id}.copy").write_text("half")
    with vault.locked() as content, place.folder_of(str(path)) as at, place.opened(*at) as file:
        after = give_up(vault, record.now("copied"), content, file, "why")
        assert traits.read(file) == record.traits
    assert (after.state, after.note, vault.read(record.id)) == ("undone", "not quarantined: why", after)
    assert list((vault.root / "content").iterdir()) == []


def test_the_original_is_known_at_its_path_and_aside(begun):
    record, path = begun
    assert is_original(record)
    path.rename(path.with_name(f".lictor-{record.id}"))
    assert is_original(record)
    path.with_name(f".lictor-{record.id}").rename(path.with_name("away"))
    assert not is_original(record)
    assert not is_original(replace(record, path="/none/tool"))


def test_a_caught_file_gets_the_first_name_that_is_free(vault, begun):
    record, path = begun
    path.with_name(f".lictor-{record.id}-0").write_text("taken")
    (vault.root / "content" / record.id).write_text("innocent")
    with vault.locked() as content, place.folder_of(str(path)) as (folder, _):
        set_aside(record, content, folder)
    assert path.with_name(f".lictor-{record.id}-1").read_text() == "innocent"
    assert path.with_name(f".lictor-{record.id}-0").read_text() == "taken"


def test_no_copy_to_drop(vault, begun):
    with vault.locked() as content:
        drop_copy(begun[0], content)
    assert os.listdir(vault.root / "content") == []
