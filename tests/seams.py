"""What stands on both sides of a seam between operating systems, read from the source: one of the sides cannot be imported."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]


def imported(file: str) -> tuple[set[str], set[str]]:
    """Names that a module imports on Windows, and elsewhere."""
    (choice,) = (n for n in ast.parse((ROOT / file).read_text()).body if isinstance(n, ast.If))
    return tuple(
        {a.asname or a.name for node in side if isinstance(node, ast.ImportFrom) for a in node.names}
        for side in (choice.body, choice.orelse)
    )


def functions(file: str) -> dict[str, list[str]]:
    """Public functions of a module, with the names of what they take."""
    return {
        node.name: [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        for node in ast.parse((ROOT / file).read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }
