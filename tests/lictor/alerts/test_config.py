from __future__ import annotations

from pathlib import Path

import pytest

from lictor.alerts.config import AlertsConfig, alerts_file, read_alerts
from lictor.errors import LictorError

ROOT = Path(__file__).resolve().parents[3]

GOOD = """\
alerts: 1
webhooks:
  - name: soc
    url: https://soc.example.com/lictor
    headers: { Authorization: "Bearer ${TOKEN}" }
    secret: ${SECRET}
    on: [findings, alarms]
    min_severity: medium
    timeout: 2s
    retries: 0
commands:
  - { name: page, argv: [/bin/true, "--a b"], on: [actions], actions: [kill], timeout: 500ms, within: 3s }
"""


@pytest.fixture
def written(tmp_path):
    """Function: writes a file of alerts and reads it."""

    def write(text, **environ):
        file = tmp_path / "alerts.yaml"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        file.chmod(0o600)
        return read_alerts(file, environ)

    return write


def test_a_file_becomes_targets_with_their_secrets(written):
    config = written(GOOD, TOKEN="t", SECRET="s")
    (hook,), (command,) = config.webhooks, config.commands
    assert (hook.name, hook.url, hook.secret) == ("soc", "https://soc.example.com/lictor", "s")
    assert hook.headers == {"Authorization": "Bearer t"}
    assert (hook.on, hook.min_severity, hook.timeout, hook.retries) == (("findings", "alarms"), "medium", 2 * 10**9, 0)
    assert (command.argv, command.actions) == (("/bin/true", "--a b"), ("kill",))
    assert config.variables == {"TOKEN", "SECRET"}
    assert (command.timeout, command.within) == (5 * 10**8, 3 * 10**9)


def test_a_file_may_name_nobody(written):
    assert written("alerts: 1\n") == AlertsConfig()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "1:1: the file is empty; a file of alerts begins with 'alerts: 1'"),
        ("- a\n", "1:1: a file of alerts is a mapping that begins with 'alerts: 1'"),
        ("webhooks: []\n", "1:1: 'alerts' is missing"),
        ("alerts: 2\n", "1:9: this version reads 'alerts: 1'"),
        ("alerts: 1\nalerts: 1\n", "2:1: key 'alerts' stands twice, first in line 1"),
        ("alerts: 1\nwebhook: []\n", "2:1: unknown key 'webhook'; did you mean 'webhooks'?"),
        ("alerts: 1\na: &b c\n", "2:4: not readable as YAML: anchors and aliases are refused: write the value out"),
        ("alerts: 1\nwebhooks: {}\n", "2:11: 'webhooks' must be a list"),
        ("alerts: 1\nwebhooks:\n  - soc\n", "3:5: 'webhooks' must be a mapping"),
        (GOOD.replace("url:", "uri:"), "4:5: unknown key 'uri'; did you mean 'url'?"),
        (GOOD.replace("medium", "middle"), "8:19: unknown severity 'middle'"),
        (GOOD.replace("retries: 0", "retries: 99"), "10:14: 'retries' must be at most 20"),
        (GOOD.replace("2s", "2 s"), "9:14: '2 s' is no duration: write a number and ms, s, m, h or d, such as 60s"),
        (GOOD.replace("2s", "20m"), "9:14: longer than 5m, which is the most"),
        (GOOD.replace("findings, alarms", "finding"), "7:10: unknown kind of alert 'finding'; did you mean 'findings'?"),
        (GOOD.replace("https://soc", "https://u:p@soc"), "4:10: a user or password in the address is refused"),
        (GOOD.replace("${TOKEN}", "${MISSING}"), "5:31: variable MISSING is not set, or empty"),
        (GOOD.replace("name: page", "name: soc"), "12:13: the name 'soc' stands twice"),
        (GOOD.replace("name: page", "name: a b"), "12:13: a name is letters, digits, '.', '_' and '-'"),
        (GOOD.replace("/bin/true", "bin/true"), "12:26: 'bin/true': write the full path"),
        (GOOD.encode().replace(b"soc\n", b"s\xf6c\n", 1), "3:1: not UTF-8"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_problem_has_file_line_and_column(written, tmp_path, text, problem):
    with pytest.raises(LictorError) as raised:
        written(text, TOKEN="t", SECRET="s")
    lines = str(raised.value).splitlines()
    assert any(line.startswith(f"{tmp_path}/alerts.yaml:{problem}") for line in lines), lines


def test_all_problems_are_told_in_order(written):
    text = GOOD.replace("url:", "uri:").replace("retries: 0", "retries: none")
    with pytest.raises(LictorError) as raised:
        written(text)
    lines = str(raised.value).splitlines()
    assert [line.split(":")[1] for line in lines] == ["3", "4", "10"]  # url is missing, uri is unknown, no number


def test_no_problem_repeats_a_secret(written):
    for spoilt in ("secret: [s3cret]", "secret: ''", "secret: s3cret\n    retries: 99"):
        with pytest.raises(LictorError) as raised:
            written(GOOD.replace("secret: ${SECRET}", spoilt), TOKEN="s3cret\n")
        assert "s3cret" not in str(raised.value)


def test_a_file_that_others_can_write_is_refused(tmp_path):
    file = tmp_path / "alerts.yaml"
    file.write_text("alerts: 1\n")
    file.chmod(0o666)
    with pytest.raises(LictorError, match="others than its owner can write it"):
        read_alerts(file)


def test_the_option_goes_before_the_variable():
    environ = {"LICTOR_ALERTS": "/etc/lictor/alerts.yaml"}
    assert alerts_file(Path("/a"), environ) == Path("/a")
    assert alerts_file(None, environ) == Path("/etc/lictor/alerts.yaml")
    assert alerts_file(None, {"LICTOR_ALERTS": ""}) is alerts_file(None, {}) is None


def test_the_example_can_be_read(written):
    text = (ROOT / "deploy" / "alerts.example.yaml").read_text(encoding="utf-8")
    config = written(text, SOC_TOKEN="t", SOC_SECRET="s", CHAT_URL="https://chat.example.com/hooks/1")
    assert [hook.name for hook in config.webhooks] == ["soc", "chat"]
    assert [command.name for command in config.commands] == ["log"]
