"""``netcurtain check``, ``test``, ``explain`` and ``schema``: policies, without a gateway that runs."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.model.policy import Policy
from gateway.policy import Loaded, load

from .fault import show_faults

HOUSEHOLD = Path("/etc/netcurtain/policies")
"""The household's directory, where a command names none and it is there."""
_T = TypeVar("_T")
_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object.")
_DIRECTORY = click.argument("directory", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.command()
@_DIRECTORY
@_AS_JSON
def check(directory: Path | None, as_json: bool) -> None:
    """Read all policy files of DIRECTORY over the shipped ones, and tell every fault at once."""
    loaded = _load(directory, whole=True)
    show_faults(loaded, as_json=as_json)
    sys.exit(1 if loaded.faults else 0)


@click.command()
@_DIRECTORY
@_AS_JSON
def test(directory: Path | None, as_json: bool) -> None:
    """Run the cases of DIRECTORY (without one: the shipped cases), and print each that fails."""
    from gateway.engine.judge import judge
    from gateway.policy.case import CaseResult, run_cases
    from gateway.policy.document import CasesDocument
    from gateway.policy.reading import compile_files

    loaded = _load(directory, whole=True)
    policy = _policy(loaded)
    home = _home(directory)
    cases = {name: path for name, path in loaded.files.items() if name.startswith("cases/")}
    own = {name: path for name, path in cases.items() if home is None or home in path.parents}
    results: list[CaseResult] = []
    for _, compiled in compile_files(own):
        if isinstance(compiled.document, CasesDocument) and compiled.source:
            results.extend(run_cases(policy, compiled.document, compiled.source, judge=judge, now=time.time()))
    failed = [result for result in results if result.differences]
    if as_json:
        listed = [
            {"id": result.id, "file": result.file, "line": result.line, "ok": not result.differences,
             "differences": list(result.differences), "reason": result.reason}
            for result in results
        ]  # fmt: skip
        _print({"passed": len(results) - len(failed), "failed": len(failed), "cases": listed})
    else:
        for result in failed:
            click.echo(str(result))
        click.echo(f"{len(results) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


@click.command()
@click.argument("flow_id", required=False, type=int)
@click.option("--device", help="A device of household.yaml, a MAC, or a profile.")
@click.option("--to", help="NAME or ADDRESS, with :PORT if it is not 443.")
@click.option("--proto", type=click.Choice(["tcp", "udp"]), help="Where --to does not say.")
@click.option("--app", default="", help="What is spoken, for example stun or mqtt.")
@click.option("--at", help="When, in the household's time: 2026-12-24T18:00. Without it: now.")
@click.option("--policies", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A policy directory.")
@click.option("--control", type=click.Path(path_type=Path), help="The control socket, for FLOW_ID.")
@_AS_JSON
def explain(flow_id: int | None, policies: Path | None, control: Path | None, as_json: bool, **given: str | None) -> None:
    """Why a flow passes or not: FLOW_ID of a running gateway, or a flow that --device might open --to somewhere."""
    if flow_id is not None:
        if given["device"] or given["to"]:
            raise click.UsageError("either FLOW_ID, or --device and --to")
        _explain_flow(flow_id, control, as_json=as_json)
        return
    if not given["device"] or not given["to"]:
        raise click.UsageError("FLOW_ID, or both --device and --to")
    _explain_imagined(_policy(_load(policies)), given, as_json=as_json)


def _explain_imagined(policy: Policy, given: dict[str, str | None], *, as_json: bool) -> None:
    from gateway.engine.judge import judge
    from gateway.model.decision import Subject
    from gateway.policy.explain import explain as explain_decision

    try:
        situation = _situation(policy, given)
    except ValueError as err:
        raise click.UsageError(str(err)) from err
    evidence = situation.evidence
    assessment, decision = judge(policy, device=situation.device, evidence=evidence, moment=situation.moment)
    subject = Subject(
        device=situation.device, assessment=assessment, address=evidence.address, port=evidence.port, proto=evidence.proto
    )
    explanation = explain_decision(policy, subject, decision)
    if as_json:
        _print(explanation.json())
    else:
        click.echo("\n".join(explanation.lines()))


def _situation(policy: Policy, given: dict[str, str | None]) -> Any:
    """``ValueError`` where an option names nothing that is."""
    from gateway.policy.case import situation
    from gateway.policy.document import GivenDocument
    from gateway.policy.value import parse_local_time, parse_target

    to, device = given["to"] or "", given["device"] or ""
    target = _said(parse_target, to)
    moment = _said(parse_local_time, given["at"]) if given["at"] else None
    if given["proto"] and not target.proto:
        to = f"{to if target.port else f'{_bracketed(to)}:443'}/{given['proto']}"
    known = {name for entry in policy.devices.values() for name in (entry.device.id, str(entry.device.mac))}
    names = {"profile": device} if device in policy.profiles and device not in known else {"device": device}
    document = GivenDocument.model_construct(to=to, at=moment, app=given["app"] or "", **names)  # type: ignore[arg-type]
    return situation(policy, document, now=time.time())


def _said(parse: Callable[[str], _T], text: str) -> _T:
    try:
        return parse(text)
    except ValueError as err:
        raise ValueError(f'"{text}" {err}') from err


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _explain_flow(flow_id: int, control: Path | None, *, as_json: bool) -> None:
    from gateway.edge.control_client import ControlClient, ControlError
    from gateway.settings import load_settings

    settings = load_settings(None, lan=(), wan=(), policies=(), state=None, control=control)
    try:
        with ControlClient(settings.control) as client:
            data = client.ask("explain", flow=flow_id)
    except ControlError as err:
        click.echo(f"netcurtain: {err.message}" + (f"; {err.hint}" if err.hint else ""), err=True)
        sys.exit(1)
    if as_json:
        _print(data)
        return
    click.echo("\n".join(_flow_lines(data)))


def _flow_lines(data: dict[str, Any]) -> Iterator[str]:
    flow = data["flow"]
    own = flow["netcurtain"]
    name = f"{own['server_name']} ({own['name_source']})" if own.get("server_name") else "none"
    rows = (
        ("device", f"{own['device_id']} ({own['profile']})"),
        ("purpose", f"{own['purpose']}, confidence {own['confidence']:.2f}"),
        ("name", name),
        ("address", f"{flow['dest_ip']} port {flow['dest_port']}/{flow['proto'].lower()}"),
        ("rule", f"{own['action']} ({own['rule']})"),
        ("effect", own["effect"] + (f", by a {data['grant']}" if data.get("grant") else "")),
        ("in shadow", f"{own['would']} ({own['would_rule']})" if own.get("would") else ""),
        ("why", own["reason"]),
        ("passes if", data.get("would_pass_if", "")),
        ("costs", data.get("cost", "")),
    )
    yield from (f"{title:<11}{text}" for title, text in rows if text)


@click.command()
def schema() -> None:
    """Print the JSON Schema of the policy files, for editors."""
    from gateway.policy.schema import render_schema

    click.echo(render_schema(), nl=False)


def _home(directory: Path | None) -> Path | None:
    return directory or (HOUSEHOLD if HOUSEHOLD.is_dir() else None)


def _load(directory: Path | None, *, whole: bool = False) -> Loaded:
    home = _home(directory)
    return load(*([home] if home else []), now=time.time(), whole=whole)


def _policy(loaded: Loaded) -> Policy:
    if loaded.policy is None:
        for fault in loaded.faults:
            click.echo(str(fault), err=True)
        sys.exit(1)
    return loaded.policy


def _print(plain: object) -> None:
    click.echo(json.dumps(plain, ensure_ascii=False))
