"""Orders about files, secrets and the network, in plain words; the events are what a person would say they forbid."""

import pytest

W = "/home/dev/repo"


@pytest.mark.parametrize(
    ("sentence", "event"),
    [
        ("Never edit lock files.", {"on": "file.write", "path": f"{W}/web/pnpm-lock.yaml"}),
        ("Do not modify generated code.", {"on": "file.write", "path": f"{W}/api/generated/client.ts"}),
        ("Never change applied migrations.", {"on": "file.write", "path": f"{W}/db/migrations/0001.sql"}),
        ("Do not touch vendored code.", {"on": "file.write", "path": f"{W}/vendor/x.go"}),
        ("Never edit CI workflows.", {"on": "file.write", "path": f"{W}/.github/workflows/ci.yml"}),
        ("Do not delete files.", {"on": "file.delete", "path": f"{W}/src/a.py"}),
        ("Do not write outside the repository.", {"on": "file.write", "path": "/home/dev/notes"}),
        ("Never read secrets.", {"on": "file.read", "path": f"{W}/.env"}),
        ("Do not access the internet.", {"on": "net.connect", "dst_ip": "203.0.113.1", "dst_port": 443}),
        ("Never make network requests.", {"on": "net.connect", "dst_ip": "203.0.113.1", "dst_port": 443}),
    ],
)
def test_forbidden(says, sentence, event):
    says(sentence, "deny", **event)


@pytest.mark.parametrize(
    ("sentence", "event"),
    [
        ("Never edit lock files.", {"on": "file.write", "path": f"{W}/package.json"}),
        ("Do not delete files.", {"on": "file.delete", "path": f"{W}/node_modules/x/a.js"}),
        ("Do not write outside the repository.", {"on": "file.write", "path": f"{W}/a"}),
        ("Do not write outside the repository.", {"on": "file.write", "path": "/dev/null"}),
        ("Do not access the internet.", {"on": "net.connect", "dst_ip": "127.0.0.1", "dst_port": 443}),
    ],
)
def test_not_forbidden(says, sentence, event):
    says(sentence, "allow", **event)


def test_commits_of_secrets_go_by_what_the_process_has_read(drafted):
    assert drafted("Never commit access tokens.") == [("commit-secrets", "deny")]


@pytest.mark.parametrize(
    "sentence",
    [
        "Never log secrets.",
        "Do not hardcode credentials.",
        "Do not edit the tone.",
        "Do not remove comments.",
        "Never read minds.",
    ],
)
def test_what_no_event_shows(drafted, sentence):
    assert drafted(sentence) == []
