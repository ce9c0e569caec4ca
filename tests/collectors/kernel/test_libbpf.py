"""libbpf through ctypes: what it loads is what the kernel says is loaded, and a refusal is one line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collectors.ebpf.collector import OBJECT
from collectors.kernel import libbpf
from collectors.kernel.records import HASH_KEY, PATH_BITS

SMALL = {"events": 1 << 16, "priority": 1 << 16, "strings": 1 << 16}


@pytest.fixture
def loaded(sensor):
    made = libbpf.Object(OBJECT, SMALL)
    yield made
    made.close()


def fdinfo(fd: int) -> dict[str, str]:
    """What the kernel says of one of our descriptors."""
    lines = Path(f"/proc/self/fdinfo/{fd}").read_text().splitlines()
    return {k: v.strip() for k, _, v in (line.partition(":") for line in lines)}


@pytest.mark.kernel
def test_map_has_the_size_that_was_asked_for(loaded):
    assert fdinfo(loaded.map("events").fd)["max_entries"] == str(SMALL["events"])


@pytest.mark.kernel
def test_map_is_a_dictionary(loaded):
    paths = loaded.map("paths")
    key, other, value = bytes(range(HASH_KEY.itemsize)), bytes(HASH_KEY.itemsize), bytes(range(PATH_BITS.itemsize))
    assert paths.lookup(key, PATH_BITS.itemsize) is None
    paths.update(key, value)
    paths.update(other, value)
    assert paths.lookup(key, PATH_BITS.itemsize) == value
    assert sorted(paths.keys(HASH_KEY.itemsize)) == sorted([key, other])
    assert paths.delete(key)
    assert not paths.delete(key)
    assert list(paths.keys(HASH_KEY.itemsize)) == [other]


@pytest.mark.kernel
def test_a_map_that_is_full_says_so(loaded):
    with pytest.raises(libbpf.KernelRefusalError, match="map setup did not take an entry"):
        loaded.map("setup").update((7).to_bytes(4, "little"), bytes(16))


@pytest.mark.kernel
def test_programs_are_those_of_the_kernel(loaded):
    programs = list(loaded.programs())
    assert {p.section for p in programs} == {
        "tp_btf/sys_exit", "tp_btf/task_newtask", "tp_btf/sched_process_exec", "tp_btf/sched_process_exit",
        "cgroup/connect4", "cgroup/connect6", "cgroup/sendmsg4", "cgroup/sendmsg6", "iter/task",
    }  # fmt: skip
    assert all(int(fdinfo(p.fd)["prog_id"]) > 0 for p in programs)
    assert [p.missed() for p in programs] == [0] * len(programs)


@pytest.mark.kernel
def test_programs_can_be_left_out(sensor):
    made = libbpf.Object(OBJECT, SMALL, without="cgroup/")
    try:
        assert {p.section.partition("/")[0] for p in made.programs()} == {"tp_btf", "iter"}
    finally:
        made.close()


@pytest.mark.kernel
def test_close_frees_everything_and_may_be_said_twice(sensor):
    before = len(os.listdir("/proc/self/fd"))
    made = libbpf.Object(OBJECT, SMALL)
    for program in made.programs():
        if program.section.startswith("tp_btf"):
            made.attach(program)
    assert len(os.listdir("/proc/self/fd")) > before
    made.close()
    made.close()
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.kernel
def test_unknown_map_is_told(loaded):
    with pytest.raises(libbpf.KernelRefusalError, match="no map nowhere"):
        loaded.map("nowhere")


@pytest.mark.parametrize("content", [b"", b"no ELF"])
def test_a_file_that_is_no_object_is_one_line_and_a_log(tmp_path, content):
    broken = tmp_path / "broken.o"
    broken.write_bytes(content)
    try:
        libbpf.library()
    except libbpf.KernelRefusalError as error:
        pytest.skip(str(error))
    with pytest.raises(libbpf.KernelRefusalError, match=r"broken\.o cannot be opened.*make sensor") as raised:
        libbpf.Object(broken, {})
    assert "\n" not in str(raised.value)
    assert "libbpf" in raised.value.log


def test_without_the_library_the_next_step_is_named(monkeypatch):
    def missing(*_args, **_options):
        raise OSError("libbpf.so.1: cannot open shared object file")

    monkeypatch.setattr(libbpf, "_library", None)
    monkeypatch.setattr(libbpf.ctypes, "CDLL", missing)
    with pytest.raises(libbpf.KernelRefusalError, match="apt install libbpf1"):
        libbpf.library()
