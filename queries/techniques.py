"""Names of techniques: what stands behind the ids of ATT&CK, ATLAS and OWASP that a finding carries."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

NAMES = Path(__file__).parent / "techniques.yaml"

_CATALOGUES = {
    "ATT&CK": re.compile(r"TA?\d{4}(\.\d{3})?"),
    "ATLAS": re.compile(r"AML\.TA?\d{4}(\.\d{3})?"),
    "OWASP": re.compile(r"(ASI|LLM)\d{2}"),
}


@dataclass(frozen=True)
class Technique:
    """``name`` is empty where it is not known, ``catalogue`` where the id has the form of none."""

    id: str
    name: str
    catalogue: str


def technique(id_: str) -> Technique:
    """One id; a sub-technique is named after its technique and itself."""
    catalogue = next((c for c, form in _CATALOGUES.items() if form.fullmatch(id_)), "")
    known = _names().get(catalogue, {})
    above = known.get(re.sub(r"\.\d{3}$", "", id_), "")
    own = known.get(id_, "")
    return Technique(id_, f"{above}: {own}" if own and above != own else own, catalogue)


def listed(ids: str | None) -> list[Technique]:
    """Of a set as ``findings.attack`` has it, in its order."""
    return [technique(part.strip()) for part in (ids or "").split(",") if part.strip()]


@lru_cache(maxsize=1)
def _names() -> Mapping[str, Mapping[str, str]]:
    read: dict[str, dict[str, str]] = yaml.safe_load(NAMES.read_text("utf-8"))
    return read
