"""How Streamlit is set up: every option exists in this version, and the colours are readable."""

from __future__ import annotations

import os

import pytest
from streamlit import config
from streamlit.runtime.secrets import Secrets

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


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working folder with options of somebody else's, as an agent may leave there."""
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "config.toml").write_text(
        '[server]\nenableAgentApi = true\nbaseUrlPath = "x"\ntrustedUserHeaders = { x = "email" }\n'
        '[client]\nshowErrorDetails = "full"\n[theme]\nbase = "dark"\n'
    )
    (tmp_path / ".streamlit" / "secrets.toml").write_text('LICTOR_PLANTED = "1"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREAMLIT_SERVER_ENABLE_STATIC_SERVING", "true")
    yield tmp_path
    monkeypatch.undo()
    appearance.apply()


@pytest.mark.usefixtures("elsewhere")
def test_options_of_the_working_folder_and_of_variables_are_taken_back():
    assert config.get_config_options(force_reparse=True)["server.baseUrlPath"].value == "x"
    appearance.apply()
    for name, value in {
        "server.baseUrlPath": "", "server.enableAgentApi": False, "server.trustedUserHeaders": {}, "theme.base": None,
        "client.showErrorDetails": "none", "server.enableStaticServing": False, "secrets.files": [],
    }.items():  # fmt: skip
        assert config.get_option(name) == value, name


@pytest.mark.usefixtures("elsewhere")
def test_secrets_of_the_working_folder_do_not_become_variables(monkeypatch):
    appearance.apply()
    secrets = Secrets()
    assert not secrets.load_if_toml_exists()
    assert "LICTOR_PLANTED" not in os.environ


def test_nothing_is_sent_and_nothing_written_for_who_looks():
    """Streamlit refuses to install files for a browser only where it is headless."""
    assert appearance.OPTIONS["browser.gatherUsageStats"] is False
    assert appearance.OPTIONS["server.headless"] is True
    assert appearance.OPTIONS["client.showErrorDetails"] == "none"
