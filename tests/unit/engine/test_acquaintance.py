from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.engine.acquaintance import (
    CHANGES,
    LOOKS_PER_TICK,
    MAX_SAID,
    MAX_STRANGERS,
    TOLD_AGAIN_AFTER_S,
    Acquaintances,
)
from gateway.engine.roster import Roster
from gateway.engine.set_up import A_DAY, LASTS_S, SetUps
from gateway.model.command import SaveState
from gateway.model.device import Mac
from gateway.model.event import ClueHeard, LeaseGiven, PolicyChanged, Ticked
from gateway.model.identity import Clue, Confidence, Identification, Signal
from gateway.model.policy import SET_UP, Policy, Regime
from gateway.wire.ja4 import ja4
from gateway.wire.tls import parse_client_hello
from tests.support.home import NOON, policy
from tests.support.newcomer import HERE, NEW, Joined, home_policy, loads, told
from tests.support.packets import BELL, HOME, PHONE, PHONE_ADDRESS, client_hello, syn, tcp
from tests.support.signs import CLUES, KNOWN, trait

HOST, NAME = Signal.HOSTNAME, Signal.DNS
A_BELL, A_BOX = [(HOST, "bell-1"), (NAME, "fw.maker.example")], [(HOST, "the box"), (NAME, "x.other.example")]
A_LAMP = [(NAME, "lamp.maker.example"), (NAME, "2.lamp.maker.example")]
A_BOX_SURELY = [*A_BOX, (Signal.SSDP, "SERVER Linux/3.1 UPnP/1.0 Other/2.0")]
RANDOM = Mac("02:00:5e:20:00:01")
PYTHONS = ja4(parse_client_hello(client_hello("a.example")))


def mac(number: int) -> Mac:
    return Mac(f"02:00:5e:30:{number >> 8:02x}:{number & 255:02x}")


def old(regime: Regime = Regime.GUIDED, **options: object) -> Joined:
    """A home whose gateway knows its devices: its first hour is over."""
    return Joined(regime, set_up_first_s=0, **options)


def saved(home: Joined) -> dict[str, object]:
    return next(command.state for command in home.engine.stop(home.now) if isinstance(command, SaveState))


def restarted(home: Joined, policy: Policy | None = None, *, after_s: float = 1.0, resume: bool = True) -> Joined:
    """Another life of the same gateway."""
    state = saved(home)
    home.wait(after_s)
    again = object.__new__(Joined)
    again.__dict__ |= {**home.__dict__}
    from gateway.engine import Engine

    again.engine = Engine(policy or home_policy(home.engine._state.policy.new_devices), epoch=home.engine.epoch)
    again.commands = again.engine.start(state, again.now, resume=resume)
    return again


# Guesses.


def test_a_guess_comes_within_seconds_of_the_first_lease() -> None:
    home = Joined()
    home.join(hostname="bell-1")
    commands = home.pass_by(2)
    (*_, last) = [view for view in told(commands, "device") if view["mac"] == NEW]
    guess = last["guess"]
    assert isinstance(guess, dict)
    assert (guess["vendor"], guess["profile"], guess["sure"]) == ("maker", "doorbell", True)
    assert {reason.split(":")[0] for reason in guess["because"]} == {"calls itself “bell-1”", "its address begins with 00"}


def test_what_was_said_before_the_lease_counts() -> None:
    home = Joined()
    home.say(*A_BELL, mac=RANDOM)
    assert home.engine._state.roster.get(RANDOM) is None, "a word makes nobody a device"
    home.join(RANDOM)
    home.pass_by(1)
    assert home.shown(RANDOM)["guess"]["vendor"] == "maker"  # type: ignore[index]


def test_names_that_are_asked_for_count() -> None:
    home = Joined(Regime.CAREFUL)
    home.bind("fw.maker.example")
    home.pass_by(1)
    guess = home.shown(BELL)["guess"]
    assert isinstance(guess, dict) and guess["vendor"] == "maker" and not guess["sure"]


