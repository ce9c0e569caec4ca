"""Which AI agent a program is: a table of signatures, and the reading of command lines by it.

The program file leads, because a process cannot choose it freely the way it chooses argv.
Only where that file is an interpreter, a wrapper (``env``, ``sudo``) or a package runner
(``npx``, ``uvx``) are the arguments read, in the position where that program itself expects
a script, a command or a package. A name anywhere else (``grep codex``) means nothing.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

MAX_LAYERS = 8
"""Wrappers within wrappers that are seen through; real command lines have two or three."""

MAX_WORDS = 512
"""Arguments that are read: a hostile argv of megabytes must not hold up whoever watches."""


@dataclass(frozen=True)
class Signature:
    """One agent. ``programs`` are base names, ``files`` whole paths (both may hold ``*``);
    ``packages`` are npm names, ``distributions`` PyPI names, ``modules`` Python modules.

    ``not_first`` are first arguments and ``not_files`` paths of another program of that name.
    """

    agent: str
    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    distributions: tuple[str, ...] = ()
    not_first: tuple[str, ...] = ()
    not_files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Launcher:
    """A program that starts another one named in its arguments; the keys are explained in the table."""

    kind: str
    programs: tuple[str, ...]
    values: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    module: str = ""
    words: tuple[str, ...] = ()
    package: tuple[str, ...] = ()
    split: tuple[str, ...] = ()
    operands: int = 0
    assignments: bool = False


@lru_cache(maxsize=1)
def signatures() -> tuple[Signature, ...]:
    """Every agent that can be recognised."""
    return tuple(Signature(**_frozen(row)) for row in _table()["agents"])


@lru_cache(maxsize=1)
def launchers() -> tuple[Launcher, ...]:
    """Runners first: ``bun x`` and ``uv tool run`` are more particular than ``bun`` and ``uv run``."""
    kinds = ("runners", "wrappers", "interpreters")
    return tuple(Launcher(kind=kind, **_frozen(row)) for kind in kinds for row in _table()[kind])


def identify(exe: str, argv: Sequence[str]) -> str | None:
    """The agent that the program ``exe`` with the arguments ``argv`` (``argv[0]`` included) is, or ``None``.

    ``exe`` is the path of the program file; where it is empty, ``argv[0]`` stands in.
    Pure: no file is read beyond the table of signatures.
    """
    path, rest = exe or (argv[0] if argv else ""), list(argv[1:MAX_WORDS])
    for _ in range(MAX_LAYERS):
        agent = _agent_of_program(path, rest)
        if agent:
            return agent
        step = _through(path, rest)
        if step is None or isinstance(step, str):
            return step
        path, rest = step
    return None


def _through(path: str, rest: list[str]) -> tuple[str, list[str]] | str | None:
    """What a launcher starts: the next (path, arguments), or the agent that is certain already, or ``None``."""
    for launcher in _launchers_named(_base(path)):
        words = _after_words(launcher, rest)
        if words is None:
            continue
        if launcher.kind == "runners":
            return _agent_of_runner(launcher, words)
        if launcher.kind == "wrappers":
            return _wrapped(launcher, words)
        return _interpreted(launcher, words)
    return None


def _agent_of_program(path: str, rest: Sequence[str]) -> str | None:
    base = _base(path)
    for s in signatures():
        if not (_matches(base, s.programs) or _matches(path, s.files)):
            continue
        if not _matches(path, s.not_files) and not (rest and rest[0] in s.not_first):
            return s.agent
    return None


def _wrapped(launcher: Launcher, rest: list[str]) -> tuple[str, list[str]] | None:
    """Skip the wrapper's own options, operands and assignments; what follows is the command."""
    operands = launcher.operands
    while rest:
        word = rest[0]
        if word in launcher.split and len(rest) > 1:
            rest = _split(rest[1]) + rest[2:]
            continue
        if word == "--":
            return _command(rest[1 + operands :])
        if _is_option(word):
            rest = rest[_width(word, launcher.values) :]
        elif launcher.assignments and "=" in word:
            rest = rest[1:]
        elif operands:
            operands, rest = operands - 1, rest[1:]
        else:
            return _command(rest)
    return None


