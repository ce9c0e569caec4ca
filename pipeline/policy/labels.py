"""Labels: names for groups of paths, so that rules, queries and findings speak of *credentials* and not of forty paths.

The built-in ones stand in ``labels.yaml``; a policy may define more. A label is nothing but its
patterns: what a rule on it can do in the kernel is what a rule with those paths could.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.policy.model import Match, Rule
    from pipeline.policy.source import Location


def _built_in() -> Mapping[str, tuple[str, ...]]:
    text = files("pipeline.policy").joinpath("labels.yaml").read_text(encoding="utf-8")
    loader = getattr(
        yaml, "CSafeLoader", yaml.SafeLoader
    )  # the same data in a fifteenth of the time, which each hook pays
    return {name: tuple(patterns) for name, patterns in yaml.load(text, Loader=loader).items()}  # noqa: S506 - both are safe


BUILT_IN: Mapping[str, tuple[str, ...]] = _built_in()
"""Patterns of each label that every policy has."""


def names_in(rule: Rule) -> Iterator[tuple[Location, str]]:
    """Labels that a rule names, and where in it (below the rule)."""
    yield from _of_match(("match",), rule.match)
    yield from _of_match(("unless",), rule.unless)
    for i, step in enumerate(rule.sequence or ()):
        yield from _of_match(("sequence", i, "match"), step.match)
        yield from _of_match(("sequence", i, "unless"), step.unless)


def _of_match(here: Location, match: Match | None) -> Iterator[tuple[Location, str]]:
    for key in ("label", "taint"):
        for i, name in enumerate(getattr(match, key) if match is not None else ()):
            yield (*here, key, i), name
