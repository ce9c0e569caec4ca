"""What nono's built-in groups, base profiles and network profiles stand for on Linux.

A profile names them only; what is in them is part of nono (policy version 3, as of its release of July 2026). Groups for
macOS count for nothing here and are known by name. A group may come from an installed pack instead: one that
is not in this list is not known.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Group:
    """Paths that a group allows or denies, and commands that nono refuses to start; a required group cannot be excluded."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    both: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    required: bool = False


def _words(names: str) -> tuple[str, ...]:
    return tuple(names.split())


def _home(names: str) -> tuple[str, ...]:
    return tuple(f"~/{name}" for name in names.split())


def _root(names: str) -> tuple[str, ...]:
    return tuple(f"/{name}" for name in names.split())


GROUPS: dict[str, Group] = {
    "deny_credentials": Group(
        deny=_home(
            ".ssh .gnupg .aws .azure .config/gcloud .gcloud .kube .docker .git-credentials .netrc .npmrc .vault-token "
            ".credentials .secrets .keys .pki .terraform.d .config/op"
        ),
        required=True,
    ),
    "deny_keychains_linux": Group(deny=_home(".password-store .1password .op .local/share/keyrings"), required=True),
    "deny_browser_data_linux": Group(
        deny=_home(
            ".config/google-chrome .config/chromium .mozilla/firefox .config/microsoft-edge .config/BraveSoftware "
            ".config/vivaldi .config/opera"
        ),
        required=True,
    ),
    "deny_shell_history": Group(deny=_home(".bash_history .zsh_history .history .python_history"), required=True),
    "deny_shell_configs": Group(
        deny=_home(
            ".zshrc .zprofile .zshenv .zlogin .zlogout .bashrc .bash_profile .bash_login .bash_logout .profile "
            ".config/fish .env .envrc"
        ),
        required=True,
    ),
    "system_read_linux_core": Group(
        read=_root(
            "bin sbin usr/bin usr/sbin usr/local/bin lib lib64 usr/lib usr/lib64 usr/local/lib usr/local/lib64 usr/share "
            "etc/resolv.conf etc/hosts etc/nsswitch.conf etc/gai.conf etc/ssl etc/pki etc/ca-certificates "
            "etc/crypto-policies etc/ld.so.cache etc/ld.so.conf etc/ld.so.conf.d etc/localtime etc/timezone "
            "etc/locale.conf etc/locale.gen etc/alternatives etc/os-release etc/services etc/terminfo "
            "dev/null dev/zero dev/random dev/urandom dev/full dev/tty dev/console dev/stdin dev/stdout dev/stderr dev/fd "
            "dev/pts proc/self proc/cpuinfo proc/meminfo proc/stat proc/loadavg proc/version proc/filesystems"
        )
    ),
    "linux_runtime_state": Group(read=_root("run var/run")),
    "linux_sysfs_read": Group(read=_root("sys")),
    "linux_temp_read": Group(read=_root("tmp")),
    "system_write_linux": Group(
        write=_root("tmp dev/null dev/zero dev/full dev/tty dev/stdout dev/stderr dev/fd dev/pts proc/self/fd")
    ),
    "user_caches_linux": Group(both=_home(".cache")),
    "claude_cache_linux": Group(both=_home(".cache/claude-cli-nodejs")),
    "user_tools": Group(
        read=_home(
            ".local/bin .local/share/applications .local/share/man .local/share/bash-completion .local/share/zsh"
        )
    ),
    "node_runtime": Group(
        read=(
            *_home(".nvm .fnm .npm .node .local/share/fnm Library/pnpm .local/share/pnpm"),
            "/usr/local/lib/node_modules",
        )
    ),
    "opencode_linux": Group(read=_home(".opencode/bin")),
    "python_runtime": Group(read=_home(".pyenv .local/lib .local/share/uv .conda")),
    "rust_runtime": Group(read=_home(".cargo .rustup")),
    "go_runtime": Group(read=("~/go", "/usr/local/go")),
    "go_runtime_linux": Group(both=_home(".cache/go-build")),
    "java_runtime": Group(read=_home(".sdkman .m2/repository .m2/wrapper .gradle/caches .gradle/wrapper")),
    "homebrew_linux": Group(read=_root("home/linuxbrew/.linuxbrew")),
    "claude_code_linux": Group(read=_home(".local/share/claude")),
    "vscode_linux": Group(both=_home(".vscode .config/Code")),
    "nix_runtime": Group(
        read=(
            *_home(
                ".nix-profile .local/state/nix/profile .local/state/nix/profiles .nix-defexpr .local/state/nix/defexpr"
            ),
            *_root("run/current-system/sw etc/profiles/per-user nix/var/nix/profiles nix/store"),
        )
    ),
    "git_config": Group(
        read=_home(".gitconfig .gitignore_global .config/git/config .config/git/ignore .config/git/attributes")
    ),
    "unlink_protection": Group(),
    "dangerous_commands": Group(
        commands=_words(
            "rm rmdir dd chmod chown chgrp mv cp truncate scp rsync sftp ftp xargs sudo su doas pip npm kill killall pkill "
            "shutdown reboot halt poweroff"
        )
    ),
    "dangerous_commands_linux": Group(
        commands=_words(
            "shred mkfs mkfs.ext4 mkfs.xfs mkfs.btrfs mkswap fdisk parted gdisk wipefs chattr init systemctl apt apt-get "
            "dpkg yum dnf pacman pkexec"
        )
    ),
}

