"""Renders docs/hunts.md from the hunts themselves: what each asks, of what it is a sign, and what to turn.

Whoever looks into an incident reads it; whoever writes a hunt gets it anew with ``make docs``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from queries import hunting
from queries.parameters import TYPES
from tools import generated
from tools.schema_docs import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from queries.hunting import Hunt

INTRODUCTION = """# Hunts

Questions to the lake, each a file of `queries/hunts/`. `lictor hunt` lists them, `lictor hunt NAME` asks one, `lictor hunt --all` asks
every one and says how much it finds; `--since 24h` bounds the time. A parameter is set with `-p name=value`; where its default begins with `@`, it is
a list of `queries/hunts/lists.yaml`. A hunt is a question, not a verdict: read its false positives first.

What the kernel shows is all that they stand on: files, programs, connections, and the marks that agents leave in the environment of their tools.
What an agent says of itself (prompts, tool results, its own approvals) they do not know.
"""

TYPE_MEANING = {
    "text": "a text",
    "int": "a whole number",
    "number": "a number",
    "duration": "`30s`, `10m`, `24h`, `7d`",
    "time": "ISO 8601; without a zone it is UTC",
    "texts": "texts, separated by commas",
    "globs": "patterns of paths or addresses, separated by commas: `*` and `?` stop at a slash, `**` does not, `{a,b}` is either, `~/` is the home of any user",
    "regex": "a regular expression in the syntax of RE2; it may match anywhere unless it is anchored",
}


def link(name: str) -> str:
    """A hunt's name as a link into the page."""
    return f"[{name}](#{name})"


def overview(found: Sequence[Hunt]) -> Iterator[str]:
    """The table of all hunts."""
    rows = [(link(h.name), h.severity, h.title, ", ".join(h.techniques), "yes" if h.scheduled else "no") for h in found]
    yield from table(("hunt", "severity", "title", "techniques", "scheduled"), rows)


def section(hunt: Hunt) -> Iterator[str]:
    """All about one hunt."""
    yield f"### {hunt.name}\n"
    yield f"**{hunt.title}.** {hunt.answers}\n"
    seconds = int(hunt.lookback.total_seconds())
    scheduled = f"yes, looking back {seconds} s" if hunt.scheduled else f"no: {hunt.unscheduled}"
    yield f"- severity {hunt.severity}; tactics {', '.join(hunt.tactics)}; {', '.join(hunt.techniques)}"
    yield f"- false positives: {hunt.false_positives}"
    yield f"- scheduled: {scheduled}\n"
    if hunt.parameters:
        yield from table(
            ("parameter", "type", "default", "meaning"),
            [(f"`{p.name}`", p.type, f"`{p.default}`" if p.default else "empty", p.meaning) for p in hunt.parameters],
        )
    yield from table(("column", "meaning"), [(f"`{c}`", meaning) for c, meaning in hunt.columns.items()])


def render() -> str:
    """The whole page."""
    found = hunting.load()
    parts = [INTRODUCTION, *overview(found), "## What all have\n"]
    parts += table(("parameter", "meaning"), [(f"`{p.name}`", p.meaning) for p in hunting.SPAN])
    common = {**hunting.COMMON, "evidence": hunting.EVIDENCE}
    parts += table(("column", "meaning"), [(f"`{c}`", meaning) for c, meaning in common.items()])
    parts += table(("type", "as written"), [(f"`{t}`", TYPE_MEANING[t]) for t in TYPES])
    parts += ["## Each\n", *(line for h in found for line in section(h))]
    return generated.notice("tools.hunt_docs") + "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    sys.exit(generated.main("docs/hunts.md", render()))
