"""Damaged landing areas, made at random and each in a form that can be replayed.

`python -m tests.python.damage --examples 2000 --seed 7` tries many of them and prints how they ended; `--replay` takes
the text of an example that it printed. tests/python/accounting.py says what must hold.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import click
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path[:0] = [str(Path(__file__).resolve().parent)]

from accounting import Outcome, judge  # noqa: E402
from warehouse import ROWS_ONLY, Ran, Warehouse, copy_landing, generate, rewrite  # noqa: E402

BATCHES = 3
SECONDS = 300
T = TypeVar("T")


@dataclass(frozen=True)
class Damage:
    """One thing done to a landing area: its kind, the file, and two shares of one that say where in it and how."""

    kind: str
    file: str
    place: float
    choice: float

    def __str__(self) -> str:
        return f"{self.kind} {self.file} {self.place} {self.choice}"

    def apply(self, area: Path) -> None:
        """Do it, unless another damage has taken the file away."""
        path = area / self.file
        if path.is_file() and not path.is_symlink():
            KINDS[self.kind](path, self.place, self.choice)


@dataclass(frozen=True)
class Example:
    """Damages, and how many batches were loaded before them."""

    loaded: int
    damages: tuple[Damage, ...]

    def __str__(self) -> str:
        return "; ".join([str(self.loaded), *map(str, self.damages)])

    @staticmethod
    def parse(text: str) -> Example:
        """The example that prints as this text."""
        loaded, *damages = text.split("; ")
        fields = [damage.split(" ") for damage in damages]
        return Example(int(loaded), tuple(Damage(k, file, float(p), float(c)) for k, file, p, c in fields))


Change = Callable[[Path, float, float], None]
KINDS: dict[str, Change] = {}
# Kinds that make sense only of some files.
ONLY: dict[str, re.Pattern[str]] = {}


def kind(only: str = "") -> Callable[[Change], Change]:
    """Register a kind of damage, for the files whose name matches."""

    def register(change: Change) -> Change:
        KINDS[change.__name__] = change
        ONLY[change.__name__] = re.compile(only)
        return change

    return register


def register(name: str, change: Change, only: str = "") -> None:
    """Register a kind of damage that has no function of its own."""
    change.__name__ = name
    kind(only)(change)


def at(share: float, count: int) -> int:
    """An index into so many things; 0 where there are none."""
    return min(int(share * count), max(count - 1, 0))


def one_of(share: float, things: Sequence[T]) -> T:
    """One of some things."""
    return things[at(share, len(things))]


# Bytes


def of_bytes(name: str, change: Callable[[bytes, int, float], bytes]) -> None:
    """A kind that changes a file's bytes at a place."""
    register(name, lambda path, place, choice: rewrite(path, lambda data: change(data, at(place, len(data)), choice)))


of_bytes("invalid_utf_8", lambda d, i, c: d[:i] + one_of(c, [b"\xff", b"\xc3", b"\xe9", b"\xed\xa0\x80"]) + d[i:])
of_bytes("zero_byte", lambda d, i, c: d[:i] + b"\0" + d[i:])
of_bytes("byte_order_mark", lambda d, i, c: b"\xef\xbb\xbf" + d)
of_bytes("utf_16", lambda d, i, c: d.decode().encode("utf-16"))
of_bytes("truncated", lambda d, i, c: d[:i])
of_bytes("flipped", lambda d, i, c: d[:i] + bytes([d[i] ^ (1 << at(c, 8))]) + d[i + 1 :] if d else d)
of_bytes("lost_block", lambda d, i, c: d[:i] + d[i + 1 + at(c, 5000) :])


# Lines


def of_lines(name: str, change: Callable[[list[bytes], int, int], None]) -> None:
    """A kind that changes a file's lines, in the list, at two places."""

    def changed(data: bytes, place: float, choice: float) -> bytes:
        lines = data.splitlines(keepends=True)
        if lines:
            change(lines, at(place, len(lines)), at(choice, len(lines)))
        return b"".join(lines)

    register(name, lambda path, place, choice: rewrite(path, lambda data: changed(data, place, choice)))


def swap(lines: list[bytes], i: int, j: int) -> None:
    """Change two lines' places."""
    lines[i], lines[j] = lines[j], lines[i]