def test_a_guess_is_weighed_once_a_second_and_told_when_it_changes() -> None:
    home = old()
    home.join(RANDOM)
    home.pass_by(2)
    home.say(A_BELL[0], mac=RANDOM)
    assert len(told(home.pass_by(0.2), "device")) == 1
    home.say(A_BELL[1], mac=RANDOM)
    assert told(home.pass_by(0.8), "device") == []
    assert len(told(home.pass_by(0.2), "device")) == 1
    home.say(*A_BELL, mac=RANDOM)
    assert told(home.pass_by(3), "device") == []


GREETED = {"the whole hello": (len(client_hello("a.example")),), "in two segments": (100, len(client_hello("a.example")))}


def greeting_home(**options: object) -> Joined:
    """Its policy knows how Python greets servers: bells do it so."""
    row = trait("maker", Signal.JA4, PYTHONS, device="bell", confidence=Confidence.MEDIUM)
    known = replace(KNOWN, traits=(*KNOWN.traits, row))
    home = Joined(**options)
    home.do(PolicyChanged(policy=replace(home_policy(), identity=known, digest="greetings")))
    return home


def greet(home: Joined, *, mac: Mac = NEW, src: bytes = HERE, ends: tuple[int, ...] = GREETED["the whole hello"]) -> None:
    """It speaks TLS to a server."""
    hello, at = client_hello("a.example"), 0
    home.see(syn(src=src), mac=mac)
    for end in ends:
        home.see(tcp(hello[at:end], seq=1 + at, src=src), mac=mac)
        at = end


def greetings(home: Joined, mac: Mac = NEW) -> list[str]:
    guess = home.shown(mac)["guess"]
    return [why for why in guess["because"] if why.startswith("greets")] if isinstance(guess, dict) else []


@pytest.mark.parametrize("ends", GREETED.values(), ids=list(GREETED))
def test_how_it_greets_servers_counts(ends: tuple[int, ...]) -> None:
    home = greeting_home()
    home.join()
    home.say((NAME, "fw.maker.example"))
    home.pass_by(2)
    assert home.shown()["guess"]["profile"] == ""  # type: ignore[index]
    greet(home, ends=ends)
    assert greetings(home) == [], "not while a packet waits"
    home.pass_by(2)
    (why,) = greetings(home)
    assert why == f"greets servers as {PYTHONS}: maker bell (maker seen)"
    assert home.shown()["guess"]["profile"] == "doorbell"  # type: ignore[index]


def test_a_fingerprint_outlives_a_restart() -> None:
    home = greeting_home()
    home.join()
    greet(home)
    home.pass_by(2)
    assert len(greetings(restarted(home, home.engine._state.policy))) == 1


def test_how_known_devices_greet_servers_is_nobodys_business() -> None:
    home = greeting_home()
    home.join(PHONE, PHONE_ADDRESS)
    home.join(BELL, HOME)
    home.join(hostname="bell-1")
    home.pass_by(2)
    greet(home, mac=PHONE, src=PHONE_ADDRESS)
    greet(home, mac=BELL, src=HOME)
    greet(home)
    assert not home.engine._state.acquaintances._waiting
    assert not any(known.impression.waits for known in home.engine._state.acquaintances._known.values())


def test_nobody_guesses_about_a_trusted_device() -> None:
    home = Joined()
    home.join(PHONE, PHONE_ADDRESS, hostname="bell-1")
    home.say(*A_BELL, mac=PHONE)
    home.pass_by(2)
    assert home.shown(PHONE)["guess"] is None and home.shown(PHONE)["named"]


def test_a_flood_of_clues_costs_so_many_looks_a_tick_and_holds_up_nobody_else() -> None:
    home = old()
    for number in range(40):
        home.join(mac(number), bytes((10, 77, 1, number)))
        home.say(*[(NAME, f"{at}.example{number}.org") for at in range(30)], mac=mac(number))
    home.join()
    home.say(*A_BELL)
    began = sum(len(known.impression._waiting) for known in home.engine._state.acquaintances._known.values())
    home.do(Ticked())
    left = sum(len(known.impression._waiting) for known in home.engine._state.acquaintances._known.values())
    assert began - left == LOOKS_PER_TICK
    home.pass_by(2)
    assert home.shown()["guess"]["sure"]  # type: ignore[index]


