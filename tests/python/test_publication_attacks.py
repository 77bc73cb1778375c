"""Attacks on published files. Attackers have the folder, one audience's key at most, and time."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from publication import Publication, files_with, needles, prepare
from warehouse import Warehouse

from scripts.audiences import PolicyProblem, find_audience
from scripts.encryption import EncryptionProblem, attach, is_encrypted
from scripts.keys import Key, ensure_key
from scripts.project import PROJECT
from scripts.publish import parquet_key, verify
from scripts.warehouse_file import connect_encrypted

ALL = ["analyst", "steward", "compliance", "a", "b", "broker"]
CLIENT_TABLES = [
    ("core.dim_account", "sk_account_id"),
    ("core.dim_customer", "sk_customer_id"),
    ("core.dim_trade", "trade_id"),
    ("core.fact_cash_balances", "sk_account_id, sk_date_id"),
    ("core.fact_holdings", "trade_id, current_trade_id"),
    ("core.fact_watches", "sk_customer_id, sk_security_id, sk_date_id_date_placed"),
]


@pytest.fixture(autouse=True)
def settings(published: Publication, monkeypatch: pytest.MonkeyPatch, loaded: Warehouse, secured_keys: Path) -> None:
    prepare(monkeypatch, published.room, secured_keys, loaded.landing)


def personal_values(published: Publication) -> set[str]:
    """Values that only compliance may see, long enough not to occur by chance."""
    with published.source() as con:
        rows = con.execute(
            """
            select distinct value::varchar from (
                select unnest([tax_id, dob::varchar, email1, email2, phone1, phone2, address_line1]) as value
                from core.dim_customer
                union all select unnest([phone, address_line1, employer]) from core.prospect
            ) where length(value) >= 9
            """
        ).fetchall()
    values = {str(v) for (v,) in rows}
    assert len(values) > 200
    return values


# Without a key, or with another audience's


@pytest.mark.parametrize("who", ALL)
def test_a_file_does_not_open_without_a_key(published: Publication, who: str) -> None:
    assert is_encrypted(published.file(who))
    with pytest.raises(duckdb.Error, match="without a key"):
        duckdb.connect(str(published.file(who)), read_only=True)


@pytest.mark.parametrize(
    ("who", "other"),
    [("compliance", x) for x in ALL if x != "compliance"]
    + [("a", "b"), ("b", "a"), ("a", "broker"), ("broker", "a"), ("steward", "analyst"), ("analyst", "steward")],
)
def test_a_file_does_not_open_with_the_key_of_another_audience(published: Publication, who: str, other: str) -> None:
    with connect_encrypted(published.room / "spill") as con, pytest.raises(EncryptionProblem, match="another one"):
        attach(con, published.file(who), "x", published.key(other), read_only=True)


@pytest.mark.parametrize("name", ["warehouse", "access-log"])
def test_a_file_does_not_open_with_a_key_of_the_house(published: Publication, name: str) -> None:
    with connect_encrypted(published.room / "spill") as con, pytest.raises(EncryptionProblem, match="another one"):
        attach(con, published.file("analyst"), "x", ensure_key(name), read_only=True)


def test_the_warehouse_does_not_open_with_an_audience_s_key(published: Publication) -> None:
    with connect_encrypted(published.room / "spill") as con, pytest.raises(EncryptionProblem, match="another one"):
        attach(con, published.warehouse, "x", published.key("compliance"), read_only=True)


@pytest.mark.parametrize(
    "forge",
    [
        lambda s: s[:-1] + bytes([s[-1] ^ 1]),
        lambda s: s[:16],
        lambda s: bytes(32),
        lambda s: s[::-1],
        lambda s: s + s,
    ],
    ids=["one bit", "half", "zeros", "reversed", "twice"],
)
def test_a_key_that_is_nearly_right_does_not_open(published: Publication, forge: Callable[[bytes], bytes]) -> None:
    with connect_encrypted(published.room / "spill") as con, pytest.raises(EncryptionProblem, match="another one"):
        attach(con, published.file("analyst"), "x", Key("forged", 1, forge(published.key("analyst").secret)), True)


def test_clearing_the_flag_of_encryption_does_not_open(published: Publication, room: Path) -> None:
    content = bytearray(published.file("compliance").read_bytes())
    content[20] &= 0xFE
    (room / "x.duckdb").write_bytes(content)
    with pytest.raises(duckdb.Error), duckdb.connect(str(room / "x.duckdb")) as con:
        con.execute("select * from core.dim_customer").fetchall()


@pytest.mark.parametrize("other", [None, "analyst", "b"])
def test_parquet_does_not_open(published: Publication, other: str | None) -> None:
    file = published.folder / published.slug("a") / "parquet" / "core.dim_customer.parquet"
    with duckdb.connect() as con:
        options = ""
        if other:
            con.execute(f"pragma add_parquet_key('k', '{parquet_key(published.key(other))}')")
            options = ", encryption_config = {footer_key: 'k'}"
        with pytest.raises(duckdb.Error):
            con.execute(f"select * from read_parquet('{file}'{options})").fetchall()


def test_parquet_footers_name_no_columns(published: Publication) -> None:
    files = [p for p in published.folder.rglob("*.parquet") if "dim_customer" in p.name]
    assert len(files) >= 4
    # What says which columns there are holds no row.
    assert set(files_with([b"last_name", b"tax_id", b"sk_customer_id"], published.folder / ".versions")) == {
        p
        for name in ("manifest.json", "dictionary.csv")
        for p in published.folder.rglob(name)
        if ".versions" in p.parts
    }


# With a key: tables, columns and rows that the audience should not have


def tables(con: duckdb.DuckDBPyConnection) -> set[str]:
    rows = con.execute("select schema_name || '.' || table_name from duckdb_tables() where database_name = 'published'")
    return {str(t) for (t,) in rows.fetchall()}


@pytest.mark.parametrize(
    ("who", "schemas"),
    [
        ("analyst", {"analytics", "marts"}),
        ("steward", {"analytics", "marts", "operations", "reference"}),
        ("a", {"core"}),
        ("broker", {"core"}),
    ],
)
def test_other_schemas_are_not_in_the_file(published: Publication, who: str, schemas: set[str]) -> None:
    with published.open(who) as con:
        assert {t.partition(".")[0] for t in tables(con)} == schemas


@pytest.mark.parametrize("who", ["analyst", "steward", "a", "broker"])
@pytest.mark.parametrize(
    "attack",
    [
        "select tax_id from {table}",
        "select t.tax_id from {table} t",
        "select columns('tax_id') from {table}",
        "select to_json(t) ->> '$.tax_id' from {table} t where to_json(t)::varchar like '%tax_id%'",
        "select struct_extract(t, 'tax_id') from {table} t",
        "select count(*) from {table} where tax_id like '1%'",
        "select * from {table} order by tax_id",
        "select max(tax_id) from {table}",
    ],
)
def test_a_withheld_column_is_not_there(published: Publication, who: str, attack: str) -> None:
    table = {"analyst": "analytics.stand_in", "steward": "analytics.stand_in"}.get(who, "core.dim_customer")
    with published.open(who) as con:
        assert con.execute(f"select count(*) from {table}").fetchall() != [(0,)]
        try:
            rows = con.execute(attack.format(table=table)).fetchall()
        except duckdb.Error:
            return
        assert rows == []


@pytest.mark.parametrize("who", ["analyst", "steward"])
def test_no_personal_value_is_in_any_column(published: Publication, who: str) -> None:
    values = personal_values(published)
    with published.open(who) as con:
        for table in sorted(tables(con)):
            shown = json.dumps(con.execute(f"select to_json(t)::varchar from {table} t").fetchall())
            found = [v for v in values if f'"{v}"' in shown or (len(v) > 11 and v in shown)]
            assert not found, f"{len(found)} values in {table}"


def test_the_search_for_personal_values_finds_them_where_they_are(published: Publication) -> None:
    """Or else the search above would prove nothing."""
    values = personal_values(published)
    with published.open("compliance") as con:
        shown = str(con.execute("select to_json(t)::varchar from core.dim_customer t").fetchall())
    assert sum(v in shown for v in values) > 100


@pytest.mark.parametrize("who", ["analyst", "steward", "a"])
@pytest.mark.parametrize(
    "place",
    [
        "select 1 from duckdb_columns() where database_name = 'published' and column_name = 'tax_id'",
        "select 1 from duckdb_views() where database_name = 'published' and not internal",
        "select 1 from duckdb_functions() where database_name = 'published' and not internal",
        "select 1 from duckdb_indexes() where database_name = 'published'",
        "select 1 from duckdb_sequences() where database_name = 'published'",
        "select 1 from duckdb_constraints() where database_name = 'published' and expression like '%tax_id%'",
    ],
)
def test_the_catalog_holds_no_trace(published: Publication, who: str, place: str) -> None:
    """A view would carry the SQL of what it hides; a statistic its least and greatest value."""
    with published.open(who) as con:
        assert con.execute(place).fetchall() == []


def test_statistics_hold_no_other_branch_s_values(published: Publication) -> None:
    with published.source() as con:
        others = con.execute(
            """
            select distinct address_line1 from core.dim_customer
            where length(address_line1) > 8 and sk_customer_id not in (
                select sk_customer_id from core.dim_account join core.dim_broker using (sk_broker_id) where branch = ?
            )
            """,
            [published.branches[0]],
        ).fetchall()
    with published.open("a") as con:
        shown = str(con.execute("select * from pragma_storage_info('core.dim_customer')").fetchall())
        own = {r for (r,) in con.execute("select distinct address_line1 from core.dim_customer").fetchall()}
    assert not [v for (v,) in others if v not in own and v in shown]


@pytest.mark.parametrize(("table", "key"), CLIENT_TABLES)
@pytest.mark.parametrize("who", ["a", "b", "broker"])
def test_rows_of_others_are_not_there(published: Publication, who: str, table: str, key: str) -> None:
    """Exactly the own clients' rows: compared with a query written another way."""
    condition = f"b.branch = '{published.audience(who).value}'"
    if who == "broker":
        condition = f"b.broker_id = {published.broker}"
    joined = "sk_customer_id" if "customer" in table or "watches" in table else "sk_account_id"
    with published.source() as con:
        everything = con.execute(f"select count(*) from {table}").fetchall()[0][0]
        expected = con.execute(
            f"select distinct {', '.join('t.' + k.strip() for k in key.split(','))} from {table} t "
            f"join core.dim_account a on t.{joined} = a.{joined} "
            f"join core.dim_broker b on a.sk_broker_id = b.sk_broker_id where {condition}"
        ).fetchall()
    with published.open(who) as con:
        found = con.execute(f"select {key} from {table}").fetchall()
    assert 0 < len(set(found)) <= len(found) < everything
    assert set(found) == set(expected)


