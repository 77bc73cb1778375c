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


@dataclass(frozen=True)
class Fault:
    """A plant in one batch, with the files that it changes and dice of its own."""

    plant: Plant
    root: Path
    batch: int
    dice: Dice
    files: list[Path]

    def rewrite(self, change: Callable[[int, Fields], Iterable[Fields]], share: float | None = None) -> None:
        """Replace a random share of the rows, as much as the plant is strong unless told, each by none, one or more.

        Rows are counted through all parts of the file.
        """
        number = 0
        for path in self.files:
            rows = _rows([path])
            written: list[Fields] = []
            for n, row in enumerate(rows, number):
                chosen = self.dice.number("row", n) < (self.plant.strength if share is None else share)
                written += change(n, row) if chosen else [row]
            number += len(rows)
            _write(path, "".join("|".join(row) + "\n" for row in written))

    def replace(self, at: int, change: Callable[[str], str], share: float | None = None) -> None:
        """Change one value of some rows."""
        self.rewrite(lambda n, row: [[*row[:at], change(row[at]), *row[at + 1 :]]], share)


Change = Callable[[Fault], None]


@dataclass(frozen=True)
class Kind:
    """One kind of fault: the files it can be planted in, the first one by default, its usual strength, and how it is
    done."""

    files: tuple[str, ...]
    column: str
    strength: float
    highest: float
    meaning: str
    change: Change
    also: tuple[str, ...] = ()
    """Columns that show the fault as well as the first one."""


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
            if files := _files(root, batch, plant.file):
                KINDS[plant.kind].change(Fault(plant, root, batch, dice, files))


def _files(root: Path, batch: int, name: str) -> list[Path]:
    """A file, whole or in parts."""
    folder = root / f"Batch{batch}"
    return sorted(p for p in folder.glob(f"{name}*.txt") if re.fullmatch(rf"{name}(_\d+)?\.txt", p.name))


def _rows(files: list[Path]) -> list[Fields]:
    return [line.split("|") for path in files for line in path.read_bytes().decode().split("\n") if line]


def _write(path: Path, text: str) -> None:
    """Write a new file, since the old one's bytes may be shared with a landing area that nothing is planted in."""
    path.unlink()
    path.write_bytes(text.encode())


def _position(file: str, column: str) -> int:
    """Place of a column in the rows of a change file."""
    names = [c.name for c in layout(f"brokerage.{re.sub('(?<!^)(?=[A-Z])', '_', file).lower()}").columns]
    return names.index(column) + 2


def _scaled(amount: str, factor: float) -> str:
    return f"{float(amount) * factor:.2f}" if amount else amount


def _price_change(fault: Fault, factor: float, share: float) -> None:
    prices = {_position("DailyMarket", name) for name in ("dm_close", "dm_high", "dm_low")}
    fault.rewrite(
        lambda n, row: [[_scaled(value, factor) if at in prices else value for at, value in enumerate(row)]], share
    )


def _prices_high(fault: Fault) -> None:
    _price_change(fault, PRICE_FACTOR, fault.plant.strength)


def _drift(fault: Fault) -> None:
    _price_change(fault, (1 + fault.plant.strength) ** (fault.batch - fault.plant.batch + 1), 1)


def _unit_change(fault: Fault) -> None:
    fault.replace(_position("CashTransaction", "ct_amt"), lambda value: _scaled(value, fault.plant.strength), 1)


def _as_in_the_first_row(file: str, column: str) -> Change:
    """The first row's value in some of the others."""

    def planted(fault: Fault) -> None:
        at = _position(file, column)
        first = next((row[at] for row in _rows(fault.files)), "")
        fault.replace(at, lambda value: first)

    return planted


def _swapped_columns(fault: Fault) -> None:
    high, low = _position("DailyMarket", "dm_high"), _position("DailyMarket", "dm_low")
    swapped = {high: low, low: high}
    fault.rewrite(lambda n, row: [[row[swapped.get(at, at)] for at in range(len(row))]])


def _shifted_column(fault: Fault) -> None:
    at = _position("DailyMarket", "dm_close")
    before = [row[at] for row in _rows(fault.files)]
    fault.rewrite(lambda n, row: [[*row[:at], before[n - 1], *row[at + 1 :]]])


def _repeated_file(fault: Fault) -> None:
    """Rows of the batch before come again. Their days and sequence numbers are as they should be in this batch."""
    before = _rows(_files(fault.root, fault.batch - 1, fault.plant.file))

    def repeated(n: int, row: Fields) -> Iterable[Fields]:
        pairs = zip(row[2:], before[n % len(before)][2:], strict=True)
        return [[*row[:2], *(value[:10] + old[10:] if _DAY.match(value) else old for value, old in pairs)]]

    if before:
        fault.rewrite(repeated)


def _broker_surge(fault: Fault) -> None:
    """The new trades of the busiest broker come several times, under numbers of their own."""
    brokers = _brokers(fault.root, fault.batch)
    account, number = _position("Trade", "t_ca_id"), _position("Trade", "t_id")
    new = [fields for fields in _rows(fault.files) if fields[0] == "I"]
    busiest = Counter(brokers.get(fields[account], "") for fields in new).most_common(1)
    if not busiest:
        return
    chosen = [fields for fields in new if brokers.get(fields[account], "") == busiest[0][0]]
    wanted = round(len(chosen) * fault.plant.strength) - len(chosen)
    added: list[Fields] = []
    for n in range(wanted):
        row = list(chosen[n % len(chosen)])
        row[1] = row[number] = str(FIRST_PLANTED_NUMBER + fault.batch * 1_000_000 + n)
        added.append(row)
    last = fault.files[-1]
    _write(last, last.read_bytes().decode() + "".join("|".join(row) + "\n" for row in added))
    _raise_totals(fault.root / f"Batch{fault.batch}" / "Trade_audit.csv", {"T_Records": wanted, "T_NEW": wanted})


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
    _write(path, "".join(f"{raised(line)}\n" for line in lines))


