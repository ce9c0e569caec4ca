"""The tree's answers are those of a plain reading, with absent fields and below NOT."""

import duckdb
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sigma import atoms
from pipeline.sigma.atoms import ANY
from pipeline.sigma.expr import Atom, Every, Not, Some, columns, sql, weakened, without

FIELDS = ("A", "B", "C")
VALUES = (None, "", "x", "xy", "y")
LEAVES = st.builds(
    atoms.text, st.sampled_from(FIELDS), st.sampled_from([["x"], [ANY, "y"], ["x", ANY], [ANY, "x", ANY], [ANY], []])
)
TREES = st.recursive(
    LEAVES,
    lambda parts: (
        st.builds(Not, parts)
        | st.builds(lambda p: Every(tuple(p)), st.lists(parts, min_size=1, max_size=6))
        | st.builds(lambda p: Some(tuple(p)), st.lists(parts, min_size=1, max_size=6))
    ),
    max_leaves=12,
)
EVENTS = [dict(zip(FIELDS, (a, b, c), strict=True)) for a in VALUES for b in VALUES for c in VALUES]
NAMES = {f"{k}:{f}": f for f in FIELDS for k in "lr"}
TABLE = pa.table({n: pa.array([e[f] for e in EVENTS], pa.string()) for n, f in NAMES.items()})

DATABASE = duckdb.connect()
DATABASE.register("t", TABLE.append_column("n", pa.array(range(len(EVENTS)))))


def selected(condition):
    return {n for (n,) in DATABASE.execute(f"SELECT n FROM t WHERE {condition}").fetchall()}


def leaf(atom, event):
    """The truth of one of the leaves above, read off its regular expression-like forms in plain Python."""
    ((_, field),) = atom.columns
    value = event[field]
    if "IS NOT NULL" in atom.sql:
        return value is not None
    if value is None:
        return False
    tests = {"= 'x'": value == "x", "= ''": value == "", "ends_with": value.endswith("y"),
             "starts_with": value.startswith("x"), "contains": "x" in value}  # fmt: skip
    return next(truth for sign, truth in tests.items() if sign in atom.sql)


def truth(tree, event):
    if isinstance(tree, Atom):
        return leaf(tree, event)
    if isinstance(tree, Not):
        return not truth(tree.part, event)
    found = [truth(p, event) for p in tree.parts]
    return all(found) if isinstance(tree, Every) else any(found)


@settings(max_examples=60, deadline=None)
@given(TREES)
def test_sql_selects_where_a_plain_reading_is_true(tree):
    assert selected(sql(tree)) == {n for n, e in enumerate(EVENTS) if truth(tree, e)}


@settings(max_examples=60, deadline=None)
@given(TREES, st.sets(st.sampled_from(FIELDS)))
def test_weakened_never_loses_an_event_and_reads_nothing_else(tree, coarse):
    weak = weakened(tree, coarse)
    assert {f for _, f in columns(weak)} <= coarse
    assert selected(sql(tree)) <= selected(sql(weak))


@settings(max_examples=100, deadline=None)
@given(TREES, st.sets(st.sampled_from(FIELDS)))
def test_without_is_what_every_event_without_these_fields_gives(tree, blind):
    value = without(tree, blind)
    some = {truth(tree, e) for e in EVENTS if all(e[f] is None for f in blind)}
    assert value is None or some == {value}


def test_a_rule_over_absent_fields_alone_is_decided():
    asked = atoms.text("A", ["x"])
    assert without(asked, {"A"}) is False
    assert without(Not(asked), {"A"}) is True
    assert without(Every((asked, atoms.text("B", ["x"]))), {"A"}) is False
    assert without(Some((asked, atoms.text("B", ["x"]))), {"A"}) is None


def test_many_words_become_few_regular_expressions_with_the_same_answers():
    words = [f"w{i}.*+?()[]{{}}|^$\\/-{'z' * (i % 50)}" for i in range(200)]
    tree = Some(tuple(atoms.text("A", [ANY, w, ANY]) for w in words))
    assert 2 <= sql(tree).count("regexp_matches") <= 10
    assert "contains" not in sql(tree)
    values = [w.upper() for w in words] + [w[:-1] + "x" for w in words] + ["w0" + "a" * 9]
    with duckdb.connect() as connection:
        connection.register("t", pa.table({"l:A": [v.lower() for v in values]}))
        found = connection.execute(f'SELECT "l:A", {sql(tree)} FROM t').fetchall()
    assert [f for _, f in found] == [any(w.lower() in v.lower() for w in words) for v in values]
