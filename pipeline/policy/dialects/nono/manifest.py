"""A nono capability manifest as items: grants, denials, network, commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.policy.dialects.interface import Item, Rules
from pipeline.policy.dialects.json_places import JsonText, Path, pointer
from pipeline.policy.dialects.nono import network as nono_network
from pipeline.policy.dialects.nono.files import DEFAULTS, Grant, command_rules, deny_rules, grant_rules
from pipeline.policy.dialects.nono.others import other
from pipeline.policy.dialects.nono.paths import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACCESS = {"read": (True, False), "write": (False, True), "readwrite": (True, True)}
_PORTS = {
    "connect": (["network"], {}),
    "bind": (["net.bind", "net.listen"], {}),
    "localhost": (["network", "net.bind", "net.listen"], {"net": ["loopback"]}),
    "localhost_range": (["network", "net.bind", "net.listen"], {"net": ["loopback"]}),
}


class Manifest:
    """The items of one manifest."""

    def __init__(self, text: JsonText) -> None:
        self._text = text
        self._data: dict[str, Any] = text.data
        self._network: dict[str, Any] = self._data.get("network") or {}
        self._closed = self._network.get("mode", "unrestricted") != "unrestricted"
        listed = (self._data.get("filesystem") or {}).get("grants") or ()
        self._grants = [_grant(entry) for entry in listed]

    @property
    def defaults(self) -> dict[str, str]:
        """Defaults of the document."""
        ports = (self._network.get("ports") or {}).get("connect")
        limited = {"net.connect": "deny", "net.send": "deny"} if ports else {}
        return DEFAULTS | (nono_network.CLOSED if self._closed else limited)

    def items(self) -> list[Item]:
        """Items in the order of the sections."""
        return [*self._files(), *self._hosts(), *self._processes(), *self._others()]

    def _item(self, path: Path, text: str, outcome: str, safe: Rules = (), why: str = "", accepted: Rules = ()) -> Item:
        return Item(_label(path), pointer(path), self._text.line(path), text[:200], outcome, safe, accepted, why)

    def _origin(self, path: Path) -> str:
        return f"line {self._text.line(path)} {pointer(path)}"[:1000]

    def _files(self) -> Iterator[Item]:
        section = self._data.get("filesystem") or {}
        for i, entry in enumerate(section.get("grants") or ()):
            path: Path = ("filesystem", "grants", i)
            grant = self._grants[i]
            text = f"{entry['access']} {entry['path']}"
            if grant is None:
                yield self._item(path, text, "narrower", why="the path has no fixed value here, so it is left out")
            else:
                every = [g for g in self._grants if g]
                yield self._item(path, text, "exact", grant_rules(_label(path), [grant], every, self._origin(path)))
        for i, entry in enumerate(section.get("deny") or ()):
            path = ("filesystem", "deny", i)
            found = pattern(entry["path"], deny=True)
            rules = deny_rules(_label(path), [found] if found else [], (), self._origin(path))
            yield self._item(
                path,
                f"deny {entry['path']}",
                "exact" if found else "unsupported",
                rules,
                "" if found else "a path that no file has",
            )

    def _hosts(self) -> Iterator[Item]:
        if "mode" in self._network:
            yield self._item(("network", "mode"), f"mode {self._network['mode']}", "exact")
        if self._network.get("mode") == "proxy":
            yield from self._proxied()
        for kind, (selectors, match) in _PORTS.items():
            for i, port in enumerate((self._network.get("ports") or {}).get(kind) or ()):
                path: Path = ("network", "ports", kind, i)
                if kind == "connect" and self._closed:
                    why = "a port does not open a network here that is closed or filtered by hosts"
                    yield self._item(path, f"{kind} {port}", "narrower", why=why)
                    continue
                needed = self._closed or kind == "connect"
                rules = (
                    nono_network.port_rules(_label(path), [port], selectors, match, self._origin(path))
                    if needed
                    else ()
                )
                yield self._item(path, f"{kind} {port}", "exact", rules)
        if self._network.get("dns") is False:
            rule = {
                "id": "network.dns",
                "on": ["network"],
                "match": {"port": [53]},
                "action": "deny",
                "origin": self._origin(("network", "dns")),
            }
            yield self._item(
                ("network", "dns"), "dns false", "narrower", (rule,), "port 53 is denied, whatever speaks on it"
            )

    def _proxied(self) -> Iterator[Item]:
        limited = {
            str(e["host"]).partition(":")[0].lower() for e in self._network.get("endpoints") or () if e.get("rules")
        }
        for i, text in enumerate(self._network.get("allow_domains") or ()):
            path: Path = ("network", "allow_domains", i)
            rules = nono_network.host_rules(_label(path), [text], "allow", self._origin(path))
            if text.lower() in limited:
                why = "only some requests to this host are allowed, and requests are not seen here"
                yield self._item(path, text, "wider", (), why, rules)
            else:
                yield self._item(
                    path, text, "exact" if rules else "narrower", rules, "" if rules else "no host has this name"
                )
        for i, entry in enumerate(self._network.get("endpoints") or ()):
            path = ("network", "endpoints", i)
            rules = nono_network.host_rules(_label(path), [entry["host"]], "allow", self._origin(path))
            if entry.get("rules"):
                why = "only some requests to this host are allowed, and requests are not seen here"
                yield self._item(path, entry["host"], "wider", (), why, rules)
            else:
                yield self._item(path, entry["host"], "exact", rules)
        if not self._network.get("allow_domains") and not self._network.get("endpoints"):
            everything = (
                {"id": "network.mode", "on": ["network"], "action": "allow", "origin": self._origin(("network",))},
            )
            why = "nono's proxy is on and has no list of hosts: what speaks to the proxy reaches any, and what does not reaches none"
            yield self._item(("network",), "proxy without a list", "wider", (), why, everything)
        rule = {
            "id": "network.link-local",
            "on": ["network"],
            "match": {"ip": nono_network.LINK_LOCAL},
            "action": "deny",
            "origin": self._origin(("network",)),
        }
        yield Item(
            "network.link-local",
            "/network",
            self._text.line(("network",)),
            "addresses that the proxy never connects to",
            "exact",
            (rule,),
        )

    def _processes(self) -> Iterator[Item]:
        process = self._data.get("process") or {}
        allowed = set(process.get("allowed_commands") or ())
        for i, name in enumerate(process.get("blocked_commands") or ()):
            path: Path = ("process", "blocked_commands", i)
            rules = command_rules(_label(path), [] if name in allowed else [name], self._origin(path))
            why = "nono keeps only the program that it starts itself from having this name; here all are kept from it"
            yield self._item(path, f"blocked {name}", "narrower", rules, why)
        for i, name in enumerate(process.get("allowed_commands") or ()):
            yield self._item(
                ("process", "allowed_commands", i),
                f"allowed {name}",
                "setting",
                why="it takes a name from those that nono refuses to start",
            )
        for key in ("signal_mode", "process_info_mode", "ipc_mode"):
            found = other(("security", key), process.get(key, "isolated"))
            if key in process and found:
                yield self._item(("process", key), f"{key} {process[key]}", found[0], why=found[1])

    def _others(self) -> Iterator[Item]:
        for i, entry in enumerate(self._data.get("credentials") or ()):
            yield self._item(
                ("credentials", i),
                f"credential {entry['name']}",
                "setting",
                why="where secrets come from is no rule about access",
            )
        for key in ("rollback", "resources"):
            if key in self._data:
                found = other((key,), self._data[key])
                yield self._item((key,), key, "setting", why=found[1] if found else "")


def _grant(entry: dict[str, Any]) -> Grant | None:
    found = pattern(entry["path"])
    read, write = _ACCESS[entry["access"]]
    return Grant(found, read, write, entry.get("type", "directory") == "directory") if found else None


def _label(path: Path) -> str:
    return ".".join(map(str, path))
