"""A file of destinations: YAML, checked as strictly as a policy is, each fault with line and column.

::

    export: 1
    destinations:
      - name: siem
        to: splunk+https://splunk.example:8088
        as: ocsf
        where: verdict = 'deny'
        secrets: { token: env:SPLUNK_TOKEN }
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lictor.alerts.trusted import read_guarded
from lictor.errors import LictorError
from lictor.exporting.model import Destination, checked, name_of
from pipeline.export.sinks.address import size, span
from pipeline.policy.source import LARGEST, Location, PolicyError, Problem, read_tree
from pipeline.policy.words import near

_KEYS = ("name", "to", "as", "tables", "where", "redact", "options", "secrets", "from_now", "batch", "give_up")
_BATCH = ("events", "bytes", "seconds")


def read_destinations(path: Path) -> list[Destination]:
    """The destinations of a file; raises ``LictorError`` with one line for each fault."""
    data, _ = read_guarded(path, LARGEST)
    try:
        content = _checked(data.decode(), str(path))
    except UnicodeDecodeError:
        raise LictorError(f"{path}: not UTF-8") from None
    except PolicyError as error:  # its name speaks of policies, its text does not
        raise LictorError(str(error)) from None
    return [checked(_destination(item)) for item in content["destinations"]]


def _checked(text: str, filename: str) -> Any:
    tree = read_tree(text, filename)
    problems = [Problem(*tree.position(where), said) for where, said in _problems(tree.data)]
    if problems:
        raise PolicyError(filename, problems)
    return tree.data


def _problems(data: Any) -> Iterator[tuple[Location, str]]:
    if not isinstance(data, dict) or data.get("export") != 1:
        yield (), "a file of destinations is a mapping that begins with 'export: 1'"
        return
    yield from _unknown((), data, ("export", "destinations"))
    items = data.get("destinations")
    if not isinstance(items, list) or not items:
        yield (), "'destinations' must be a list of at least one destination"
        return
    taken: set[str] = set()
    for index, item in enumerate(items):
        yield from _faults(("destinations", index), item)
        name = item.get("name") or name_of(str(item.get("to"))) if isinstance(item, dict) else None
        if name in taken:
            yield ("destinations", index), f"the name '{name}' is taken: give each destination its own"
        taken.add(str(name))


def _faults(where: Location, item: Any) -> Iterator[tuple[Location, str]]:
    if not isinstance(item, dict):
        yield where, "a destination is a mapping with 'to' and 'as'"
        return
    yield from _unknown(where, item, _KEYS)
    for key in ("to", "as"):
        if not isinstance(item.get(key), str):
            yield where, f"'{key}' is missing, or no text"
    for key, (fits, wanted) in _SHAPES.items():
        if key in item and not fits(item[key]):
            yield (*where, key), f"'{key}' must be {wanted}"
    yield from _quantities(where, item)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _pairs(value: Any) -> bool:
    return isinstance(value, dict) and not any(isinstance(v, (dict, list)) or v is None for v in value.values())


_SHAPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "name": (lambda v: isinstance(v, str), "text"),
    "where": (lambda v: isinstance(v, str), "text"),
    "tables": (_texts, "a list of texts"),
    "redact": (_texts, "a list of texts"),
    "options": (_pairs, "a mapping of names to values"),
    "secrets": (_pairs, "a mapping of names to env:NAME or file:PATH"),
    "from_now": (lambda v: isinstance(v, bool), "true or false"),
    "batch": (lambda v: isinstance(v, dict), "a mapping of events, bytes, seconds"),
}


def _quantities(where: Location, item: dict[str, Any]) -> Iterator[tuple[Location, str]]:
    batch = item.get("batch", {})
    if not isinstance(batch, dict):
        return
    yield from _unknown((*where, "batch"), batch, _BATCH)
    places = {(*where, "batch", key): value for key, value in batch.items() if key in _BATCH}
    if "give_up" in item:
        places[*where, "give_up"] = item["give_up"]
    for place, value in places.items():
        try:
            _quantity(str(place[-1]), value)
        except (ValueError, TypeError):
            yield place, f"'{place[-1]}' is {value!r}: write a number, bytes such as 4MiB, or a time span such as 5s"


def _quantity(key: str, value: Any) -> float:
    if isinstance(value, bool) or value is None:
        raise ValueError(value)
    text = str(value)
    return int(text) if key == "events" else size(text) if key == "bytes" else span(text)


def _unknown(where: Location, item: dict[Any, Any], known: tuple[str, ...]) -> Iterator[tuple[Location, str]]:
    for key in item:
        if key not in known:
            yield (*where, key), f"unknown key '{key}'{near(str(key), known) or '; known here: ' + ', '.join(known)}"


def _destination(item: dict[str, Any]) -> Destination:
    wanted: dict[str, Any] = {"name": item.get("name") or name_of(item["to"]), "to": item["to"], "format": item["as"]}
    for key in ("tables", "redact"):
        if item.get(key):
            wanted[key] = tuple(item[key])
    for key in ("options", "secrets"):
        wanted[key] = {str(k): _text(v) for k, v in item.get(key, {}).items()}
    wanted |= {"where": item.get("where", ""), "from_now": item.get("from_now", False)}
    wanted |= {k: _quantity(k, v) for k, v in item.get("batch", {}).items()}
    if "give_up" in item:
        wanted["give_up"] = _quantity("give_up", item["give_up"])
    return Destination(**wanted)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
