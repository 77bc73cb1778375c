"""What a scaffold proposes is true of all rows, protects persons, and builds as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from test_deliver import workbook
from warehouse import copy_landing, copy_project

from scripts.landing.errors import LandingError
from scripts.scaffold import cli, personal
from scripts.scaffold.cli import Place
from scripts.scaffold.guess import guess
from scripts.scaffold.names import column_names
from scripts.scaffold.profile import Profile, Table
from scripts.scaffold.write import Proposal

pytestmark = pytest.mark.slow

HEADERS = ["Rechnungs-Nr.", "firstName", "order", "2017", "", "Straße", "first name", "Batch ID", "x" * 80, "x" * 80]


def columns_of(table: Table) -> dict[str, Profile]:
    return {column.name: column for column in table.columns}


@pytest.fixture
def deliveries(room: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DELIVERIES_DIR", str(room))
    return room


def profiled(folder: Path, text: str | bytes, budget: int = 0, name: str = "file.csv") -> tuple[Table, list[str]]:
    """A file of some content, profiled, and what was not certain of how it is written."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    unsure: list[str] = []
    written, table = cli._read(Place(str(path), "test", None), None, unsure)
    table.profile(budget, written.delimiter == ";")
    return table, unsure


def column(folder: Path, values: list[str], name: str = "x", budget: int = 0) -> tuple[Profile, list[str]]:
    """One column of a file with tabs, beside another one, and what was not certain of it."""
    lines = [f"{name}\tother", *(f"{value}\tword {place}" for place, value in enumerate(values))]
    table, _ = profiled(folder, "\n".join(lines) + "\n", budget)
    return table.columns[0], table.unsure


def test_names_are_unique_and_mean_nothing_else() -> None:
    names = column_names(HEADERS)
    assert names[:8] == [
        "rechnungs_nr", "first_name", "order_value", "column_2017", "column_5", "strasse", "first_name_2",
        "batch_id_value",
    ]  # fmt: skip
    assert len(set(names)) == len(names) and all(len(name) <= 63 for name in names)


@pytest.mark.parametrize(
    ("values", "data_type", "written"),
    [
        (["1", "-20", "2147483647"], "integer", {}),
        (["1", "2147483648"], "bigint", {}),
        (["1", "9007199254740993"], "varchar", {}),
        (["007", "12"], "varchar", {}),
        (["1.5", "-0.25", "3"], "decimal(18,2)", {}),
        (["1,5", "1.234,25"], "decimal(18,2)", {"decimal": ",", "thousands": "."}),
        (["1,234.5", "7"], "decimal(18,1)", {"decimal": ".", "thousands": ","}),
        (["1 234", "12 345 678"], "integer", {"decimal": ".", "thousands": " "}),
        (["1e5", "2.5"], "double", {}),
        (["0.1234567891", "2"], "double", {}),
        (["0.1234567891", "2.0000000000"], "decimal(19,10)", {}),
        (["+1 212 555 1234", "12"], "varchar", {}),
        (["true", "FALSE"], "boolean", {}),
        (["0", "1"], "integer", {}),
        (["2017-01-31", "2016-02-29"], "date", {}),
        (["2017-01-31", "2017-02-30"], "varchar", {}),
        (["31.01.2017", "01.02.2017"], "date", {"date_format": "%d.%m.%Y"}),
        (["01/31/2017", "02/01/2017"], "date", {"date_format": "%m/%d/%Y"}),
        (["31/01/17", "1/2/17"], "date", {"date_format": "%d/%m/%y"}),
        (["31 Jan 2017", "1 Feb 2017"], "date", {"date_format": "%d %b %Y"}),
        (["2017-01-31 10:00", "2017-02-01 23:59"], "timestamp", {}),
        (["2017-01-31T10:00:00Z", "2017-01-31T10:00:00.5+02:00"], "timestamp", {}),
        (["31.01.2017 10:00", "01.02.2017 09:30"], "timestamp", {"date_format": "%d.%m.%Y %H:%M"}),
        (["1/31/2017 1:30 PM", "2/1/2017 12:00 AM"], "timestamp", {"date_format": "%m/%d/%Y %I:%M %p"}),
        (["2017-01-31", "31.01.2017"], "date", {"date_format": ["%d.%m.%Y", "%Y-%m-%d"]}),
        (
            ["31.01.2017 10:00", "00.00.0000 00:00"],
            "timestamp",
            {"nulls": ["00.00.0000 00:00"], "date_format": "%d.%m.%Y %H:%M"},
        ),
        (["2017-01-31", "0000-00-00"], "date", {"nulls": ["0000-00-00"]}),
        ([" 1", "n/a", "-", "3"], "integer", {"nulls": ["n/a", "-"]}),
        ([" a", "-", "NULL"], "varchar", {"trim": True, "nulls": ["NULL"]}),
        (["", ""], "varchar", {}),
    ],
)
def test_a_type_holds_all_values(deliveries: Path, values: list[str], data_type: str, written: dict[str, Any]) -> None:
    found, _ = column(deliveries, values)
    assert (found.data_type, found.written) == (data_type, written)


