"""How Streamlit is set up: every option exists in this version, and the colours are readable."""

from __future__ import annotations

import pytest
from streamlit import config

from dashboards import appearance


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_options_are_set_and_known():
    appearance.apply()
    for name, value in appearance.OPTIONS.items():
        assert config.get_option(name) == value


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("text", ["textColor", "linkColor"])
@pytest.mark.parametrize("back", ["backgroundColor", "secondaryBackgroundColor"])
def test_text_meets_aa(scheme, text, back):
    options = appearance.OPTIONS
    assert contrast(options[f"theme.{scheme}.{text}"], options[f"theme.{scheme}.{back}"]) >= 4.5


def test_the_entry_is_there_and_no_pages_lie_beside_it():
    assert appearance.ENTRY.is_file()
    assert not (appearance.ENTRY.parent / "pages").exists(), "Streamlit would run them without the entry"
