"""Loads the hunts of ``queries/hunts``: questions to the lake, each with all that a person needs to trust its answer.

A file opens with a comment that is its metadata, and then holds one SELECT over the relations of
``relations.sql`` (and over the lake's own tables)::

    -- title: Shell start-up file written
    -- answers: Which agents wrote …?
    -- severity: high
    -- tactics: persistence
    -- attack: T1546.004
    -- atlas: AML.T0081
    -- owasp: ASI05
    -- lookback: 5m
    -- scheduled: yes
    -- false positives: An agent that was asked to …
    -- parameters:
    --   files: globs = @shell_startup: what counts as such a file
    -- columns:
    --   target: the file
    SELECT …, [row_id] AS evidence FROM changes WHERE regexp_full_match(target, $files)

Every hunt gives the columns of ``COMMON`` first and ``evidence`` last, and every hunt takes ``since``
and ``until``. ``@name`` is a list of ``hunts/lists.yaml``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.schema import SEVERITIES
from queries.catalog import CatalogError
from queries.parameters import TYPES, Parameter, ParameterError, duration

HUNTS = Path(__file__).parent / "hunts"
RELATIONS = Path(__file__).parent / "relations.sql"

COMMON: dict[str, str] = {
    "time": "when it happened; of several events, when they were enough",
    "host": "host name",
    "agent_run": "the run",
    "agent": "agent",
    "process_key": "identity of the process",
    "pid": "its process id",
    "exe": "its program",
}
"""Columns that every hunt gives first."""

FEW = ("commands", "outbound")
"""Relations of few rows among many, which many hunts read: worth a table where several hunts are asked together."""

EVIDENCE = "rows of activity that it rests on, in order: boot_id, source, cpu, class, seq, time_ns of each"
MAX_EVIDENCE = 100
"""Rows that one hit names at most; a mass of deleted files is proven by its first hundred."""

SPAN: tuple[Parameter, ...] = (
    Parameter("since", "time", "-infinity", "only what happened at this time or later"),
    Parameter("until", "time", "infinity", "only what happened before this time"),
)
"""Parameters of every hunt."""

TACTICS: tuple[str, ...] = (
    "reconnaissance", "resource-development", "initial-access", "execution", "persistence", "privilege-escalation",
    "defense-evasion", "credential-access", "discovery", "lateral-movement", "collection", "command-and-control",
    "exfiltration", "impact",
)  # fmt: skip
"""Tactics of ATT&CK for enterprises, by their short names."""

_FIELDS = (
    "title", "answers", "severity", "tactics", "attack", "atlas", "owasp", "lookback", "scheduled", "false positives",
)  # fmt: skip
_FIELD = re.compile(
    r"^-- (title|answers|severity|tactics|attack|atlas|owasp|lookback|scheduled|false positives):\s*(.*)$"
)
_SECTION = re.compile(r"^-- (parameters|columns):$")
_PARAMETER = re.compile(r"^--   (\w+): (\w+) = (.*?): (\S.*)$")
_COLUMN = re.compile(r"^--   (\w+): (\S.*)$")
_MORE = re.compile(r"^--     (\S.*)$")
_TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|\$(\w+)")
_RELATION = re.compile(r"^-- relation: (\w+)$", re.MULTILINE)
_IDS = {
    "attack": re.compile(r"T\d{4}(\.\d{3})?"),
    "atlas": re.compile(r"AML\.T\d{4}(\.\d{3})?"),
    "owasp": re.compile(r"ASI(0[1-9]|10)"),
}


class HuntError(CatalogError):
    """A hunt's file is not as it should be, or a hunt is asked for something that it has not; one line."""


@dataclass(frozen=True)
class Hunt:
    """One question: ``columns`` are its own ones (``COMMON`` come before, ``evidence`` after them).

    ``lookback``: how far back the events of one hit may lie apart, so that a scheduled pass over what is
    new has to read that much of what is old. ``scheduled`` is whether it makes sense to ask all the time;
    where not, ``unscheduled`` says why.
    """

    name: str
    title: str
    answers: str
    parameters: tuple[Parameter, ...]
    tactics: tuple[str, ...]
    attack: tuple[str, ...]
    atlas: tuple[str, ...]
    owasp: tuple[str, ...]
    severity: str
    false_positives: str
    lookback: timedelta
    scheduled: bool
    unscheduled: str
    columns: Mapping[str, str]
    sql: str

    @property
    def techniques(self) -> tuple[str, ...]:
        """All ids, as ``findings.attack`` lists them."""
        return (*self.attack, *self.atlas, *self.owasp)

    @property
    def result_columns(self) -> dict[str, str]:
        """Every column of the result with its meaning, in order."""
        return {**COMMON, **self.columns, "evidence": EVIDENCE}


