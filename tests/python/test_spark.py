"""The Spark target gives the rows that DuckDB gives, from a first load and from daily ones."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scripts.project import PROJECT
from scripts.proof.functions import MASKS

pytest.importorskip("pysail", reason="no Spark engine is installed: pip install '.[spark]'")

from scripts.spark.landed import _fields, _lines, _records
from scripts.spark.masks import VERSION, bodies


def write(folder: Path, text: bytes) -> Path:
    """A landed file with this content."""
    path = folder / "landed.txt"
    path.write_bytes(text)
    return path


def test_lines_are_numbered_and_cut_into_fields(tmp_path: Path) -> None:
    """A byte order mark and carriage returns are no data, an empty field is null, and the last line may be open."""
    [(numbers, lines), (last_numbers, last_lines)] = list(_lines(write(tmp_path, b"\xef\xbb\xbfa||c\r\n\nx|y")))
    assert numbers.to_pylist() == [1, 2]
    assert _fields(lines, "pipe").to_pylist() == [["a", None, "c"], [None]]
    assert (last_numbers.to_pylist(), last_lines.to_pylist()) == ([3], ["x|y"])


def test_a_quoted_field_may_hold_line_ends(tmp_path: Path) -> None:
    """A record has the number of its first line, and quotes are taken off."""
    records = list(_records(write(tmp_path, b'1,"two ""2""\nlines",\n3,plain,"a,b"\n')))
    assert [n for numbers, _ in records for n in numbers.to_pylist()] == [1, 3]
    fields = [f for _, lines in records for f in _fields(lines, "csv").to_pylist()]
    assert fields == [["1", 'two "2"\nlines', None], ["3", "plain", "a,b"]]


def test_every_mask_comes_along() -> None:
    """A mask that the engine lacks would stop the marts; one that the proof does not know would leak."""
    assert {signature.partition("(")[0] for signature in bodies()} == {*MASKS, VERSION}


@pytest.fixture(scope="module")
def area(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A landing area with four batches, in which a row cannot be read and one comes twice."""
    folder = tmp_path_factory.mktemp("spark") / "landing"
    run(["scripts.generate_landing", "--out", str(folder), "--scale", "0.03", "--days", "3", "--seed", "5"])
    trades = folder / "Batch2" / "Trade.txt"
    lines = trades.read_bytes().splitlines(keepends=True)
    trades.write_bytes(b"".join([*lines, b"I|1|not a trade\n", lines[0]]))
    return folder


@pytest.mark.long
def test_both_engines_give_the_same_rows(area: Path, tmp_path: Path) -> None:
    """No table differs after a first load, none after the days that follow, and none once a file has been replaced."""
    parity = ["scripts.parity", "--landing", str(area), "--work", str(tmp_path)]
    assert " 0 differ" in run(parity, THROUGH_BATCH="1")
    assert " 0 differ" in run([*parity, "--built"])
    prospects = area / "Batch4" / "Prospect.csv"
    landed = prospects.read_bytes()
    prospects.write_bytes(b"".join(landed.splitlines(keepends=True)[:-3]))
    try:
        assert " 0 differ" in run([*parity, "--built"])
    finally:
        prospects.write_bytes(landed)


@pytest.mark.long
def test_a_killed_load_goes_on(area: Path, tmp_path: Path) -> None:
    """What a load had done when it was killed is neither lost nor done twice."""
    tables = tmp_path / "tables"
    environment = settings(SPARK_WAREHOUSE=str(tables), LANDING_DIR=str(area), DBT_TARGET_PATH=str(tmp_path / "target"))
    with subprocess.Popen([sys.executable, "-m", "scripts.spark", "run"], cwd=PROJECT, env=environment) as load:
        while load.poll() is None and not (tables / "core" / "dim_customer").exists():
            time.sleep(0.1)
        load.kill()
    assert (tables / "core" / "dim_customer").exists()
    command = ["scripts.parity", "--landing", str(area), "--work", str(tmp_path), "--built"]
    assert " 0 differ" in run(command)


def settings(**given: str) -> dict[str, str]:
    """The environment of a program, in which some rows of a small file may be rejected."""
    return {**os.environ, "MAX_REJECTED_SHARE": "0.1", **given}


def run(command: list[str], **given: str) -> str:
    """Run a program of the project; returns what it says."""
    ran = subprocess.run(
        [sys.executable, "-m", *command], cwd=PROJECT, env=settings(**given), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-4000:]
    return ran.stdout
