"""A load that is killed at any moment does no harm: the next one gives the rows of one that was never interrupted."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
from warehouse import ROWS_ONLY, Warehouse, copy_landing, rewrite

# A load is killed when it begins the n-th model of a layer, or a little later. Each of these loads goes on where the
# one before was killed, so each is killed at work.
FIRST_LOAD = [("staging", 1), ("staging", 12), ("core", 3), ("core", 14), ("operations", 3)]
DAILY_LOAD = [("staging", 6), ("intermediate", 2), ("core", 8), ("core", 17), ("operations", 6)]
# After the old rows were removed, between staging and core, and while core is rebuilt.
CORRECTION = [("staging", 1), ("core", 1), ("core", 14)]
PATIENCE_SECONDS = 120


def kill(warehouse: Warehouse, layer: str, number: int, delay: float) -> None:
    """Start a load and kill it, with all its processes, when it begins a model."""
    process = warehouse.start("run")
    assert process.pid is not None
    output = warehouse.folder / "output"
    begins = re.compile(rf" START sql \w+ model {layer}\.")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        text = output.read_text(encoding="utf-8") if output.exists() else ""
        if len(begins.findall(text)) >= number:
            break
        assert process.exitcode is None, f"ended before model {number} of {layer}:\n{text}"
        assert time.monotonic() < deadline, text
        time.sleep(0.002)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize(
    "is_first", [pytest.param(True, id="first load", marks=pytest.mark.long), pytest.param(False, id="daily load")]
)
def test_a_killed_load_is_made_good_by_the_next(
    loaded: Warehouse, first_batch: Warehouse, room: Path, is_first: bool
) -> None:
    """Neither a first load nor a daily one, killed again and again while it works on each layer, leaves a trace."""
    folder = room / "warehouse"
    warehouse = Warehouse(folder, loaded.landing, loaded.session) if is_first else first_batch.copy(folder)
    for moment, (layer, number) in enumerate(FIRST_LOAD if is_first else DAILY_LOAD):
        (folder / "output").unlink(missing_ok=True)
        kill(warehouse, layer, number, delay=moment % 3 * 0.01)
    warehouse.load()
    assert warehouse.unlike(loaded) == {}


@pytest.mark.long
def test_a_killed_correction_is_made_good_by_the_next_load(loaded: Warehouse, room: Path) -> None:
    """A load of replaced files that is killed again and again ends with the rows of a fresh load of them."""
    area = copy_landing(loaded.landing, room / "landing")
    warehouse = loaded.copy(room / "warehouse", area)
    for name in ("Account.txt", "CashTransaction.txt", "Trade.txt"):
        rewrite(area / "Batch3" / name, lambda data: data[: data.rstrip().rfind(b"\n") + 1])
    for layer, number in CORRECTION:
        (warehouse.folder / "output").unlink(missing_ok=True)
        kill(warehouse, layer, number, delay=0)
        assert warehouse.query("select * from operations.rebuilds_due") != []
    warehouse.load(max_rejected_share=1)
    fresh = Warehouse(room / "fresh", area, loaded.session)
    fresh.load(*ROWS_ONLY, max_rejected_share=1)
    assert set(warehouse.unlike(fresh, rows_only=True)) <= {"operations.landed_files"}
    assert warehouse.query("select * from operations.rebuilds_due") == []
