"""What OpenShell refuses beyond the shape: unsafe identities, paths, hosts, ports, and middlewares that cannot work."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from pipeline.policy.dialects.openshell import hosts
from pipeline.policy.dialects.openshell.addresses import address
from pipeline.policy.dialects.openshell.overlaps import Endpoint, conflicts, endpoints
from pipeline.policy.dialects.openshell.requests import request_problems
from pipeline.policy.dialects.openshell.shape import Reading
from pipeline.policy.source import Location

MOST_PATHS, LONGEST_PATH = 256, 4096
MOST_MIDDLEWARES, MOST_PATTERNS = 10, 32

Found = Iterator[tuple[Location, str]]


def check(data: dict[str, Any], reading: Reading) -> None:
    """Note every problem of a policy of the right shape.

    The supervisor's own file mode (no ``version``) does not look at identities and paths, but what it would do
    with an unsafe one cannot be written down here, so those are looked at all the same.
    """
    for here, message in _problems(data):
        reading.problem(reading.place(here), message)


def _problems(data: dict[str, Any]) -> Found:
    yield from _process(data.get("process") or {})
    yield from _files(data.get("filesystem_policy") or {})
    whole = "version" in data
    for endpoint in endpoints(data):
        yield from _endpoint(endpoint) if whole else _wildcard(endpoint)
        yield from request_problems(endpoint, gateway=whole)
    if whole:
        for left, right, fields in conflicts(endpoints(data)):
            other = f"'{left.policy}' (endpoint {left.here[-1]})"
            yield right.here, f"covers the same traffic as an endpoint of {other} but differs in {', '.join(fields)}"
    yield from _middlewares(data)


def _process(process: dict[str, str]) -> Found:
    for key, value in process.items():
        number = re.fullmatch(r"\+?([0-9]+)", value)
        if value not in ("", "sandbox") and not (number and 1 <= int(number[1]) <= 0xFFFF_FFFE):
            yield ("process", key), f"{key} must be 'sandbox' or a number from 1 to 4294967294, not '{value}'"


def _files(files: dict[str, Any]) -> Found:
    top: Location = ("filesystem_policy",)
    listed = [((*top, k, i), path) for k in ("read_only", "read_write") for i, path in enumerate(files.get(k, []))]
    if len(listed) > MOST_PATHS:
        yield top, f"{len(listed)} paths; at most {MOST_PATHS} are allowed"
    for here, path in listed:
        if len(path.encode(errors="surrogatepass")) > LONGEST_PATH:
            yield here, f"the path is longer than {LONGEST_PATH} bytes"
            continue
        if not path.startswith("/"):
            yield here, f"'{path}' must be an absolute path"
        if ".." in path.split("/"):
            yield here, f"'{path}' must not hold '..'"
        if here[1] == "read_write" and not path.strip("/"):
            yield here, f"'{path}' is too broad to be written to"


def plain(path: str) -> str:
    """An absolute path without ``.``, doubled and final slashes."""
    found = posixpath.normpath(path)
    return found[1:] if found.startswith("//") else found


def _endpoint(endpoint: Endpoint) -> Found:
    host, here = endpoint.text("host"), endpoint.here
    tcp = endpoint.text("protocol").lower() == "tcp"
    if not host.strip() and tcp:
        yield here, "protocol tcp needs a host name"
    elif not host.strip() and not endpoint.data.get("allowed_ips"):
        yield here, "an endpoint needs a host, or allowed_ips"
    elif tcp:
        yield from _tcp_host(host, (*here, "host"))
    if not endpoint.ports:
        yield here, "an endpoint needs at least one port"
    elif 0 in endpoint.ports:
        yield (*here, "ports"), "0 is no port"
    yield from _wildcard(endpoint)
    yield from _signing(endpoint)


def _wildcard(endpoint: Endpoint) -> Found:
    problem = hosts.wildcard_problem(endpoint.text("host"))
    if problem:
        yield (*endpoint.here, "host"), problem


def _tcp_host(host: str, here: Location) -> Found:
    if address(host) == host:
        yield here, "protocol tcp needs a host name, not an address"
        return
    problem = hosts.tcp_host_problem(host)
    if problem:
        yield here, f"host '{host}' {problem}, which protocol tcp needs"


def _signing(endpoint: Endpoint) -> Found:
    signing, here = endpoint.text("credential_signing"), endpoint.here
    if not signing:
        return
    if signing not in ("sigv4", "sigv4:body", "sigv4:no_body"):
        yield (*here, "credential_signing"), f"unknown value '{signing}'; known: sigv4, sigv4:body, sigv4:no_body"
    if not endpoint.text("signing_service"):
        yield (*here, "credential_signing"), "credential_signing needs signing_service"
    if endpoint.data.get("request_body_credential_rewrite"):
        yield (*here, "credential_signing"), "credential_signing and request_body_credential_rewrite exclude each other"


def _middlewares(data: dict[str, Any]) -> Found:
    found = data.get("network_middlewares", {})
    if len(found) > MOST_MIDDLEWARES:
        yield ("network_middlewares",), f"{len(found)} middlewares; at most {MOST_MIDDLEWARES} are allowed"
    orders: dict[int, str] = {}
    for name in sorted(found):
        here: Location = ("network_middlewares", name)
        order = found[name].get("order", 0)
        if order in orders:
            yield here, f"has the same order as '{orders[order]}': {order}"
        orders[order] = name
        yield from _middleware(name, found[name], here, data)


def _middleware(name: str, middleware: dict[str, Any], here: Location, data: dict[str, Any]) -> Found:
    if not name:
        yield here, "a middleware needs a name"
    if not middleware["middleware"]:
        yield (*here, "middleware"), "must not be empty"
    if middleware.get("on_error", "") not in ("", "fail_closed", "fail_open"):
        yield (*here, "on_error"), f"unknown value '{middleware['on_error']}'; known: fail_closed, fail_open"
    yield from (((*here, "config"), m) for m in _numbers(middleware.get("config", {})))
    selector = middleware.get("endpoints")
    if selector is None:
        yield here, "a middleware needs endpoints"
        return
    yield from _selector(selector, (*here, "endpoints"))
    include = selector.get("include", [])
    if include and not any(map(_bad, (*include, *selector.get("exclude", [])))) and _must_look(middleware):
        for endpoint in endpoints(data):
            if endpoint.text("tls") == "skip" and selects(middleware, endpoint.text("host")):
                yield (*endpoint.here, "tls"), f"tls: skip keeps middleware '{name}' from looking, which must not fail"


def _must_look(middleware: dict[str, Any]) -> bool:
    return bool(middleware.get("on_error", "") != "fail_open")


def _selector(selector: dict[str, list[str]], here: Location) -> Found:
    include, exclude = selector.get("include", []), selector.get("exclude", [])
    if not include:
        yield here, "include needs at least one host pattern"
    if len(include) + len(exclude) > MOST_PATTERNS:
        yield here, f"{len(include) + len(exclude)} patterns; at most {MOST_PATTERNS} are allowed"
    for key, i, pattern in [(k, i, p) for k in ("include", "exclude") for i, p in enumerate(selector.get(k, []))]:
        if _bad(pattern):
            yield (*here, key, i), f"host pattern '{pattern}' {_bad(pattern)}"


def _bad(pattern: str) -> str | None:
    return hosts.pattern_problem(pattern)


def selects(middleware: dict[str, Any], host: str) -> bool:
    """Whether a middleware may see the traffic of an endpoint; a host that is no pattern is seen by none."""
    selector = middleware.get("endpoints") or {}
    if hosts.pattern_problem(host):
        return False
    return hosts.selector_may_match(selector.get("include", []), selector.get("exclude", []), host)


def _numbers(value: Any) -> Iterator[str]:
    """Whole numbers that a double cannot hold, and what JSON does not have."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _numbers(part)
    elif isinstance(value, int) and not isinstance(value, bool) and value != int(float(value)):
        yield f"{value} is not exact as a floating point number"
