"""SQL functions that dbt's hooks call. None of them ever fails: a hook that fails would fail the load.

Each takes a JSON document and returns an empty text, or what a person should know.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import duckdb

from scripts.quality import alerts, history

Action = Callable[[duckdb.DuckDBPyConnection, str], "str | None"]

FUNCTIONS: dict[str, list[Action]] = {
    "start_run": [history.start_run],
    "end_run": [history.end_run, alerts.send_alert],
}


def register(conn: duckdb.DuckDBPyConnection) -> None:
    """Register the functions with a connection, which all its cursors share."""
    for name, actions in FUNCTIONS.items():
        conn.create_function(name, _quiet(conn, actions), ["VARCHAR"], "VARCHAR", side_effects=True)


def _quiet(conn: duckdb.DuckDBPyConnection, actions: list[Action]) -> Callable[[str], str]:
    def run(handed_over: str) -> str:
        said = []
        for action in actions:
            try:
                with conn.cursor() as cursor:
                    # Each cursor begins in memory, where the connection began.
                    cursor.execute(f'use "{json.loads(handed_over)["tables"]["runs"]["database"]}"')
                    said.append(action(cursor, handed_over))
            except Exception as error:  # Its text may quote data, so only its kind is shown.
                said.append(f"{action.__name__} did not work ({type(error).__name__}); the run itself is not affected.")
        return "\n".join(text for text in said if text)

    return run
