"""Connections and names: direction, both ends, and what is no address or port."""

from __future__ import annotations

import pytest

ENDS = {
    "src_ip": "10.0.0.5",
    "src_port": 40000,
    "dst_ip": "93.184.216.34",
    "dst_port": 443,
    "dst_name": "example.com",
    "protocol": "tcp",
    "host": "h",
}


@pytest.mark.parametrize(
    ("operation", "outcome", "activity", "direction"),
    [
        ("net.connect", "success", 1, 2), ("net.connect", "failure", 4, 2), ("net.connect", "denied", 5, 2), ("net.accept", "success", 1, 1),
        ("net.send", "success", 6, 2), ("net.listen", "success", 7, 0), ("net.bind", "success", 99, 0), (None, "success", 0, 0),
    ],
)  # fmt: skip
def test_each_act_has_its_activity_and_direction(event, operation, outcome, activity, direction):
    made = event("activity", **{"class": "network"}, operation=operation, outcome=outcome, **ENDS)
    assert (made["class_uid"], made["activity_id"], made["type_uid"]) == (4001, activity, 400100 + activity)
    assert made["connection_info"]["direction_id"] == direction


def test_both_ends_and_the_protocol(event):
    made = event("activity", operation="net.connect", outcome="success", bytes=12, **ENDS)
    assert made["src_endpoint"] == {"hostname": "h", "ip": "10.0.0.5", "port": 40000}
    assert made["dst_endpoint"] == {"hostname": "example.com", "ip": "93.184.216.34", "port": 443}
    assert made["connection_info"] == {
        "direction_id": 2,
        "protocol_name": "tcp",
        "protocol_num": 6,
        "protocol_ver_id": 4,
    }
    assert made["traffic"] == {"bytes": 12}
    assert {"name": "dst_endpoint.ip", "type_id": 2, "value": "93.184.216.34"} in made["observables"]


def test_bind_is_named_since_ocsf_has_no_number_for_it(event):
    assert event("activity", operation="net.bind", **ENDS)["activity_name"] == "Bind"


def test_address_of_version_six_is_canonical(event):
    made = event("activity", operation="net.connect", dst_ip="2001:0db8:0::1", dst_port=53)
    assert made["dst_endpoint"] == {"ip": "2001:db8::1", "port": 53}
    assert made["connection_info"]["protocol_ver_id"] == 6


def test_unix_socket_is_named_by_its_path(event):
    made = event("activity", operation="net.connect", path="/run/docker.sock", protocol="unix")
    assert made["dst_endpoint"] == {"name": "/run/docker.sock"}
    assert "protocol_num" not in made["connection_info"]


def test_what_is_no_address_or_port_is_kept_beside(event):
    made = event("activity", operation="net.connect", src_ip="?", dst_ip="nowhere", dst_port=70000, bytes=-1)
    assert made["dst_endpoint"] == {"name": "nowhere"}
    assert "ip" not in made["src_endpoint"]
    kept = {name: made["unmapped"][name] for name in ("src_ip", "dst_port", "bytes")}
    assert kept == {"src_ip": "?", "dst_port": 70000, "bytes": -1}


def test_name_that_is_asked_for_is_a_query(event):
    made = event("activity", **{"class": "dns"}, **ENDS)
    assert (made["class_uid"], made["type_uid"]) == (4003, 400301)
    assert made["query"] == {"hostname": "example.com"}
