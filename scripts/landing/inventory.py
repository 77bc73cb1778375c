"""What is in a landing area, whether it can be loaded, and how it differs from the loaded files.

Every entry of the landing area and of its batch folders is a file of a known layout, is ignored for a stated reason, or
is a problem. Only regular files are opened.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from scripts.landing.calendar import (
    ANY_FEED,
    BATCH_DATE_FILE,
    Absences,
    batch_date,
    expected_absences,
    next_expected,
)
from scripts.landing.contents import Contents, hash_of, inspect, unreadable
from scripts.landing.definitions import (
    LIKENESS,
    Layout,
    identify,
    layout,
    layouts,
    layouts_by_file,
    letters_of,
    look_alike,
)
from scripts.landing.errors import LandingError, Problems

BATCH_FOLDER = re.compile(r"Batch([1-9][0-9]*)")
# Control totals of a whole batch, or of all, which lie in the landing area itself.
ROOT_CONTROL = re.compile(r"(?:Batch([1-9][0-9]*)|Generator)_audit\.csv")
LEFT_BEHIND = re.compile(
    r"[.~#].*|.*(?:[~#]|\.(?:bak|old|orig|save|te?mp|sw[a-p]|part|filepart|crdownload|erasing|md5|sha\d*|asc|sig))",
    re.IGNORECASE | re.DOTALL,
)
DELIVER = "Have it delivered (again), or name its day and feed in seeds/expected_absences.csv if it is not to come."
RENAME = "Rename it if it is to be loaded; take it out of the landing area if it is not."
REBUILD = "Put back what was loaded, or rebuild from what lies there now with `dbt build --full-refresh`."
KINDS = {stat.S_IFREG: "a file", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}


@dataclass(frozen=True)
class LandedFile:
    """A file in the landing area, as one source table reads it.

    `name` is the path within the landing area; times are UTC; `line_count` and `content_hash` are None until the file
    has been read.
    """

    source: str
    feed: str
    batch_id: int
    name: str
    path: str
    byte_count: int
    modified_at: datetime
    line_count: int | None = None
    content_hash: str | None = None


@dataclass(frozen=True)
class LoadedFile:
    """A file as it was when the warehouse loaded it; the hash is None if none was recorded.

    `is_taken` is False if core holds no row of its source and batch, such as after a refused load.
    """

    source: str
    batch_id: int
    name: str
    byte_count: int
    modified_at: datetime
    content_hash: str | None
    is_taken: bool = True


@dataclass(frozen=True)
class Ignored:
    """An entry of the landing area that is not loaded, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Survey:
    """The complete batches of a landing area whose names, dates and parts are valid, with their files."""

    batches: dict[int, date]
    through: int | None
    files: list[LandedFile]
    ignored: list[Ignored]


@dataclass(frozen=True)
class _Entry:
    """An entry of a folder; `status` is None if the operating system gives none."""

    path: Path
    status: os.stat_result | None

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_file(self) -> bool:
        return self.kind == "a file"

    @property
    def is_folder(self) -> bool:
        return self.kind == "a folder"

    @property
    def kind(self) -> str:
        if self.status is None:
            return "a link to nothing, or out of the loader's reach"
        return KINDS.get(stat.S_IFMT(self.status.st_mode), "a device")


def complete_batches(landing: Path, through: int | None = None) -> dict[int, date]:
    """The batches that may be loaded, with their dates.

    A batch is complete once its BatchDate.txt is there. Batches are loaded in order, so a gap before a complete batch
    is an error.
    """
    problems = Problems()
    batches, _ = _batches(landing, _entries(landing), through, expected_absences(), problems)
    problems.raise_any()
    return batches


