"""Roles: what a viewer's browser never gets, what it takes to act, and that a refusal is told and recorded."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import hostile
from tools.browsing import grid

PAGES = ("", "agents", "run", "audit", "explorer", "findings", "held", "policies", "health", f"run?run={hostile.RUN}")
TABS = ("Rows", "Tool calls", "Actions", "About", "Processes")


@pytest.fixture
def commands(sql):
    """Command lines of the lake: those of several words, since a path alone is shown to everybody."""
    found = sql("SELECT DISTINCT cmdline AS c FROM processes UNION SELECT DISTINCT command FROM runs")
    return [row["c"].encode() for row in found if row["c"] and row["c"].count(" ") > 1 and row["c"].isprintable()]


def received(page, go, pages=PAGES):
    """All bytes that the server hands to a browser that looks at these pages, the last of which is a run's, and all that can be read there."""
    frames, texts = [], []

    def keep(payload):  # Playwright writes an attribute on it, which a method of a list cannot have
        frames.append(payload)

    page.on("websocket", lambda socket: socket.on("framereceived", keep))

    def look():
        texts.append(page.evaluate("document.documentElement.textContent"))

    for path in pages:
        go(page, path)
        look()
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tab", name=tab)).to_have_attribute("aria-selected", "true")
        expect(
            page.get_by_role("tabpanel").locator("[data-testid=stDataFrame], [data-testid=stText]").first
        ).to_be_visible()
        look()
    go(page, f"audit?run={hostile.RUN}")
    grid.pick(grid.grid(page, "Rows found, newest first"))
    grid.rows(grid.grid(page, "Fields of the row"))
    look()
    return b"\n".join(f if isinstance(f, bytes) else f.encode() for f in frames) + "\n".join(texts).encode()


def test_no_command_line_reaches_a_viewers_browser(visit, go, commands):
    assert len(commands) > 20
    got = received(visit("ann"), go)
    assert [c for c in commands if c in got] == []
    assert b"hidden: needs the role analyst" in got


def test_an_analysts_browser_gets_them(visit, go, sql):
    commands = {row["command"].encode() for row in sql("SELECT command FROM runs") if row["command"].isprintable()}
    got = received(visit("ben"), go, ("run", PAGES[-1]))
    assert [c for c in commands if c not in got] == []
    assert b"hidden: needs the role analyst" not in got


def test_a_viewer_neither_exports_nor_hunts_nor_triages(visit, go, sql):
    page = visit("ann", "audit")
    expect(page.get_by_role("button", name="Export")).to_be_disabled()
    go(page, "explorer")
    expect(page.get_by_role("button", name="Export")).to_be_disabled()
    go(page, "findings?finding=hostile-finding")
    expect(page.get_by_role("button", name="Set status")).to_be_disabled()
    expect(page.get_by_role("button", name="Evidence pack")).to_be_disabled()
    before = len(sql("SELECT * FROM console WHERE outcome = 'denied' AND page = 'hunting' AND account = 'ann'"))
    page.goto(page.url.split("/findings")[0] + "/hunting")
    expect(page.get_by_text("this page needs the role analyst; you are viewer")).to_be_visible()
    assert (
        len(sql("SELECT * FROM console WHERE outcome = 'denied' AND page = 'hunting' AND account = 'ann'"))
        == before + 1
    )


@pytest.mark.parametrize(("name", "sees"), [("ann", False), ("ben", False), ("cem", False), ("dea", True)])
def test_what_people_did_is_for_admins(visit, name, sees):
    page = visit(name, "audit")
    expect(page.get_by_role("radio", name="What people did here")).to_have_count(int(sees))
    page = visit(name, "audit?record=console")
    refused = page.get_by_text("what people did here is shown to the role admin")
    expect(refused).to_have_count(int(not sees))
    expect(page.get_by_role("region", name="Rows found, newest first")).to_have_count(int(sees))


def quarantined(page):
    """Choose the file with a harmless name in the vault."""
    page.get_by_role("tab", name="Quarantine").click()
    table = grid.grid(page, "Files in quarantine, newest first")
    listed = grid.rows(table)
    position = next(n for n, row in enumerate(listed) if row["Path"].endswith("helper.bin"))
    grid.pick(table, position)
    return listed[position]["Path"]


def test_an_analyst_may_not_act_and_a_responder_may(visit, lake, sql):
    page = visit("ben", "held")
    quarantined(page)
    for act in ("Restore", "Purge"):
        expect(page.get_by_role("button", name=act)).to_be_disabled()

    page = visit("cem", "held")
    path = quarantined(page)
    file = lake / "sample-files" / "helper.bin"
    assert str(file).endswith(path[-40:])
    assert not file.exists()
    page.get_by_role("button", name="Restore").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Reason").fill("It is ours.")
    dialog.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Done.")).to_be_visible()
    assert file.read_bytes() == b"\x7fELF sample\n"
    rows = sql("SELECT phase, account, role, outcome, note FROM console WHERE act = 'restore' ORDER BY time")
    assert [(r["phase"], r["account"], r["role"], r["note"]) for r in rows] == [
        ("intent", "cem", "responder", "It is ours."), ("result", "cem", "responder", "It is ours."),
    ]  # fmt: skip
    assert rows[1]["outcome"] == "success"
