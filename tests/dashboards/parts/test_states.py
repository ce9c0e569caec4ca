"""What is said when there is nothing, too much, or something went wrong; hostile text in it stays text."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def page():
    from dashboards.parts import states  # noqa: PLC0415 - AppTest runs this function's text by itself

    states.empty("Nothing \u202e here", "Do this")
    states.failed("bad\n\x1b[31m<script>")
    states.capped(1000)
    states.lacking("No way.", "Start it.")


def test_each_state_is_said():
    at = AppTest.from_function(page).run()
    assert not at.exception
    assert [t.value for t in at.text] == ["Nothing \\u202e here", "Do this"]
    assert at.code[0].value == "bad\\n\\x1b[31m<script>"
    assert "1,000 rows" in at.caption[0].value
    assert at.info[0].value == "No way. Start it."
