from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from collectors.kernel import machine


def test_the_boot_clock_and_the_offset_make_the_time():
    since_1970 = time.clock_gettime_ns(time.CLOCK_BOOTTIME) + machine.clock_offset_ns()
    assert abs(since_1970 - time.time_ns()) < 50_000_000
    assert abs(machine.now_us() - time.time() * 1e6) < 50_000


@pytest.mark.parametrize(("text", "count"), [("0", 1), ("0-1\n", 2), ("0-127\n", 128), ("0,2-5\n", 6), ("0-3,8\n", 9)])
def test_possible_processors_are_counted_up_to_the_last_one(tmp_path, text, count):
    file = tmp_path / "possible"
    file.write_text(text)
    assert machine.possible_processors(file) == count


def test_on_this_machine_there_are_at_least_those_that_run():
    assert machine.possible_processors() >= os.cpu_count()


def test_links(tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/nowhere")
    assert machine.link_target(link) == "/nowhere"
    assert machine.link_target(tmp_path) is None
    assert machine.link_target(Path("/proc/self/exe")) == os.path.realpath("/proc/self/exe")
