"""What stops a command: a message that says what is wrong, where, and what to do."""

from __future__ import annotations

from typing import IO, Any

import click


class Problem(click.ClickException):
    """Ends a command with exit code 1 and its message as it is, without a traceback."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message."""
        click.echo(self.message, file=file, err=True)
