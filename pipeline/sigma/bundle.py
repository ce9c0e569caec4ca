"""A compiled set of rules: what is kept of each, what could not be compiled and why, and how it is stored.

Converting a rule takes pySigma milliseconds, so a bundle is made once and read often. It holds what the Detection Rule
License asks to be kept with a rule: author, id, licence.

The file is one JSON object; ``FORMAT`` changes whenever a reader of before could not understand it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from pipeline.lake import layout

FORMAT = 1

FOLDER, NAME = "sigma", "bundle.json"
"""Where a lake keeps the bundle that is used when none is named: ``<lake>/sigma/bundle.json``."""

FIRES = ("yes", "partly", "never")
"""Whether a rule can match here: fully, only where the blind fields do not matter, or not at all."""


class BundleError(Exception):
    """A bundle cannot be read; the text names the next step."""


@dataclass(frozen=True)
class Rule:
    """One compiled rule.

    ``predicate``: SQL over shadow columns (``columns``: ``l:`` lowered, ``r:`` raw, ``i:`` address, then the field).
    ``gate``: weaker SQL over fields with few values, ``true`` where there is none. ``blind``: fields that no row has.
    ``source``: the file below the folder that was imported; ``source_sha256``: of its bytes.
    """

    id: str
    title: str
    level: str
    status: str
    author: str
    license: str
    tags: tuple[str, ...]
    attack: tuple[str, ...]
    product: str | None
    category: str
    predicate: str
    gate: str
    columns: tuple[str, ...]
    fields: tuple[str, ...]
    blind: tuple[str, ...]
    fires: str
    source: str
    source_sha256: str


@dataclass(frozen=True)
class Failure:
    """A rule that was not compiled: ``reason`` is one line."""

    source: str
    id: str
    title: str
    reason: str


@dataclass(frozen=True)
class Bundle:
    """``elsewhere``: number of rules left out by log source (``product/category``), since no endpoint telemetry has it."""

    rules: tuple[Rule, ...]
    failures: tuple[Failure, ...]
    elsewhere: Mapping[str, int]
    lictor: str
    pysigma: str

    @property
    def version(self) -> str:
        """SHA-256 of what is evaluated: equal for equal rules compiled alike."""
        content = [[r.id, r.category, r.product, r.predicate, r.gate] for r in self.rules]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def only(self, categories: Collection[str] | None = None, ids: Collection[str] | None = None) -> Bundle:
        """The bundle with some of its rules: of these categories, with these ids."""
        rules = tuple(
            r for r in self.rules if (categories is None or r.category in categories) and (ids is None or r.id in ids)
        )
        return Bundle(rules, self.failures, self.elsewhere, self.lictor, self.pysigma)


def dumps(bundle: Bundle) -> str:
    """The text of a bundle's file, one rule a line."""
    head = {"format": FORMAT, "version": bundle.version, "lictor": bundle.lictor, "pysigma": bundle.pysigma,
            "elsewhere": dict(sorted(bundle.elsewhere.items()))}  # fmt: skip
    lists: dict[str, tuple[Failure, ...] | tuple[Rule, ...]] = {"failures": bundle.failures, "rules": bundle.rules}
    parts = [f"{json.dumps(k)}: {json.dumps(v)}" for k, v in head.items()]
    parts += [f"{json.dumps(k)}: [\n" + ",\n".join(json.dumps(asdict(x)) for x in v) + "\n]" for k, v in lists.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def loads(text: str, name: str = "bundle") -> Bundle:
    """A bundle from its text. Raises ``BundleError``, also where the rules are not those of its version."""
    try:
        whole = json.loads(text)
        form = whole["format"]
        if form != FORMAT:
            raise BundleError(f"{name}: a bundle of format {form}, this Lictor reads {FORMAT}; import the rules again")
        bundle = Bundle(
            tuple(_made(Rule, r) for r in whole["rules"]), tuple(_made(Failure, f) for f in whole["failures"]),
            dict(whole["elsewhere"]), str(whole["lictor"]), str(whole["pysigma"]),
        )  # fmt: skip
        wanted = whole["version"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BundleError(
            f"{name}: this is no bundle of Sigma rules ({error}); make one with lictor sigma import"
        ) from error
    if bundle.version != wanted:
        raise BundleError(f"{name}: its rules were changed after it was made; import them again")
    return bundle


def _made(kind: Any, values: Mapping[str, Any]) -> Any:
    names = {f.name for f in fields(kind)}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in names})


def load(path: Path) -> Bundle:
    """A bundle from a file. Raises ``BundleError``."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(f"{path}: cannot be read ({error}); make it with lictor sigma import DIR") from error
    return loads(text, str(path))


def store(bundle: Bundle, path: Path) -> None:
    """Put a bundle in place, whole or not at all; raises ``OSError``."""
    layout.make_folder(path.parent)
    layout.write_whole(path, [dumps(bundle).encode()])


def path_in(lake: Path) -> Path:
    """Where the bundle of a lake lies."""
    return lake / FOLDER / NAME