def _interpreted(launcher: Launcher, rest: list[str]) -> tuple[str, list[str]] | str | None:
    """The script or module that an interpreter runs."""
    while rest:
        word = rest[0]
        if word == launcher.module and len(rest) > 1:
            return _agent_of_module(rest[1]) or (rest[1], rest[2:])
        if word.split("=", 1)[0] in launcher.code or word == "-":
            return None
        if _is_option(word):
            rest = rest[_width(word, launcher.values) :]
        elif word in launcher.skip:
            rest = rest[1:]
        else:
            return _agent_of_script(word, rest[1:])
    return None


def _agent_of_script(path: str, rest: Sequence[str]) -> str | None:
    """A script counts by the package that it lies in, or as an installed command by its name.

    ``codex.js`` of somebody's own project is neither; ``node_modules/.bin/codex`` is.
    A script that runs by name only (``python aider``) is a file of the working directory.
    """
    slashed = path.replace("\\", "/")
    for s in signatures():
        if any(f"/node_modules/{p}/" in f"/{slashed}" for p in s.packages):
            return s.agent
        if any(f"/site-packages/{m}/" in slashed for m in s.modules):
            return s.agent
    if _base(slashed) in {"npx-cli.js", "npm-cli.js"}:
        tool = _base(slashed).removesuffix("-cli.js")
        return identify(tool, [tool, *rest])
    return identify(slashed, [slashed, *rest]) if "/" in slashed else None


def _agent_of_runner(launcher: Launcher, rest: list[str]) -> str | None:
    """The package named by an option, else the first operand, without its version."""
    while rest and _is_option(rest[0]) and rest[0] != "--":
        name, _, value = rest[0].partition("=")
        if name in launcher.package:
            return _agent_of_package(value or (rest[1] if len(rest) > 1 else ""))
        rest = rest[_width(rest[0], launcher.values) :]
    rest = rest[1:] if rest[:1] == ["--"] else rest
    return _agent_of_package(rest[0]) if rest else None


def _agent_of_package(spec: str) -> str | None:
    """``@openai/codex@latest``, ``aider-chat==0.86``, ``aider-chat[all]`` or the name of a local command."""
    name = re.split(r"(?<!^)[@=<>~!\[; ]", spec, maxsplit=1)[0]
    for s in signatures():
        if name in s.packages or name in s.distributions or name in s.programs:
            return s.agent
    return None


def _agent_of_module(module: str) -> str | None:
    return next((s.agent for s in signatures() if module.split(".", 1)[0] in s.modules), None)


def _command(words: list[str]) -> tuple[str, list[str]] | None:
    return (words[0], words[1:]) if words else None


def _after_words(launcher: Launcher, rest: list[str]) -> list[str] | None:
    """The arguments behind the subcommand that makes this program a launcher; ``None`` without it."""
    for words in launcher.words:
        wanted = words.split()
        if rest[: len(wanted)] == wanted:
            return rest[len(wanted) :]
    return None if launcher.words else rest


def _launchers_named(base: str) -> list[Launcher]:
    return [launcher for launcher in launchers() if _matches(base, launcher.programs)]


def _is_option(word: str) -> bool:
    return len(word) > 1 and word[0] in "-+"


def _width(option: str, values: Sequence[str]) -> int:
    """Words that an option takes: two when its value stands apart."""
    return 2 if option in values else 1


def _base(path: str) -> str:
    """Base name without the suffix that Windows gives to programs and npm to its launchers there."""
    name = re.split(r"[/\\]", path)[-1]
    return re.sub(r"\.(exe|cmd)$", "", name, flags=re.IGNORECASE)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, p) for p in patterns)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _frozen(row: dict[str, Any]) -> dict[str, Any]:
    known = {f.name for cls in (Signature, Launcher) for f in fields(cls)}
    unknown = set(row) - known
    if unknown:
        raise ValueError(f"signatures.yaml: unknown key {min(unknown)}")
    return {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    text = files("collectors").joinpath("signatures.yaml").read_text(encoding="utf-8")
    table: dict[str, Any] = yaml.safe_load(text)
    return table
