"""Accounts, their sessions and tokens, and how often somebody guessed wrong.

Of a session or a token only the hash of its secret is kept: who reads the database cannot sign
in with it. Every change is an event of the log, in the same transaction.
"""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection, RowMapping

from pipeline.rights import Grant
from pipeline.store import chain
from pipeline.store.database import Database, metadata, now

_account = sa.Table(
    "account",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("card", sa.Text, nullable=False),
)
_session = sa.Table(
    "session",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("sum", sa.Text, nullable=False, unique=True),
    sa.Column("account", sa.ForeignKey("account.name"), nullable=False, index=True),
    sa.Column("sort", sa.Text, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("begun", sa.Text, nullable=False),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("ended", sa.Text, nullable=False, default=""),
    sqlite_autoincrement=True,
)
_failure = sa.Table(
    "failure",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("last", sa.Text, nullable=False),
)
SECRET_BYTES = 32  # 256 random bits; 128 is what OWASP asks of a session
_WITNESSED = ("number", "sum", "account", "sort", "label", "begun", "ended")


@dataclass(frozen=True, slots=True)
class Account:
    """Someone who may sign in.

    Attributes:
        name: unique, lower case; it stands in logs and decisions for good.
        shown: the person's own name.
        password: its argon2 hash; empty: nobody can sign in with it.
        totp: secret of the second factor, base32; empty: there is none.
        active: may sign in.
    """

    name: str
    shown: str
    password: str
    grants: tuple[Grant, ...]
    totp: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is signed in, or a program that has a token.

    Attributes:
        number: what people call it.
        sort: `browser` or `token`.
        label: what the browser calls itself; of a token, what its owner called it.
        begun, seen: UTC, ISO 8601; `ended` likewise, empty while it goes on.
    """

    number: int
    account: str
    sort: str
    label: str
    address: str
    begun: str
    seen: str
    ended: str


_ACCOUNT = TypeAdapter(Account)


def secret_sum(secret: str) -> str:
    """Return what is kept of a session's secret."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


class Accounts:
    """All that the archive knows of accounts; made when it is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(_account, _session, _failure)

    def account(self, name: str) -> Account | None:
        """Return the account of that name, None when there is none."""
        with self._database.read() as connection:
            card = connection.execute(sa.select(_account.c.card).where(_account.c.name == name))
            told = card.scalar()
        return _ACCOUNT.validate_json(told) if told else None

    def accounts(self) -> list[Account]:
        """Return all accounts, by name."""
        with self._database.read() as connection:
            cards = connection.execute(sa.select(_account.c.card).order_by(_account.c.name))
            return [_ACCOUNT.validate_json(card) for card in cards.scalars()]

    def add(self, account: Account, person: str, *, first: bool = False) -> bool:
        """Add an account; return whether its name was free.

        Args:
            person: who adds it.
            first: only if there is no account yet.
        """
        with self._database.write() as connection:
            some = sa.select(_account.c.name).limit(1)
            if connection.execute(some if first else some.where(_is(account.name))).first():
                return False
            connection.execute(sa.insert(_account).values(name=account.name, card=_json(account)))
            _log(connection, person, "account.added", account)
        return True

    def change(self, account: Account, person: str, what: str) -> None:
        """Put an account's new card down; `what` says in a word what is new."""
        with self._database.write() as connection:
            card = sa.update(_account).where(_is(account.name)).values(card=_json(account))
            connection.execute(card)
            _log(connection, person, f"account.{what}", account)

    # Sessions and tokens

    def begin(self, account: str, sort: str, label: str, address: str) -> str:
        """Begin a session, or make a token; return its secret, which is nowhere kept."""
        secret = secrets.token_urlsafe(SECRET_BYTES)
        row = {
            "sum": secret_sum(secret),
            "account": account,
            "sort": sort,
            "label": label[:200],
            "address": address,
            "begun": now(),
            "seen": now(),
            "ended": "",
        }
        with self._database.write() as connection:
            key = connection.execute(sa.insert(_session).values(**row)).inserted_primary_key
            assert key is not None
            _log_session(connection, account, f"{sort}.begun", {**row, "number": key[0]})
        return secret

    def session(self, secret: str) -> Session | None:
        """Return the session or token of a secret, also one that has ended; else None."""
        with self._database.read() as connection:
            which = sa.select(_session).where(_session.c.sum == secret_sum(secret))
            row = connection.execute(which).mappings().first()
        return _made(row) if row else None

    def sessions(self, account: str) -> list[Session]:
        """Return an account's sessions and tokens that go on, the newest first."""
        which = sa.select(_session).where(_session.c.account == account, _session.c.ended == "")
        with self._database.read() as connection:
            rows = connection.execute(which.order_by(_session.c.number.desc())).mappings()
            return [_made(row) for row in rows]

    def see(self, number: int) -> None:
        """Put down that a session was used just now."""
        with self._database.write() as connection:
            which = sa.update(_session).where(_session.c.number == number)
            connection.execute(which.values(seen=now()))

    def end(self, numbers: Iterable[int], person: str) -> None:
        """End sessions or tokens; those that have ended stay as they are."""
        with self._database.write() as connection:
            for number in numbers:
                which = _session.c.number == number, _session.c.ended == ""
                done = connection.execute(sa.update(_session).where(*which).values(ended=now()))
                if done.rowcount:
                    query = sa.select(_session).where(_session.c.number == number)
                    row = connection.execute(query).mappings().one()
                    _log_session(connection, person, f"{row['sort']}.ended", row)

    # Guessing

    def failures(self, keys: Iterable[str]) -> dict[str, tuple[int, str]]:
        """Return how often, and when last (UTC, ISO 8601), a sign-in failed, by key."""
        with self._database.read() as connection:
            query = sa.select(_failure).where(_failure.c.key.in_(list(keys)))
            return {key: (count, last) for key, count, last in connection.execute(query)}

    def fail(self, counts: Mapping[str, int], account: str, address: str) -> None:
        """Put down that a sign-in failed: the keys' new counts. An unknown name is not logged."""
        with self._database.write() as connection:
            for key, count in counts.items():
                row = sa.insert(_failure).prefix_with("OR REPLACE")
                connection.execute(row.values(key=key, count=count, last=now()))
            chain.append(connection, now(), account, "browser.refused", address=address)

    def forgive(self, key: str) -> None:
        """Forget failures: the person signed in."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_failure).where(_failure.c.key == key))


def contents(connection: Connection) -> dict[str, Iterator[tuple[str, str]]]:
    """Return all that the log bears witness to here: by sort, subjects and what is there now."""
    accounts = connection.execute(sa.select(_account)).mappings()
    sessions = connection.execute(sa.select(_session)).mappings()
    return {
        "account": ((f"account:{row['name']}", chain.sum_of(row["card"])) for row in accounts),
        "session": ((f"session:{row['number']}", _session_sum(row)) for row in sessions),
    }


def _is(name: str) -> sa.ColumnElement[bool]:
    return _account.c.name == name


def _log(connection: Connection, person: str, kind: str, account: Account) -> None:
    witness = chain.sum_of(_json(account))
    chain.append(connection, now(), person, kind, f"account:{account.name}", witness)


def _log_session(
    connection: Connection, person: str, kind: str, row: Mapping[str, Any] | RowMapping
) -> None:
    told = {"address": row["address"]}
    subject = f"session:{row['number']}"
    chain.append(connection, now(), person, kind, subject, _session_sum(row), **told)


def _session_sum(row: Mapping[str, Any] | RowMapping) -> str:
    return chain.row_sum({name: row[name] for name in _WITNESSED})


def _made(row: RowMapping) -> Session:
    return Session(**{name: row[name] for name in Session.__dataclass_fields__})


def _json(account: Account) -> str:
    return _ACCOUNT.dump_json(account).decode("utf-8")
