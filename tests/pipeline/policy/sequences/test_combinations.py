from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import schema
from pipeline.policy.compile import RunContext, compile_policies
from pipeline.policy.decide import Decider
from pipeline.policy.load import load_policy
from pipeline.policy.sequences import combinations as module
from pipeline.policy.sequences.combinations import Combinations

POLICY = """
lictor: 1
name: p
rules:
  - { id: a, on: [file.read], match: { path: "/a/**", exe: "/bin/x", size: ">5B" }, action: deny }
  - { id: b, on: [net.connect, net.listen], match: { port: 80, ip: 10.0.0.0/8, protocol: tcp, user: ann }, action: deny }
"""
DECIDER = Decider(compile_policies([load_policy(POLICY, "p.yaml")], RunContext("/w", "/home/u", {}, "u", "h", "a")))

ROWS = st.lists(
    st.fixed_dictionaries({
        "operation": st.sampled_from(["file.read", "net.connect", "net.listen", None]),
        "path": st.sampled_from(["/a/1", "/b", None]),
        "exe": st.sampled_from(["/bin/x", "/bin/y", None]),
        "bytes": st.sampled_from([None, 5, 6]),
        "src_ip": st.sampled_from(["10.1.1.1", None]),
        "dst_ip": st.sampled_from(["10.1.1.1", "8.8.8.8", None]),
        "src_port": st.sampled_from([80, None]),
        "dst_port": st.sampled_from([80, 81, None]),
        "user": st.sampled_from(["ann", "bob", None]),
    }),
    max_size=12,
)  # fmt: skip


def facts_of(row):
    """The facts of one row, asked for one by one."""
    end = "src" if row["operation"] == "net.listen" else "dst"
    asked = {
        "path": (DECIDER.path, row["path"]), "exe": (DECIDER.exe, row["exe"]), "exe_path": (DECIDER.path, row["exe"]),
        "size": (DECIDER.size, row["bytes"]), "ip": (DECIDER.ip, row[f"{end}_ip"]), "port": (DECIDER.port, row[f"{end}_port"]),
        "user": (lambda u: DECIDER.text("user", u), row["user"]),
    }  # fmt: skip
    return {name: 0 if value is None else answer(value) for name, (answer, value) in asked.items()} | {
        "operation": row["operation"] or ""
    }


@pytest.mark.parametrize("dense_bits", [0, 16])
@given(ROWS)
def test_facts_of_a_rows_combination_are_those_of_the_row(dense_bits, rows):
    columns = {n: pa.array([r[n] for r in rows], schema.lake_type("activity", n)) for n in (rows[0] if rows else ())}
    batch = (
        schema.batch("activity", columns)
        if rows
        else schema.batch("activity", {"operation": pa.array([], pa.string())})
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_DENSE_BITS", dense_bits)
        combinations = Combinations(DECIDER)
        found, which = combinations.of(batch)
    for row, number in zip(rows, which.tolist(), strict=True):
        facts = combinations.facts(found[number])
        assert {name: getattr(facts, name) for name in facts_of(row)} == facts_of(row)
    assert len(set(found)) == len(found) == len(np.unique(which))
