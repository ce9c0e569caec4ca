"""Orders about what runs: each sentence is ours, and each event is one that a person would say it forbids, or does not."""

import pytest

FORBIDDEN = [
    ("Never force-push.", "git push -f origin main"),
    ("Do not push directly to main.", "git push origin main"),
    ("Do not push.", "git push"),
    ("Do not commit or push on my behalf.", "git commit -m x"),
    ("Never skip the pre-commit hooks.", "git commit --no-verify -m x"),
    ("Never amend commits.", "git commit --amend"),
    ("Do not rewrite history.", "git rebase -i HEAD~3"),
    ("Do not create branches.", "git switch -c x"),
    ("Never do a hard reset.", "git reset --hard HEAD"),
    ("Do not open pull requests.", "gh pr create --fill"),
    ("Never publish packages to npm.", "node /usr/bin/npm publish"),
    ("Do not install new dependencies.", "uv add httpx"),
    ("Do not add any third-party libraries.", "cargo add serde"),
    ("Never install packages globally.", "npm install -g x"),
    ("Never deploy to production.", "kubectl apply -f x.yaml"),
    ("Never run commands as root.", "sudo ls"),
    ("Do not start the dev server.", "node /usr/bin/npm run dev"),
    ("Never run database migrations.", "alembic upgrade head"),
    ("Do not run the tests locally.", "pytest -q"),
    ("Never kill running processes.", "pkill node"),
    ("Do not restart containers.", "docker restart web"),
    ("Never drop tables.", 'psql -c "DROP TABLE x"'),
]


@pytest.mark.parametrize(("sentence", "cmdline"), FORBIDDEN)
def test_forbidden(says, sentence, cmdline):
    says(sentence, "deny", on="exec", path=f"/usr/bin/{cmdline.split()[0]}", argv=cmdline)
    says(sentence, "allow", on="exec", path="/usr/bin/ls", argv="ls -l")


@pytest.mark.parametrize(
    "sentence",
    [
        "Do not push notifications to old clients.",
        "Do not commit to a design too early.",
        "Do not add dependencies between modules.",
        "Never run in circles.",
        "Do not create branches in the reducer.",
        "Do not release the lock twice.",
        "Do not publish events twice.",
        "Do not drop frames.",
        "Do not tag people.",
    ],
)
def test_the_same_words_about_something_else(drafted, sentence):
    assert drafted(sentence) == []


def test_commits_on_main_are_seen_by_what_git_writes(says):
    ref = {"path": "/home/dev/repo/.git/refs/heads/main.lock", "path_to": "/home/dev/repo/.git/refs/heads/main"}
    says("Never commit directly to main.", "deny", on="file.rename", exe="/usr/bin/git", **ref)
