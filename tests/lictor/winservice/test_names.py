from __future__ import annotations

from lictor.system import windows
from lictor.winservice import names


def test_the_services_lake_is_where_an_administrators_commands_look():
    assert (windows.SYSTEM_LAKE.name, windows.SYSTEM_RUNTIME.name) == (names.LAKE, names.RUN)
    assert windows.SYSTEM_LAKE.parent == windows.SYSTEM_RUNTIME.parent


def test_no_two_folders_are_one():
    assert len({names.POLICIES, names.LAKE, names.LOG, names.RUN}) == 4
