"""Accounts of another system (Entra ID, Keycloak, Okta, …): a file says which of its claims give which role.

Nobody has an account here: who comes back from the provider with a claim that no rule names does not come in. Rules are
looked at again at each request, so that a rule that is taken away ends the sessions it had let in.
"""

from __future__ import annotations

import threading
import tomllib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dashboards.auth.entrance import BACK
from dashboards.auth.interface import Known, RefusedError
from dashboards.auth.origins import is_loopback
from dashboards.auth.private_file import PrivateFile
from dashboards.interface import Account, DashboardError, Role

NAMES = ("preferred_username", "email", "name", "sub")
"""Claims that a person is called by, the best first, where the file names none."""
MANY = 10_000
"""People who are remembered; who signed in longest ago goes, and signs in again."""

_WANTED = ("client_id", "client_secret", "server_metadata_url", "redirect_uri")
_MAY = ("name", "scope", "account_claim", "roles")


@dataclass(frozen=True)
class Rule:
    """Who has ``value`` in ``claim`` has ``role``."""

    claim: str
    value: str
    role: Role


@dataclass(frozen=True)
class Settings:
    """What the file says."""

    name: str
    client_id: str
    client_secret: str
    metadata: str
    redirect: str
    scope: str
    account_claim: str | None
    rules: tuple[Rule, ...]

    @property
    def public_name(self) -> str:
        """The name of the dashboard to which the provider sends people back."""
        return urlsplit(self.redirect).hostname or ""


def parse(path: Path, text: str) -> Settings:
    """The settings of a file. Raises ``DashboardError``, which repeats nothing of the secret."""
    try:
        data = tomllib.loads(text)
    except ValueError as error:
        raise DashboardError(f"{path}: this is no TOML ({error})") from error
    if odd := data.keys() - {*_WANTED, *_MAY}:
        raise DashboardError(f"{path}: {min(odd)!a} is nothing that it has; {', '.join((*_WANTED, *_MAY))} are")
    for key in _WANTED:
        if not isinstance(data.get(key), str) or not data[key]:
            raise DashboardError(f"{path}: {key} is missing, or is no text")
    for key in ("name", "scope", "account_claim"):
        if not isinstance(data.get(key, ""), str):
            raise DashboardError(f"{path}: {key} is no text")
    _check_address(path, "server_metadata_url", data["server_metadata_url"])
    _check_address(path, "redirect_uri", data["redirect_uri"])
    if urlsplit(data["redirect_uri"]).path != BACK:
        raise DashboardError(f"{path}: redirect_uri must end with {BACK}, at the dashboard's own address")
    return Settings(
        data.get("name") or urlsplit(data["server_metadata_url"]).hostname or "", data["client_id"],
        data["client_secret"], data["server_metadata_url"], data["redirect_uri"],
        data.get("scope") or "openid email profile", data.get("account_claim") or None, _rules(path, data.get("roles")),
    )  # fmt: skip


class ProviderDoor:
    """Lets in whose claims give a role. Raises ``DashboardError`` where the file cannot be used."""

    title = "Sign in"
    form = False
    links = False

    def __init__(self, path: Path) -> None:
        self._file = PrivateFile(path, parse)
        self._lock = threading.Lock()
        self._people: OrderedDict[str, Mapping[str, Any]] = OrderedDict()
        self.settings = self._file.now()
        """As they were at the start: another client or provider needs another start."""

    def by_claims(self, claims: Mapping[str, Any]) -> Known:
        """The account of somebody whom the provider has vouched for. Raises ``RefusedError``, ``DashboardError``."""
        settings = self._file.now()
        id_ = f"{claims.get('iss')} {claims['sub']}"
        kept = {rule.claim: claims.get(rule.claim) for rule in settings.rules} | {"account": _name(settings, claims)}
        found = _known(settings, id_, kept)
        if found is None:
            asked = ", ".join(sorted({rule.claim for rule in settings.rules}))
            raise RefusedError(
                str(kept["account"]),
                f"{settings.name} vouches for this account, but nothing in its {asked} gives a role here",
            )
        with self._lock:
            self._people[id_] = kept
            self._people.move_to_end(id_)
            while len(self._people) > MANY:
                self._people.popitem(last=False)
        return found

    def by_password(self, name: str, password: str) -> Known | None:  # noqa: ARG002 - as the seam has it
        """Nobody: passwords are the provider's affair."""
        return None

    def by_link(self, token: str) -> Known | None:  # noqa: ARG002 - as the seam has it
        """Nobody: there are no links."""
        return None

    def again(self) -> str | None:
        """Nothing to tell."""
        return None

    def now(self, id_: str) -> Known | None:
        """An account as the rules are now, by the claims that it signed in with."""
        with self._lock:
            kept = self._people.get(id_)
        return None if kept is None else _known(self._file.now(), id_, kept)


def _known(settings: Settings, id_: str, claims: Mapping[str, Any]) -> Known | None:
    roles = [rule.role for rule in settings.rules if _has(claims.get(rule.claim), rule.value)]
    if not roles:
        return None
    return Known(id_, Account(claims["account"], max(roles), "oidc"), max(roles).name)


def _has(claim: Any, value: str) -> bool:
    """Whether a claim is a value, or a list that has it: nothing else counts, a part of a text least of all."""
    return value in claim if isinstance(claim, list) else isinstance(claim, str) and claim == value


def _name(settings: Settings, claims: Mapping[str, Any]) -> str:
    wanted = (settings.account_claim,) if settings.account_claim else NAMES
    found = next((claims[n] for n in wanted if isinstance(claims.get(n), str) and claims[n]), None)
    if found is None:
        raise DashboardError(f"{settings.name} did not tell who it is: no {' or '.join(wanted)} in its token")
    return str(found)[:256]


def _rules(path: Path, given: Any) -> tuple[Rule, ...]:
    try:
        rules = tuple(Rule(r["claim"], r["value"], Role[r["role"]]) for r in given)
    except (KeyError, TypeError) as error:
        raise DashboardError(
            f"{path}: each [[roles]] has a claim, a value and a role ({', '.join(r.name for r in Role)})"
        ) from error
    if not rules or not all(isinstance(r.claim, str) and isinstance(r.value, str) and r.value for r in rules):
        raise DashboardError(f"{path}: each [[roles]] has a claim and a value, both of them texts")
    return rules


def _check_address(path: Path, key: str, address: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError as error:
        raise DashboardError(f"{path}: {key} is no address") from error
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise DashboardError(f"{path}: {key} must begin with https://")
