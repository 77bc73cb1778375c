"""Planting changes what it says and nothing else, and what is planted is found."""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from warehouse import PROJECT, Warehouse

from scripts.anomaly_benchmark.__main__ import areas
from scripts.generate_landing.plant import KINDS, Plant, PlantError, check, parse, plant_all
from scripts.report.__main__ import write_report

DAYS = 22
BATCH = 3

Rows = list[list[str]]


def generate(folder: Path, *options: str, scale: str = "0.1", days: int = DAYS) -> Path:
    command = [sys.executable, "-m", "scripts.generate_landing", "--out", str(folder), "--scale", scale]
    subprocess.run([*command, "--days", str(days), "--seed", "7", *options], cwd=PROJECT, check=True)
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("clean") / "landing")


@pytest.fixture
def copy(clean: Path, room: Path) -> Path:
    return Path(shutil.copytree(clean, room / "landing", copy_function=os.link))


def rows(landing: Path, batch: int, file: str) -> Rows:
    text = (landing / f"Batch{batch}" / f"{file}.txt").read_text(encoding="utf-8")
    return [line.split("|") for line in text.splitlines()]


def differing(left: Path, right: Path) -> set[str]:
    names = {p.relative_to(left).as_posix() for p in left.rglob("*") if p.is_file()}
    assert names == {p.relative_to(right).as_posix() for p in right.rglob("*") if p.is_file()}
    return {name for name in names if (left / name).read_bytes() != (right / name).read_bytes()}


def changed(before: Rows, after: Rows) -> list[tuple[int, list[int]]]:
    """Rows that differ, each with the columns that do."""
    assert len(before) == len(after)
    pairs = zip(before, after, strict=True)
    found = [(n, [c for c, (x, y) in enumerate(zip(b, a, strict=True)) if x != y]) for n, (b, a) in enumerate(pairs)]
    return [(n, columns) for n, columns in found if columns]


def missing(before: Rows, after: Rows) -> None:
    assert 0.3 * len(before) < len(after) < 0.7 * len(before)
    assert all(row in before for row in after)


def twice(before: Rows, after: Rows) -> None:
    assert after == [row for row in before for _ in (0, 1)]


def high(before: Rows, after: Rows) -> None:
    assert [columns for _, columns in changed(before, after)] == [[4, 5, 6]] * len(before)
    assert all(
        abs(float(a[c]) - 100 * float(b[c])) < 0.01 for b, a in zip(before, after, strict=True) for c in (4, 5, 6)
    )


def nulls(before: Rows, after: Rows) -> None:
    found = changed(before, after)
    assert 0 < len(found) < len(before)
    assert all(columns == [5] and after[n][5] == "" for n, columns in found)


def vanished(before: Rows, after: Rows) -> None:
    assert all(columns == [5] and before[n][5] == "TLB" for n, columns in changed(before, after))
    assert "TLB" in {row[5] for row in before} - {row[5] for row in after}


def unknown(before: Rows, after: Rows) -> None:
    assert all(columns == [4] and after[n][4] == "INAC" for n, columns in changed(before, after))
    assert "INAC" in {row[4] for row in after} - {row[4] for row in before}


def unit(before: Rows, after: Rows) -> None:
    assert all(columns == [4] for _, columns in changed(before, after))
    assert all(abs(float(a[4]) - 7.8 * float(b[4])) < 0.01 for b, a in zip(before, after, strict=True))


def late(before: Rows, after: Rows) -> None:
    assert [columns for _, columns in changed(before, after)] == [[3]] * len(before)
    assert all(a[3][11:] == b[3][11:] and a[3] > b[3] for b, a in zip(before, after, strict=True))


def surge(before: Rows, after: Rows) -> None:
    added = after[len(before) :]
    assert after[: len(before)] == before
    assert added
    assert all([*["I"], *row[3:]] in [[*["I"], *b[3:]] for b in before if b[0] == "I"] for row in added)
    numbers = [row[2] for row in after if row[0] == "I"]
    assert len(numbers) == len(set(numbers))


def one_column(column: int, right: Callable[[str, str], bool]) -> Callable[[Rows, Rows], None]:
    """Only one column differs, in some rows, and as it should."""

    def look(before: Rows, after: Rows) -> None:
        found = changed(before, after)
        assert found
        assert all(columns == [column] for _, columns in found)
        assert all(right(before[n][column], after[n][column]) for n, _ in found)

    return look


