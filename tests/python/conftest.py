"""One landing area and one warehouse loaded from it, made once and copied by the tests that change them."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from publication import Publication, make  # noqa: E402
from warehouse import Warehouse, generate  # noqa: E402

from scripts.keys import ensure_key  # noqa: E402

# A pull request is judged by the same examples every time; new ones are generated for local runs.
settings.register_profile("same", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("same")


# Groups that take longest begin first, so that no process is left alone with one of them at the end.
SLOWEST_GROUPS = [
    "published",
    "test_bad_rows",
    "test_plant",
    "test_erasure",
    "test_loads",
    "test_kill",
    "test_encryption",
]
SHARED_FILES = pytest.StashKey[dict[Path, tuple[int, int]]]()
PLACES = {group: place for place, group in enumerate(SLOWEST_GROUPS)}


def _group(item: pytest.Item) -> str:
    return "published" if "published" in getattr(item, "fixturenames", ()) else item.path.stem


# First, since xdist takes the groups into the tests' names when it is asked in turn.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests run in several processes, a file's run in one, and all that need the publication in the same one.

    `make check` leaves out those of files that load warehouses.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
        if hasattr(getattr(item, "module", None), "Warehouse") or "loaded" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.warehouse)
    items.sort(key=lambda item: PLACES.get(_group(item), len(PLACES)))


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for what all tests share."""
    return tmp_path_factory.mktemp("session")


@pytest.fixture(scope="session")
def landing(session: Path) -> Path:
    """A landing area of three batches. Tests that change one take a copy."""
    return generate(session / "landing")


@pytest.fixture(autouse=True)
def unspoilt(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test's own landing area shares its files with the common one, so a test that writes into one fails at once."""
    yield
    if "landing" in request.fixturenames:
        files = [path for path in request.getfixturevalue("landing").rglob("*") if path.is_file()]
        now = {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}
        assert request.config.stash.setdefault(SHARED_FILES, now) == now


@pytest.fixture(scope="session")
def loaded(session: Path, landing: Path) -> Warehouse:
    """A warehouse loaded from it at once. Tests that change one take a copy."""
    warehouse = Warehouse(session / "loaded", landing, session)
    warehouse.load()
    return warehouse


@pytest.fixture(scope="session")
def first_batch(session: Path, landing: Path) -> Warehouse:
    """A warehouse that holds the first batch only. Tests take a copy."""
    warehouse = Warehouse(session / "first_batch", landing, session)
    warehouse.load(through_batch=1)
    return warehouse


@pytest.fixture(scope="session")
def secured_keys(session: Path) -> Path:
    """A folder of keys for tests of encryption and publication, with the warehouse's key in it, and that of the tokens
    which `loaded` holds in its marts."""
    token = ensure_key("token")
    kept = session / "keys" / f"{token.name}.v{token.version}.key"
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("WAREHOUSE_KEYS", str(session / "keys"))
        ensure_key("warehouse")
    kept.write_text(token.hex + "\n", encoding="ascii")
    kept.chmod(0o600)
    return session / "keys"


@pytest.fixture(scope="session")
def published(session: Path, loaded: Warehouse, secured_keys: Path) -> Publication:
    """That warehouse, encrypted and published."""
    return make(loaded, session / "publication", secured_keys)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """A folder for one test, emptied afterwards: warehouses are large."""
    yield tmp_path
    shutil.rmtree(tmp_path)
