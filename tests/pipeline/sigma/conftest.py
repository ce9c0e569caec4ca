"""SigmaHQ's rules where somebody has them (``LICTOR_SIGMA``), and a compiler for rules that a test writes down."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from pipeline.sigma.compile import Compiler, rule_files
from pipeline.sigma.run import ask, asked_fields

FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")
HEAD = """\
title: Made for a test
id: 00000000-0000-4000-8000-000000000001
status: test
level: high
logsource: {{ product: {product}, category: {category} }}
detection:
"""


@pytest.fixture(scope="session")
def sigmahq():
    """A checkout of github.com/SigmaHQ/sigma; its rules are under their own licence and no part of this tree."""
    folder = Path(os.environ.get("LICTOR_SIGMA", ""))
    if not os.environ.get("LICTOR_SIGMA") or not (folder / "rules" / "linux").is_dir():
        pytest.skip("LICTOR_SIGMA names no checkout of github.com/SigmaHQ/sigma")
    return folder


@pytest.fixture(scope="session")
def compiled(sigmahq):
    """All of its rules, compiled."""
    compiler = Compiler()
    for path in (p for folder in FOLDERS for p in rule_files(sigmahq / folder)):
        compiler.file(path, path.relative_to(sigmahq).as_posix())
    return compiler.bundle()


@pytest.fixture
def bundle_of():
    """Compiles rules from the text of their detections."""

    def compile_(*detections, product="linux", category="process_creation"):
        compiler = Compiler()
        for number, detection in enumerate(detections, 1):
            head = HEAD.format(product=product, category=category).replace("0001\n", f"{number:04}\n")
            body = "".join(f"  {line}\n" for line in detection.splitlines())
            compiler.text((head + body).encode(), f"{number}.yml")
        return compiler.bundle()

    return compile_


@pytest.fixture
def asked():
    """Which events (dicts of fields) each rule of a bundle matches: a list of sets, in the order of the rules' ids."""

    def ask_(bundle, events):
        assert not bundle.failures
        rules = sorted(bundle.rules, key=lambda r: r.id)
        fields = sorted({*asked_fields(rules), *(f for e in events for f in e)})
        columns = {f: pa.array([e.get(f) for e in events], pa.string()) for f in fields}
        with duckdb.connect() as connection:
            connection.register("given", pa.table({"row": pa.array(range(len(events)), pa.int64()), **columns}))
            found = ask(connection, rules, "SELECT * FROM given", fields).to_pylist()
        return [{f["row"] for f in found if f["rule_id"] == r.id} for r in rules]

    return ask_
