"""Tags of findings (``T1552.004,TA0006,AML.T0051,LLM01``) as each format writes them.

ATT&CK names tactics ``TA`` and four digits, techniques ``T`` and four digits, sub-techniques with three more behind a
point; ATLAS puts ``AML.`` before. Everything else (OWASP and whatever comes) is a tag that stays as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pyarrow as pa

from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import derived

_TACTIC = re.compile(r"(AML\.)?TA\d{4}")
_TECHNIQUE = re.compile(r"(AML\.)?T\d{4}(\.\d{3})?")


def ocsf(column: str) -> Leaf:
    """A list of OCSF attack objects."""
    return _json(column, lambda tags: [_attack(tag) for tag in tags if _known(tag)])


def others(column: str) -> Leaf:
    """The tags that are neither ATT&CK nor ATLAS, as a list."""
    return _json(column, lambda tags: [tag for tag in tags if not _known(tag)])


def tactics(column: str) -> Leaf:
    """The tactics, as a list."""
    return _json(column, lambda tags: [tag for tag in tags if _TACTIC.fullmatch(tag)])


def techniques(column: str) -> Leaf:
    """The techniques without their sub-techniques, each once, as a list."""
    return _json(column, lambda tags: list(dict.fromkeys(_technique(tag) for tag in tags if _TECHNIQUE.fullmatch(tag))))


def subtechniques(column: str) -> Leaf:
    """The sub-techniques, as a list."""
    return _json(column, lambda tags: [tag for tag in tags if _TECHNIQUE.fullmatch(tag) and tag != _technique(tag)])


def joined(column: str, kind: Callable[[str], Leaf]) -> Leaf:
    """One of the lists above as comma-separated text."""
    return derived(
        kind(column),
        lambda lists: pa.array(
            [None if t is None else ",".join(json.loads(t)) for t in lists.to_pylist()], pa.string()
        ),
    )


def techniques_and_sub(column: str) -> Leaf:
    """Techniques as they were named, with or without sub-technique, as a list."""
    return _json(column, lambda tags: [tag for tag in tags if _TECHNIQUE.fullmatch(tag)])


def udm(column: str, *, tactics: bool) -> Leaf:
    """Tactics or techniques as UDM writes them: a list of objects."""
    if tactics:
        return _json(column, lambda tags: [{"id": tag} for tag in tags if _TACTIC.fullmatch(tag)])
    return _json(column, lambda tags: [_udm_technique(tag) for tag in tags if _TECHNIQUE.fullmatch(tag)])


def _udm_technique(tag: str) -> dict[str, str]:
    technique = _technique(tag)
    return {"id": technique} if tag == technique else {"id": technique, "subtechnique_id": tag}


def split(value: str | None) -> list[str]:
    """The tags of a set, stripped, empty ones left out."""
    return [tag for part in (value or "").split(",") if (tag := part.strip())]


def _known(tag: str) -> bool:
    return bool(_TACTIC.fullmatch(tag) or _TECHNIQUE.fullmatch(tag))


def _technique(tag: str) -> str:
    return re.sub(r"\.\d{3}$", "", tag)


def _attack(tag: str) -> dict[str, dict[str, str]]:
    if _TACTIC.fullmatch(tag):
        return {"tactic": {"uid": tag}}
    technique = {"technique": {"uid": _technique(tag)}}
    return technique if tag == _technique(tag) else {**technique, "sub_technique": {"uid": tag}}


def _json(column: str, make: Callable[[list[str]], list[object]]) -> Leaf:
    """A list made of a set, as JSON, ASCII only; NULL where it is empty."""

    def made(sets: pa.Array) -> pa.Array:
        lists = [make(split(value)) for value in sets.to_pylist()]
        return pa.array([json.dumps(items) if items else None for items in lists], pa.string())

    return replace(derived(column, made), is_json=True)
