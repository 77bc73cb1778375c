"""Put a person under a legal hold, or lift it: who is held isn't erased, whoever asks, until the day given.

Holds are lines of the erasure ledger, which names the person by a keyed hash only.
"""

from __future__ import annotations

import sys
from datetime import datetime

import click
import duckdb

from scripts import access_log
from scripts.data_subjects.ledger import PrivacyProblem, read_ledger
from scripts.data_subjects.options import AGENCY, NUMBER
from scripts.data_subjects.persons import read_manifest, refuse_unknown, tables
from scripts.encryption import EncryptionProblem
from scripts.keys import KeyProblem
from scripts.warehouse_file import open_warehouse


@click.command(help=__doc__)
@click.option("--customer", type=NUMBER, envvar="ASKED_CUSTOMER", help="Customer, by number.")
@click.option("--prospect", type=AGENCY, envvar="ASKED_PROSPECT", help="Prospect, by the agency's number.")
@click.option("--until", envvar="ASKED_UNTIL", type=click.DateTime(["%Y-%m-%d"]), help="Last day of the hold.")
@click.option("--by", envvar="ASKED_BY", help="Who ordered it, such as a court's file number.")
@click.option("--why", envvar="ASKED_WHY", help="Why, without the person's data; it is kept.")
@click.option("--release", is_flag=True, envvar="ASKED_RELEASE", help="Lift the hold.")
def main(
    customer: str | None, prospect: str | None, until: datetime | None, by: str | None, why: str | None, release: bool
) -> None:
    """Write the line, and note it in the access log."""
    if (customer is None) == (prospect is None):
        sys.exit("Name one person, with --customer or --prospect.")
    if not release and not (until and by and why):
        sys.exit("A hold needs --until, --by and --why.")
    kind, value = ("customer", customer) if customer else ("prospect", prospect)
    try:
        ledger = read_ledger()
        subject = ledger.hash(kind, value)
        if release and subject not in ledger.holds:
            sys.exit(f"This {kind} is under no hold.")
        entry: dict[str, object] = {"type": "release", "hash": subject}
        if until and not release:
            entry |= {"type": "hold", "until": until.date().isoformat(), "by": by, "why": why}
        manifest = read_manifest()
        with open_warehouse(read_only=False) as con:
            if not release:
                refuse_unknown(con, tables(con, manifest), kind, [str(value)])
            ledger.append(entry)
            access_log.append(con, "release-hold" if release else "hold", {"ledger_entries": ledger.entries})
    except (PrivacyProblem, KeyProblem, EncryptionProblem) as error:
        sys.exit(str(error))
    except duckdb.Error as error:
        sys.exit(f"The warehouse can't be used: {type(error).__name__}. Close what has it open, then run again.")
    click.echo("The hold is lifted." if release else f"Held until {until:%Y-%m-%d}.")


if __name__ == "__main__":
    main()