def survey(landing: Path, through: int | None = None) -> Survey:
    """Survey a landing area without reading its data; raises a LandingError with all problems."""
    absences, problems = expected_absences(), Problems()
    entries = _entries(landing)
    batches, waiting = _batches(landing, entries, through, absences, problems)
    look = _Look(landing, absences, problems)
    look.at_root(entries, batches, waiting, through)
    for number, day in batches.items():
        with problems.collect():
            look.at_batch(number, day)
    problems.raise_any()
    return Survey(batches, through, look.files, look.ignored)


def _entries(folder: Path) -> list[_Entry]:
    """The entries of a folder, sorted by name."""
    try:
        return [_entry(path) for path in sorted(folder.iterdir())]
    except (FileNotFoundError, NotADirectoryError):
        raise LandingError(
            f"{folder} is not a folder. Set LANDING_DIR to the landing area, or make the sample."
        ) from None
    except OSError as error:
        raise unreadable(folder, error) from None


def _entry(path: Path) -> _Entry:
    try:
        return _Entry(path, path.stat())
    except OSError:
        return _Entry(path, None)


def _batches(
    landing: Path, entries: Iterable[_Entry], through: int | None, absences: Absences, problems: Problems
) -> tuple[dict[int, date], list[int]]:
    """Complete batches with their dates, and the numbers of later ones that have no BatchDate.txt yet."""
    dates: dict[int, date] = {}
    waiting: list[int] = []
    flawed: set[int] = set()
    for entry in entries:
        match = BATCH_FOLDER.fullmatch(entry.name)
        if not match or (through is not None and int(match.group(1)) > through):
            continue
        number = int(match.group(1))
        marker = _entry(entry.path / BATCH_DATE_FILE)
        if not entry.is_folder:
            problems.add(f"{entry.path} is {entry.kind}, and a batch is a folder.", RENAME)
        elif _is_within(landing, entry.path, problems):
            if not os.path.lexists(marker.path):
                waiting.append(number)
            elif _is_plain(landing, marker, problems):
                with problems.collect():
                    dates[number] = batch_date(marker.path)
        if number not in dates and number not in waiting:
            flawed.add(number)
    if not dates and not flawed:
        problems.add(
            f"{landing} holds no complete batch: Batch1/{BATCH_DATE_FILE} is not there.",
            "Set LANDING_DIR to the landing area, or wait until its first batch is complete.",
        )
    dates = dict(sorted(dates.items()))
    newest = max(dates, default=0)
    for number in range(1, newest + 1):
        marker_path = landing / f"Batch{number}" / BATCH_DATE_FILE
        if number not in dates and number not in flawed:
            advice = (
                f"Deliver Batch{number} whole, or load no further with --vars '{{through_batch: {number - 1}}}'."
                if number > 1
                else "Deliver Batch1 whole: it is the history that all others build on."
            )
            problems.add(f"{marker_path.parent} is not complete (no {BATCH_DATE_FILE}) but Batch{newest} is.", advice)
            break
        if number in dates and number - 1 in dates:
            following = next_expected(dates[number - 1], absences)
            if not dates[number - 1] < dates[number] <= following:
                problems.add(
                    f"{marker_path} says {dates[number]}, but the day after Batch{number - 1} is {following}.",
                    "Correct the date or the folder's name; or name each day without a batch in "
                    f"seeds/expected_absences.csv, with {ANY_FEED} as its feed.",
                )
    return dates, [number for number in waiting if number > newest]


def _is_plain(landing: Path, entry: _Entry, problems: Problems) -> bool:
    """Whether an entry is a file that may be opened; notes a problem otherwise."""
    if not entry.is_file:
        problems.add(f"{entry.path} is {entry.kind}, not a file.", "Have it delivered as a file.")
        return False
    return _is_within(landing, entry.path, problems)


def _is_within(landing: Path, path: Path, problems: Problems) -> bool:
    """Whether a path stays in the landing area, which SQL cannot leave; notes a problem otherwise."""
    if path.is_symlink() and not path.resolve().is_relative_to(landing.resolve()):
        problems.add(f"{path} is a link out of the landing area, to {path.resolve()}; put the files themselves there.")
        return False
    return True