def parse(name: str, text: str) -> Hunt:
    """A hunt from the text of its file. Raises ``HuntError``."""
    lines = text.splitlines()
    head = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    fields, parameters, columns = _metadata(name, lines[:head])
    sql = "\n".join(lines[head:]).strip().removesuffix(";")
    missing = [f for f in _FIELDS if f not in fields] + [] if sql else ["a SELECT"]
    if missing or not columns:
        raise HuntError(f"{name}.sql: the leading comment lacks {', '.join(missing) or 'columns'}")
    hunt = _made(name, fields, parameters, columns, sql)
    _check(hunt)
    return hunt


def load(folder: Path = HUNTS) -> tuple[Hunt, ...]:
    """Every hunt of a folder, by name. Raises ``HuntError``."""
    return tuple(parse(p.stem, p.read_text("utf-8")) for p in sorted(folder.glob("*.sql")))


@lru_cache(maxsize=1)
def hunts() -> Mapping[str, Hunt]:
    """Lictor's own hunts by name."""
    return {h.name: h for h in load()}


def find(name: str) -> Hunt:
    """A hunt of Lictor's own; hyphens are as good as underscores. Raises ``HuntError``."""
    known = hunts()
    wanted = name.replace("-", "_")
    if wanted in known:
        return known[wanted]
    alike = [n for n in known if wanted and (wanted in n or n in wanted)]
    hint = f"did you mean {', '.join(alike[:5])}" if alike else "lictor hunt lists them"
    raise HuntError(f"no hunt {name!r}; {hint}")


def bound(hunt: Hunt, values: Mapping[str, Any], *, relations: bool = True) -> str:
    """SQL that can be run as it stands, with ``values`` for some parameters and defaults for the others.

    A value is of its parameter's type or text to be read as such. Raises ``HuntError`` for an unknown
    parameter or a value that does not fit. Without ``relations`` they have to be there as tables or views.
    """
    parameters = {p.name: p for p in (*hunt.parameters, *SPAN)}
    for name in values:
        if name not in parameters:
            raise HuntError(f"hunt {hunt.name}: no parameter {name!r}; it has {', '.join(parameters)}")
    literals = {n: _literal(hunt, p, values.get(n, p.default)) for n, p in parameters.items()}
    columns = ", ".join([*COMMON, *hunt.columns, f"evidence[1:{MAX_EVIDENCE}] AS evidence"])
    sql = f"{_with() if relations else ''}SELECT {columns} FROM (\n{hunt.sql}\n) ORDER BY time, process_key"  # noqa: S608 - names are checked words, values literals
    return _filled(sql, literals)


def relations(values: Mapping[str, Any]) -> dict[str, str]:
    """The SELECT of each relation of hunts by name, in order, bound to a time span (``since``, ``until``).

    For whoever asks many hunts of the same rows: what is made once need not be made by each.
    """
    literals = {p.name: p.literal(values.get(p.name, p.default)) for p in SPAN}
    return {name: _filled(sql, literals) for name, sql in _relations().items()}


def proof(evidence: Iterable[Mapping[str, Any]]) -> str:
    """The evidence of a hit as ``findings.evidence`` holds it: a JSON array of row identities."""
    rows = [{name: value for name, value in row.items() if value is not None} for row in evidence]
    return json.dumps(rows, separators=(",", ":"))


def lists() -> Mapping[str, Sequence[str]]:
    """The named lists that defaults may refer to."""
    read: dict[str, list[str]] = yaml.safe_load((HUNTS / "lists.yaml").read_text("utf-8"))
    return read


@lru_cache(maxsize=1)
def _lists() -> Mapping[str, Sequence[str]]:
    return lists()


@lru_cache(maxsize=1)
def _relations() -> Mapping[str, str]:
    parts = _RELATION.split(RELATIONS.read_text("utf-8"))[1:]
    return {name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)}


