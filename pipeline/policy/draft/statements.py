"""From the Markdown of an instruction file to its sentences, each with the line it begins on.

Only what Markdown itself says is looked at here: blocks, wrapped lines, lists, tables, quotes. Fenced
code, comments and front matter hold examples and settings, no instructions, and give no sentences.
A sentence knows the headings and the lead ("Never:") above it, since a list under such a lead says half of what it means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_FENCE = re.compile(r"(`{3,}|~{3,})")
_SHELL = re.compile(r"\s*(?:ba|z|fi)?sh\b.*|\s*(?:shell|console|terminal)\b.*")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*$")
_ITEM = re.compile(r"(\s*)(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?(.*)$")
_RULER = re.compile(r"\s*([-*_=])(\s*\1){2,}\s*$")
_TABLE_RULER = re.compile(r"[|\s:-]+$")
_LINK = re.compile(r"!?\[([^\]]{0,500})\]\([^)]{0,2000}\)")
_EMPHASIS = re.compile(r"(\*\*|__|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|~~)")
_SIGNS = re.compile("^[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff\\s]+")
_END = re.compile(r"(?<=[.!?])[\"')*]*\s+(?=[A-Z`\"(*\d])|\s*;\s+")
_SHORT = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|resp|approx|incl|no|ver)\.$", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One sentence, without emphasis and links but with the backticks of its code; ``lead`` is what introduces its list."""

    text: str
    line: int
    heading: str = ""
    lead: str = ""


@dataclass
class _Block:
    """A paragraph, list item or table cell while its lines are gathered."""

    parts: list[tuple[str, int]]
    lead: str = ""


def statements(text: str) -> Iterator[Statement]:
    """Every sentence of a Markdown text, in order."""
    for block, heading in _blocks(text):
        for sentence, line in _sentences(block.parts):
            yield Statement(sentence, line, heading, block.lead)


def shell_examples(text: str) -> str:
    """The lines of fenced shell code: they show which programs a project has."""
    found, fence, shell = [], "", False
    for line in text.splitlines():
        mark = _FENCE.match(line.lstrip())
        if mark and not fence:
            fence, shell = mark[1], bool(_SHELL.fullmatch(line.strip().lstrip("`~")))
        elif mark and mark[1].startswith(fence):
            fence = ""
        elif fence and shell:
            found.append(line)
    return "\n".join(found)


def _blocks(text: str) -> Iterator[tuple[_Block, str]]:
    """Blocks of prose with the heading that they stand under."""
    heading, lead, block = "", "", _Block([])
    for line, number in _prose(text):
        title = _HEADING.match(line)
        item = _ITEM.match(line)
        begins = not line or title or item or line.startswith("|")
        if begins and block.parts:
            yield block, heading
            lead = _lead_after(block, lead)
            block = _Block([])
        if title:
            heading, lead = plain(title[2]), ""
            yield _Block([(title[2], number)]), heading
        elif line.startswith("|"):
            yield from ((_Block([(cell, number)], _row_lead(line)), heading) for cell in _cells(line))
        elif item:
            block = _Block([(item[2], number)], lead)
        elif line:
            block.parts.append((line.strip(), number))
    if block.parts:
        yield block, heading


def _lead_after(block: _Block, lead: str) -> str:
    """What introduces the list behind a block: its last line where that ends in a colon; an item keeps its list's."""
    last = plain(block.parts[-1][0])
    if last.endswith(":"):
        return last
    return lead if block.lead else ""


def _prose(text: str) -> Iterator[tuple[str, int]]:
    """Lines with their numbers, empty where they are no prose: fences, comments, front matter, rulers."""
    fence, comment, lines = "", False, text.splitlines()
    front = _front_matter(lines)
    for number, raw in enumerate(lines, 1):
        line = re.sub(r"^(\s*>)+\s?", "", raw.expandtabs(4)).rstrip()
        mark = _FENCE.match(line.lstrip())
        if fence:
            fence = "" if mark and mark[1].startswith(fence) and not line.strip().strip(fence[0]) else fence
            yield "", number
        elif mark:
            fence = mark[1]
            yield "", number
        else:
            line, comment = _without_comments(line, inside=comment)
            skipped = number <= front or _RULER.match(line) or (line.startswith("|") and _TABLE_RULER.match(line))
            yield ("" if skipped else line), number


def _front_matter(lines: list[str]) -> int:
    """Lines of YAML front matter at the beginning, with both of its rulers."""
    if not lines or lines[0].strip() != "---":
        return 0
    return next((i for i, line in enumerate(lines[1:], 2) if line.strip() in ("---", "...")), 0)


def _without_comments(line: str, *, inside: bool) -> tuple[str, bool]:
    """A line without HTML comments, and whether one goes on behind it."""
    kept = ""
    while line:
        before, mark, line = line.partition("-->" if inside else "<!--")
        kept += "" if inside else before
        if mark:
            inside = not inside
    return kept, inside


def _cells(row: str) -> list[str]:
    """Cells of a table row that hold anything; a bar inside code is no border."""
    inside = re.sub(r"`[^`]*`", lambda m: m[0].replace("|", "\0"), row.strip().strip("|"))
    return [c for cell in re.split(r"(?<!\\)\|", inside) if (c := cell.replace("\0", "|").strip())]


def _row_lead(row: str) -> str:
    """The first cell of a row leads the others, as in ``| Never | edit the lock file |``."""
    return f"{plain(_cells(row)[0])}:" if _cells(row) else ""


def _sentences(parts: list[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Sentences of a block's lines, joined over line ends, each with the line of its first word."""
    starts, joined = [], ""
    for text, number in parts:
        starts.append((len(joined) + bool(joined), number))
        joined += (" " if joined else "") + text
    hidden = re.sub(r"`[^`]*`", lambda m: "`" + "x" * (len(m[0]) - 2) + "`", joined)
    begin = 0
    for cut in (*_END.finditer(hidden), None):
        if cut is not None and _SHORT.search(hidden[: cut.start()]):
            continue
        piece = plain(joined[begin : cut.start() if cut else None])
        if piece:
            yield piece, [n for at, n in starts if at <= begin][-1]
        begin = cut.end() if cut else begin


def plain(text: str) -> str:
    """Text without links, emphasis and leading signs; what stands in backticks is kept as it is."""
    pieces = re.split(r"(`[^`]*`)", _LINK.sub(r"\1", text))
    bare = "".join(p if p.startswith("`") else _EMPHASIS.sub("", p) for p in pieces)
    return re.sub(r"\s+", " ", _SIGNS.sub("", bare)).strip()