def test_no_row_points_at_a_client_who_is_not_there(published: Publication) -> None:
    with published.open("a") as con:
        for table in ("dim_account", "dim_trade", "fact_cash_balances", "fact_holdings", "fact_watches"):
            orphans = con.execute(
                f"select count(*) from core.{table} anti join core.dim_customer using (sk_customer_id)"
            )
            assert orphans.fetchall() == [(0,)], table
        assert con.execute("select distinct branch from core.dim_broker").fetchall() == [(published.branches[0],)]


def test_lists_of_people_without_a_way_to_a_client_are_left_out(published: Publication) -> None:
    with published.open("a") as con:
        others = {"core.prospect", "core.resolved_accounts", "operations.audit", "operations.rejected_rows"}
        assert not tables(con) & others


# Values that try to be more than a value


@pytest.mark.parametrize(
    "value",
    [
        "x' or 'a' = 'a",
        "x') or 1 = 1 --",
        "{value}",
        "%",
        "../../compliance",
        "/etc/passwd",
        "x\n",
        "x\x00",
        "*",
        '"',
        "a; drop table core.dim_broker",
    ],
)
def test_a_value_is_only_a_value(published: Publication, value: str) -> None:
    from scripts.audiences import grants

    audience = find_audience("branch", value)
    assert re.fullmatch(r"branch-\w+", audience.slug)
    with published.source() as con, pytest.raises(PolicyProblem, match="Nothing was published"):
        grants(con, audience, published.manifest)