def _with() -> str:
    """The relations in front of a SELECT; none is materialised, so that each hunt pays only for the columns that it uses."""
    return "WITH\n" + ",\n".join(f"{n} AS NOT MATERIALIZED (\n{sql}\n)" for n, sql in _relations().items()) + "\n"


def _filled(sql: str, literals: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda m: literals[m[1]] if m[1] else m[0], sql)


def _literal(hunt: Hunt, parameter: Parameter, value: Any) -> str:
    if isinstance(value, str) and value.startswith("@"):
        if value[1:] not in _lists():
            raise HuntError(f"hunt {hunt.name}: {parameter.name}: no list {value!r}; there are {', '.join(_lists())}")
        value = _lists()[value[1:]]
    try:
        return parameter.literal(value)
    except ParameterError as error:
        raise HuntError(f"hunt {hunt.name}: {parameter.name}: {error}") from None


def _metadata(name: str, lines: Sequence[str]) -> tuple[dict[str, str], list[Parameter], dict[str, str]]:
    fields: dict[str, str] = {}
    parameters: list[Parameter] = []
    columns: dict[str, str] = {}
    section = ""
    last = ""
    for line in lines:
        if match := _FIELD.match(line):
            last, section = match[1], ""
            fields[last] = match[2].strip()
        elif match := _SECTION.match(line):
            section, last = match[1], ""
        elif section == "parameters" and (match := _PARAMETER.match(line)):
            parameters.append(Parameter(match[1], match[2], match[3].strip(), match[4].strip()))
        elif section == "columns" and (match := _COLUMN.match(line)):
            columns[match[1]] = match[2].strip()
        elif last and (match := _MORE.match(line)):
            fields[last] += " " + match[1].strip()
        else:
            raise HuntError(f"{name}.sql: cannot understand {line!r} in the leading comment")
    return fields, parameters, columns


def _made(
    name: str, fields: Mapping[str, str], parameters: Sequence[Parameter], columns: Mapping[str, str], sql: str
) -> Hunt:
    scheduled, _, why = fields["scheduled"].partition(",")
    if scheduled not in {"yes", "no"} or (scheduled == "no") != bool(why):
        raise HuntError(f"{name}.sql: scheduled is yes, or no, and the reason behind a comma")
    try:
        lookback = duration(fields["lookback"])
    except ParameterError as error:
        raise HuntError(f"{name}.sql: lookback: {error}") from None
    return Hunt(
        name, fields["title"], fields["answers"], tuple(parameters), _split(fields["tactics"]),
        _split(fields["attack"]), _split(fields["atlas"]), _split(fields["owasp"]), fields["severity"],
        fields["false positives"], lookback, scheduled == "yes", why.strip(), columns, sql,
    )  # fmt: skip


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip() and part.strip() != "none")


def _check(hunt: Hunt) -> None:
    """Raises ``HuntError`` for a value outside its vocabulary, and for parameters that are not used or not declared."""
    for kind, shape in _IDS.items():
        for one in getattr(hunt, kind):
            if not shape.fullmatch(one):
                raise HuntError(f"{hunt.name}.sql: {one!r} is no {kind} id")
    if hunt.severity not in SEVERITIES:
        raise HuntError(f"{hunt.name}.sql: severity {hunt.severity!r} is none of {', '.join(SEVERITIES)}")
    if not hunt.tactics or not set(hunt.tactics) <= set(TACTICS):
        raise HuntError(f"{hunt.name}.sql: tactics are some of {', '.join(TACTICS)}")
    if taken := set(hunt.columns) & {*COMMON, "evidence"}:
        raise HuntError(f"{hunt.name}.sql: every hunt has {', '.join(sorted(taken))} anyway; list its own columns only")
    known = {p.name for p in hunt.parameters} | {p.name for p in SPAN}
    used = {m for m in _TOKEN.findall(hunt.sql) if m}
    if used - known or known - used - {p.name for p in SPAN}:
        odd = ", ".join(sorted((used ^ known) - {p.name for p in SPAN}))
        raise HuntError(f"{hunt.name}.sql: parameters and SQL do not agree about {odd}")
    for parameter in hunt.parameters:
        if parameter.type not in TYPES:
            raise HuntError(
                f"{hunt.name}.sql: {parameter.name} has type {parameter.type!r}, not one of {', '.join(TYPES)}"
            )
        _literal(hunt, parameter, parameter.default)
