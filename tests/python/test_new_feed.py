"""A new feed touches its own files: those of docs/adding-a-source.md, in a copy of the project, are all it takes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from warehouse import PROJECT, copy_landing, copy_project

pytestmark = pytest.mark.warehouse
GUIDE = PROJECT / "docs" / "adding-a-source.md"
SOURCES, STAGING, RESOLVED, FACT = (
    "models/staging/dividends/_dividends__sources.yml",
    "models/staging/dividends/stg_dividends__dividend.sql",
    "models/core/resolved/resolved_dividends.sql",
    "models/core/facts/fact_dividends.sql",
)
PUBLIC = "config: {meta: {classification: public}}"


def column(name: str, data_type: str = "", is_required: bool = False) -> str:
    """A column in a model's YAML."""
    typed = f"\n        data_type: {data_type}" if data_type else ""
    constraint = "\n        constraints: [{type: not_null}]" if is_required else ""
    return f"      - name: {name}{typed}\n        description: As in the layout.{constraint}\n        {PUBLIC}\n"


def model(name: str, *columns: str, config: str = "") -> str:
    """A model's YAML."""
    return f"version: 2\n\nmodels:\n  - name: {name}\n    description: Dividends.\n{config}    columns:\n" + "".join(
        columns
    )


def guide_files() -> dict[str, str]:
    """The files of the guide: its SQL and layout as they stand there, YAML with the settings it gives."""
    blocks = re.findall(r"```(yaml|sql)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    layout, staging, resolved, fact, settings = [text for _, text in blocks]
    landed = [column("symbol"), column("ex_date"), column("amount"), column("batch_id")]
    key = (
        "      - dbt_utils.unique_combination_of_columns:\n          name: dividends_are_known_once\n"
        "          arguments: {combination_of_columns: [sk_security_id, sk_date_id]}\n          config:\n"
        "            severity: error\n            meta: {dimension: uniqueness, reason: 'A key that occurs twice.'}\n"
    )
    joins = (
        "        data_tests:\n          - relationships:\n              name: dividends_join_their_security\n"
        "              arguments: {to: ref('dim_security'), field: sk_security_id}\n              config:\n"
        "                severity: error\n                meta:\n                  dimension: integrity\n"
        "                  reason: It would fall out of every report that joins it.\n"
    )
    facts = [
        column("sk_security_id", "bigint", is_required=True) + joins,
        column("sk_company_id", "bigint", is_required=True),
        column("sk_date_id", "bigint", is_required=True),
        column("amount", '"decimal(10,2)"', is_required=True),
        column("batch_id", "integer", is_required=True),
    ]
    return {
        SOURCES: layout,
        STAGING: staging,
        STAGING.replace("stg_dividends__dividend.sql", "_dividends__models.yml"): model(
            "stg_dividends__dividend", *landed
        ),
        RESOLVED: resolved,
        RESOLVED.replace("resolved_dividends.sql", "_resolved__dividends__models.yml"): model(
            "resolved_dividends",
            *landed,
            column("reject_reason_code"),
            column("reject_column"),
            config="    config: {meta: {resolves: dividends.dividend}}\n",
        ),
        FACT: fact,
        FACT.replace("fact_dividends.sql", "_facts__dividends__models.yml"): model(
            "fact_dividends", *facts, config=settings + key
        ),
    }


@dataclass(frozen=True)
class Extended:
    """A copy of the project with one more feed, and a warehouse that it has built."""

    project: Path
    warehouse: Path
    environment: dict[str, str]
    landed: int

    def query(self, sql: str) -> list[tuple[object, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as con:
            return con.execute(sql).fetchall()

    def run(self, *arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, *arguments], cwd=self.project, env=os.environ | self.environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout


def land_dividends(area: Path) -> int:
    """A dividend of each of twenty securities in each batch, an unknown security, and a line that is no dividend."""
    symbols = [line.split("|")[1] for line in (area / "Batch1/DailyMarket.txt").read_text().splitlines()[:20]]
    for batch, day in ((1, "2017-07-07"), (2, "2017-07-08"), (3, "2017-07-09")):
        lines = [f"{symbol}|{day}|1.25" for symbol in dict.fromkeys(symbols)]
        lines += [f"NOSUCH|{day}|1", f"{symbols[0]}|{day}", lines[0]] if batch == 2 else []
        (area / f"Batch{batch}/Dividend.txt").write_text("\n".join(lines) + "\n")
        (area / f"Batch{batch}/Dividend_audit.csv").write_text(
            "DataSet, BatchID, Date, Attribute, Value, DValue\n"
            f"FactDividends,{batch},,DV_RECORDS,{len(lines)},\n"
        )  # fmt: skip
    return len(dict.fromkeys(symbols))


@pytest.fixture(scope="module")
def extended(session: Path, landing: Path) -> Extended:
    """Built at once, with data tests."""
    project = copy_project(session / "extended")
    for name, text in guide_files().items():
        assert not (project / name).exists(), f"{name} is not the feed's own"
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    area = copy_landing(landing, session / "extended_landing")
    environment = {
        "LANDING_DIR": str(area),
        "WAREHOUSE_PATH": str(session / "extended.duckdb"),
        "DBT_TARGET_PATH": "target",
        "MAX_REJECTED_SHARE": "0.2",
        "PYTHONPATH": str(project),
    }
    extended = Extended(project, session / "extended.duckdb", environment, land_dividends(area))
    dbt = str(Path(sys.executable).with_name("dbt"))
    extended.run(dbt, "build", "--exclude-resource-type", "unit_test")
    return extended


def test_it_is_loaded_counted_and_reconciled(extended: Extended) -> None:
    """Landed rows are in the fact or rejected with their reason, and agree with the control total."""
    n = extended.landed
    assert extended.query("select count(*) from core.fact_dividends") == [(3 * n,)]
    assert extended.query(
        "select batch_id, landed_rows, loaded_rows, rejected_rows, lost_rows, difference "
        "from operations.reconciliation where source_name = 'dividends.dividend' order by 1"
    ) == [(1, n, n, 0, 0, 0), (2, n + 3, n, 3, 0, 0), (3, n, n, 0, 0, 0)]
    assert extended.query(
        "select line_number - ?, column_name, reason from operations.rejected_rows order by 1".replace("?", str(n))
    ) == [
        (1, "dv_s_symb", "unknown security NOSUCH"),
        (2, None, "wrong number of fields: 2 instead of 3"),
        (3, None, "same key as line 1"),
    ]
    assert extended.query(
        "select batch_id, message_text, message_data from operations.di_messages "
        "where message_source = 'FactDividends' and batch_id = 3 order by 2"
    ) == [(3, "Row count", str(3 * n)), (3, "Row count joined", str(3 * n))]
    assert extended.query(
        "select batch_id, outcome from operations.control_results where control = 'control_dv_records' order by 1"
    ) == [(1, "agrees"), (2, "agrees"), (3, "agrees")]


def test_it_is_profiled(extended: Extended) -> None:
    """The landed feed and the fact both."""
    assert extended.query(
        "select distinct table_name from operations.column_profile where table_name like '%dividend%' order by 1"
    ) == [("fact_dividends",), ("stg_dividends__dividend",)]
    assert extended.query("select count(*) > 0 from operations.batch_series where feed = 'Dividend'") == [(True,)]


def test_it_is_published_and_searched(extended: Extended) -> None:
    """Those who may see everything get the fact, and an erasure searches each of its tables."""
    said = extended.run(
        "-c",
        "import json\n"
        "from scripts.audiences import find_audience, grants\n"
        "from scripts.data_subjects import persons\n"
        "from scripts.warehouse_file import open_warehouse\n"
        "manifest = json.load(open('target/manifest.json'))\n"
        "with open_warehouse() as con:\n"
        "    given = grants(con, find_audience('compliance'), manifest)\n"
        "    searched = persons.tables(con, manifest)\n"
        "print(json.dumps([[g.name for g in given], [t.full_name for t in searched]]))\n",
    )
    given, searched = json.loads(said.splitlines()[-1])
    assert "core.fact_dividends" in given
    assert {"staging.stg_dividends__dividend", "core.fact_dividends"} <= set(searched)


def test_it_meets_the_standards(extended: Extended) -> None:
    """Layers, keys, contracts and classifications of the guide's files are as those of any other."""
    assert "keeps its rules" in extended.run("-m", "scripts.governance")
