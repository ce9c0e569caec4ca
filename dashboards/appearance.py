"""How Streamlit is set up for the dashboard: said in code, so that no configuration of whoever starts it can loosen it.

Colours meet WCAG AA against their background, in light and in dark.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

ENTRY = Path(__file__).parent / "entry" / "app.py"

OPTIONS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",  # a traceback may repeat what an agent wrote
    "client.showErrorLinks": False,  # they would hand it to a search engine
    "client.toolbarMode": "minimal",
    "client.showSidebarNavigation": True,
    "runner.magicEnabled": False,
    "server.headless": True,
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "server.enableXsrfProtection": True,
    "server.enableCORS": True,
    "server.maxUploadSize": 2,
    "server.maxMessageSize": 64,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.scriptHealthCheckEnabled": False,
    "secrets.files": [],  # what lies in the working folder may be an agent's, and would become variables of this process
    "theme.baseFontSize": 14,
    "theme.headingFontSizes": ["1.7rem", "1.25rem", "1.1rem", "1rem", "0.95rem", "0.9rem"],
    "theme.light.primaryColor": "#1f5fbf",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f3f5f8",
    "theme.light.textColor": "#0f1720",
    "theme.light.linkColor": "#1f5fbf",
    "theme.dark.primaryColor": "#3572d6",
    "theme.dark.backgroundColor": "#12161c",
    "theme.dark.secondaryBackgroundColor": "#1b212a",
    "theme.dark.textColor": "#e6eaf0",
    "theme.dark.linkColor": "#8ab4f8",
}


def apply() -> None:
    """Set Streamlit's options for this process; those that this version does not have are an error.

    What Streamlit has taken from variables and from ``.streamlit/config.toml`` of the home and of the working folder, which may be
    an agent's, is taken back.
    """
    from streamlit import config  # noqa: PLC0415 - takes a second; only who serves needs it

    for name, option in config.get_config_options(force_reparse=True).items():
        if option.where_defined != option.DEFAULT_DEFINITION:
            config.set_option(name, option.default_val, option.DEFAULT_DEFINITION)
    for name, value in OPTIONS.items():
        config.set_option(name, value)
