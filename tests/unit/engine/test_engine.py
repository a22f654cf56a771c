from gateway.engine import Engine
from gateway.model.command import LoadRuleset, SaveState
from gateway.model.event import Hook, Now, PacketUndecodable
from gateway.model.mark import EPOCHS
from gateway.model.purpose import Purpose
from tests.support.home import NOON, Watched, marks, policy, verdicts
from tests.support.packets import CLOUD, client_hello, syn, tcp

NOW = Now(1_000.0, NOON)


def saved_by(home: Watched) -> dict[str, object]:
    """What a clean stop leaves behind."""
    return next(command.state for command in home.engine.stop(home.now) if isinstance(command, SaveState))


def test_start_without_a_ruleset_begins_the_first_epoch() -> None:
    engine = Engine(policy())
    ruleset, saved = engine.start({}, NOW)
    assert isinstance(saved, SaveState)
    assert isinstance(ruleset, LoadRuleset)
    assert (ruleset.epoch, ruleset.digest) == (1, policy().digest)
    assert ruleset.free == (), "under IPv4 a phone is free at the address that was leased to it"
    assert ruleset.free6 == ("02:00:5e:10:00:aa", "02:00:5e:10:00:bb")


def test_start_beside_a_ruleset_of_another_policy_begins_a_new_epoch() -> None:
    engine = Engine(policy(), epoch=41)
    engine.start({}, NOW)
    assert engine.epoch == 42


def test_start_with_the_same_policy_goes_on_in_its_epoch() -> None:
    before = Watched()
    engine = Engine(policy(), epoch=before.engine.epoch)
    ruleset, _ = engine.start(saved_by(before), NOW, resume=True)
    assert isinstance(ruleset, LoadRuleset)
    assert (engine.epoch, ruleset.epoch) == (1, 1)


def test_start_beside_a_ruleset_that_nobody_saved_the_term_of_judges_anew() -> None:
    engine = Engine(policy(), epoch=41)
    engine.start(saved_by(Watched()), NOW, resume=True)
    assert engine.epoch == 42


def test_start_after_a_clean_stop_takes_no_mark_of_before_for_current() -> None:
    before = Watched()
    successor = Engine(policy())
    successor.start(saved_by(before), NOW)
    assert successor.epoch == before.engine.epoch + 1


def test_start_after_a_schedule_flipped_judges_anew() -> None:
    before = Watched()
    engine = Engine(policy(), epoch=before.engine.epoch)
    engine.start(saved_by(before), Now(5.0, NOON + 86_400.0), resume=True)
    assert engine.epoch == 2


def test_epochs_never_become_nothing() -> None:
    engine = Engine(policy(), epoch=EPOCHS - 1)
    engine.start({}, NOW)
    assert engine.epoch == 1


def test_successor_knows_devices_and_bindings() -> None:
    home = Watched()
    home.bind("video.example.com", CLOUD)
    successor = Watched()
    successor.engine = Engine(policy(), epoch=home.engine.epoch)
    successor.engine.start(saved_by(home), successor.now, resume=True)
    mark = marks(successor.see(syn()))[0]
    assert (mark.device, mark.purpose) == (1, Purpose.VIDEO.number)  # refused at the SYN, by the name that DNS gave before


def test_what_cannot_be_decoded_is_refused_but_answers_pass() -> None:
    home = Watched()
    forward = home.do(PacketUndecodable(queue_id=1, mac=None, hook=Hook.FORWARD))
    answer = home.do(PacketUndecodable(queue_id=2, mac=None, hook=Hook.ANSWER))
    assert [verdict.accept for verdict in verdicts(forward + answer)] == [False, True]


def test_the_same_events_give_the_same_commands() -> None:
    first, second = Watched(), Watched()
    for packet in (syn(), tcp(client_hello("bell.example.com")), syn(sport=41_000)):
        assert first.see(packet) == second.see(packet)
