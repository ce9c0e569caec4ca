"""Nothing imports upwards: who may import whom, and that no two modules import each other in a circle.

The floors are those of ARCHITECTURE.md. Imports inside functions and under ``TYPE_CHECKING`` count too: a type that
points upwards is a dependency all the same.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import pytest

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "pipeline.columns": (),
    "pipeline.operations": (),
    "pipeline.schema": ("pipeline.columns", "pipeline.operations"),
    "pipeline.coded": (),
    "pipeline.escape": (),
    "pipeline.policy": ("pipeline.schema",),
    "collectors": ("pipeline.schema", "pipeline.coded"),
    "pipeline": ("pipeline.schema", "pipeline.coded", "pipeline.escape", "pipeline.policy", "collectors"),
    "enforcer": ("pipeline.schema", "pipeline.policy", "collectors"),
    "queries": ("pipeline.schema", "pipeline.lake"),
    "dashboards": ("pipeline.schema", "pipeline.escape", "pipeline.lake", "queries"),
    "lictor": ("pipeline", "collectors", "enforcer", "queries", "dashboards"),
}
"""Each room and the rooms below it; a room may always import itself. The longest name that fits a module is its room."""


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(f"{room}.")


def room_of(name: str) -> str:
    return max((room for room in MAY_IMPORT if within(name, room)), key=len)


def upward(name: str, imports: set[str]) -> list[str]:
    """The imports of one module that its floor does not allow."""
    room = room_of(name)
    allowed = (room, *MAY_IMPORT[room])
    return sorted(i for i in imports if not any(within(i, a) for a in allowed))


def circle(imports: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in a circle, or nothing."""
    try:
        TopologicalSorter({name: found - {name} for name, found in imports.items()}).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_module_imports_upwards(tree):
    found = [f"{name} imports {i}" for name, imports in tree.imports.items() for i in upward(name, imports)]
    assert not found, "\n".join(found)


def test_no_modules_import_each_other_in_a_circle(tree):
    assert circle(tree.imports) == []


def test_every_product_folder_with_code_stands_on_a_floor(tree):
    assert {name.split(".")[0] for name in tree.modules} <= {room.split(".")[0] for room in MAY_IMPORT}


def test_product_never_imports_tests_tools_or_benchmarks(tree):
    known = frozenset(tree.modules)
    outside = {"tests", "tools", "benchmarks", "demo", "deploy"}
    found = [n for n, m in tree.modules.items() if {i.split(".")[0] for i in m.imports(known)} & outside]
    assert found == []


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("pipeline.steps.judge", "enforcer.interface"),
        ("pipeline.flow", "lictor.service"),
        ("pipeline.policy.load", "pipeline.lake.reader"),
        ("pipeline.schema", "pipeline.policy"),
        ("collectors.kernel.ring", "pipeline.policy.kernel"),
        ("enforcer.ladder", "pipeline.lake.writer"),
        ("queries.catalog", "pipeline.steps.judge"),
        ("dashboards.app", "enforcer.interface"),
    ],
)
def test_rule_finds_upward_import(name, imported):
    assert upward(name, {imported, "pipeline.schema"}) == [imported]


@pytest.mark.parametrize(
    ("name", "imported"),
    [
        ("pipeline.lake.writer", "pipeline.lake.wal"),
        ("pipeline.steps.judge", "pipeline.policy.compile"),
        ("enforcer.linux.kernel", "pipeline.policy.kernel"),
        ("dashboards.app", "queries.catalog"),
        ("lictor.service", "enforcer.interface"),
    ],
)
def test_rule_lets_downward_import_pass(name, imported):
    assert upward(name, {imported}) == []


def test_rule_finds_circle():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) != []
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import enforcer.interface", "enforcer.interface"),
        ("from enforcer import interface", "enforcer.interface"),
        ("from enforcer import Name", "enforcer"),
        ("def f():\n    from enforcer.interface import Action", "enforcer.interface"),
        ("if TYPE_CHECKING:\n    import enforcer", "enforcer"),
        ("import importlib\nimportlib.import_module('enforcer.interface')", "enforcer.interface"),
        ("from . import wal", "pipeline.lake.wal"),
        ("from ..steps import judge", "pipeline.steps"),
        ("from ..schema import batch", "pipeline.schema"),
    ],
)
def test_every_kind_of_import_is_seen(module_of, text, expected):
    known = frozenset({"enforcer", "enforcer.interface", "pipeline.lake.wal", "pipeline.schema"})
    assert expected in module_of("pipeline.lake.writer", text).imports(known)


def test_relative_import_of_a_package_starts_at_itself(module_of):
    package = module_of("pipeline.lake", "from .wal import Wal", is_package=True)
    assert package.imports(frozenset()) == {"pipeline.lake.wal"}