# What new devices get.


def test_set_up_time_then_the_profile_that_it_probably_has() -> None:
    home = Joined()
    commands = home.join(hostname="bell-1")
    assert home.profile() == SET_UP and home.shown()["set_up_s"] == LASTS_S
    assert told(commands, "device")[-1]["profile"] == SET_UP
    assert loads(home.pass_by(5)) <= 1 and home.profile() == SET_UP, "a sure guess does not end it"
    before = home.engine.epoch
    commands = home.pass_by(LASTS_S - 4)
    assert home.profile() == "doorbell" and home.shown()["set_up_s"] == 0
    assert home.engine.epoch == before + 1
    assert told(commands, "device")[-1]["profile"] == "doorbell"


def test_who_is_not_recognised_is_careful_then() -> None:
    home = Joined()
    home.join(RANDOM)
    home.pass_by(LASTS_S + 1)
    assert home.profile(RANDOM) == "careful"


def test_what_changes_together_begins_one_epoch() -> None:
    home = Joined()
    for number in range(5):
        home.join(mac(number), bytes((10, 77, 1, number)))
    home.pass_by(2)
    before = home.engine.epoch
    home.wait(LASTS_S)
    home.do(Ticked())
    assert home.engine.epoch == before + 1
    assert {home.profile(mac(number)) for number in range(5)} == {"careful"}


def test_a_flow_of_the_set_up_time_is_judged_again() -> None:
    home = Joined()
    home.see(syn(), mac=RANDOM)
    (flow,) = home.engine._state.flows
    assert flow.device.profile == SET_UP
    home.wait(LASTS_S)
    home.do(Ticked())
    assert flow.device.profile == "careful" and flow.epoch != home.engine.epoch


@pytest.mark.parametrize(
    "regime, first, then",
    [
        pytest.param(Regime.CAREFUL, "careful", "doorbell", id="careful: the guess at once"),
        pytest.param(Regime.QUARANTINE, "quarantine", "quarantine", id="quarantine: whatever it looks like"),
        pytest.param(Regime.OBSERVE, "observe", "observe", id="observe: whatever it looks like"),
    ],
)
def test_the_other_regimes_know_no_set_up_time(regime: Regime, first: str, then: str) -> None:
    home = Joined(regime)
    home.join()
    assert home.profile() == first
    home.say(*A_BELL)
    home.pass_by(2)
    assert home.profile() == then and home.shown()["set_up_s"] == 0


def test_without_that_profile_there_is_no_set_up_time() -> None:
    home = Joined()
    profiles = {name: entry for name, entry in home_policy().profiles.items() if name != SET_UP}
    home.do(PolicyChanged(policy=replace(home_policy(), profiles=profiles, digest="without")))
    home.join()
    assert home.profile() == "careful"


def test_who_is_somebody_new_all_the_time_gets_no_more_of_it() -> None:
    home = old()
    for number in range(20):
        home.join(mac(number), bytes((10, 77, 1, number)))
    assert [home.profile(mac(number)) for number in range(20)] == [SET_UP] * A_DAY + ["careful"] * (20 - A_DAY)


def test_a_device_that_a_file_names_is_never_set_up_nor_guessed() -> None:
    home = Joined()
    home.join(BELL, HOME, hostname="the box")
    home.say(*A_BOX_SURELY, mac=BELL)
    home.pass_by(2)
    assert home.profile(BELL) == "bell" and home.shown(BELL)["set_up_s"] == 0
    assert home.shown(BELL)["guess"]["sure"]  # type: ignore[index]


def test_a_profile_is_kept_until_another_is_sure() -> None:
    home = old(Regime.CAREFUL)
    home.join(RANDOM)
    home.say(*A_BELL, mac=RANDOM)
    home.pass_by(2)
    home.say((Signal.SSDP, "SERVER Linux/3.1 UPnP/1.0 Other/2.0"), (NAME, "x.other.example"), mac=RANDOM)
    home.pass_by(2)
    guess = home.shown(RANDOM)["guess"]
    assert isinstance(guess, dict) and not guess["sure"]
    assert home.profile(RANDOM) == "doorbell"


