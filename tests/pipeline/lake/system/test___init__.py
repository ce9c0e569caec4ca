from __future__ import annotations

import sys

from pipeline.lake.system import files
from tests.seams import functions


def test_both_systems_have_the_same_functions():
    ours = functions("pipeline/lake/system/posix.py")
    assert ours == {n: a for n, a in functions("pipeline/lake/system/windows.py").items() if n != "disposition"}


def test_it_is_the_module_of_this_system():
    assert (
        files
        is sys.modules["pipeline.lake.system.windows" if sys.platform == "win32" else "pipeline.lake.system.posix"]
    )
