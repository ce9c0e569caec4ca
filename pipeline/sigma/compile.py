"""From a folder of Sigma rules to a bundle: parse, convert, try each predicate, and say what did not go.

A rule that cannot be compiled takes none of the others with it. Each predicate is planned by DuckDB before it is kept,
so whatever the bundle holds runs: a regular expression that RE2 refuses is found here and not at the first event.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import yaml
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from pipeline.sigma import expr as expression
from pipeline.sigma.backend import DuckDB
from pipeline.sigma.bundle import Bundle, Failure, Rule
from pipeline.sigma.fields import CATEGORIES, FINE, PRODUCTS, blind
from pipeline.sigma.text import TextError, column

MOST_BYTES = 1 << 20
"""A rule is a page of text; a larger file is something else."""

LICENCE = "DRL-1.1"
"""What SigmaHQ's rules are under: a rule of theirs names no licence, their repository's LICENSE does for all."""

_ATTACK = re.compile(r"^attack\.(t\d{4}(?:\.\d{3})?)$", re.IGNORECASE)


def compile_folder(
    folder: Path, *, categories: Collection[str] | None = None, licence: str = LICENCE,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Bundle:  # fmt: skip
    """Every rule below a folder (or of one file): ``*.yml`` and ``*.yaml``, links are not followed.

    ``licence`` is that of rules which name none; ``progress`` is told files done and files in all.
    """
    files = rule_files(folder)
    compiler = Compiler(categories, licence)
    for number, path in enumerate(files, 1):
        compiler.file(path, path.relative_to(folder).as_posix() if path != folder else path.name)
        progress(number, len(files))
    return compiler.bundle()


def rule_files(folder: Path) -> list[Path]:
    """The rule files below a folder, sorted; a file stands for itself."""
    if folder.is_file():
        return [folder]
    found = (p for p in folder.rglob("*") if p.suffix in {".yml", ".yaml"})
    return sorted(p for p in found if p.is_file() and not p.is_symlink())


class Compiler:
    """Takes rule files one by one and gathers what becomes of them."""

    def __init__(self, categories: Collection[str] | None = None, licence: str = LICENCE) -> None:
        self._categories = categories
        self._licence = licence
        self._rules: dict[str, Rule] = {}
        self._failures: list[Failure] = []
        self._elsewhere: Counter[str] = Counter()
        self._backend = DuckDB()
        self._trial = duckdb.connect(":memory:")

    def bundle(self) -> Bundle:
        """What was taken so far."""
        rules = tuple(sorted(self._rules.values(), key=lambda r: (r.product or "", r.category, r.source, r.id)))
        return Bundle(rules, tuple(self._failures), dict(self._elsewhere), version("lictor"), version("pysigma"))

    def file(self, path: Path, name: str) -> None:
        """Compile the rules of one file; ``name`` is how the bundle calls it."""
        try:
            with path.open("rb") as file:
                content = file.read(MOST_BYTES + 1)
        except OSError as error:
            self._fail(name, {}, error)
            return
        if len(content) > MOST_BYTES:
            self._fail(name, {}, TextError(f"larger than {MOST_BYTES >> 20} MiB: this is no rule"))
        else:
            self.text(content, name)

    def text(self, content: bytes, name: str) -> None:
        """Compile the rules of a file's content."""
        digest = hashlib.sha256(content).hexdigest()
        try:
            documents = list(yaml.load_all(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            self._fail(name, {}, error)
            return
        if not any(documents):
            self._fail(name, {}, TextError("an empty file"))
        elif not all(isinstance(d, dict) for d in documents if d is not None):
            self._fail(name, {}, TextError("no mapping, so no rule"))
        elif len(documents) == 1 and not _endpoint(documents[0], self._categories):
            self._elsewhere[_log_source(documents[0])] += 1
        else:
            self._documents(documents, name, digest)

    def _documents(self, documents: list[dict[str, Any]], name: str, digest: str) -> None:
        try:
            parsed = SigmaCollection.from_dicts(documents, collect_errors=True, resolve_references=False)
        except (SigmaError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            self._fail(name, documents[0], error)
            return
        of_rules = {id(e) for rule in parsed.rules for e in rule.errors}
        for lost in (e for e in parsed.errors if id(e) not in of_rules):
            self._fail(name, {}, lost)  # of a document that did not even become a rule
        for rule in parsed.rules:
            plain = {"id": str(getattr(rule, "id", None) or ""), "title": str(getattr(rule, "title", None) or "")}
            if not isinstance(rule, SigmaRule):
                self._fail(name, plain, TextError("a correlation or a filter: a rule sees one event"))
            elif rule.errors:
                self._fail(name, plain, rule.errors[0])
            elif rule.logsource.category not in CATEGORIES or not _wanted(rule, self._categories):
                self._elsewhere[f"{rule.logsource.product or '-'}/{rule.logsource.category or '-'}"] += 1
            else:
                self._rule(rule, name, digest, plain)

    def _rule(self, rule: SigmaRule, name: str, digest: str, plain: dict[str, str]) -> None:
        if not plain["id"]:
            plain["id"] = hashlib.sha256(f"{digest}{name}{plain['title']}".encode()).hexdigest()[:32]
        if plain["id"] in self._rules:
            self._fail(name, plain, TextError(f"its id is that of {self._rules[plain['id']].source}"))
            return
        try:
            converted = self._backend.convert_rule(rule)
            whole = converted[0] if len(converted) == 1 else expression.Some(tuple(converted))
            made = _made(rule, whole, plain, (name, digest, self._licence))
            self._try(made)
        except (SigmaError, TextError, ValueError, RecursionError, duckdb.Error) as error:
            self._fail(name, plain, error)
            return
        self._rules[made.id] = made

    def _try(self, rule: Rule) -> None:
        """Plan and run the predicate over no event; raises ``duckdb.Error``."""
        shadows = ", ".join(f"NULL::VARCHAR AS {column(*c.split(':', 1))}" for c in rule.columns) or "1 AS x"
        asked = f"SELECT count(*) FROM (SELECT {shadows} FROM range(0)) WHERE ({rule.predicate}) AND ({rule.gate})"  # noqa: S608 - literals and names are quoted
        self._trial.execute(asked).fetchall()

    def _fail(self, name: str, rule: dict[str, Any], error: Exception) -> None:
        reason = " ".join(str(error).split()) or type(error).__name__
        self._failures.append(Failure(name, str(rule.get("id") or ""), str(rule.get("title") or ""), reason[:500]))


def _made(rule: SigmaRule, whole: expression.Expr, plain: dict[str, str], origin: tuple[str, str, str]) -> Rule:
    name, digest, licence = origin
    category = str(rule.logsource.category)
    columns = sorted(expression.columns(whole))
    fields = frozenset(field for _, field in columns)
    unseen = blind(category, fields)
    tags = tuple(str(t) for t in rule.tags)
    return Rule(
        id=plain["id"], title=plain["title"], level=str(rule.level).lower() if rule.level else "medium",
        status=str(rule.status).lower() if rule.status else "", author=str(rule.author or ""),
        license=str(rule.license or licence), tags=tags, attack=tuple(_attack(tags)),
        product=rule.logsource.product, category=category, predicate=expression.sql(whole),
        gate=expression.sql(expression.weakened(whole, fields - FINE)), columns=tuple(":".join(c) for c in columns),
        fields=tuple(sorted(fields)), blind=unseen, fires=fires(category, whole, unseen),
        source=name, source_sha256=digest,
    )  # fmt: skip


def fires(category: str, whole: expression.Expr, unseen: Collection[str]) -> str:
    """One of ``bundle.FIRES`` for an expression whose ``unseen`` fields are never there."""
    if not CATEGORIES[category].operations or expression.without(whole, unseen) is False:
        return "never"
    return "partly" if unseen else "yes"


def _attack(tags: Iterable[str]) -> Iterator[str]:
    return (m[1].upper() for m in map(_ATTACK.match, tags) if m)


def _endpoint(document: Any, categories: Collection[str] | None) -> bool:
    """Whether a document may be a rule for an endpoint; looked at before pySigma, which takes ten times as long."""
    source = document.get("logsource")
    if not isinstance(source, dict):
        return True  # an error, or a correlation: pySigma says which
    product, category = source.get("product"), source.get("category")
    fits = categories is None or category in categories
    return category in CATEGORIES and (product is None or product in PRODUCTS) and fits


def _wanted(rule: SigmaRule, categories: Collection[str] | None) -> bool:
    source = rule.logsource
    named = categories is None or source.category in categories
    return named and (source.product is None or source.product in PRODUCTS)


def _log_source(document: dict[str, Any]) -> str:
    source = document["logsource"]
    return f"{source.get('product') or '-'}/{source.get('category') or '-'}"
