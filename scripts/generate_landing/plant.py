"""Planting: a generated landing area with something wrong in it, to see whether it is found.

Planting is a pass over the files of one daily batch after they were written. Everything else stays byte for byte as it
was, and the same seed plants the same rows. Control totals say what the source believes it has sent. They stay as they
are where the source knows nothing of the fault, and change only with `broker_surge`, whose trades the source did make.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from scripts.generate_landing.dice import Dice
from scripts.landing.definitions import layout
from scripts.landing.xml_reader import XmlTable

DRIFT_BATCHES = 20
PRICE_FACTOR = 100
FIRST_PLANTED_NUMBER = 9_000_000_000
"""Trades and change numbers that are planted start here, far from those that are generated."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Fields = list[str]


class PlantError(ValueError):
    """A request to plant that cannot be met; the message is for the person who made it."""


@dataclass(frozen=True)
class Kind:
    """One kind of fault: the files it can be planted in, the first one by default, and its usual strength."""

    files: tuple[str, ...]
    column: str
    strength: float
    highest: float
    meaning: str
    also: tuple[str, ...] = ()
    """Columns that show the fault as well as the first one."""


LEAVES = ("DailyMarket", "CashTransaction", "HoldingHistory")
"""Files that no other row depends on, so that the rest still loads."""

KINDS = {
    "missing_rows": Kind(LEAVES, "", 0.5, 1, "share of the file's rows that is missing"),
    "delivered_twice": Kind(LEAVES, "", 1, 1, "share of the file's rows that comes a second time"),
    "prices_high": Kind(("DailyMarket",), "close_price", 1, 1, "share of the prices that is 100 times too high"),
    "null_column": Kind(("CashTransaction",), "description", 0.2, 1, "share of the rows without CT_NAME"),
    "vanished_category": Kind(
        ("Trade",), "trade_type_id", 1, 1, "share of the rows of trade type TLB that come as TMB instead"
    ),
    "new_category": Kind(
        ("Trade",), "status_id", 0.2, 1, "share of the rows of open trades that have status INAC, which no trade has"
    ),
    "unit_change": Kind(("CashTransaction",), "amount", 7.8, 1e6, "factor of the amounts, as of another currency"),
    "late_dates": Kind(("CashTransaction",), "transacted_at", 1, 1, "share of the times that are one day late"),
    "broker_surge": Kind(("Trade",), "broker_id", 10, 1000, "how many times the busiest broker's new trades come"),
    "repeated_file": Kind(
        LEAVES, "", 1, 1, "share of the rows that are those of the batch before, with this batch's dates and numbers"
    ),
    "flipped_signs": Kind(("CashTransaction",), "amount", 0.5, 1, "share of the amounts with the other sign"),
    "whole_amounts": Kind(("CashTransaction",), "amount", 1, 1, "share of the amounts that lost their decimals"),
    "placeholder": Kind(("CashTransaction",), "description", 0.2, 1, "share of the rows with N/A for CT_NAME"),
    "lost_times": Kind(("CashTransaction",), "transacted_at", 0.3, 1, "share of the times that are midnight"),
    "lost_seconds": Kind(("CashTransaction",), "transacted_at", 1, 1, "share of the times that are full minutes"),
    "one_account": Kind(("CashTransaction",), "account_id", 0.3, 1, "share of the rows that go to the first account"),
    "garbled_text": Kind(("Trade",), "executed_by", 0.5, 1, "share of the names with a letter that was not readable"),
    "zero_volumes": Kind(("DailyMarket",), "volume", 0.2, 1, "share of the volumes that are 0"),
    "negative_volumes": Kind(("DailyMarket",), "volume", 0.1, 1, "share of the volumes that are negative"),
    "stuck_value": Kind(("DailyMarket",), "volume", 0.3, 1, "share of the volumes that are those of the first row"),
    "swapped_columns": Kind(
        ("DailyMarket",), "day_high", 0.3, 1, "share of the rows with highest and lowest price swapped", ("day_low",)
    ),
    "shifted_column": Kind(
        ("DailyMarket",),
        "close_price",
        1,
        1,
        "share of the closing prices that are those of the row before",
        ("day_high", "day_low"),
    ),
    "drift": Kind(
        ("DailyMarket",),
        "close_price",
        0.01,
        1,
        f"growth of the prices a batch, for {DRIFT_BATCHES} batches",
    ),
}


