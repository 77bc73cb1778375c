"""Queries that stand in files, where SQL is linted, and not in Python."""

from __future__ import annotations

from pathlib import Path


def read_query(module: str, name: str) -> str:
    """A query of the folder `queries` beside a module, which names itself by its `__file__`."""
    return (Path(module).parent / "queries" / f"{name}.sql").read_text(encoding="utf-8")
