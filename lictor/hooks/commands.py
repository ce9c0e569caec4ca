"""Shell commands: the programs that they would start and the files that they redirect to and from.

A program is looked up in the search path as the shell would, without running anything. Which of its arguments are
files is the program's own business, so nothing is said of them: that is what the kernel sees. A change of folder
counts from there on.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence

from lictor.hooks import files
from lictor.hooks.interface import Act
from lictor.hooks.network import connect
from lictor.hooks.shell import Simple, parse
from lictor.hooks.shell_words import Token
from lictor.hooks.surroundings import SHELLS, Surroundings, program
from lictor.hooks.wrappers import WRAPPERS, script_of, started

BUILTINS = frozenset({
    ".", ":", "[", "alias", "bg", "bind", "break", "builtin", "caller", "cd", "command", "compgen", "complete",
    "compopt", "continue", "declare", "dirs", "disown", "echo", "enable", "eval", "exec", "exit", "export", "false",
    "fc", "fg", "getopts", "hash", "help", "history", "jobs", "kill", "let", "local", "logout", "mapfile", "popd",
    "printf", "pushd", "pwd", "read", "readarray", "readonly", "return", "set", "shift", "shopt", "source",
    "suspend", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait"
})  # fmt: skip
"""What bash does itself, so that no program is started for it."""

_OWN_WRAPPERS = ("command", "builtin", "exec")
_SOCKET = re.compile(r"/dev/(?:tcp|udp)/([^/]+)/(\d{1,5})")
_WRITES, _DEEPEST, _MOST = (">", ">>", ">|", "&>", "&>>", ">&"), 8, 1000


def command_acts(command: str, cwd: str, around: Surroundings) -> list[Act]:
    """Acts of a command line that the agent hands to its shell, which is itself the first of them."""
    walk = _Walk(around, path_known=re.search(r"\bPATH\b\s*\+?=", command) is None)
    shell = None if around.shell is None else os.path.realpath(around.shell)
    if around.shell is not None:
        argv = shlex.join([_name(around.shell), "-c", command])
        walk.add([Act("exec", shell, exe=shell, parent=around.agent_exe, argv=argv)])
    walk.script(command, cwd, shell, 0)
    return walk.acts


def program_acts(words: Sequence[str], cwd: str, around: Surroundings) -> list[Act]:
    """Acts of a program that the agent starts itself, without a shell between."""
    walk = _Walk(around, path_known=True)
    walk.run([Token(word, plain=False) for word in words], cwd, around.agent_exe, 0)
    return walk.acts


def _name(path: str) -> str:
    return path.rpartition("/")[2]


class _Walk:
    """Goes through commands and gathers acts."""

    def __init__(self, around: Surroundings, *, path_known: bool) -> None:
        self._around = around
        self._path_known = path_known
        self.acts: list[Act] = []

    def add(self, acts: Sequence[Act]) -> None:
        self.acts += acts[: _MOST - len(self.acts)]

    def script(self, text: str, cwd: str | None, shell: str | None, depth: int) -> None:
        """All commands of a script; ``cwd`` is ``None`` where the folder is not known."""
        if depth > _DEEPEST:
            return
        outer: list[str | None] = []
        for step in parse(text, self._around.home):
            if step == "(":
                outer.append(cwd)
            elif step == ")":
                cwd = outer.pop()
            elif isinstance(step, Simple):
                cwd = self._simple(step, cwd, shell, depth)

    def _simple(self, step: Simple, cwd: str | None, shell: str | None, depth: int) -> str | None:
        """One command; gives the folder of those behind it."""
        for inner in step.inner:
            self.script(inner, cwd, shell, depth + 1)
        for operator, target in step.redirects:
            self._redirect(operator, target, cwd, shell)
        if not step.words:
            return cwd
        first = step.words[0]
        if first.known and first.text in ("cd", "pushd", "popd"):
            return self._moved(first.text, step.words[1:], cwd)
        self.run(step.words, cwd, shell, depth)
        return cwd

    def _moved(self, how: str, arguments: Sequence[Token], cwd: str | None) -> str | None:
        names = [a for a in arguments if a.text not in ("-P", "-L", "-e", "--")]
        if how == "cd" and not names:
            return self._around.home
        if how == "popd" or len(names) != 1 or not names[0].known or names[0].text.startswith(("-", "+")):
            return None
        return files.absolute(names[0].text, cwd or "", self._around.home)

    def _redirect(self, operator: str, target: Token, cwd: str | None, shell: str | None) -> None:
        if operator in ("<<", "<<-", "<<<") or (operator in ("<&", ">&") and re.fullmatch(r"\d*-?", target.text)):
            return
        socket = _SOCKET.fullmatch(target.text)
        if not target.known or (cwd is None and not target.text.startswith("/")):
            return
        if socket is not None:
            self.add([connect(socket[1], int(socket[2]), shell)])
        elif operator in _WRITES:
            self.add(files.write(target.text, cwd or "/", self._around, shell))
        elif operator == "<>":
            self.add(files.open_both(target.text, cwd or "/", self._around, shell))
        else:
            self.add(files.read(target.text, cwd or "/", self._around, shell))

    def run(self, words: Sequence[Token], cwd: str | None, parent: str | None, depth: int) -> None:
        """A program and what it starts in turn."""
        first = words[0]
        if depth > _DEEPEST or not first.known:
            return
        if "/" not in first.text and first.text in BUILTINS:
            self._builtin(first.text, words[1:], cwd, parent, depth)
        else:
            self._started(words, cwd, parent, depth)

    def _builtin(self, name: str, arguments: Sequence[Token], cwd: str | None, shell: str | None, depth: int) -> None:
        if name in _OWN_WRAPPERS:
            self._wrapped(name, arguments, cwd, shell, depth)
        elif name == "eval":
            known = all(a.known for a in arguments)
            self.script(" ".join(a.text for a in arguments) if known else "", cwd, shell, depth + 1)
        elif name in (".", "source") and arguments and arguments[0].known and cwd is not None:
            self.add(files.read(arguments[0].text, cwd, self._around, shell))

    def _wrapped(self, name: str, arguments: Sequence[Token], cwd: str | None, parent: str | None, depth: int) -> None:
        inner = started(name, arguments)
        if inner:
            self.run(inner, cwd, parent, depth + 1)

    def _started(self, words: Sequence[Token], cwd: str | None, parent: str | None, depth: int) -> None:
        name = words[0].text
        found = None
        if (cwd is not None or name.startswith("/")) and (self._path_known or "/" in name):
            found = program(name, cwd or "/", self._around.search)
        if found is None:
            return
        interpreter = _shebang(found)
        if interpreter:
            self._interpreted(interpreter, found, words, cwd, parent, depth)
            return
        argv = shlex.join(word.text for word in words)
        exe = os.path.realpath(found)
        self.add([Act("exec", exe, exe=exe, parent=parent, argv=argv)])
        own = _name(name)
        if own in SHELLS:
            script = script_of(words[1:])
            if script is not None and script.known:
                self.script(script.text, cwd, exe, depth + 1)
        elif own in WRAPPERS:
            self._wrapped(own, words[1:], cwd, exe, depth)

    def _interpreted(
        self, head: list[str], found: str, words: Sequence[Token], cwd: str | None, parent: str | None, depth: int
    ) -> None:
        """A script with a first line that names its interpreter: the kernel starts that one."""
        given = [Token(word, plain=False) for word in (*head, found)] + list(words[1:])
        real, exe = os.path.realpath(found), os.path.realpath(head[0])
        argv = shlex.join(word.text for word in given)
        self.add([Act("exec", real, script=real, exe=exe, parent=parent, argv=argv)])
        if _name(head[0]) == "env":
            self._wrapped("env", given[1:], cwd, exe, depth)


def _shebang(path: str) -> list[str]:
    """Interpreter and its one argument as the script's first line names them; empty for other programs."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path of the search, as text
            line = file.read(256).split(b"\n", 1)[0]
    except OSError:
        return []
    if not line.startswith(b"#!"):
        return []
    return [os.fsdecode(part) for part in line[2:].strip().split(None, 1)]
