"""Retention: list what is past its days, by the rules of the seed retention_rules; with --apply, act on it.

Who is due is erased as `make erase` does it, all in one erasure. Whoever is under a legal hold stays, and is counted.
Rejected rows lose their text, and stay as counts, so that the reconciliation holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from scripts import access_log
from scripts.data_subjects.erase import Erasure, Report, erase
from scripts.data_subjects.ledger import Ledger
from scripts.sql import read_query
from scripts.warehouse_file import open_warehouse


@dataclass
class Due:
    """A rule, and what is past its days."""

    rule: str
    subject: str
    cutoff: date
    values: list[str]
    held: int = 0
    rows: int = 0


def due(con: duckdb.DuckDBPyConnection, ledger: Ledger) -> list[Due]:
    """What each rule finds; who is under a hold is left out and counted."""
    today = con.execute("select max(batch_date) from operations.batches").fetchall()[0][0]
    rules = con.execute("select rule, subject, keep_days from reference.retention_rules order by 1")
    found = []
    for rule, subject, keep_days in rules.fetchall():
        one = Due(rule, subject, today - timedelta(days=keep_days), [])
        if subject == "rejected_row":
            counted = f"select count(*) from operations.rejected_rows {_PAST}"
            one.rows = con.execute(counted, {"cutoff": one.cutoff}).fetchall()[0][0]
        else:
            leavers = read_query(__file__, f"retention_{subject}")
            past = f"select subject from ({leavers}) where since <= $cutoff order by 1"
            values = [r[0] for r in con.execute(past, {"cutoff": one.cutoff}).fetchall()]
            one.values = [v for v in values if not ledger.hold_on(v, date.today(), subject)]
            one.held, one.rows = len(values) - len(one.values), len(one.values)
        found.append(one)
    return found


_PAST = """
    where raw_text is not null and batch_id in (select batch_id from operations.batches where batch_date <= $cutoff)
"""


def apply(found: list[Due], erasure: Erasure | None = None) -> list[Report]:
    """Erase all who are due, then empty the text of rejected rows, which a rebuild puts on record again; returns the
    reports.
    """
    customers = [v for one in found if one.subject == "customer" for v in one.values]
    prospects = [v for one in found if one.subject == "prospect" for v in one.values]
    reports = erase(customers, prospects, "past its retention", erasure) if customers or prospects else []
    with open_warehouse(read_only=False) as con:
        for one in found:
            if one.subject == "rejected_row" and one.rows:
                con.execute(
                    f"update operations.rejected_rows set raw_text = null, reason = 'past its retention' {_PAST}",
                    {"cutoff": one.cutoff},
                )
                access_log.append(con, "retention", {"rule": one.rule, "rows": one.rows})
    return reports
