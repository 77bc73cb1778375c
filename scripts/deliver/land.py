"""Land each delivery in its batch, so that a run can be killed at any moment without loss.

What lands depends only on the deliveries and the batches' dates. Each file is written next to its target, its rows are
counted as the loader counts them, and it is renamed; the next run completes a killed one. A delivery is not read again
if its landed file is newer than the delivery and its layout.
"""

from __future__ import annotations

import csv
import fcntl
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from scripts.deliver.cells import cleaners
from scripts.deliver.origin import Delivery, deliveries_folder
from scripts.deliver.reading import Row, read
from scripts.files import flush
from scripts.landing.contents import Contents, hash_of, inspect
from scripts.landing.definitions import Layout, layouts
from scripts.landing.errors import LandingError, Problems
from scripts.landing.inventory import complete_batches

Say = Callable[[str], None]


@dataclass(frozen=True)
class _Due:
    """A delivered file, or a table (`path` is then its database), and where it is to land."""

    delivery: Delivery
    path: Path
    target: Path
    # The landed file to compare with: the target, or the newest version of a replaced file.
    version: Path

    @property
    def name(self) -> str:
        origin = self.delivery.origin
        return f"{origin.engine}:{origin.path}#{origin.name}" if origin.is_database else str(self.path)


def deliver(landing: Path, say: Say) -> None:
    """Land all deliveries; afterwards, raises a LandingError with all that were refused."""
    delivered = [definition for definition in layouts() if "delivery" in definition.meta]
    if not delivered:
        return
    batches = complete_batches(landing)
    problems = Problems()
    with _alone(landing):
        for definition in delivered:
            with problems.collect():
                for file in _due(Delivery.of(definition), landing, batches, say):
                    with problems.collect():
                        _land(file, landing, say)
    problems.raise_any()


@contextmanager
def _alone(landing: Path) -> Iterator[None]:
    """Lock the landing area for writing, once no other process has it locked."""
    descriptor = os.open(landing, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _due(delivery: Delivery, landing: Path, batches: Mapping[int, date], say: Say) -> list[_Due]:
    """The current deliveries and their targets."""
    folder = deliveries_folder()
    if delivery.kind == "replaced":
        newest = max(batches)
        target = landing / f"Batch{newest}" / delivery.landed_name(batches[newest])
        versions = (landing / f"Batch{n}" / delivery.landed_name(batches[n]) for n in sorted(batches, reverse=True))
        version = next((path for path in versions if path.exists()), target)
        files = delivery.files(folder) if delivery.origin.path else [Path()]
        if not files:
            say(f"{delivery.layout.name}: {folder / delivery.origin.path} is not there; nothing new lands.")
        return [_Due(delivery, path, target, version) for path in files]
    due: dict[Path, _Due] = {}
    for path in delivery.files(folder):
        day = delivery.day_of(path)
        batch = next((n for n, batch_day in batches.items() if batch_day >= day), None)
        if batch is None:
            say(f"{path} waits for the batch of {day}.")
            continue
        target = landing / f"Batch{batch}" / delivery.landed_name(day)
        if target in due:
            raise LandingError(f"{due[target].path} and {path} are both to be {target}. Leave one of them.")
        due[target] = _Due(delivery, path, target, target)
    return list(due.values())


def _land(due: _Due, landing: Path, say: Say) -> None:
    """Write a delivery to its target, unless it is there already."""
    if _is_settled(due):
        return
    aside = due.target.with_name(f".{due.target.name}.delivering")
    try:
        rows, contents, begun = _write(due, aside)
        if due.version.exists() and contents.content_hash == hash_of(str(due.version)):
            # Note when it was compared. To the loader, a new time alone is no change.
            os.utime(due.version, ns=(begun, begun))
            return
        os.utime(aside, ns=(begun, begun))
        aside.replace(due.target)
        flush(due.target.parent)
    finally:
        aside.unlink(missing_ok=True)
    say(f"{due.target.relative_to(landing)} has landed: {rows:,} rows of {due.name}.")


def _is_settled(due: _Due) -> bool:
    """Whether the landed file is newer than the delivery's arrival and than the layout.

    The arrival is the change time, which a copy that keeps the old modification time cannot hide. A table has no time,
    so it is always read.
    """
    if due.delivery.origin.is_database:
        return False
    with suppress(FileNotFoundError):
        landed = due.version.stat().st_mtime_ns
        return landed > max(due.path.stat().st_ctime_ns, due.delivery.layout.defined_in.stat().st_mtime_ns)
    return False


def _write(due: _Due, aside: Path) -> tuple[int, Contents, int]:
    """Write a delivery in the loader's format; returns its row count, the loader's count, and when writing began."""
    try:
        with open(aside, "w", encoding="utf-8", newline="") as stream:
            # By the file system's own clock: whatever arrives from now on is newer.
            begun = os.fstat(stream.fileno()).st_mtime_ns
            before = due.path.stat()
            written = csv.writer(stream, lineterminator="\n")
            count = 0
            for row in _rows(due.delivery, due.path, due.name):
                written.writerow(row)
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
    except UnicodeEncodeError:
        raise LandingError(f"{due.name} holds characters that are not valid text. Have it exported as UTF-8.") from None
    after = due.path.stat()
    grew = (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
    if grew and not due.delivery.origin.is_database:
        raise LandingError(f"{due.name} changed while it was read. Run again once it has been delivered whole.")
    try:
        contents = inspect(str(aside), due.delivery.layout)
    except LandingError as error:
        raise LandingError(f"{due.name}, as it would land: {str(error).replace(str(aside), due.target.name)}") from None
    found = contents.rows.get(due.delivery.layout.name, 0)
    if found != count:
        raise LandingError(f"{due.name} has {count} rows, but {found} would land. Have it exported anew.")
    return count, contents, begun


def _rows(delivery: Delivery, path: Path, name: str) -> Iterator[Row]:
    """Rows in the layout's order and the loader's format; rows with more or fewer cells keep their cells."""
    rows = read(delivery.origin, path, delivery.text)
    order: list[int] | None = None
    if delivery.origin.engine != "text" or delivery.text.header:
        header = next(rows, None)
        if header is None:
            raise LandingError(f"{name} is empty: it has not even a header. Have it delivered again.")
        order = _order(header, delivery.layout, name)
    width = len(delivery.layout.columns)
    clean = cleaners(delivery)
    for row in rows:
        if len(row) == width:
            row = row if order is None else [row[place] for place in order]
            for place, step in clean:
                row[place] = step(row[place])
        if "\r" in "".join(row):
            row = [cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row]
        yield row


def _order(header: Row, layout: Layout, name: str) -> list[int] | None:
    """The header's index for each column of the layout; None if the order is the same. Raises if columns differ.

    Columns of the same name are matched by their order.
    """
    found = [cell.strip() for cell in header]
    expected = [str(column.meta.get("header", column.name)).strip() for column in layout.columns]
    if found == expected:
        return None
    if sorted(found) == sorted(expected) and len(set(found)) == len(found):
        return [found.index(column) for column in expected]
    differing = {"lacks": Counter(expected) - Counter(found), "has": Counter(found) - Counter(expected)}
    said = [f"{words} {', '.join(map(repr, names.elements()))}" for words, names in differing.items() if names]
    what = f"its header {' and '.join(said)}" if said else "names that occur twice stand in another order"
    raise LandingError(
        f"{name} does not fit {layout.name}: {what}. Have it delivered as before; or add, rename (with `header`) or "
        f"take out columns in {layout.defined_in} and the staging model, then rebuild with `dbt build --full-refresh`."
    )
