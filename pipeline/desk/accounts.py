"""Accounts: who may sign in, as what, and where; sessions begin and end.

Passwords: argon2id; length is what counts, nobody is made to change one (NIST SP 800-63B-4,
OWASP ASVS 5.0 6.2). Guessing is slowed per account and per address, never locked out for good.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from pipeline.desk.places import units_at
from pipeline.errors import ConflictError, MissingError, RightsError, UsageError
from pipeline.letters import fold, nfc
from pipeline.rights import ROLES, Grant, Person
from pipeline.settings import Settings
from pipeline.store.accounts import Account, Accounts, Session
from pipeline.store.database import Database
from pipeline.words import _

NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
SHORTEST = 15  # letters of a password without a second factor
SHORTEST_WITH_TOTP = 8
LONGEST = 200
IDLE = timedelta(minutes=30)
IDLE_ADMINISTRATOR = timedelta(minutes=15)
WHOLE_DAY = timedelta(hours=12)
FREE_GUESSES = 5  # of one account or address before it has to wait
LONGEST_WAIT = timedelta(minutes=10)
WEAK = ("matkhau", "password", "admin", "sohoa", "hotich", "uyban", "qwerty", "abcdef")  # folded


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that holds, and whose it is.

    Attributes:
        secret: of the session; never shown, and only its hash is stored.
    """

    person: Person
    session: Session
    secret: str


@cache
def _hasher() -> PasswordHasher:
    # OWASP's least: 19 MiB, two passes. An office PC of 2017 needs some 50 ms.
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobody() -> str:
    """Return a hash to compare with where there is no account, so that time does not tell."""
    return _hasher().hash("nobody has this password")


def is_new(database: Database) -> bool:
    """Say whether nobody has an account yet."""
    return not Accounts(database).accounts()


def add_first(database: Database, name: str, shown: str, password: str) -> None:
    """Make the first account: all roles, everywhere.

    Raises:
        UsageError: the name or the password will not do.
        ConflictError: there is an account already.
    """
    grants = tuple(Grant(role, None, sensitive=True) for role in ROLES)
    account = _account(name, shown, password, grants)
    if not Accounts(database).add(account, account.name, first=True):
        raise ConflictError(_("kho đã có tài khoản; hãy đăng nhập"))


def add_account(
    database: Database, by: Person, name: str, shown: str, password: str, grants: Iterable[Grant]
) -> None:
    """Add an account.

    Raises:
        UsageError: the name or the password will not do.
        ConflictError: the name is taken.
        RightsError: the grants reach further than what the giver administers.
    """
    account = _account(name, shown, password, tuple(grants))
    _check_gift(by, account.grants)
    if not Accounts(database).add(account, by.name):
        raise ConflictError(_("tên tài khoản “{name}” đã có người dùng").format(name=account.name))


def _account(name: str, shown: str, password: str, grants: tuple[Grant, ...]) -> Account:
    name = nfc(name.strip().lower())
    if not NAME.fullmatch(name):
        raise UsageError(
            _(
                "tên tài khoản gồm chữ thường không dấu, số, dấu chấm hoặc gạch, từ 2 đến 40 "
                "ký tự, bắt đầu bằng chữ"
            )
        )
    shown = nfc(" ".join(shown.split()))
    if not 0 < len(shown) <= 100:
        raise UsageError(_("hãy ghi họ tên người dùng (nhiều nhất 100 ký tự)"))
    check_password(password, name, SHORTEST)
    return Account(name, shown, _hasher().hash(nfc(password)), grants)


def check_password(password: str, name: str, shortest: int) -> None:
    """Let a password pass that cannot be guessed soon.

    Raises:
        UsageError: it is too short, too long, or what everybody tries first.
    """
    password = nfc(password)
    if not shortest <= len(password) <= LONGEST:
        raise UsageError(
            _("mật khẩu cần từ {least} đến {most} ký tự; một câu vài từ dễ nhớ là tốt nhất").format(
                least=shortest, most=LONGEST
            )
        )
    bare = re.sub(r"[^a-z]", "", fold(password))
    left = re.sub("|".join([re.escape(name), *WEAK]), "", bare)
    if len(set(password)) < 5 or (len(left) < 4 and len(bare) > len(left)):
        raise UsageError(_("mật khẩu này quá dễ đoán; hãy chọn một câu khác"))


def accounts(database: Database) -> list[Account]:
    """Return all accounts, by name."""
    return Accounts(database).accounts()


