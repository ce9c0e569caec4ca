from __future__ import annotations

from dataclasses import replace

from collectors.portable.source import PORTABLE
from collectors.sources import SOURCES, Choice
from lictor.probes import sources
from lictor.probes.check import OK, WARN


def test_the_chosen_one_says_why_the_others_how_they_are_had(monkeypatch):
    monkeypatch.setattr(sources, "_choice", lambda: Choice(PORTABLE, ((SOURCES[0], "no root"),)))
    other = replace(PORTABLE, name="other")
    chosen, spare = sources.source(PORTABLE), sources.source(other)
    assert (chosen.state, spare.state) == (OK, OK)
    assert chosen.found.startswith(f"chosen: first of the sources that can be used here ({SOURCES[0].name}: no root)")
    assert "--source other" in spare.found
    assert all(PORTABLE.sees in c.found and PORTABLE.misses in c.found for c in (chosen, spare))


def test_one_that_cannot_be_used_says_why_and_what_it_needs():
    check = sources.source(replace(PORTABLE, usable=lambda: "no root"))
    assert (check.state, check.found) == (WARN, "no root")
    assert PORTABLE.needs in check.fix


def test_all_are_asked_in_their_order():
    assert [probe().name for probe in sources.PROBES] == [f"source {s.name}" for s in SOURCES if s.belongs_here()]
