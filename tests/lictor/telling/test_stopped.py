"""What was stopped names those that it happened to."""

from __future__ import annotations

import dataclasses

import pytest

from lictor.telling.stopped import Who


def test_whom_it_happened_to(stopped):
    one = stopped(pid=5, process_key=50, parent_key=40, root_pid=2, root_key=20)
    assert one.who == Who(pid=5, process_key=50, parent_key=40, root_pid=2, root_key=20)


def test_it_is_the_same_for_all_that_one_process_does(stopped):
    assert stopped("/a", pid=5, process_key=50).who == stopped("/b", pid=5, process_key=50).who
    with pytest.raises(dataclasses.FrozenInstanceError):
        stopped().pid = 3
