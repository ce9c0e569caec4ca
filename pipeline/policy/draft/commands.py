"""From the text of a command to patterns of the command lines that it stands for, and which words are commands at all.

Instruction files put much in backticks that is no command: types, functions, options of a library. So a
single word counts only if it is a program that everybody knows, and several words only if the first
could be a program. Patterns are for the match key ``argv``: the whole command line, ``*`` for any text.
"""

from __future__ import annotations

import re


def names(text: str) -> frozenset[str]:
    """The words of a text; a long list reads better so than one to a line."""
    return frozenset(text.split())


PROGRAMS = names(
    """
    git gh glab hub npm npx pnpm pnpx yarn bun bunx deno node tsx corepack pip pip3 pipx uv uvx poetry pipenv conda
    mamba virtualenv python python2 python3 pytest tox nox jest vitest mocha cypress playwright eslint prettier biome
    oxlint oxfmt tsc tsgo webpack vite turbo nx lerna black isort flake8 pylint ruff mypy pyright cargo rustc rustup
    rustfmt go gofmt golangci-lint gradle gradlew mvn mvnw bazel cmake ninja xcodebuild pod swiftlint swiftformat
    fastlane flutter dart composer php artisan bundle gem rails rake rspec rubocop docker docker-compose podman
    kubectl helm terraform tofu pulumi ansible ansible-playbook vagrant aws gcloud az flyctl fly heroku vercel netlify
    wrangler firebase supabase serverless sudo doas pkexec rm rmdir mv cp chmod chown dd mkfs shred kill killall pkill
    curl wget ssh scp sftp rsync nc netcat telnet psql mysql sqlite3 mongosh mongo redis-cli pg_dump dropdb createdb
    brew apt apt-get dnf yum pacman apk snap systemctl launchctl crontab sed awk perl grep egrep find nohup tmux
    screen printenv twine alembic prisma drizzle-kit knex sequelize flyway just make
    """
)
"""Programs that are meant wherever their name stands alone in backticks."""

PLAIN = names(
    """
    npm npx pnpm yarn pip pip3 pipx conda poetry pipenv sudo docker docker-compose podman kubectl terraform curl wget
    eslint prettier jest vitest mocha webpack homebrew apt-get
    """
)
"""Programs that are meant even without backticks: their names are no English words."""

ALSO = {
    "pip": ("pip3", "python* -m pip"),
    "homebrew": ("brew",),
    "docker compose": ("docker-compose",),
    "docker-compose": ("docker compose",),
    "pytest": ("python* -m pytest",),
    "python": ("python3",),
    "npm install": ("npm i", "npm ci"),
    "git switch": ("git checkout",),
}
"""Other ways to say the same."""

_WORD = re.compile(r"[A-Za-z0-9_.@/+:=,~^%-]+")
_PLACEHOLDER = re.compile(r"[<\[{$…]|\.\.\.")
_HEAD = re.compile(r"(?:\./|\.\./)?[A-Za-z0-9_][A-Za-z0-9_.+/-]*")
_FILE = re.compile(r"\.(?:md|json|ya?ml|toml|lock|txt|ts|tsx|jsx|css|html|rs|go|swift|java|kt|sql|cfg|ini|env|proto)$")


def words_of(text: str) -> list[str]:
    """Words of a command up to its first placeholder; empty where it is no command, or a joint would leave too little of it."""
    words: list[str] = []
    for word in re.sub(r"^\$\s+", "", text.strip()).split():
        bare = word.removesuffix("...").rstrip(",;:*")
        if not bare or _PLACEHOLDER.match(word):
            break
        if not _WORD.fullmatch(bare):
            words = words if len(words) > 1 else []
            break
        words.append(bare)
    while words and re.fullmatch(r"[A-Z_][A-Z0-9_]*=\S*", words[0]):
        words.pop(0)
    return words if words and _HEAD.fullmatch(words[0]) else []


def is_command(text: str, *, ran: bool, known: frozenset[str] = frozenset()) -> bool:
    """Whether a text in backticks is a command; ``ran`` tells that the sentence speaks of running it.

    ``known`` are programs that the file itself shows in its examples.
    """
    words = words_of(text)
    if not words or "(" in text or "::" in text or "->" in text or words[-1].endswith(".app"):
        return False
    head = words[0].rpartition("/")[2]
    if head in PROGRAMS or (head in known and len(words) > 1):
        return True
    if _FILE.search(words[0]) or not ran:
        return False
    script = words[0].startswith(("./", "scripts/", "bin/", "tools/")) or words[0].endswith(".sh")
    return script or (len(words) > 1 and head == head.lower())


def programs_in(shell: str) -> frozenset[str]:
    """Programs at the beginning of the lines of a shell example."""
    lines = (line.strip().removeprefix("$ ") for line in shell.splitlines())
    heads = (
        words[0].rpartition("/")[2] for line in lines if not line.startswith("#") and len(words := words_of(line)) > 1
    )
    return frozenset(h for h in heads if re.fullmatch(r"[a-z][a-z0-9-]+", h))


def is_flag(text: str) -> bool:
    """Whether a text is an option of some command, such as ``--no-verify``."""
    return re.fullmatch(r"--[a-z][a-z0-9-]+(?:=\S*)?", text.strip()) is not None


def argv_of(text: str) -> list[str]:
    """Patterns of the command lines that a command stands for; its words may have options between them."""
    words = words_of(text)
    for length in (2, 1):
        head, rest = " ".join(words[:length]), words[length:]
        if head in ALSO:
            return [p for h in (head, *ALSO[head]) for p in _patterns(h, rest)]
    return _patterns(words[0], words[1:])


def flag_argv(flag: str) -> list[str]:
    """Patterns of command lines that have an option."""
    name = _quoted(flag.strip())
    return [f"* {name}", f"* {name} *"] + ([] if "=" in name else [f"* {name}=*"])


def _patterns(head: str, rest: list[str]) -> list[str]:
    head = head.removeprefix("./")
    tail = "".join(_joint(word, last=i == len(rest) - 1) for i, word in enumerate(rest))
    starts = (head, f"*/{head}")
    return [f"{start}{tail}{end}" for start in starts for end in ("", " *")]


def _joint(word: str, *, last: bool) -> str:
    """An option may stand anywhere behind the word before it, and clustered short options are one word."""
    if last and word in (".", "/", "~", "~/"):
        return f" {word}"
    return f"* {_quoted(word)}" if word.startswith("-") else f" {_quoted(word)}"


def _quoted(word: str) -> str:
    return re.sub(r"([*?\\])", r"\\\1", word)
