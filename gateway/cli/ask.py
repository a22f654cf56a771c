"""How commands ask a running gateway: the socket's option, durations, and errors that say what to do next."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.edge.control_client import ControlClient, ControlError

DEFAULT = Path("/run/netcurtain/control.sock")
_F = TypeVar("_F", bound=Callable[..., Any])
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


class Duration(click.ParamType):  # type: ignore[type-arg, unused-ignore] # generic from click 8.3 on
    """``90s``, ``15m``, ``1h30m``, ``2d``: seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds, or a usage error."""
        if isinstance(value, int | float):
            return float(value)
        if not re.fullmatch(r"(\d{1,9}(\.\d{1,3})?[smhd])+", str(value)):
            self.fail(f"{value!r} is no duration; write for example 90s, 15m, 1h30m or 2d", param, ctx)
        seconds = sum(float(count) * _SECONDS[unit] for count, unit in re.findall(r"([\d.]+)([smhd])", value))
        if not seconds:
            self.fail("a duration must be more than nothing", param, ctx)
        return seconds


def control_option(command: _F) -> _F:
    """``--control SOCKET``."""
    option = click.option(
        "--control",
        type=click.Path(path_type=Path),
        envvar="NETCURTAIN_CONTROL",
        default=DEFAULT,
        show_default=True,
        help="The running gateway's control socket.",
    )
    return option(command)


def json_option(command: _F) -> _F:
    """``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")(command)


@contextmanager
def asking(control: Path, *, timeout_s: float = 5.0) -> Iterator[ControlClient]:
    """A connection; whatever goes wrong on it is told in two lines, and the exit code is 1."""
    try:
        with ControlClient(control, timeout_s=timeout_s) as client:
            yield client
    except ControlError as err:
        tell(err)
        sys.exit(1)


def tell(err: ControlError) -> None:
    """What went wrong, and what to do next, on standard error."""
    click.echo(f"netcurtain: {err.message}", err=True)
    if err.hint:
        click.echo(f"  {err.hint}", err=True)


def print_json(value: Any) -> None:
    """One value, one line."""
    click.echo(json.dumps(value, separators=(",", ":")))