def test_two_values_never_share_a_name() -> None:
    values = ["a b", "a_b", "a-b", "a_20_b", "ab", "AB", "a/b", "ä", "a\x20b\x20"]
    assert len({find_audience("branch", v).slug for v in values}) == len(values)


def test_a_whole_branch_is_not_given_away_without_a_value() -> None:
    with pytest.raises(PolicyProblem, match="say which, with --value"):
        find_audience("branch", None)


# Bytes, leftovers and keys


def test_no_plain_value_lies_in_any_file(published: Publication) -> None:
    values = [v.encode() for v in personal_values(published)]
    assert files_with(values, published.folder) == []


def test_manifests_hold_no_personal_value(published: Publication) -> None:
    values = personal_values(published)
    for path in published.folder.rglob("manifest.json"):
        assert not [v for v in values if v in path.read_text()]


def test_nothing_else_is_left_behind(published: Publication) -> None:
    """No write-ahead log, spill, older version or half-written file."""
    for who in ALL:
        slug = published.slug(who)
        files = {
            str(p.relative_to(published.folder / slug)) for p in (published.folder / slug).rglob("*") if p.is_file()
        }
        assert {f for f in files if not f.startswith("parquet/")} == {
            f"{slug}.duckdb",
            "dictionary.csv",
            "manifest.json",
        }
        assert all(f.endswith(".parquet") for f in files if f.startswith("parquet/"))
    assert len(list((published.folder / ".versions").iterdir())) == len(ALL)
    assert {p.name for p in published.folder.iterdir()} == {".lock", ".versions", *(published.slug(w) for w in ALL)}
    assert not [p for p in published.room.rglob("*.wal") if p.stat().st_size]
    assert not [p for p in published.room.rglob("*.tmp") if p.is_file() or list(p.iterdir())]


