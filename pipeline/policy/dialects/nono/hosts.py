"""Items of a nono profile for its network and its unix sockets."""

from __future__ import annotations

from typing import Any

from pipeline.policy.dialects.interface import Item
from pipeline.policy.dialects.json_places import Path
from pipeline.policy.dialects.nono import network as nono_network
from pipeline.policy.dialects.nono.parts import Part
from pipeline.policy.dialects.nono.state import State, label_of, shown


class Hosts(State):
    """Items for entries of ``network`` and ``linux``."""

    def _network_part(self, part: Part) -> list[Item]:
        name, origin, kind = label_of(part), self._origin(part.path), part.key[1]
        closed = self.network.blocked or self.network.proxied
        if kind == "block":
            return [self._item(name, part.path, "block", "exact")]
        if kind in ("allow_domain", "deny_domain"):
            return [self._domain(part, name, origin)]
        if kind == "network_profile":
            hosts = nono_network.profile_hosts(str(part.value))
            rules = nono_network.host_rules(name, hosts or (), "allow", origin)
            why = "" if hosts else "what is in this network profile is not known here; nothing of it is allowed"
            return [self._item(name, part.path, shown(part), "exact" if hosts else "narrower", rules, why)]
        if kind in ("credentials", "upstream_proxy"):
            return [self._proxy(part, name, origin)]
        ports = {"open_port": ["network", "net.bind", "net.listen"], "listen_port": ["net.bind", "net.listen"]}
        selectors = ports.get(kind.removesuffix("_range"), ["network"])
        match = {"net": ["loopback"]} if kind.startswith("open_port") else {}
        if kind == "connect_port" and closed:
            why = "a port does not open a network here that is closed or filtered by hosts"
            return [self._item(name, part.path, shown(part), "narrower", why=why)]
        needed = closed or kind == "connect_port"
        rules = nono_network.port_rules(name, [part.value], selectors, match, origin) if needed else ()
        return [self._item(name, part.path, shown(part), "exact", rules)]

    def _domain(self, part: Part, name: str, origin: str) -> Item:
        text = part.value if isinstance(part.value, str) else part.value["domain"]
        action = "allow" if part.key[1] == "allow_domain" else "deny"
        rules = nono_network.host_rules(name, [text], action, origin)
        if not rules:
            why = "no host has this name"
            return self._item(name, part.path, text, "narrower" if action == "allow" else "unsupported", why=why)
        if isinstance(part.value, dict):
            why = "only some requests to this host are allowed, and requests are not seen here"
            return self._item(name, part.path, text, "wider", (), why, rules)
        return self._item(name, part.path, text, "exact", rules)

    def _proxy(self, part: Part, name: str, origin: str) -> Item:
        if (
            self.network.listed
            or self.network.blocked
            or any(i.key == ("network", "credentials") and i.path < part.path for i in self._parts)
        ):
            return self._item(
                name, part.path, shown(part), "setting", why="the proxy's own connections are not this program's"
            )
        rules = ({"id": name, "on": ["network"], "action": "allow", "origin": origin},)
        why = "nono's proxy is on and has no list of hosts: what speaks to the proxy reaches any, and what does not reaches none"
        return self._item(name, part.path, shown(part), "wider", (), why, rules)

    def _link_local(self) -> list[Item]:
        """Networks that the proxy never connects to, whatever a host's name resolves to."""
        if not self.network.proxied:
            return []
        path: Path = ("network",)
        rule = {
            "id": "network.link-local",
            "on": ["network"],
            "match": {"ip": nono_network.LINK_LOCAL},
            "action": "deny",
            "origin": self._origin(path),
        }
        return [self._item("network.link-local", path, "addresses that the proxy never connects to", "exact", (rule,))]

    def _linux(self, part: Part) -> list[Item]:
        if part.value.get("af_unix_mediation") != "pathname":
            return [self._item("linux", part.path, "linux", "setting", why="it restricts nothing")]
        rules = []
        for number, (selectors, kinds) in enumerate(
            ((("net.connect", "net.send"), ("", "_bind")), (("net.bind", "net.listen"), ("_bind",)))
        ):
            spared = [p for k in kinds for p in self._sockets(k)]
            rule: dict[str, Any] = {
                "id": f"linux.af_unix_mediation.{number + 1}",
                "on": list(selectors),
                "match": {"protocol": ["unix"]},
            }
            if spared:
                rule["unless"] = {"path": spared}
            rules.append({**rule, "action": "deny", "origin": self._origin(part.path)})
        return [self._item("linux", part.path, "af_unix_mediation pathname", "exact", tuple(rules))]

    def _sockets(self, suffix: str) -> list[str]:
        found = []
        for kind, tail in (("unix_socket", ""), ("unix_socket_dir", "/*"), ("unix_socket_subtree", "/*/**")):
            for part in self._of(kind + suffix):
                plain = self._pattern(part, deny=False) if part.sure else None
                found += [plain.rstrip("/") + tail] if plain else []
        return found