def to_crlf(lines: list[bytes], i: int, j: int) -> None:
    """Give some lines, or all, another end."""
    for n in range(min(i, j), max(i, j) + 1):
        lines[n] = lines[n].rstrip(b"\r\n") + b"\r\n"


of_lines("doubled_line", lambda lines, i, j: lines.insert(j, lines[i].rstrip(b"\r\n") + b"\n"))
of_lines("removed_line", lambda lines, i, j: lines.__delitem__(i))
of_lines("swapped_lines", swap)
of_lines("blank_line", lambda lines, i, j: lines.insert(i, [b"\n", b" \n", b"\t\n", b"\r\n"][j % 4]))
of_lines("joined_lines", lambda lines, i, j: lines.__setitem__(i, lines[i].rstrip(b"\r\n")))
of_lines("mixed_line_ends", to_crlf)
of_lines("carriage_return", lambda lines, i, j: lines.__setitem__(i, lines[i].replace(b"|", b"\r|", 1)))
of_lines("doubled_lines", lambda lines, i, j: lines.extend(lines[min(i, j) : max(i, j) + 1]))


# Fields


def of_fields(name: str, change: Callable[[list[bytes], int], None]) -> None:
    """A kind that changes one line's fields, in the list; words count as fields where there are no separators."""

    def changed(lines: list[bytes], i: int, j: int) -> None:
        separator = next((s for s in (b"|", b",", b'"') if s in lines[i]), b" ")
        text = lines[i].rstrip(b"\r\n")
        fields = text.split(separator)
        change(fields, j % len(fields))
        lines[i] = separator.join(fields) + lines[i][len(text) :]

    of_lines(name, changed)


def put(value: bytes) -> Callable[[list[bytes], int], None]:
    """A change that puts a value into a field."""
    return lambda fields, i: fields.__setitem__(i, value)


of_fields("emptied_field", put(b""))
of_fields("swapped_fields", lambda fields, i: swap(fields, i, (i + 1) % len(fields)))
of_fields("high_field", put(b"99999999999999999999"))
of_fields("negative_field", lambda fields, i: fields.__setitem__(i, b"-" + fields[i]))
of_fields("late_date_field", put(b"9999-12-31 23:59:59"))
of_fields("early_date_field", put(b"1800-02-30"))
of_fields("word_field", put(b"x y"))
of_fields("unicode_field", put("naïve \u2028 \u00a0名\U0001f600".encode()))
of_fields("long_field", put(b"9" * 100_000))
of_fields("quoted_field", lambda fields, i: fields.__setitem__(i, b'"' + fields[i] + b'"'))
of_fields("open_quote", lambda fields, i: fields.__setitem__(i, b'"' + fields[i]))
of_fields("added_field", lambda fields, i: fields.insert(i, b""))
of_fields("removed_field", lambda fields, i: fields.__delitem__(i))
of_fields("blank_padded_field", lambda fields, i: fields.__setitem__(i, b" " + fields[i] + b" "))


# Files, names and parts


@kind()
def removed_file(path: Path, place: float, choice: float) -> None:
    path.unlink()


@kind()
def emptied_file(path: Path, place: float, choice: float) -> None:
    rewrite(path, lambda data: one_of(choice, [b"", b"\n", b" "]))


@kind()
def fifo(path: Path, place: float, choice: float) -> None:
    path.unlink()
    os.mkfifo(path)


@kind()
def folder_for_file(path: Path, place: float, choice: float) -> None:
    path.unlink()
    path.mkdir()


@kind()
def link(path: Path, place: float, choice: float) -> None:
    """To a file beside it, to one elsewhere, to itself, or to nothing."""
    moved = one_of(choice, [path.with_name("moved"), path.parents[2] / "elsewhere"])
    path.rename(moved)
    path.symlink_to(one_of(place, [moved, path, path.with_name("nothing")]))


@kind()
def slip_of_name(path: Path, place: float, choice: float) -> None:
    """A copy, or the file itself, under a name that is nearly right."""
    stem, ending = path.stem, path.suffix
    names = [
        path.name.lower(), path.name.upper(), f"{stem} (1){ending}", f"{path.name}.bak", f"{stem}_01{ending}",
        f"{stem}-1{ending}", f"{stem}_{ending}", f"{stem}{ending or '.txt'}x", f" {path.name}", f"{path.name}~",
        f"{stem}2{ending}", f"{stem}.csv", f"{stem[:-1]}5{ending}", f"{stem}_1_1{ending}", f"{stem}_0{ending}",
    ]  # fmt: skip
    slip = path.with_name(one_of(choice, names))
    if not slip.exists():
        shutil.copy(path, slip)
    if place < 0.5 and slip != path:
        path.unlink()


