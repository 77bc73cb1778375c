"""An erased person is gone: from every table and every file, for good, and nothing else has changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import planted_person as planted
import pytest
from warehouse import PROJECT, Warehouse, copy_landing

from scripts.columns import Column
from scripts.data_subjects import erase, export, persons, search
from scripts.data_subjects.erase import Erasure, Report
from scripts.data_subjects.landing_rewrite import rewrite_area
from scripts.data_subjects.ledger import PrivacyProblem, read_ledger, register
from scripts.data_subjects.persons import Person, Table

DRIVER = """
import os, signal, sys
from scripts.data_subjects import erase, landing_rewrite, persons
parsed = persons.read_manifest
erase.read_manifest = lambda parse=True: parsed(parse=False)
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
point = sys.argv[1]
if point == "keep":
    done = erase.Erasure._keep
    erase.Erasure._keep = lambda *a: (done(*a), die())
elif point == "file":
    erase.rewrite_area = lambda *a: landing_rewrite.rewrite_area(*a, done=die)
else:
    done = getattr(erase.Erasure, point)
    setattr(erase.Erasure, point, lambda *a: (done(*a), die()))
erase.erase([sys.argv[2]], [], "asked for it", erase.Erasure(dbt=lambda arguments: None))
"""
FAILED = "Failquixville"
STEPS = ("keep", "note", "file", "rewrite", "clean_files")
LATE_STEPS = ("compact", "swap")


@dataclass
class Erased:
    """A warehouse before and after, and what was said about it."""

    warehouse: Warehouse
    original: Path
    before: dict[str, int]
    found_before: list[str]
    mentions: list[str]
    failed: list[str]
    exported: dict[str, str]
    first: Report
    report: Report
    kills: list[str]


def files(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file()]


def pattern_of(secrets: tuple[str, ...]) -> str:
    """A regular expression for Python and DuckDB that finds any of them in lower case.

    A number counts only where one begins, as surrogate keys begin with the business key: the decimals of a measured
    time and random ids hold any six digits sooner or later.
    """
    words = [re.escape(s.lower()) for s in secrets]
    return "|".join(rf"(?:^|[^0-9a-f.]){w}" if w[0].isdigit() else w for w in words)


def holding(paths: list[Path], secrets: tuple[str, ...] = planted.SECRETS) -> list[str]:
    """Files that hold a secret, whatever its letter case."""
    sought = re.compile(pattern_of(secrets).encode())
    return sorted(path.name for path in paths if sought.search(path.read_bytes().lower()))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, session: Path) -> Iterator[Path]:
    """A place of its own for all that erasures write."""
    place = tmp_path_factory.mktemp("erasure")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_KEYS", str(place / "keys"))
        patch.setenv("LANDING_DIR", str(place / "landing"))
        patch.setenv("WAREHOUSE_PATH", str(place / "warehouse" / "warehouse.duckdb"))
        patch.setenv("DBT_TARGET_PATH", str(session / "target"))
        patch.setenv("DBT_LOG_PATH", str(place / "warehouse" / "logs"))
        patch.setenv("ERASURE_REPORTS", str(place / "reports"))
        patch.setenv("SUBJECT_EXPORTS", str(place / "exports"))
        patch.setenv("PUBLISH_DIR", str(place / "published"))
        patch.setenv("ERASURE_COMPRESSION", "uncompressed")
        for module in (erase, export):
            patch.setattr(module, "read_manifest", lambda parse=True: persons.read_manifest(parse=False))
        yield place


@pytest.fixture(scope="module")
def erased(settings: Path, session: Path, landing: Path) -> Erased:
    """The planted person erased, by a process that was killed after each step and started again."""
    area = planted.plant(landing, settings / "landing")
    original = planted.plant(landing, settings / "original")
    mentions = planted.mention(area)
    warehouse = Warehouse(settings / "warehouse", area, session)
    warehouse.environment = {"WAREHOUSE_KEYS": str(settings / "keys")}
    warehouse.load()
    failed = fail_a_test(warehouse)
    before = totals(warehouse)
    found_before = tables_with_person(warehouse)
    lake = settings / "published" / "lake" / "analyst"
    for folder in (settings / "exports", settings / "published", lake, warehouse.folder / "logs"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "left.txt").write_text(f"row of {planted.EMAIL}", encoding="utf-8")

    folder, _, _ = export.export([str(planted.CUSTOMER)], [], [], settings / "exports")
    exported = {path.name: path.read_text(encoding="utf-8") for path in files(folder)}

    kills = [step for step in STEPS if killed_at(step)]
    begun = Erasure(dbt=lambda arguments: run(warehouse, arguments)).unfinished()
    assert begun is not None
    with_dbt = Erasure(dbt=lambda arguments: run(warehouse, arguments))
    (first,) = erase.erase([str(planted.CUSTOMER)], [], "asked for it", with_dbt)
    take_out(mentions, area, original)
    with_dbt.rebuild(begun)
    kills += [step for step in LATE_STEPS if killed_at(step)]
    reports = erase.erase([str(planted.CUSTOMER)], [], "asked for it", Erasure(dbt=lambda arguments: None))
    assert len(reports) == 1
    return Erased(warehouse, original, before, found_before, mentions, failed, exported, first, reports[0], kills)


def fail_a_test(warehouse: Warehouse) -> list[str]:
    """Let one of the project's tests fail by a row of the person's, which holds a word that nothing else does; returns
    the tables in which the word stands.
    """
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute(
            f"update core.dim_customer set end_date = effective_date, city = '{FAILED}' "
            f"where customer_id = {planted.CUSTOMER}"
        )
    assert warehouse.dbt("test", "--select", "dim_customer_history_is_continuous").code
    return tables_with_person(warehouse, (FAILED,))


def take_out(mentions: list[str], area: Path, original: Path) -> None:
    """Clean up the places that the report names: restore the original lines, remove other files."""
    for place in mentions:
        name, _, line = place.partition(", line ")
        if not (original / name).exists():
            (area / name).unlink()
            continue
        lines, theirs = ((folder / name).read_bytes().split(b"\n") for folder in (area, original))
        lines[int(line) - 1] = theirs[int(line) - 1]
        (area / name).write_bytes(b"\n".join(lines))


def run(warehouse: Warehouse, arguments: list[str]) -> None:
    at = arguments.index("--vars")
    ran = warehouse.dbt(*arguments[:at], **json.loads(arguments[at + 1]))
    assert ran.code == 0, ran.output


def killed_at(step: str) -> bool:
    command = [sys.executable, "-c", DRIVER, step, str(planted.CUSTOMER)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode == -signal.SIGKILL


def totals(warehouse: Warehouse) -> dict[str, int]:
    """Rows of each table of core, staging and of what was said about loads; sums of the facts."""
    with duckdb.connect(str(warehouse.path), read_only=True) as con:
        names = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() where schema_name in ('core', 'staging') "
            "or table_name in ('rejected_rows', 'reconciliation') order by 1"
        ).fetchall()
        found = {n: con.execute(f"select count(*) from {n}").fetchall()[0][0] for (n,) in names}
        for table, column in [
            ("core.fact_cash_balances", "cash"),
            ("core.dim_trade", "bid_price * quantity"),
            ("core.fact_holdings", "current_holding"),
            ("core.fact_market_history", "volume"),
        ]:
            found[f"{table} {column}"] = con.execute(f"select sum({column}) from {table}").fetchall()[0][0]
        for text, count in con.execute(
            "select message_text, count(*) from operations.di_messages where message_type = 'Alert' group by all"
        ).fetchall():
            found[f"alert {text}"] = count
        return found


def tables_with_person(warehouse: Warehouse, secrets: tuple[str, ...] = planted.SECRETS) -> list[str]:
    """Tables in which any column, read as text, holds a secret."""
    with duckdb.connect(str(warehouse.path), read_only=True) as con:
        names = con.execute("select schema_name || '.' || table_name from duckdb_tables() order by 1").fetchall()
        return [
            name
            for (name,) in names
            if con.execute(
                f"select 1 from {name} as t where regexp_matches(lower(t::varchar), $1) limit 1",
                [pattern_of(secrets)],
            ).fetchall()
        ]


def test_the_person_was_everywhere(erased: Erased) -> None:
    """Otherwise what follows would show nothing."""
    schemas = {name.split(".")[0] for name in erased.found_before}
    assert schemas == {"core", "intermediate", "operations", "staging", "quality_failures"}
    assert set(erased.failed) == {"core.dim_customer", "quality_failures.dim_customer_history_is_continuous"}
    assert {"operations.di_messages", "operations.rejected_rows", "core.fact_watches"} <= set(erased.found_before)
    assert len(holding(files(erased.original))) == 12


def test_an_export_finds_all_of_it(erased: Erased) -> None:
    """Free text of every kind, the rejected row, a failing test's rows; and, apart, where others' rows and files name
    the person, comments among them.
    """
    content = json.loads(erased.exported["subject.json"])
    text = erased.exported["subject.json"].lower()
    assert [s for s in planted.SECRETS if s.lower() not in text] == []
    said = ("& Sons", "Travel", "Gift to", "Loan to", f"{planted.NAME[1]} {planted.NEXT_NAME}", 'Vrang \\"Sons\\", Inc')
    assert [s for s in said if s.lower() not in text] == []
    rows = {f"{t['schema']}.{t['table']}": t["rows"] for t in content["tables"]}
    assert any("|F|8.5|" in row["raw_text"] for row in rows["operations.rejected_rows"])
    assert {row["city"] for row in rows["quality_failures.dim_customer_history_is_continuous"]} == {FAILED}
    elsewhere = erased.exported["named-elsewhere.txt"]
    assert [place for place in erased.mentions if f"/{place}\n" not in elsewhere] == []
    assert f"/Batch1/CustomerMgmt.xml, line {planted.comment_line(erased.original)}\n" in elsewhere
    assert "core.dim_account, column account_desc, " in elsewhere and str(planted.CUSTOMER) not in elsewhere


def test_every_place_that_names_the_person_is_listed(erased: Erased) -> None:
    """Rows of others, by file and line and by table, column and key; then it isn't complete, and nothing is swapped."""
    report = erased.first
    assert not report.is_complete and report.totals_changed == []
    landed = [f.partition("/landing/")[2] for f in report.found if f.startswith("the landing area: ")]
    assert sorted(landed) == erased.mentions
    (trade,) = (f for f in report.found if f.startswith("staging.stg_brokerage__trade, "))
    assert trade.startswith("staging.stg_brokerage__trade, column executed_by, trade_id "), trade
    columns = {", ".join(f.split(", ")[:2]) for f in report.found}
    assert {
        "staging.stg_brokerage__cash_transaction, column description",
        "staging.stg_brokerage__account, column account_desc",
        "core.dim_account, column account_desc",
    } <= columns, columns
    assert len(report.found) == len(set(report.found))
    assert not any(s.lower() in f.lower() for s in planted.SECRETS for f in report.found)


