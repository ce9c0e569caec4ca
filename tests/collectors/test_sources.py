"""The list, and which source a machine gets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collectors.interface import CollectorError, Wanted
from collectors.sources import AUTO, SOURCES, choose, named
from pipeline import schema


def sources(**reasons):
    return [replace(SOURCES[0], name=name, usable=lambda reason=reason: reason) for name, reason in reasons.items()]


def test_the_first_that_can_be_used_is_chosen_and_the_others_are_named_with_their_reasons():
    choice = choose(AUTO, sources(best="no root", second=None, last=None))
    assert choice.source.name == "second"
    assert [(s.name, reason) for s, reason in choice.refused] == [("best", "no root")]
    assert choice.why == "first of the sources that can be used here (best: no root)"
    assert choose(AUTO, sources(best=None)).why == "the source that sees most"


def test_one_that_is_asked_for_is_taken_or_refused_but_never_replaced():
    assert choose("last", sources(best=None, last=None)).source.name == "last"
    with pytest.raises(CollectorError, match="the source best cannot be used: no root"):
        choose("best", sources(best="no root", last=None))


def test_where_none_can_be_used_all_reasons_are_told():
    with pytest.raises(CollectorError, match=r"best cannot be used: a; .* last cannot be used: b"):
        choose(AUTO, sources(best="a", last="b"))


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(CollectorError, match=f"no source 'x': auto, {SOURCES[0].name}"):
        named("x")


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)
def test_each_source_says_what_it_is_worth(source):
    assert source.operations <= set(schema.OPERATION_BY_NAME)
    assert all(
        "\n" not in text and text for text in (source.sees, source.misses, source.costs, source.acts, source.needs)
    )
    assert source.usable() is None or source.usable().strip()


@pytest.mark.parametrize("source", [s for s in SOURCES if s.usable() is None], ids=lambda s: s.name)
def test_each_builds_a_collector_of_its_name(source):
    collector = source.build(Wanted())
    assert collector.name == source.name
    assert collector.context.host
    assert (collector.kernel is not None) == source.inline
    collector.close()


def test_only_the_last_needs_nothing():
    assert [s.name for s in SOURCES if s.inline] == ["ebpf"]
    assert SOURCES[-1].name == "portable"


def test_a_source_is_only_chosen_where_none_that_sees_more_can_be_used():
    assert [source.name for source in SOURCES] == ["ebpf", "bcc", "etw", "portable"]
    for others in ({"etw"}, {"ebpf", "bcc"}):  # no machine can use both
        seen = [len(source.operations) for source in SOURCES if source.name not in others]
        assert seen == sorted(seen, reverse=True)