LEAVES = ("DailyMarket", "CashTransaction", "HoldingHistory")
"""Files that no other row depends on, so that the rest still loads."""
_MARKET, _CASH, _TRADE = "DailyMarket", "CashTransaction", "Trade"


def _one_value(
    file: str, column: str, landed: str, strength: float, meaning: str, change: Callable[[str], str]
) -> Kind:
    """A kind that changes a value of some rows; the file calls its column what `landed` says."""
    return Kind((file,), column, strength, 1, meaning, lambda fault: fault.replace(_position(file, landed), change))


KINDS = {
    "missing_rows": Kind(
        LEAVES, "", 0.5, 1, "share of the file's rows that is missing", lambda fault: fault.rewrite(lambda n, row: [])
    ),
    "delivered_twice": Kind(
        LEAVES, "", 1, 1, "share of the file's rows that comes a second time",
        lambda fault: fault.rewrite(lambda n, row: [row, row]),
    ),
    "prices_high": Kind(
        (_MARKET,), "close_price", 1, 1, "share of the prices that is 100 times too high", _prices_high
    ),
    "null_column": _one_value(
        _CASH, "description", "ct_name", 0.2, "share of the rows without CT_NAME", lambda value: ""
    ),
    "vanished_category": _one_value(
        _TRADE, "trade_type_id", "t_tt_id", 1, "share of the rows of trade type TLB that come as TMB instead",
        lambda value: "TMB" if value == "TLB" else value,
    ),
    "new_category": _one_value(
        _TRADE, "status_id", "t_st_id", 0.2,
        "share of the rows of open trades that have status INAC, which no trade has",
        lambda value: "INAC" if value in ("PNDG", "SBMT") else value,
    ),
    "unit_change": Kind((_CASH,), "amount", 7.8, 1e6, "factor of the amounts, as of another currency", _unit_change),
    "late_dates": _one_value(
        _CASH, "transacted_at", "ct_dts", 1, "share of the times that are one day late",
        lambda value: str(datetime.fromisoformat(value) + timedelta(days=1)),
    ),
    "broker_surge": Kind(
        (_TRADE,), "broker_id", 10, 1000, "how many times the busiest broker's new trades come", _broker_surge
    ),
    "repeated_file": Kind(
        LEAVES, "", 1, 1, "share of the rows that are those of the batch before, with this batch's dates and numbers",
        _repeated_file,
    ),
    "flipped_signs": _one_value(
        _CASH, "amount", "ct_amt", 0.5, "share of the amounts with the other sign",
        lambda value: value[1:] if value[0] == "-" else f"-{value}",
    ),
    "whole_amounts": _one_value(
        _CASH, "amount", "ct_amt", 1, "share of the amounts that lost their decimals",
        lambda value: f"{float(value):.0f}.00",
    ),
    "placeholder": _one_value(
        _CASH, "description", "ct_name", 0.2, "share of the rows with N/A for CT_NAME", lambda value: "N/A"
    ),
    "lost_times": _one_value(
        _CASH, "transacted_at", "ct_dts", 0.3, "share of the times that are midnight",
        lambda value: f"{value[:10]} 00:00:00",
    ),
    "lost_seconds": _one_value(
        _CASH, "transacted_at", "ct_dts", 1, "share of the times that are full minutes",
        lambda value: f"{value[:16]}:00",
    ),
    "one_account": Kind(
        (_CASH,), "account_id", 0.3, 1, "share of the rows that go to the first account",
        _as_in_the_first_row(_CASH, "ct_ca_id"),
    ),
    "garbled_text": _one_value(
        _TRADE, "executed_by", "t_exec_name", 0.5, "share of the names with a letter that was not readable",
        lambda value: value[:1] + "\N{REPLACEMENT CHARACTER}" + value[2:],
    ),
    "zero_volumes": _one_value(_MARKET, "volume", "dm_vol", 0.2, "share of the volumes that are 0", lambda value: "0"),
    "negative_volumes": _one_value(
        _MARKET, "volume", "dm_vol", 0.1, "share of the volumes that are negative", lambda value: f"-{value}"
    ),
    "stuck_value": Kind(
        (_MARKET,), "volume", 0.3, 1, "share of the volumes that are those of the first row",
        _as_in_the_first_row(_MARKET, "dm_vol"),
    ),
    "swapped_columns": Kind(
        (_MARKET,), "day_high", 0.3, 1, "share of the rows with highest and lowest price swapped", _swapped_columns,
        ("day_low",),
    ),
    "shifted_column": Kind(
        (_MARKET,), "close_price", 1, 1, "share of the closing prices that are those of the row before",
        _shifted_column, ("day_high", "day_low"),
    ),
    "drift": Kind(
        (_MARKET,), "close_price", 0.01, 1, f"growth of the prices a batch, for {DRIFT_BATCHES} batches", _drift
    ),
}  # fmt: skip
