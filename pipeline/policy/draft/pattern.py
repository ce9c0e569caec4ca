"""What a pattern is: a way to begin a sentence, and the rule that says the same; and the words that patterns share.

The patterns themselves are data, in ``command_patterns.py`` and ``file_patterns.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.draft.commands import argv_of

if TYPE_CHECKING:
    from collections.abc import Mapping

END = (
    r"(?=\s*(?:$|[.,;:)(!/—–]|\s-|(?:and|or|without|unless|until|if|when|on\s+your\s+own|on\s+behalf|yourself|autonomously|automatically|directly|by\s+(?:yourself|default|hand)|"
    r"in\s+this|for\s+(?:me|the\s+user|us|any)|here|ever|locally|except|needs?|requires?|from\s+(?:this|the)|as\s+part|because|just|after|before|again|manually)\b))"
)
_BASE = r"any|all|the|a|an|new|existing|other|additional|extra|your|user|project|external|third-party|unrelated|production|prod|large|heavy|database|db"


def any_of(*more: str) -> str:
    """Words that may stand before what is meant, these and ``more``; one repetition only, so that no text takes long to refuse."""
    return rf"(?:(?:{'|'.join((_BASE, *more))})\s+)*"


ANY = any_of()
REMOTE = r"(?:(?:code|commits?|changes|branch(?:es)?|anything|work|directly|straight|up|to\s+(?:the\s+|a\s+)?(?:remotes?|origin|upstream|github|gitlab|remote\s+(?:repo(?:sitory)?|branch(?:es)?)))\s*)*"
MAIN = r"(?:(?:code|commits?|changes|directly|straight|anything)\s+)*(?:to|on|onto|into)\s+(?:the\s+)?`?(main|master|trunk|production|prod|release|develop|dev)\b`?(?:\s*(?:,|/|or|and)\s*`?(?:main|master|trunk|develop|dev|production)`?)*(?:\s+branch(?:es)?)?"
TESTS = (
    "pytest",
    "tox",
    "npm test",
    "npm run test",
    "pnpm test",
    "yarn test",
    "bun test",
    "vitest",
    "jest",
    "cargo test",
    "cargo nextest",
    "go test",
    "make test",
    "make check",
    "just test",
    "mvn test",
    "gradle test",
    "rspec",
    "phpunit",
    "dotnet test",
    "deno test",
    "ctest",
)
SKIP = r"(?:skip|bypass|disabl|circumvent|ignor|avoid)(?:e|s|p?ing|ping)?"


@dataclass(frozen=True)
class Pattern:
    """A way to say something, and the rule that says it: ``on`` and ``match``; ``title`` is in plain words."""

    name: str
    about: re.Pattern[str]
    title: str
    on: tuple[str, ...]
    match: Mapping[str, Any]
    unless: Mapping[str, Any] | None = None


def argv(*commands: str) -> dict[str, list[str]]:
    """A match on the command lines of several commands; one that begins with ``*`` is a pattern itself."""
    return {"argv": [p for c in commands for p in ((c, f"{c} *") if c.startswith("*") else argv_of(c))]}


def runs(name: str, about: str, title: str, *commands: str) -> Pattern:
    """A pattern about commands that run."""
    return Pattern(name, re.compile(about, re.IGNORECASE), title, ("exec",), argv(*commands))


def touches(
    name: str, about: str, title: str, on: tuple[str, ...], *paths: str, unless: tuple[str, ...] = ()
) -> Pattern:
    """A pattern about files that are touched, and those of them that are spared."""
    spared = {"path": list(unless)} if unless else None
    return Pattern(name, re.compile(about, re.IGNORECASE), title, on, {"path": list(paths)}, spared)


EDIT = r"(?:(?:hand-?\s?)?edit|modify|chang|alter|touch|updat|writ|overwrit|rewrit)(?:e|ing|ying|s)?(?:\s*(?:/|,|\bor\b|\band\b)\s*\w+)*\s+(?:to\s+)?"
REMOVE = r"(?:delet|remov|eras|wip|drop|clean)(?:e|ing|ping|s)?(?:\s*(?:/|,|\bor\b|\band\b)\s*\w+)*\s+(?:up\s+)?"
LOCKS = tuple(
    f"${{workspace}}/**/{n}"
    for n in (
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
        "Cargo.lock",
        "poetry.lock",
        "uv.lock",
        "Pipfile.lock",
        "composer.lock",
        "Gemfile.lock",
        "go.sum",
        "flake.lock",
    )
)
WRITE, DELETE = ("file.write",), ("file.delete",)
OUTSIDE = (
    "${workspace}/**",
    "/tmp/**",  # noqa: S108  # a pattern in a rule, no file of ours
    "/var/tmp/**",  # noqa: S108  # as above
    "/dev/**",
    "/proc/**",
    "~/.cache/**",
    "~/.npm/**",
    "~/.cargo/**",
    "~/.local/state/**",
)
"""What a session writes to although it stays in its project."""

MADE = tuple(
    f"${{workspace}}/**/{n}/**"
    for n in (
        ".git",
        "node_modules",
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        "target",
        "dist",
        "build",
        "coverage",
        ".next",
        ".turbo",
        ".venv",
    )
)
"""What tools write and delete in a project by themselves."""
