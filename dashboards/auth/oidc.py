"""Signing in at an OpenID provider: authorization code flow with PKCE, nonce and state, by Authlib, which st.login uses too.

Not by ``st.login`` itself: that would have Streamlit's files and its WebSocket open before anybody has signed in, and keep the
sign-in, with the provider's tokens, in a cookie for 30 days that nobody can end. Here the gate stays shut, a proof of the
provider becomes a session like any other, and its tokens are forgotten at once.
"""

from __future__ import annotations

import secrets
import warnings
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import Request
from starlette.responses import Response

from dashboards.auth.entrance import BACK
from dashboards.auth.interface import Known
from dashboards.auth.provider import ProviderDoor
from dashboards.interface import DashboardError

with warnings.catch_warnings():
    from authlib.deprecate import AuthlibDeprecationWarning

    warnings.simplefilter("ignore", AuthlibDeprecationWarning)  # it would rather have another package than httpx
    from authlib.integrations.starlette_client import OAuth

GOOD_S = 600
"""How long somebody may take at the provider."""
CLIENT = "lictor"
_ESSENTIAL = ("iss", "sub", "aud", "exp", "iat", "nonce")


class OpenIdProvider:
    """The provider of a file. ``secure`` is whether the browser reaches the dashboard by TLS."""

    def __init__(self, door: ProviderDoor, *, secure: bool) -> None:
        self._door, self._secure = door, secure
        self.name = door.settings.name
        self._cookie = f"{'__Secure-' if secure else ''}lictor_away"
        # Of this process only: who was at the provider while the dashboard started again signs in again.
        self._sealed = URLSafeTimedSerializer(secrets.token_hex(32), salt="away")
        self._client = OAuth().register(
            CLIENT, client_id=door.settings.client_id, client_secret=door.settings.client_secret,
            server_metadata_url=door.settings.metadata,
            client_kwargs={"scope": door.settings.scope, "code_challenge_method": "S256", "prompt": "select_account"},
        )  # fmt: skip

    async def away(self, request: Request) -> Response:
        """To the provider. What must be compared afterwards goes along in a sealed cookie. Raises ``DashboardError``."""
        state: dict[str, Any] = {}
        request.scope["session"] = state
        try:
            answer: Response = await self._client.authorize_redirect(request, self._door.settings.redirect)
        except Exception as error:  # whatever a provider's nonsense makes Authlib, its HTTP client or its JOSE raise
            raise DashboardError(f"{self.name} cannot be reached: {_said(error)}") from error
        sealed = self._sealed.dumps([request.query_params.get("then", "/")[:2000], state])
        answer.set_cookie(
            # Lax: the provider's answer comes from another site.
            self._cookie, str(sealed), max_age=GOOD_S, path=BACK, httponly=True, samesite="lax", secure=self._secure,
        )  # fmt: skip
        return answer

    async def back(self, request: Request) -> tuple[Known, str]:
        """Who came back, and where they wanted to go. Raises ``RefusedError``, ``DashboardError``."""
        try:
            then, state = self._sealed.loads(request.cookies.get(self._cookie, ""), max_age=GOOD_S)
        except BadData as error:
            raise DashboardError("that took too long, or did not begin here: sign in again") from error
        request.scope["session"] = state
        claims = await self._claims(request)
        return self._door.by_claims(claims), str(then)

    async def _claims(self, request: Request) -> dict[str, Any]:
        """What the provider has signed: its key, issuer, audience, time and nonce are checked."""
        try:
            metadata = await self._client.load_server_metadata()
            values = {"iss": metadata["issuer"], "aud": self._door.settings.client_id}
            options = {
                name: {"essential": True, **({"value": values[name]} if name in values else {})} for name in _ESSENTIAL
            }
            token = await self._client.authorize_access_token(request, claims_options=options)
            return dict(token["userinfo"])
        except Exception as error:  # as above; nobody comes in
            raise DashboardError(f"{self.name} did not confirm the sign-in: {_said(error)}") from error


def _said(error: Exception) -> str:
    """One line about it, without addresses and codes that it may repeat."""
    told = getattr(error, "error", None)
    kind = type(error).__name__
    return f"{told} ({kind})" if isinstance(told, str) and told.isidentifier() else kind