def test_a_last_row_counts(deliveries: Path) -> None:
    """Of a hundred thousand values one is no number: the column is text, unless a load may reject the row."""
    values = [str(n) for n in range(100_000)] + ["last"]
    found, unsure = column(deliveries, values)
    assert found.data_type == "varchar" and "1 of 100,001 values are not of type integer" in unsure[0]
    found, unsure = column(deliveries, values, budget=1)
    assert found.data_type == "integer" and "x has values that are not of type integer, to be rejected: 1." in unsure[0]


def test_what_no_value_tells_is_said(deliveries: Path) -> None:
    _, unsure = column(deliveries, ["01/02/2017", "03/04/2017"])
    assert "was read as %d/%m/%Y, but may be %m/%d/%Y; no value decides" in unsure[0]
    found, unsure = column(deliveries, ["1,234", "5,678"])
    assert found.data_type == "integer" and "no value decides" in unsure[0]
    # Another column does tell.
    table, _ = profiled(deliveries, "a\tb\n1,234\t0,5\n5,678\t0,25\n")
    assert [c.data_type for c in table.columns] == ["decimal(18,3)", "decimal(18,2)"] and not table.unsure


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a;b\n1,5;2\n2,5;3\n", (";", "utf-8", True)),
        (b"\xef\xbb\xbfa,b\n1,2\n", (",", "utf-8", True)),
        ("a\tb\né\t2\n".encode("cp1252"), ("\t", "cp1252", True)),
        ("a|b\r\né|2\r\n".encode("utf-16"), ("|", "utf-16", True)),
        (b"1,2\n3,4\n", (",", "utf-8", False)),
        (b"name\nAnn\nBob\n", (",", "utf-8", True)),
        (b"Ann,x\nBob,x\nAnn,y\n", (",", "utf-8", False)),
        (b'"a;x","b"\n"1;2","c"\n"","d;"\n', (",", "utf-8", True)),
    ],
)
def test_a_file_tells_how_it_is_written(deliveries: Path, content: bytes, expected: tuple[str, str, bool]) -> None:
    path = deliveries / "x.csv"
    path.write_bytes(content)
    found = guess(path, None, [])
    assert (found.delimiter, found.encoding, found.header) == expected


def test_messy_files_are_read(deliveries: Path) -> None:
    """No header twice the same, 300 columns, line ends in quotes, rows of other lengths, quotes that mean nothing."""
    wide = ",".join("h" for _ in range(300)) + "\n" + "\n".join(",".join("7" for _ in range(300)) for _ in range(3))
    table, _ = profiled(deliveries, wide + "\n\n\n")
    assert len(columns_of(table)) == 300 and {c.data_type for c in table.columns} == {"integer"}
    table, _ = profiled(deliveries, 'id,note\r\n1,"a\r\nb"\r\n2,c\r\nd\r\n')
    assert (table.rows, table.ragged) == (2, 1)
    table, unsure = profiled(deliveries, 'id;note\n1;"Big" Joe\n2;5" pipe\n')
    assert table.rows == 2 and "quotes are not closed" in unsure[-1]
    for nothing in ("", "\n\n"):
        with pytest.raises(LandingError, match="is empty"):
            profiled(deliveries, nothing)
    with pytest.raises(LandingError, match="holds zero bytes"):
        profiled(deliveries, b"a,b\n1,\0\n")
    with pytest.raises(LandingError, match="has no rows to infer types from"):
        profiled(deliveries, "a,b\n")


