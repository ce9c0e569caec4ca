import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.linux import cgroupfs
from enforcer.linux.cgroupfs import CgroupError, Place, cgroup2_mount, own_cgroup, places

HYBRID = """\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
"""
UNIFIED = "35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev shared:9 master:2 - cgroup2 cgroup2 rw,nsdelegate\n"
CONTAINER = "900 880 0:30 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n"


@pytest.mark.parametrize(
    ("text", "mount"), [(HYBRID, "/sys/fs/cgroup/unified"), (UNIFIED, "/sys/fs/cgroup"), (CONTAINER, "/sys/fs/cgroup")]
)
def test_mount_point(text, mount):
    assert cgroup2_mount(text) == Path(mount)


def test_a_mount_of_the_whole_tree_is_preferred():
    assert cgroup2_mount(CONTAINER.replace("/sys/fs/cgroup", "/part") + UNIFIED) == Path("/sys/fs/cgroup")


@given(st.text(st.sampled_from(" \t\n\\abc0-é"), min_size=1, max_size=12))
def test_octal_escapes_are_undone(name):
    escaped = "".join(f"\\{ord(c):03o}" if c in " \t\n\\" else c for c in name)
    text = f"41 31 0:38 / /mnt/{escaped} rw - cgroup2 none rw\n"
    assert cgroup2_mount(text) == Path(f"/mnt/{name}")


@pytest.mark.parametrize("text", ["", HYBRID.splitlines()[0], "1 2 0:3 / /x rw", "a - cgroup2"])
def test_no_mount_says_what_to_do(text):
    with pytest.raises(CgroupError, match=r"^no cgroup v2 mount; mount one: mount -t cgroup2 "):
        cgroup2_mount(text)


def test_a_cgroup2_word_in_another_field_is_not_a_mount():
    with pytest.raises(CgroupError):
        cgroup2_mount("41 31 0:38 / /cgroup2 rw cgroup2 - tmpfs cgroup2 rw\n")


def test_this_machine_agrees_with_findmnt():
    found = subprocess.run(["findmnt", "-t", "cgroup2", "-no", "TARGET"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("findmnt knows no cgroup v2 mount here")
    assert str(cgroup2_mount(Path("/proc/self/mountinfo").read_text())) in found.stdout.splitlines()


def test_own_cgroup():
    assert own_cgroup("4:memory:/a\n0::/user.slice/a:b.scope\n") == "/user.slice/a:b.scope"
    assert own_cgroup("0::/gone (deleted)\n") == "/gone"
    with pytest.raises(CgroupError, match="mount one"):
        own_cgroup("4:memory:/a\n")


def test_places_at_the_root_only_when_we_are_there():
    assert places(HYBRID, "0::/\n") == [Place(Path("/sys/fs/cgroup/unified/lictor"), "/lictor")]


def test_places_fall_back_to_our_own_group():
    own = Place(Path("/sys/fs/cgroup/user.slice/a.scope/lictor"), "/user.slice/a.scope/lictor")
    assert places(UNIFIED, "0::/user.slice/a.scope\n") == [Place(Path("/sys/fs/cgroup/lictor"), "/lictor"), own]


def test_places_in_a_container_that_shows_a_part_of_the_tree():
    assert places(CONTAINER, "0::/docker/abc/x\n") == [
        Place(Path("/sys/fs/cgroup/lictor"), "/docker/abc/lictor"),
        Place(Path("/sys/fs/cgroup/x/lictor"), "/docker/abc/x/lictor"),
    ]
    assert len(places(CONTAINER, "0::/elsewhere\n")) == 1


def test_a_group_is_found_by_the_name_that_proc_has_for_it():
    assert cgroupfs.directory("/user.slice/a.scope", UNIFIED) == Path("/sys/fs/cgroup/user.slice/a.scope")
    assert cgroupfs.directory("/", HYBRID) == Path("/sys/fs/cgroup/unified")
    assert cgroupfs.directory("/docker/abc/x", CONTAINER) == Path("/sys/fs/cgroup/x")
    assert cgroupfs.directory("/elsewhere", CONTAINER) == Path("/sys/fs/cgroup")
    own = cgroupfs.directory(own_cgroup(Path("/proc/self/cgroup").read_text()))
    assert str(os.getpid()) in (own / "cgroup.procs").read_text().split()


def test_what_is_gone_has_nothing(tmp_path):
    gone = tmp_path / "gone"
    assert cgroupfs.events(gone) == {}
    assert cgroupfs.members(gone) == []
    assert cgroupfs.children(gone) == []
    assert list(cgroupfs.subtree(gone)) == [gone]
    assert cgroupfs.lock(gone) is None
    assert cgroupfs.remove_tree(gone) is True


def test_tree_is_walked_parents_first_and_removed_deepest_first(tmp_path):
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/d").mkdir()
    (tmp_path / "a/link").symlink_to(tmp_path)
    walked = list(cgroupfs.subtree(tmp_path / "a"))
    assert walked[0] == tmp_path / "a"
    assert {p.name for p in walked} == {"a", "b", "c", "d"}
    assert walked.index(tmp_path / "a/b") < walked.index(tmp_path / "a/b/c")
    (tmp_path / "a/link").unlink()
    assert cgroupfs.remove_tree(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_busy_tree_is_not_removed(tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").touch()
    assert not cgroupfs.remove_tree(tmp_path / "a")


def test_events_and_members_are_parsed(tmp_path):
    (tmp_path / "cgroup.events").write_text("populated 1\nfrozen 0\n")
    (tmp_path / "cgroup.procs").write_text("12\n0\n345\n")
    assert cgroupfs.events(tmp_path) == {"populated": 1, "frozen": 0}
    assert cgroupfs.members(tmp_path) == [12, 345]


def test_lock_ends_with_its_holder(tmp_path):
    """The other process holds it and is killed: the kernel must give the lock back."""
    code = "import sys; from enforcer.linux import cgroupfs; from pathlib import Path;"
    code += "print(cgroupfs.lock(Path(sys.argv[1])), flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert int(holder.stdout.readline()) > 0
        assert cgroupfs.lock(tmp_path) is None
        holder.kill()
        holder.communicate()
    assert cgroupfs.lock(tmp_path) is not None


def test_a_group_that_goes_at_this_moment_has_no_events(place):
    group, over = place.directory / "goes", threading.Event()

    def come_and_go():
        while not over.is_set():
            group.mkdir()
            group.rmdir()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            assert cgroupfs.events(group) in ({}, {"populated": 0, "frozen": 0})
    finally:
        over.set()
        thread.join()
