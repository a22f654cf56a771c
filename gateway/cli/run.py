"""``netcurtain run``: the gateway itself."""

import logging
import sys
from dataclasses import replace
from pathlib import Path

import click

from gateway.settings import SettingsError, load_settings

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--config", type=click.Path(path_type=Path), default=None, help="Configuration file (TOML).")
@click.option("--lan", multiple=True, metavar="IF", help="An interface of the curtain's side; may be repeated.")
@click.option("--wan", multiple=True, metavar="IF", help="The upstream interface; without it: every other interface.")
@click.option("--policies", multiple=True, type=FOLDER, help="A directory over the shipped policies and the configured ones.")
@click.option("--state", type=click.Path(path_type=Path), default=None, help="Where state and ledger are kept.")
@click.option("--control", type=click.Path(path_type=Path), default=None, help="The control socket.")
def run(
    config: Path | None,
    lan: tuple[str, ...],
    wan: tuple[str, ...],
    policies: tuple[Path, ...],
    state: Path | None,
    control: Path | None,
) -> None:
    """Stand between the curtain's interfaces and the internet, in the current network namespace."""
    logging.basicConfig(level=logging.INFO, format="netcurtain: %(message)s", stream=sys.stderr)
    try:
        settings = load_settings(config, lan=lan, wan=wan, state=state, control=control)
    except SettingsError as err:
        raise click.UsageError(str(err)) from err
    if not settings.lan:
        raise click.UsageError("name the curtain's interface: --lan IF, or `lan` in the configuration file")
    settings = replace(settings, policies=(*settings.policies, *policies))
    from gateway.app import App

    try:
        sys.exit(App(settings).run())
    except (OSError, ValueError) as err:
        click.echo(f"netcurtain: {err}", err=True)
        click.echo("`netcurtain doctor` tells what is missing here", err=True)
        sys.exit(1)
