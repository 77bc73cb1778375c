"""What lies in a landing area, and whether it can be loaded.

Every new file is read once, in large blocks: its rows are counted independently of the reader that loads them, and
its encoding is checked, so that a bad file is named before anything is loaded.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scripts.landing.definitions import Layout, layouts

# As much as a processor keeps at hand.
BLOCK = 1 << 20
BATCH_FOLDER = re.compile(r"Batch([1-9]\d*)")
ACTION_OR_COMMENT = re.compile(rb"<!--|-->|<(?:[A-Za-z_][\w.-]*:)?Action[\s>/]")
COMMENT = re.compile(rb"<!--")
# Beginning with what it looks for, this one is found many times faster; what comes before is looked at afterwards.
ACTION = re.compile(rb"Action[\s>/]")
TAG = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?\Z")
LONGEST_PREFIX = 64
# An action's end, with nothing after it but comments and blanks: the document's own end is missing.
CUT_OFF = re.compile(rb"(?:</(?:[A-Za-z_][\w.-]*:)?Action\s*>)(?:\s|<!--(?:[^-]|-[^-])*-->)*\Z")
TAIL = 1 << 16
LINE_FEED, CARRIAGE_RETURN, LAST_ASCII = 10, 13, 127
_NO_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


class LandingError(Exception):
    """A landing area that cannot be loaded. The message says what is wrong, where, and what to do."""


@dataclass(frozen=True)
class LandedFile:
    """A file in the landing area, as one source table reads it.

    `name` is the path below the landing area; times are UTC; `line_count` is None until the file has been read.
    """

    source: str
    feed: str
    batch_id: int
    name: str
    path: str
    byte_count: int
    modified_at: datetime
    line_count: int | None = None

    def counted(self, line_count: int | None) -> LandedFile:
        """The same file with its rows counted."""
        return replace(self, line_count=line_count)


@dataclass(frozen=True)
class LoadedFile:
    """A file as it was when the warehouse loaded it."""

    name: str
    byte_count: int
    modified_at: datetime


def complete_batches(landing: Path, through: int | None = None) -> dict[int, date]:
    """Batches that may be loaded, with their dates.

    A batch is complete when its BatchDate.txt is there. Batches are loaded in order, so one that is missing while a
    later one is complete is an error.
    """
    if not landing.is_dir():
        raise LandingError(f"{landing} is not a folder. Set LANDING_DIR to the landing area, or make the sample.")
    dates: dict[int, date] = {}
    for folder in landing.iterdir():
        match = BATCH_FOLDER.fullmatch(folder.name)
        marker = folder / "BatchDate.txt"
        if match and marker.is_file():
            number = int(match.group(1))
            if through is None or number <= through:
                dates[number] = _batch_date(marker)
    if not dates:
        raise LandingError(
            f"{landing} holds no complete batch: Batch1/BatchDate.txt is not there. Set LANDING_DIR to the landing "
            "area, or wait until its first batch is complete."
        )
    for number in range(1, max(dates) + 1):
        if number not in dates:
            raise LandingError(
                f"{landing / f'Batch{number}'} is not complete (no BatchDate.txt) but Batch{max(dates)} is. "
                f"Deliver Batch{number} whole, or load no further with --vars '{{through_batch: {number - 1}}}'."
            )
        if number > 1 and dates[number] != dates[number - 1] + timedelta(days=1):
            raise LandingError(
                f"{landing / f'Batch{number}' / 'BatchDate.txt'} says {dates[number]}, but the day after "
                f"Batch{number - 1} is {dates[number - 1] + timedelta(days=1)}. Correct the date or the folder's name."
            )
    return dict(sorted(dates.items()))


def _batch_date(marker: Path) -> date:
    text = marker.read_bytes().decode("utf-8", errors="replace").strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise LandingError(
            f"{marker} should hold one date as YYYY-MM-DD but holds {text[:40]!r}. Correct the file."
        ) from None


def find_files(landing: Path, batches: Iterable[int]) -> list[LandedFile]:
    """Files of the given batches, one entry for each source table that reads them.

    A due file that is missing, or empty when it may not be, is an error, and so is a link out of the landing area: SQL
    may not follow it.
    """
    files: list[LandedFile] = []
    problems = _links_out(landing, landing.glob("*_audit.csv"))
    for number in batches:
        folder = landing / f"Batch{number}"
        entries = {p.name: p for p in folder.iterdir() if p.is_file()}
        problems += _links_out(landing, (folder, *entries.values()))
        for definition in layouts():
            if not definition.lands_in(number):
                continue
            names = sorted(n for n in entries if definition.pattern.fullmatch(n))
            paths = [entries[n] for n in names]
            if definition.meta["format"] == "audit":
                paths += sorted(landing.glob(f"Batch{number}_audit.csv"))
                paths += sorted(landing.glob("Generator_audit.csv")) if number == 1 else []
            elif not names:
                problems.append(f"{folder / definition.meta['file']} is missing.")
            found = [_landed(landing, definition, number, path) for path in paths]
            if found and not definition.may_be_empty and not any(f.byte_count for f in found):
                problems.append(f"{found[0].path} is empty, and a {definition.feed} file may not be.")
            files += found
    _raise(problems, "Have the file delivered (again), then run once more.")
    return files


def _links_out(landing: Path, paths: Iterable[Path]) -> list[str]:
    return [
        f"{path} is a link out of the landing area, to {path.resolve()}; put the files themselves there."
        for path in paths
        if path.is_symlink() and not path.resolve().is_relative_to(landing.resolve())
    ]


def _landed(landing: Path, definition: Layout, number: int, path: Path) -> LandedFile:
    stat = path.stat()
    modified = datetime.fromtimestamp(stat.st_mtime, tz=timezone.utc).replace(tzinfo=None)
    feed = path.name if definition.meta["format"] in ("fixed", "audit") else definition.feed
    name = path.relative_to(landing).as_posix()
    return LandedFile(definition.name, feed, number, name, str(path), stat.st_size, modified)


def refuse_changed(files: Iterable[LandedFile], loaded: Mapping[tuple[str, str], LoadedFile]) -> None:
    """Raise when a file differs in size or time from what was loaded."""
    problems = []
    for file in files:
        before = loaded.get((file.source, file.name))
        if before and (before.byte_count, before.modified_at) != (file.byte_count, file.modified_at):
            problems.append(
                f"{file.path} changed after it was loaded: {before.byte_count} bytes of {before.modified_at:%F %T} "
                f"then, {file.byte_count} bytes of {file.modified_at:%F %T} now."
            )
    _raise(
        sorted(set(problems)),
        "Put the loaded file back, or rebuild from what lies there now with `dbt build --full-refresh`.",
    )


def inspect(path: str, file_format: str) -> dict[str, int]:
    """Rows in a file, counted on its bytes: lines with text, or actions of an XML document.

    The count stands under an empty key; for a file that several tables read, under the name of each. Raises
    LandingError where the text is not UTF-8, or where quotes or line ends leave open where a row ends.
    """
    counts: Counter[str] = Counter({"": 0})
    rest, commented = b"", None
    quotes, line_ends = _Quotes(), _LineEnds()
    for begin, piece in _pieces(path, b">" if file_format == "xml" else b"\n"):
        _check_text(path, piece, begin)
        if file_format == "xml":
            commented = _count_actions(piece, counts, commented)
            continue
        text = quotes.without_line_ends(bytes(piece), begin) if file_format == "csv" else piece
        # Only a quoted line end, or the end of the file, leaves a line open.
        if rest or text[-1] != LINE_FEED:
            text = rest + text
            end = text.rfind(b"\n") + 1
            text, rest = text[:end], text[end:]
        counts.update(_count_lines(line_ends.removed(text), file_format))
    if quotes.is_open or quotes.broken_at is not None:
        place = quotes.opened_at if quotes.broken_at is None else quotes.broken_at
        raise LandingError(
            f"{path}, line {_line_at(path, place)}: the quote in byte {place} is not closed at the end of its field. "
            "Have it exported again."
        )
    if not line_ends.are_alike or b"\r" in rest.removesuffix(b"\r"):
        raise LandingError(
            f"{path} mixes line ends, or has a carriage return within a line. Have it delivered with CRLF or with LF."
        )
    counts[""] += commented or 0
    if file_format == "xml" and CUT_OFF.search(_tail(path)):
        raise LandingError(
            f"{path} ends after an action, and before its document does, so what followed is missing. "
            "Have it delivered again."
        )
    if rest.strip(b"\r"):
        counts.update(_count_lines(np.frombuffer(rest + b"\n", dtype=np.uint8), file_format))
    if file_format == "audit":
        counts[""] = max(counts[""] - 1, 0)
    return dict(counts)


def _pieces(path: str, end: bytes) -> Iterator[tuple[int, memoryview]]:
    """A file's text in pieces that end with the byte `end`, the last one where the file does, and where each begins.

    All pieces lie in one buffer: one is gone when the next is asked for.
    """
    buffer, kept, begin = bytearray(BLOCK), 0, 0
    with open(path, "rb", buffering=0) as stream:
        while count := stream.readinto(memoryview(buffer)[kept:]):
            filled = kept + count
            cut = buffer.rfind(end, kept, filled) + 1
            if cut:
                yield begin, memoryview(buffer)[:cut]
                buffer[: filled - cut] = buffer[cut:filled]
            begin, kept = begin + cut, filled - cut
            if kept == len(buffer):
                buffer = buffer + bytes(len(buffer))
    if kept:
        yield begin, memoryview(buffer)[:kept]


def _check_text(path: str, piece: memoryview, begin: int) -> None:
    """Raise unless a piece of a file is UTF-8 text."""
    characters = np.frombuffer(piece, dtype=np.uint8)
    if characters.max() > LAST_ASCII:
        try:
            bytes(piece).decode()
        except UnicodeDecodeError as error:
            raise LandingError(
                f"{path} is not UTF-8: byte {begin + error.start} cannot be read. Have it exported as UTF-8."
            ) from None
    if characters.min() == 0:
        raise LandingError(f"{path} holds zero bytes: it is not UTF-8 text. Have it exported as UTF-8.")


def _count_actions(piece: memoryview, counts: Counter[str], commented: int | None) -> int | None:
    """Count actions, except in comments.

    `commented` is how many lie in a comment that is still open, None outside of comments. A comment that turns out
    never to end is no comment, so its actions count after all.
    """
    if commented is None and not COMMENT.search(piece):
        starts = (match.start() for match in ACTION.finditer(piece))
        counts[""] += sum(1 for at in starts if TAG.search(piece, max(at - LONGEST_PREFIX, 0), at))
        return None
    for match in ACTION_OR_COMMENT.finditer(piece):
        token = match.group()
        if token == b"<!--":
            counts[""] += commented or 0
            commented = 0
        elif token == b"-->":
            commented = None
        elif commented is None:
            counts[""] += 1
        else:
            commented += 1
    return commented


def _count_lines(characters: npt.NDArray[np.uint8], file_format: str) -> dict[str, int]:
    """Lines that are not blank, in whole lines."""
    if file_format == "fixed":
        return _count_records(characters)
    line_ends = characters == LINE_FEED
    blank = np.count_nonzero(line_ends[1:] & line_ends[:-1]) + np.count_nonzero(line_ends[:1])
    return {"": int(np.count_nonzero(line_ends) - blank)}


def _count_records(characters: npt.NDArray[np.uint8]) -> dict[str, int]:
    """Fixed-width records by the table they belong to; the first table answers for those of an unknown type."""
    ends = np.flatnonzero(characters == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    starts, ends = starts[ends > starts], ends[ends > starts]
    padded = np.concatenate((characters, np.zeros(18, dtype=np.uint8)))
    types = sum(padded[starts + 15 + i].astype(np.int64) << (16 - 8 * i) for i in range(3))
    tables = [d for d in layouts() if d.meta["format"] == "fixed"]
    counts = {}
    for table in tables:
        code = int.from_bytes(table.meta["record_type"].encode(), "big")
        counts[table.name] = int(np.count_nonzero((types == code) & (ends - starts >= 18)))
    counts[tables[0].name] += len(starts) - sum(counts.values())
    return counts


class _Quotes:
    """Follows the quotes of a comma-separated text, block by block.

    A quote opens a field only where a field begins; a doubled one closes it and opens it again.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.opened_at = 0
        self.broken_at: int | None = None
        self._before = b"\n"

    def without_line_ends(self, block: bytes, offset: int) -> bytes:
        """The block with the line ends inside quoted fields taken out; `offset` is where it begins in the text."""
        if b'"' not in block:
            self._check_closed(block)
            self._before = block[-1:]
            return block.translate(_NO_LINE_ENDS) if self.is_open else block
        parts = block.split(b'"')
        for i, part in enumerate(parts):
            offset += len(part)
            self._check_closed(part)
            self._before = part[-1:] or self._before
            if self.is_open:
                parts[i] = part.translate(_NO_LINE_ENDS)
            if i == len(parts) - 1:
                break
            if self.is_open:
                self.is_open, self._before = False, b'"'
            elif self._before in (b",", b"\n", b'"'):
                self.opened_at = self.opened_at if self._before == b'"' else offset
                self.is_open, self._before = True, b""
            else:
                self._before = b"x"
            offset += 1
        return b'"'.join(parts)

    def _check_closed(self, text: bytes) -> None:
        """After the quote that closes a field comes the field's end."""
        if self._before == b'"' and text[:1] not in (b"", b",", b"\r", b"\n") and self.broken_at is None:
            self.broken_at = self.opened_at


