"""The frame that is drawn before Streamlit's program is there: in Streamlit's own page, for who asks for a page, and for nothing else."""

from __future__ import annotations

import re

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dashboards import first_page
from dashboards.appearance import OPTIONS
from dashboards.auth import headers
from dashboards.pages_list import PAGES
from tests.dashboards.auth.conftest import serving


@pytest.fixture(scope="module")
def pages():
    return first_page.framed(first_page.streamlit_page())


def test_each_page_has_one_and_the_first_is_that_of_the_root(pages):
    assert set(pages) == {"/", *(f"/{page.name}" for page in PAGES)}
    assert pages["/"] == pages[f"/{PAGES[0].name}"]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_frame_names_the_page_and_leads_to_all_of_them(pages, page):
    html = pages[f"/{page.name}"]
    assert re.findall(r"<h1>(.*?)</h1>", html) == re.findall(r"<title>(.*?)</title>", html) == [page.title]
    links = re.findall(r'<a href="/([a-z]+)"( aria-current=page)?>(.*?)</a>', html)
    assert [(name, title) for name, _, title in links] == [(p.name, p.title) for p in PAGES]
    assert [name for name, current, _ in links if current] == [page.name]
    assert re.findall(r"<div><p>(.*?)</p>", html) == list(dict.fromkeys(p.group for p in PAGES))


def test_streamlits_program_begins_as_without_it(pages):
    start = re.compile(r'<(?:script|link)[^>]* (?:src|href)="\./static/[^>]*>|<div id="root"></div>')
    wanted = start.findall(first_page.streamlit_page())
    assert len(wanted) > 2, "a script, a style sheet and where it draws"
    assert start.findall(pages["/run"]) == wanted


def test_way_in_for_programs_that_is_switched_off_is_not_advertised(pages):
    assert OPTIONS["server.enableAgentApi"] is False
    assert "_stcore/agent" in first_page.streamlit_page(), "Streamlit no longer tells of it"
    assert "agent/" not in pages["/"]
    assert "agent API" not in pages["/"]


def test_streamlits_licence_stays_in_its_page(pages):
    notice = "Licensed under the Apache License, Version 2.0"
    assert notice in first_page.streamlit_page()
    assert notice in pages["/"]


def test_one_policy_permits_the_inline_scripts_of_all(pages):
    policies = {headers.for_pages(html) for html in pages.values()}
    assert len(policies) == 1
    assert policies.pop().count("'sha256-") == 2, "Streamlit's and the frame's"


def test_colours_are_those_that_streamlit_is_given(pages):
    for name, value in OPTIONS.items():
        if name.endswith((".backgroundColor", ".secondaryBackgroundColor", ".textColor")):
            assert value in pages["/"], name


def test_only_who_asks_for_a_page_is_answered_by_it():
    async def other(request):
        return PlainTextResponse(f"other {request.url.path}")

    app = Starlette(
        routes=[Route("/{path:path}", other, methods=["GET", "POST"])],
        middleware=[Middleware(first_page.FirstPage, pages={"/": "<p>root", "/run": "<p>run"})],
    )
    with serving(app) as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        assert (client.get("/").text, client.get("/run?run=x").text) == ("<p>root", "<p>run")
        assert client.get("/run").headers["content-type"].startswith("text/html")
        assert client.head("/run").headers["content-length"] == "6"
        for path in ("/run/", "/run/_stcore/health", "/static/x.js"):
            assert client.get(path).text == f"other {path}"
        assert client.post("/run").text == "other /run"