@pytest.mark.parametrize(
    ("rows", "key"),
    [
        (["id,name", "1,a", "2,a"], ["id"]),
        (["name,id", "a,1", "b,2", "b,2"], ["id"]),
        (["name,ref", "a,1", "b,2"], ["name"]),
        (["order_id,line_no,x", "1,1,a", "1,2,a", "2,1,a"], ["order_id", "line_no"]),
        (["id,x", "1,a", "1,b", ",a"], []),
    ],
)
def test_a_key_is_found(deliveries: Path, rows: list[str], key: list[str]) -> None:
    """Rows that are the same are rejected but for one, so they don't speak against a key."""
    table, _ = profiled(deliveries, "\n".join(rows) + "\n")
    assert table.key() == key


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("E-Mail", ["x"], "contact"),
        ("q", ["ann@example.com", "bob@example.com"], "contact"),
        ("q", ["see ann@example.com", "nothing"], "free_text"),
        ("Mobile Phone", ["1"], "contact"),
        ("q", ["+49 30 1234567", "+1 (212) 555-0100"], "contact"),
        ("q", ["123-45-6789", "987-65-4321"], "government_id"),
        ("Steuer-ID", ["1"], "government_id"),
        ("surname", ["x"], "name"),
        ("customer", ["Ann Lee", "Bob Ray"], "name"),
        ("city", ["New York", "San Jose"], None),
        ("Geburtsdatum", ["2017-01-01"], "birth_date"),
        ("PLZ", ["12345"], "quasi_identifier"),
        ("q", ["4111 1111 1111 1111", "5500005555555559"], "financial"),
        ("q", ["4111111111111112", "5500005555555550"], None),
        ("q", ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"], "financial"),
        ("q", ["+1 212 555 1234", "+49 301 234 567"], "contact"),
        ("q", ["5500005555555559", "4111111111111111"], "financial"),
        ("q", ['{"card": "4111111111111111"}', '{"card": null}', "paid"], "financial"),
        ("q", ["from DE89 3704 0044 0532 0130 00", "cash"], "financial"),
        ("q", ["order 4111111111111112", "order 4111111111111113"], None),
        ("q", ["192.168.0.1", "::1", "2001:db8:0:0:0:0:0:1"], "identifier"),
        ("q", ["10:00:00", "23:59:59"], None),
        ("customer_id", ["7"], "identifier"),
        ("amount", ["1.50"], None),
        ("product_name", ["Blue Chair", "Red Table"], None),
    ],
)
def test_persons_are_protected(deliveries: Path, name: str, values: list[str], kind: str | None) -> None:
    """By a column's name or by what it holds; postcodes and the like are text whatever their digits."""
    found, _ = column(deliveries, values, name)
    assert (found.meaning.kind if found.meaning else None) == kind
    assert not (found.meaning and found.meaning.is_text and found.data_type != "varchar")


def test_beside_people_a_name_is_a_persons(deliveries: Path) -> None:
    """Two columns `Name` are a first and a last one, of one word each."""
    rows = "Name;Name;Product;Mail\nAnn;van Dyck;Chair;a@example.com\nZoë;Ng;Table;z@example.com\n"
    table, _ = profiled(deliveries, rows)
    found = [column.meaning.kind if column.meaning else None for column in table.columns]
    assert found == ["name", "name", None, "contact"]


