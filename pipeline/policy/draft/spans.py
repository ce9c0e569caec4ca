"""What a prohibition says about the commands and files that stand in its backticks, or unmistakably without them.

The verb decides: what is *run* or *used* is a command, what is *edited* or *deleted* a file. Only the first object counts, up to
where the sentence turns to reasons or to what shall be done instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.policy.draft.commands import PLAIN, argv_of, flag_argv, is_command, is_flag, words_of
from pipeline.policy.draft.paths import bare_paths, glob_of, is_path
from pipeline.policy.draft.pattern import MADE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Found:
    """What a rule shall look at; ``name`` becomes its id, ``title`` its title."""

    name: str
    title: str
    on: tuple[str, ...]
    match: Mapping[str, Any]
    unless: Mapping[str, Any] | None = None


_RUN = r"(?:run|re-?run|execut|invok|call|issu|launch|start|perform|trigger|attempt|try)(?:e|n?ing|s)?"
_USE = r"(?:us|pass|apply|set)(?:e|ing|s)?"
_GIT = r"(?:create|apply|drop|remove|delete|pop|push|do|make)"
_EDIT = r"(?:(?:hand-?\s?)?edit|modif|chang|alter|updat|overwrit|rewrit|writ|touch|format|mov|renam|delet|remov|creat|add|put|plac|read|open|access|view|cat|load|inspect|commit|stag)(?:e|y|ying|t?ing|s)?"
_VERBS = re.compile(
    rf"(?P<verbs>(?:{_RUN}|{_USE}|{_EDIT}|{_GIT}|drop)(?:(?:\s*,\s*(?:and\s+|or\s+)?|\s+or\s+|\s+and\s+|/)(?:{_RUN}|{_USE}|{_EDIT}|{_GIT}))*)\b\s*(?P<object>.*)",
    re.IGNORECASE | re.DOTALL,
)
_TURN = re.compile(
    r"(?:,\s*|\s+)(?:use|using|instead|always|because|since|as\s+(?:it|they|this)|so\s+that|rather|prefer|but|which|that|it|they|see|run)\b|\s[—–-]\s|\s\(|;|:\s|\.\s|\s(?:to|for|when|if|while|unless|without|until)\s(?!(?:the\s+)?`)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"`([^`]+)`")
_FLAGGED = re.compile(r"\b(?:with|via|using|by)\s+(?:the\s+)?`(--[a-z][a-z0-9-]+)`", re.IGNORECASE)
_ONLY = re.compile(
    r"^(?:(?:the\s+|this\s+|an?\s+)?(?:agents?|you|we|claude|codex)\s+(?:\w+\s+){0,4}?(?:may|can|should|must|is\s+allowed\s+to|are\s+allowed\s+to)?\s*)?only\s+(?:ever\s+)?(?:edit|modif(?:y|ies)|writ(?:e|es)|chang(?:e|es)|creat(?:e|es)|touch(?:es)?|mak(?:e|es)\s+changes)s?(?:\s+(?:to|files?|code|changes?|new))*\s+(?:to|in|inside|within|under|into|below)\s+(?:the\s+)?(?P<a>.*)|^(?:only\s+)?(?:edit|modify|write|change|create|make\s+changes|restrict\s+\w+|limit\s+\w+|confine\s+\w+|keep\s+(?:all\s+)?(?:edits|changes|writes))(?:\s+(?:files?|code|changes?|edits?))*\s+(?:only\s+)?(?:to|in|inside|within|under|into)\s+(?:the\s+)?(?P<b>`[^`]+`.*)",
    re.IGNORECASE,
)
_MADE_BY = re.compile(
    r"^(?P<what>.{0,80}?`[^`]+`[^`]{0,60}?)\s*(?:(?:is|are)\s+)?(?:auto[\s-]?generated|generated|machine-generated)\b",
    re.IGNORECASE,
)
_HANDS_OFF = re.compile(
    r"\b(?:never|do\s+not|don['’]t|must\s+not|not\s+to\s+be)\s+(?:be\s+)?(?:manually\s+|hand-?\s?|directly\s+)?(?:edit|modif|chang|touch)",
    re.IGNORECASE,
)
_INSTEAD = (
    re.compile(
        r"\buse\s+(?P<good>.+?),?\s+(?:instead\s+of|rather\s+than|in\s+place\s+of)\s+(?P<bad>.+)", re.IGNORECASE
    ),
    re.compile(
        r"\b(?:uses?|via)\s+(?P<good>[^,.;(]+?)\s*[,(—–]+\s*(?:and\s+)?(?:not|never)\s+(?P<bad>[^.;]+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"^(?:use[sd]?\s+|package\s+manager\s+)?(?P<good>[\w`/+ -]{2,30}?)\s*\((?:\w+\s+)?(?:not|never|no)\s+(?P<bad>[^);]+)",
        re.IGNORECASE,
    ),
    re.compile(
        r"\bprefer\s+(?:using\s+)?(?P<good>.+?)\s+(?:over|to|instead\s+of|rather\s+than)\s+(?P<bad>.+)", re.IGNORECASE
    ),
)


_EVERYWHERE = frozenset({"git", "make", "node", "rm", "mv", "cp", "find"})
"""Programs that other programs start all the time: to replace them is a matter of taste, and a rule would only be noise."""


def found_in(about: str, *, noun: bool, known: frozenset[str] = frozenset()) -> list[Found]:
    """What a prohibition ("... `npm publish`") is about, each object by itself; ``known`` are the project's programs."""
    flags = [_flag(f) for f in _FLAGGED.findall(about)]
    verbs = _VERBS.match(about)
    if flags or verbs is None:
        whole = noun or re.match(r"(?:(?:raw|bare|plain|direct|directly|local|manual)\s+)*`", about)
        return flags or (_commands(_noun(about), ran=False, used=False, known=known) if whole else [])
    kind, rest = verbs["verbs"].lower(), _object(verbs["object"])
    found = _commands(rest, ran=re.match(_RUN, kind) is not None, used=re.match(_USE, kind) is not None, known=known)
    return found or _files(kind, rest)


