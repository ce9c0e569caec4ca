"""What stands in backticks: commands that are run, files that are edited, tools that are replaced."""

import pytest

W = "/home/dev/repo"


@pytest.mark.parametrize(
    ("sentence", "rules"),
    [
        ("Never run `docker system prune`.", [("docker-system-prune", "deny")]),
        ("Never use `git add .` or `git add -A`.", [("git-add", "deny"), ("git-add-a", "deny")]),
        ("Do not use `sudo` in scripts.", [("sudo", "deny")]),
        ("Never `git stash`.", [("git-stash", "deny")]),
        ("No `--no-gpg-sign`.", [("no-gpg-sign", "deny")]),
        ("Do not get around it with `--force`.", [("force", "deny")]),
        ("Avoid `rm -rf`.", [("rm-rf", "audit")]),
        ("Do not create `package-lock.json`.", [("create-package-lock-json", "deny")]),
        ("Never open `config/prod.yaml`.", [("read-config-prod-yaml", "deny")]),
        ("Do not rename or delete `schema.graphql`.", [("delete-schema-graphql", "deny")]),
        ("Never commit `.env`.", [("commit-env", "deny")]),
        ("Do not add files to the `public/` folder.", [("create-public", "deny")]),
        ("`src/client/` is generated, never edit it by hand.", [("write-src-client", "deny")]),
        ("Only edit files inside `src/plugins/`.", [("only-in-src-plugins", "deny")]),
        ("Do not edit files outside `src/plugins/`.", [("outside-src-plugins", "deny")]),
        ("Use `uv` instead of `pip`.", [("pip", "audit")]),
        ("Always use pnpm, never npm.", [("npm", "deny")]),
        ("We build with bun (not npm).", []),
        ("Package manager: bun (not yarn).", [("yarn", "audit")]),
        ("Prefer `rg` over `grep`.", [("grep", "audit")]),
        ("Use `gh` rather than `git`.", []),
    ],
)
def test_rules_of_a_sentence(drafted, sentence, rules):
    assert drafted(sentence) == rules


@pytest.mark.parametrize(
    "sentence",
    [
        "Never use `any`.",
        "Avoid `React.memo` where it does not help.",
        "Do not use `var`.",
        "Do not call `foo()`.",
        "Never use `find` and `open` as names of variables, say `lookup`.".replace(
            "`find` and `open`", "`lookup` or `opened`"
        ),
        "Do not add methods to `src/big_file.rs`.",
        "Do not add `title` to the list.",
        "No `npm run docs` script exists.",
        "Do not document `npm install` twice.",
        "Use semantic elements rather than `div`.",
    ],
)
def test_no_rule_for_code_and_style(drafted, sentence):
    assert drafted(sentence) == []


def test_the_reason_is_no_object(drafted):
    assert drafted("Do not run `mix test`, use `make check` instead.") == [("mix-test", "deny")]
    assert drafted("Do not edit `a.json` because `b.json` is made from it.") == [("write-a-json", "deny")]


def test_writes_stay_inside(says):
    says("Only write files in `src/plugins/`.", "deny", on="file.write", path=f"{W}/src/core/a.py")
    says("Only write files in `src/plugins/`.", "allow", on="file.write", path=f"{W}/src/plugins/a.py")


def test_the_project_shows_its_own_programs(drafted):
    shown = "```bash\nfrob list --all\n```\n\nDo not use `frob edit`."
    assert drafted(shown) == [("frob-edit", "deny")]
    assert drafted("Do not use `frob edit`.") == []
