from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from lictor.alerts.model import ACTIONS, DOCUMENT, SHAPES, keys_of
from pipeline import schema

ROOT = Path(__file__).resolve().parents[3]
HOOK = {"name": "soc", "url": "https://soc.example/x", "on": ["findings"]}
COMMAND = {"name": "page", "argv": ["/usr/bin/true"], "on": ["alarms"]}


def read(**document):
    return DOCUMENT.validate_json(json.dumps({"alerts": 1, **document}))


def test_what_is_left_out_has_the_documented_value():
    hook = read(webhooks=[HOOK]).webhooks[0]
    command = read(commands=[COMMAND]).commands[0]
    assert (hook.timeout, hook.retries, hook.within) == (5 * 10**9, 3, 120 * 10**9)
    assert (command.timeout, command.retries, command.within) == (10 * 10**9, 1, 120 * 10**9)
    assert hook.min_severity == command.min_severity == schema.SEVERITIES[0]
    assert hook.actions is hook.secret is command.actions is command.user is None


def test_a_secret_is_not_shown():
    secret = "hunter2"
    hook = HOOK | {"url": f"https://h/{secret}", "headers": {"Authorization": secret}, "secret": secret}
    document = read(webhooks=[hook])
    assert document.webhooks[0].secret == secret
    assert secret not in repr(document)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alerts": 2},
        {"alerts": "1"},
        {"hooks": []},
        {"webhooks": [HOOK | {"retry": 3}]},
        {"webhooks": [HOOK | {"on": []}]},
        {"webhooks": [HOOK | {"on": "findings"}]},
        {"webhooks": [HOOK | {"on": ["activity"]}]},
        {"webhooks": [HOOK | {"min_severity": "serious"}]},
        {"webhooks": [HOOK | {"actions": ["allow"]}]},
        {"webhooks": [HOOK | {"timeout": "6m"}]},
        {"webhooks": [HOOK | {"timeout": 5}]},
        {"webhooks": [HOOK | {"within": "2h"}]},
        {"webhooks": [HOOK | {"retries": -1}]},
        {"webhooks": [HOOK | {"retries": True}]},
        {"commands": [COMMAND | {"argv": []}]},
        {"commands": [COMMAND | {"argv": "/bin/true"}]},
        {"commands": [COMMAND | {"argv": ["/bin/true", "a\0b"]}]},
        {"commands": [COMMAND | {"url": "https://h/"}]},
    ],
    ids=str,
)
def test_nothing_else_may_stand_in_the_file(wrong):
    with pytest.raises(ValidationError):
        read(**wrong)


def test_alerts_are_never_made_of_alerts():
    assert not {"webhook", "command", "allow", "audit"} & set(ACTIONS)
    assert set(schema.VERDICTS) - {"allow", "audit"} < set(ACTIONS)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=lambda shape: shape.__name__)
def test_every_key_is_documented_and_no_other(shape):
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    heading = {"Document": "The file", "Webhook": "A webhook", "Command": "A command"}[shape.__name__]
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(keys_of(shape))
