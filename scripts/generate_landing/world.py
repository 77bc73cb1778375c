"""Everything that is generated, put together: who writes which files, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from scripts.generate_landing.companies import Companies
from scripts.generate_landing.crm import Action, Crm
from scripts.generate_landing.crm_daily import Daily, State
from scripts.generate_landing.crm_xml import AccountValues, CustomerMgmt
from scripts.generate_landing.days import Calendar
from scripts.generate_landing.dice import Dice
from scripts.generate_landing.finwire import Newswire
from scripts.generate_landing.hr import Employees
from scripts.generate_landing.market import Market, Prices
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import Persons
from scripts.generate_landing.prospects import Prospects
from scripts.generate_landing.reference import FIRST_DAY, write_reference
from scripts.generate_landing.settings import Settings
from scripts.generate_landing.text import xml_words
from scripts.generate_landing.trade_files import TradeFiles
from scripts.generate_landing.trades import Desk
from scripts.generate_landing.watches import Watches


def generate(root: Path, settings: Settings, workers: int, progress: Callable[[int], None]) -> int:
    """Write a landing area; its size in bytes."""
    landing = Landing(root, settings.split, progress)
    dice, calendar = Dice(settings.seed), Calendar(settings)
    employees = Employees(settings, dice)
    companies = Companies(settings, calendar, dice)
    crm = Crm(settings, calendar, dice)
    prices = Prices(companies.securities, dice)
    desk = Desk(settings, calendar, companies, crm.lives, prices, employees.count, dice)
    for batch in range(1, settings.days + 2):
        landing.folder(batch)
    # The longest first. Each job writes files of its own, so their order does not show in the result.
    jobs: list[Callable[[Landing], None]] = [
        TradeFiles(desk, employees, calendar, dice).write,
        Market(settings, companies, calendar, prices).write,
        Watches(settings, calendar, companies, crm.lives, crm.customers_in_history, dice).write,
        Newswire(companies, dice).write,
        lambda landing: _write_clients(landing, settings, crm, employees, dice),
        employees.write,
        lambda landing: write_reference(landing, settings),
    ]
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for done in [pool.submit(job, landing) for job in jobs]:
            done.result()
    counts = {"Companies": companies.count, "Securities": companies.securities, "Employees": employees.count}
    _write_totals(landing, settings, calendar, counts)
    # A batch is complete once its date is there.
    for batch in range(1, settings.days + 2):
        landing.batch_date(batch, calendar.batch_date(batch).isoformat())
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def _write_clients(landing: Landing, settings: Settings, crm: Crm, employees: Employees, dice: Dice) -> None:
    """Customers, accounts and prospects: these share the customers' state, batch by batch."""
    # Customers are numbered in the order of their NEW events: element c is the event of customer c.
    origin = np.concatenate([events.number[events.kind == Action.NEW] for events in [crm.history, *crm.days]])
    in_xml, persons = Persons(dice, xml_words), Persons(dice)
    CustomerMgmt(crm, in_xml, AccountValues(dice, in_xml, employees.brokers), origin, dice).write(landing)
    state = State(crm)
    daily = Daily(crm, state, persons, AccountValues(dice, persons, employees.brokers), origin)
    prospects = Prospects(settings, dice, persons, origin)
    prospects.write(landing, 1, state)
    for batch in range(2, settings.days + 2):
        daily.write(landing, batch)
        prospects.write(landing, batch, state)


def _write_totals(landing: Landing, settings: Settings, calendar: Calendar, counts: dict[str, int]) -> None:
    """Control totals of the batches and the settings, at the landing area's root."""
    for batch in range(1, settings.days + 2):
        last = calendar.batch_date(batch).isoformat()
        first = FIRST_DAY if batch == 1 else last
        landing.root_audit(f"Batch{batch}", [f"Batch,{batch},{first},FirstDay,,", f"Batch,{batch},{last},LastDay,,"])
    whole = {"IncrementalBatches": settings.days, "Seed": settings.seed, "Parts": settings.split}
    lines = [
        f"Generator,0,,ScaleFactor,,{settings.scale}",
        *(f"Generator,0,,{name},{value}," for name, value in whole.items()),
        f"Generator,0,{settings.end_of_history.isoformat()},EndOfHistory,,",
        *(f"Generator,0,,{name},{value}," for name, value in counts.items()),
    ]
    landing.root_audit("Generator", lines)
