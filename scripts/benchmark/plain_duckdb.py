"""The process that loads the floor: DuckDB, the script and nothing else, so that it owes no time to anything else.

`python -m scripts.benchmark.plain_duckdb DATABASE WORK` runs on a database what a JSON file has: settings, a script.
"""

import json
import sys

import duckdb

with open(sys.argv[2], encoding="utf-8") as work:
    settings, script = json.load(work)
with duckdb.connect(sys.argv[1], config=settings) as con:
    con.execute(script)
