"""What the shape of a file of alerts cannot say: variables filled in, addresses, headers, programs, users.

Problems name the key and never its value: an address or a header may be a secret.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lictor.alerts.model import Command, Document, Webhook
from lictor.alerts.trusted import refuse_writable
from lictor.errors import LictorError
from lictor.system import here as system
from pipeline.policy.source import Location

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS = ("host", "content-length", "content-type", "transfer-encoding", "connection", "expect", "user-agent")
_OWN_PREFIX = "x-lictor-"

Found = Iterator[tuple[Location, str]]
"""Where something is wrong, and what."""


class Checks:
    """One look at a document; ``problems`` fills up as its parts are completed."""

    def __init__(self, document: Document, environ: Mapping[str, str], *, trusted: bool) -> None:
        """``trusted``: the file is root's or our own, so that it may name programs and variables."""
        self.problems: list[tuple[Location, str]] = []
        self.variables: set[str] = set()
        """Names of those that were filled in."""
        self._environ = environ
        self._trusted = trusted
        self.problems += _doubled(document)
        self.webhooks = tuple(self._webhook(("webhooks", i), w) for i, w in enumerate(document.webhooks))
        self.commands = tuple(self._command(("commands", i), c) for i, c in enumerate(document.commands))

    def _webhook(self, here: Location, hook: Webhook) -> Webhook:
        """The webhook with its variables filled in; unchanged where something is wrong with it."""
        before = len(self.problems)
        url = self._filled((*here, "url"), hook.url)
        secret = hook.secret and self._filled((*here, "secret"), hook.secret)
        headers = {name: self._filled((*here, "headers", name), text) for name, text in hook.headers.items()}
        if len(self.problems) == before:
            self.problems += _wrong_url((*here, "url"), url)
            self.problems += _wrong_headers((*here, "headers"), headers)
        self.problems += _idle_actions(here, hook)
        return hook if len(self.problems) > before else replace(hook, url=url, headers=headers, secret=secret)

    def _filled(self, here: Location, text: str) -> str:
        """The text with the values of its variables."""
        names = dict.fromkeys(_VARIABLE.findall(text))
        self.variables.update(names)
        if names and not self._trusted:
            self.problems.append((here, "variables are filled in only where the file is root's or your own: chown it"))
            return text
        missing = [name for name in names if not self._environ.get(name)]
        self.problems += ((here, f"variable {name} is not set, or empty") for name in missing)
        return text if missing else _VARIABLE.sub(lambda found: self._environ[found[1]], text)

    def _command(self, here: Location, command: Command) -> Command:
        if not self._trusted:
            self.problems.append((here, "commands are run only where the file is root's or your own: chown it"))
        self.problems += _wrong_user((*here, "user"), command.user)
        self.problems += _wrong_program((*here, "argv", 0), command.argv[0], command.user)
        self.problems += _idle_actions(here, command)
        return command


def _doubled(document: Document) -> Found:
    seen = set()
    parts: tuple[tuple[str, tuple[Any, ...]], ...] = ("webhooks", document.webhooks), ("commands", document.commands)
    for key, targets in parts:
        for place, target in enumerate(targets):
            if target.name in seen:
                yield (
                    (key, place, "name"),
                    f"the name '{target.name}' stands twice: rows of actions need one of their own",
                )
            seen.add(target.name)


def _idle_actions(here: Location, target: Webhook | Command) -> Found:
    if target.actions is not None and "actions" not in target.on:
        yield (*here, "actions"), "'actions' says which, but 'on' names no actions"


def _wrong_url(here: Location, url: str) -> Found:
    if not (url.isascii() and url.isprintable()) or " " in url:
        yield here, "the address has spaces, control characters or letters beyond ASCII: write them as %XX"
        return
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        yield here, "not readable as an address: write https://host/path"
        return
    if parts.scheme not in ("http", "https"):
        yield here, "the address must begin with https:// or http://"
    elif not parts.hostname or port == 0:
        yield here, "the address names no host to connect to: write https://host/path"
    if parts.username is not None or parts.password is not None:
        yield here, "a user or password in the address is refused: put it into headers, as Authorization"
    if parts.fragment:
        yield here, "what follows # in an address is never sent: leave it out"


def _wrong_headers(here: Location, headers: Mapping[str, str]) -> Found:
    for name, text in headers.items():
        if not _HEADER.fullmatch(name):
            yield (*here, name), "not the name of a header"
        elif name.lower() in _OWN_HEADERS or name.lower().startswith(_OWN_PREFIX):
            yield (*here, name), f"the header {name} is set by Lictor"
        if not (text.isascii() and text.isprintable()):
            yield (*here, name), f"the value of header {name} has control characters or letters beyond ASCII"


def _wrong_program(here: Location, program: str, user: str | None) -> Found:
    if sys.platform == "win32":
        yield here, "alerts are not handed to programs on Windows yet: use a webhook"
        return
    path = Path(program)
    if not path.is_absolute():
        yield here, f"'{program}': write the full path of the program, so that it is the same one everywhere"
        return
    try:
        refuse_writable(path, path.stat(), {0, system.own_uid(), *filter(None, [_uid(user)])})
    except OSError as error:
        yield here, f"'{program}': {error.strerror}"
        return
    except LictorError as error:
        yield here, str(error)
        return
    if not os.access(path, os.X_OK):
        yield here, f"'{program}' is not executable: chmod +x"


def _wrong_user(here: Location, user: str | None) -> Found:
    if user is None:
        return
    uid = _uid(user)
    if uid is None:
        yield here, f"there is no user '{user}'"
    elif system.own_uid() not in (0, uid):
        yield here, "only root can run a command as another user: leave 'user' out, or run Lictor as root"


def _uid(user: str | None) -> int | None:
    if user is None or sys.platform == "win32":
        return None
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return None
