from __future__ import annotations

import json
import os
import time
from pathlib import Path

from collectors.portable.image import Image, environment_of, glance, image_of


def test_a_program_is_read_as_proc_shows_it(script, tmp_path):
    child = script("input()", "a b", cwd=tmp_path, env={**os.environ, "CLAUDECODE": "1", "LICTOR_RUN": "r"})
    until = time.monotonic() + 10
    while not Path(f"/proc/{child.pid}/cmdline").read_bytes().endswith(b"a b\0"):  # before, it is the fork of this one
        assert time.monotonic() < until
    image = image_of(child.pid)
    argv = Path(f"/proc/{child.pid}/cmdline").read_bytes()
    assert "\0".join(image.argv).encode() + b"\0" == argv
    columns = image.columns()
    assert columns["cmdline_bytes"] == len(argv)
    assert columns["cmdline"].endswith("'a b'")
    assert (columns["cwd"], columns["uid"]) == (str(tmp_path), os.getuid())
    assert json.loads(columns["marks"]) == {"CLAUDECODE": "1"}
    assert environment_of(child.pid)["LICTOR_RUN"] == "r"


def test_a_glance_is_the_same_until_the_program_is_another(script):
    child = script("import os; print(flush=True); input(); os.execv('/bin/cat', ['cat'])")
    child.stdout.readline()  # from here on its program and its words are there
    before = glance(child.pid)
    assert glance(child.pid) == before
    child.stdin.write("\n")
    child.stdin.flush()
    until = time.monotonic() + 10
    while image_of(child.pid).exe != os.path.realpath("/bin/cat"):
        assert time.monotonic() < until
    assert glance(child.pid) != before


def test_who_is_gone_shows_nothing():
    assert image_of(2**22 + 1) == Image()
    assert glance(2**22 + 1) is None or glance(2**22 + 1)[0] is None
    assert environment_of(2**22 + 1) == {}


def test_what_cannot_be_seen_is_no_other_program():
    assert not Image().is_other(Image("/bin/a", ("a",)))
    assert Image("/bin/b", ("a",)).is_other(Image("/bin/a", ("a",)))
    assert not Image("/bin/a", ("a",)).is_other(Image("/bin/a", ("a",), cwd="/"))
    assert not Image("/bin/b", ()).is_other(Image("/bin/a", ("a",))), (
        "in the middle of an exec: the words come in a moment"
    )
