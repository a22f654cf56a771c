"""Loading, adopting and removing the table, against the real ``nft``."""

import pytest

from gateway.edge.nft import TABLE, Nft, RulesetError, run
from gateway.lab.namespace import inside
from gateway.model.command import RulesetPlan
from gateway.ruleset import SCHEMA, render
from gateway.ruleset import TABLE as RENDERED_TABLE

pytestmark = pytest.mark.net
OTHERS = "table inet others {\n chain theirs {\n accept\n }\n}\n"


def text(nft: Nft, *, epoch: int = 1, digest: str = "cafe") -> str:
    return render(RulesetPlan(lan=("br0",), wan=(), epoch=epoch, digest=digest, native_queue=nft.native_queue, queue=5))


def test_rendered_and_loaded_are_the_same_table() -> None:
    assert TABLE == RENDERED_TABLE


def test_a_generation_replaces_the_last_one_and_names_itself() -> None:
    def scene() -> None:
        nft = Nft(queue=5, lan=("br0",))
        assert nft.adopt() is None
        nft.load(text(nft))
        assert nft.adopt() == (1, "cafe")
        nft.load(text(nft, epoch=2, digest="beef"))
        assert Nft(queue=5, lan=("br0",)).adopt() == (2, "beef")

    inside(scene)


def test_a_refused_generation_leaves_the_last_one_in_force() -> None:
    def scene() -> None:
        nft = Nft(queue=5, lan=("br0",))
        nft.load(text(nft))
        with pytest.raises(RulesetError, match="nft: .*syntax error"):
            nft.load(text(nft, epoch=2) + "table inet {")
        assert nft.adopt() == (1, "cafe")

    inside(scene)


def test_what_the_kernel_refuses_may_have_another_text() -> None:
    def scene() -> None:
        nft = Nft(queue=5, lan=("br0",))
        nft.load(text(nft) + "table inet {", otherwise=text(nft, epoch=2))
        assert nft.adopt() == (2, "cafe")
        with pytest.raises(RulesetError, match="nft: .*syntax error"):
            nft.load("table inet {", otherwise="table inet {")

    inside(scene)


def test_the_fast_way_is_for_interfaces_that_are_there() -> None:
    def scene() -> None:
        run("ip", "link", "add", "br0", "type", "bridge")
        nft = Nft(queue=5, lan=("br0",))
        assert nft.fast_interfaces(("br0", "gone0")) == (("br0",) if nft.flowtables else ())
        assert "probe" not in run("nft", "list", "tables")

    inside(scene)


def test_emptying_the_fast_way_leaves_no_address_behind() -> None:
    def scene() -> None:
        nft = Nft(queue=5, lan=("br0",))
        nft._flowtables = True
        nft.load(text(nft))
        nft.load(text(nft, epoch=2))
        assert not {"192.0.0.8", "100::1"} & set(run("ip", "-o", "addr").replace("/", " ").split())

    inside(scene)


def test_a_table_of_another_schema_is_replaced_at_the_start_only() -> None:
    def scene() -> None:
        old = "table inet netcurtain {\n set free {\n type ipv4_addr\n }\n chain generation {\n return comment \"%s\"\n }\n}\n"
        run("nft", "-f", "-", text=old % f"epoch=9 policy=old schema={SCHEMA + 1}")
        nft = Nft(queue=5, lan=("br0",))
        assert nft.adopt() == (9, "old")
        nft.load(text(nft))
        assert nft.adopt() == (1, "cafe")

    inside(scene)


def test_nothing_of_ours_is_left_and_nothing_of_others_is_lost() -> None:
    def scene() -> None:
        run("nft", "-f", "-", text=OTHERS)
        before = run("nft", "list", "ruleset")
        nft = Nft(queue=5, lan=("br0", "wlan0"))
        nft.load(text(nft))
        nft.remove()
        assert run("nft", "list", "ruleset") == before
        nft.remove()  # nothing there: nothing happens
        assert run("nft", "list", "ruleset") == before

    inside(scene)


def test_a_missing_command_is_named() -> None:
    with pytest.raises(RulesetError, match="netcurtain-no-such-command"):
        run("netcurtain-no-such-command")
    with pytest.raises(RulesetError, match="false: exit status 1"):
        run("false")