def find_account(database: Database, name: str) -> Account:
    """Return an account.

    Raises:
        MissingError: there is none of that name.
    """
    found = Accounts(database).account(name)
    if found is None:
        raise MissingError(_("không có tài khoản “{name}”").format(name=name))
    return found


def change_account(
    database: Database, by: Person, name: str, *, shown: str, grants: Iterable[Grant], active: bool
) -> None:
    """Change what an account may do; its sessions end, so that nothing older holds.

    Raises:
        MissingError: there is no such account.
        UsageError: nobody would be left who may give rights.
        RightsError: what changes reaches further than what the giver administers.
    """
    kept = Accounts(database)
    account = find_account(database, name)
    changed = replace(
        account, shown=nfc(" ".join(shown.split())), grants=tuple(grants), active=active
    )
    if changed == account:
        return
    _check_gift(by, {*account.grants} ^ {*changed.grants})
    others = [one for one in kept.accounts() if one.name != name]
    if not any(_administers(one) for one in (*others, changed)):
        raise UsageError(_("phải còn ít nhất một quản trị viên đang hoạt động, ở mọi nơi"))
    kept.change(changed, by.name, "grants")
    end_sessions(database, by.name, name)


def _check_gift(by: Person, grants: Iterable[Grant]) -> None:
    """Let grants pass that lie within what the giver administers.

    Raises:
        RightsError: one of them lies outside.
    """
    own = [grant for grant in by.grants if grant.role == "administrator"]
    for grant in grants:
        if not any(
            one.places is None or (grant.places is not None and grant.places <= one.places)
            for one in own
        ):
            raise RightsError(_("chỉ được cấp quyền ở những nơi mình quản trị"))


def _administers(account: Account) -> bool:
    return account.active and any(
        grant.role == "administrator" and grant.places is None for grant in account.grants
    )


def set_password(database: Database, by: Person, name: str, password: str) -> None:
    """Give an account a password that its owner is told by hand; its sessions end.

    A second factor is taken away: who lost the one has often lost the other.

    Raises:
        MissingError: there is no such account.
        UsageError: the password will not do.
    """
    account = find_account(database, name)
    check_password(password, name, SHORTEST)
    changed = replace(account, password=_hasher().hash(nfc(password)), totp="")
    Accounts(database).change(changed, by.name, "password")
    end_sessions(database, by.name, name)


def change_password(database: Database, signed: SignedIn, old: str, new: str) -> None:
    """Change one's own password; one's other sessions end.

    Raises:
        RightsError: the old one is wrong.
        UsageError: the new one will not do.
    """
    account = find_account(database, signed.person.name)
    if not _fits(account, old):
        raise RightsError(_("mật khẩu hiện tại không đúng"))
    check_password(new, account.name, SHORTEST_WITH_TOTP if account.totp else SHORTEST)
    changed = replace(account, password=_hasher().hash(nfc(new)))
    Accounts(database).change(changed, account.name, "password")
    end_sessions(database, account.name, account.name, spare=signed.session.number)


def new_totp() -> str:
    """Return a secret for a second factor."""
    return pyotp.random_base32()


