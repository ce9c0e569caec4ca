"""Lakes in memory: searches ask many questions, and a caged process for each would be most of the time."""

from __future__ import annotations

import pytest

from pipeline.lake.errors import QueryError
from pipeline.lake.reader import Lake
from tests.queries.conftest import Kept


class InMemory(Kept):
    """A lake's rows, asked as ``Lake`` is asked."""

    def query(self, sql, *, limit=None, **_):
        found = super().query(sql)
        return found if limit is None else found.slice(0, limit)

    def query_all(self, sqls, **_):
        return {name: self._one(sql) for name, sql in sqls.items()}

    def _one(self, sql):
        try:
            return self.query(sql)
        except Exception as error:  # noqa: BLE001 - as the worker tells whatever it is
            return QueryError(str(error))


@pytest.fixture(scope="session")
def kept(recorded) -> InMemory:
    return InMemory(Lake(recorded))
