"""What is profiled follows from the graph: a model that asks for it needs no other file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from warehouse import copy_project

pytestmark = pytest.mark.warehouse
MODEL = "select 1 as probe_id, 1 as batch_id"
DESCRIPTION = """
version: 2
models:
  - name: fact_probe
    description: One row.
    config: {meta: {profile: {batch_column: batch_id}}}
"""


@pytest.mark.long
def test_a_model_that_asks_for_it_is_profiled(room: Path) -> None:
    project = copy_project(room / "project")

    def dbt(*arguments: str) -> tuple[int, str]:
        environment = os.environ | {
            "DBT_TARGET_PATH": str(room / "target"),
            "DBT_LOG_PATH": str(room / "logs"),
            "WAREHOUSE_PATH": str(room / "warehouse.duckdb"),
            "LANDING_DIR": str(room),
        }
        command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *arguments]
        ran = subprocess.run(command, cwd=project, env=environment, check=False, capture_output=True, text=True)
        return ran.returncode, ran.stdout + ran.stderr

    def parents() -> set[str]:
        code, said = dbt("--quiet", "ls", "--select", "+column_profile", "--resource-type", "model", "--output", "name")
        assert code == 0, said
        return set(said.split())

    before = parents()
    assert {"stg_brokerage__trade", "stg_reference__date", "dim_trade", "financial"} < before
    assert not {"stg_control__audit", "prospect"} & before

    (project / "models" / "core" / "fact_probe.sql").write_text(MODEL, encoding="utf-8")
    (project / "models" / "core" / "_probe.yml").write_text(DESCRIPTION, encoding="utf-8")
    # A partial parse leaves column_profile as it was: it would not wait for the new model, and says so.
    code, said = dbt("compile", "--select", "column_profile")
    assert code != 0
    assert "fact_probe was added after dbt had parsed column_profile" in " ".join(said.split())
    assert "--no-partial-parse" in said
    (room / "target" / "partial_parse.msgpack").unlink()
    assert parents() == before | {"fact_probe"}