def _noun(about: str) -> str:
    """What stands at the beginning of a phrase without a verb; "no `npm run lint` script" is about a script."""
    said = re.match(
        r"(?:\w+\s+){0,2}?`[^`]+`(?:(?:\s*,|\s+or|\s*/|\s+and)+\s*`[^`]+`)*(?=\s*(?:$|[.,;(]|unless|without|calls?\b|commands?\b))",
        about,
    )
    return said[0] if said else ""


def replaced_in(clause: str) -> list[Found]:
    """Tools that a sentence replaces by others: use this, not that."""
    for pattern in _INSTEAD:
        said = pattern.search(clause)
        if said:
            tools = _tools(said["good"])
            bad = [t for t in _tools(_object(said["bad"])) if t not in tools and t not in _EVERYWHERE]
            clear = tools or "`" in said["good"] or " " in "".join(bad[:1]) or len(said["good"].split()) < 4
            return [_command(t) for t in bad] if clear else []
    return []


def confined_in(clause: str) -> list[Found]:
    """Folders that all writing shall stay in."""
    said = _ONLY.match(clause)
    inside = (said and (said["a"] or said["b"])) or ""
    if (
        said
        and not said["a"]
        and "only" not in clause.lower()
        and not re.match(r"(?:restrict|limit|confine|keep)", clause, re.IGNORECASE)
    ):
        return []
    paths = [t for t in _SPAN.findall(_object(inside)) if is_path(t)]
    globs = [g for t in paths if (g := glob_of(t))]
    if not globs:
        return []
    return [
        Found(
            "only-in-" + paths[0],
            f"Writes outside {', '.join(paths)}",
            ("file.write",),
            {"path": ["${workspace}/**"]},
            {"path": [*globs, *MADE]},
        )
    ]


def generated_in(sentence: str) -> list[Found]:
    """Files that a sentence calls generated and wants left alone."""
    said = _MADE_BY.match(sentence)
    if not said or not _HANDS_OFF.search(sentence):
        return []
    return _paths([t for t in _SPAN.findall(said["what"]) if is_path(t)], ("file.write",), "Edits of")


def _object(text: str) -> str:
    """Text up to where the sentence turns; what stands in backticks is never cut."""
    hidden = re.sub(r"`[^`]*`", lambda m: "`" + "x" * (len(m[0]) - 2) + "`", text)
    turn = _TURN.search(hidden)
    return text[: turn.start()] if turn else text


def _commands(text: str, *, ran: bool, used: bool, known: frozenset[str]) -> list[Found]:
    spans = _SPAN.findall(text)
    found = [_command(s) for s in spans if is_command(s, ran=ran, known=known)]
    found += [_flag(s) for s in spans if is_flag(s)]
    if not spans and (ran or used):
        found = [_command(w) for w in _plain_tools(text)]
    return found