def split(path: Path, place: float, parts: list[str]) -> None:
    """Cut a file in two at a line, each with a suffix to its stem."""
    data = path.read_bytes()
    cut = data.rfind(b"\n", 0, at(place, len(data))) + 1
    path.unlink()
    for suffix, content in zip(parts, (data[:cut], data[cut:]), strict=True):
        path.with_name(f"{path.stem}{suffix}{path.suffix}").write_bytes(content)


@kind()
def parts(path: Path, place: float, choice: float) -> None:
    """Sound and odd ways to number two parts."""
    split(
        path, place, one_of(choice, [["_1", "_2"], ["_1", "_3"], ["_2", "_3"], ["", "_1"], ["_0", "_1"], ["_9", "_10"]])
    )


@kind()
def whole_and_part(path: Path, place: float, choice: float) -> None:
    shutil.copy(path, path.with_name(f"{path.stem}_{1 + at(choice, 3)}{path.suffix}"))


@kind()
def in_another_batch(path: Path, place: float, choice: float) -> None:
    """Copied or moved to the folder of another batch."""
    others = [path.parents[1] / f"Batch{n}" / path.name for n in range(1, BATCHES + 1)]
    other = one_of(choice, [o for o in others if o.parent.is_dir() and o.parent != path.parent])
    data = path.read_bytes()
    if place < 0.5:
        path.unlink()
    other.unlink(missing_ok=True)
    other.write_bytes(data)


@kind(r"Batch\d/(CashTransaction|Trade|DailyMarket|WatchHistory|HoldingHistory|FINWIRE|Account|Customer)\w*(\.txt)?$")
def added_part(path: Path, place: float, choice: float) -> None:
    """One more part with new rows: late, if the batch has been loaded."""
    lines = path.read_bytes().splitlines(keepends=True)
    line = one_of(place, lines)
    if path.name.startswith("FINWIRE"):
        name = path.name[:-1] + one_of(
            choice, [q for q in "1234" if not path.with_name(path.name[:-1] + q).exists()] or "5"
        )
    else:
        line = re.sub(rb"\d\d:\d\d:\d\d", b"23:59:58", line)
        name = f"{path.stem}_{one_of(choice, [1, 2, 3])}{path.suffix}"
    path.with_name(name).write_bytes(line)


@kind()
def new_time(path: Path, place: float, choice: float) -> None:
    rewrite(path, lambda data: data)
    os.utime(path, (choice * 1e9, choice * 1e9))


# Days


def of_day(name: str, change: Callable[[date, float], str]) -> None:
    """A kind that writes another text as the batch's date."""

    def changed(path: Path, place: float, choice: float) -> None:
        try:
            day = date.fromisoformat(path.read_text(encoding="utf-8").strip()[:10])
        except ValueError:  # Another damage has been here.
            return
        rewrite(path, lambda _: change(day, choice).encode())

    register(name, changed, r"BatchDate\.txt$")


FORMATS = ["%Y%m%d", "%d.%m.%Y", "%Y-%j", "%G-W%V-%u", "%Y-%m-%dT00:00:00", "%Y-%m-%d 00:00:00", "%y-%m-%d", "%Y/%m/%d"]
TEXTS = [
    "\ufeff%Y-%m-%d",
    "%Y-%m-%d\n%Y-%m-%d\n",
    " %Y-%m-%d \n",
    "%Y-%m-%d|\n",
    "\n%Y-%m-%d\n",
    "0%Y-%m-%d",
    "%Y-%m-%d\r\n",
]
of_day("wrong_date", lambda day, c: str(day + timedelta(days=one_of(c, [-365, -2, -1, 1, 2, 3, 365]))))
of_day("format_of_date", lambda day, c: day.strftime(one_of(c, FORMATS)))
of_day("text_about_date", lambda day, c: day.strftime(one_of(c, TEXTS)))


