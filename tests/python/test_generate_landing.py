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
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from scripts.generate_landing.__main__ import main

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
SCALE, DAYS, SEED = "0.05", 6, "11"
END = date(2017, 7, 7)

# Columns as name or name:type; text where no type is given.
FILES = {
    "Customer": """c_id:int tax_id st_id l_name f_name m_name gndr tier dob:date adline1 adline2
        zipcode city state_prov ctry ctry1 area1 local1 ext1 ctry2 area2 local2 ext2
        ctry3 area3 local3 ext3 email1 email2 lcl nat""",
    "Account": "ca_id:int ca_b_id c_id:int ca_name ca_tax_st:int st_id",
    "Trade": """t_id:bigint dts:timestamp st_id tt_id is_cash symb qty:int bid:decimal(12,2)
        ca_id:int exec price:decimal(12,2) chrg:decimal(12,2) comm:decimal(12,2) tax:decimal(12,2)""",
    "CashTransaction": "ca_id:int dts:timestamp amt:decimal(18,2) name",
    "HoldingHistory": "h_t_id:bigint t_id:bigint before_qty:int after_qty:int",
    "DailyMarket": """dm_date:date symb close:decimal(12,2) high:decimal(12,2) low:decimal(12,2)
        vol:bigint""",
    "WatchHistory": "c_id:int symb dts:timestamp action",
}
ONLY_DAILY = {"Customer", "Account"}
PROSPECT = """agency_id last first middle gender adline1 adline2 zipcode city state country phone
    income:int cars:int children:int marital age:int rating:int owns employer cards:int net_worth:int"""
NEWSWIRE = {
    "CMP": """pts:15 kind:3 name:60 cik:10 status:4 industry:2 rating:4 founded:8 line1:80 line2:80
        zip:12 city:25 state:20 country:24 ceo:46 description:150""",
    "SEC": """pts:15 kind:3 symb:15 issue:6 status:4 name:70 ex:6 shares:13 traded:8 here:8
        dividend:12 ref:60""",
    "FIN": """pts:15 kind:3 year:4 qtr:1 start:8 posted:8 revenue:17 earnings:17 eps:12
        diluted_eps:12 margin:12 inventory:17 assets:17 liability:17 shares:13 diluted:13 ref:60""",
}


class Recount:
    """The files as tables, and the questions that are put to them."""

    def __init__(self) -> None:
        self.con = duckdb.connect()

    def rows(self, query: str) -> list[Any]:
        """All rows of an answer."""
        return self.con.execute(query).fetchall()

    def one(self, query: str) -> Any:
        """The first row of an answer."""
        return self.con.execute(query).fetchone()

    def none(self, query: str) -> None:
        """Expect no rows; show some if there are."""
        assert self.con.execute(query).fetchmany(5) == []

    def totals(self, attribute: str) -> dict[int, int]:
        """A control total by batch."""
        where = f"where attribute = '{attribute}'"
        return dict(self.rows(f"select batch, sum(value)::int from audit {where} group by 1"))

    def counts(self, table: str, where: str = "true", what: str = "count(*)") -> dict[int, int]:
        """A recount by batch, 0 where there is nothing."""
        recount = f"(select batch, {what} as n from {table} where {where} group by 1)"
        query = f"select batch, coalesce(n, 0) from batches left join {recount} using (batch)"
        return dict(self.rows(query))

    def dated_within_batch(self, table: str) -> None:
        """Rows of the history lie before its end, rows of a day on that day."""
        self.none(f"""from {table} join batches using (batch)
            where if(batch = 1, dts::date > day, dts::date <> day)""")


def run(out: Path, *options: str) -> None:
    """Generate, and expect success."""
    arguments = ["--out", str(out), "--scale", SCALE, "--days", str(DAYS), "--seed", SEED, *options]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "MB/s" in result.output


