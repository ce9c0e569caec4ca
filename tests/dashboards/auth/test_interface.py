"""Each way in is what the gate expects of one."""

from __future__ import annotations

import inspect

import pytest

from dashboards.auth.accounts import AccountsDoor
from dashboards.auth.interface import Door, Provider, RefusedError
from dashboards.auth.link import LinkDoor
from dashboards.auth.oidc import OpenIdProvider
from dashboards.auth.provider import ProviderDoor
from dashboards.interface import DashboardError


def methods(kind):
    return {n: inspect.signature(m) for n, m in vars(kind).items() if inspect.isfunction(m) and not n.startswith("_")}


@pytest.mark.parametrize(("door", "form", "links"), [(AccountsDoor, True, False), (LinkDoor, False, True), (ProviderDoor, False, False)])  # fmt: skip
def test_doors_have_what_the_gate_asks(door, form, links):
    assert methods(Door).items() <= methods(door).items()
    assert (door.form, door.links) == (form, links)
    assert door.title


def test_providers_have_what_the_gate_asks():
    assert methods(Provider).items() <= methods(OpenIdProvider).items()


def test_refusal_says_who_and_why_and_is_told_like_other_errors():
    refused = RefusedError("eve@example.com", "no role")
    assert isinstance(refused, DashboardError)
    assert (refused.name, str(refused)) == ("eve@example.com", "no role")
