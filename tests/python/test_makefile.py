"""What a user types after `make` reaches the command verbatim: neither make nor a shell expands it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from warehouse import PROJECT

pytestmark = pytest.mark.slow

TEXTS = [
    "letter `touch {0}`",
    "letter $(touch {0})",
    "letter $(shell touch {0})",
    "letter $$(touch {0}) ${{HOME}} $HOME $@",
    'letter "; touch {0}; "',
    "letter '; touch {0}; '",
    "letter; touch {0} #",
    "letter\ntouch {0}\n\ttouch {0}",
    "& touch {0} | touch {0} > {0} \\",
]
TAKEN = {
    "subject-export": ["CUSTOMER", "PROSPECT"],
    "erase": ["CUSTOMER", "PROSPECT", "REASON", "ACCEPT"],
    "legal-hold": ["CUSTOMER", "PROSPECT", "UNTIL", "BY", "WHY", "RELEASE"],
    "retention": ["APPLY"],
    "publish": ["AUDIENCE", "VALUE"],
    "bench": ["BENCH"],
    "serve": ["PORT"],
    "diff": ["BASE", "REF"],
    "expectations": ["RENEW"],
    "base": ["REF"],
    "mutation-check": ["ONLY"],
    "scaffold": ["FILE", "SOURCE", "TABLE", "KIND"],
}
TELL = "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], sys.stdout)"


def make(*arguments: str, python: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the project's own Makefile, with its environment taken as installed."""
    settled = [
        "-o",
        ".venv/.installed",
        "-o",
        "dbt_packages/.installed",
        f"BIN={python or Path(sys.executable).parent}",
        # Only the sample is made where there is none.
        "LANDING_DIR=elsewhere",
    ]
    clean = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL") and not k.startswith("ASKED_")}
    command = ["make", "--no-print-directory", *settled, *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, env=clean)


@pytest.fixture
def teller(room: Path) -> Path:
    """A folder with a `python` that prints its arguments."""
    path = room / "bin" / "python"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\n{TELL}\n", encoding="utf-8")
    path.chmod(0o755)
    return path.parent


@pytest.mark.parametrize("target", TAKEN)
@pytest.mark.parametrize("text", TEXTS)
def test_text_arrives_as_it_is(target: str, text: str, teller: Path, room: Path) -> None:
    text = text.format(room / "made")
    given = [f"{name}={text}" for name in TAKEN[target]]
    ran = make(target, *given, python=teller)
    assert ran.returncode == 0, ran.stderr
    arguments, environment = json.loads(ran.stdout)
    assert {name: environment[f"ASKED_{name}"] for name in TAKEN[target]} == dict.fromkeys(TAKEN[target], text)
    words = {"bench": text.split(), "base": ["fetch"], "subject-export": ["export"]}
    words |= {name: [name] for name in ("erase", "legal-hold", "retention")}
    assert arguments[2:] == words.get(target, [])
    assert not (room / "made").exists()
    # Not even where make only shows what it would run.
    shown = make("-n", target, *given, python=teller)
    assert "touch" not in shown.stdout and not (room / "made").exists()


def test_every_variable_for_texts_is_tested() -> None:
    listed = re.search(r"^ASKED := (.+)$", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed and set(listed[1].split()) == {name for names in TAKEN.values() for name in names}


def test_recipes_expand_no_other_variable() -> None:
    """What stands in a recipe is the project's own; a variable of another name there would be read by the shell."""
    recipes = [line for line in (PROJECT / "Makefile").read_text(encoding="utf-8").splitlines() if line[:1] == "\t"]
    assert set(re.findall(r"(?<!\$)\$[({](\w+)", "\n".join(recipes))) <= {
        "BIN",
        "LINT",
        "SAMPLE",
        "VENV",
        "PYTEST",
        "PYTHON",
        "LOCK",
        "MAKE",
        "MAKEFILE_LIST",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["subject-export", "CUSTOMER=1 or 1=1"], "'1 or 1=1' can't be meant. A number has digits only"),
        (["subject-export", "CUSTOMER=7 8"], "'7 8' can't be meant. A number has digits only"),
        (["erase", "CUSTOMER=7"], "Missing option '--reason'"),
        (["erase", "CUSTOMER=x", "REASON=asked"], "'x' can't be meant"),
        (["legal-hold", "CUSTOMER=7", "UNTIL=soon"], "'soon' does not match the format"),
        (["legal-hold", "CUSTOMER=7", "RELEASE=perhaps"], "'perhaps' is not a valid boolean"),
        (["serve", "PORT=high"], "'high' is not a valid integer range"),
        (["diff"], "Name the warehouse to compare with as BASE"),
        (["diff", "REF=--help"], "--help names no commit here"),
        (["retention", "APPLY=perhaps"], "'perhaps' is not a valid boolean"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) else "",
)
def test_commands_read_what_they_are_handed(arguments: list[str], said: str) -> None:
    ran = make(*arguments)
    assert ran.returncode == 2 and said in ran.stderr, ran.stderr
