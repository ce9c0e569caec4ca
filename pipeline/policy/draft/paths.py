"""Which texts in a sentence are files or folders of the project, and the patterns that stand for them."""

from __future__ import annotations

import re

from pipeline.policy import globs
from pipeline.policy.draft.commands import names

_EXTENSIONS = (
    "md mdx rst txt json jsonc json5 jsonl yaml yml toml lock lockb ini cfg conf env xml html css scss less svg png sql db sqlite csv "
    "py pyi ipynb js jsx ts tsx mjs cjs mts cts vue svelte rs go java kt kts swift m h c cc cpp hpp cs rb php pl lua ex exs erl hs scala "
    "clj dart r sh bash zsh fish ps1 bat cmd proto graphql gql prisma tf tfvars hcl nix gradle plist pbxproj xcconfig entitlements "
    "resx csproj sln mod sum snap patch diff pem key crt p12 pfx log map min"
)
_EXTENSION = re.compile(rf"\.(?:{'|'.join(_EXTENSIONS.split())})", re.IGNORECASE)
_PATH = re.compile(r"(?:~/|\.{0,1}/)?[\w.@*{}\[\](),+-]+(?:/[\w.@*{}\[\](),+ -]*)*")
_BARE = re.compile(
    r"(?<![`\w/.-])((?:[\w.-]+/)*[\w-]*[\w-]\.(?:json|lock|lockb|toml|ya?ml|md|txt|mod|sum)|(?:[\w.-]+/)+|node_modules|\.env(?:\.[a-z]+)?)(?![\w`])"
)
FOLDERS = names(
    """
    node_modules vendor third_party dist build target out generated __generated__ migrations .git .github .vscode
    .idea .husky fixtures snapshots __snapshots__
    """
)
"""Folders that are meant where their name stands alone."""

_ROOTS = FOLDERS | names(
    """
    src lib app apps packages docs test tests scripts tools internal pkg cmd public assets config server client web
    crates
    """
)
_NAMES = names(
    """
    Makefile Dockerfile LICENSE CHANGELOG README CODEOWNERS Gemfile Podfile Procfile Cargo.lock
    """
)
_DOTFILE = re.compile(r"\.[a-z][\w.-]*")
_NO_FILE = frozenset(
    {"console.log", ".md", ".ts", ".tsx", ".js", ".py", ".rs", ".go", ".map", ".then", ".catch", ".filter"}
)


def is_path(text: str) -> bool:
    """Whether a text in backticks names a file or folder."""
    text = text.strip()
    if not _PATH.fullmatch(text) or text.startswith(("@", "--")) or "://" in text or "()" in text or text in _NO_FILE:
        return False
    name = text.rstrip("/*").rpartition("/")[2]
    if text.startswith(("~/", "./", "/")) or text.endswith(("/", "/*", "/**")):
        return len(text.strip("/.*")) > 1
    if "/" in text and text.partition("/")[0] in _ROOTS and " " not in text:
        return True
    if name in FOLDERS or name in _NAMES or _DOTFILE.fullmatch(text):
        return True
    return bool(re.search(_EXTENSION.pattern + r"$", name, re.IGNORECASE)) and not name.startswith("process.")


def bare_paths(text: str) -> list[str]:
    """Files and folders that stand in prose without backticks, such as package-lock.json."""
    return [m[1] for m in _BARE.finditer(re.sub(r"`[^`]*`", " ", text))]


def glob_of(text: str) -> str | None:
    """The pattern of a path that a sentence names, or ``None`` where it can have none."""
    text = re.sub(r"([\[\]])", r"\\\1", text.strip())
    folder = text.endswith(("/", "/*", "/**"))
    text = re.sub(r"(?:/+\**)+$", "", text.removeprefix("./"))
    name = text.rpartition("/")[2]
    folder = (
        folder
        or name in FOLDERS
        or ("." not in name.lstrip(".") and name not in _NAMES and not name.startswith(".env") and "*" not in name)
    )
    if not text or text in ("*", "**", "~"):
        return None
    if not text.startswith(("~/", "/", "**/")):
        anywhere = "/" not in text and (not folder or name in FOLDERS)
        text = ("${workspace}/**/" if anywhere else "${workspace}/") + text
    found = text + ("/**" if folder else "")
    try:
        globs.check(found)
    except globs.GlobError:
        return None
    return found