@pytest.mark.long
def test_what_remains_can_be_accepted(erased: Erased, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a reason, which is logged, and only what a report has listed before."""
    warehouse = erased.warehouse.copy(room / "warehouse", copy_landing(erased.warehouse.landing, room / "landing"))
    # What dbt has compiled for all tests is none of this person's business.
    ledger, target = room / "ledger.jsonl", room / "target"
    target.mkdir()
    shutil.copy(read_ledger().path, ledger)
    shutil.copy(warehouse.session / "target" / "manifest.json", target)
    places = {
        "WAREHOUSE_PATH": warehouse.path,
        "LANDING_DIR": warehouse.landing,
        "ERASURE_LEDGER": ledger,
        "DBT_TARGET_PATH": target,
    }
    for name, place in places.items():
        monkeypatch.setenv(name, str(place))
    customer = str(warehouse.query("select min(customer_id) from core.dim_customer where last_name <> 'ERASED'")[0][0])

    def erase_it(accept: str = "") -> Report:
        return erase.erase([customer], [], "asked for it", Erasure(dbt=lambda arguments: None, accept=accept))[-1]

    # Nothing is rebuilt, so the person stays in the warehouse: for this test, those are the places that remain.
    unseen = erase_it(accept="it is fine")
    assert unseen.found and unseen.accepted_mentions == [] and not unseen.is_complete
    begun = Erasure().unfinished()
    assert begun is not None
    value = next(n.value for n in begun.needles if not n.is_shared)
    (warehouse.landing / "late.txt").write_text(value, encoding="utf-8")
    late = erase_it(accept="it is fine")
    assert set(late.found) - set(late.accepted_mentions) == {f"the landing area: {warehouse.landing}/late.txt, line 1"}
    assert not late.is_complete
    with pytest.raises(PrivacyProblem, match="names the person"):
        erase_it(accept=f"it is only {value}")
    report = erase_it(accept="it is fine")
    assert report.is_complete and report.accepted_mentions == sorted(report.found)
    (detail,) = warehouse.query("select detail from operations.access_log where action = 'erase' order by entry")[-1]
    entry = json.loads(detail)
    assert (entry["accepted_because"], entry["accepted"]) == ("it is fine", len(report.found))
    assert "because: it is fine" in erase.as_text(report)


def test_it_was_killed_after_each_step_and_went_on(erased: Erased) -> None:
    assert erased.kills == [*STEPS, *LATE_STEPS]
    assert erased.report.is_complete, erased.report
    assert not list(erased.warehouse.folder.glob("*.erasing*")) and not list(erased.warehouse.folder.glob("*.erased*"))
    entries = erased.warehouse.query("select detail from operations.access_log where action = 'erase'")
    assert len(entries) == 1 and erased.report.erasure in entries[0][0]


def test_no_table_holds_the_person(erased: Erased) -> None:
    assert tables_with_person(erased.warehouse) == []
    row = erased.warehouse.query("select * from core.dim_customer where last_name like 'ERASED %' and is_current")
    assert len(row) == 1


def test_no_file_holds_the_person(erased: Erased, settings: Path) -> None:
    """Bytes of the warehouse, not compressed, of landed files, logs, exports, reports and the ledger."""
    words = (FAILED, *(s for s in planted.SECRETS if not s.isdigit()))
    everything = [p for p in files(settings) if not p.is_relative_to(erased.original)]
    assert erased.warehouse.path in everything
    assert holding(everything, words) == []
    texts = [p for p in everything if p.suffix != ".duckdb"]
    assert holding(texts) == []
    assert not [path for path in (settings / "published").rglob("*") if path.is_file()]


def test_totals_and_alerts_are_unchanged(erased: Erased) -> None:
    after = totals(erased.warehouse)
    assert after == erased.before
    assert after["alert DOB out of range"] >= 2 and after["alert Invalid customer tier"] >= 2


def test_the_next_load_finds_nothing_changed(erased: Erased, room: Path) -> None:
    """The rewritten files are on record as they are now."""
    again = erased.warehouse.copy(room / "again")
    again.environment = erased.warehouse.environment
    assert "are read again" not in again.load()
    assert again.unlike(erased.warehouse) == {}
    assert again.query("select status from operations.runs order by started_at desc limit 1") == [("success",)]


def test_controls_hold(erased: Erased) -> None:
    ran = erased.warehouse.dbt("test", "--select", "test_type:singular")
    assert ran.code == 0, ran.output


def test_raw_files_do_not_bring_the_person_back(erased: Erased, settings: Path, room: Path) -> None:
    """A new warehouse from the original files with the ledger has the rows of the one from the rewritten files."""
    again = Warehouse(room / "again", erased.original, erased.warehouse.session)
    again.environment = {"WAREHOUSE_KEYS": str(settings / "keys"), "ERASURE_LEDGER": str(read_ledger().path)}
    ran = again.dbt("run", "--full-refresh", max_rejected_share=1.0, through_batch=3)
    assert ran.code == 0, ran.output
    assert tables_with_person(again) == []
    assert totals(again) == erased.before
    unlike = set(again.unlike(erased.warehouse))
    by_place = {"staging.stg_crm__customer_mgmt"} | {f"intermediate.int_{n}_events" for n in ("customer", "account")}
    about_files = {"operations.landed_files", "operations.ignored_files", "operations.rejected_rows"}
    assert unlike <= by_place | about_files | {"operations.access_log"}, unlike


def test_lines_of_others_are_untouched(erased: Erased) -> None:
    """To the byte, in every file."""
    area = erased.warehouse.landing
    for path in files(erased.original):
        theirs = path.read_bytes().splitlines(keepends=True)
        # A comment that named the person is empty now.
        text = (area / path.relative_to(erased.original)).read_bytes().replace(b"<!---->", b"")
        ours = text.splitlines(keepends=True)
        present = set(ours)
        assert len(ours) >= len(theirs) - 8
        secrets = tuple(s.lower().encode() for s in planted.SECRETS)
        kept = [line for line in theirs if not any(s in line.lower() for s in secrets)]
        gone = [line for line in kept if line not in present]
        assert all(path.name == "CustomerMgmt.xml" and line.startswith(b" ") for line in gone), path.name


def test_rewriting_again_changes_nothing(erased: Erased) -> None:
    person = Person({"customer": {str(planted.CUSTOMER)}, "account": {str(planted.ACCOUNT)}})
    assert rewrite_area(erased.warehouse.landing, person, read_ledger()) == {}


def test_the_ledger_does_not_name_the_person(erased: Erased) -> None:
    ledger = read_ledger()
    assert holding([ledger.path]) == []
    replacement = ledger.replacement("customer", planted.CUSTOMER)
    assert replacement and 80_000_000_000 <= int(replacement) <= 92_233_720_367
    con = duckdb.connect()
    register(con)
    hashed = con.execute("select erasure_hash('customer', ?)", [str(planted.CUSTOMER)]).fetchall()
    assert hashed[0][0] == ledger.hash("customer", planted.CUSTOMER)


def test_a_lost_ledger_is_missed(erased: Erased, room: Path) -> None:
    """The warehouse remembers how long the ledger was."""
    warehouse = erased.warehouse.copy(room / "warehouse")
    warehouse.environment = {**erased.warehouse.environment, "ERASURE_LEDGER": str(room / "new.jsonl")}
    said = warehouse.refuse()
    assert "new.jsonl has 0 lines, and the access log says that it had" in said


def test_a_changed_ledger_is_refused(erased: Erased, room: Path) -> None:
    lines = read_ledger().path.read_bytes().splitlines(keepends=True)
    copy = room / "ledger.jsonl"
    copy.write_bytes(
        lines[0].replace(b'"kind": "customer"', b'"kind": "custumer"') + b'{"entry": 2, "previous": "0"}\n'
    )
    with pytest.raises(PrivacyProblem, match="line 2"):
        read_ledger(copy)
    copy.write_bytes(lines[0] + b'{"entry": 2, "prev')
    assert read_ledger(copy).entries == 1 and copy.read_bytes() == lines[0]


def test_a_hold_is_stronger(erased: Erased, monkeypatch: pytest.MonkeyPatch, room: Path) -> None:
    monkeypatch.setenv("ERASURE_LEDGER", str(room / "held.jsonl"))
    customer = str(erased.warehouse.query("select min(customer_id) from core.dim_customer")[0][0])
    ledger = read_ledger()
    hold = {"hash": ledger.hash("customer", customer), "until": "2999-01-01", "by": "file 7", "why": "a suit"}
    ledger.append({"type": "hold", **hold})
    with pytest.raises(erase.HeldProblem, match="until 2999-01-01, by file 7: a suit"):
        erase.erase([customer], [], "asked for it", Erasure(dbt=lambda arguments: None))
    assert read_ledger().replacements == {}
    ledger.append({"type": "release", "hash": hold["hash"]})
    assert read_ledger().hold_on(customer, date.today()) is None


def test_a_wrong_number_erases_no_one(erased: Erased) -> None:
    with pytest.raises(PrivacyProblem, match="No customer of this number"):
        erase.erase(["123456789"], [], "asked for it", Erasure(dbt=lambda arguments: None))


def test_the_search_finds_what_is_left(erased: Erased, room: Path) -> None:
    """A proof that can't fail proves nothing."""
    path = room / "left.txt"
    needles = [search.Needle("o'brien & sons", "name")]
    for text in ("O'BRIEN & SONS", "O&apos;Brien &amp; Sons", "x" * 100 + "o'brien & sons"):
        path.write_text(text, encoding="utf-8")
        assert search.files_with(room, needles) == [path]
    path.write_text("O'Brien and Sons", encoding="utf-8")
    assert search.files_with(room, needles) == []


def test_a_table_that_leads_to_no_person_is_refused() -> None:
    personal = Column("phone", "VARCHAR", {"classification": "personal", "kind": "contact"})
    key = Column("customer_id", "BIGINT", {"subject": "customer"})
    assert persons.unreachable([Table("marts", "clients", (personal, key))]) == []
    problems = persons.unreachable([Table("marts", "clients", (personal,))])
    assert len(problems) == 1 and "marts.clients has personal columns (phone)" in problems[0]