@dataclass(frozen=True)
class Plant:
    """One fault to plant."""

    kind: str
    file: str
    batch: int
    strength: float

    @property
    def batches(self) -> range:
        """Batches whose files it changes, were the landing area long enough."""
        return range(self.batch, self.batch + (DRIFT_BATCHES if self.kind == "drift" else 1))

    def __str__(self) -> str:
        return f"{self.kind}/{self.file}@{self.batch}:{self.strength:g}"


def parse(text: str) -> Plant:
    """`KIND[/FILE]@BATCH[:STRENGTH]` as a plant."""
    match = re.fullmatch(r"(\w+)(?:/(\w+))?@(\d+)(?::(\d+(?:\.\d+)?))?", text)
    if not match:
        raise PlantError(f"{text!r} is not KIND@BATCH or KIND@BATCH:STRENGTH, such as missing_rows@12:0.5.")
    name, file, batch, strength = match.groups()
    if name not in KINDS:
        raise PlantError(f"There is no kind {name!r}. The kinds are {', '.join(KINDS)}.")
    kind = KINDS[name]
    file = file or kind.files[0]
    if file not in kind.files:
        raise PlantError(f"{name} cannot be planted in {file}, only in {', '.join(kind.files)}.")
    value = float(strength) if strength else kind.strength
    if not 0 < value <= kind.highest:
        raise PlantError(
            f"The strength of {name} is the {kind.meaning}: choose more than 0 and at most {kind.highest:g}."
        )
    return Plant(name, file, int(batch), value)


def check(plants: Iterable[Plant], days: int) -> None:
    """Refuse plants in batches that are not daily batches of the landing area."""
    for plant in plants:
        if not 2 <= plant.batch <= days + 1:
            raise PlantError(f"{plant} is not in a daily batch: choose a batch from 2 to {days + 1}, or more --days.")


def plant_all(root: Path, plants: Iterable[Plant], seed: int) -> None:
    """Plant faults in a generated landing area."""
    for plant in plants:
        dice = Dice(seed, f"plant/{plant.kind}/{plant.file}/{plant.batch}")
        for batch in plant.batches:
            files = _files(root, batch, plant.file)
            if files:
                _CHANGES[plant.kind](root, plant, batch, dice, files)


def _files(root: Path, batch: int, name: str) -> list[Path]:
    """A file, whole or in parts."""
    folder = root / f"Batch{batch}"
    return sorted(p for p in folder.glob(f"{name}*.txt") if re.fullmatch(rf"{name}(_\d+)?\.txt", p.name))


def _rows(files: list[Path]) -> list[Fields]:
    return [line.split("|") for path in files for line in path.read_bytes().decode().split("\n") if line]


def _rewrite(files: list[Path], change: Callable[[int, Fields], Iterable[Fields]]) -> None:
    """Replace each row by none, one or more; rows are counted through all parts of the file."""
    number = 0
    for path in files:
        rows = _rows([path])
        written = [row for n, fields in enumerate(rows, number) for row in change(n, fields)]
        number += len(rows)
        # A new file, since the old one's bytes may be shared with a landing area that nothing is planted in.
        path.unlink()
        path.write_bytes("".join("|".join(row) + "\n" for row in written).encode())


def _position(file: str, column: str) -> int:
    """Place of a column in the rows of a change file."""
    names = [c.name for c in layout(f"brokerage.{re.sub('(?<!^)(?=[A-Z])', '_', file).lower()}").columns]
    return names.index(column) + 2


