"""A column, of a landed file or of a table, as the project describes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb

PERSONAL = ("personal", "sensitive")


@dataclass(frozen=True)
class Column:
    """Name, SQL type, the settings under `meta`, and a description."""

    name: str
    data_type: str
    meta: dict[str, Any] = field(default_factory=dict, hash=False)
    description: str = ""

    @property
    def classification(self) -> str | None:
        """Who may see it: internal, personal, …; None where nothing says."""
        return self.meta.get("classification")

    @property
    def kind(self) -> str | None:
        """What personal data it holds, such as a name or a contact."""
        return self.meta.get("kind")

    @property
    def subject(self) -> str | None:
        """Whose key it is: a customer's, an account's, …"""
        return self.meta.get("subject")

    @property
    def is_personal(self) -> bool:
        """Whether it holds personal data."""
        return self.classification in PERSONAL


def columns_of(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, list[Column]]:
    """Columns of every table and view of a catalog, by schema and table; what comments say is their description."""
    tables = con.execute(
        "select schema_name || '.' || table_name, list([column_name, data_type, comment] order by column_index) "
        "from duckdb_columns() where database_name = ? and not internal group by all order by all",
        [catalog],
    ).fetchall()
    return {
        table: [Column(name, kind, description=about or "") for name, kind, about in listed] for table, listed in tables
    }
