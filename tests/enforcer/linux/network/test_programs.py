"""The programs of one cgroup: the kernel's own list says which stand there, and a connect says whether they work."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from pathlib import Path

import pytest

from collectors.kernel.libbpf import KernelRefusalError
from enforcer.linux.cgroup import RunCgroup
from enforcer.linux.network import programs
from enforcer.linux.network.programs import ATTACH_TYPES, Programs, query

pytestmark = pytest.mark.kernel


@pytest.fixture
def group(place):
    with RunCgroup.create("r", [place]) as made:
        yield made


@pytest.fixture
def ours():
    made = Programs()
    yield made
    made.detach()


def counts(group):
    return [len(query(group.descriptor, number)) for number in ATTACH_TYPES.values()]


def in_fdinfo():
    """Numbers of the programs that we hold open, as /proc tells them."""
    texts = [path.read_text() for path in Path("/proc/self/fdinfo").iterdir() if path.exists()]
    return {int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("prog_id:")}


def connect_in(group):
    """Error number of a connect from a child in the group."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = os.fork()
        if child == 0:
            group.add(0)
            os._exit(socket.socket().connect_ex(server.getsockname()))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_all_sections_of_the_object_are_known():
    assert {p.section for p in programs.load().programs()} == set(ATTACH_TYPES)


def test_attached_programs_stand_work_and_go(group, ours):
    assert ours.standing(group.descriptor) == []
    assert connect_in(group) == 0
    ours.attach(group.descriptor)
    assert ours.standing(group.descriptor) == list(ATTACH_TYPES)
    assert {n for t in ATTACH_TYPES.values() for n in query(group.descriptor, t)} <= in_fdinfo()
    assert connect_in(group) == errno.EPERM
    ours.detach()
    ours.detach()
    assert ours.standing(group.descriptor) == []
    assert counts(group) == [0] * len(ATTACH_TYPES)
    assert connect_in(group) == 0


def test_attaching_twice_attaches_once(group, ours):
    ours.attach(group.descriptor)
    ours.attach(group.descriptor)
    assert counts(group) == [1] * len(ATTACH_TYPES)


def test_programs_of_somebody_else_stay_and_are_not_taken_for_ours(group, ours, monkeypatch):
    monkeypatch.setattr(programs, "_loaded", None)
    other = Programs()
    other.attach(group.descriptor)
    theirs = programs._loaded
    monkeypatch.setattr(programs, "_loaded", None)
    ours.attach(group.descriptor)
    try:
        assert counts(group) == [2] * len(ATTACH_TYPES)
        ours.detach()
        assert ours.standing(group.descriptor) == []
        assert other.standing(group.descriptor) == list(ATTACH_TYPES)
        assert connect_in(group) == errno.EPERM
    finally:
        other.detach()
        theirs.close()
        programs._loaded.close()


def test_two_runs_have_one_object_and_links_of_their_own(group, ours, place):
    with RunCgroup.create("s", [place]) as second:
        other = Programs()
        other.attach(second.descriptor)
        ours.attach(group.descriptor)
        assert query(group.descriptor, 10) == query(second.descriptor, 10)
        other.detach()
        assert ours.standing(group.descriptor) == list(ATTACH_TYPES)
        assert counts(second) == [0] * len(ATTACH_TYPES)


def test_no_cgroup_is_one_line_with_a_reason(ours, group):
    with pytest.raises(KernelRefusalError, match=r"did not attach cgroup.*: .*; `lictor doctor`") as raised:
        ours.attach(-1)
    assert "\n" not in str(raised.value)
    null = os.open("/dev/null", os.O_RDONLY)
    try:
        with pytest.raises(KernelRefusalError):
            ours.attach(null)
        with pytest.raises(OSError, match="Errno"):
            ours.standing(null)
    finally:
        os.close(null)
    ours.attach(group.descriptor)  # a refusal leaves nothing behind
    assert ours.standing(group.descriptor) == list(ATTACH_TYPES)


def test_what_is_not_built_says_how_to_build_it(monkeypatch, tmp_path, ours, group):
    monkeypatch.setattr(programs, "_loaded", None)
    monkeypatch.setattr(programs, "OBJECT", tmp_path / "isolate.bpf.o")
    with pytest.raises(KernelRefusalError, match="not built: run `make sensor`"):
        ours.attach(group.descriptor)


def test_links_do_not_pass_to_what_we_start(group, ours):
    ours.attach(group.descriptor)
    links = []
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the listing itself had one
            if os.readlink(f"/proc/self/fd/{fd}") == "anon_inode:bpf_link":
                links.append(fd)
    assert len(links) >= len(ATTACH_TYPES)
    assert not any(os.get_inheritable(int(fd)) for fd in links)
