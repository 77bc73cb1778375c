"""The process that loads the floor: DuckDB, the statements and nothing else, so that it owes no time to anything else.

`python -m scripts.benchmark.plain_duckdb DATABASE` reads settings and statements as JSON from standard input.
"""

from __future__ import annotations

import json
import sys

import duckdb


def main() -> None:
    """Run the statements on a database."""
    given = json.load(sys.stdin)
    with duckdb.connect(sys.argv[1], config=given["settings"]) as con:
        for statement in given["statements"]:
            con.execute(statement)


if __name__ == "__main__":
    main()
