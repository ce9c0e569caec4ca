"""Rows of every kind for the formats: each value that a column may have, hostile ones above all, and rows that say all."""

from __future__ import annotations

import gzip
import itertools
import json
import random

import pyarrow as pa
import pytest
from hypothesis import strategies as st

from pipeline import schema
from tests.corpus import corpus

HOSTILE = (
    "", " ", "a b ", " =", "x=y z=w", "\\", "\\\\", "\\n", "a\nb", "\r\n", "\x00", "\t", "\x1b[31m", "\x7f", "\x85", "\u2028\u2029",
    "\u202egnp.exe", "\u200f", "|", "\\|", "a|b|c", '"', "'", '","x":"', "}", "]", "<13>1 - - - - -", "CEF:0|a|b|c|d|e|5|", "^", "é", "\U0001f600",
    "/", "//", "/a/", "a/b", "/a\n/b\n", "/" + "d/" * 4095, "\x01" * 8192, "1.2.3.4", "::1", "fe80::1%eth0", "999.1.1.1", "null", "NaN",
    '{"a": "b\\nc"}', "[1, 2", "{}", '[{"boot_id": "b", "source": "s", "cpu": 1, "class": "file", "seq": 7}]', "T1059.004,TA0002,AML.T0051,LLM01, ,",
)  # fmt: skip

WORDS = {
    "class": schema.CLASSES,
    "operation": tuple(schema.OPERATION_BY_NAME),
    "intent": (*schema.INTENTS, "read,write"),
    "outcome": ("success", "failure", "denied"),
    "verdict": schema.VERDICTS,
    "severity": schema.SEVERITIES,
    "enforced_at": schema.ENFORCED_AT,
    "enforcement": schema.ENFORCEMENT,
    "quality": (*schema.QUALITY, "truncated,late"),
    "protocol": ("tcp", "udp", "unix", "icmp"),
    "action": (
        *schema.VERDICTS,
        "warn",
        "release",
        "join",
        "restore",
        "purge",
        "webhook",
        "command",
        "pause",
        "resume",
    ),
    "phase": ("intent", "result"),
    "state": ("started", "ended", "waiting", "released", "denied", "killed", "gone", "in_force", "refused"),
}
NUMBERS = (0, 1, -1, 2, 13, 80, 443, 65535, 65536, 2**31 - 1, -(2**31))
LONG_NUMBERS = (*NUMBERS, 2**53 + 1, 2**63 - 1, -(2**63), 1_795_628_625_801_612_838)


def table_of(name: str, columns: dict[str, list]) -> pa.Table:
    """A table of these columns; times are given as microseconds."""
    arrays = {}
    for column in schema.TABLES[name]:
        if column.name in columns:
            whole = pa.int64() if column.type == schema.TIME else column.type
            arrays[column.name] = pa.array(columns[column.name], whole).cast(column.type)
    return pa.table(arrays)


@st.composite
def _tables(draw, name: str, most: int = 24) -> pa.Table:
    """Cells come from a seed, column by column: hypothesis would take a hundred times as long to draw each by itself."""
    seed, count = draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, most))
    columns = [c for c in schema.TABLES[name] if random.Random(f"{seed} {c.name} there").random() < 0.9]
    return table_of(name, {c.name: _cells(c, seed, count) for c in columns} or {"host": [None] * count})


def _cells(column: schema.Column, seed: int, count: int) -> list:
    """Any values of a column; a shorter column is the beginning of a longer one, so that a failure shrinks."""
    chance = random.Random(f"{seed} {column.name}")
    return [_cell(column, chance) for _ in range(count)]


