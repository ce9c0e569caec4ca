from __future__ import annotations

import ipaddress
import struct

import numpy as np

from collectors.etw.network import addresses
from tests.etl_writer import connected, event, started, system

PEER, OWN = bytes([93, 184, 216, 34]), bytes([10, 0, 0, 5])
PEER6, OWN6 = (ipaddress.ip_address(a).packed for a in ("2606:2800::1", "fe80::5"))


def test_a_connection_is_that_of_the_process_in_its_payload(decoded):
    rows = decoded(
        [
            started(200, 100, "\\SystemRoot\\curl.exe", 1),
            connected(12, 200, PEER, OWN, 443, 50123, 2),
            connected(28, 200, PEER6, OWN6, 80, 50124, 3),
            connected(15, 200, PEER, OWN, 50125, 22, 4),
        ]
    )
    seen = [
        (r["operation"], r["exe"], r["dst_ip"], r["dst_port"], r["src_ip"], r["src_port"], r["protocol"])
        for r in rows[1:]
    ]
    curl = "C:\\Windows\\curl.exe"
    assert seen == [
        ("net.connect", curl, "93.184.216.34", 443, "10.0.0.5", 50123, "tcp"),
        ("net.connect", curl, "2606:2800::1", 80, "fe80::5", 50124, "tcp"),
        ("net.accept", curl, "93.184.216.34", 50125, "10.0.0.5", 22, "tcp"),
    ]
    assert len({r["process_key"] for r in rows}) == 1


def test_traffic_is_summed_up_by_flow_and_five_seconds(decoded):
    records = [connected(10, 200, PEER, OWN, 443, 50123, n, size=10) for n in range(5)]
    records += [
        connected(10, 200, PEER, OWN, 443, 50123, 100_000_000, size=1),
        connected(43, 200, PEER, OWN, 53, 5353, 3, size=7),
        connected(58, 200, PEER6, OWN6, 53, 5353, 4, size=8),
    ]
    rows = decoded(records)
    assert sorted((r["operation"], r["protocol"], r["bytes"]) for r in rows) == [
        ("net.receive", "udp", 7),
        ("net.send", "tcp", 1),
        ("net.send", "tcp", 50),
        ("net.send", "udp", 8),
    ]


def test_what_says_nothing_new_is_decoded_and_makes_no_row(decoded):
    assert (
        decoded(
            [connected(n, 1, PEER, OWN, 1, 1, n) for n in (13, 14, 16, 18)]
            + [event("7dd42a49-5329-4832-8dfd-43d979153a88", 17, 0, struct.pack("<HH", 2, 3), 20)]
        )
        == []
    )
    assert decoded.decoder.tally.decoded == 5


def test_the_kernels_own_class_and_newer_versions_with_more_fields(decoded):
    fields = struct.pack("<II", 7, 0) + PEER + OWN + struct.pack(">HH", 443, 1) + bytes(40)
    rows = decoded([system(6, 12, 2, fields, 1), event("7dd42a49-5329-4832-8dfd-43d979153a88", 12, 3, fields, 2)])
    assert [(r["operation"], r["pid"], r["dst_port"]) for r in rows] == [("net.connect", 7, 443)] * 2


def test_addresses_are_pythons():
    six = [ipaddress.ip_address(a) for a in ("::1", "2001:db8::1", "::ffff:1.2.3.4", "::")]
    assert addresses(np.frombuffer(b"".join(a.packed for a in six), "V16")).to_pylist() == [
        "::1",
        "2001:db8::1",
        "1.2.3.4",
        "::",
    ]
