"""Certified extracts that were made: what each said, under which number; never changed after."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.store import chain
from pipeline.store.database import Database, metadata, now

_extract = sa.Table(
    "extract",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("record", sa.Text, nullable=False, index=True),
    sa.Column("office", sa.Text, nullable=False),
    sa.Column("sign", sa.Text, nullable=False),  # behind the number: TLKS-BS
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer),  # of that office and year; NULL: written by hand
    sa.Column("card", sa.Text, nullable=False),
    sa.UniqueConstraint("office", "sign", "year", "number"),
    sqlite_autoincrement=True,
)


class Extracts:
    """All extracts of an archive; the table is made where there is none."""

    def __init__(self, database: Database) -> None:
        database.make(_extract)

    def last(self, connection: Connection, office: str, sign: str, year: int) -> int:
        """Return the highest number that an office has given in a year; 0 before the first."""
        asked = sa.select(sa.func.max(_extract.c.number)).where(
            _extract.c.office == office, _extract.c.sign == sign, _extract.c.year == year
        )
        return connection.execute(asked).scalar() or 0

    def has(self, connection: Connection, office: str, sign: str, year: int, number: int) -> bool:
        """Say whether an office has given that number in that year."""
        asked = sa.select(_extract.c.id).where(
            _extract.c.office == office,
            _extract.c.sign == sign,
            _extract.c.year == year,
            _extract.c.number == number,
        )
        return connection.execute(asked).first() is not None

    def add(
        self,
        connection: Connection,
        record: str,
        number: tuple[str, str, int, int | None],
        card: Mapping[str, Any],
        person: str,
        **told: Any,
    ) -> int:
        """Keep an extract; return what it is called by. The log bears witness to it.

        Args:
            record: its id.
            number: office, sign, year and the number itself.
            card: what it says.
            person: who made it.
            told: what the log is told besides; never what the entry says.
        """
        office, sign, year, own = number
        text = json.dumps(dict(card), ensure_ascii=False)
        row = connection.execute(
            sa.insert(_extract).values(
                record=record, office=office, sign=sign, year=year, number=own, card=text
            )
        )
        assert row.inserted_primary_key is not None
        id_: int = row.inserted_primary_key[0]
        total = chain.sum_of(record, text)
        subject = f"extract:{id_}"
        kind = "export.extract"
        chain.append(connection, now(), person, kind, subject, total, records=[record], **told)
        return id_

    def find(self, connection: Connection, id_: int) -> tuple[str, dict[str, Any]] | None:
        """Return the record and the card of an extract; None when there is none."""
        asked = sa.select(_extract.c.record, _extract.c.card).where(_extract.c.id == id_)
        row = connection.execute(asked).first()
        return (row.record, json.loads(row.card)) if row else None

    def of_record(self, connection: Connection, record: str) -> list[tuple[int, dict[str, Any]]]:
        """Return the extracts of a record, the newest first: what they are called by, and cards."""
        asked = sa.select(_extract.c.id, _extract.c.card).where(_extract.c.record == record)
        rows = connection.execute(asked.order_by(_extract.c.id.desc()))
        return [(row.id, json.loads(row.card)) for row in rows]

    def contents(self, connection: Connection) -> Iterator[tuple[str, str]]:
        """Return what the log bears witness to here: subjects, and what is there now."""
        for row in connection.execute(sa.select(_extract)):
            yield f"extract:{row.id}", chain.sum_of(row.record, row.card)
