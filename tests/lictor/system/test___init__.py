from __future__ import annotations

import sys

from lictor.system import here
from tests.seams import functions


def test_both_systems_have_the_same_functions():
    ours = functions("lictor/system/posix.py")
    assert ours == {n: a for n, a in functions("lictor/system/windows.py").items() if n != "is_closed"}


def test_it_is_the_module_of_this_system():
    assert here is sys.modules["lictor.system.windows" if sys.platform == "win32" else "lictor.system.posix"]