class _LineEnds:
    """Takes carriage returns out of a text, and counts its line ends by kind."""

    def __init__(self) -> None:
        self._lines = self._returns = self._pairs = 0

    def removed(self, text: bytes | memoryview) -> npt.NDArray[np.uint8]:
        """The characters of some more whole lines, without carriage returns."""
        characters = np.frombuffer(text, dtype=np.uint8)
        ends, returns = characters == LINE_FEED, characters == CARRIAGE_RETURN
        self._lines += np.count_nonzero(ends)
        if not returns.any():
            return characters
        self._returns += np.count_nonzero(returns)
        self._pairs += np.count_nonzero(returns[:-1] & ends[1:])
        without: npt.NDArray[np.uint8] = characters[~returns]
        return without

    @property
    def are_alike(self) -> bool:
        """Whether all lines end in CRLF, or all in LF, and carriage returns stand nowhere else."""
        return self._returns == self._pairs and self._pairs in (0, self._lines)


def _tail(path: str) -> bytes:
    """The last bytes of a file."""
    with open(path, "rb") as stream:
        stream.seek(max(stream.seek(0, 2) - TAIL, 0))
        return stream.read()


def _line_at(path: str, offset: int) -> int:
    """Line, from 1, of a byte."""
    with open(path, "rb") as stream:
        return 1 + sum(stream.read(min(BLOCK, offset - at)).count(b"\n") for at in range(0, offset, BLOCK))


def _raise(problems: list[str], advice: str) -> None:
    if problems:
        more = f"\n… and {len(problems) - 20} more." if len(problems) > 20 else ""
        raise LandingError("\n".join(problems[:20]) + more + "\n" + advice)