def as_in_the_first_row(column: int) -> Callable[[Rows, Rows], None]:
    return lambda before, after: one_column(column, lambda b, a: a == before[0][column])(before, after)


def swapped(before: Rows, after: Rows) -> None:
    found = changed(before, after)
    assert 0 < len(found) < len(before)
    assert all(columns == [5, 6] and before[n][5:7] == after[n][6:4:-1] for n, columns in found)


def shifted(before: Rows, after: Rows) -> None:
    assert [row[4] for row in after] == [row[4] for row in [before[-1], *before[:-1]]]
    assert all(columns == [4] for _, columns in changed(before, after))


LOOK: dict[str, Callable[[Rows, Rows], None]] = {
    "missing_rows": missing,
    "delivered_twice": twice,
    "prices_high": high,
    "null_column": nulls,
    "vanished_category": vanished,
    "new_category": unknown,
    "unit_change": unit,
    "late_dates": late,
    "broker_surge": surge,
    "flipped_signs": one_column(4, lambda b, a: float(a) == -float(b)),
    "whole_amounts": one_column(4, lambda b, a: a.endswith(".00") and abs(float(a) - float(b)) <= 0.5),
    "placeholder": one_column(5, lambda b, a: a == "N/A"),
    "lost_times": one_column(3, lambda b, a: a == f"{b[:10]} 00:00:00"),
    "lost_seconds": one_column(3, lambda b, a: a == f"{b[:16]}:00"),
    "one_account": as_in_the_first_row(2),
    "garbled_text": one_column(11, lambda b, a: len(a) == len(b) and a[1] == "\ufffd"),
    "zero_volumes": one_column(7, lambda b, a: a == "0"),
    "negative_volumes": one_column(7, lambda b, a: int(a) == -int(b)),
    "stuck_value": as_in_the_first_row(7),
    "swapped_columns": swapped,
    "shifted_column": shifted,
}


@pytest.mark.parametrize("kind", LOOK)
def test_a_kind_changes_what_it_says_and_nothing_else(kind: str, clean: Path, copy: Path) -> None:
    plant = parse(f"{kind}@{BATCH}")
    plant_all(copy, [plant], 7)
    totals = {f"Batch{BATCH}/Trade_audit.csv"} if kind == "broker_surge" else set()
    assert differing(clean, copy) == {f"Batch{BATCH}/{plant.file}.txt"} | totals
    LOOK[kind](rows(clean, BATCH, plant.file), rows(copy, BATCH, plant.file))


@pytest.mark.parametrize("file", KINDS["repeated_file"].files)
def test_a_repeated_file_has_the_rows_of_the_batch_before_on_its_own_day(file: str, clean: Path, copy: Path) -> None:
    def told(landing: Path, batch: int) -> Rows:
        return [[value[10:] if value[4:5] == "-" else value for value in row[2:]] for row in rows(landing, batch, file)]

    plant_all(copy, [parse(f"repeated_file/{file}@{BATCH}")], 7)
    assert differing(clean, copy) == {f"Batch{BATCH}/{file}.txt"}
    earlier, repeated = told(clean, BATCH - 1), told(copy, BATCH)
    assert repeated == [earlier[n % len(earlier)] for n in range(len(repeated))]
    before, after = rows(clean, BATCH, file), rows(copy, BATCH, file)
    assert [row[:2] for row in after] == [row[:2] for row in before]
    days = [[[value[:10] for value in row if value[4:5] == "-"] for row in these] for these in (before, after)]
    assert days[0] == days[1]


def test_the_first_daily_batch_repeats_rows_of_the_history(clean: Path, copy: Path) -> None:
    plant_all(copy, [parse("repeated_file@2")], 7)
    history, repeated = rows(clean, 1, "DailyMarket"), rows(copy, 2, "DailyMarket")
    assert [row[3:] for row in repeated] == [row[1:] for row in history[: len(repeated)]]


