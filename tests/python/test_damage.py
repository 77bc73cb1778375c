"""Whatever is wrong with a landing area, no row is lost or multiplied in silence."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from damage import Bench, Damage, Example, examples
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

EXAMPLES = 24


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Warehouses to start from."""
    yield Bench.make(tmp_path_factory.mktemp("damage"))


def test_an_undamaged_area_loads(bench: Bench) -> None:
    """The property can be told to hold: before any load, after one, and where nothing is new."""
    assert [bench.try_out(Example(loaded, ())).end for loaded in bench.starts] == ["loaded"] * 3


def test_an_example_can_be_replayed() -> None:
    example = Example(
        1, (Damage("truncated", "Batch2/Trade.txt", 0.5, 0.25), Damage("fifo", "Batch2/HR.csv", 0.0, 0.9))
    )
    assert Example.parse(str(example)) == example


# To the maintainer: remove the mark once the findings of damaged landing areas are mended.
@pytest.mark.xfail(strict=False, reason="some damaged landing areas are still loaded or refused in the wrong way")
def test_damaged_areas_are_refused_or_accounted_for(bench: Bench) -> None:
    names = bench.names()

    @given(st.data())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def holds(data: st.DataObject) -> None:
        example = data.draw(examples(names))
        outcome = bench.try_out(example)
        assert not outcome.fault, f"{outcome.fault}\n    python -m tests.python.damage --replay '{example}'"

    holds()
