"""``netcurtain panel``: what the household sees, served by a process of its own; and links that log in."""

import logging
import os
import sys
from dataclasses import replace
from pathlib import Path

import click

from gateway.settings import SettingsError, load_settings


@click.command()
@click.option("--config", type=click.Path(path_type=Path), default=None, help="Configuration file (TOML).")
@click.option("--listen", multiple=True, metavar="ADDR[:PORT]", help="Where to serve it; may be repeated.")
@click.option("--control", type=click.Path(path_type=Path), default=None, help="The running gateway's control socket.")
@click.option(
    "--policies",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Over the configured ones.",
)
@click.option("--state", type=click.Path(readable=False, path_type=Path), default=None, help="Where state and ledger are kept.")
@click.option("--link", is_flag=True, help="Print a link that logs in once, within ten minutes; serve nothing.")
@click.option("--json", "as_json", is_flag=True, help="The link as JSON, for programs.")
def panel(
    config: Path | None,
    listen: tuple[str, ...],
    control: Path | None,
    policies: tuple[Path, ...],
    state: Path | None,
    link: bool,
    as_json: bool,
) -> None:
    """Serve the household's panel, on the home's side only: plain HTTP, and HTTPS 363 ports above it (80 and 443).

    Without --listen: at this machine's private addresses.
    """
    logging.basicConfig(level=logging.INFO, format="netcurtain: %(message)s", stream=sys.stderr)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        settings = load_settings(config, control=control, state=state, **{"panel.listen": listen})  # type: ignore[arg-type]
    except SettingsError as err:
        raise click.UsageError(str(err)) from err
    if as_json and not link:
        raise click.UsageError("--json goes with --link")
    settings = replace(settings, policies=(*settings.policies, *policies))
    from gateway.panel.service import new_link, serve  # what it needs takes time to load

    try:
        if link:
            show_link(new_link(settings), as_json=as_json)
            return
        ended = serve(settings)
    except (OSError, ValueError) as err:
        click.echo(f"netcurtain: {err}", err=True)
        sys.exit(1)
    os._exit(0 if ended else 1)  # a thread that still waits for the gateway's answer would keep the process


def show_link(url: str, *, as_json: bool) -> None:
    """On standard output, and nothing else there."""
    from .ask import print_json

    if as_json:
        print_json({"link": url})
    else:
        click.echo(url)