def test_a_drift_compounds_over_its_batches(clean: Path, copy: Path) -> None:
    plant_all(copy, [parse("drift@3:0.01")], 7)
    assert differing(clean, copy) == {f"Batch{n}/DailyMarket.txt" for n in range(3, 3 + KINDS["drift"].batches)}
    for batch in (3, 22):
        ratio = float(rows(copy, batch, "DailyMarket")[0][4]) / float(rows(clean, batch, "DailyMarket")[0][4])
        assert abs(ratio - 1.01 ** (batch - 2)) < 0.005


def test_the_same_seed_plants_the_same_rows(clean: Path, copy: Path, room: Path) -> None:
    plant_all(copy, [parse("missing_rows@5:0.3")], 7)
    by_command = generate(room / "again", "--plant", "missing_rows@5:0.3")
    assert differing(copy, by_command) == set()


def test_surging_trades_are_in_the_control_totals(clean: Path, copy: Path) -> None:
    plant_all(copy, [parse(f"broker_surge@{BATCH}:4")], 7)
    totals = [
        dict(line.split(",")[3:5] for line in (p / f"Batch{BATCH}/Trade_audit.csv").read_text().splitlines()[1:])
        for p in (clean, copy)
    ]
    added = len(rows(copy, BATCH, "Trade")) - len(rows(clean, BATCH, "Trade"))
    assert added > 0
    assert {k: int(v) - int(totals[0][k]) for k, v in totals[1].items() if v != totals[0][k]} == {
        "T_Records": added,
        "T_NEW": added,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("missing_rows", "is not KIND@BATCH"),
        ("nonsense@3", "The kinds are missing_rows"),
        ("prices_high/Trade@3", "only in DailyMarket"),
        ("missing_rows@3:1.5", "at most 1"),
        ("drift@3:0", "more than 0"),
    ],
)
def test_requests_that_make_no_sense_are_refused(text: str, said: str) -> None:
    with pytest.raises(PlantError, match=said):
        parse(text)


def test_only_daily_batches_can_be_planted_in() -> None:
    for batch in (1, DAYS + 2):
        with pytest.raises(PlantError, match="choose a batch from 2"):
            check([parse(f"missing_rows@{batch}")], DAYS)


def test_the_benchmark_plants_every_kind_at_two_strengths() -> None:
    plants = [plant for area in areas(1, 60) for plant in area]
    assert {(p.kind, p.strength) for p in plants} == {(name, s) for name, kind in KINDS.items() for s in kind.tried}
    check(plants, 60)
    for area in areas(1, 60):
        batches = [p.batch for p in area if p.kind != "drift"]
        assert len(batches) == len(set(batches))
        assert not [p for p in area if p.kind != "drift" and p.file == "DailyMarket"] or not [
            p for p in area if p.kind == "drift"
        ]


@pytest.mark.long
def test_a_profile_tells_what_its_mean_does_not(session: Path, room: Path) -> None:
    """Signs, repeated rows, lost digits and the like, the same however the loads are split."""
    plants = [
        parse(text)
        for text in (
            "flipped_signs@3:0.5",
            "lost_times@4:0.5",
            "repeated_file/DailyMarket@4",
            "swapped_columns@5:1",
            "one_account@5:1",
            "delivered_twice/CashTransaction@6",
            "placeholder@7:1",
            "stuck_value@7:1",
            "garbled_text@7:0.5",
        )
    ]
    landing = generate(room / "landing", *[f"--plant={plant}" for plant in plants], days=6, scale="0.2")
    warehouse = Warehouse(room / "warehouse", landing, session)
    warehouse.load(through_batch=4, max_rejected_share=1)
    warehouse.load(max_rejected_share=1)

    def profiled(table: str, column: str, figure: str) -> dict[int, float]:
        return dict(
            warehouse.query(
                f"select batch_id, {figure} from operations.column_profile where table_name = 'stg_brokerage__{table}'"
                f" and column_name = '{column}' and batch_id > 1"
            )
        )

    agreeing = profiled("cash_transaction", "amount", "agreeing_share")
    assert agreeing[2] > 0.9
    assert agreeing[3] < 0.75
    midnight = profiled("cash_transaction", "transacted_at", "zero_share")
    assert midnight[3] == 0
    assert 0.3 < midnight[4] < 0.7
    repeated = profiled("daily_market", "close_price", "repeated_share")
    assert repeated[3] < 0.05
    assert repeated[4] > 0.95
    assert repeated == profiled("daily_market", "close_price", "repeated_measures_share")
    above = profiled("daily_market", "day_high", "above_share")
    assert above[4] > 0.5
    assert above[5] == 0
    busiest = profiled("cash_transaction", "account_id", "most_frequent_count")
    assert busiest[5] == profiled("cash_transaction", "account_id", "row_count")[5] > busiest[4]
    twice = (
        "select batch_id, rejected_rows / landed_rows from operations.reconciliation where source_name like '%.cash_%'"
    )
    rejected = dict(warehouse.query(twice))
    assert rejected[4] == 0
    assert rejected[6] == 0.5
    assert profiled("cash_transaction", "description", "blank_share") == {2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 1}
    garbled = profiled("trade", "executed_by", "garbled_share")
    assert garbled[6] == 0
    assert 0.3 < garbled[7] < 0.7
    assert profiled("daily_market", "volume", "most_frequent_count / row_count")[7] == 1

    at_once = Warehouse(room / "at_once", landing, session)
    at_once.load(max_rejected_share=1)
    assert warehouse.unlike(at_once) == {}