def _scaled(amount: str, factor: float) -> str:
    return f"{float(amount) * factor:.2f}" if amount else amount


def _change_some(dice: Dice, share: float, files: list[Path], change: Callable[[Fields], Fields]) -> None:
    """Change a random share of the rows."""
    _rewrite(files, lambda n, row: [change(row) if dice.number("row", n) < share else row])


def _missing_rows(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _rewrite(files, lambda n, row: [] if dice.number("row", n) < plant.strength else [row])


def _delivered_twice(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _rewrite(files, lambda n, row: [row, row] if dice.number("row", n) < plant.strength else [row])


def _price_change(factor: float) -> Callable[[Fields], Fields]:
    prices = {_position("DailyMarket", name) for name in ("dm_close", "dm_high", "dm_low")}
    return lambda row: [_scaled(value, factor) if n in prices else value for n, value in enumerate(row)]


def _prices_high(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _change_some(dice, plant.strength, files, _price_change(PRICE_FACTOR))


def _drift(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    _change_some(dice, 1, files, _price_change((1 + plant.strength) ** (batch - plant.batch + 1)))


def _replace(at: int, change: Callable[[str], str]) -> Callable[[Fields], Fields]:
    return lambda row: [*row[:at], change(row[at]), *row[at + 1 :]]


def _each(file: str, column: str, change: Callable[[str], str]) -> Change:
    """A change of one value in some of the rows."""

    def planted(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
        _change_some(dice, plant.strength, files, _replace(_position(file, column), change))

    return planted


def _unit_change(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    at = _position("CashTransaction", "ct_amt")
    _change_some(dice, 1, files, _replace(at, lambda value: _scaled(value, plant.strength)))


def _later(value: str) -> str:
    return str(datetime.fromisoformat(value) + timedelta(days=1))


def _as_in_the_first_row(file: str, column: str) -> Change:
    """The first row's value in some of the others."""

    def planted(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
        rows = _rows(files)
        if rows:
            first = rows[0][_position(file, column)]
            _each(file, column, lambda value: first)(root, plant, batch, dice, files)

    return planted


def _swapped_columns(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    high, low = _position("DailyMarket", "dm_high"), _position("DailyMarket", "dm_low")
    swapped = {high: low, low: high}
    _change_some(dice, plant.strength, files, lambda row: [row[swapped.get(n, n)] for n in range(len(row))])


def _shifted_column(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    at = _position("DailyMarket", "dm_close")
    before = [row[at] for row in _rows(files)]
    _rewrite(
        files,
        lambda n, row: [[*row[:at], before[n - 1], *row[at + 1 :]] if dice.number("row", n) < plant.strength else row],
    )


def _repeated_file(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    """Rows of the batch before come again. Their days and sequence numbers are as they should be in this batch."""
    before = _rows(_files(root, batch - 1, plant.file))
    if not before:
        return

    def repeated(row: Fields, earlier: Fields) -> Fields:
        pairs = zip(row[2:], earlier[2:], strict=True)
        return [*row[:2], *(value[:10] + old[10:] if _DAY.match(value) else old for value, old in pairs)]

    _rewrite(
        files,
        lambda n, row: [repeated(row, before[n % len(before)]) if dice.number("row", n) < plant.strength else row],
    )


def _broker_surge(root: Path, plant: Plant, batch: int, dice: Dice, files: list[Path]) -> None:
    """The new trades of the busiest broker come several times, under numbers of their own."""
    brokers = _brokers(root, batch)
    account, number = _position("Trade", "t_ca_id"), _position("Trade", "t_id")
    new = [fields for fields in _rows(files) if fields[0] == "I"]
    busiest = Counter(brokers.get(fields[account], "") for fields in new).most_common(1)
    if not busiest:
        return
    chosen = [fields for fields in new if brokers.get(fields[account], "") == busiest[0][0]]
    wanted = round(len(chosen) * plant.strength) - len(chosen)
    numbers = iter(range(FIRST_PLANTED_NUMBER + batch * 1_000_000, FIRST_PLANTED_NUMBER + (batch + 1) * 1_000_000))
    added: list[Fields] = []
    for n in range(wanted):
        row, own = list(chosen[n % len(chosen)]), next(numbers)
        row[1], row[number] = str(own), str(own)
        added.append(row)
    last = files[-1].read_bytes()
    files[-1].unlink()
    files[-1].write_bytes(last + "".join("|".join(row) + "\n" for row in added).encode())
    _raise_totals(root / f"Batch{batch}" / "Trade_audit.csv", {"T_Records": wanted, "T_NEW": wanted})


def _brokers(root: Path, batch: int) -> dict[str, str]:
    """The broker of each account, as of a batch."""
    found: dict[str, str] = {}
    for path in sorted((root / "Batch1").glob("CustomerMgmt*.xml")):
        table = XmlTable(layout("crm.customer_mgmt"), [str(path)], root)
        for chunk in table.batches():
            accounts, brokers = chunk.column("ca_id").to_pylist(), chunk.column("ca_b_id").to_pylist()
            found.update((a, b) for a, b in zip(accounts, brokers, strict=True) if a and b)
    at, broker = _position("Account", "ca_id"), _position("Account", "ca_b_id")
    for earlier in range(2, batch + 1):
        found.update((row[at], row[broker]) for row in _rows(_files(root, earlier, "Account")))
    return found


def _raise_totals(path: Path, more: dict[str, int]) -> None:
    """Add to control totals."""

    def raised(line: str) -> str:
        fields = line.split(",")
        if len(fields) > 4 and fields[3] in more:
            fields[4] = str(int(fields[4]) + more[fields[3]])
        return ",".join(fields)

    lines = path.read_text(encoding="utf-8").splitlines()
    path.unlink()
    path.write_text("".join(raised(line) + "\n" for line in lines), encoding="utf-8")


Change = Callable[[Path, Plant, int, Dice, list[Path]], None]
_CHANGES: dict[str, Change] = {
    "missing_rows": _missing_rows,
    "delivered_twice": _delivered_twice,
    "repeated_file": _repeated_file,
    "prices_high": _prices_high,
    "null_column": _each("CashTransaction", "ct_name", lambda value: ""),
    "placeholder": _each("CashTransaction", "ct_name", lambda value: "N/A"),
    "vanished_category": _each("Trade", "t_tt_id", lambda value: "TMB" if value == "TLB" else value),
    "new_category": _each("Trade", "t_st_id", lambda value: "INAC" if value in ("PNDG", "SBMT") else value),
    "garbled_text": _each("Trade", "t_exec_name", lambda value: value[:1] + "\N{REPLACEMENT CHARACTER}" + value[2:]),
    "unit_change": _unit_change,
    "flipped_signs": _each("CashTransaction", "ct_amt", lambda value: value[1:] if value[0] == "-" else f"-{value}"),
    "whole_amounts": _each("CashTransaction", "ct_amt", lambda value: f"{float(value):.0f}.00"),
    "late_dates": _each("CashTransaction", "ct_dts", _later),
    "lost_times": _each("CashTransaction", "ct_dts", lambda value: f"{value[:10]} 00:00:00"),
    "lost_seconds": _each("CashTransaction", "ct_dts", lambda value: f"{value[:16]}:00"),
    "one_account": _as_in_the_first_row("CashTransaction", "ct_ca_id"),
    "zero_volumes": _each("DailyMarket", "dm_vol", lambda value: "0"),
    "negative_volumes": _each("DailyMarket", "dm_vol", lambda value: f"-{value}"),
    "stuck_value": _as_in_the_first_row("DailyMarket", "dm_vol"),
    "swapped_columns": _swapped_columns,
    "shifted_column": _shifted_column,
    "broker_surge": _broker_surge,
    "drift": _drift,
}
