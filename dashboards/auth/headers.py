"""What every answer of the dashboard says to the browser: load nothing from elsewhere, be shown in no frame, keep nothing.

Streamlit's page starts by an inline script, which is permitted by its hash; no other inline script runs, and no text is
made into code: charts interpret their expressions. Styles are made by scripts, so inline styles have to be permitted.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import MutableMapping
from typing import Any

from starlette.types import Send

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Not no-referrer: a browser then sends "Origin: null" with the sign-in form, which is turned away.
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
}

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_FIXED = "/static/"
"""Streamlit's own files: their names change with their content, and they say nothing of anybody."""


def for_pages(html: str) -> str:
    """The policy of pages that start from this HTML."""
    scripts = " ".join(["'self'", *map(_hashed, _SCRIPT.findall(html))])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
        " font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; media-src 'self';"
        " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def for_plain(html: str) -> str:
    """The policy of a page without scripts, whose own style is all that it has."""
    styles = " ".join(map(_hashed, _STYLE.findall(html))) or "'none'"
    return f"default-src 'none'; img-src data:; style-src {styles}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def dressed(send: Send, path: str, policy: str, *, secure: bool, strict: bool = False) -> Send:
    """Adds them to an answer for ``path``; what is not a fixed file stays in no cache, and with TLS no cookie leaves without.

    ``strict`` has the browser use TLS for this host from now on: all of it, so it must not be one that other services have too.
    """
    fixed = path.startswith(_FIXED)

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = list(_said(message["headers"], policy, fixed=fixed, secure=secure, strict=strict).raw)
        await send(message)

    return sending


def _said(raw: Any, policy: str, *, fixed: bool, secure: bool, strict: bool) -> Any:
    from starlette.datastructures import MutableHeaders  # noqa: PLC0415 - keeps this module cheap to import

    said = MutableHeaders(raw=[pair for pair in raw if pair[0].lower() != b"set-cookie"])
    for name, value in ALWAYS.items():
        said[name] = value
    said.setdefault("content-security-policy", policy)
    if not fixed:
        said["cache-control"] = "no-store"
    if strict:
        said["strict-transport-security"] = "max-age=31536000"
    for name, value in raw:
        if name.lower() == b"set-cookie":
            needs = secure and b"; secure" not in value.lower()
            said.append("set-cookie", (value + b"; Secure" if needs else value).decode("latin-1"))
    return said


def _hashed(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"
