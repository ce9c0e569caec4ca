"""What a sentence asks for: forbids something, wants to be asked first, or advises against it, and what that something is.

English negates in many ways, and many of them forbid nothing: "do not forget to", "never mind", "you do not need
to", "tests that do not use X". So a prohibition counts only where a clause begins with it, spoken to the reader.
Conditions weaken it: "without approval" makes it a question, "if CI is red" something to note, and a condition
that no event shows ("without reading the guide") leaves nothing that could be checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.policy.draft.statements import Statement


@dataclass(frozen=True)
class Reading:
    """What a clause says: the action that its words amount to, and what it is about, beginning with the verb.

    ``noun`` tells that it begins with a noun ("no force pushes"); ``condition`` is a condition that no event shows.
    """

    action: str
    about: str
    noun: bool = False
    condition: str = ""


_WHO = r"(?:(?:you|we|agents?|the agents?|ai agents?|ai|claude|claude code|codex|gemini|copilot|assistants?|contributors?)\s+)"
_SOFT = r"(?:please|also|so|and|but|again|then|important|critical|crucially|note|remember|strictly|absolutely|under no circumstances|as a rule|in general|generally|instead|otherwise|ever)"
_START = rf"(?:(?:{_SOFT})\b[,:!]?\s+)*"
_NEVER = (
    r"(?:never(?:\s*,?\s*ever)?|(?:must|shall|should)\s+(?:never|not)|(?:must|should)n['’]t|"
    r"do\s*n[o'’]t|do\s+not|don['’]t|dont|(?:are|is)\s+(?:never|not)\s+(?:allowed|permitted)\s+to|"
    r"(?:are|is)\s+(?:forbidden|prohibited)\s+(?:to|from)|refrain\s+from)"
)
_UNABLE = r"(?:(?:may|can)\s+(?:never|not)|cannot|can['’]t)"
_FORBIDS = re.compile(rf"{_START}(?:{_WHO}?{_NEVER}|{_WHO}{_UNABLE})\s+(?P<about>.+)", re.IGNORECASE)
_ADVISES = re.compile(
    rf"{_START}{_WHO}?(?:should\s+)?(?:avoid|prefer\s+(?:not\s+to|to\s+not)|try\s+not\s+to|it\s+is\s+better\s+not\s+to)\s+(?P<about>.+)",
    re.IGNORECASE,
)
_NO = re.compile(rf"{_START}(?:strictly\s+)?no\s+(?P<about>.+)", re.IGNORECASE)
_ASKS = re.compile(
    rf"{_START}{_WHO}?(?:must\s+|should\s+|always\s+|first\s+)*(?:ask(?!\s+for\s+help)|confirm|check|consult|(?:get|obtain|request|seek|wait\s+for|require)s?)\b"
    r"(?P<whom>[^.;:`]*?)\bbefore\s+(?:you\s+)?(?P<about>.+)",
    re.IGNORECASE,
)
_APPROVAL = re.compile(
    r"(?:approval|permission|confirmation|consent|sign-?off|authori[sz]ation|go-?ahead)|(?:^|\s)(?:me|user|human|maintainer|owner|us|first)\b",
    re.IGNORECASE,
)
_NEEDS = re.compile(
    r"(?P<about>[^.:;`]{3,80}?|`[^`]+`)\s+(?:always\s+)?(?:needs?|requires?)\s+(?:\w+\s+){0,3}?(?:approval|permission|confirmation|consent|sign-?off)\b",
    re.IGNORECASE,
)
_ONLY_WHEN = re.compile(
    rf"{_START}(?:only\s+(?P<a>\S.+?)|(?P<b>\S.+?)\s+only)\s+(?:when|if|after|once|on)\s+(?:\w+\s+){{0,3}}?(?:ask|request|approv|instruct|told|confirm|permission)",
    re.IGNORECASE,
)
_HOLLOW = re.compile(
    r"(?:forget|hesitate|worry|mind|fail|miss|skip(?!\s+(?:the\s+|any\s+)?(?:git|pre|commit|hooks))|be\s|have\s+to|need|stop|assume|just\b|only\b|let\b|wait|give\s+up|neglect|ignore\s+(?!hooks|the\s+hooks|pre))",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?P<when>if|when|whenever|while|unless|during|once|after|in|on|for|inside|within)\b[^,:`]{1,120}(?:`[^`]*`[^,:`]{0,80})*,\s+(?P<rest>.+)",
    re.IGNORECASE,
)
_ASKED = re.compile(
    r"\b(?:(?:without|unless|until|except\s+(?:when|if|with|on)|before)\b[^.;]*?\b(?:ask|request|approv|permission|permit|confirm|consent|instruct|sign-?off|told|authori[sz]|direct(?:ed|ion)|says?\b|allow)|(?:on\s+your\s+own|unsolicited|unprompted|autonomously))",
    re.IGNORECASE,
)
_WITHOUT = re.compile(r"\b(?:without|until|before)\s+(?!(?:a\s+)?(?:need|reason))\S", re.IGNORECASE)
_SOFTENED = re.compile(
    r"\b(?:concurrently|in\s+parallel|simultaneously|repeatedly|from\s+(?:the\s+)?(?:\w+\s+)?root|root(?=\s*``)|unless|except|if|when(?!\s+(?:you\s+)?(?:commit|push))|whenever|while|during|just because|casually|unnecessarily|needlessly)\b",
    re.IGNORECASE,
)
_ADVERB = re.compile(
    r"(?:(?:ever|directly|manually|automatically|hand-?|blindly|simply|also|proactively|silently|accidentally|attempt\s+to|try\s+to|either|under\s+any\s+circumstances)[\s,]+)+",
    re.IGNORECASE,
)
_LEAD_FORBIDS = re.compile(
    r"(?:\W*(?:things\s+)?(?:you\s+)?(?:must\s+|should\s+)?(?:never(?:\s+do)?|do\s+not|don['’]?ts?|what\s+not\s+to\s+do|forbidden|prohibited|off-limits|not\s+allowed)(?:\s+(?:do|this|these|the\s+following|actions?|commands?|operations?))*\W*)$",
    re.IGNORECASE,
)
_LEAD_ASKS = re.compile(
    r"(?:\W*(?:ask(?:\s+(?:first|before(?:\s+doing)?|permission))?|(?:needs?|requires?)\s+(?:approval|confirmation|permission))(?:\s+(?:for|the\s+following))*\W*)$",
    re.IGNORECASE,
)
_LEAD_ADVISES = re.compile(r"\W*avoid(?:\s+(?:this|these|the\s+following))?\W*$", re.IGNORECASE)
_CUT = re.compile(
    r"\s(?:[—–]|--?)\s|:\s+|,\s+(?=(?:and\s+|but\s+|so\s+)?(?:never|do\s+not|don['’]t|ask|avoid)\b)|\.\s+"
)


_TOLD = re.compile(
    r"\b(?:tools?|scripts?|support|needed|required|necessary|available|involved|exists?|yet|setup|found|is|are|was|has)\b",
    re.IGNORECASE,
)
"""Words behind "no" with which a sentence tells how things are: "no build needed", "no push tools"."""


_CONDITION = re.compile(r"(?:if|when|whenever|while|unless|once|during|in\s+case)\b", re.IGNORECASE)


def readings(statement: Statement) -> Iterator[Reading]:
    """What each clause of a statement asks for; nothing where it only tells or describes."""
    for clause in clauses(statement.text):
        found = _reading(clause) or _led(clause, statement)
        if found is not None:
            yield found


def clauses(text: str) -> list[str]:
    """The parts of a sentence that could each give an order; what stands in backticks is never cut."""
    hidden = re.sub(r"`[^`]*`", lambda m: "`" + "x" * (len(m[0]) - 2) + "`", text)
    cuts = [0, *(m.end() for m in _CUT.finditer(hidden)), len(text)]
    parts: list[str] = []
    for a, b in pairwise(cuts):
        open_condition = parts and _CONDITION.match(parts[-1]) and not _CONDITION.match(text[a:b])
        if open_condition and "," not in parts[-1].rstrip(" ,"):
            parts[-1] += text[a:b]
        else:
            parts.append(text[a:b])
    return [c for part in parts if (c := part.strip(" ,;:—–-"))]


def _reading(clause: str) -> Reading | None:
    condition, rest = "", clause
    ahead = _BEFORE.match(clause)
    if ahead:
        condition, rest = clause[: ahead.start("rest")].strip(" ,"), ahead["rest"]
    found = _plain_reading(rest)
    if found is None or not condition:
        return found
    weaker = found.action if found.action == "ask" else "audit"
    return Reading(weaker, found.about, found.noun, found.condition or condition)


def _plain_reading(clause: str) -> Reading | None:
    asked = _ASKS.match(clause)
    if asked and (asked[0].lower().split()[0] == "ask" or _APPROVAL.search(asked["whom"])):
        return Reading("ask", asked["about"])
    forbids = _FORBIDS.match(clause)
    if forbids:
        return _weighed("deny", forbids["about"], noun=False)
    no = _NO.match(clause)
    if no:
        return _weighed("deny", no["about"], noun=True)
    advises = _ADVISES.match(clause)
    if advises:
        return _weighed("audit", advises["about"], noun=False)
    return _permitted(clause)


def _permitted(clause: str) -> Reading | None:
    """Sentences that permit under a condition: "only push when asked", "dependency changes need approval"."""
    only = _ONLY_WHEN.match(clause)
    if only:
        return Reading("ask", only["a"] or only["b"])
    needs = _NEEDS.match(clause)
    return Reading("ask", needs["about"], noun=True) if needs else None


def _weighed(action: str, about: str, *, noun: bool) -> Reading | None:
    """A prohibition with its exceptions taken into account."""
    about = _ADVERB.sub("", about, count=1) if _ADVERB.match(about) else about
    prose = re.sub(r"`[^`]*`", "``", about)
    if (noun and _TOLD.search(prose)) or (not noun and _HOLLOW.match(about)):
        return None
    if _ASKED.search(prose):
        return Reading("ask", about, noun)
    if _WITHOUT.search(prose):
        return Reading(action, about, noun, condition=prose[_WITHOUT.search(prose).start() :])  # type: ignore[union-attr]
    if _SOFTENED.search(prose):
        return Reading("audit", about, noun)
    return Reading(action, about, noun)


def _led(clause: str, statement: Statement) -> Reading | None:
    """An item of a list under "Never:" or "Ask first:" says its half of the sentence."""
    for lead in (statement.lead, statement.heading):
        if not lead or lead.rstrip(":") == statement.text.rstrip(":"):
            continue
        if _LEAD_FORBIDS.match(lead):
            return _weighed("deny", clause, noun=False)
        if _LEAD_ASKS.match(lead):
            return Reading("ask", clause)
        if _LEAD_ADVISES.match(lead):
            return _weighed("audit", clause, noun=False)
        if lead is statement.lead:
            break
    return None
