from __future__ import annotations

import sys

from pipeline.lake import cage
from tests.seams import functions, imported


def test_both_systems_confine_by_the_same_words():
    assert imported("pipeline/lake/cage.py") == ({"confine"}, {"confine"})
    ours, theirs = functions("pipeline/lake/sandbox.py")["confine"], functions("pipeline/lake/system/job.py")["confine"]
    assert ours == theirs


def test_it_is_that_of_this_system():
    module = "pipeline.lake.system.job" if sys.platform == "win32" else "pipeline.lake.sandbox"
    assert cage.confine.__module__ == module
