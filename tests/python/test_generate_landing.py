"""The landing area that is generated: control totals, references, order of events, repeatability.

Everything is recounted with DuckDB from the files alone, by the rules of the warehouse.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

import duckdb
import pytest
from click.testing import CliRunner

from scripts.generate_landing.cli import main

REPOSITORY = Path(__file__).resolve().parents[2]
SCALE, DAYS, SEED = "0.05", 6, "11"
END = date(2017, 7, 7)

CUSTOMER = (
    "c_id tax_id st_id l_name f_name m_name gndr tier dob adline1 adline2 zipcode city state_prov ctry "
    "ctry1 area1 local1 ext1 ctry2 area2 local2 ext2 ctry3 area3 local3 ext3 email1 email2 lcl nat"
).split()
PROSPECT = (
    "agency_id last first middle gender adline1 adline2 zipcode city state country phone income cars "
    "children marital age rating owns employer cards net_worth"
).split()
# File: columns, first batch with it.
FILES = {
    "Account": ("ca_id ca_b_id ca_c_id ca_name ca_tax_st ca_st_id".split(), 2),
    "Customer": (CUSTOMER, 2),
    "Trade": (
        "t_id dts st_id tt_id is_cash symb qty bid ca_id exec price chrg comm tax".split(),
        1,
    ),
    "CashTransaction": ("ca_id dts amt name".split(), 1),
    "HoldingHistory": ("h_t_id t_id before_qty after_qty".split(), 1),
    "DailyMarket": ("dm_date symb close high low vol".split(), 1),
    "WatchHistory": ("c_id symb dts action".split(), 1),
}


def run(out: Path, *options: str) -> None:
    """Generate, and expect success."""
    arguments = ["--out", str(out), "--scale", SCALE, "--days", str(DAYS), "--seed", SEED, *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "MB/s" in result.output


def read(path: str, columns: list[str], separator: str = "|") -> str:
    """A scan of text files with named columns, all text."""
    quote = "'\"'" if separator == "," else "''"
    types = "{" + ", ".join(f"'{column}': 'VARCHAR'" for column in columns) + "}"
    return (
        f"read_csv('{path}', delim='{separator}', header=false, quote={quote}, escape={quote}, "
        f"columns={types}, filename=true, auto_detect=false, strict_mode=true)"
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small landing area."""
    path = tmp_path_factory.mktemp("landing") / "whole"
    run(path)
    return path


@pytest.fixture(scope="module")
def db(root: Path) -> duckdb.DuckDBPyConnection:
    """All files as tables; `batch`, `day` (batch date) and, in CDC files, `flag` and `dsn` are added."""
    con = duckdb.connect()
    con.execute("set preserve_insertion_order = true")
    con.execute(
        f"create table batches as select b as batch, date '{END}' + (b - 1)::int as day from range(1, {DAYS + 2}) r(b)"
    )
    batch = r"regexp_extract(filename, 'Batch(\d+)', 1)::int as batch"
    for name, (columns, first) in FILES.items():
        parts = [
            f"select cast(null as varchar) flag, cast(null as varchar) dsn, *, {batch} from {read(f'{root}/Batch1/{name}.txt', columns)}"
        ]
        later = f"select * , {batch} from {read(f'{root}/Batch[2-9]/{name}.txt', ['flag', 'dsn', *columns])}"
        query = " union all by name ".join((parts if first == 1 else []) + [later])
        con.execute(f"create table {name} as select *, row_number() over () as line from ({query})")
    con.execute(
        f"create table TradeHistory as select * from {read(f'{root}/Batch1/TradeHistory.txt', ['t_id', 'dts', 'st_id'])}"
    )
    con.execute(
        f"create table Prospect as select *, {batch} from {read(f'{root}/Batch*/Prospect.csv', PROSPECT, ',')}"
    )
    hr = "id manager first last mi code branch office phone".split()
    con.execute(f"create table HR as select * from {read(f'{root}/Batch1/HR.csv', hr, ',')}")
    con.execute(
        "create table audit (data_set text, batch int, date text, attribute text, value bigint, d_value double, file text)"
    )
    control: list[list[str | None]] = []
    for path in sorted(root.rglob("*_audit.csv")):
        lines = path.read_text().splitlines()
        assert lines[0] == "DataSet, BatchID, Date, Attribute, Value, DValue"
        control += [[*(value or None for value in row), path.name] for row in csv.reader(lines[1:])]
    insert(con, "audit", control)
    load_actions(con, root)
    load_newswire(con, root)
    load_people(con)
    return con


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Add rows, in bulk: by way of a file, which is a hundred times faster than by parameters."""
    names = con.table(table).columns
    types = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.writelines(json.dumps(dict(zip(names, row))) + "\n" for row in rows)
        file.flush()
        con.execute(
            f"insert into {table} select * from read_json('{file.name}', format='newline_delimited', columns={types})"
        )


def load_actions(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    """The customer system's history; properties as they are, a missing one is not there."""
    actions, properties = [], []
    tree = ElementTree.parse(root / "Batch1" / "CustomerMgmt.xml")
    assert tree.getroot().tag == "{http://www.tpc.org/tpc-di}Actions"
    for place, action in enumerate(tree.getroot()):
        customer, account = action.find("Customer"), action.find("Customer/Account")
        assert customer is not None
        ids = (customer.get("C_ID"), account.get("CA_ID") if account is not None else None)
        actions.append((place, action.get("ActionType"), action.get("ActionTS"), *ids))
        for element in customer.iter():
            values = (
                {}
                if len(element) or element.tag in ("Customer", "Account")
                else {element.tag: element.text or ""}
            )
            properties += [
                (place, name, value) for name, value in {**values, **element.attrib}.items()
            ]
    con.execute("create table action (place int, kind text, ts timestamp, c_id int, ca_id int)")
    insert(con, "action", actions)
    con.execute("create table property (place int, name text, value text)")
    insert(con, "property", properties)