class _Look:
    """Sorts all entries of a landing area into files, ignored ones and problems."""

    def __init__(self, landing: Path, absences: Absences, problems: Problems) -> None:
        self.landing, self.absences, self.problems = landing, absences, problems
        self.files: list[LandedFile] = []
        self.ignored: list[Ignored] = []
        self._root_controls: dict[int, list[_Entry]] = {}

    def at_root(
        self, entries: Iterable[_Entry], batches: Mapping[int, date], waiting: Iterable[int], through: int | None
    ) -> None:
        """Sort the entries of the landing area itself."""
        for entry in entries:
            batch = BATCH_FOLDER.fullmatch(entry.name)
            control = ROOT_CONTROL.fullmatch(entry.name)
            digits = re.search(r"[0-9]+", entry.name)
            number = int(digits.group()) if digits else 1
            if (batch or control) and number not in batches:
                if through is None or number <= through:
                    self._at_incomplete(entry, number, batch is not None and number in waiting)
            elif control:
                if _is_plain(self.landing, entry, self.problems):
                    self._root_controls.setdefault(number, []).append(entry)
            elif not batch and not self._is_left_behind(entry):
                self._at_unknown_root(entry, number if digits else None, through)

    def _at_incomplete(self, entry: _Entry, number: int, is_waiting: bool) -> None:
        self._ignore(entry, f"Batch{number} is not complete: it has no {BATCH_DATE_FILE}")
        for inside in _entries(entry.path) if is_waiting else []:
            meant = None if LEFT_BEHIND.fullmatch(inside.name) else look_alike(inside.name)
            if meant and meant[0] == BATCH_DATE_FILE:
                self._refuse_name(inside, meant[0])

    def _at_unknown_root(self, entry: _Entry, number: int | None, through: int | None) -> None:
        due = {"batchaudit": f"Batch{number or 1}_audit.csv", "generatoraudit": "Generator_audit.csv"}
        if number is not None and (entry.is_folder or "." not in entry.name):
            due["batch"] = f"Batch{number or 1}"
        near = difflib.get_close_matches(letters_of(entry.name), due, 1, LIKENESS)
        if near:
            if near != ["batch"] or through is None or (number or 0) <= through:
                self._refuse_name(entry, due[near[0]])
        elif not entry.is_folder and (identify(entry.name) or look_alike(entry.name)):
            self.problems.add(
                f"{entry.path} lies beside the batches and belongs to none of them.",
                "Move it into the folder of its batch, or take it out of the landing area.",
            )
        else:
            self._ignore(entry, "a folder that is not a batch" if entry.is_folder else "no layout has this name")

    def at_batch(self, number: int, day: date) -> None:
        """Sort the entries of a batch's folder."""
        found: dict[str, list[_Entry]] = {}
        unknown: list[_Entry] = []
        accounted = set()
        folder = self.landing / f"Batch{number}"
        for entry in _entries(folder):
            known = identify(entry.name)
            meant = None if known or LEFT_BEHIND.fullmatch(entry.name) else look_alike(entry.name)
            definition = known.layouts[0] if known else meant[1] if meant else None
            if definition is None:
                unknown.append(entry)
            elif not definition.lands_in(number):
                when = "the first batch" if definition.meta["batches"] == "first" else "later batches"
                self._ignore(entry, f"{definition.file} is due in {when} only")
            else:
                accounted.add(definition.file)
                if meant:
                    self._refuse_name(entry, meant[0])
                elif _is_plain(self.landing, entry, self.problems):
                    found.setdefault(definition.file, []).append(entry)
        names = [entry.name for entry in unknown]
        for file, group in layouts_by_file().items():
            if group[0].lands_in(number) and not group[0].is_control:
                is_due = group[0].is_due_in(number) and (day, group[0].feed) not in self.absences
                if file not in accounted and is_due:
                    near = "".join(f"; {n} is there" for n in difflib.get_close_matches(file, names, 1, 0.7))
                    self.problems.add(f"{folder / file} is missing{near}.", DELIVER)
                self._check_parts(found.get(file, []))
        for entry in unknown:
            if not self._is_left_behind(entry):
                self._ignore(
                    entry, "a folder; files are looked for beside it" if entry.is_folder else "no layout has this name"
                )
        for definition in layouts():
            at_root = self._root_controls.get(number, []) if definition.is_control else []
            for entry in (*found.get(definition.file, []), *at_root):
                self.files.append(_landed(self.landing, definition, number, entry))

    def _is_left_behind(self, entry: _Entry) -> bool:
        if LEFT_BEHIND.fullmatch(entry.name):
            self._ignore(entry, "a hidden, temporary, backup or checksum file")
            return True
        return False

    def _ignore(self, entry: _Entry, reason: str) -> None:
        name = entry.path.relative_to(self.landing).as_posix()
        self.ignored.append(Ignored(os.fsencode(name).decode("utf-8", errors="replace"), reason))

    def _refuse_name(self, entry: _Entry, meant: str) -> None:
        self.problems.add(f"{entry.path} is not a known name, but much like {meant}.", RENAME)

    def _check_parts(self, entries: Iterable[_Entry]) -> None:
        """Note files that exist both whole and in parts, and parts that are missing or there twice."""
        wholes: dict[str, dict[str, str | None]] = {}
        for entry in entries:
            known = identify(entry.name)
            assert known is not None
            wholes.setdefault(str(entry.path.with_name(known.whole)), {})[entry.name] = known.part
        for whole, names in wholes.items():
            parts = [int(part) for part in names.values() if part is not None]
            if not parts:
                continue
            listed = ", ".join(names)
            missing = next(n for n in range(1, len(parts) + 2) if n not in parts)
            if len(parts) < len(names):
                self.problems.add(
                    f"{whole} exists both whole and in parts ({listed}).",
                    "Keep the whole file or its parts, not both.",
                )
            elif len(set(parts)) < len(parts):
                self.problems.add(
                    f"{whole} has two parts with the same number ({listed}).", "Keep one of them, or renumber them."
                )
            elif missing <= len(parts):
                self.problems.add(
                    f"{whole} lacks part {missing} ({listed}).",
                    "Have it delivered; parts are numbered from 1, without a gap.",
                )


