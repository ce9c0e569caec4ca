"""A pySigma backend for DuckDB: from a parsed rule to an expression over shadow columns.

Own, because the published ones lose rules or matches: absent fields below a NOT, case, ``_`` and ``%`` in values, and
quotes in regular expressions. Values are named after the rule's own fields; how an event gets them is no matter here.

pySigma: https://github.com/SigmaHQ/pySigma, the rules' language: https://github.com/SigmaHQ/sigma-specification
"""

from __future__ import annotations

from typing import Any, ClassVar

from sigma.conversion.base import Backend
from sigma.exceptions import SigmaFeatureNotSupportedByBackendError, SigmaValueError
from sigma.types import CompareOperators, Placeholder, SigmaRegularExpression, SigmaString, SpecialChars

from pipeline.sigma import atoms
from pipeline.sigma.expr import Every, Expr, Not, Some, null_test
from pipeline.sigma.fields import spelled
from pipeline.sigma.text import ANYWHERE, RAW

_OPERATORS = {
    CompareOperators.LT: "<", CompareOperators.LTE: "<=", CompareOperators.GT: ">", CompareOperators.GTE: ">=",
    CompareOperators.NEQ: "<>",
}  # fmt: skip


class DuckDB(Backend):
    """Each condition of a rule becomes an ``Expr``; raises pySigma's errors for what cannot be said in SQL."""

    name: ClassVar[str] = "DuckDB over shadow columns"

    def convert_condition_or(self, cond: Any, state: Any) -> Expr:
        """OR."""
        return Some(tuple(self._parts(cond, state)))

    def convert_condition_and(self, cond: Any, state: Any) -> Expr:
        """AND."""
        return Every(tuple(self._parts(cond, state)))

    def convert_condition_not(self, cond: Any, state: Any) -> Expr:
        """NOT."""
        parts = self._parts(cond, state)
        if not parts:
            raise SigmaValueError("a NOT of nothing")
        return Not(parts[0])

    def _parts(self, cond: Any, state: Any) -> list[Expr]:
        converted = (self.convert_condition(arg, state) for arg in cond.args)
        return [c for c in converted if c is not None]

    def convert_condition_as_in_expression(self, cond: Any, state: Any) -> Expr:
        """Lists are ORs of comparisons."""
        return self.convert_condition_or(cond, state)

    def convert_condition_field_eq_val_str(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002 - pySigma's signature
        """Text without regard to case."""
        return atoms.text(spelled(cond.field), _parts(cond.value))

    def convert_condition_field_eq_val_str_case_sensitive(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """Text as it is written."""
        return atoms.text(spelled(cond.field), _parts(cond.value), cased=True)

    def convert_condition_field_eq_val_num(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """A number."""
        return atoms.number(spelled(cond.field), cond.value.number)

    def convert_condition_field_eq_val_timestamp_part(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """A time in a certain hour, minute, …"""
        return atoms.part_of_time(spelled(cond.field), cond.value.timestamp_part.name.lower(), cond.value.number)

    def convert_condition_field_eq_val_bool(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """True or false."""
        return atoms.truth(spelled(cond.field), cond.value.boolean)

    def convert_condition_field_eq_val_re(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """A regular expression, with its flags in front."""
        return atoms.regex(spelled(cond.field), _expression(cond.value))

    def convert_condition_field_eq_val_cidr(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """A network."""
        return atoms.network(spelled(cond.field), cond.value.network)

    def convert_condition_field_compare_op_val(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """Below or above a number."""
        return atoms.compared(spelled(cond.field), _OPERATORS[cond.value.op], cond.value.number.number)

    def convert_condition_field_eq_field(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """Another field."""
        other = cond.value
        return atoms.same_as(spelled(cond.field), spelled(other.field), starts=other.starts_with, ends=other.ends_with)

    def convert_condition_field_eq_val_null(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """Absent."""
        return null_test(RAW, spelled(cond.field), null=True)

    def convert_condition_field_exists(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """There."""
        return null_test(RAW, spelled(cond.field), null=False)

    def convert_condition_field_not_exists(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """Absent."""
        return null_test(RAW, spelled(cond.field), null=True)

    def convert_condition_field_eq_query_expr(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """SQL of a rule's own is never let through."""
        raise SigmaFeatureNotSupportedByBackendError("query expressions are not taken from rules")

    def convert_condition_val_str(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """A keyword."""
        return atoms.keyword(_parts(cond.value))

    def convert_condition_val_num(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """A keyword that is a number."""
        return atoms.keyword([str(cond.value.number)])

    def convert_condition_val_re(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """A regular expression anywhere in the event."""
        return atoms.regex(ANYWHERE, _expression(cond.value))

    def convert_condition_query_expr(self, cond: Any, state: Any) -> Expr:  # noqa: ARG002
        """SQL of a rule's own is never let through."""
        raise SigmaFeatureNotSupportedByBackendError("query expressions are not taken from rules")

    def _no_correlation(self, *_: Any, **__: Any) -> Any:
        """Correlations count over time, which a condition on one event cannot do."""
        raise SigmaFeatureNotSupportedByBackendError("correlations are not evaluated: a rule sees one event")

    convert_correlation_event_count_rule = _no_correlation
    convert_correlation_value_count_rule = _no_correlation
    convert_correlation_temporal_rule = _no_correlation
    convert_correlation_temporal_ordered_rule = _no_correlation
    convert_correlation_extended_temporal_rule = _no_correlation
    convert_correlation_extended_temporal_ordered_rule = _no_correlation
    convert_correlation_value_sum_rule = _no_correlation
    convert_correlation_value_avg_rule = _no_correlation
    convert_correlation_value_percentile_rule = _no_correlation
    convert_correlation_value_median_rule = _no_correlation


def _parts(value: SigmaString) -> list[str | None]:
    """A value as ``atoms.text`` takes it. Raises ``SigmaValueError`` for a placeholder that nothing filled."""
    return [_part(p) for p in value.s if p != ""]


def _part(part: Any) -> str | None:
    if isinstance(part, Placeholder):
        raise SigmaValueError(f"placeholder %{part.name}% has no value here")
    if isinstance(part, SpecialChars):
        return atoms.ANY if part is SpecialChars.WILDCARD_MULTI else atoms.ONE
    return str(part)


def _expression(value: SigmaRegularExpression) -> str:
    if value.contains_placeholder():
        raise SigmaValueError("a regular expression with a placeholder that has no value here")
    return str(value.escape([], escape_escape_char=False))