def _cell(column: schema.Column, chance: random.Random):
    if chance.random() < 0.2:
        return None
    if column.type == schema.TEXT:
        if column.name in WORDS and chance.random() < 0.6:
            return chance.choice(WORDS[column.name])
        return chance.choice(HOSTILE) if chance.random() < 0.5 else _text(chance)
    if column.type == pa.float64():
        return chance.choice((0.0, -0.0, 0.5, 1e300, -1e-300, float("nan"), float("inf"), chance.uniform(-1e9, 1e9)))
    bits, known = (31, NUMBERS) if column.type == schema.INT else (63, LONG_NUMBERS)
    return chance.choice(known) if chance.random() < 0.5 else chance.randrange(-(2**bits), 2**bits)


def _text(chance: random.Random) -> str:
    """Up to 30 characters of any plane but the surrogates, which no UTF-8 holds."""
    highest = chance.choice((0x7F, 0x7F, 0x2FF, 0xD7FF, 0x10FFFF))
    points = [chance.randint(0, highest) for _ in range(chance.randrange(31))]
    return "".join(chr(p) for p in points if not 0xD800 <= p < 0xE000)


@pytest.fixture(scope="session")
def any_rows():
    """A strategy for tables with any rows."""
    return _tables


@pytest.fixture(scope="session")
def hostile():
    return HOSTILE


@pytest.fixture(scope="session")
def make():
    return table_of


@pytest.fixture(scope="session")
def every_act() -> pa.Table:
    """Rows of ``activity``: every class, operation and outcome with one another, unknown ones and NULL too; verdicts in turn."""
    classes, operations = (None, "?", *schema.CLASSES), (None, "?", *schema.OPERATION_BY_NAME)
    rows = list(itertools.product(classes, operations, (None, "?", "success", "failure", "denied")))
    turn = [itertools.cycle(values) for values in (
        (None, "?", *schema.VERDICTS), (None, "deny"), (None, *schema.ENFORCEMENT), (None, 0, 13, 99999), (None, 0o100644, 0o40755, -1),
        (None, "10.0.0.1", "::1", "x"), (None, 443, 70000), (None, "/a/b", "/", ""), (None, "h"), (None, 0, 7, -5), (None, "claude"),
    )]  # fmt: skip
    names = (
        "verdict",
        "action",
        "enforcement",
        "errno",
        "mode",
        "dst_ip",
        "dst_port",
        "path",
        "host",
        "process_key",
        "agent",
    )
    columns = dict(zip(("class", "operation", "outcome"), (list(c) for c in zip(*rows, strict=True)), strict=True))
    columns |= {name: list(itertools.islice(values, len(rows))) for name, values in zip(names, turn, strict=True)}
    return table_of("activity", columns)


@pytest.fixture(scope="session")
def telling():
    """A row of a table in which every column has a value that no other column has, and that value by column."""

    def made(name: str, **known) -> tuple[pa.Table, dict[str, str]]:
        values: dict[str, object] = {}
        for number, column in enumerate(schema.TABLES[name]):
            if column.type == schema.TIME:
                values[column.name] = 1_700_000_000_000_000 + number * 1_000_000
            elif column.type == schema.TEXT:
                values[column.name] = json.dumps({"k": f"v{number}v"}) if column.unit == "JSON" else f"v{number}v"
            else:
                values[column.name] = 0.5 + number if column.type == pa.float64() else 40_000 + number
        values |= known
        return table_of(name, {k: [v] for k, v in values.items()}), values

    return made


@pytest.fixture(scope="session")
def ocsf_schema():
    """The published JSON schema of OCSF 1.8.0 for the classes that it has, as a validator."""
    jsonschema_rs = pytest.importorskip("jsonschema_rs", reason="jsonschema-rs is not installed: make setup")
    with corpus("ocsf", "ocsf-1.8.0.jsonschema.json").open() as file:
        published = json.load(file)
    return jsonschema_rs.validator_for(published), frozenset(published["properties"]["class_uid"]["enum"])


@pytest.fixture(scope="session")
def ocsf_compiled():
    """OCSF 1.8.0 as its own compiler puts it out: classes, objects and types."""
    with gzip.open(corpus("ocsf", "ocsf-1.8.0.compiled.json.gz")) as file:
        return json.load(file)
