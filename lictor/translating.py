"""Policies of other products, in and out: files at this end, pure translation behind it.

What was written is loaded again before anybody sees it, so that a translation which is no
policy of ours ends as the defect it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from lictor.errors import LictorError
from pipeline.policy.dialects import registry
from pipeline.policy.dialects.interface import Exported, Item, worst
from pipeline.policy.load import load_policy, read_policies
from pipeline.policy.text import to_yaml

LARGEST = 16 << 20
"""Bytes of a foreign file that is looked at; the largest known is a hundredth of it."""


@dataclass(frozen=True)
class Translation:
    """A translated policy and what became of each of its rules."""

    dialect: str
    source: str
    text: str
    items: tuple[Item, ...]
    notes: tuple[str, ...]
    accepted: frozenset[str]

    @property
    def status(self) -> int:
        """0 where nothing is unsupported or, without being accepted, wider; else 1."""
        return worst(self.items, self.accepted)

    def table(self) -> pa.Table:
        """Rows ``outcome, line, pointer, item, source, rules, why``."""
        names = ("outcome", "line", "pointer", "item", "source", "rules", "why")
        rows = [
            (i.outcome, i.line, i.pointer, i.name, i.text, ", ".join(r["id"] for r in i.rules(self.accepted)), i.why)
            for i in self.items
        ]
        columns = zip(*rows, strict=True) if rows else ([] for _ in names)
        return pa.table(
            {
                n: pa.array(list(c), pa.int64() if n == "line" else pa.string())
                for n, c in zip(names, columns, strict=True)
            }
        )

    def summary(self) -> str:
        """One line: how many rules came out how."""
        counts: dict[str, int] = {}
        for item in self.items:
            counts[item.outcome] = counts.get(item.outcome, 0) + 1
        told = ", ".join(f"{n} {outcome}" for outcome, n in sorted(counts.items()))
        return f"{self.source} ({self.dialect}): {told or 'no rules'}"

    def report(self) -> dict[str, Any]:
        """The report as plain data."""
        items = [
            {
                "name": i.name, "pointer": i.pointer, "line": i.line, "source": i.text, "outcome": i.outcome,
                "accepted": i.outcome == "wider" and i.name in self.accepted,
                "rules": [r["id"] for r in i.rules(self.accepted)], "why": i.why,
            }
            for i in self.items
        ]  # fmt: skip
        return {
            "dialect": self.dialect,
            "file": self.source,
            "status": self.status,
            "items": items,
            "notes": list(self.notes),
        }


def translate_in(file: Path, dialect: str | None, accepted: Sequence[str]) -> Translation:
    """Read a foreign policy; raises ``LictorError`` or, where the original would refuse the file, ``PolicyError``."""
    text = _text(file)
    name = dialect or _recognised(text, str(file))
    if name not in registry.READERS:
        raise LictorError(f"--from {name}: no such dialect; known: {', '.join(registry.READERS)}")
    found = registry.reader(name).read(text, str(file))
    chosen = _accepted(found.items, accepted)
    written = to_yaml(
        found.document(chosen), comment=f"Made from {file.name} ({name}); what was lost is in the import's report."
    )
    load_policy(written, f"{file} as imported")
    return Translation(name, str(file), written, found.items, found.notes, chosen)


def translate_out(file: Path, dialect: str, accepted: Sequence[str]) -> Translation:
    """Write a policy of ours in a foreign language; raises ``PolicyError`` or ``LictorError``."""
    if dialect not in registry.WRITERS:
        raise LictorError(f"--to {dialect}: no such dialect; known: {', '.join(registry.WRITERS)}")
    (policy,) = read_policies([file])
    exporter = registry.writer(dialect)
    found: Exported = exporter.write(policy, frozenset())
    chosen = _accepted(found.items, accepted)
    if chosen:
        found = exporter.write(policy, chosen)
    return Translation(dialect, str(file), found.text, found.items, (), chosen)


def _accepted(items: Iterable[Item], names: Sequence[str]) -> frozenset[str]:
    """The names, each of which must be an item that is wider: a typing error must not pass for consent."""
    wider = {i.name for i in items if i.outcome == "wider"}
    for name in names:
        if name not in wider:
            known = ", ".join(sorted(wider)) or "none"
            raise LictorError(f"--accept-wider {name}: no such rule is wider than its source; those that are: {known}")
    return frozenset(names)


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except OSError as error:
        raise LictorError(f"{file}: cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise LictorError(f"{file}: larger than {LARGEST} bytes, which no policy is")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LictorError(f"{file}:{line}:1: not UTF-8") from None


def _recognised(text: str, filename: str) -> str:
    found = list(registry.recognised(text, filename))
    if len(found) == 1:
        return found[0]
    known = ", ".join(registry.READERS)
    if found:
        raise LictorError(f"{filename}: could be {' or '.join(found)}; say which with --from")
    raise LictorError(f"{filename}: not recognised as any policy known here; say with --from what it is: {known}")
