"""A tool call as the acts that it would be: one table of the tools of all agents, by name.

Agents that share a name share its meaning, and a tool that is not in the table says nothing here: the kernel sees
what it does.
"""

from __future__ import annotations

from collections.abc import Callable

from lictor.hooks import files
from lictor.hooks.commands import command_acts, program_acts
from lictor.hooks.fields import text, texts
from lictor.hooks.interface import Act, Acts, Call
from lictor.hooks.network import url_acts, urls_in
from lictor.hooks.patches import patch_acts
from lictor.hooks.surroundings import Surroundings

Made = Callable[[Call, Surroundings], Acts]
PATHS = ("file_path", "path", "notebook_path", "absolute_path", "filename", "target_file", "dir_path")
_FOLDERS = ("workdir", "cwd", "dir_path", "directory")

NOTHING = Acts((), complete=False)


def acts_of(call: Call, around: Surroundings) -> Acts:
    """What a call would do, as far as that can be told before."""
    return TOOLS.get(call.tool.lower(), _unknown)(call, around)


def _unknown(_: Call, __: Surroundings) -> Acts:
    return NOTHING


def _on_paths(act: Callable[[str, str, Surroundings, str | None], list[Act]]) -> Made:
    def made(call: Call, around: Surroundings) -> Acts:
        paths = texts(call.input, *PATHS, "paths", "include")
        found = [a for p in paths for a in act(p, call.cwd, around, around.agent_exe)]
        return Acts(tuple(found), complete=bool(found))

    return made


def _search(call: Call, around: Surroundings) -> Acts:
    """A search reads what it finds below its folder; only a path that is given is known."""
    return Acts(_on_paths(files.read)(call, around).acts, complete=False)


def _shell(call: Call, around: Surroundings) -> Acts:
    cwd = files.absolute(text(call.input, *_FOLDERS) or ".", call.cwd, around.home)
    command = call.input.get("command", call.input.get("cmd"))
    if cwd is None:
        return NOTHING
    words = texts(call.input, "command", "cmd")
    if not words:
        return NOTHING
    made = program_acts(words, cwd, around) if isinstance(command, list) else command_acts(words[0], cwd, around)
    # What a program does with its arguments is its own business, so this is never all.
    return Acts(tuple(made), complete=False)


def _patch(call: Call, around: Surroundings) -> Acts:
    patch = text(call.input, "command", "patch", "input")
    found = patch_acts(patch, call.cwd, around, around.agent_exe) if patch else []
    return Acts(tuple(found), complete=bool(found))


def _fetch(call: Call, around: Surroundings) -> Acts:
    """One URL, or a text with URLs in it."""
    urls = texts(call.input, "url", "urls")
    mentioned = [url for prompt in texts(call.input, "prompt") for url in urls_in(prompt)] if not urls else []
    found = [act for url in (*urls, *mentioned) for act in url_acts(url, around, around.agent_exe)]
    return Acts(tuple(found), complete=bool(urls and found))


TOOLS: dict[str, Made] = {
    **dict.fromkeys(("read", "notebookread", "view_image", "read_file", "ls", "list_directory"), _on_paths(files.read)),
    **dict.fromkeys(("write", "write_file"), _on_paths(files.write)),
    **dict.fromkeys(("edit", "multiedit", "notebookedit", "replace"), _on_paths(files.change)),
    **dict.fromkeys(("grep", "glob", "read_many_files", "search_file_content", "grep_search"), _search),
    **dict.fromkeys(("bash", "monitor", "shell", "local_shell", "shell_command", "exec_command", "run_shell_command"), _shell),
    "apply_patch": _patch,
    **dict.fromkeys(("webfetch", "web_fetch"), _fetch),
}  # fmt: skip
"""Names in small letters: the tools of Claude Code, of Codex, and of Gemini CLI and its kin."""
