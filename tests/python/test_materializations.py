"""What our own materializations keep of dbt's: contracts, changes of columns, constraints, kinds of relation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from warehouse import Warehouse, copy_project

MODELS = {
    "core/dimensions/industry.sql": ("industry_name as in_name", "length(industry_name) as in_name"),
    "core/dimensions/status_type.sql": ("status_name as st_name", "status_name as st_name, 1 as extra"),
    "core/dimensions/trade_type.sql": (
        "select * from final",
        "select * from final union all by name select null as tt_id, * exclude (tt_id) from core.trade_type",
    ),
    "core/_core__reference__models.yml": (
        "      - name: st_id\n",
        "      - {name: extra, data_type: integer, description: New.}\n      - name: st_id\n",
    ),
    "analytics/analytics_tax_rate.sql": ("select * from final", "select tx_id as another from final"),
    "operations/column_profile.sql": ("figures.*,", "figures.*, 1 as extra,"),
    "operations/audit.sql": ("materialized='table'", "materialized='view'"),
    "operations/slow_models.sql": ("materialized='view'", "materialized='table'"),
}
# Those that become another kind of relation.
KINDS = {"operations.audit", "operations.slow_models"}


@pytest.fixture
def changed(room: Path) -> Path:
    """A copy of the project with models that do not keep to what they were."""
    project = copy_project(room / "project")
    for name, (old, new) in MODELS.items():
        path = project / "models" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, name
        path.write_text(text.replace(old, new), encoding="utf-8")
    return project


def test_what_is_not_agreed_is_refused_and_leaves_the_table(changed: Path, loaded: Warehouse, room: Path) -> None:
    warehouse = loaded.copy(room / "warehouse")
    environment = os.environ | {
        "DBT_TARGET_PATH": str(room / "target"),
        "DBT_LOG_PATH": str(room / "logs"),
        "WAREHOUSE_PATH": str(warehouse.path),
        "LANDING_DIR": str(loaded.landing),
    }
    names = [Path(name).stem for name in MODELS if name.endswith(".sql")]
    dbt = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", "run", "--select", *names]
    # A column that would be null reaches a table only if it is rebuilt.
    rows_before = warehouse.query("select count(*) from core.trade_type")
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("delete from operations.row_counts where model_name = 'trade_type'")
    ran = subprocess.run(dbt, cwd=changed, env=environment, check=False, capture_output=True, text=True)
    said = " ".join(ran.stdout.split())
    assert "| in_name | BIGINT | VARCHAR | data type mismatch |" in said
    assert "| another | VARCHAR | | missing in contract |" in said
    assert "The source and target schemas on this incremental model are out of sync" in said
    assert "NOT NULL constraint failed: trade_type.tt_id" in said
    assert "Completed with 4 errors" in said
    assert warehouse.unlike(loaded).keys() <= {"operations.row_counts", "operations.column_profile", *KINDS}
    assert warehouse.query("select count(*) from core.trade_type") == rows_before
    assert warehouse.query("select count(*) from operations.column_profile where extra is not null") == [(0,)]
    kinds = "select table_type from information_schema.tables where table_name = '{}' and table_schema = 'operations'"
    assert warehouse.query(kinds.format("audit")) == [("VIEW",)]
    assert warehouse.query(kinds.format("slow_models")) == [("BASE TABLE",)]