ELSEWHERE = frozenset(
    {
        "deny_keychains_macos", "deny_browser_data_macos", "deny_macos_private", "system_read_macos", "system_write_macos",
        "user_caches_macos", "go_runtime_macos", "homebrew_macos", "claude_code_macos", "codex_macos", "vscode_macos",
        "dangerous_commands_macos",
    }
)  # fmt: skip
"""Groups for macOS; those that deny are required too."""

DEFAULT = (
    "deny_credentials", "deny_keychains_linux", "deny_browser_data_linux", "deny_shell_history", "deny_shell_configs",
    "system_read_linux_core", "system_write_linux", "user_tools", "homebrew_linux", "dangerous_commands",
    "dangerous_commands_linux",
)  # fmt: skip
"""Groups that every profile has, whether it extends ``default`` or not."""


@dataclass(frozen=True)
class Base:
    """What a built-in profile adds to the default one."""

    groups: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    network_profile: str | None = None
    workdir: str = "none"


BASES: dict[str, Base] = {
    "default": Base(),
    "linux-host-compat": Base(("linux_runtime_state", "linux_sysfs_read", "linux_temp_read")),
    "openclaw": Base(("node_runtime",), ("$HOME/.openclaw", "$HOME/.config/openclaw"), None, "read"),
    "python-dev": Base(("python_runtime",), (), "developer", "readwrite"),
    "node-dev": Base(("node_runtime",), (), "developer", "readwrite"),
    "go-dev": Base(("go_runtime", "go_runtime_linux"), (), "developer", "readwrite"),
    "java-dev": Base(("java_runtime",), (), "developer", "readwrite"),
    "rust-dev": Base(("rust_runtime",), (), "developer", "readwrite"),
    "swival": Base(
        ("python_runtime", "node_runtime", "user_caches_linux", "linux_sysfs_read", "git_config", "unlink_protection"),
        ("$HOME/.config/swival", "$HOME/.local/share/swival"),
        None,
        "readwrite",
    ),
}

_LLM = (
    "api.openai.com api.anthropic.com claude.ai platform.claude.com generativelanguage.googleapis.com "
    "aiplatform.googleapis.com api.groq.com api.mistral.ai api.cohere.com api.together.xyz api.fireworks.ai api.deepseek.com "
    "api.perplexity.ai inference.cerebras.ai openrouter.ai api.x.ai"
)
_DEVELOPER = (
    f"{_LLM} registry.npmjs.org pypi.org files.pythonhosted.org crates.io static.crates.io index.crates.io rubygems.org "
    "packagist.org repo.maven.apache.org repo1.maven.org plugins.gradle.org registry.yarnpkg.com cdn.jsdelivr.net unpkg.com "
    "esm.sh github.com api.github.com codeload.github.com raw.githubusercontent.com objects.githubusercontent.com "
    "github-releases.githubusercontent.com ghcr.io pkg-containers.githubusercontent.com gitlab.com cloud.gitlab.com "
    "registry.gitlab.com rekor.sigstore.dev fulcio.sigstore.dev tuf-repo-cdn.sigstore.dev oauth2.sigstore.dev "
    "docs.python.org docs.rs doc.rust-lang.org developer.mozilla.org nodejs.org go.dev pkg.go.dev learn.microsoft.com"
)
_CLOUDS = (
    "*.googleapis.com *.openai.azure.com *.cognitiveservices.azure.com *.bedrock.amazonaws.com "
    "*.bedrock-runtime.amazonaws.com"
)
NETWORK_PROFILES: dict[str, tuple[str, ...]] = {
    "minimal": tuple(_LLM.split()),
    **dict.fromkeys(("developer", "opencode", "codex", "claude-code"), tuple(_DEVELOPER.split())),
    "enterprise": tuple(f"{_DEVELOPER} {_CLOUDS}".split()),
}
"""Hosts of each network profile."""
