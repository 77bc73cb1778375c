"""Whatever is wrong with a landing area, no row is lost or multiplied in silence."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import pytest
from accounting import Outcome, judge, sent_twice
from damage import BATCHES, Bench, Damage, Example, examples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from warehouse import Ran, Warehouse, copy_landing

# As many as 90 seconds of a processor allow; `python -m tests.python.damage` tries more.
EXAMPLES = 8


@pytest.fixture
def bench(first_batch: Warehouse, loaded: Warehouse, room: Path) -> Bench:
    """Warehouses to start from."""
    return Bench({0: Warehouse(room / "empty", loaded.landing, loaded.session), 1: first_batch, BATCHES: loaded}, room)


def test_an_undamaged_area_is_accounted_for(loaded: Warehouse) -> None:
    assert judge(loaded, loaded, Ran(0, ""), []) == Outcome("loaded")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("insert into core.dim_trade from core.dim_trade limit 1", "duplicate key in dim_trade"),
        ("delete from core.fact_holdings where rowid = 0", "rows for fact_holdings in batch 1"),
        (
            "update operations.landed_files set line_count = line_count + 2 where source_name = 'hr.employee'",
            "2 rows of hr.employee",
        ),
        ("delete from operations.landed_files where batch_id = 3", "0 are reconciled"),
    ],
)
def test_what_is_lost_or_multiplied_is_found(change: str, fault: str, loaded: Warehouse, room: Path) -> None:
    warehouse = loaded.copy(room / "warehouse")
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute(change)
    assert fault in judge(loaded, warehouse, Ran(0, ""), []).fault


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (Damage("whole_and_part", "Batch2/CashTransaction.txt", 0.5, 0.0), "parts [0, 1] of Batch2/CashTransaction"),
        (Damage("parts", "Batch2/Trade.txt", 0.5, 0.2), "parts [1, 3] of Batch2/Trade"),
        (Damage("parts", "Batch2/Trade.txt", 0.5, 0.0), ""),
        (Damage("two_documents", "Batch1/CustomerMgmt.xml", 0.0, 0.0), "two documents in CustomerMgmt.xml"),
    ],
    ids=lambda value: str(value),
)
def test_what_was_sent_twice_is_found(damage: Damage, fault: str, landing: Path, room: Path) -> None:
    area = copy_landing(landing, room / "landing")
    damage.apply(area)
    assert fault in sent_twice(area) if fault else sent_twice(area) == ""


def test_a_refusal_names_the_file_and_changes_nothing(loaded: Warehouse, first_batch: Warehouse) -> None:
    ran = Ran(1, "The landing area cannot be loaded. Batch2/Trade.txt is missing")
    assert judge(loaded, loaded, ran, ["Batch2/Trade.txt"]) == Outcome("refused")
    assert "without the file's name" in judge(loaded, loaded, ran, ["Batch2/Customer.txt"]).fault
    assert "failed halfway" in judge(first_batch, loaded, ran, ["Batch2/Trade.txt"]).fault


@pytest.mark.long
def test_a_load_that_stops_changes_nothing_it_speaks_of(loaded: Warehouse, first_batch: Warehouse, room: Path) -> None:
    limit = Ran(1, "Batch3/Trade.txt: 1 of 9 rows rejected, more than the 0.001 that max_rejected_share allows")
    halfway = Ran(1, "Compilation Error in model stg_brokerage__trade\n A key of Trade.txt has two meanings")
    warehouse = loaded.copy(room / "warehouse")
    assert "without a record" in judge(loaded, warehouse, limit, []).fault
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute(
            "insert into operations.rejected_rows (source_name, batch_id, file_name)"
            " values ('brokerage.trade', 3, 'Batch3/Trade.txt')"
        )
    assert judge(loaded, warehouse, limit, []) == Outcome("limit")
    assert judge(loaded, warehouse, halfway, ["Batch3/Trade.txt"]) == Outcome("stopped")
    assert "core.dim_trade has changed" in judge(first_batch, warehouse, limit, []).fault
    assert "core.dim_trade has changed" in judge(first_batch, warehouse, halfway, ["Batch3/Trade.txt"]).fault
    assert "failed halfway" in judge(loaded, warehouse, halfway, ["Batch3/HR.csv"]).fault


def test_an_example_can_be_replayed() -> None:
    example = Example(
        1, (Damage("truncated", "Batch2/Trade.txt", 0.5, 0.25), Damage("fifo", "Batch2/HR.csv", 0.0, 0.9))
    )
    assert Example.parse(str(example)) == example


@pytest.mark.long
def test_damaged_areas_are_refused_or_accounted_for(bench: Bench) -> None:
    names = bench.names()
    ends: Counter[str] = Counter()

    @given(st.data())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(data: st.DataObject) -> None:
        example = data.draw(examples(names))
        outcome = bench.try_out(example)
        ends[outcome.end] += 1
        assert not outcome.fault, f"{outcome.fault}\n    python -m tests.python.damage --replay '{example}'"

    holds()
    print(dict(ends))