def load_newswire(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    """Records of the newswire, cut by their widths."""
    widths = {
        "CMP": [15, 3, 60, 10, 4, 2, 4, 8, 80, 80, 12, 25, 20, 24, 46, 150],
        "SEC": [15, 3, 15, 6, 4, 70, 6, 13, 8, 8, 12, 60],
        "FIN": [15, 3, 4, 1, 8, 8, 17, 17, 12, 12, 12, 17, 17, 17, 13, 13, 60],
    }
    names = {
        "CMP": "pts kind name cik status industry rating founded line1 line2 zip city state country ceo description",
        "SEC": "pts kind symb issue status name ex shares traded here dividend ref",
        "FIN": "pts kind year qtr start posted revenue earnings eps diluted_eps margin inventory assets liability shares diluted ref",
    }
    rows: dict[str, list[list[str | None]]] = {kind: [] for kind in widths}
    for path in sorted((root / "Batch1").glob("FINWIRE??????")):
        stamps = []
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, at, fields = line[15:18], 0, []
            for width in widths[kind]:
                fields.append(line[at : at + width].strip() or None)
                at += width
            assert len(line) <= at
            year, month = line[:4], int(line[4:6])
            assert path.name == f"FINWIRE{year}Q{(month + 2) // 3}"
            stamps.append(line[:15])
            rows[kind].append([*fields, path.name])
        assert stamps == sorted(stamps)
    for kind, columns in names.items():
        listed = [*columns.split(), "file"]
        con.execute(f"create table {kind} ({', '.join(f'{c} text' for c in listed)})")
        insert(con, kind, rows[kind])
        con.execute(f"alter table {kind} add column day date")
        con.execute(f"update {kind} set day = strptime(pts[:8], '%Y%m%d')::date")


def load_people(con: duckdb.DuckDBPyConnection) -> None:
    """Who is there when: customers and accounts with first and last day; the changes of each."""
    con.execute("""
        create table c_change as
            select 1 as batch, c_id, ts::date as day, place as seq, kind from action where kind in ('NEW', 'UPDCUST', 'INACT')
            union all
            select batch, c_id::int, day, dsn::int, case when flag = 'I' then 'NEW' when st_id = 'INAC' then 'INACT' else 'UPDCUST' end
            from Customer join batches using (batch);
        create table customer_life as
            select c_id, min(day) as first_day, min(day) filter (kind = 'INACT') as last_day from c_change group by 1;
        create table a_own as
            select 1 as batch, ca_id, c_id, ts::date as day, kind from action where ca_id is not null
            union all
            select batch, ca_id::int, ca_c_id::int, day, case when flag = 'I' then 'NEW' when ca_st_id = 'INAC' then 'CLOSEACCT' else 'UPDACCT' end
            from Account join batches using (batch);
        create table account_life as
            select ca_id, any_value(c_id) as c_id, min(day) as first_day,
                   least(min(day) filter (kind = 'CLOSEACCT'), any_value(last_day)) as last_day
            from a_own left join customer_life using (c_id) group by 1;
        create table a_change as
            select batch, ca_id, day from a_own
            union all
            select c.batch, a.ca_id, c.day from c_change c join account_life a using (c_id)
            where c.kind <> 'NEW' and a.first_day <= c.day;
        create table company_name as
            select cik, name, day as first_day, coalesce(lead(day) over (partition by cik order by day), date '9999-12-31') as last_day
            from (select cik, day, arg_max(name, pts) as name from CMP group by 1, 2);
        create table symbol as select symb, min(day) as first_day from SEC group by 1;
    """)


def none(con: duckdb.DuckDBPyConnection, query: str) -> None:
    """Expect no rows; show some if there are."""
    assert con.execute(query).fetchmany(5) == []


def totals(con: duckdb.DuckDBPyConnection, attribute: str) -> dict[int, int]:
    """A control total by batch."""
    return dict(
        con.execute(
            "select batch, sum(value)::int from audit where attribute = ? group by 1", [attribute]
        ).fetchall()
    )


def counts(
    con: duckdb.DuckDBPyConnection, table: str, where: str = "true", what: str = "count(*)"
) -> dict[int, int]:
    """A recount by batch, 0 where there is nothing."""
    query = f"select batch, coalesce(n, 0) from batches left join (select batch, {what} as n from {table} where {where} group by 1) using (batch)"
    return dict(con.execute(query).fetchall())


def test_every_file_is_there(root: Path) -> None:
    first = {"Date", "Time", "StatusType", "TaxRate", "TradeType", "Industry", "TradeHistory"}
    for batch in range(1, DAYS + 2):
        folder = root / f"Batch{batch}"
        names = {path.name for path in folder.iterdir() if not path.name.startswith("FINWIRE")}
        data = {f"{name}.txt" for name, (_, start) in FILES.items() if start <= batch} | {
            "Prospect.csv"
        }
        data |= (
            {f"{name}.txt" for name in first} | {"CustomerMgmt.xml", "HR.csv"}
            if batch == 1
            else set()
        )
        audited = {name.split(".")[0] for name in data} - (first - {"TradeHistory"})
        assert names == data | {f"{name}_audit.csv" for name in audited} | {"BatchDate.txt"}
        assert (folder / "BatchDate.txt").read_text().strip() == str(
            END + timedelta(days=batch - 1)
        )
        newest = max(path.stat().st_mtime_ns for path in folder.iterdir())
        assert (folder / "BatchDate.txt").stat().st_mtime_ns == newest
    quarters = sorted(path.name for path in (root / "Batch1").glob("FINWIRE??????"))
    assert (
        quarters[0] == "FINWIRE1967Q1" and quarters[-1] == "FINWIRE2017Q3" and len(quarters) == 203
    )
    roots = {path.name for path in root.iterdir() if path.is_file()}
    assert roots == {f"Batch{b}_audit.csv" for b in range(1, DAYS + 2)} | {"Generator_audit.csv"}


def test_reference_data(root: Path) -> None:
    def lines(name: str) -> list[list[str]]:
        return [line.split("|") for line in (root / "Batch1" / name).read_text().splitlines()]

    days = lines("Date.txt")
    assert days[0][1] == "1950-01-01" and days[-1][1] == "2050-12-31"
    assert len(days) == (date(2050, 12, 31) - date(1950, 1, 1)).days + 1
    assert {len(row) for row in days} == {18} and {row[17] for row in days} == {"true", "false"}
    times = lines("Time.txt")
    assert (
        len(times) == 86_400
        and {len(row) for row in times} == {10}
        and times[-1][:2] == ["235959", "23:59:59"]
    )
    rates = lines("TaxRate.txt")
    assert len({row[0] for row in rates}) == len(rates) > 300
    assert all(re.fullmatch(r"0\.\d{5}", row[2]) for row in rates)
    assert [row[0] for row in lines("TradeType.txt")] == ["TMB", "TMS", "TSL", "TLS", "TLB"]
    assert len(lines("StatusType.txt")) == 6 and len(lines("Industry.txt")) == 102


def test_people_totals(db: duckdb.DuckDBPyConnection) -> None:
    for attribute, kind in (("C_NEW", "NEW"), ("C_UPDCUST", "UPDCUST"), ("C_INACT", "INACT")):
        assert totals(db, attribute) == counts(db, "c_change", f"kind = '{kind}'")
    swallowed = counts(db, "c_change", what="count(*) - count(distinct (c_id, day))")
    assert totals(db, "C_ID_HIST") == swallowed and sum(swallowed.values()) > 3
    images = """(
        select 1 as batch, day, (select value from property p where p.place = seq and name = 'C_TIER') as tier,
               (select value from property p where p.place = seq and name = 'C_DOB')::date as dob
        from c_change where batch = 1 and kind = 'NEW'
        union all select batch, day, tier, dob::date from Customer join batches using (batch))"""
    closing = f"case batch when 1 then date '{END}' else day end"
    assert totals(db, "C_TIER_INV") == counts(
        db, images, "tier is null or tier not in ('1', '2', '3')"
    )
    assert totals(db, "C_DOB_TY") == counts(db, images, f"dob > {closing}")
    assert totals(db, "C_DOB_TO") == counts(db, images, f"dob <= {closing} - interval 100 year")
    for attribute, kind in (("CA_UPDACCT", "UPDACCT"), ("CA_CLOSEACCT", "CLOSEACCT")):
        recount = counts(db, "a_own", f"kind = '{kind}'")
        # A row of an account that is inactive already changes it without closing it.
        if attribute == "CA_CLOSEACCT":
            assert totals(db, attribute)[1] == recount[1]
            assert all(total <= recount[batch] for batch, total in totals(db, attribute).items())
        else:
            assert totals(db, attribute)[1] == recount[1]
    opened = counts(db, "a_own", "kind in ('NEW', 'ADDACCT')")
    assert {b: n + totals(db, "C_NEW")[b] for b, n in totals(db, "CA_ADDACCT").items()} == opened
    rows = counts(db, "Account")
    parts = ("C_NEW", "CA_ADDACCT", "CA_UPDACCT", "CA_CLOSEACCT")
    assert all(sum(totals(db, part)[b] for part in parts) == n for b, n in rows.items() if b > 1)
    # What the warehouse holds itself to.
    customers = counts(db, "c_change", what="count(distinct (c_id, day))")
    accounts = counts(db, "a_change", what="count(distinct (ca_id, day))")
    for batch in range(1, DAYS + 2):
        upper = (
            sum(totals(db, a)[batch] for a in ("C_NEW", "C_INACT", "C_UPDCUST"))
            - totals(db, "C_ID_HIST")[batch]
        )
        assert customers[batch] >= upper
        own = sum(totals(db, a)[batch] for a in parts[1:]) - totals(db, "CA_ID_HIST")[batch]
        assert accounts[batch] >= own + upper > 0


def test_people_are_consistent(db: duckdb.DuckDBPyConnection, root: Path) -> None:
    none(db, "select * from action qualify ts < lag(ts) over (order by place)")
    assert db.execute(
        "select count(*) from (select ts from action group by 1 having count(*) > 1)"
    ).fetchone() > (0,)
    for column, table in (("c_id", "customer_life"), ("ca_id", "account_life")):
        assert db.execute(
            f"select min({column}), max({column}) + 1 = count(*) from {table}"
        ).fetchone() == (0, True)
    none(
        db,
        "select c_id from c_change where kind in ('NEW', 'INACT') group by c_id, kind having count(*) > 1",
    )
    # Nothing changes a customer before the first action or after the last.
    none(
        db,
        "select * from c_change qualify kind <> 'NEW' and row_number() over (partition by c_id order by day, seq) = 1",
    )
    none(
        db,
        "select * from c_change qualify lag(kind) over (partition by c_id order by day, seq) = 'INACT'",
    )
    none(
        db,
        "select * from action qualify kind not in ('NEW', 'ADDACCT') and ca_id is not null and row_number() over (partition by ca_id order by place) = 1",
    )
    none(
        db,
        "select * from a_own join customer_life using (c_id) where kind in ('NEW', 'ADDACCT') and (day < first_day or day > last_day)",
    )
    none(db, "select ca_id from a_own group by 1 having count(distinct c_id) > 1")
    none(
        db,
        "select * from Customer where st_id not in ('ACTV', 'INAC') or tax_id not similar to '[0-9]{3}-[0-9]{2}-[0-9]{4}'",
    )
    # Whoever leaves takes all accounts along; a new customer has an account in the same batch.
    none(
        db,
        """
        select a.ca_id from c_change c join account_life a using (c_id) where c.batch > 1 and c.kind = 'INACT'
        and not exists (select 1 from a_own o where o.ca_id = a.ca_id and o.kind = 'CLOSEACCT')
        and not exists (select 1 from action o where o.ca_id = a.ca_id and o.kind = 'CLOSEACCT')""",
    )
    none(
        db,
        "select c_id, batch from Customer c where flag = 'I' and not exists (select 1 from Account a where a.batch = c.batch and a.flag = 'I' and a.ca_c_id = c.c_id)",
    )
    brokers = "(select id from HR where code = '314')"
    none(db, f"select * from property where name = 'CA_B_ID' and value not in {brokers}")
    none(db, f"select * from Account where ca_b_id not in {brokers} or ca_b_id is null")
    none(db, "select * from HR where manager not in (select id from HR)")
    assert (
        totals(db, "HR_BROKERS")[1] == db.execute(f"select count(*) from {brokers}").fetchone()[0]
    )  # type: ignore[index]
    taxes = {
        line.split("|")[0] for line in (root / "Batch1" / "TaxRate.txt").read_text().splitlines()
    }
    used = db.execute(
        "select lcl from Customer union select nat from Customer union select value from property where name like '%TX_ID'"
    ).fetchall()
    assert {tax for (tax,) in used} <= taxes
    # A property that nothing has changed since the history is the same in a later image.
    for name, column in (
        ("C_L_NAME", "l_name"),
        ("C_ADLINE1", "adline1"),
        ("C_ALT_EMAIL", "email2"),
        ("C_CITY", "city"),
        ("C_M_NAME", "m_name"),
    ):
        none(
            db,
            f"""
            with known as (select c_id, arg_max(value, place) as value from action join property using (place)
                           where kind in ('NEW', 'UPDCUST') and name = '{name}' group by 1),
            image as (select c_id::int as c_id, arg_min(struct_pack(x := {column}), dsn::int).x as value, count(*) n, min(st_id) st
                      from Customer group by 1 having st = 'INAC' and n = 1)
            select * from known join image using (c_id) where coalesce(known.value, '') <> coalesce(image.value, '')""",
        )


def test_newswire(db: duckdb.DuckDBPyConnection, root: Path) -> None:
    for kind, key in (("CMP", "cik"), ("SEC", "symb"), ("FIN", "(ref, year, qtr)")):
        recount = dict(db.execute(f"select file, count(*) from {kind} group by 1").fetchall())
        total = dict(
            db.execute(
                f"select file[:13], value from audit where attribute = 'FW_{kind}' and value > 0"
            ).fetchall()
        )
        assert total == recount
        double = db.execute(
            f"select coalesce(sum(n - 1), 0)::int from (select count(*) n from {kind} group by file, day, {key})"
        ).fetchone()
        assert double == (totals(db, f"FW_{kind}_DUP")[1],)
    none(db, "select cik from CMP group by name, cik qualify count(*) over (partition by name) > 1")
    none(db, "select * from CMP where name similar to '[0-9]{10}' or industry is null")
    industries = {
        line.split("|")[0] for line in (root / "Batch1" / "Industry.txt").read_text().splitlines()
    }
    assert {i for (i,) in db.execute("select distinct industry from CMP").fetchall()} <= industries
    by_name = db.execute("select avg((ref not similar to '[0-9]{10}')::int) from FIN").fetchone()
    assert by_name and 0.4 < by_name[0] < 0.6
    for kind in ("SEC", "FIN"):
        # Every record finds one company, by number or by the name in force that day.
        none(
            db,
            f"""
            select r.ref, r.day, count(c.cik) from {kind} r left join company_name c
            on r.day >= c.first_day and r.day < c.last_day and r.ref = case when r.ref similar to '[0-9]{{10}}' then c.cik else c.name end
            group by r.pts, r.ref, r.day, r.file, r.rowid having count(c.cik) <> 1""",
        )
    none(
        db,
        "select * from SEC where not exists (select 1 from CMP where CMP.pts < SEC.pts and (CMP.cik = ref or CMP.name = ref))",
    )
    none(
        db,
        "select * from FIN where abs(earnings::double / shares::double - eps::double) > 0.4 or abs(earnings::double / diluted::double - diluted_eps::double) > 0.4",
    )
    none(
        db,
        "select * from FIN where start <> strftime(make_date(year::int, qtr::int * 3 - 2, 1), '%Y%m%d') or posted <> pts[:8] or day < make_date(year::int, qtr::int * 3 - 2, 1) + interval 3 month",
    )
    versions = db.execute("""
        with company as (select distinct cik, day from CMP),
        own as (select s.symb, s.day, c.cik from SEC s join company_name c on s.day >= c.first_day and s.day < c.last_day and s.ref in (c.cik, c.name)),
        upper as (select o.symb, c.day from (select symb, min(day) as day, any_value(cik) as cik from own group by 1) o join company c using (cik) where c.day > o.day)
        select (select count(*) from (select symb, day from own union select * from upper)) >= (select count(*) from SEC)""").fetchone()
    assert versions == (True,)


def test_trades(db: duckdb.DuckDBPyConnection) -> None:
    assert totals(db, "T_Records") == counts(db, "Trade")
    assert totals(db, "T_NEW") == counts(db, "Trade", "flag = 'I' or batch = 1")
    assert totals(db, "T_CanceledTrades") == counts(db, "Trade", "st_id = 'CNCL'")
    assert totals(db, "T_InvalidCommision") == counts(
        db, "Trade", "comm::decimal(18,2) > price::decimal(18,2) * qty::int"
    )
    assert totals(db, "T_InvalidCharge") == counts(
        db, "Trade", "chrg::decimal(18,2) > price::decimal(18,2) * qty::int"
    )
    assert totals(db, "T_InvalidCommision")[1] > 0 and totals(db, "T_InvalidCharge")[1] > 0
    history = "(select 1 as batch, h.*, tt_id from TradeHistory h join Trade t on t.t_id = h.t_id and t.batch = 1)"
    assert totals(db, "TH_Records")[1] == counts(db, history)[1]
    for name, status in (("TLB", "PNDG"), ("TLS", "PNDG"), ("TMB", "SBMT"), ("TMS", "SBMT")):
        assert (
            totals(db, f"TH_{name}Trades")[1]
            == counts(db, history, f"tt_id = '{name}' and st_id = '{status}'")[1]
        )
    assert (
        totals(db, "TH_CanceledLTrades")[1]
        == counts(db, history, "tt_id not in ('TMB', 'TMS') and st_id = 'CNCL'")[1]
    )
    none(db, "select t_id from Trade where flag = 'I' or batch = 1 group by 1 having count(*) > 1")
    none(
        db,
        "select * from Trade where (st_id = 'CMPT') <> (num_nulls(price, chrg, comm, tax) = 0) or (st_id <> 'CMPT') <> (num_nulls(price, chrg, comm, tax) = 4)".replace(
            "num_nulls(price, chrg, comm, tax)",
            "((price is null)::int + (chrg is null)::int + (comm is null)::int + (tax is null)::int)",
        ),
    )
    # The history's last event is what Trade says; later rows follow from it in order.
    none(
        db,
        "select * from Trade t join (select t_id, arg_max(st_id, dts) st, max(dts) dts from TradeHistory group by 1) h using (t_id) where t.batch = 1 and (t.st_id <> h.st or t.dts <> h.dts)",
    )
    db.execute("""create or replace table t_event as
        select t_id::bigint t_id, dts::timestamp dts, st_id, 1 as batch, 0 as dsn from TradeHistory
        union all select t_id::bigint, dts::timestamp, st_id, batch, dsn::int from Trade where batch > 1""")
    db.execute("""create or replace table t_life as
        select t_id, string_agg(st_id, ' ' order by batch, dts, dsn) as path, any_value(tt_id) as tt, min(e.dts) as created,
               max(e.dts) filter (st_id in ('CMPT', 'CNCL')) as closed, any_value(ca_id)::int as ca_id, any_value(symb) as symb
        from t_event e join (select t_id::bigint t_id, any_value(tt_id) tt_id, any_value(ca_id) ca_id, any_value(symb) symb from Trade group by 1) using (t_id) group by 1""")
    none(
        db,
        """select * from t_life where not (case when tt in ('TMB', 'TMS') then path in ('SBMT', 'SBMT CMPT', 'SBMT CNCL')
        else path in ('PNDG', 'PNDG SBMT', 'PNDG CNCL', 'PNDG SBMT CMPT', 'PNDG SBMT CNCL') end)""",
    )
    none(
        db,
        "select * from Trade join batches using (batch) where case when batch = 1 then dts::date > day else dts::date <> day end",
    )
    none(
        db,
        "select * from t_life t join account_life a using (ca_id) where created::date <= first_day or coalesce(closed, created)::date >= last_day",
    )
    none(db, "select * from t_life where ca_id not in (select ca_id from account_life)")
    none(
        db,
        "select * from t_life t left join symbol s using (symb) where s.first_day is null or created::date < s.first_day",
    )
    none(
        db,
        """select t.t_id from Trade t join DailyMarket d on d.symb = t.symb and d.dm_date = left(t.dts, 10)
        where t.price is not null and not price::decimal(12,2) between low::decimal(12,2) and high::decimal(12,2)""",
    )
    for file in ("Trade", "WatchHistory", "DailyMarket", "CashTransaction", "HoldingHistory"):
        none(
            db,
            f"select * from {file} where batch > 1 qualify dsn::int <= lag(dsn::int) over (order by batch, line)",
        )
    open_orders = db.execute(
        "select count(*) from Trade u where batch > 2 and flag = 'U' and t_id in (select t_id from Trade where batch = 1)"
    ).fetchone()
    assert open_orders and open_orders[0] > 0


def test_holdings_and_cash(db: duckdb.DuckDBPyConnection) -> None:
    assert totals(db, "HH_RECORDS") == counts(db, "HoldingHistory")
    assert totals(db, "CT_Records") == counts(db, "CashTransaction")
    assert totals(db, "CT_Trades") == counts(db, "CashTransaction", "name <> 'Deposit'")
    done = "(select batch, t_id::bigint t_id, dts, ca_id, symb, qty::int qty, tt_id in ('TMB', 'TLB') buys, is_cash, price::decimal(12,2) price, chrg::decimal(12,2) chrg, comm::decimal(12,2) comm from Trade where st_id = 'CMPT')"
    none(
        db,
        f"select * from HoldingHistory h left join {done} t on t.t_id = h.t_id::bigint and t.batch = h.batch where t.t_id is null",
    )
    none(
        db,
        f"select t.t_id from {done} t left join HoldingHistory h on t.t_id = h.t_id::bigint group by t.t_id, t.qty having sum(abs(after_qty::int - before_qty::int)) is distinct from t.qty",
    )
    none(
        db,
        f"select * from HoldingHistory h join {done} t on t.t_id = h.t_id::bigint where buys and (h.h_t_id <> h.t_id or before_qty <> '0' or after_qty::int <> qty)",
    )
    # Each holding: opened once, then what was left before is what is held now; never less than nothing.
    none(
        db,
        f"""select h_t_id, before_qty, after_qty from HoldingHistory h join {done} t on t.t_id = h.t_id::bigint
        qualify before_qty::int <> coalesce(lag(after_qty::int) over (partition by h_t_id order by dts, t.t_id), 0) or after_qty::int < 0""",
    )
    # The same account and security; the oldest holding first.
    none(
        db,
        f"select * from HoldingHistory h join {done} t on t.t_id = h.t_id::bigint join {done} o on o.t_id = h.h_t_id::bigint where t.ca_id <> o.ca_id or t.symb <> o.symb or o.dts > t.dts",
    )
    none(
        db,
        f"""
        with change as (select o.t_id as lot, o.ca_id, o.symb, o.dts as opened, t.dts, t.buys, after_qty::int as rest
                        from HoldingHistory h join {done} t on t.t_id = h.t_id::bigint join {done} o on o.t_id = h.h_t_id::bigint),
        older as (select s.lot, s.dts, c.lot as old, arg_max(c.rest, (c.dts, -c.rest)) as rest
                  from change s join change c on c.ca_id = s.ca_id and c.symb = s.symb and c.opened < s.opened and c.dts <= s.dts
                  where not s.buys group by all)
        select * from older where rest <> 0""",
    )
    none(
        db,
        f"""select t.t_id from (select * from {done} where is_cash = '1') t left join CashTransaction c
        on c.name like '%(trade ' || t.t_id || ')' and c.batch = t.batch and c.ca_id = t.ca_id and left(c.dts, 10) = left(t.dts, 10)
        where c.amt is null or c.amt::decimal(18,2) <> case when buys then -1 else 1 end * price * qty - chrg - comm""",
    )
    none(
        db,
        "select * from CashTransaction join batches using (batch) where case when batch = 1 then dts::date > day else dts::date <> day end",
    )
    none(
        db,
        "select * from CashTransaction c left join account_life a on a.ca_id = c.ca_id::int where a.first_day is null or c.dts::date < first_day",
    )
    assert db.execute(
        "select count(*) > 0 from (select 1 from CashTransaction group by ca_id, left(dts, 10) having count(*) > 1)"
    ).fetchone() == (True,)


def test_market_and_watches(db: duckdb.DuckDBPyConnection) -> None:
    assert totals(db, "DM_RECORDS") == counts(db, "DailyMarket")
    none(db, "select symb, dm_date from DailyMarket group by all having count(*) > 1")
    none(
        db,
        "select * from DailyMarket join batches using (batch) where case when batch = 1 then dm_date::date >= day else dm_date::date <> day - 1 end",
    )
    none(
        db,
        "select * from DailyMarket d left join symbol s using (symb) where s.first_day is null or d.dm_date::date < s.first_day",
    )
    none(
        db,
        "select * from DailyMarket where not (0 < low::decimal(12,2) and low::decimal(12,2) <= close::decimal(12,2) and close::decimal(12,2) <= high::decimal(12,2))",
    )
    assert totals(db, "WH_RECORDS") == counts(db, "WatchHistory")
    assert totals(db, "WH_ACTIVE") == counts(db, "WatchHistory", "action = 'ACTV'")
    pair = "over (partition by c_id, symb order by dts)"
    none(
        db,
        f"select * from WatchHistory qualify dts = lag(dts) {pair} or action = coalesce(lag(action) {pair}, 'CNCL')",
    )
    none(
        db,
        "select * from WatchHistory join batches using (batch) where case when batch = 1 then dts::date > day else dts::date <> day end",
    )
    none(
        db,
        "select * from WatchHistory w left join symbol s using (symb) where s.first_day is null or w.dts::date < s.first_day",
    )
    none(
        db,
        "select * from WatchHistory w left join customer_life c on c.c_id = w.c_id::int where first_day is null or w.dts::date < first_day or w.dts::date >= last_day",
    )
    again, carried = db.execute(f"""
        with e as (select *, row_number() {pair} as n, lag(batch) {pair} as before from WatchHistory)
        select count(*) filter (action = 'ACTV' and n > 1), count(*) filter (action = 'CNCL' and before < batch) from e""").fetchone()  # type: ignore[misc]
    assert again > 0 and carried > 0


def test_prospects(db: duckdb.DuckDBPyConnection) -> None:
    assert totals(db, "P_RECORDS") == counts(db, "Prospect")
    first = "(select agency_id, min(batch) as batch from Prospect group by 1)"
    assert totals(db, "P_NEW") == counts(db, first)
    none(db, "select batch, agency_id from Prospect group by all having count(*) > 1")
    key = "upper(concat_ws('|', coalesce(last, ''), coalesce(first, ''), coalesce(adline1, ''), coalesce(adline2, ''), coalesce(zipcode, '')))"
    none(db, f"select batch, {key} from Prospect group by all having count(distinct agency_id) > 1")
    names = {
        "C_L_NAME": "last",
        "C_F_NAME": "first",
        "C_ADLINE1": "adline1",
        "C_ADLINE2": "adline2",
        "C_ZIPCODE": "zipcode",
    }
    states = ", ".join(
        f"arg_max(value, place) filter (name = '{name}') as {column}"
        for name, column in names.items()
    )
    db.execute(f"""create or replace table address as
        select 1 as batch, c_id, 0 as dsn, {states} from action join property using (place) where kind in ('NEW', 'UPDCUST') group by 1, 2
        union all select batch, c_id::int, dsn::int, l_name, f_name, adline1, adline2, zipcode from Customer""")
    matching = dict(
        db.execute(f"""
        with now as (select b.batch, c_id, arg_max(struct_pack(k := {key}), (a.batch, dsn)).k as key
                     from batches b join address a on a.batch <= b.batch group by 1, 2),
        live as (select now.* from now join customer_life c using (c_id) join batches b using (batch) where c.last_day is null or c.last_day > b.day)
        select p.batch, count(*) from (select batch, {key} as key from Prospect) p where exists (select 1 from live where live.batch = p.batch and live.key = p.key) group by 1
        """).fetchall()
    )
    assert totals(db, "P_C_MATCHING") == matching and matching[1] > 20
    changed, gone, back = db.execute("""
        with p as (select agency_id, batch, md5(p::text) as h from (select * exclude (filename, batch), batch from Prospect) p),
        s as (select agency_id, batch, lead(batch) over w as next from p window w as (partition by agency_id order by batch))
        select (select count(*) from (select agency_id from (select * exclude (filename, batch) from Prospect group by all) group by 1 having count(*) > 1)),
               count(*) filter (next is null and batch <= 6), count(*) filter (next > batch + 1) from s""").fetchone()  # type: ignore[misc]
    assert changed > 0 and gone > 0 and back > 0


def fingerprint(root: Path) -> dict[str, str]:
    """A digest of each file."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*")) if path.is_file()
    }  # fmt: skip


def test_same_seed_same_bytes(root: Path, tmp_path: Path) -> None:
    run(tmp_path / "again", "--workers", "7")
    assert fingerprint(tmp_path / "again") == fingerprint(root)


def test_parts_hold_the_same_rows(root: Path, tmp_path: Path) -> None:
    run(tmp_path / "parts", "--split", "3")
    split = (
        "Trade",
        "TradeHistory",
        "CashTransaction",
        "HoldingHistory",
        "DailyMarket",
        "WatchHistory",
    )
    for folder in sorted(root.glob("Batch?")):
        other = tmp_path / "parts" / folder.name
        for path in folder.iterdir():
            if path.stem in split:
                rows: list[bytes] = []
                for part in (1, 2, 3):
                    rows += (other / f"{path.stem}_{part}.txt").read_bytes().splitlines()
                assert sorted(rows) == sorted(path.read_bytes().splitlines())
                assert not (other / path.name).exists()
            else:
                assert (other / path.name).read_bytes() == path.read_bytes()


def test_more_days_do_not_change_the_earlier_ones(root: Path, tmp_path: Path) -> None:
    run(tmp_path / "short", "--days", "2")
    whole = fingerprint(root)
    short = {
        name: digest
        for name, digest in fingerprint(tmp_path / "short").items()
        if not name.startswith("Generator")
    }
    assert short == {name: whole[name] for name in short} and "Batch3/Trade.txt" in short


def test_other_seed_other_rows(root: Path, tmp_path: Path) -> None:
    run(tmp_path / "other", "--seed", "12", "--days", "0")
    assert (tmp_path / "other/Batch1/Trade.txt").read_bytes() != (
        root / "Batch1/Trade.txt"
    ).read_bytes()
    assert not (tmp_path / "other/Batch2").exists()


def test_end_of_history(tmp_path: Path) -> None:
    run(tmp_path / "leap", "--end-of-history", "2020-02-29", "--scale", "0.01", "--days", "2")
    assert (tmp_path / "leap/Batch3/BatchDate.txt").read_text() == "2020-03-02\n"
    names = sorted(path.name for path in (tmp_path / "leap/Batch1").glob("FINWIRE??????"))
    assert names[-1] == "FINWIRE2020Q1"


def test_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    command = [sys.executable, "-m", "scripts.generate_landing", "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "is not empty" in result.stderr and "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
