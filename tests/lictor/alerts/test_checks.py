from __future__ import annotations

import json
import os

import pytest

from lictor.alerts.checks import Checks
from lictor.alerts.model import DOCUMENT

HOOK = {"name": "soc", "url": "https://soc.example/x", "on": ["findings"]}
COMMAND = {"name": "page", "argv": ["/bin/true"], "on": ["alarms"]}
NOBODY = 65534


def checked(document, environ=None, *, trusted=True):
    return Checks(DOCUMENT.validate_json(json.dumps({"alerts": 1, **document})), environ or {}, trusted=trusted)


def hook_problems(**keys):
    return [(".".join(map(str, where[2:])), said) for where, said in checked({"webhooks": [HOOK | keys]}).problems]


def command_problems(**keys):
    return [(".".join(map(str, where[2:])), said) for where, said in checked({"commands": [COMMAND | keys]}).problems]


def test_variables_are_filled_in_where_a_secret_may_stand():
    keys = {"url": "https://${HOST}/a", "headers": {"X-Key": "a ${KEY}${KEY}"}, "secret": "${KEY}"}
    found = checked({"webhooks": [HOOK | keys]}, {"HOST": "h:8080", "KEY": "k"})
    (hook,) = found.webhooks
    assert found.problems == []
    assert (hook.url, hook.headers, hook.secret) == ("https://h:8080/a", {"X-Key": "a kk"}, "k")


def test_a_value_is_not_read_for_variables_again():
    found = checked({"webhooks": [HOOK | {"secret": "${A}"}]}, {"A": "${B}", "B": "b"})
    assert found.webhooks[0].secret == "${B}"


@pytest.mark.parametrize("environ", [{}, {"KEY": ""}])
def test_a_variable_that_is_not_set_is_a_problem(environ):
    found = checked({"webhooks": [HOOK | {"headers": {"X-Key": "${KEY}"}}]}, environ)
    assert found.problems == [(("webhooks", 0, "headers", "X-Key"), "variable KEY is not set, or empty")]


def test_a_file_of_somebody_else_gets_neither_variables_nor_commands():
    keys = {"webhooks": [HOOK | {"url": "https://h/${HOME}"}], "commands": [COMMAND]}
    found = checked(keys, {"HOME": "/root"}, trusted=False)
    assert [where for where, _ in found.problems] == [("webhooks", 0, "url"), ("commands", 0)]
    assert all("chown" in said for _, said in found.problems)
    assert found.webhooks[0].url == "https://h/${HOME}"
    assert checked({"webhooks": [HOOK]}, trusted=False).problems == []


@pytest.mark.parametrize(
    "url",
    ["https://h", "http://127.0.0.1:1/", "https://[::1]:8443/a?b=c", "https://h.example/%C3%A4"],
)
def test_addresses_that_are_fine(url):
    assert hook_problems(url=url) == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://s3cret/x", "must begin with https:// or http://"),
        ("file:///etc/s3cret", "must begin with https:// or http://"),
        ("s3cret.example/x", "must begin with https:// or http://"),
        ("https://", "names no host"),
        ("https:///s3cret", "names no host"),
        ("https://s3cret:0/", "names no host to connect to"),
        ("https://s3cret:99999/", "not readable as an address"),
        ("https://[s3cret/", "not readable as an address"),
        ("https://s3cret@h/", "a user or password in the address is refused"),
        ("https://:s3cret@h/", "a user or password in the address is refused"),
        ("https://@h/s3cret", "a user or password in the address is refused"),
        ("https://h/#s3cret", "never sent"),
        ("https://h/s3cret x", "write them as %XX"),
        ("https://h/s3cret\r\nHost: other", "write them as %XX"),
        ("https://h/s3crét", "write them as %XX"),
    ],
)
def test_addresses_that_are_refused_and_not_repeated(url, said):
    ((where, text),) = hook_problems(url=url)
    assert where == "url"
    assert said in text
    assert "s3cr" not in text


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("a b", "v", "not the name of a header"),
        ("X:", "v", "not the name of a header"),
        ("Host", "v", "is set by Lictor"),
        ("content-length", "1", "is set by Lictor"),
        ("x-lictor-signature", "v", "is set by Lictor"),
        ("X-Key", "a\r\nX-Other: b", "control characters"),
        ("X-Key", "ä", "beyond ASCII"),
    ],
)
def test_headers_that_could_change_the_request_are_refused(name, value, said):
    ((where, text),) = hook_problems(headers={name: value})
    assert where == f"headers.{name}"
    assert said in text


def test_a_value_from_the_environment_is_checked_like_any_other():
    found = checked({"webhooks": [HOOK | {"headers": {"X-Key": "${KEY}"}}]}, {"KEY": "a\nX-Other: b"})
    assert "control characters" in found.problems[0][1]


def test_which_actions_makes_sense_only_where_actions_are_told():
    assert hook_problems(actions=["kill"])[0][0] == "actions"
    assert hook_problems(actions=["kill"], on=["actions"]) == []
    assert command_problems(actions=["kill"])[0][0] == "actions"


def test_a_name_is_unique_among_all_targets():
    found = checked({"webhooks": [HOOK, HOOK], "commands": [COMMAND | {"name": "soc"}]})
    assert [where for where, _ in found.problems] == [("webhooks", 1, "name"), ("commands", 0, "name")]


def test_a_program_is_named_by_its_path_and_can_be_run(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o600)
    assert "write the full path" in command_problems(argv=["true"])[0][1]
    assert "No such file" in command_problems(argv=[str(tmp_path / "missing")])[0][1]
    assert "not executable" in command_problems(argv=[str(plain)])[0][1]
    plain.chmod(0o700)
    assert command_problems(argv=[str(plain)]) == []
    plain.chmod(0o720)
    assert "others than its owner can write it" in command_problems(argv=[str(plain)])[0][1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_program_of_another_user_runs_as_that_user_or_not_at_all(tmp_path):
    theirs = tmp_path / "theirs"
    theirs.write_text("#!/bin/sh\n")
    theirs.chmod(0o755)
    os.chown(theirs, NOBODY, NOBODY)
    assert "another user's" in command_problems(argv=[str(theirs)])[0][1]
    assert command_problems(argv=[str(theirs)], user="nobody") == []


def test_a_user_must_be_known():
    assert command_problems(user="no-such-user")[0] == ("user", "there is no user 'no-such-user'")


def test_only_root_runs_commands_as_others(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    assert any("only root can run a command as another user" in said for _, said in command_problems(user="nobody"))