def _plain_tools(text: str) -> list[str]:
    """Programs without backticks, where nothing but such names is spoken of."""
    words = [w for w in re.split(r"[\s,/.]+", text.strip()) if w]
    names = [w for w in words if w.lower() in PLAIN]
    others = {w.lower() for w in words if w not in names}
    return (
        [n.lower() for n in names]
        if others
        <= {
            "or",
            "and",
            "the",
            "any",
            "commands",
            "command",
            "directly",
            "in",
            "this",
            "project",
            "repo",
            "here",
            "at",
            "all",
            "ever",
        }
        else []
    )


def _tools(text: str) -> list[str]:
    spans = [s for s in _SPAN.findall(text) if is_command(s, ran=False)]
    plain = re.sub(r"`[^`]*`", " ", text)
    return spans + [w.lower() for w in re.findall(r"[\w-]+", plain) if w.lower() in PLAIN]


def _flag(text: str) -> Found:
    return Found(text, f"Commands with {text}", ("exec",), {"argv": flag_argv(text)})


def _command(text: str) -> Found:
    shown = " ".join(words_of(text)) or text
    return Found(shown, f"Runs of {shown}", ("exec",), {"argv": argv_of(text)})


def _files(verbs: str, text: str) -> list[Found]:
    spans = [s for s in _SPAN.findall(text) if is_path(s)]
    paths = spans or ([] if "`" in text else bare_paths(text))
    outside = re.match(r"\s*(?:\w+\s+){0,3}?(?:outside|beyond|other\s+than)\b", text, re.IGNORECASE)
    if outside:
        globs = [g for p in paths if (g := glob_of(p))]
        return (
            [
                Found(
                    "outside-" + paths[0],
                    f"Writes outside {paths[0]}",
                    ("file.write",),
                    {"path": ["${workspace}/**"]},
                    {"path": [*globs, *MADE]},
                )
            ]
            if globs
            else []
        )
    if re.search(r"commit|stag", verbs):
        globs = [p for p in paths if glob_of(p)]
        return [
            Found(
                f"commit-{p}",
                f"Commits of {p}",
                ("exec",),
                {"argv": [f"git add *{p.strip('*/')}*", f"git commit *{p.strip('*/')}*"]},
            )
            for p in globs
        ]
    on = tuple(o for o, words in _OPERATIONS if re.search(words, verbs))
    if on == ("file.create",):
        paths = _created(text)
    return _paths(paths, on, _SAID.get(on, "Changes of")) if on else []


def _created(text: str) -> list[str]:
    """What is not to be made: the files named, or the folder in which nothing new shall stand."""
    what, _, where = re.sub(r"\s(?:to|in|inside|into|under|at|within)\s", "\0", text, count=1).partition("\0")
    named = [s for s in _SPAN.findall(what) if is_path(s)] or ([] if "`" in what else bare_paths(what))
    if named or not re.search(
        r"\b(?:files?|documents?|documentation|docs|anything|scripts?|assets?|artifacts?|code)\s*$", what, re.IGNORECASE
    ):
        return named
    return [s for s in _SPAN.findall(where) if is_path(s) and s.endswith("/")]


_OPERATIONS = (
    ("file.read", r"read|open|access|view|cat|load|inspect"),
    ("file.write", r"edit|modif|alter|chang|updat|writ|touch|format|access"),
    ("file.create", r"creat|add|put|plac|\bdrop"),
    ("file.delete", r"delet|remov|touch"),
    ("file.rename", r"mov|renam"),
)
_SAID: dict[tuple[str, ...], str] = {
    ("file.read",): "Reads of",
    ("file.write",): "Edits of",
    ("file.create",): "New",
    ("file.delete",): "Deletion of",
}


def _paths(paths: Iterable[str], on: tuple[str, ...], said: str) -> list[Found]:
    made = "${workspace}/**/node_modules/**"
    return [
        Found(
            f"{on[0].partition('.')[2]}-{p}",
            f"{said} {p}",
            tuple(o for o in on if o != "file.create" or "file.write" not in on),
            {"path": [g]},
            None if made in g or not g.startswith("${workspace}/**/") else {"path": [made]},
        )
        for p in paths
        if (g := glob_of(p))
    ]
