"""Ways to say in a rule's keys what one event is: who did it, and to what.

Only keys are used that every event a rule is on can have; the language refuses others, as they would never match.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from pipeline.policy.checks import applies
from pipeline.policy.decide import LOCAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.policy.context import RunContext
    from pipeline.policy.model import TestEvent

_SPECIAL = re.compile(r"([\\*?\[\]{},])")

Keys = dict[str, Any]


class EventKeys:
    """Describes one event."""

    def __init__(self, event: TestEvent, context: RunContext) -> None:
        self._event, self._context = event, context

    def ways(self, name: str | None, on: Iterable[str] = ()) -> list[Keys]:
        """Ways to say what the event is, narrowest first; ``name`` is the path in question, ``on`` the rule's selectors."""
        selectors = tuple(on)
        exe = self._pattern(self._event.exe) if self._event.on != "exec" else None
        what = [*self._network(), *self._paths(name)]
        who: list[Keys] = [{"exe": exe}] if exe else []
        if self._event.on == "exec" and self._event.argv:
            who.append({"argv": re.sub(r"([*?\\])", r"\\\1", self._event.argv)})
        every = [*({**w, **k} for k in what for w in who), *what, *who]
        return [keys for keys in every if all(applies(key, s) for key in keys for s in selectors)]

    def _paths(self, name: str | None) -> list[Keys]:
        path = self._pattern(name)
        if path is None or name is None:
            return []
        folder = self._pattern(posixpath.dirname(name))
        return [{"path": path}, *([{"path": f"{folder}/**"}] if folder and folder != "/" else [])]

    def _network(self) -> list[Keys]:
        end = "src" if self._event.on in LOCAL else "dst"
        address, port = getattr(self._event, f"{end}_ip"), getattr(self._event, f"{end}_port")
        domain: Keys = {"domain": self._event.domain} if self._event.domain else {}
        here: Keys = {"ip": address} if address else {}
        there: Keys = {"port": port} if port is not None else {}
        ways = [domain | there, here | there, domain, here, there]
        return [way for i, way in enumerate(ways) if way and way not in ways[i + 1 :]]

    def _pattern(self, path: str | None) -> str | None:
        """The pattern of exactly one path, from the workspace or the home folder where it is in there."""
        if path is None or not path.startswith("/"):
            return None
        for short, top in (("${workspace}", self._context.workspace), ("~", self._context.home)):
            if top and f"{path}/".startswith(f"{top.rstrip('/')}/"):
                return short + _SPECIAL.sub(r"\\\1", path.removeprefix(top.rstrip("/")))
        return _SPECIAL.sub(r"\\\1", path)