def _landed(landing: Path, definition: Layout, number: int, entry: _Entry) -> LandedFile:
    assert entry.status is not None
    modified = datetime.fromtimestamp(entry.status.st_mtime, tz=UTC).replace(tzinfo=None)
    feed = definition.feed if definition.is_one_file else entry.name
    name = entry.path.relative_to(landing).as_posix()
    return LandedFile(definition.name, feed, number, name, str(entry.path), entry.status.st_size, modified)


@dataclass(frozen=True)
class Comparison:
    """How a landing area differs from the loaded files.

    `retakes` are sources and batches to be removed and loaded again, with the reason: a file `changed`, came `late` or
    is `gone`, or the batch `follows` one with a late file, whose keys it may repeat. `unchanged` are the files that
    need not be read.
    """

    retakes: dict[tuple[str, int], str]
    unchanged: dict[tuple[str, str], LoadedFile]


def compare(found: Survey, loaded: Iterable[LoadedFile], loaded_through: int) -> Comparison:
    """Compare a landing area with the loaded files.

    Files that changed in the last loaded batch or are not in core yet can be loaded again, and so can late files of any
    batch. A file that changed in an older batch, or is gone from it, is an error: all later batches build on it.
    """
    known = {(f.source, f.name): f for f in loaded}
    pairs = {(f.source, f.batch_id) for f in known.values()}
    last = max((*(f.batch_id for f in known.values()), loaded_through))
    problems = Problems()
    comparison = Comparison({}, {})
    content_hash = cache(hash_of)
    for file in found.files:
        before = known.pop((file.source, file.name), None)
        if before is None:
            if (file.source, file.batch_id) in pairs or file.batch_id <= loaded_through:
                comparison.retakes.setdefault((file.source, file.batch_id), "late")
        elif _is_same(file, before, content_hash):
            comparison.unchanged[file.source, file.name] = before
        elif file.batch_id == last or not before.is_taken:
            comparison.retakes[file.source, file.batch_id] = "changed"
        else:
            problems.add(
                f"{file.path} changed after it was loaded: {before.byte_count} bytes of {before.modified_at:%F %T} "
                f"then, {file.byte_count} bytes of {file.modified_at:%F %T} now.",
                REBUILD,
            )
    sources = {definition.name for definition in layouts()}
    for gone in known.values():
        if gone.source not in sources:
            continue
        if gone.batch_id not in found.batches:
            if found.through is None or gone.batch_id <= found.through:
                problems.add(f"Batch{gone.batch_id} was loaded but is no longer complete.", REBUILD)
        elif gone.batch_id == last or not gone.is_taken:
            comparison.retakes.setdefault((gone.source, gone.batch_id), "gone")
        else:
            problems.add(f"{gone.name} was loaded but is no longer in the landing area.", REBUILD)
    problems.raise_any()
    again = list(comparison.retakes)
    for source, batch_id in pairs:
        if any(source == name and batch_id > first for name, first in again) and not layout(source).may_return:
            comparison.retakes.setdefault((source, batch_id), "follows")
    return comparison