def test_who_says_something_else_all_the_time_changes_a_few_times() -> None:
    home = old(Regime.CAREFUL)
    home.join(RANDOM)
    changes, before = 0, home.profile(RANDOM)
    for turn in range(3 * CHANGES):
        home.engine._state.acquaintances._known[RANDOM].begin_anew(turn * 9_999.0)
        home.say(*(A_BOX_SURELY if turn % 2 else A_BELL), mac=RANDOM)
        home.pass_by(2)
        changes += home.profile(RANDOM) != before
        before = home.profile(RANDOM)
    assert changes == CHANGES


# Policies.


def named(profile: str) -> Policy:
    """The household confirms what it is."""
    device = replace(home_policy().profiles[profile].device, mac=NEW, id="hall-bell")
    entry = replace(home_policy().profiles[profile], device=device)
    return replace(home_policy(), devices={**home_policy().devices, NEW: entry}, digest=f"named {profile}")


def test_a_file_that_names_it_ends_the_set_up_time() -> None:
    home = Joined()
    home.join()
    home.do(PolicyChanged(policy=named("light")))
    assert home.profile() == "light"
    home.do(PolicyChanged(policy=home_policy()))
    assert home.profile() == SET_UP, "what is left of it, once the file forgets it"
    home.pass_by(LASTS_S)
    assert home.profile() != SET_UP


@pytest.mark.parametrize(
    "regime, profile",
    [(Regime.CAREFUL, "careful"), (Regime.QUARANTINE, "quarantine"), (Regime.OBSERVE, "observe"), (Regime.GUIDED, SET_UP)],
)
def test_another_regime_holds_at_once(regime: Regime, profile: str) -> None:
    home = Joined()
    home.join(RANDOM)
    home.do(PolicyChanged(policy=home_policy(regime)))
    assert home.profile(RANDOM) == profile


def test_a_profile_that_is_gone_is_not_given() -> None:
    home = old(Regime.CAREFUL)
    home.join()
    home.say(*A_BELL)
    home.pass_by(2)
    profiles = {name: entry for name, entry in home_policy().profiles.items() if name != "doorbell"}
    home.do(PolicyChanged(policy=replace(home_policy(Regime.CAREFUL), profiles=profiles, digest="without")))
    assert home.profile() == "careful"


def test_other_signs_change_the_guess() -> None:
    home = old()
    home.join()
    home.say(*A_BELL)
    home.pass_by(2)
    home.do(PolicyChanged(policy=replace(home_policy(), identity=Identification(), digest="without")))
    home.pass_by(2)
    assert home.shown()["guess"]["vendor"] == ""  # type: ignore[index]


def test_a_device_that_is_trusted_no_more_is_got_to_know() -> None:
    home = Joined()
    home.join(PHONE, PHONE_ADDRESS, hostname="bell-1")
    home.do(PolicyChanged(policy=replace(home_policy(), devices={}, digest="nobody")))
    home.pass_by(2)
    assert home.shown(PHONE)["guess"]["vendor"] == "maker"  # type: ignore[index]
    home.do(PolicyChanged(policy=home_policy()))
    assert home.shown(PHONE)["guess"] is None


# Who does not fit.


def misfits(home: Joined, seconds: float = 15.0) -> list[object]:
    return [problem["message"] for problem in told(home.pass_by(seconds), "problem") if problem["what"] == "profile"]


def test_a_device_that_does_not_look_like_what_it_is_said_to_be_is_told_once_a_day() -> None:
    home = Joined()
    home.do(PolicyChanged(policy=named("light")))
    home.join(NEW)
    home.say(*A_BELL)
    assert misfits(home) == [], "the same vendor's"
    home.do(PolicyChanged(policy=named("hub")))
    (text,) = misfits(home)
    assert str(text).startswith("hall-bell is hub by ") and "looks like maker now (its address begins" in str(text)
    assert home.profile() == "hub", "nothing is done about it"
    assert any(problem["what"] == "profile" for problem in home.engine._state.problems)
    assert misfits(home, 60) == []
    home.wait(TOLD_AGAIN_AFTER_S)
    assert len(misfits(home)) == 1