def test_titles_above_the_header_are_left_out(deliveries: Path) -> None:
    """In texts and workbooks, and said; an index without a name is no title."""
    report = "Positions;;;\n\nas of;8 July;;\nid;day;amount;note\n" + "".join(f"{n};2017-07-08;1;x\n" for n in range(9))
    table, unsure = profiled(deliveries, report)
    assert [column.header for column in table.columns] == ["id", "day", "amount", "note"]
    assert (table.rows, [c.data_type for c in table.columns][:3]) == (9, ["integer", "date", "integer"])
    assert unsure == ["Rows above the header, which are left out (`skip`): 2."]
    workbook(deliveries / "things.xlsx", "Things", "as of today")
    unsure = []
    written, table = cli._read(Place(str(deliveries / "things.xlsx"), "test", None), None, unsure)
    assert [column.header for column in table.columns] == ["id", "note", "more"] and table.rows == 2
    assert written.skip == 2 and "(`skip`): 2" in unsure[0]
    table, unsure = profiled(deliveries, ",a,b\n1,2,3\n4,5,6\n")
    assert table.rows == 2 and not unsure


def test_check_digits() -> None:
    assert personal.passes_luhn("79927398713") and not personal.passes_luhn("79927398710")
    assert personal.is_iban("DE89370400440532013000") and not personal.is_iban("DE88370400440532013000")


def test_proposals_are_read_as_they_are_meant(room: Path) -> None:
    """Headers and codes of any characters, and no value of a person in any file."""
    odd = ["a: b", "- c", "'\"\\", "#", "null", "{x}", "é\u2028", "%d", "yes"]
    columns = [Profile(f"c{place}", header, filled=1) for place, header in enumerate(odd)]
    columns[0].codes = odd
    columns[2].name = "no"
    columns[1].written = {"nulls": ["NULL", "-"], "date_format": ["%d.%m.%Y"], "decimal": ",", "trim": True}
    proposal = Proposal("s", "t", {"from": "in/*.csv", "kind": "replaced"}, columns, ["c0", "c1"], 2)
    layout = yaml.safe_load(proposal.rendered("layout.yml"))[0]
    metas = [c["config"]["meta"] for c in layout["columns"]]
    assert [meta["header"] for meta in metas] == odd
    assert layout["columns"][2]["name"] == "no"
    assert {key: metas[1][key] for key in columns[1].written} == columns[1].written
    model = yaml.safe_load(proposal.rendered("model.yml"))[0]
    (test,) = model["columns"][0]["data_tests"][1:]
    assert test["accepted_values"]["arguments"]["values"] == odd


INVOICES = ["Rechnungs-Nr.;Kunde;E-Mail;Datum;Betrag;Betrag;;Order;Bemerkung;Status"]
INVOICES += [
    f"R{n:05};Müller {n};m{n}@example.com;{1 + n % 28}.{1 + n % 12}.2017;{n % 1000}.000,5;n/a;;{n};"
    f'"zwei\r\nZeilen ""{n}""";{("offen", "bezahlt")[n % 2]}'
    for n in range(1500)
]  # fmt: skip
INVOICES[700] = "R00699;Müller;x;32.13.2017;1;2;;3;;offen"
INVOICES[800] = "three;cells;only"
CONTACTS = ["\ufeffid\tFirst Name\tDOB\tBalance\tactive\tgroup"]
CONTACTS += [f"{n}\tAnn\t{1 + n % 12}/{1 + n % 28}/1970\t{n},000.25\t{n % 2 == 0}\tA{n % 3}" for n in range(60)]