def _is_same(file: LandedFile, before: LoadedFile, content_hash: Callable[[str], str]) -> bool:
    """Whether a file is unchanged since it was loaded: same size and time, or same size and content."""
    if file.byte_count != before.byte_count:
        return False
    if file.modified_at == before.modified_at:
        return True
    return before.content_hash is not None and content_hash(file.path) == before.content_hash


def read(found: Survey, comparison: Comparison) -> list[LandedFile]:
    """The files of a landing area, with the rows of new and reloaded ones counted.

    Each is read once, the largest first. Raises a LandingError with all problems found in them.
    """
    new = [
        f
        for f in sorted(found.files, key=lambda f: -f.byte_count)
        if (f.source, f.name) not in comparison.unchanged or (f.source, f.batch_id) in comparison.retakes
    ]
    paths = {f.path: layout(f.source) for f in new}
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        readings = {path: pool.submit(inspect, path, definition) for path, definition in paths.items()}
    problems = Problems()
    contents: dict[str, Contents] = {}
    for path, reading in readings.items():
        with problems.collect():
            contents[path] = reading.result()
    files = []
    to_load = {(f.source, f.name) for f in new}
    for file in found.files:
        if (file.source, file.name) not in to_load:
            before = comparison.unchanged[file.source, file.name]
            files.append(replace(file, content_hash=before.content_hash))
        elif content := contents.get(file.path):
            if content.byte_count != file.byte_count:
                problems.add(f"{file.path} changed while it was read.", "Run again once it has been delivered whole.")
            rows = content.rows.get(file.source, 0)
            files.append(replace(file, line_count=rows, content_hash=content.content_hash))
    _check_filled(files, found.batches, problems)
    problems.raise_any()
    return files


def _check_filled(files: Iterable[LandedFile], batches: Mapping[int, date], problems: Problems) -> None:
    """Note empty files that must have rows; parts and record types of a file count together."""
    absences = expected_absences()
    together: dict[tuple[int, str], list[LandedFile]] = {}
    for file in files:
        definition = layout(file.source)
        if not definition.may_be_empty and (batches[file.batch_id], definition.feed) not in absences:
            together.setdefault((file.batch_id, definition.file), []).append(file)
    for group in together.values():
        if all(f.line_count == 0 for f in group):
            problems.add(f"{group[0].path} is empty, and a {group[0].feed} file may not be.", DELIVER)