@pytest.mark.parametrize("vendor, fits", [("maker", True), ("", True), ("child", True), ("other", False)])
def test_no_vendor_a_brand_or_its_house_is_no_contradiction(vendor: str, fits: bool) -> None:
    houses = Identification(traits=KNOWN.traits, brands=KNOWN.brands, houses={"child": "maker"}, profiles=KNOWN.profiles)
    home = Joined()
    device = replace(named("hub").devices[NEW].device, vendor=vendor)
    entry = replace(named("hub").devices[NEW], device=device)
    home.do(PolicyChanged(policy=replace(named("hub"), identity=houses, devices={NEW: entry}, digest="houses")))
    home.join()
    home.say(*A_BELL)
    assert (misfits(home) == []) is fits


def test_another_device_under_the_same_address_is_told() -> None:
    home = old(Regime.CAREFUL)
    home.join(RANDOM, hostname="bell-1")
    home.say(*A_BELL, mac=RANDOM)
    assert misfits(home) == []
    home.do(LeaseGiven(mac=RANDOM, address=HERE, hostname="the box", restarted=True))
    home.say(*A_BOX_SURELY, mac=RANDOM)
    (text,) = misfits(home)
    assert str(text).startswith(f"{RANDOM} looked like maker, and looks like other now")
    assert home.profile(RANDOM) == "hub"


# Restarts.


def test_a_restart_does_not_forget_who_is_who() -> None:
    home = old(Regime.CAREFUL)
    home.join(RANDOM, hostname="bell-1")
    home.say(*A_BELL, mac=RANDOM)
    home.pass_by(2)
    epoch, guess = home.engine.epoch, home.shown(RANDOM)["guess"]
    again = restarted(home)
    assert (again.profile(RANDOM), again.shown(RANDOM)["guess"], again.engine.epoch) == ("doorbell", guess, epoch)


def test_a_profile_that_is_gone_is_not_restored() -> None:
    home = old(Regime.CAREFUL)
    home.join(RANDOM, hostname="bell-1")
    home.say(*A_BELL, mac=RANDOM)
    home.pass_by(2)
    profiles = {name: entry for name, entry in home_policy().profiles.items() if name != "doorbell"}
    again = restarted(home, replace(home_policy(Regime.CAREFUL), profiles=profiles))
    assert again.profile(RANDOM) == "careful"


@pytest.mark.parametrize(
    "after_s, profile, epochs",
    [pytest.param(60, SET_UP, 0, id="goes on"), pytest.param(LASTS_S, "careful", 1, id="ran out meanwhile")],
)
def test_a_restart_within_the_set_up_time(after_s: float, profile: str, epochs: int) -> None:
    home = Joined()
    home.join(RANDOM)
    home.pass_by(2)
    epoch = home.engine.epoch
    again = restarted(home, after_s=after_s)
    assert (again.profile(RANDOM), again.engine.epoch - epoch) == (profile, epochs)
    assert again.shown(RANDOM)["set_up_s"] == max(0, LASTS_S - 2 - after_s)


def test_a_clock_from_1970_lengthens_nothing() -> None:
    home = Joined()
    home.wall = 1_000.0
    home.do(Ticked())
    home.join(RANDOM)
    home.wall = NOON
    home.pass_by(LASTS_S / 2)
    home.wall = 2_000.0
    home.pass_by(LASTS_S / 2 + 1)
    assert home.profile(RANDOM) == "careful"


def test_a_gateway_that_remembers_somebody_has_no_first_hour() -> None:
    home = restarted(old(), after_s=1)
    for number in range(6):
        home.join(mac(number), bytes((10, 77, 1, number)))
    assert sum(home.profile(mac(number)) == SET_UP for number in range(6)) == A_DAY


