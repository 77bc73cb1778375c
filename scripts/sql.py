"""SQL as text: queries that stand in files, where they are linted, and names and strings within a query."""

from __future__ import annotations

from pathlib import Path


def read_query(module: str, name: str) -> str:
    """A query of the folder `queries` beside a module, which names itself by its `__file__`."""
    return (Path(module).parent / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def literal(text: object) -> str:
    """A string as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(*names: str) -> str:
    """A name, or its parts joined by dots, as DuckDB and PostgreSQL read it back, whatever it holds."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)
