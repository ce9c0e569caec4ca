"""What is taken out of rows before they leave for one destination: columns dropped, hashed, or their secrets masked.

A rule is one text, ``drop:cwd``, ``hash:user`` or ``mask:cmdline``; ``drop:runs.command`` is about one table only, and
several columns stand behind one another with commas. Redaction works on the rows, before any format sees them, so that
no field of any format can hold what was to be left out. Patterns find many secrets, never all of them: what must not
leave at all is to be dropped.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from pipeline import schema
from pipeline.export.formats.escapes import valid

MASK = "[masked]"
HASHED = "hmac:"
"""What a masked secret and a hashed value begin with: both can be told from true values."""

_HASH_CHARS = 32
_SHORTEST_KEY = 16

_FORMS = (
    r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"  # AWS access key id
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}"  # GitHub
    r"|\bglpat-[A-Za-z0-9_-]{16,}"  # GitLab
    r"|\bsk-[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic and those that took after them
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|\bAIza[A-Za-z0-9_-]{30,}"  # Google
    r"|\bhf_[A-Za-z0-9]{20,}|\bnpm_[A-Za-z0-9]{20,}|\bpypi-[A-Za-z0-9_-]{20,}"  # Hugging Face, npm, PyPI
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"  # JSON web token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----(?s:.*?)(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
)
_NAME = r"(?i:[a-z0-9_-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential)[a-z0-9_-]*)"
_VALUE = r"""(?:'[^']*'|"[^"]*"|\\"(?:[^"\\]|\\[^"])*\\"|[^\s'"&;|]+)"""

_PATTERNS: tuple[tuple[str, str], ...] = (
    (_FORMS, MASK),
    (rf"({_NAME}=){_VALUE}", rf"\1{MASK}"),
    (rf"(--?{_NAME}\s+){_VALUE}", rf"\1{MASK}"),
    (rf'("{_NAME}"\s*:\s*)"(?:[^"\\]|\\.)*"', rf'\1"{MASK}"'),
    (r"((?i:authorization|proxy-authorization|x-api-key|cookie)\s*:\s*)[^'\"\r\n]+", rf"\1{MASK}"),
    (r"((?i:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}", rf"\1{MASK}"),
    (r"(\b[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@'\"]*:)[^@/\s'\"]+(@)", rf"\1{MASK}\2"),
    (r"(\bcurl\b[^|;&]*?\s(?:-u|--user|--proxy-user)[ =]?['\"]?[^\s:'\"]+:)[^\s'\"/][^\s'\"]*", rf"\1{MASK}"),
    (rf"(\bsshpass\s+-p\s*){_VALUE}", rf"\1{MASK}"),
    (rf"(\b(?:mysql|mariadb)[a-z-]*\b[^|;&]*?\s-p){_VALUE}", rf"\1{MASK}"),
)
"""What looks like a secret, in RE2's syntax, and what it becomes."""


KEY = "redact_key"
"""Name of the secret that values are hashed with."""

KEY_HINT = f"give --secret {KEY}=env:NAME or {KEY}=file:PATH"


class RedactError(ValueError):
    """A rule that cannot be followed; the text says why and what to write."""


Change = Callable[[pa.Array], pa.Array]


@dataclass(frozen=True)
class Rule:
    """One column of one table (``None``: of each that has it); ``change`` is ``None`` where the column is dropped."""

    column: str
    table: str | None = None
    change: Change | None = None


def redact(table: str, rows: pa.Table, rules: Sequence[Rule]) -> pa.Table:
    """The rows without what the rules take out, in the order of the rules."""
    for rule in rules:
        if rule.table in {None, table} and rule.column in rows.schema.names:
            rows = _changed(rows, rule)
    return rows


def parse(texts: Iterable[str], key: bytes | None = None) -> list[Rule]:
    """Rules from their texts. ``key`` is what values are hashed with.

    Raises ``RedactError`` for a rule that is none, a column that no table has or that cannot be hashed or masked, and
    for a hash without a key of 16 bytes.
    """
    return [rule for text in texts for rule in _parsed(text, key)]


def _parsed(text: str, key: bytes | None) -> list[Rule]:
    act, _, columns = text.partition(":")
    if act not in {"drop", "hash", "mask"} or not columns:
        raise RedactError(f"{text!r} is no redaction: write drop:COLUMN, hash:COLUMN or mask:COLUMN")
    if act == "hash" and len(key or b"") < _SHORTEST_KEY:
        raise RedactError(
            f"{text!r}: hashing wants a key of {_SHORTEST_KEY} bytes at least, else names can be guessed from their hashes: {KEY_HINT}"
        )
    change = {"drop": None, "hash": partial(hashed, key=key or b""), "mask": masked}[act]
    return [_rule(name.strip(), act, change) for name in columns.split(",")]


def _rule(name: str, act: str, change: Change | None) -> Rule:
    table, _, column = name.rpartition(".")
    if table and table not in schema.TABLES:
        raise RedactError(f"{name!r}: the lake has no table {table!r}: choose one of {', '.join(schema.TABLES)}")
    found = [c for t in ([table] if table else schema.TABLES) for c in schema.TABLES[t] if c.name == column]
    if not found:
        raise RedactError(f"{name!r}: no such column{f' in {table}' if table else ''}: see docs/schema.md")
    if change and any(c.type != schema.TEXT for c in found):
        raise RedactError(f"{name!r} is no text and cannot be put through {act}: write drop:{name}")
    return Rule(column, table or None, change)


def _changed(rows: pa.Table, rule: Rule) -> pa.Table:
    place = rows.schema.get_field_index(rule.column)
    if rule.change is None:
        return rows.remove_column(place)
    column = rows.column(place)
    chunks = [_once_each(chunk, rule.change) for chunk in column.chunks]
    made = pa.chunked_array(chunks, pa.string())
    return rows.set_column(place, rule.column, made)


def _once_each(values: pa.Array, change: Change) -> pa.Array:
    """The change of each distinct value, handed out."""
    encoded = values if isinstance(values, pa.DictionaryArray) else values.dictionary_encode()
    return change(encoded.dictionary).take(encoded.indices)


def hashed(values: pa.Array, key: bytes) -> pa.Array:
    """Keyed hashes of texts: the same value is the same hash at each destination that has the key."""
    raw = values.cast(pa.binary()).to_pylist()
    return pa.array(
        [None if v is None else HASHED + hmac.new(key, v, hashlib.sha256).hexdigest()[:_HASH_CHARS] for v in raw],
        pa.string(),
    )


def masked(values: pa.Array) -> pa.Array:
    """Texts with everything in them masked that looks like a secret."""
    values = valid(values)
    for pattern, instead in _PATTERNS:
        values = pc.replace_substring_regex(values, pattern, instead)
    return values
