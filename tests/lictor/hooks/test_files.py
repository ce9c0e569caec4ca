"""Paths as the kernel names them: it is asked itself, by what it says of an open file."""

from __future__ import annotations

import os

import pytest

from lictor.hooks import files


def kernel_name(path: str, flags: int) -> str:
    descriptor = os.open(path, flags, 0o600)
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


@pytest.fixture
def linked(house):
    (house.repo / "key").symlink_to("../.ssh/id_rsa")
    (house.repo / "dir").symlink_to(house.home / ".ssh")
    (house.repo / "plain").write_text("x")
    (house.repo / "dangling").symlink_to("../made")
    return house


@pytest.mark.parametrize("name", ["key", "dir/id_rsa", "plain", "./plain", "dir/../repo/plain", "../repo//plain"])
def test_reads_are_named_as_by_the_kernel(linked, monkeypatch, name):
    monkeypatch.chdir(linked.repo)
    (act,) = files.read(name, str(linked.repo), linked.around, "/a")
    assert act.path == kernel_name(name, os.O_RDONLY)
    assert (act.on, act.intent, act.exe) == ("file.read", ("read",), "/a")


@pytest.mark.parametrize(("name", "on"), [("plain", "file.write"), ("new", "file.create"), ("dangling", "file.create")])
def test_writes_are_named_as_by_the_kernel(linked, monkeypatch, name, on):
    monkeypatch.chdir(linked.repo)
    (act,) = files.write(name, str(linked.repo), linked.around, None)
    assert act.on == on
    assert act.path == kernel_name(name, os.O_WRONLY | os.O_CREAT)


def test_a_delete_is_of_the_link_and_not_of_what_it_leads_to(linked):
    assert files.delete("key", str(linked.repo), linked.around, None)[0].path == str(linked.repo / "key")
    assert files.delete("dir/id_rsa", str(linked.repo), linked.around, None)[0].path == str(linked.home / ".ssh/id_rsa")


def test_the_tilde_is_the_home(house):
    assert files.read("~/.ssh/id_rsa", "/", house.around, None)[0].path == str(house.home / ".ssh/id_rsa")
    assert files.read("~", "/", house.around, None)[0].path == str(house.home)
    assert files.read("~other", "/w", house.around, None)[0].path == "/w/~other"


@pytest.mark.parametrize("name", ["", "a\0b", "/dev/stdout", "/dev/fd/3", "/proc/self/fd/1"])
def test_what_no_file_is_named_by_gives_no_act(house, name):
    for act in (files.read, files.write, files.change, files.open_both):
        assert act(name, "/", house.around, None) == []


def test_a_name_too_long_for_the_system_is_still_a_name(house):
    assert files.read("x" * 5000, "/", house.around, None)[0].path == "/" + "x" * 5000


def test_an_edit_reads_and_writes(house):
    acts = files.change("x", str(house.repo), house.around, None)
    assert [act.on for act in acts] == ["file.read", "file.create"]
    (both,) = files.open_both("x", str(house.repo), house.around, None)
    assert both.intent == ("read", "write")
