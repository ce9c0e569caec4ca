from __future__ import annotations

import sys

from lictor.vault import here
from tests.seams import functions


def test_both_systems_have_the_same_functions():
    ours = {name: taken for name, taken in functions("lictor/vault/posix.py").items() if name != "outcome"}
    assert ours == functions("lictor/vault/windows.py")


def test_it_is_the_module_of_this_system():
    assert here is sys.modules["lictor.vault.windows" if sys.platform == "win32" else "lictor.vault.posix"]
