"""The condition of a rule as a small tree of AND, OR, NOT and comparisons.

The backend makes it; what is asked of it afterwards is plain recursion: its SQL, a weaker condition over few columns
(the gate), and whether it can hold at all where some fields are never there.

An absent field is NULL in SQL, and Sigma knows no NULL: a comparison with it is false, and its negation true.
``coalesce(…, false)`` stands therefore below every NOT. Above all of them NULL and false select alike: AND and OR of
comparisons are true exactly when they are with false in the place of NULL.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pipeline.sigma.text import ANYWHERE, column, literal

_MANY, _LONGEST = 4, 2_000

Column = tuple[str, str]
"""Kind and field of a shadow column."""


@dataclass(frozen=True)
class Atom:
    """One comparison: ``without`` is its value where one of its fields is absent.

    ``re2``: a regular expression that is found in the column exactly where the comparison is true, if there is one.
    """

    sql: str
    columns: tuple[Column, ...]
    without: bool = False
    re2: str = ""


@dataclass(frozen=True)
class Not:
    """True where the part is not."""

    part: Expr


@dataclass(frozen=True)
class Every:
    """AND."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class Some:
    """OR."""

    parts: tuple[Expr, ...]


Expr = Atom | Not | Every | Some


def sql(expr: Expr) -> str:
    """A SQL condition that selects exactly the events for which the expression is true."""
    match expr:
        case Atom():
            return expr.sql
        case Not():
            return f"NOT coalesce({sql(expr.part)}, false)"
        case Every():
            return "(" + " AND ".join(map(sql, expr.parts)) + ")" if expr.parts else "true"
        case Some():
            return "(" + " OR ".join(map(sql, _gathered(expr.parts))) + ")" if expr.parts else "false"


def _gathered(parts: tuple[Expr, ...]) -> list[Expr]:
    """Parts of an OR with many comparisons of one column as few regular expressions.

    RE2 looks for a list of words in one pass, in the time that ``contains`` takes for two to four of them. It is given
    ``_LONGEST`` characters at most: the automaton of a list of a thousand hashes does not fit its memory, and it
    falls back to a search that is a thousand times slower.
    """
    by_column: dict[tuple[Column, ...], list[Atom]] = {}
    for part in parts:
        if isinstance(part, Atom) and part.re2:
            by_column.setdefault(part.columns, []).append(part)
    many = {c: a for c, a in by_column.items() if len(a) >= _MANY}
    rest = [p for p in parts if not (isinstance(p, Atom) and p.re2 and p.columns in many)]
    return rest + [joined for found in many.values() for joined in _alternatives(found)]


def _alternatives(found: list[Atom]) -> Iterator[Atom]:
    chunk: list[str] = []
    for atom in found:
        if chunk and sum(map(len, chunk)) + len(atom.re2) > _LONGEST:
            yield _alternative(found[0], chunk)
            chunk = []
        chunk.append(atom.re2)
    yield _alternative(found[0], chunk)


def _alternative(like: Atom, chunk: list[str]) -> Atom:
    ((kind, field),) = like.columns
    return Atom(f"regexp_matches({column(kind, field)}, {literal('|'.join(chunk))})", like.columns)


def columns(expr: Expr) -> set[Column]:
    """The shadow columns that the expression reads."""
    return {c for atom in atoms(expr) for c in atom.columns}


def atoms(expr: Expr) -> Iterator[Atom]:
    """Every comparison, from left to right."""
    match expr:
        case Atom():
            yield expr
        case Not():
            yield from atoms(expr.part)
        case Every() | Some():
            for part in expr.parts:
                yield from atoms(part)


def weakened(expr: Expr, coarse: Collection[str], *, up: bool = True) -> Expr:
    """What must hold of the ``coarse`` fields alone wherever ``expr`` holds; with ``up=False``, what makes it hold.

    Comparisons with other fields count as true, below a NOT as false.
    """
    match expr:
        case Atom():
            known = all(field in coarse for _, field in expr.columns)
            return expr if known else Every(()) if up else Some(())
        case Not():
            part = weakened(expr.part, coarse, up=not up)
            return Some(()) if part == Every(()) else Every(()) if part == Some(()) else Not(part)
        case Every():
            return _joined(Every, [weakened(p, coarse, up=up) for p in expr.parts])
        case Some():
            return _joined(Some, [weakened(p, coarse, up=up) for p in expr.parts])


def _joined(kind: type[Every | Some], parts: list[Expr]) -> Expr:
    """AND or OR without what changes nothing; constant as soon as one part decides."""
    neutral: Expr = kind(())
    deciding: Expr = Some(()) if kind is Every else Every(())
    if deciding in parts:
        return deciding
    left = tuple(p for p in parts if p != neutral)
    return left[0] if len(left) == 1 else kind(left)


def without(expr: Expr, blind: Collection[str]) -> bool | None:
    """The value where none of the ``blind`` fields is ever there; ``None`` where the others decide."""
    match expr:
        case Atom():
            return expr.without if any(f in blind for _, f in expr.columns if f != ANYWHERE) else None
        case Not():
            value = without(expr.part, blind)
            return None if value is None else not value
        case Every():
            return _decided([without(p, blind) for p in expr.parts], deciding=False)
        case Some():
            return _decided([without(p, blind) for p in expr.parts], deciding=True)


def _decided(values: list[bool | None], *, deciding: bool) -> bool | None:
    if deciding in values:
        return deciding
    return None if None in values else not deciding


def null_test(kind: str, field: str, *, null: bool) -> Atom:
    """Whether a field is absent (or there)."""
    return Atom(f"{column(kind, field)} IS {'' if null else 'NOT '}NULL", ((kind, field),), without=null)
