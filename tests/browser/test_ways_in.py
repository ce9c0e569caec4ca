"""Ways in and out as people take them, in a real browser: forms, links, a provider on another site, keyboard, light and dark.

What only a browser does is tested here: which cookies it sends after a redirect from elsewhere, which origin a form has, what
the policy of a page lets run.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from dashboards.auth import accounts
from dashboards.interface import Role
from lictor.cli.app import invoke
from pipeline.lake.reader import Lake
from tests.dashboards.auth.conftest import serving
from tests.lictor.dashboard.conftest import dashboard
from tests.receivers.openid import CLIENT_ID, SECRET, OpenIdServer
from tools.browsing import browser

CHROMIUM = browser.chromium()
PASSWORD = "correct horse battery"
TRACE = Path(__file__).parents[2] / "sample-traces" / "coding"
DRAWN_MS = 60_000

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium-headless-shell")


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser") / "lake"
    assert invoke(["replay", str(TRACE), "--lake", str(folder)]) in {0, 1}
    return folder


@pytest.fixture(scope="module")
def chromium():
    with browser.driver() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


@pytest.fixture
def page(chromium):
    """A page of a new browser; ``complaints`` is what its policy or its console had against something."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda m: page.complaints.append(m.text) if "Content Security Policy" in m.text else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda r: page.complaints.append(r.url) if not _ours(r.url) else None)
    yield page
    context.close()


def _ours(url):
    return url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:"))


@pytest.fixture(scope="module")
def house(lake, tmp_path_factory):
    """A dashboard that people with an account enter."""
    folder = tmp_path_factory.mktemp("house")
    file = folder / "accounts.json"
    accounts.write(
        file, {"ann": accounts.entry("ann", Role.admin, PASSWORD), "vic": accounts.entry("vic", Role.viewer, PASSWORD)}
    )
    with dashboard(folder / "w", "--lake", lake, "--port", 0, "--accounts", file) as running:
        yield running


def sign_in(page, house, name, password=PASSWORD):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_form_leads_where_somebody_wanted_to_go(page, house):
    page.goto(f"{house.url}/audit?keyword=ssh")
    assert "/sign-in?then=" in page.url
    sign_in(page, house, "ann")
    expect(page.get_by_role("heading", name="Audit search")).to_be_visible(timeout=DRAWN_MS)
    assert "keyword=ssh" in page.url
    assert page.complaints == []


def test_form_is_usable_with_the_keyboard_alone(page, house):
    page.goto(house.url)
    expect(page.get_by_label("Name")).to_be_focused()  # by the page itself, which may come after its load
    page.keyboard.type("ann")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible(timeout=DRAWN_MS)


def test_session_is_kept_over_pages_and_ends_everywhere_at_once(page, house):
    page.goto(house.url)
    sign_in(page, house, "vic")
    expect(page.get_by_text("vic · viewer")).to_be_visible(timeout=DRAWN_MS)
    other = page.context.new_page()
    other.goto(f"{house.url}/sign-out")
    expect(other.get_by_text("You have signed out.")).to_be_visible()
    page.wait_for_url("**/sign-in", timeout=20_000)  # the page that was open has noticed
    page.goto(f"{house.url}/overview")
    assert "/sign-in" in page.url


def test_account_that_is_removed_is_led_out_of_an_open_page(page, house):
    file = house.folder.parent / "accounts.json"
    page.goto(house.url)
    sign_in(page, house, "vic")
    expect(page.get_by_text("vic · viewer")).to_be_visible(timeout=DRAWN_MS)
    kept = accounts.read(file)
    accounts.write(file, {"ann": kept["ann"]})
    try:
        page.wait_for_url("**/sign-in", timeout=20_000)
    finally:
        accounts.write(file, kept)


def test_page_of_another_port_of_this_machine_cannot_use_the_session(page, house, lake):
    """A server that an agent runs, on another port: a browser takes it for the same site, cookies and all."""
    from starlette.applications import Starlette  # noqa: PLC0415
    from starlette.responses import HTMLResponse  # noqa: PLC0415
    from starlette.routing import Route  # noqa: PLC0415

    seen = []

    async def evil(request):
        seen.append(request.headers.get("cookie", ""))
        return HTMLResponse(f'<img src="{house.url}/sign-out"><iframe src="{house.url}/overview"></iframe>')

    page.goto(house.url)
    sign_in(page, house, "ann")
    expect(page.get_by_text("ann · admin")).to_be_visible(timeout=DRAWN_MS)
    with serving(Starlette(routes=[Route("/", evil)])) as port:
        other = page.context.new_page()
        other.goto(f"http://127.0.0.1:{port}/")
        assert "lictor_" in seen[0], "a browser does send it: that is why it must be worth nothing elsewhere"
        answer = other.evaluate(
            "url => new Promise(done => { const s = new WebSocket(url); s.onopen = () => done('open'); s.onerror = () => done('refused') })",
            house.url.replace("http", "ws") + "/_stcore/stream",
        )
        assert answer == "refused"
        assert all("Overview" not in frame.content() for frame in other.frames[1:])
    page.reload()
    expect(page.get_by_text("ann · admin")).to_be_visible(timeout=DRAWN_MS)
    assert (
        Lake(lake).query("SELECT count(*) AS n FROM console WHERE act = 'sign_out' AND account = 'ann'")["n"][0].as_py()
        == 0
    )


def test_provider_on_another_site_leads_in(page, lake, tmp_path):
    idp = OpenIdServer()
    with serving(idp.app) as port:
        idp.url = f"http://localhost:{port}"  # to a browser another site than 127.0.0.1
        file = tmp_path / "provider.toml"
        file.write_text(
            f'name = "Example"\nclient_id = "{CLIENT_ID}"\nclient_secret = "{SECRET}"\nserver_metadata_url = "{idp.url}/.well-known/openid-configuration"\n'
            'redirect_uri = "http://127.0.0.1:8599/oauth2callback"\n[[roles]]\nclaim = "roles"\nvalue = "Lictor.Admin"\nrole = "analyst"\n'
        )
        file.chmod(0o600)
        idp.redirect = "http://127.0.0.1:8599/oauth2callback"
        with dashboard(tmp_path / "w", "--lake", lake, "--port", 8599, "--provider", file) as running:
            page.goto(f"{running.url}/audit?keyword=ssh")
            page.get_by_role("link", name="Sign in with Example").click()
            expect(page.get_by_role("heading", name="Audit search")).to_be_visible(timeout=DRAWN_MS)
            expect(page.get_by_text("ann@example.com · analyst")).to_be_visible()
            assert "keyword=ssh" in page.url
            assert page.complaints == []
            idp.claims = idp.claims | {"roles": []}
            page.context.clear_cookies()
            page.goto(running.url)
            page.get_by_role("link", name="Sign in with Example").click()
            expect(page.get_by_role("alert")).to_contain_text("nothing in its roles gives a role here")


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in?link=old", "/sign-out"])
def test_pages_before_the_dashboard_are_accessible(chromium, house, scheme, path):
    page = chromium.new_page(color_scheme=scheme)
    page.goto(house.url + path)
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    assert found.response["violations"] == []
    page.close()