def test_a_state_of_before_this_was_saved() -> None:
    home = old()
    home.join(RANDOM, hostname="bell-1")
    state = {key: value for key, value in saved(home).items() if key != "acquaintances"}
    fresh = Acquaintances(Roster(home_policy()), home_policy(), SetUps())
    assert fresh.begin(state, home.now) is False
    assert [fresh.set_ups.join(mac(number), home.now) for number in range(4)] == [True, True, True, False]
    assert Acquaintances(Roster(home_policy()), home_policy(), SetUps()).begin({}, home.now) is False


def test_set_up_time_is_saved_while_it_runs() -> None:
    home = Joined()
    home.join(RANDOM)
    home.pass_by(10)
    assert any(isinstance(command, SaveState) for command in home.pass_by(130))


def test_who_leaves_is_forgotten() -> None:
    home = Joined()
    home.join(RANDOM)
    home.engine._state.acquaintances.part(RANDOM)
    acquaintances = home.engine._state.acquaintances
    assert acquaintances.guess(RANDOM) is None and RANDOM not in acquaintances.set_ups
    assert home.profile(RANDOM) == "careful"
    home.do(Ticked())


# Replays.


def test_in_a_replay_nobody_is_new() -> None:
    home = Joined(replay=True, profiles={RANDOM: "hub"})
    home.join(RANDOM)
    home.say(*A_BELL, mac=RANDOM)
    home.do(PolicyChanged(policy=home_policy(Regime.CAREFUL)))
    assert home.profile(RANDOM) == "hub" and home.engine._state.acquaintances.guess(RANDOM) is None


# Whatever is said.


def test_strangers_are_few_and_say_little() -> None:
    acquaintances = Acquaintances(Roster(policy()), home_policy(), SetUps())
    for number in range(3 * MAX_STRANGERS):
        for at in range(2 * MAX_SAID):
            acquaintances.hear(mac(number), Clue(NAME, f"{at}.example"))
    assert len(acquaintances._strangers) == MAX_STRANGERS and mac(3 * MAX_STRANGERS - 1) in acquaintances._strangers
    assert all(len(said) == MAX_SAID for said in acquaintances._strangers.values())


MACS = st.sampled_from([NEW, RANDOM, BELL, PHONE, mac(1), mac(2)])
EVENTS = st.one_of(
    st.builds(ClueHeard, mac=MACS, clue=CLUES),
    st.builds(
        LeaseGiven, mac=MACS, address=st.sampled_from([HERE, HOME]), hostname=st.sampled_from(["", "bell-1", "the box"]),
        restarted=st.booleans(),
    ),
    st.builds(lambda regime: PolicyChanged(policy=home_policy(regime)), st.sampled_from(Regime)),
    st.just(Ticked()),
)  # fmt: skip


@given(st.lists(st.tuples(EVENTS, st.sampled_from([0.0, 0.2, 5.0, 1_000.0]), st.booleans()), max_size=60))
def test_whatever_is_said_by_whom_and_when(steps: list[tuple[object, float, bool]]) -> None:
    """No clue, in any order, at any time, over any restart, changes what a file says, or gives more time than stated."""
    home = Joined(set_up_first_s=0)
    began, given = home.mono, set()
    for event, seconds, restarts in steps:
        home.wait(seconds)
        home.do(event)  # type: ignore[arg-type]
        if restarts:
            home = restarted(home, after_s=seconds)
        acquaintances = home.engine._state.acquaintances
        members = home.engine._state.roster.members
        given |= {known for known in members if known in acquaintances.set_ups}
        assert home.profile(BELL) == "bell" and home.profile(PHONE) != SET_UP
        assert set(acquaintances._known) == {known for known, one in members.items() if not one.device.trusted}
        assert set(acquaintances._waiting) | set(acquaintances._stale) <= set(acquaintances._known)
        assert len(given) <= A_DAY * (1 + (home.mono - began) // 86_400)
        assert all(home.profile(known) in home_policy().profiles for known in members)
