"""An OpenID provider, written from the specification: discovery, authorization code with PKCE, RS256 tokens, keys.

It checks what a provider must check, so that a client that leaves something out is refused. A test says who is there
(``claims``), and may bend what is signed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT_ID, SECRET = "3f1c0de5-dash", "s3cret/with+odd=chars"


class OpenIdServer:
    """``url`` is set once its port is known; ``redirect`` is where the client was registered to be sent back."""

    def __init__(self) -> None:
        self.url = self.redirect = ""
        self.claims: dict[str, Any] = {"sub": "abc", "preferred_username": "ann@example.com", "roles": ["Lictor.Admin"]}
        self.denies: str | None = None
        self.bend: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
        self.key = self.signs_with = RSAKey.generate_key(2048, {"use": "sig", "kid": "one"})
        self.asked: list[dict[str, str]] = []
        self._codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(routes=[
            Route("/.well-known/openid-configuration", self._discovery), Route("/authorize", self._authorize),
            Route("/token", self._token, methods=["POST"]), Route("/keys", self._keys),
        ])  # fmt: skip

    async def _discovery(self, _: Request) -> Response:
        return JSONResponse({
            "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize", "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys", "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })  # fmt: skip

    async def _authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        self.asked.append(asked)
        wanted = {
            "client_id": CLIENT_ID,
            "redirect_uri": self.redirect,
            "response_type": "code",
            "code_challenge_method": "S256",
        }
        if {name: asked.get(name) for name in wanted} != wanted or "openid" not in asked.get("scope", "").split():
            return JSONResponse({"error": "invalid_request"}, 400)
        if self.denies:
            return RedirectResponse(f"{self.redirect}?{urlencode({'error': self.denies, 'state': asked['state']})}")
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return RedirectResponse(f"{self.redirect}?{urlencode({'code': code, 'state': asked['state']})}")

    async def _token(self, request: Request) -> Response:
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if not self._is_client(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        asked = self._codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"] or _challenge(form.get("code_verifier", "")) != asked["code_challenge"]:  # fmt: skip
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        token = jwt.encode({"alg": "RS256", "kid": "one"}, self.bend(claims), self.signs_with)
        return JSONResponse({"access_token": "opaque", "token_type": "Bearer", "expires_in": 300, "id_token": token})

    async def _keys(self, _: Request) -> Response:
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    def _is_client(self, request: Request, form: dict[str, str]) -> bool:
        given = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, packed = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            name, _, secret = base64.b64decode(packed).decode().partition(":")
            given = name, secret
        return given[0] == CLIENT_ID and hmac.compare_digest(given[1], SECRET)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
