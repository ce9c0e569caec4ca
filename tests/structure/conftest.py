"""The source tree as data for the tests of its structure: which files there are, and what each Python module imports."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("lictor", "collectors", "pipeline", "enforcer", "queries", "dashboards")
"""The folders of the product; their names are import names."""

OTHERS = ("tools", "benchmarks", "deploy", "demo", "tests")
"""Folders with source code that is not imported by the product."""


@dataclass(frozen=True)
class Module:
    """One Python file and its dotted name (a package's ``__init__`` bears the package's name)."""

    name: str
    text: str
    is_package: bool = False

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text)

    def imports(self, known: frozenset[str]) -> set[str]:
        """Dotted names that the module imports anywhere in it, also inside functions and under TYPE_CHECKING.

        ``from a import b`` gives ``a.b`` where that is a module of ``known``, else ``a``.
        """
        found: set[str] = set()
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = self._base(node)
                names = {f"{base}.{alias.name}" for alias in node.names}
                found |= (names & known) or set()
                if names - known:
                    found.add(base)
            elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
                found |= {a.value for a in node.args[:1] if isinstance(a, ast.Constant) and isinstance(a.value, str)}
        return found

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
        parts = package[: len(package) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


@dataclass(frozen=True)
class Tree:
    """The work tree below ``root``."""

    root: Path
    packages: tuple[str, ...] = PACKAGES

    def files(self, *suffixes: str, folders: tuple[str, ...] = PACKAGES + OTHERS) -> list[Path]:
        """Paths relative to the root, sorted; caches left out."""
        found = [p for folder in folders for suffix in suffixes for p in (self.root / folder).rglob(f"*{suffix}")]
        return sorted(p.relative_to(self.root) for p in found if "__pycache__" not in p.parts and p.is_file())

    def text(self, path: Path) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    @cached_property
    def modules(self) -> dict[str, Module]:
        """Every module of the product by dotted name."""
        found = {}
        for path in self.files(".py", folders=self.packages):
            parts = path.with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            found[name] = Module(name, self.text(path), is_package)
        return found

    @cached_property
    def imports(self) -> dict[str, set[str]]:
        """For each module of the product, what it imports of the product."""
        known = frozenset(self.modules)
        return {
            name: {i for i in module.imports(known) if i.split(".")[0] in self.packages}
            for name, module in self.modules.items()
        }


@pytest.fixture(scope="session")
def tree() -> Tree:
    return Tree(ROOT)


@pytest.fixture
def module_of():
    """Makes a module from its text, so that the reading of imports can itself be tested."""
    return Module
