"""What a browser is given first: Streamlit's page with the dashboard's frame in it, drawn before Streamlit's program is there.

That program takes a second to arrive and to begin; without a frame there would be nothing to see and nothing to press until then.
The frame goes when the page has its title, or what it says in place of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby
from pathlib import Path

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboards.appearance import OPTIONS
from dashboards.pages_list import PAGES, PageInfo

GIVEN_UP_MS = 20_000
"""When a page that has come to neither is shown as it is."""
_STYLE = Path(__file__).parent / "entry" / "frame.css"
_SCRIPT = f"""
(() => {{
  const there = "[data-testid=stMain] :is(h1, [role=alert]), [role=dialog]";
  const gone = () => {{ watching.disconnect(); document.getElementById("lictor-frame")?.remove(); }};
  const watching = new MutationObserver(() => {{ if (document.querySelector(there)) gone(); }});
  watching.observe(document.body, {{ childList: true, subtree: true }});
  setTimeout(gone, {GIVEN_UP_MS});
}})();
"""
_NEEDS = "<noscript><p>The dashboard needs JavaScript.</p></noscript>"
_OF_AGENTS = re.compile(
    r"<noscript>.*?</noscript>|<link rel=\"service-desc\"[^>]*>|<!--(?:(?!-->).)*agent API.*?-->", re.DOTALL
)
"""How programs may ask Streamlit without a browser, which is switched off here."""


class FirstPage:
    """ASGI middleware that answers who asks for a page by its HTML, as ``pages`` has it by path; all else goes to ``app``."""

    def __init__(self, app: ASGIApp, *, pages: Mapping[str, str]) -> None:
        self._app, self._pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        asked = scope["path"] if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} else None
        html = self._pages.get(asked) if asked is not None else None
        await (self._app if html is None else HTMLResponse(html))(scope, receive, send)


def streamlit_page() -> str:
    """The HTML that every page of Streamlit begins with, as it is installed."""
    import streamlit  # noqa: PLC0415 - takes a second; only who serves needs it

    return (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")


def framed(html: str) -> dict[str, str]:
    """Path → HTML of each page: Streamlit's, with its frame. The inline scripts of all of them are the same."""
    start = re.sub(r"<title>.*?</title>", "", _OF_AGENTS.sub("", html))
    styled = start.replace("</head>", f"<style>{_style()}</style></head>")
    made = {f"/{page.name}": _framed(styled, page) for page in PAGES}
    return made | {"/": made[f"/{PAGES[0].name}"]}


def _framed(html: str, page: PageInfo) -> str:
    title = escape(page.title)
    frame = (
        f'<div id="lictor-frame">{_navigation(page)}<main><h1>{title}</h1><p role="status">Loading…</p></main></div>'
        f"<script>{_SCRIPT}</script>{_NEEDS}"
    )
    return html.replace("</head>", f"<title>{title}</title></head>").replace("</body>", f"{frame}</body>")


def _navigation(here: PageInfo) -> str:
    return f"<nav>{''.join(_group(name, pages, here) for name, pages in groupby(PAGES, lambda p: p.group))}</nav>"


def _group(name: str, pages: Iterable[PageInfo], here: PageInfo) -> str:
    links = "".join(
        f'<a href="/{page.name}"{" aria-current=page" if page is here else ""}>{escape(page.title)}</a>'
        for page in pages
    )
    return f"<div><p>{escape(name)}</p>{links}</div>"


def _style() -> str:
    light, dark = (
        "--back: {backgroundColor}; --side: {secondaryBackgroundColor}; --text: {textColor}".format(
            **{name.rpartition(".")[2]: value for name, value in OPTIONS.items() if name.startswith(f"theme.{scheme}.")}
        )
        for scheme in ("light", "dark")
    )
    colours = f":root {{ {light} }} @media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    return f"{colours}\n{_STYLE.read_text('utf-8')}"
