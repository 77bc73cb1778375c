"""Show the site on this computer only."""

from __future__ import annotations

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import click

from scripts.project import PROJECT
from scripts.site import DEFAULT


@click.command(help=__doc__)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, envvar="ASKED_PORT")
def main(port: int) -> None:
    """Serve until interrupted."""
    folder = PROJECT / DEFAULT
    if not (folder / "index.html").is_file():
        sys.exit(f"There is no site in {folder}. Make it first, with `make site`.")
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    except OSError as error:
        sys.exit(f"Port {port} cannot be used ({error.strerror}). Give another: `make serve PORT=8001`.")
    click.echo(f"http://127.0.0.1:{port}/ (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