def totp_address(name: str, secret: str) -> str:
    """Return what an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name="sohoa")


def set_totp(database: Database, signed: SignedIn, password: str, secret: str, code: str) -> None:
    """Ask for a second factor from now on; with an empty secret, no longer.

    Raises:
        RightsError: the password is wrong, or the code is not of that secret.
    """
    account = find_account(database, signed.person.name)
    if not _fits(account, password):
        raise RightsError(_("mật khẩu hiện tại không đúng"))
    if secret and not pyotp.TOTP(secret).verify(code, valid_window=1):
        raise RightsError(_("mã sáu số không đúng; hãy xem giờ của máy và điện thoại"))
    Accounts(database).change(replace(account, totp=secret), account.name, "second_factor")


# Sessions


def sign_in(
    database: Database, name: str, password: str, code: str, *, agent: str, address: str
) -> str:
    """Begin a session; return its secret.

    Raises:
        RightsError: name, password or code are wrong, or there were too many tries.
    """
    kept = Accounts(database)
    name = nfc(name.strip().lower())
    keys = (f"account:{name[:40]}", f"address:{address}")
    failed = kept.failures(keys)
    wait = max((_waits(*failed[key]) for key in keys if key in failed), default=timedelta())
    if wait > timedelta():
        raise RightsError(
            _("sai quá nhiều lần; hãy đợi {seconds} giây rồi thử lại").format(
                seconds=int(wait.total_seconds()) + 1
            )
        )
    account = kept.account(name)
    fits = _fits(account, password)
    if account is None or not fits or not account.active or not _code_fits(account, code):
        counts = {key: failed.get(key, (0, ""))[0] + 1 for key in keys}
        kept.fail(counts, name if account else "", address)
        raise RightsError(_("tên, mật khẩu hoặc mã không đúng"))
    kept.forgive(keys[0])
    if _hasher().check_needs_rehash(account.password):
        changed = replace(account, password=_hasher().hash(nfc(password)))
        kept.change(changed, account.name, "password")
    return kept.begin(account.name, "browser", agent, address)


def _fits(account: Account | None, password: str) -> bool:
    hashed = account.password if account and account.password else _nobody()
    try:
        return _hasher().verify(hashed, nfc(password[:LONGEST])) and account is not None
    except (VerificationError, InvalidHashError):
        return False


def _code_fits(account: Account, code: str) -> bool:
    return not account.totp or pyotp.TOTP(account.totp).verify(code.strip(), valid_window=1)


def _waits(count: int, last: str) -> timedelta:
    """Return how long one has to wait still: 1, 2, 4 … seconds after the free guesses."""
    if count < FREE_GUESSES:
        return timedelta()
    wait = min(LONGEST_WAIT, timedelta(seconds=2.0 ** min(count - FREE_GUESSES, 20)))
    return wait - (_now() - datetime.fromisoformat(last))


def signed_in(database: Database, settings: Settings, secret: str) -> SignedIn | None:
    """Return who is signed in with a secret; None when it is nobody, or too long ago."""
    kept = Accounts(database)
    session = kept.session(secret) if secret else None
    account = kept.account(session.account) if session and not session.ended else None
    if session is None or account is None or not account.active:
        return None
    person = Person(account.name, account.shown, _with_books(database, settings, account.grants))
    if session.sort == "browser" and _is_over(session, account):
        kept.end([session.number], account.name)
        return None
    if _now() - datetime.fromisoformat(session.seen) > timedelta(minutes=1):
        kept.see(session.number)
    return SignedIn(person, session, secret)


def _is_over(session: Session, account: Account) -> bool:
    administers = any(grant.role == "administrator" for grant in account.grants)
    idle = _now() - datetime.fromisoformat(session.seen)
    return (
        idle > (IDLE_ADMINISTRATOR if administers else IDLE)
        or _now() - datetime.fromisoformat(session.begun) > WHOLE_DAY
    )


def end_sessions(database: Database, by: str, name: str, *, spare: int = 0) -> None:
    """End all sessions and tokens of an account, but the one to spare."""
    kept = Accounts(database)
    kept.end([one.number for one in kept.sessions(name) if one.number != spare], by)


def end_session(database: Database, by: Person, name: str, number: int) -> None:
    """End one session or token of an account.

    Raises:
        MissingError: the account has none of that number.
    """
    kept = Accounts(database)
    if number not in {one.number for one in kept.sessions(name)}:
        raise MissingError(_("không có phiên số {number}").format(number=number))
    kept.end([number], by.name)


def sessions(database: Database, name: str) -> list[Session]:
    """Return the sessions and tokens of an account that go on, the newest first."""
    return Accounts(database).sessions(name)


def make_token(database: Database, signed: SignedIn, label: str) -> str:
    """Make a token for a program that works in one's name; return it: it is shown once.

    Raises:
        UsageError: it has no name.
    """
    if not label.strip():
        raise UsageError(_("hãy đặt tên cho khóa, để sau này biết chương trình nào dùng"))
    return Accounts(database).begin(
        signed.person.name, "token", nfc(label.strip()), signed.session.address
    )


# Places


def _with_books(
    database: Database, settings: Settings, grants: Sequence[Grant]
) -> tuple[Grant, ...]:
    """Return the grants with the places as the books' cards write them.

    A grant for today's ward opens the books of all that became part of it.
    """
    within = any(grant.places is not None for grant in grants)
    written = database.places() if within else frozenset()
    return tuple(
        grant
        if grant.places is None
        else replace(grant, places=_opened(settings, grant.places, written))
        for grant in grants
    )


def _opened(settings: Settings, granted: frozenset[str], written: frozenset[str]) -> frozenset[str]:
    own = frozenset(place for place in written if nfc(place) in granted)
    within = (place for place in written if granted & set(units_at(settings, place, None).now))
    return own | frozenset(within)


def _now() -> datetime:
    return datetime.now(UTC)
