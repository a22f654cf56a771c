"""Accounts: few, by name, with one hash each."""

from pathlib import Path

import pytest

from gateway.panel.access.account import HOUSEHOLD, MAX_ACCOUNTS, AccountError, Accounts
from gateway.panel.access.keep import Keep
from tests.support.clocks import Clock

GOOD, OTHER = "seven green kettles", "eleven odd umbrellas"


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return Keep(tmp_path / "panel.json")


@pytest.fixture
def accounts(keep: Keep) -> Accounts:
    accounts = Accounts(keep, Clock())
    accounts.add(HOUSEHOLD, "owner", GOOD)
    return accounts


def test_no_password_is_on_the_disk(keep: Keep, accounts: Accounts) -> None:
    assert GOOD not in keep.path.read_text()
    assert "$argon2id$" in keep.path.read_text()


def test_the_right_password_finds_the_account_in_any_case(accounts: Accounts, keep: Keep) -> None:
    found = accounts.verify(" Household ", GOOD)
    assert found is not None and found.role == "owner"
    assert accounts.verify(HOUSEHOLD, GOOD.upper()) is None
    assert accounts.verify("nobody", GOOD) is None
    assert Accounts(Keep(keep.path), Clock()).verify(HOUSEHOLD, GOOD) == found


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        pytest.param("HOUSEHOLD", "taken", id="taken"),
        pytest.param("", "bad-name", id="empty"),
        pytest.param("a b", "bad-name", id="a space"),
        pytest.param("a" * 33, "bad-name", id="long"),
        pytest.param("a\n", None, id="spaces around are none"),
        pytest.param("<b>", "bad-name", id="signs"),
        pytest.param("بيت", None, id="Arabic"),
    ],
)
def test_names_are_checked(accounts: Accounts, name: str, fault: str | None) -> None:
    if fault is None:
        assert accounts.add(name, "reader", OTHER).name == name.strip()
        return
    with pytest.raises(AccountError, match=fault):
        accounts.add(name, "reader", OTHER)


def test_there_are_not_more_than_so_many(accounts: Accounts) -> None:
    for number in range(MAX_ACCOUNTS - 1):
        accounts.add(f"reader-{number}", "reader", OTHER)
    with pytest.raises(AccountError, match="too-many"):
        accounts.add("one-more", "reader", OTHER)
    assert accounts.listed()[0].name == HOUSEHOLD


def test_the_households_own_cannot_be_removed(accounts: Accounts) -> None:
    accounts.add("bea", "reader", OTHER)
    accounts.remove("bea")
    accounts.remove("nobody")
    assert [account.name for account in accounts.listed()] == [HOUSEHOLD]
    with pytest.raises(AccountError, match="household"):
        accounts.remove(HOUSEHOLD)


def test_another_password_replaces_the_first(accounts: Accounts) -> None:
    accounts.set_password(HOUSEHOLD, OTHER)
    assert accounts.verify(HOUSEHOLD, OTHER)
    assert accounts.verify(HOUSEHOLD, GOOD) is None
    with pytest.raises(KeyError):
        accounts.set_password("nobody", OTHER)


def test_an_old_hash_is_made_anew_when_its_password_is_seen(accounts: Accounts, keep: Keep) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(GOOD)
    keep.put("accounts", [{"name": HOUSEHOLD, "role": "owner", "hash": old, "created": 0.0}])
    fresh = Accounts(keep, Clock())
    assert fresh.verify(HOUSEHOLD, OTHER) is None
    assert keep.rows("accounts")[0]["hash"] == old
    assert fresh.verify(HOUSEHOLD, GOOD)
    assert keep.rows("accounts")[0]["hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_whether_an_account_exists_does_not_show_in_the_work(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways look at one hash with the same parameters; a clock would only show the machine's other work."""
    looked: list[str] = []
    from gateway.panel.access import account as module

    real = module.verify_password
    monkeypatch.setattr(module, "verify_password", lambda encoded, password: looked.append(encoded) or real(encoded, password))
    accounts.verify(HOUSEHOLD, OTHER)
    accounts.verify("nobody", OTHER)
    assert len(looked) == 2
    assert len({encoded.rsplit("$", 2)[0] for encoded in looked}) == 1
    assert len({len(encoded) for encoded in looked}) == 1
