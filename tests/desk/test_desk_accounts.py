"""Who gets in, who does not, and what ends."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyotp
import pytest

from pipeline.desk import accounts
from pipeline.desk.accounts import SignedIn, signed_in
from pipeline.errors import ConflictError, MissingError, RightsError, UsageError
from pipeline.rights import Grant, Person, has_role, rights_of
from pipeline.settings import Settings
from pipeline.store import accounts as kept
from pipeline.store import chain
from pipeline.store.accounts import Accounts
from pipeline.store.database import Database, contents, open_database
from pipeline.values import Book

GOOD = "con mèo ngủ trên mái"
NEW = "mười hai quả trứng gà"
WARD = Grant("officer", frozenset({"Xã Vân Trung"}))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(tmp_path / "sohoa.db")
    accounts.add_first(made, "Quan", " Đỗ  Thị Quân ", GOOD)
    yield made
    made.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path)


@pytest.fixture
def admin(database: Database, settings: Settings) -> SignedIn:
    return enter(database, settings)


def enter(
    database: Database, settings: Settings, name: str = "quan", password: str = GOOD, code: str = ""
) -> SignedIn:
    secret = accounts.sign_in(database, name, password, code, agent="Firefox", address="10.0.0.2")
    found = signed_in(database, settings, secret)
    assert found
    return found


def test_the_first_account_may_do_all_and_there_is_only_one_first(
    database: Database, admin: SignedIn
) -> None:
    assert admin.person.shown == "Đỗ Thị Quân"
    assert has_role(admin.person, "administrator") and has_role(admin.person, "officer")
    assert rights_of(admin.person, "officer").places is None
    with pytest.raises(ConflictError):
        accounts.add_first(database, "hai", "Hai", GOOD)


def test_only_hashes_are_kept(database: Database, admin: SignedIn, tmp_path: Path) -> None:
    database.close()
    raw = b"".join(file.read_bytes() for file in tmp_path.glob("sohoa.db*"))
    assert GOOD.encode() not in raw and admin.secret.encode() not in raw


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [
        ("quan", "sai", ""),
        ("ai", GOOD, ""),
        ("quan", "", ""),
        ("", "", ""),
        ("quan", GOOD * 50, ""),
    ],
)
def test_a_wrong_name_or_password_is_refused_in_the_same_words(
    database: Database, settings: Settings, name: str, password: str, code: str
) -> None:
    with pytest.raises(RightsError) as told:
        enter(database, settings, name, password, code)
    with pytest.raises(RightsError) as other:
        enter(database, settings, "nobody", "x")
    assert str(told.value) == str(other.value)


@pytest.mark.parametrize(
    "password",
    ["ngắn", "aaaaaaaaaaaaaaaaaaaa", "quan.matkhau.2026", "password-password", "x" * 201],
)
def test_a_password_that_is_soon_guessed_is_refused(database: Database, password: str) -> None:
    with pytest.raises(UsageError):
        accounts.check_password(password, "quan", accounts.SHORTEST)


@pytest.mark.parametrize("name", ["", "a", "Đỗ", "hai ba", "../x", "9a", "a" * 41])
def test_a_name_that_cannot_stand_in_a_log_is_refused(
    database: Database, admin: SignedIn, name: str
) -> None:
    with pytest.raises(UsageError, match="tên tài khoản"):
        accounts.add_account(database, admin.person, name, "Ai", GOOD, [])


def test_guessing_is_slowed_for_the_account_and_for_the_address(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(accounts.FREE_GUESSES):
        with pytest.raises(RightsError, match="không đúng"):
            enter(database, settings, password="sai")
    with pytest.raises(RightsError, match="đợi"):
        enter(database, settings)
    with pytest.raises(RightsError, match="đợi"):  # the same address, another name
        enter(database, settings, "hoa")
    later = datetime.now(UTC) + timedelta(seconds=3)
    monkeypatch.setattr(accounts, "_now", lambda: later)
    assert enter(database, settings).person.name == "quan"


def test_guesses_an_hour_stay_few() -> None:
    at, guesses = timedelta(), 0
    while at < timedelta(hours=1):
        guesses += 1
        wait = timedelta(seconds=2.0 ** max(0, guesses - accounts.FREE_GUESSES))
        at += min(wait, accounts.LONGEST_WAIT)
    assert guesses <= 100


def test_a_session_ends_by_idling_and_after_a_day(
    database: Database, settings: Settings, admin: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = datetime.now(UTC) + accounts.IDLE_ADMINISTRATOR + timedelta(seconds=9)
    monkeypatch.setattr(accounts, "_now", lambda: late)
    assert signed_in(database, settings, admin.secret) is None
    monkeypatch.undo()
    assert signed_in(database, settings, admin.secret) is None  # ended for good


@pytest.mark.parametrize("secret", ["", "x", "a" * 43])
def test_nobody_is_signed_in_with_a_made_up_secret(
    database: Database, settings: Settings, secret: str
) -> None:
    assert signed_in(database, settings, secret) is None


def test_changing_rights_or_a_password_ends_what_was_begun(
    database: Database, settings: Settings, admin: SignedIn
) -> None:
    accounts.add_account(database, admin.person, "lan", "Lan", GOOD, [WARD])
    lan = enter(database, settings, "lan")
    other = enter(database, settings, "lan")
    token = accounts.make_token(database, lan, "Phần mềm một cửa")
    accounts.change_password(database, lan, GOOD, NEW)
    assert signed_in(database, settings, lan.secret)
    assert not signed_in(database, settings, other.secret)
    assert not signed_in(database, settings, token)
    with pytest.raises(RightsError):
        accounts.change_password(database, lan, GOOD, NEW)
    accounts.change_account(
        database, admin.person, "lan", shown="Lan", grants=[Grant("clerk")], active=True
    )
    assert not signed_in(database, settings, lan.secret)
    lan = enter(database, settings, "lan", NEW)
    accounts.change_account(
        database, admin.person, "lan", shown="Lan", grants=[Grant("clerk")], active=False
    )
    assert not signed_in(database, settings, lan.secret)
    with pytest.raises(RightsError):
        enter(database, settings, "lan", NEW)
    accounts.set_password(database, admin.person, "lan", GOOD)
    assert Accounts(database).account("lan").totp == ""  # type: ignore[union-attr]


def test_somebody_must_stay_who_may_give_rights(database: Database, admin: SignedIn) -> None:
    with pytest.raises(UsageError, match="quản trị"):
        accounts.change_account(
            database, admin.person, "quan", shown="Q", grants=[Grant("clerk")], active=True
        )
    with pytest.raises(MissingError):
        accounts.find_account(database, "ai")


def test_a_second_factor_is_asked_for_once_it_is_set(
    database: Database, settings: Settings, admin: SignedIn
) -> None:
    secret = accounts.new_totp()
    with pytest.raises(RightsError, match="mã"):
        accounts.set_totp(database, admin, GOOD, secret, "000000")
    accounts.set_totp(database, admin, GOOD, secret, pyotp.TOTP(secret).now())
    with pytest.raises(RightsError):
        enter(database, settings)
    assert enter(database, settings, code=pyotp.TOTP(secret).now())


def test_one_session_is_ended_and_no_stranger_s(
    database: Database, settings: Settings, admin: SignedIn
) -> None:
    accounts.add_account(database, admin.person, "lan", "Lan", GOOD, [WARD])
    lan = enter(database, settings, "lan")
    with pytest.raises(MissingError):
        accounts.end_session(database, admin.person, "quan", lan.session.number)
    accounts.end_session(database, admin.person, "lan", lan.session.number)
    assert not signed_in(database, settings, lan.secret)


def test_a_grant_for_today_s_ward_opens_the_books_of_what_became_part_of_it(
    database: Database, settings: Settings, admin: SignedIn
) -> None:
    old = "Xã Vân Trung, huyện Việt Yên, tỉnh Bắc Giang"
    database.add_book(Book("a", "birth_table", old, (1987, 1987), "1"))
    database.add_book(
        Book("b", "birth_table", "Xã Hòa Xa, huyện Mỹ Đức, Hà Nội", (1987, 1987), "1")
    )
    today = frozenset({"phường Vân Hà, tỉnh Bắc Ninh", "phường Nếnh, tỉnh Bắc Ninh"})
    grants = [replace(WARD, places=today)]
    accounts.add_account(database, admin.person, "lan", "Lan", GOOD, grants)
    opened = rights_of(enter(database, settings, "lan").person, "officer")
    assert opened.places == {old}
    assert rights_of(enter(database, settings, "lan").person, "clerk").places == frozenset()


def test_sensitive_fields_are_open_only_if_every_grant_that_counts_says_so() -> None:
    open_, shut = (
        Grant("officer", frozenset({"a"}), sensitive=True),
        Grant("officer", frozenset("b")),
    )
    assert rights_of(Person("x", "x", (open_,)), "officer").sensitive
    assert not rights_of(Person("x", "x", (open_, shut)), "officer").sensitive
    assert not rights_of(Person("x", "x", ()), "officer").sensitive


def test_every_change_is_in_the_log_and_an_edit_is_found(
    database: Database, settings: Settings, admin: SignedIn
) -> None:
    accounts.add_account(database, admin.person, "lan", "Lan", GOOD, [WARD])
    with pytest.raises(RightsError):
        enter(database, settings, "lan", "sai")
    accounts.end_sessions(database, "quan", "quan")
    with database.read() as connection:
        kinds = [event.kind for event in chain.events(connection)]
        assert (
            list(
                chain.find_breaks(connection, {**contents(connection), **kept.contents(connection)})
            )
            == []
        )
    assert kinds == [
        "account.added", "browser.begun", "account.added", "browser.refused", "browser.ended",
    ]  # fmt: skip
    with database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE account SET card = replace(card, 'officer', 'clerk') WHERE name = 'lan'"
        )
    with database.read() as connection:
        [broken] = chain.find_breaks(connection, kept.contents(connection))
    assert (broken.what, broken.subject) == ("changed", "account:lan")


def test_rights_are_given_only_where_the_giver_administers(
    database: Database, settings: Settings, admin: SignedIn
) -> None:
    ward = frozenset({"Xã Vân Trung"})
    accounts.add_account(database, admin.person, "phu", "Phú", GOOD, [Grant("administrator", ward)])
    phu = enter(database, settings, "phu").person
    database.add_book(Book("a", "birth_table", "Xã Vân Trung", (1987, 1987), "1"))
    phu = enter(database, settings, "phu").person
    accounts.add_account(database, phu, "lan", "Lan", GOOD, [WARD])
    for grants in ([Grant("clerk")], [Grant("clerk", frozenset({"Xã Khác"}))]):
        with pytest.raises(RightsError, match="quản trị"):
            accounts.add_account(database, phu, "hoa", "Hoa", GOOD, grants)
        with pytest.raises(RightsError, match="quản trị"):
            accounts.change_account(database, phu, "lan", shown="L", grants=grants, active=True)
    with pytest.raises(RightsError):  # nor is what lies outside taken away
        accounts.change_account(database, phu, "quan", shown="Q", grants=[], active=True)