@pytest.mark.warehouse
def test_two_messy_files_are_a_source_in_minutes(session: Path, landing: Path) -> None:
    """Scaffolded into a copy of the project, parsed, linted, held against the standards, built, and accounted for; and
    once more after a file that came late and one that was corrected."""
    project = copy_project(session / "scaffolded")
    area, folder = copy_landing(landing, session / "scaffolded_landing"), session / "scaffolded_deliveries"
    warehouse = session / "scaffolded.duckdb"
    environment = os.environ | {
        "LANDING_DIR": str(area), "DELIVERIES_DIR": str(folder), "WAREHOUSE_PATH": str(warehouse),
        "DBT_TARGET_PATH": "target", "PYTHONPATH": os.pathsep.join([str(project), os.environ.get("PYTHONPATH", "")]),
    }  # fmt: skip

    def run(*command: str, code: int = 0) -> str:
        program = [str(Path(sys.executable).with_name(command[0])), *command[1:]]
        ran = subprocess.run(program, cwd=project, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == code, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    invoices, contacts = session / "Rechnungen-2017-07-08.csv", session / "contacts.csv"
    invoices.write_bytes("\r\n".join([*INVOICES, "", ""]).encode("cp1252"))
    contacts.write_text("\n".join(CONTACTS), encoding="utf-8")
    scaffold = ("python", "-m", "scripts.scaffold", "--source", "billing", "--file")
    said = run(*scaffold, str(invoices), "--table", "invoices")
    assert "datum has values that are not of type date, to be rejected: 1." in said and "m7@example.com" not in said
    run(*scaffold, str(contacts))
    assert "is there already" in run(*scaffold, str(contacts), code=1)
    written = {p.name: p.read_text(encoding="utf-8") for p in (project / "models/staging/billing").iterdir()}
    assert len(written) == 4 and not any("example.com" in text or "Ann" in text for text in written.values())
    run("dbt", "parse", "--quiet", "--warn-error")
    run("python", "-m", "scripts.governance")
    run("sqlfluff", "lint", "models/staging/billing")
    run("dbt", "build", "--quiet", "--exclude-resource-type", "unit_test")
    accounted_for = (
        "select source_name, batch_id, landed_rows, loaded_rows, rejected_rows, lost_rows "
        "from operations.reconciliation where source_name like 'billing.%' order by 1, 2"
    )
    with duckdb.connect(str(warehouse), read_only=True) as con:
        assert con.sql(accounted_for).fetchall() == [
            ("billing.contacts", 3, 60, 60, 0, 0),
            ("billing.invoices", 2, 1500, 1498, 2, 0),
        ]
        assert con.sql("select column_name, reason from operations.rejected_rows order by line_number").fetchall() == [
            ("datum", "'32.13.2017' is not of type date"),
            (None, "wrong number of fields: 3 instead of 10"),
        ]
        assert con.sql(
            "select datum::varchar, betrag::varchar, betrag_2, bemerkung from staging.stg_billing__invoices "
            "where order_value = 27"
        ).fetchall() == [("2017-04-28", "27000.5", None, 'zwei\nZeilen "27"')]
        assert con.sql(
            "select dob::varchar, balance::varchar, active from staging.stg_billing__contacts where id = 12"
        ).fetchall() == [("1970-01-13", "12000.25", True)]

    # History that comes late, with an invoice that batch 2 has too; a state that is corrected, with one bad row more.
    late = [INVOICES[0], INVOICES[1], INVOICES[2].replace("R00001", "R90001"), ""]
    (folder / "billing" / "Rechnungen-2016-01-31.csv").write_bytes("\r\n".join(late).encode("cp1252"))
    corrected = [line.replace("12,000.25", "13,000.25") for line in CONTACTS] + ["x\tAnn\t\t\t\t"]
    (folder / "billing" / "contacts.csv").write_text("\n".join(corrected), encoding="utf-8")
    environment["MAX_REJECTED_SHARE"] = "0.01"
    said = run("python", "-m", "scripts.build")
    assert "Batch1/BillingInvoices_2016-01-31.csv has landed: 2 rows" in said
    assert "Batch3/BillingContacts_2017-07-09.csv has landed: 61 rows" in said
    with duckdb.connect(str(warehouse), read_only=True) as con:
        assert con.sql(accounted_for).fetchall() == [
            ("billing.contacts", 3, 61, 60, 1, 0),
            ("billing.invoices", 1, 2, 2, 0, 0),
            ("billing.invoices", 2, 1500, 1497, 3, 0),
        ]
        # The later batch's row repeats the key of the late one.
        assert con.sql(
            "select batch_id from staging.stg_billing__invoices where rechnungs_nr = 'R00000'"
        ).fetchall() == [(1,)]
        assert con.sql(
            "select id, balance::varchar from staging.stg_billing__contacts where id in (11, 12) order by id"
        ).fetchall() == [(11, "11000.25"), (12, "13000.25")]