@kind(r"BatchDate\.txt$")
def renamed_batch(path: Path, place: float, choice: float) -> None:
    """The folder under another name, which may be nearly right, or that of the next batch."""
    batch, area = path.parent, path.parents[1]
    number = int(batch.name.removeprefix("Batch"))
    names = [
        f"Batch0{number}",
        f"batch{number}",
        f"Batch{number + 1}",
        f"Batch {number}",
        "Batch0",
        f"Batch{number}.old",
    ]
    other = area / one_of(choice, names)
    if other.exists():
        batch.rename(area / "swapped")
        other.rename(batch)
        (area / "swapped").rename(other)
    elif place < 0.5:
        shutil.copytree(batch, other)
    else:
        batch.rename(other)


# XML: the place is an action.

ACTION = re.compile(rb"<TPCDI:Action .*?</TPCDI:Action>\s*", re.DOTALL)
DOCTYPE = b'<!DOCTYPE x [<!ENTITY e "e"><!ENTITY f SYSTEM "file:///etc/hostname">]>'


def of_actions(name: str, change: Callable[[bytes, float], bytes]) -> None:
    """A kind that changes one action of the document."""

    def changed(data: bytes, place: float, choice: float) -> bytes:
        found = list(ACTION.finditer(data))
        if not found:
            return data
        begin, end = one_of(place, found).span()
        return data[:begin] + change(data[begin:end], choice) + data[end:]

    register(name, lambda path, place, choice: rewrite(path, lambda d: changed(d, place, choice)), r"\.xml$")


def of_document(name: str, change: Callable[[bytes], bytes]) -> None:
    """A kind that changes the whole document."""
    register(name, lambda path, place, choice: rewrite(path, change), r"\.xml$")


def reversed_attributes(action: bytes, choice: float) -> bytes:
    """Attributes in reverse, in the other kind of quotes."""

    def turned(match: re.Match[bytes]) -> bytes:
        attributes = re.findall(rb'([\w:]+)="([^"\']*)"', match.group(2))
        return match.group(1) + b"".join(b"\n %s = '%s'" % a for a in reversed(attributes)) + match.group(3)

    return re.sub(rb'(<[\w:]+)((?: [\w:]+="[^"\']*")+)(\s*/?>)', turned, action)


of_actions("cut_in_action", lambda a, c: a[: at(c, len(a))] + b"</TPCDI:Actions>")
of_actions("hole_in_action", lambda a, c: a[: at(c, len(a))] + a[at(c, len(a)) + 9 :])
of_actions("nested_action", lambda a, c: a.replace(b">", b">" + a, 1))
of_actions("commented_action", lambda a, c: b"<!-- " + a.replace(b"--", b"") + b"-->")
of_actions("comment_with_action", lambda a, c: b"<!-- <TPCDI:Action> -->" + a)
of_actions("action_in_cdata", lambda a, c: a + b"<![CDATA[" + a + b"]]>")
of_actions("value_in_cdata", lambda a, c: re.sub(rb">([^<>]+)<", rb"><![CDATA[\1]]><", a, count=1))
of_actions("entity", lambda a, c: a.replace(b"</", one_of(c, [b"&e;", b"&#65;", b"&#0;", b"&amp;", b"&"]) + b"</", 1))
of_actions("instruction", lambda a, c: b"<?pause?>" + a)
of_actions("text_between_actions", lambda a, c: b"text" + a)
of_actions(
    "other_element", lambda a, c: a.replace(b"TPCDI:Action", one_of(c, [b"Action", b"TPCDI:Axtion", b"x:Action"]))
)
of_actions("reversed_attributes", reversed_attributes)
of_actions("doubled_attribute", lambda a, c: a.replace(b" ActionType=", b' ActionType="NEW" ActionType=', 1))
of_document("two_documents", lambda d: d + d)
of_document("two_roots", lambda d: d + b"<TPCDI:Actions/>")
of_document(
    "doctype", lambda d: re.sub(rb"(<TPCDI:Actions)", DOCTYPE.replace(b" x ", b" TPCDI:Actions ") + rb"\1", d, count=1)
)
of_document("other_root", lambda d: d.replace(b"TPCDI:Actions", b"TPCDI:Events"))
of_document("without_namespace", lambda d: d.replace(b"TPCDI:", b""))
of_document("other_encoding", lambda d: re.sub(rb"(?i)utf-8", b"ISO-8859-1", d, count=1))
of_document("no_declaration", lambda d: re.sub(rb"^\s*<\?xml.*?\?>\s*", b"", d))
of_document("text_after_document", lambda d: d + b"end")


