"""Phones that were lent to a book: a pass to be shown once, then a session until it expires.

Only hashes are stored: whoever reads the database can open nothing with it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from pipeline.store import chain
from pipeline.store.database import Database, metadata, now

_phone = sa.Table(
    "phone",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("accession", sa.ForeignKey("book.accession"), nullable=False, index=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("pass_hash", sa.Text, nullable=False, unique=True),
    sa.Column("session_hash", sa.Text, nullable=False, default="", index=True),
    sa.Column("begun", sa.Text, nullable=False),
    sa.Column("expires", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that may send pictures into one book, for one person.

    Attributes:
        is_taken: a phone has shown the pass; no other can.
        expires: UTC, ISO 8601.
    """

    number: int
    accession: str
    person: str
    is_taken: bool
    expires: str


class Phones:
    """The phones of an archive; made when it has none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(_phone)

    def lend(self, accession: str, person: str, time: timedelta) -> str:
        """Return a pass that a phone may show once within that time."""
        secret = secrets.token_urlsafe(24)
        expires = (datetime.now(UTC) + time).isoformat(timespec="seconds")
        with self._database.write() as connection:
            key = connection.execute(
                sa.insert(_phone).values(
                    accession=accession,
                    person=person,
                    pass_hash=_hash(secret),
                    session_hash="",
                    begun=now(),
                    expires=expires,
                )
            ).inserted_primary_key
            assert key is not None
            subject = f"phone:{key[0]}"
            chain.append(connection, now(), person, "phone.lent", subject, book=accession)
        return secret

    def take(self, secret: str) -> str | None:
        """Return the session of the phone that shows a pass; None: it is used, old or wrong."""
        session = secrets.token_urlsafe(24)
        valid = sa.and_(
            _phone.c.pass_hash == _hash(secret),
            _phone.c.session_hash == "",
            _phone.c.expires > now(),
        )
        with self._database.write() as connection:
            row = connection.execute(sa.select(_phone).where(valid)).first()
            if row is None:
                return None
            connection.execute(
                sa.update(_phone)
                .where(_phone.c.number == row.number)
                .values(session_hash=_hash(session))
            )
            chain.append(connection, now(), row.person, "phone.taken", f"phone:{row.number}")
        return session

    def find(self, session: str) -> Phone | None:
        """Return the phone of a session, None when it has ended or there is none."""
        if not session:
            return None
        told = sa.select(_phone).where(
            _phone.c.session_hash == _hash(session), _phone.c.expires > now()
        )
        with self._database.read() as connection:
            row = connection.execute(told).first()
        return _made(row) if row else None

    def lent(self, accession: str) -> list[Phone]:
        """Return the phones of a book whose time has not ended, oldest first."""
        told = (
            sa.select(_phone)
            .where(_phone.c.accession == accession, _phone.c.expires > now())
            .order_by(_phone.c.number)
        )
        with self._database.read() as connection:
            return [_made(row) for row in connection.execute(told)]

    def end(self, accession: str, number: int, person: str) -> bool:
        """End a phone's time now; return whether it was lent."""
        with self._database.write() as connection:
            done = connection.execute(
                sa.update(_phone)
                .where(
                    _phone.c.number == number,
                    _phone.c.accession == accession,
                    _phone.c.expires > now(),
                )
                .values(expires=now())
            )
            if done.rowcount:
                chain.append(connection, now(), person, "phone.ended", f"phone:{number}")
            return bool(done.rowcount)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def _made(row: sa.Row[Any]) -> Phone:
    return Phone(row.number, row.accession, row.person, bool(row.session_hash), row.expires)
