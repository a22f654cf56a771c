"""How a device is told no: tried, compared, remembered."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gateway.engine.manner import (
    AFTERMATH,
    CALM_PER_MINUTE,
    LEARNT_FOR_S,
    RESTART_COSTS,
    TELLING,
    TRIAL_S,
    Manner,
    Manners,
)
from gateway.engine.upkeep import SAVE_SELDOM_S
from gateway.model.action import Action, Effect
from gateway.model.command import SaveState, SendPacket
from gateway.model.decision import Decision
from gateway.model.event import Hook, LeaseGiven, Now, Ticked, TriesRead
from gateway.model.packet import TCP
from gateway.model.policy import Advice, RuleRef
from gateway.model.purpose import Purpose
from gateway.wire import parse_dns
from gateway.wire.ip import decode_ip
from tests.support.dns import query
from tests.support.home import Watched
from tests.support.home import policy as home_policy
from tests.support.packets import BELL, GATEWAY, HOME

REFUSED = Decision(
    action=Action.BLOCK, effect=Effect.REFUSE, purpose=Purpose.TELEMETRY, rule=RuleRef(file="x.yaml"), reason="because"
)
TEMPERS: Mapping[str, tuple[Mapping[Manner, float], Manner | None]] = {
    "retries when refused": ({Manner.REFUSAL: 600, Manner.SILENCE: 2, Manner.NO_NAME: 600, Manner.LOCAL: 600}, Manner.SILENCE),
    "restarts in silence": ({Manner.REFUSAL: 40, Manner.SILENCE: 900, Manner.NO_NAME: 60, Manner.LOCAL: 50}, Manner.REFUSAL),
    "wants an address": (
        {Manner.REFUSAL: 90, Manner.SILENCE: 90, Manner.NO_NAME: 90, Manner.LOCAL: 1},
        Manner.LOCAL,
    ),
    "believes that there is no such name": ({Manner.REFUSAL: 99, Manner.SILENCE: 99, Manner.NO_NAME: 3}, Manner.NO_NAME),
    "is calm": (dict.fromkeys(Manner, CALM_PER_MINUTE), None),
}
"""Tries a minute in each manner -> what is chosen."""


def live(manners: Manners, tries: Mapping[Manner, float], *, trials: int, mono: float = 0.0) -> float:
    """A device lives through trials; the time at their end."""
    manners.note(BELL, Effect.REFUSE, Now(mono, 0.0), tries=0)
    for _ in range(trials):
        manner = manners.of(BELL) or Manner.REFUSAL
        manners.note(BELL, Effect.REFUSE, Now(mono, 0.0), tries=int(tries[manner] * TRIAL_S / 60))
        mono += TRIAL_S
        manners.tick(Now(mono, 0.0))
    return mono


@pytest.mark.parametrize("name", TEMPERS)
def test_what_calms_it_is_found_and_kept(name: str) -> None:
    tries, chosen = TEMPERS[name]
    manners = Manners()
    mono = live(manners, tries, trials=5)
    assert manners.of(BELL) is chosen
    live(manners, tries, trials=5, mono=mono)
    assert manners.of(BELL) is chosen


def test_restart_is_worse_than_many_tries() -> None:
    manners = Manners()
    manners.note(BELL, Effect.DROP, Now(0.0, 0.0))
    manners.restarted(BELL, Now(1.0, 0.0))
    assert manners.tick(Now(TRIAL_S, 0.0)) == [BELL]
    assert manners.of(BELL) is Manner.REFUSAL and 60 * RESTART_COSTS / TRIAL_S > CALM_PER_MINUTE


@pytest.mark.parametrize(("after_s", "blamed"), [(1.0, Manner.REFUSAL), (AFTERMATH * TRIAL_S, Manner.SILENCE)])
def test_restart_soon_after_a_change_is_the_fault_of_what_was_before(after_s: float, blamed: Manner) -> None:
    manners = Manners()
    manners.note(BELL, Effect.REFUSE, Now(0.0, 0.0), tries=40)
    manners.tick(Now(TRIAL_S, 0.0))
    manners.restarted(BELL, Now(TRIAL_S + after_s, 0.0))
    manners.tick(Now(2 * TRIAL_S, 0.0))
    scores = manners._tempers[BELL].scores
    assert max(scores, key=scores.__getitem__) is blamed and scores[blamed] >= 60 * RESTART_COSTS / TRIAL_S


def test_among_manners_as_good_as_each_other_the_first_one_stays() -> None:
    manners = Manners()
    live(manners, {Manner.REFUSAL: 60, Manner.SILENCE: 900, Manner.NO_NAME: 58, Manner.LOCAL: 50}, trials=5)
    assert manners.of(BELL) is Manner.REFUSAL


def test_few_tries_in_a_short_time_prove_nothing() -> None:
    manners = Manners(trial_s=1.0)
    row = {"manner": "silence", "scores": {"silence": 0.0}, "age_s": 0.0}
    manners.restore({BELL: row}, Now(0.0, 0.0))
    for second, tries in enumerate((TELLING - 1, TELLING), start=1):
        manners.note(BELL, Effect.DROP, Now(second, 0.0), tries=tries)
        manners.tick(Now(second, 0.0))
        assert (manners.of(BELL) is Manner.SILENCE) == (tries < TELLING)


@pytest.mark.parametrize(
    ("effect", "first"), [(Effect.REFUSE, Manner.REFUSAL), (Effect.DROP, Manner.SILENCE)], ids=["block", "drop"]
)
def test_policy_says_what_is_tried_first(effect: Effect, first: Manner) -> None:
    manners = Manners()
    manners.note(BELL, effect, Now(0.0, 0.0), tries=1_000)
    assert manners.of(BELL) is None, "as the policy says, until something is known"
    manners.tick(Now(TRIAL_S, 0.0))
    assert first in manners._tempers[BELL].scores


def test_choice_is_saved_and_made_anew_when_it_is_old() -> None:
    tries, chosen = TEMPERS["retries when refused"]
    manners, successor = Manners(), Manners()
    mono = live(manners, tries, trials=3)
    successor.restore(manners.dump(Now(mono + 60, 0.0)), Now(10.0, 0.0))
    assert successor.of(BELL) is chosen
    successor.tick(Now(LEARNT_FOR_S + TRIAL_S, 0.0))
    assert successor.of(BELL) is not chosen


def test_choice_is_saved_soon() -> None:
    home = Watched()
    state = home.engine._state
    live(state.manners, TEMPERS["retries when refused"][0], trials=3, mono=home.mono)
    assert state.manners.of(BELL) is Manner.SILENCE and state.manners.unsaved
    home.wait(SAVE_SELDOM_S)
    (saved,) = [command for command in home.do(Ticked()) if isinstance(command, SaveState)]
    assert saved.state["manners"][BELL]["manner"] == "silence" and not state.manners.unsaved


def test_choice_that_proves_wrong_is_made_anew() -> None:
    manners = Manners()
    mono = live(manners, TEMPERS["retries when refused"][0], trials=3)
    assert manners.of(BELL) is Manner.SILENCE
    live(manners, TEMPERS["restarts in silence"][0], trials=5, mono=mono)
    assert manners.of(BELL) is Manner.REFUSAL


@pytest.mark.parametrize("effect", [Effect.PASS, Effect.REDIRECT])
def test_what_is_no_refusal_stays_as_it_is(effect: Effect) -> None:
    manners = Manners()
    live(manners, TEMPERS["retries when refused"][0], trials=3)
    decision = Decision(action=Action.ALLOW, effect=effect, purpose=Purpose.CONTROL, rule=REFUSED.rule, reason="")
    assert manners.apply(BELL, decision) is decision
    assert manners.apply(BELL, REFUSED).effect is Effect.DROP


def settled(manner: Manner) -> Watched:
    """A home whose bell is told no in one manner."""
    home = Watched()
    row = {"manner": str(manner), "scores": {str(manner): 0.0}, "age_s": 0.0}
    home.engine._state.manners.restore({BELL: row}, home.now)
    return home


@pytest.mark.parametrize(
    ("manner", "rcode", "addresses"),
    [(Manner.REFUSAL, 0, ()), (Manner.SILENCE, 3, ()), (Manner.NO_NAME, 3, ()), (Manner.LOCAL, 0, (GATEWAY,))],
    ids=lambda value: str(value),
)
def test_names_are_answered_in_that_manner(manner: Manner, rcode: int, addresses: tuple[bytes, ...]) -> None:
    home = settled(manner)
    commands = home.see(query("metrics.example.com"), hook=Hook.QUERY)
    (sent,) = [command for command in commands if isinstance(command, SendPacket)]
    packet = decode_ip(sent.data)
    assert packet is not None and packet.dst == HOME
    message = parse_dns(packet.payload)
    assert message is not None and (message.rcode, message.addresses) == (rcode, addresses)


def test_lease_that_is_asked_for_again_too_soon_counts_as_a_restart() -> None:
    home = Watched()
    home.see(query("metrics.example.com"), hook=Hook.QUERY)
    home.do(LeaseGiven(mac=BELL, address=HOME, restarted=True))
    assert home.engine._state.manners._tempers[BELL].tries == RESTART_COSTS + 1
    home.wait(TRIAL_S)
    home.do(Ticked())
    assert home.engine._state.manners.of(BELL) is not None


def test_a_choice_that_is_followed_by_a_restart_proves_wrong() -> None:
    manners = Manners()
    manners.note(BELL, Effect.REFUSE, Now(0.0, 0.0), tries=100)
    manners.tick(Now(TRIAL_S, 0.0))
    manners.tick(Now(2 * TRIAL_S, 0.0))  # calm in silence, which is therefore chosen
    assert manners.of(BELL) is Manner.SILENCE
    manners.restarted(BELL, Now(2 * TRIAL_S + 1, 0.0))
    manners.tick(Now(3 * TRIAL_S, 0.0))
    assert manners.of(BELL) is not Manner.SILENCE


def test_knocks_at_the_gateway_count_where_names_lead_there() -> None:
    home = settled(Manner.LOCAL)
    temper = home.engine._state.manners._tempers[BELL]
    for packets, tries in ((30, 30), (50, 50), (4, 54)):  # the kernel counts anew with each ruleset
        home.do(TriesRead(knocked=((BELL, TCP, packets),)))
        assert temper.tries == tries


def test_knocks_at_the_gateway_are_no_tries_elsewhere() -> None:
    home = settled(Manner.SILENCE)
    home.do(TriesRead(knocked=((BELL, TCP, 30),)))
    assert home.engine._state.manners._tempers[BELL].tries == 0


@pytest.mark.parametrize(("never_silence", "rcode"), [(False, 3), (True, 0)], ids=["may be silent", "suffers from silence"])
def test_who_suffers_from_silence_is_refused_whatever_manner_it_is_met_in(never_silence: bool, rcode: int) -> None:
    known = home_policy()
    entry = known.devices[BELL]
    advice = {Purpose.TELEMETRY: Advice(how="answer", never_silence=never_silence)}
    home = Watched(policy=replace(known, devices={**known.devices, BELL: replace(entry, advice=advice)}))
    row = {"manner": str(Manner.SILENCE), "scores": {str(Manner.SILENCE): 0.0}, "age_s": 0.0}
    home.engine._state.manners.restore({BELL: row}, home.now)
    commands = home.see(query("metrics.example.com"), hook=Hook.QUERY)
    (sent,) = [command for command in commands if isinstance(command, SendPacket)]
    packet = decode_ip(sent.data)
    message = parse_dns(packet.payload) if packet else None
    assert message is not None and message.rcode == rcode


def test_a_flow_of_who_suffers_from_silence_is_reset() -> None:
    manners = Manners()
    row = {"manner": str(Manner.SILENCE), "scores": {str(Manner.SILENCE): 0.0}, "age_s": 0.0}
    manners.restore({BELL: row}, Now(0.0, 0.0))
    spared = replace(REFUSED, advice=Advice(how="answer", never_silence=True))
    assert manners.apply(BELL, REFUSED).effect is Effect.DROP
    assert manners.apply(BELL, spared) is spared