@pytest.mark.long
def test_planted_faults_are_found_and_explained(session: Path, room: Path) -> None:
    """From the landing area to a sentence; however the loads are split."""
    plants = [parse("missing_rows@18:0.5"), parse("null_column@19:0.5"), parse("broker_surge@20:12")]
    landing = generate(room / "landing", *[f"--plant={plant}" for plant in plants], days=20)
    warehouse = Warehouse(room / "warehouse", landing, session)
    warehouse.load(through_batch=18)
    warehouse.load(through_batch=19)
    warehouse.load()

    def said(plant: Plant, column: str | None) -> list[str]:
        where = f"column_name {f'= {column!r}' if column else 'is null'}"
        found = warehouse.query(
            f"select explanation from operations.anomalies where batch_id = {plant.batch} and feed = '{plant.file}'"
            f" and {where}"
        )
        return [text for (text,) in found]

    assert any("DailyMarket has 4" in text or "DailyMarket has 5" in text for text in said(plants[0], None))
    assert any("CashTransaction.description is empty in" in text for text in said(plants[1], "description"))
    assert any("One broker_id has " in text for text in said(plants[2], "broker_id"))

    content = write_report(warehouse.path, room / "report.html")
    page = html.unescape((room / "report.html").read_text(encoding="utf-8"))
    assert all(anomaly["explanation"] in page for anomaly in content["anomalies"])
    assert page.count("<svg ") == len(content["anomalies"]) + 2

    at_once = Warehouse(room / "at_once", landing, session)
    at_once.load()
    assert warehouse.unlike(at_once) == {}


def test_profiles_show_nothing_of_personal_columns(loaded: Warehouse) -> None:
    """What is personal or sensitive is only counted; what is confidential is only summed up."""
    hidden = loaded.query(
        """
        select
            min_value, max_value, mean, p50, frequent_values, mean_length, negative_share, zero_share, round_share,
            above_share, agreeing_share
        from operations.column_profile
        where table_name in ('stg_marketing__prospect', 'stg_brokerage__customer', 'dim_customer')
            and column_name in ('last_name', 'income', 'net_worth', 'dob', 'age', 'email1', 'tax_id', 'gender')
        """
    )
    assert len(hidden) > 10
    assert {value for row in hidden for value in row} == {None}
    few = loaded.query(
        """
        select negative_share, zero_share, round_share, above_share, agreeing_share, non_ascii_share, mean_length
        from operations.column_profile
        inner join (
            select table_name, column_name, batch_id from operations.column_profile
            where row_count * (1 - null_share) < 20
                and column_name in ('amount', 'description', 'trade_price', 'last_name', 'executed_by', 'tax_status')
        ) using (table_name, column_name, batch_id)
        where layer = 'staging'
        """
    )
    assert few
    assert {value for row in few for value in row} == {None}
    confidential = loaded.query(
        "select min_value, max_value, frequent_values from operations.column_profile"
        " where table_name in ('stg_brokerage__cash_transaction', 'stg_brokerage__trade')"
        " and column_name in ('amount', 'description', 'trade_price', 'quantity') group by all"
    )
    assert confidential == [(None, None, None)]
    shown = loaded.query("select count(min_value) from operations.column_profile where column_name = 'close_price'")
    assert shown[0][0] > 0
