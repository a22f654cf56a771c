"""The text of a generation: golden files, and ``nft`` itself as the judge of what may be written."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.lab.namespace import inside, run
from gateway.model.command import Budget, RulesetPlan
from gateway.model.mark import EPOCHS, HANDSHAKES, LET_OUT, LET_OUT_BIT, FlowClass, pack
from gateway.ruleset import SCHEMA, TABLE, render
from gateway.ruleset.nftables import HANDSHAKE_LOOK, NEXT_LOOK, VERDICTS

DATA = Path(__file__).resolve().parents[2] / "data" / "ruleset"
BELL, PHONE = "02:00:5e:10:00:01", "02:00:5e:10:00:aa"
PLANS = {
    "smallest": RulesetPlan(lan=("wlan0",), wan=(), epoch=1, digest=""),
    "home": RulesetPlan(
        lan=("wlan0", "eth1.10"),
        wan=("eth0",),
        epoch=4095,
        digest="0123456789abcdef",
        free=((PHONE, "10.77.0.101"), ("02:00:5e:10:00:ab", "10.77.0.102")),
        free6=(PHONE, "02:00:5e:10:00:ab"),
        leases=((BELL, "10.77.0.20"), (PHONE, "10.77.0.101")),
        fault_open=(BELL,),
        owners=((BELL, 1), (PHONE, 255)),
        budgets=(
            Budget(1, 1, 512_000, 600),
            Budget(1, 17, 64_000),
            Budget(2, 17, 64_000, 3_600, newcomer=True),
            Budget(255, 3, 0, rate_bytes_s=4_000),
        ),
        old_network=("192.168.178.0/24", "fd00:1::/64", "fe80::/10"),
        answer_port=8453,
        native_queue=False,
        queue=9,
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_render_is_what_was_agreed(name: str) -> None:
    assert render(PLANS[name]) == (DATA / f"{name}.nft").read_text()


@pytest.mark.net
@pytest.mark.parametrize("name", PLANS)
def test_nft_takes_it_twice_in_a_row_and_the_second_replaces_the_first(name: str) -> None:
    plan = replace(PLANS[name], native_queue=False)

    def load() -> str:
        run("nft", "--check", "-f", "-", text=render(plan))
        run("nft", "-f", "-", text=render(plan))
        successor = replace(plan, epoch=2, digest="beef", free=((BELL, "10.77.0.9"),), free6=(), owners=((BELL, 7),))
        run("nft", "-f", "-", text=render(successor))
        return run("nft", "list", "table", *TABLE.split())

    listed = inside(load)
    assert f'comment "epoch=2 policy=beef schema={SCHEMA}"' in listed and listed.count("comment") == 1
    assert listed.count(f"elements = {{ {BELL} }}") == 1 + len(plan.fault_open), "known, and what failed open still does"
    assert f"elements = {{ {BELL} . 10.77.0.9 }}" in listed and PHONE not in listed
    assert f"elements = {{ {BELL} . 0x07000000 }}" in listed and "0xff000000 }" not in listed


@pytest.mark.parametrize(
    "broken",
    [
        {"lan": ()},
        {"lan": ('wlan0"; flush ruleset; #',)},
        {"lan": ("wlan*",)},
        {"lan": ("much-too-long-a-name",)},
        {"lan": ("lo",)},
        {"wan": ("wlan0",)},
        {"epoch": 0},
        {"epoch": EPOCHS},
        {"digest": 'x"'},
        {"free": (("02:00:5E:10:00:01", "10.77.0.9"),)},
        {"free": ((BELL, "10.77.0.9; drop"),)},
        {"free6": ("02:00:5E:10:00:01",)},
        {"leases": ((BELL, "fd77::1"),)},
        {"fault_open": ("02:00:5e:10:00",)},
        {"owners": (("02:00:5e:10:00:01 }", 1),)},
        {"queue": 65_536},
        {"budgets": (Budget(1, 1, 0),)},
        {"budgets": (Budget(1, 1, -5),)},
        {"answer_port": 65_536},
    ],
    ids=str,
)
def test_a_plan_that_could_not_be_one_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        render(replace(PLANS["smallest"], **broken))  # type: ignore[arg-type]


ONLY_OF_A_PACKET = {FlowClass.NONE, FlowClass.SPENT, FlowClass.BEGUN}


@pytest.mark.parametrize("kind", sorted(set(FlowClass) - ONLY_OF_A_PACKET), ids=lambda kind: kind.name)
def test_every_class_has_its_end(kind: FlowClass) -> None:
    assert f"{kind << 1:#04x} : {VERDICTS[kind]}" in render(PLANS["smallest"])


@pytest.mark.parametrize("kind", sorted(set(FlowClass) - ONLY_OF_A_PACKET), ids=lambda kind: kind.name)
def test_one_bit_tells_who_may_pass(kind: FlowClass) -> None:
    assert (pack(0xFF, 0xFFF, 0x7F, kind) & LET_OUT_BIT != 0) == (kind in LET_OUT)


def test_whoever_may_pass_is_looked_at_again_or_never() -> None:
    assert set(NEXT_LOOK) == LET_OUT - {FlowClass.PASS} and set(HANDSHAKE_LOOK) == HANDSHAKES


def test_members_named_twice_stand_once() -> None:
    twice = replace(PLANS["smallest"], free=((PHONE, "10.77.0.9"),) * 2, free6=(PHONE, PHONE), owners=((BELL, 1), (BELL, 1)))
    text = render(twice)
    assert f"free6 {{ {PHONE} }}" in text and f"owner_of {{ {BELL} . 0x01000000 }}" in text


def test_the_native_queue_has_chains_of_its_own() -> None:
    native, fallback = (render(replace(PLANS["smallest"], native_queue=kind, queue=5)) for kind in (True, False))
    assert native.count("queue flags bypass to 5") == 3 and "queue flags" not in fallback


@pytest.mark.parametrize(
    ("wan", "where"),
    [((), 'oifname != { "lo", "wlan0" } masquerade'), (("eth0", "wwan0"), 'oifname { "eth0", "wwan0" } masquerade')],
    ids=["everything else", "named"],
)
def test_upstream_is_what_is_named_or_everything_else(wan: tuple[str, ...], where: str) -> None:
    text = render(replace(PLANS["smallest"], wan=wan))
    assert where in text and where.replace("oifname", "iifname").replace("masquerade", "goto from_wan") in text