def read(path: str, columns: str, separator: str = "|") -> str:
    """A scan of text files, with the batch that each row comes from."""
    quote = "'\"'" if separator == "," else "''"
    pairs = [(column + ":varchar").split(":")[:2] for column in columns.split()]
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in pairs)
    return (
        "(select * exclude (filename), regexp_extract(filename, 'Batch(\\d+)', 1)::int as batch "
        f"from read_csv('{path}', delim='{separator}', header=false, quote={quote}, "
        f"escape={quote}, columns={{{types}}}, filename=true, auto_detect=false))"
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small landing area."""
    path = tmp_path_factory.mktemp("landing") / "whole"
    run(path)
    return path


@pytest.fixture(scope="module")
def db(root: Path) -> Recount:
    """All files as tables, each row with its batch and, in CDC files, flag and sequence number."""
    recount = Recount()
    con = recount.con
    con.execute(f"""create table batches as
        select b::int as batch, date '{END}' + (b - 1)::int as day from range(1, {DAYS + 2}) r(b)""")
    for name, columns in FILES.items():
        query = f"from {read(f'{root}/Batch[2-9]/{name}.txt', 'flag dsn:int ' + columns)}"
        if name not in ONLY_DAILY:
            query += f" union all by name from {read(f'{root}/Batch1/{name}.txt', columns)}"
        con.execute(f"create table {name} as select *, row_number() over () as line from ({query})")
    history = read(f"{root}/Batch1/TradeHistory.txt", "t_id:bigint dts:timestamp st_id")
    con.execute(f"create table TradeHistory as from {history}")
    con.execute(f"create table Prospect as from {read(f'{root}/Batch*/Prospect.csv', PROSPECT, ',')}")
    staff = "id manager first last mi code branch office phone"
    con.execute(f"create table HR as from {read(f'{root}/Batch1/HR.csv', staff, ',')}")
    load_totals(con, root)
    load_actions(con, root)
    load_newswire(con, root)
    derive(con)
    return recount


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Add rows by way of a file, which is a hundred times faster than by parameters."""
    names = con.table(table).columns
    types = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.writelines(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows)
        file.flush()
        con.execute(f"insert into {table} from read_json('{file.name}', columns={types}, format='nd')")


def load_totals(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    """The control totals, with the file that each comes from."""
    rows: list[list[str | None]] = []
    for path in sorted(root.rglob("*_audit.csv")):
        lines = path.read_text().splitlines()
        assert lines[0] == "DataSet, BatchID, Date, Attribute, Value, DValue"
        rows += [[*(value or None for value in row), path.name] for row in csv.reader(lines[1:])]
    con.execute("""create table audit (data_set text, batch int, date text, attribute text,
        value bigint, d_value double, file text)""")
    insert(con, "audit", rows)


def load_actions(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    """The customer system's history; a property that is missing is not there."""
    actions, properties = [], []
    tree = ElementTree.parse(root / "Batch1" / "CustomerMgmt.xml")
    assert tree.getroot().tag == "{http://www.tpc.org/tpc-di}Actions"
    for place, action in enumerate(tree.getroot()):
        customer, account = action.find("Customer"), action.find("Customer/Account")
        assert customer is not None
        ids = (customer.get("C_ID"), account.get("CA_ID") if account is not None else None)
        actions.append((place, action.get("ActionType"), action.get("ActionTS"), *ids))
        for element in customer.iter():
            leaf = not len(element) and element.tag not in ("Customer", "Account")
            values = {element.tag: element.text or ""} if leaf else {}
            properties += [(place, *pair) for pair in {**values, **element.attrib}.items()]
    con.execute("create table action (place int, kind text, ts timestamp, c_id int, ca_id int)")
    insert(con, "action", actions)
    con.execute("create table property (place int, name text, value text)")
    insert(con, "property", properties)


def load_newswire(con: duckdb.DuckDBPyConnection, root: Path) -> None:
    """Records of the newswire, cut by their widths."""
    layouts = {kind: [column.split(":") for column in text.split()] for kind, text in NEWSWIRE.items()}
    rows: dict[str, list[list[str | None]]] = {kind: [] for kind in layouts}
    for path in sorted((root / "Batch1").glob("FINWIRE??????")):
        stamps = []
        for line in path.read_text(encoding="utf-8").splitlines():
            kind, at, fields = line[15:18], 0, []
            for _, width in layouts[kind]:
                fields.append(line[at : at + int(width)].strip() or None)
                at += int(width)
            assert len(line) <= at
            assert path.name == f"FINWIRE{line[:4]}Q{(int(line[4:6]) + 2) // 3}"
            stamps.append(line[:15])
            day = f"{line[:4]}-{line[4:6]}-{line[6:8]}"
            rows[kind].append([*fields, path.name, day])
        assert stamps == sorted(stamps)
    for kind, layout in layouts.items():
        columns = ", ".join(f"{name} text" for name, _ in layout)
        con.execute(f"create table {kind} ({columns}, file text, day date)")
        insert(con, kind, rows[kind])


def derive(con: duckdb.DuckDBPyConnection) -> None:
    """Who is there when, and what happens to whom: the same questions come up in many tests."""
    con.execute("""
        create table c_change as
            select 1 as batch, c_id, ts::date as day, place as seq, kind from action
            where kind in ('NEW', 'UPDCUST', 'INACT')
            union all
            select batch, c_id, day, dsn,
                case when flag = 'I' then 'NEW' when st_id = 'INAC' then 'INACT' else 'UPDCUST' end
            from Customer join batches using (batch);
        create table customer_life as
            select c_id, min(day) as first_day, min(day) filter (kind = 'INACT') as last_day
            from c_change group by 1;
        create table a_own as
            select 1 as batch, ca_id, c_id, ts::date as day, kind from action where ca_id is not null
            union all
            select batch, ca_id, c_id, day,
                case when flag = 'I' then 'NEW' when st_id = 'INAC' then 'CLOSEACCT' else 'UPDACCT' end
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
            select cik, name, day as first_day,
                lead(day, 1, date '9999-12-31') over (partition by cik order by day) as last_day
            from (select cik, day, arg_max(name, pts) as name from CMP group by 1, 2);
        create table symbol as select symb, min(day) as first_day from SEC group by 1;
        create table event as
            select 1 as batch, t_id, dts, st_id, 0 as dsn from TradeHistory
            union all select batch, t_id, dts, st_id, dsn from Trade where batch > 1;
        create table life as
            select t_id, string_agg(e.st_id, ' ' order by e.batch, e.dsn, e.dts) as path,
                any_value(t.tt_id) as tt_id, any_value(t.ca_id) as ca_id, any_value(t.symb) as symb,
                min(e.dts) as created, max(e.dts) filter (e.st_id in ('CMPT', 'CNCL')) as closed
            from event e join (select distinct t_id, tt_id, ca_id, symb from Trade) t using (t_id)
            group by 1;
        create table done as
            select *, tt_id in ('TMB', 'TLB') as buys from Trade where st_id = 'CMPT';
        create table change as
            select h.*, o.t_id as lot, o.dts as opened, o.ca_id as lot_ca_id, o.symb as lot_symb,
                t.dts, t.ca_id, t.symb, t.buys, t.qty
            from HoldingHistory h join done t on t.t_id = h.t_id and t.batch = h.batch
            join done o on o.t_id = h.h_t_id;
    """)


def test_every_file_is_there(root: Path) -> None:
    once = {"Date", "Time", "StatusType", "TaxRate", "TradeType", "Industry", "TradeHistory"}
    for batch in range(1, DAYS + 2):
        folder = root / f"Batch{batch}"
        names = {path.name for path in folder.iterdir() if not path.name.startswith("FINWIRE")}
        data = {f"{name}.txt" for name in FILES if batch > 1 or name not in ONLY_DAILY}
        data |= {"Prospect.csv"}
        if batch == 1:
            data |= {f"{name}.txt" for name in once} | {"CustomerMgmt.xml", "HR.csv"}
        audited = {name.split(".")[0] for name in data} - (once - {"TradeHistory"})
        assert names == data | {f"{name}_audit.csv" for name in audited} | {"BatchDate.txt"}
        last = folder / "BatchDate.txt"
        assert last.read_text() == f"{END + timedelta(days=batch - 1)}\n"
        assert last.stat().st_mtime_ns == max(path.stat().st_mtime_ns for path in folder.iterdir())
    quarters = sorted(path.name for path in (root / "Batch1").glob("FINWIRE??????"))
    assert (quarters[0], quarters[-1], len(quarters)) == ("FINWIRE1967Q1", "FINWIRE2017Q3", 203)
    roots = {path.name for path in root.iterdir() if path.is_file()}
    assert roots == {*(f"Batch{b}_audit.csv" for b in range(1, DAYS + 2)), "Generator_audit.csv"}


def test_reference_data(root: Path) -> None:
    def lines(name: str) -> list[list[str]]:
        return [line.split("|") for line in (root / "Batch1" / name).read_text().splitlines()]

    days = lines("Date.txt")
    assert days[0][1] == "1950-01-01" and days[-1][1] == "2050-12-31"
    assert len(days) == (date(2050, 12, 31) - date(1950, 1, 1)).days + 1
    assert {len(row) for row in days} == {18} and {row[17] for row in days} == {"true", "false"}
    times = lines("Time.txt")
    assert len(times) == 86_400 and {len(row) for row in times} == {10}
    assert times[-1][:2] == ["235959", "23:59:59"]
    rates = lines("TaxRate.txt")
    assert len({row[0] for row in rates}) == len(rates) > 300
    assert all(re.fullmatch(r"0\.\d{5}", row[2]) for row in rates)
    assert [row[0] for row in lines("TradeType.txt")] == ["TMB", "TMS", "TSL", "TLS", "TLB"]
    assert len(lines("StatusType.txt")) == 6 and len(lines("Industry.txt")) == 102


def test_people_totals(db: Recount) -> None:
    for attribute, kind in (("C_NEW", "NEW"), ("C_UPDCUST", "UPDCUST"), ("C_INACT", "INACT")):
        assert db.totals(attribute) == db.counts("c_change", f"kind = '{kind}'")
    swallowed = db.counts("c_change", what="count(*) - count(distinct (c_id, day))")
    assert db.totals("C_ID_HIST") == swallowed and sum(swallowed.values()) > 3
    db.con.execute(f"""create or replace table image as
        select 1 as batch, date '{END}' as day,
            (select value from property p where p.place = seq and name = 'C_TIER') as tier,
            (select value from property p where p.place = seq and name = 'C_DOB')::date as dob
        from c_change where batch = 1 and kind = 'NEW'
        union all select batch, day, tier, dob from Customer join batches using (batch)""")
    wrong_tier = "tier is null or tier not in ('1', '2', '3')"
    assert db.totals("C_TIER_INV") == db.counts("image", wrong_tier)
    assert db.totals("C_DOB_TY") == db.counts("image", "dob > day")
    assert db.totals("C_DOB_TO") == db.counts("image", "dob <= day - interval 100 year")

    opened = db.counts("a_own", "kind in ('NEW', 'ADDACCT')")
    added, new = db.totals("CA_ADDACCT"), db.totals("C_NEW")
    assert {batch: added[batch] + new[batch] for batch in added} == opened
    for attribute in ("CA_UPDACCT", "CA_CLOSEACCT"):
        recount = db.counts("a_own", f"kind = '{attribute[3:]}'")
        assert db.totals(attribute)[1] == recount[1]
    # An account that is inactive already can change, which an Account.txt row does not tell apart.
    parts = ("C_NEW", "CA_ADDACCT", "CA_UPDACCT", "CA_CLOSEACCT")
    for batch, rows in db.counts("Account").items():
        assert batch == 1 or sum(db.totals(part)[batch] for part in parts) == rows


def test_versions_cover_the_totals(db: Recount) -> None:
    """New versions of customers and accounts are at least what the control totals promise."""
    customers = db.counts("c_change", what="count(distinct (c_id, day))")
    accounts = db.counts("a_change", what="count(distinct (ca_id, day))")
    for batch in range(1, DAYS + 2):
        changes = sum(db.totals(name)[batch] for name in ("C_NEW", "C_INACT", "C_UPDCUST"))
        changes -= db.totals("C_ID_HIST")[batch]
        assert 0 < changes <= customers[batch]
        names = ("CA_ADDACCT", "CA_CLOSEACCT", "CA_UPDACCT")
        own = sum(db.totals(name)[batch] for name in names) - db.totals("CA_ID_HIST")[batch]
        assert 0 < own + changes <= accounts[batch]


def test_people_are_consistent(db: Recount) -> None:
    db.none("from action qualify ts < lag(ts) over (order by place)")
    assert db.one("select count(*) - count(distinct ts) from action")[0] > 0
    for column, table in (("c_id", "customer_life"), ("ca_id", "account_life")):
        dense = f"select min({column}), max({column}) + 1 = count(*) from {table}"
        assert db.one(dense) == (0, True)
    db.none("""select c_id, kind from c_change where kind in ('NEW', 'INACT')
        group by all having count(*) > 1""")
    # Nothing changes a customer or an account before its first action, or a customer after the last.
    db.none("""from c_change qualify kind <> 'NEW'
        and row_number() over (partition by c_id order by day, batch, seq) = 1""")
    db.none("""from c_change
        qualify lag(kind) over (partition by c_id order by day, batch, seq) = 'INACT'""")
    db.none("""from action where ca_id is not null qualify kind not in ('NEW', 'ADDACCT')
        and row_number() over (partition by ca_id order by place) = 1""")
    db.none("""from Account where flag = 'U'
        and ca_id not in (select ca_id from a_own where kind in ('NEW', 'ADDACCT'))""")
    db.none("""from a_own join customer_life using (c_id)
        where kind in ('NEW', 'ADDACCT') and (day < first_day or day > last_day)""")
    db.none("select ca_id from a_own group by 1 having count(distinct c_id) > 1")
    db.none("""from Customer where st_id not in ('ACTV', 'INAC')
        or tax_id not similar to '[0-9]{3}-[0-9]{2}-[0-9]{4}'""")
    # Whoever leaves takes all accounts along; a new customer has an account in the same batch.
    db.none("""from c_change c join account_life a using (c_id)
        where c.batch > 1 and c.kind = 'INACT' and not exists (
            select 1 from a_own o where o.ca_id = a.ca_id and o.kind = 'CLOSEACCT')""")
    db.none("""from Customer c where flag = 'I' and not exists (
        select 1 from Account a where a.batch = c.batch and a.flag = 'I' and a.c_id = c.c_id)""")
    db.none("""from Account a join account_life l using (ca_id) join batches b using (batch)
        where (a.st_id = 'INAC') <> coalesce(l.last_day <= b.day, false) and l.last_day <> b.day""")


def test_people_refer_to_what_exists(db: Recount, root: Path) -> None:
    brokers = "(select id from HR where code = '314')"
    db.none(f"from property where name = 'CA_B_ID' and value not in {brokers}")
    db.none(f"from Account where ca_b_id not in {brokers} or ca_b_id is null")
    db.none("from HR where manager not in (select id from HR)")
    assert (db.totals("HR_BROKERS")[1],) == db.one(f"select count(*) from {brokers}")
    rates = (root / "Batch1" / "TaxRate.txt").read_text().splitlines()
    used = db.rows("""select lcl from Customer union select nat from Customer
        union select value from property where name like '%TX_ID'""")
    assert {tax for (tax,) in used} <= {line.split("|")[0] for line in rates}


def test_images_carry_the_history_on(db: Recount) -> None:
    """What nothing has changed since the history stands in a later image as the history left it."""
    pairs = {
        "C_L_NAME": "l_name", "C_M_NAME": "m_name", "C_ADLINE1": "adline1", "C_ADLINE2": "adline2",
        "C_CITY": "city", "C_ALT_EMAIL": "email2", "C_TIER": "tier", "C_LCL_TX_ID": "lcl",
    }  # fmt: skip
    # The first row of a customer who only leaves changes nothing but the status.
    db.con.execute("""create or replace table leaver as
        from Customer qualify st_id = 'INAC' and count(*) over (partition by c_id) = 1""")
    assert db.one("select count(*) from leaver")[0] > 1
    for name, column in pairs.items():
        db.none(f"""
            with known as (
                select c_id, arg_max(value, place) as value
                from action join property using (place)
                where kind in ('NEW', 'UPDCUST') and name = '{name}' group by 1)
            select c_id, value, {column} from leaver left join known using (c_id)
            where coalesce(value, '') <> coalesce({column}, '')""")


def test_newswire_totals(db: Recount) -> None:
    for kind, key in (("CMP", "cik"), ("SEC", "symb"), ("FIN", "(ref, year, qtr)")):
        recount = db.rows(f"select file, count(*) from {kind} group by 1 order by 1")
        total = db.rows(f"""select file[:13], value from audit
            where attribute = 'FW_{kind}' and value > 0 order by 1""")
        assert total == recount
        double = f"select count(*) as n from {kind} group by file, day, {key}"
        assert db.one(f"select sum(n - 1)::int from ({double})") == (db.totals(f"FW_{kind}_DUP")[1],)
    # More versions of securities than records: a company's new version makes new ones of them.
    assert db.one("""
        with own as (
            select s.symb, s.day, c.cik from SEC s join company_name c
            on s.day >= c.first_day and s.day < c.last_day and s.ref in (c.cik, c.name)),
        issue as (select symb, min(day) as day, any_value(cik) as cik from own group by 1),
        upper as (select i.symb, c.day from issue i join CMP c on c.cik = i.cik and c.day > i.day)
        select count(*) >= (select count(*) from SEC)
        from (select symb, day from own union select symb, day from upper)""") == (True,)


def test_newswire_is_consistent(db: Recount, root: Path) -> None:
    db.none("select name from CMP group by 1 having count(distinct cik) > 1")
    db.none("from CMP where name similar to '[0-9]{10}' or industry is null")
    industries = (root / "Batch1" / "Industry.txt").read_text().splitlines()
    used = db.rows("select distinct industry from CMP")
    assert {industry for (industry,) in used} <= {line.split("|")[0] for line in industries}
    assert db.one("select count(*) from (select cik from CMP group by 1 having min(name) <> max(name))")[0] > 0
    by_name = db.one("select avg((ref not similar to '[0-9]{10}')::int) from FIN")[0]
    assert 0.4 < by_name < 0.6
    for kind in ("SEC", "FIN"):
        # Every record finds one company, by number or by the name in force that day.
        db.none(f"""
            select r.ref, r.day, count(c.cik) as companies from {kind} r left join company_name c
            on r.day >= c.first_day and r.day < c.last_day
            and r.ref = if(r.ref similar to '[0-9]{{10}}', c.cik, c.name)
            group by r.pts, r.ref, r.day, r.rowid having companies <> 1""")
    db.none("""from SEC s where not exists (
        select 1 from CMP c where c.pts < s.pts and s.ref in (c.cik, c.name))""")
    db.none("""from FIN where abs(earnings::double / shares::double - eps::double) > 0.4
        or abs(earnings::double / diluted::double - diluted_eps::double) > 0.4""")
    db.none("""with f as (select *, make_date(year::int, qtr::int * 3 - 2, 1) as first from FIN)
        from f where start <> strftime(first, '%Y%m%d') or posted <> pts[:8]
        or day < first + interval 3 month""")


def test_trade_totals(db: Recount) -> None:
    assert db.totals("T_Records") == db.counts("Trade")
    assert db.totals("T_NEW") == db.counts("Trade", "flag = 'I' or batch = 1")
    assert db.totals("T_CanceledTrades") == db.counts("Trade", "st_id = 'CNCL'")
    assert db.totals("T_InvalidCommision") == db.counts("Trade", "comm > price * qty")
    assert db.totals("T_InvalidCharge") == db.counts("Trade", "chrg > price * qty")
    assert db.totals("T_InvalidCommision")[1] > 0 and db.totals("T_InvalidCharge")[1] > 0
    db.con.execute("""create or replace table past as
        select h.*, tt_id from TradeHistory h join Trade t on t.t_id = h.t_id and t.batch = 1""")
    assert db.totals("TH_Records")[1] == db.counts("past")[1]
    for name, status in (("TLB", "PNDG"), ("TLS", "PNDG"), ("TMB", "SBMT"), ("TMS", "SBMT")):
        recount = db.counts("past", f"tt_id = '{name}' and st_id = '{status}'")
        assert db.totals(f"TH_{name}Trades")[1] == recount[1]
    canceled = db.counts("past", "tt_id not in ('TMB', 'TMS') and st_id = 'CNCL'")
    assert db.totals("TH_CanceledLTrades")[1] == canceled[1]


def test_trades_are_consistent(db: Recount) -> None:
    db.none("select t_id from Trade where flag = 'I' or batch = 1 group by 1 having count(*) > 1")
    db.none("""from Trade where st_id = 'CMPT' and (price + chrg + comm + tax) is null
        or st_id <> 'CMPT' and coalesce(price, chrg, comm, tax) is not null""")
    # The history's last event is what Trade says.
    db.none("""with h as (select t_id, max(dts) as dts, count(*) as n from TradeHistory group by 1)
        from Trade t left join h using (t_id)
        where t.batch = 1 and (h.n is null or t.dts <> h.dts or not exists (
            select 1 from TradeHistory e where (e.t_id, e.dts, e.st_id) = (t.t_id, t.dts, t.st_id)))""")
    db.none("""from life where path not in ('SBMT', 'SBMT CMPT', 'SBMT CNCL')
        and tt_id in ('TMB', 'TMS')""")
    db.none("""from life where tt_id not in ('TMB', 'TMS') and path not in
        ('PNDG', 'PNDG SBMT', 'PNDG CNCL', 'PNDG SBMT CMPT', 'PNDG SBMT CNCL')""")
    db.dated_within_batch("Trade")
    db.none("""from life t left join account_life a using (ca_id) where a.first_day is null
        or created::date <= first_day or coalesce(closed, created)::date >= last_day""")
    db.none("""from life left join symbol s using (symb)
        where s.first_day is null or created::date < s.first_day""")
    db.none("""from Trade t join DailyMarket d on d.symb = t.symb and d.dm_date = t.dts::date
        where price not between low and high""")
    for file in ("Trade", "WatchHistory", "DailyMarket", "CashTransaction", "HoldingHistory"):
        db.none(f"""from {file} where batch > 1
            qualify dsn <= lag(dsn) over (order by batch, line)""")
    # Some orders of the history are still open then, and some rest over several batches.
    open_ = "select count(*) from Trade where batch > 2 and flag = 'U' and t_id in ({})"
    assert db.one(open_.format("select t_id from Trade where batch = 1"))[0] > 0


def test_holdings(db: Recount) -> None:
    assert db.totals("HH_RECORDS") == db.counts("HoldingHistory") == db.counts("change")
    # Every completed trade changes as many shares as it trades, in the batch in which it completes.
    db.none("""select t.t_id, t.qty from done t left join HoldingHistory h using (t_id, batch)
        group by all having sum(abs(after_qty - before_qty)) is distinct from t.qty""")
    db.none("from change where buys and (h_t_id <> t_id or before_qty <> 0 or after_qty <> qty)")
    # Each holding: opened once, then what was left before is what is held now, never below 0.
    db.none("""from change qualify after_qty < 0 or before_qty <>
        coalesce(lag(after_qty) over (partition by lot order by dts, t_id), 0)""")
    db.none("from change where ca_id <> lot_ca_id or symb <> lot_symb or dts < opened")
    # First in, first out: of what an account holds of a security, the oldest goes first.
    db.none("""
        with older as (
            select s.t_id, s.lot, c.lot as old, arg_max(c.after_qty, (c.dts, -c.after_qty)) as rest
            from change s join change c on c.ca_id = s.ca_id and c.symb = s.symb
            and c.opened < s.opened and c.dts <= s.dts
            where not s.buys group by all)
        from older where rest <> 0""")


def test_cash(db: Recount) -> None:
    assert db.totals("CT_Records") == db.counts("CashTransaction")
    assert db.totals("CT_Trades") == db.counts("CashTransaction", "name <> 'Deposit'")
    db.none("""from done t left join CashTransaction c on t.batch = c.batch and t.ca_id = c.ca_id
        and t.dts::date = c.dts::date and c.name like '%(trade ' || t.t_id || ')'
        where t.is_cash = '1'
        and c.amt is distinct from if(buys, -1, 1) * price * qty - chrg - comm""")
    db.dated_within_batch("CashTransaction")
    db.none("""from CashTransaction c left join account_life using (ca_id)
        where first_day is null or c.dts::date < first_day""")
    again = "select 1 from CashTransaction group by ca_id, dts::date having count(*) > 1"
    assert db.one(f"select count(*) from ({again})")[0] > 0


def test_market(db: Recount) -> None:
    assert db.totals("DM_RECORDS") == db.counts("DailyMarket")
    db.none("select symb, dm_date from DailyMarket group by all having count(*) > 1")
    db.none("""from DailyMarket join batches using (batch)
        where if(batch = 1, dm_date >= day, dm_date <> day - 1)""")
    db.none("""from DailyMarket left join symbol s using (symb)
        where s.first_day is null or dm_date < s.first_day""")
    db.none("from DailyMarket where not (0 < low and low <= close and close <= high and vol > 0)")


def test_watches(db: Recount) -> None:
    assert db.totals("WH_RECORDS") == db.counts("WatchHistory")
    assert db.totals("WH_ACTIVE") == db.counts("WatchHistory", "action = 'ACTV'")
    pair = "over (partition by c_id, symb order by dts)"
    db.none(f"""from WatchHistory
        qualify dts = lag(dts) {pair} or action = coalesce(lag(action) {pair}, 'CNCL')""")
    db.dated_within_batch("WatchHistory")
    db.none("""from WatchHistory left join symbol s using (symb)
        where s.first_day is null or dts::date < s.first_day""")
    db.none("""from WatchHistory left join customer_life using (c_id)
        where first_day is null or dts::date < first_day or dts::date >= last_day""")
    again, carried = db.one(f"""
        with e as (select *, row_number() {pair} as n, lag(batch) {pair} as before from WatchHistory)
        select count(*) filter (action = 'ACTV' and n > 1),
            count(*) filter (action = 'CNCL' and before < batch) from e""")
    assert again > 0 and carried > 0


def test_prospects(db: Recount) -> None:
    assert db.totals("P_RECORDS") == db.counts("Prospect")
    first = "(select agency_id, min(batch) as batch from Prospect group by 1)"
    assert db.totals("P_NEW") == db.counts(first)
    db.none("select batch, agency_id from Prospect group by all having count(*) > 1")
    names = {
        "last": "C_L_NAME", "first": "C_F_NAME", "adline1": "C_ADLINE1", "adline2": "C_ADLINE2",
        "zipcode": "C_ZIPCODE",
    }  # fmt: skip
    key = "upper(" + " || '|' || ".join(f"coalesce({name}, '')" for name in names) + ")"
    db.none(f"select batch, {key} from Prospect group by all having count(*) > 1")
    values = ", ".join(f"arg_max(value, place) filter (name = '{name}') as {column}" for column, name in names.items())
    db.con.execute(f"""create or replace table address as
        with a as (
            select 1 as batch, c_id, 0 as dsn, {values} from action join property using (place)
            where kind in ('NEW', 'UPDCUST') group by 1, 2
            union all
            select batch, c_id, dsn, l_name, f_name, adline1, adline2, zipcode from Customer)
        select batch, c_id, dsn, {key} as key from a""")
    db.con.execute("""create or replace table live as
        select b.batch, c_id, arg_max(key, (a.batch, dsn)) as key
        from batches b join address a on a.batch <= b.batch join customer_life c using (c_id)
        where c.last_day is null or c.last_day > b.day group by 1, 2""")
    matching = db.counts("Prospect p", f"({key}, batch) in (select (key, batch) from live)")
    assert db.totals("P_C_MATCHING") == matching and matching[1] > 20
    # Between lists some change, some leave, and some of these come back.
    changed, gone, back = db.one(f"""
        with p as (select agency_id, batch, hash(columns(* exclude (agency_id, batch))) from Prospect),
        n as (select agency_id, count(*) as n from (
            select distinct * exclude (batch) from p) group by 1),
        s as (select agency_id, batch, lead(batch) over w as next from Prospect
            window w as (partition by agency_id order by batch))
        select (select count(*) from n where n > 1),
            count(*) filter (next is null and batch <= {DAYS}),
            count(*) filter (next > batch + 1) from s""")
    assert changed > 0 and gone > 0 and back > 0


def fingerprint(root: Path) -> dict[str, str]:
    """The digest of each file."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_same_seed_same_bytes(root: Path, tmp_path: Path) -> None:
    run(tmp_path / "again", "--workers", "7")
    assert fingerprint(tmp_path / "again") == fingerprint(root)


def test_parts_hold_the_same_rows(root: Path, tmp_path: Path) -> None:
    run(tmp_path / "parts", "--split", "3")
    split = {"TradeHistory", *FILES} - ONLY_DAILY
    for path in sorted(root.glob("Batch?/*")):
        other = tmp_path / "parts" / path.parent.name
        if path.stem in split:
            parts = [other / f"{path.stem}_{part}.txt" for part in (1, 2, 3)]
            rows = [row for part in parts for row in part.read_bytes().splitlines()]
            assert sorted(rows) == sorted(path.read_bytes().splitlines())
            assert not (other / path.name).exists()
        else:
            assert (other / path.name).read_bytes() == path.read_bytes()


def test_more_days_do_not_change_the_earlier_ones(root: Path, tmp_path: Path) -> None:
    run(tmp_path / "short", "--days", "2")
    whole, short = fingerprint(root), fingerprint(tmp_path / "short")
    del short["Generator_audit.csv"]
    assert short == {name: whole[name] for name in short} and "Batch3/Trade.txt" in short


def test_other_seed_other_rows(root: Path, tmp_path: Path) -> None:
    run(tmp_path / "other", "--seed", "12", "--days", "0")
    other = tmp_path / "other"
    assert (other / "Batch1/Trade.txt").read_bytes() != (root / "Batch1/Trade.txt").read_bytes()
    assert not (other / "Batch2").exists()


def test_end_of_history(tmp_path: Path) -> None:
    leap = tmp_path / "leap"
    run(leap, "--end-of-history", "2020-02-29", "--scale", "0.01", "--days", "2")
    assert (leap / "Batch3/BatchDate.txt").read_text() == "2020-03-02\n"
    assert max(path.name for path in (leap / "Batch1").glob("FINWIRE??????")) == "FINWIRE2020Q1"


def test_refuses_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("data")
    command = [sys.executable, "-m", "scripts.generate_landing", "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "is not empty" in result.stderr and "Traceback" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
