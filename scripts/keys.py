"""Secret keys: where they are stored, how they are read, created and replaced.

A key is 32 random bytes with a name and a version. It lies in `NAME.vN.key` in the folder that `WAREHOUSE_KEYS` names
(default `data/keys`), as 64 hexadecimal digits, readable by its owner only. Where files are not wanted, the variable
`DBT_ENV_SECRET_NAME_KEY` holds `N:` and the same digits: dbt hides variables that begin so in all it writes.

A key never stands in an argument, a message, an artifact or a log: code passes `Key` objects, which do not show it.
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import click

from scripts.problem import Problem
from scripts.project import PROJECT

KEY_BYTES = 32


class KeyProblem(Problem):
    """A missing or unusable key. The message names it, where it was looked for, and what to do."""


@dataclass(frozen=True)
class Key:
    """A key's name and version, and its 32 bytes, which it does not show when it is printed."""

    name: str
    version: int
    secret: bytes = field(repr=False)

    @property
    def hex(self) -> str:
        """The key as 64 hexadecimal digits."""
        return self.secret.hex()


def folder() -> Path:
    """The folder of key files."""
    return PROJECT / os.environ.get("WAREHOUSE_KEYS", "data/keys")


def variable(name: str) -> str:
    """The environment variable that may hold a key instead of a file."""
    return f"DBT_ENV_SECRET_{re.sub(r'[^A-Z0-9]', '_', name.upper())}_KEY"


def versions(name: str) -> list[int]:
    """Versions of a key that lie in files, oldest first."""
    pattern = re.compile(rf"{re.escape(name)}\.v([1-9]\d*)\.key")
    found = [pattern.fullmatch(path.name) for path in folder().glob(f"{name}.v*.key")]
    return sorted(int(match.group(1)) for match in found if match)


def read_key(name: str, version: int | None = None) -> Key:
    """A key in one version, the newest by default; raises KeyProblem where it is missing or unsafe."""
    if text := os.environ.get(variable(name)):
        number, _, digits = text.rpartition(":")
        key = Key(name, int(number) if number.isdigit() else 1, _secret(digits, f"the variable {variable(name)}"))
        if version in (None, key.version):
            return key
    known = versions(name)
    if not known or (version is not None and version not in known):
        wanted = f"version {version} of the key {name}" if version else f"key {name}"
        raise KeyProblem(
            f"There is no {wanted}: neither in {variable(name)} nor as {name}.v{version or 1}.key in {folder()}. "
            f"Put it there, or make a first one with `python -m scripts.keys {name}`."
        )
    found = version or known[-1]
    path = _path(name, found)
    if path.stat().st_mode & 0o077:
        raise KeyProblem(f"{path} can be read by other users. Protect it with `chmod 600 {path}`.")
    return Key(name, found, _secret(path.read_text(encoding="ascii", errors="replace").strip(), str(path)))


def new_key(name: str) -> Key:
    """Make the next version of a key and write it to its file; an existing file is never overwritten."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Key(name, max(versions(name), default=0) + 1, secrets.token_bytes(KEY_BYTES))
    path = _path(name, key.version)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
        stream.write(key.hex + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return key


def ensure_key(name: str) -> Key:
    """The newest version of a key, made where there is none yet."""
    if os.environ.get(variable(name)) or versions(name):
        return read_key(name)
    return new_key(name)


def _path(name: str, version: int) -> Path:
    return folder() / f"{name}.v{version}.key"


def _secret(digits: str, place: str) -> bytes:
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        raise KeyProblem(f"{place} does not hold a key of 64 hexadecimal digits. Restore the original key.")
    return bytes.fromhex(digits)


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Create the named keys if they are missing, and print where they are."""
    for name in names:
        click.echo(f"The key {name} is there, version {ensure_key(name).version}.")


if __name__ == "__main__":
    main()
