import time
import uuid
from pathlib import Path

import pytest

from enforcer.linux import cgroupfs
from enforcer.linux.cgroup import CgroupError, RunCgroup


@pytest.fixture
def place():
    """A folder of the test's own in the cgroup tree; skips where none can be made."""
    try:
        RunCgroup.create(f"probe-{uuid.uuid4().hex}").remove()
        top = cgroupfs.places()[0]
        name = f"lictor-test-{uuid.uuid4().hex[:12]}"
        mine = cgroupfs.Place(top.directory.parent / name, f"{top.path.removesuffix('/lictor')}/{name}")
        mine.directory.mkdir()
    except (CgroupError, OSError) as error:
        pytest.skip(f"no cgroup can be made here: {error}")
    yield mine
    for group in list(cgroupfs.subtree(mine.directory))[1:]:
        cgroupfs.write(group / "cgroup.kill", "1")
    deadline = time.monotonic() + 5
    while not cgroupfs.remove_tree(mine.directory) and time.monotonic() < deadline:
        time.sleep(0.01)


@pytest.fixture
def marked():
    """Function: pids of all live processes with a text in their environment, a truth that no cgroup can bend."""

    def find(mark: str) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    return find