def test_files_can_be_written_by_nobody(published: Publication) -> None:
    for path in (published.folder / ".versions").rglob("*"):
        if path.is_file():
            assert path.stat().st_mode & 0o777 == 0o440, path


def test_no_key_lies_in_any_file(published: Publication, secured_keys: Path, session: Path) -> None:
    """Published files, manifests, logs, dbt's artifacts, the warehouse: none holds any key in any form."""
    sought = needles(secured_keys)
    assert len(sought) > 24
    assert list(published.room.rglob("dbt.log"))
    assert files_with(sought, published.room, session) == []
    for folder in ("target", "logs"):
        assert files_with(sought, PROJECT / folder) == []


def test_the_search_for_keys_finds_one(tmp_path: Path, secured_keys: Path) -> None:
    key = ensure_key("warehouse")
    for number, form in enumerate([key.secret, key.hex.encode(), base64.b64encode(key.secret)]):
        (tmp_path / str(number)).write_bytes(b"x" + form + b"x")
    assert len(files_with(needles(secured_keys), tmp_path)) == 3


# Tampering


def change_a_value(folder: Path, published: Publication) -> None:
    with connect_encrypted(folder.parent / "spill") as con:
        attach(con, next(folder.glob("*.duckdb")), "x", published.key("a"))
        con.execute("update x.core.dim_account set status = 'Active'")


def flip_a_bit(folder: Path, published: Publication) -> None:
    path = next(folder.glob("*.duckdb"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def put_another_audience_s_file(folder: Path, published: Publication) -> None:
    shutil.copy(published.file("b"), next(folder.glob("*.duckdb")))


def change_parquet(folder: Path, published: Publication) -> None:
    path = folder / "parquet" / "core.dim_account.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")


def swap_parquet(folder: Path, published: Publication) -> None:
    shutil.copy(folder / "parquet" / "core.dim_trade.parquet", folder / "parquet" / "core.dim_account.parquet")


def remove_a_file(folder: Path, published: Publication) -> None:
    (folder / "parquet" / "core.dim_trade.parquet").unlink()


def add_a_file(folder: Path, published: Publication) -> None:
    (folder / "parquet" / "core.more.parquet").write_bytes(b"x")


def _rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def fit_the_manifest_to_a_changed_file(folder: Path, published: Publication) -> None:
    import hashlib

    flip_a_bit(folder, published)
    file = next(folder.glob("*.duckdb"))
    _rewrite(folder, lambda m: m["files"].update({file.name: hashlib.sha256(file.read_bytes()).hexdigest()}))


def claim_another_batch(folder: Path, published: Publication) -> None:
    _rewrite(folder, lambda m: m.update(batch_id=99))


def point_at_another_entry(folder: Path, published: Publication) -> None:
    other = json.loads((published.folder / published.slug("b") / "manifest.json").read_text())
    _rewrite(folder, lambda m: m.update(access_log=other["access_log"]))


def take_an_old_manifest_away(folder: Path, published: Publication) -> None:
    _rewrite(folder, lambda m: m.update(access_log={"entry": 10**6, "hash": "0" * 64}))


@pytest.mark.parametrize(
    "tamper",
    [
        change_a_value,
        flip_a_bit,
        put_another_audience_s_file,
        change_parquet,
        swap_parquet,
        remove_a_file,
        add_a_file,
        fit_the_manifest_to_a_changed_file,
        claim_another_batch,
        point_at_another_entry,
        take_an_old_manifest_away,
    ],
)
def test_tampering_shows(published: Publication, tmp_path: Path, tamper: Callable[[Path, Publication], None]) -> None:
    folder = published.copy("a", tmp_path / "copy")
    with published.source() as con:
        assert verify(folder, con) == []
        tamper(folder, published)
        assert verify(folder, con) != []


@pytest.mark.parametrize("who", ["compliance", "a"])
def test_a_reader_s_connection_cannot_write(published: Publication, who: str) -> None:
    with published.open(who) as con:
        for attack in (
            "insert into core.dim_account select * from core.dim_account limit 1",
            "update core.dim_account set status = 'Active'",
            "delete from core.dim_trade",
            "drop table core.dim_trade",
            "create table core.x as select 1 as i",
            "create view core.v as select 1 as i",
            "alter table core.dim_trade drop column status",
            "comment on table core.dim_trade is 'x'",
        ):
            with pytest.raises(duckdb.Error, match="read-only"):
                con.execute(attack)
