"""OCSF network activity (4001) and DNS activity (4003)."""

from __future__ import annotations

from functools import cache

from pipeline.export.formats import facts
from pipeline.export.formats.leaf import Leaf
from pipeline.export.formats.leaves import choice, first, text
from pipeline.export.formats.ocsf import common
from pipeline.export.formats.ocsf.common import event, observable
from pipeline.export.formats.tree import Array, Const, Node, Object

NETWORK, DNS = 4001, 4003
_PROFILES = ("host", "security_control", "container")
_OPENED = {"success": 1, "failure": 4, "denied": 5}
"""1 open, 4 fail, 5 refuse."""

_PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "sctp": 132}
"""Numbers of IANA's protocol registry."""


def events() -> dict[str, Object]:
    """Connections, listening sockets, datagrams and names."""
    opened = choice("outcome", _OPENED, 1, 1)
    return {
        "net.connect": _network(opened, 2),
        "net.accept": _network(opened, 1),
        "net.send": _network(6, 2),
        "net.receive": _network(6, 1),
        "net.listen": _network(7, 0),
        "net.bind": _network(99, 0, "Bind"),
        "network": _network(0, 0),
        "dns": _event(DNS, 1, 2, {"query": Object({"hostname": text("dst_name")})}),
    }


def _network(activity: int | Leaf, direction: int, name: str | None = None) -> Object:
    return _event(NETWORK, activity, direction, {"activity_name": Const(name)} if name else {})


def _event(class_uid: int, activity: int | Leaf, direction: int, more: dict[str, Node]) -> Object:
    members: dict[str, Node] = {
        "src_endpoint": source(),
        "dst_endpoint": _destination(),
        "connection_info": _connection(direction),
        **more,
        "observables": Array(
            [
                common.who(),
                observable("dst_endpoint.ip", 2, _DST_IP),
                observable("dst_endpoint.hostname", 1, text("dst_name")),
            ]
        ),
    }
    unfit = facts.unfit_network() | {"dst_ip": _UNNAMED_IP, "dst_port": facts.unfit("dst_port", _DST_PORT)}
    if class_uid == NETWORK:
        members["traffic"] = Object({"bytes": facts.natural("bytes")})
    else:
        unfit.pop("bytes", None)  # no member tells them
    return event(
        "activity",
        class_uid,
        activity,
        members,
        profiles=_PROFILES,
        unfit=unfit,
    )


_SRC_IP, _SRC_PORT, _DST_IP = facts.address("src_ip"), facts.port("src_port"), facts.address("dst_ip")
_NAMELESS_IP = facts.unfit("dst_ip", _DST_IP)
_UNNAMED_IP = facts.where_any(_NAMELESS_IP, (text("path"),))
_DST_PORT = facts.where_any(facts.port("dst_port"), (text("dst_name"), text("path"), text("dst_ip")))


@cache
def source() -> Object:
    """The end of the connection on the host that saw it; the class wants one of the ends, and this one is always known."""
    return Object({"hostname": first(text("host"), common.NOT_KNOWN), "ip": _SRC_IP, "port": _SRC_PORT})


def _destination() -> Object:
    """The other end; a unix socket is named by its path."""
    return Object(
        {
            "hostname": text("dst_name"),
            "name": first(text("path"), _NAMELESS_IP),
            "ip": _DST_IP,
            "port": _DST_PORT,
        },
        any_of=("hostname", "name", "ip"),
    )


def _connection(direction: int) -> Object:
    return Object(
        {
            "direction_id": Const(direction),
            "protocol_name": text("protocol"),
            "protocol_num": choice("protocol", dict(_PROTOCOLS)),
            "protocol_ver_id": facts.ip_version("dst_ip"),
        },
        shared=True,
    )
