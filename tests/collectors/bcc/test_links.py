"""Links followed, against the standard library's own walk; what is not asked, and how long an answer lasts."""

from __future__ import annotations

import os

import pytest

from collectors.bcc.links import Links, slow_mounts

MOUNTS = """\
22 1 0:21 / / rw - ext4 /dev/vda rw
30 22 0:40 / /mnt/with\\040blank rw,relatime shared:5 - fuse.sshfs host: rw
31 22 0:41 / /srv rw - nfs4 server:/ rw
"""


@pytest.fixture
def tree(tmp_path):
    """A folder with links of every kind, and the paths to try."""
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "real/deep/file").touch()
    (tmp_path / "folder").symlink_to("real/deep")
    (tmp_path / "absolute").symlink_to(tmp_path / "real")
    (tmp_path / "name").symlink_to("folder/file")
    (tmp_path / "twice").symlink_to("name")
    (tmp_path / "dangling").symlink_to("nowhere/at/all")
    return tmp_path


@pytest.mark.parametrize(
    "path",
    ["real/deep/file", "folder/file", "absolute/deep/file", "name", "twice", "dangling", "folder/../deep/file",
     "real/./deep//file", "folder/", "missing/name", "absolute/../folder/.."],
)  # fmt: skip
def test_links_lead_where_the_standard_library_finds_that_they_lead(tree, path):
    links = Links()
    links.refresh()
    assert links.real(f"{tree}/{path}") == os.path.realpath(f"{tree}/{path}")


def test_a_circle_ends(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    links = Links()
    links.refresh()
    assert links.real(f"{tmp_path}/a").startswith(str(tmp_path))


def test_a_folder_that_became_a_link_is_seen_after_a_second(tree):
    links = Links()
    assert links.refresh(0.0)
    assert links.real(f"{tree}/real/deep/file") == f"{tree}/real/deep/file"
    (tree / "real/deep").rename(tree / "moved")
    (tree / "real/deep").symlink_to(tree / "moved")
    assert not links.refresh(0.9)
    assert links.real(f"{tree}/real/deep/file") == f"{tree}/real/deep/file"
    assert links.refresh(1.1)
    assert links.real(f"{tree}/real/deep/file") == f"{tree}/moved/file"


def test_nothing_is_asked_of_file_systems_that_answer_in_their_own_time(tmp_path, tree):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"30 22 0:40 / {tree}/folder rw - fuse.x y rw\n")
    links = Links(mounts)
    links.refresh()
    assert links.real(f"{tree}/folder/./file") == f"{tree}/folder/file"
    assert links.real("/proc/self/exe") == "/proc/self/exe", "it would be ours"


def test_mount_points_are_read_with_their_blanks(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert slow_mounts(mounts) == ["/mnt/with blank", "/srv"]
    assert slow_mounts(tmp_path / "none") == []