def targets(area: Path) -> list[str]:
    """Files worth damaging; of the many files of the newswire and of control totals, a few."""
    names = sorted(p.relative_to(area).as_posix() for p in area.rglob("*") if p.is_file())
    many = [n for n in names if "FINWIRE" in n or n.endswith("_audit.csv")]
    return sorted(set(names) - set(many)) + many[:: max(len(many) // 12, 1)]


@st.composite
def examples(draw: st.DrawFn, names: list[str]) -> Example:
    """One to three damages of a landing area, of any kind that makes sense of their file, before any load or after."""
    loaded = draw(st.sampled_from([0, 1, 1, BATCHES]))
    # What has been loaded may only be delivered again, so most damages are to what is new.
    fresh = [n for n in names if n.startswith("Batch") and n[5].isdigit() and int(n[5]) > loaded]
    found = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        chosen = draw(st.sampled_from(sorted(KINDS)))
        among = [n for n in names if ONLY[chosen].search(n)]
        new = [n for n in among if n in fresh]
        anywhere = draw(st.integers(0, 4)) == 0
        file = draw(st.sampled_from(among if anywhere or not new else new))
        place, choice = (draw(st.integers(0, 9999)) / 10_000 for _ in range(2))
        found.append(Damage(chosen, file, place, choice))
    return Example(loaded, tuple(found))


@dataclass(frozen=True)
class Bench:
    """Warehouses to start from, by the batches they hold, and a folder to work in."""

    starts: dict[int, Warehouse]
    folder: Path

    @staticmethod
    def make(folder: Path) -> Bench:
        """The landing area of the tests, and warehouses with none, one and all of its batches."""
        first = Warehouse(folder / "first", generate(folder / "landing"), folder)
        first.load(*ROWS_ONLY, through_batch=1)
        loaded = first.copy(folder / "loaded")
        loaded.load(*ROWS_ONLY)
        return Bench({0: Warehouse(folder / "empty", first.landing, folder), 1: first, BATCHES: loaded}, folder)

    def names(self) -> list[str]:
        """Files worth damaging."""
        return targets(self.starts[0].landing)

    def try_out(self, example: Example) -> Outcome:
        """Damage a copy of the landing area, load it, and judge what came out."""
        room = Path(tempfile.mkdtemp(dir=self.folder))
        start = self.starts[example.loaded]
        try:
            area = copy_landing(start.landing, room / "landing")
            for damage in example.damages:
                damage.apply(area)
            if example.loaded:
                warehouse = start.copy(room / "warehouse", area)
            else:
                warehouse = Warehouse(room / "warehouse", area, start.session)
            return judge(start, warehouse, run(warehouse), [d.file for d in example.damages])
        finally:
            shutil.rmtree(room)


def run(warehouse: Warehouse) -> Ran:
    """Load what has landed; without a code where that does not end."""
    process = warehouse.start("run", *ROWS_ONLY)
    process.join(SECONDS)
    code = process.exitcode
    if code is None and process.pid:
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
    return Ran(code, (warehouse.folder / "output").read_text(encoding="utf-8"))


@click.command(context_settings={"show_default": True})
@click.option("--examples", "count", type=click.IntRange(1), default=200, help="How many to try.")
@click.option("--seed", "number", type=click.IntRange(0), default=7, help="Equal seeds give equal examples.")
@click.option("--replay", multiple=True, help="One example, as it was printed; may be given several times.")
def main(count: int, number: int, replay: tuple[str, ...]) -> None:
    """Load damaged landing areas, and print how that ended and what broke."""
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="damage") as folder:
        bench = Bench.make(Path(folder))

        def try_out(example: Example) -> None:
            outcome = bench.try_out(example)
            ends[outcome.end] += 1
            click.echo(f"\r{sum(ends.values())}", nl=False, err=True)
            if outcome.fault or replay:
                click.echo(f"{outcome.end}: {outcome.fault}\n    --replay {shlex.quote(str(example))}")

        for text in replay:
            try_out(Example.parse(text))
        if not replay:
            checks = settings(
                max_examples=count, deadline=None, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            seed(number)(checks(given(examples(bench.names()))(try_out)))()
    click.echo(", ".join(f"{end}: {times}" for end, times in sorted(ends.items())))
    sys.exit(1 if ends["broken"] else 0)


if __name__ == "__main__":
    main()
