"""The path lists of an export: steps of folders, and entries only where the step changes."""

from __future__ import annotations

from pipeline.policy.dialects.mxc.export_files import EVERYTHING, NOTHING, READ, READING, TOPS, WRITE, Files
from pipeline.policy.dialects.mxc.export_regions import Region


def files(*, read=(), write=(), no_read=(), no_write=()):
    made = Files()
    for ops, folders in ((READ, (*read, *write)), (WRITE, write)):
        for op in ops:
            made.opened[op] += folders
    for op in READ:
        made.closed[op] += no_read
    for op in WRITE:
        made.closed[op] += no_write
    return made


def test_steps_and_lists():
    made = files(
        read=["/a"], write=["/a/w"], no_read=[Region(("/a/no",), ("/a/no/yes",))], no_write=[Region(("/a/w/ro",))]
    )
    steps = {
        "/a": READING,
        "/a/w": EVERYTHING,
        "/a/w/ro": READING,
        "/a/no": NOTHING,
        "/a/no/yes": READING,
        "/b": NOTHING,
    }
    assert {folder: made.step(folder) for folder in steps} == steps
    assert made.lists() == {
        "readwritePaths": ["/a/w"],
        "readonlyPaths": ["/a", "/a/no/yes", "/a/w/ro"],
        "deniedPaths": ["/a/no"],
    }


def test_a_step_needs_all_that_is_in_it():
    made = files(write=["/a"])
    made.closed["file.chmod"].append(Region(("/a",)))
    assert made.step("/a") == READING
    made.closed["exec"].append(Region(("/a",)))
    assert made.step("/a") == NOTHING
    assert made.step("/a", denies=False) == EVERYTHING


def test_the_root_is_the_usual_folders():
    assert files(read=["/"]).lists() == {"readonlyPaths": list(TOPS)}
    assert files(read=["/"], no_read=[Region(("/home",))]).lists() == {
        "readonlyPaths": [t for t in TOPS if t != "/home"]
    }


def test_what_changes_nothing_is_not_written():
    assert files(no_read=[Region(("/a",))]).lists() == {}
    assert files(read=["/a", "/a/b"]).lists() == {"readonlyPaths": ["/a"]}
