"""The archive's log as a chain of hashes: nothing in it can be changed, left out or slipped in.

Every act is an event: a decision, a look at a record, a log-in, an export, a changed right. Each
holds the hash of the one before, so a later edit breaks every link behind it. An event may also
bear witness to what it wrote: the hash of the row or rows that must be found under its subject
until the next event about that subject says otherwise. So an edit of those rows is found too.

What the chain cannot show by itself is that its newest events were cut off, or that all of it was
made anew: that is seen by a head (`head`) that was kept elsewhere. Each sealed package keeps one;
another belongs outside this machine, on paper, as who can cut the log may edit the packages too.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

FIRST = "0" * 64  # the hash before the first event
_PART = 2000  # events read at a time
_metadata = sa.MetaData()
_event = sa.Table(
    "event",
    _metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("witness", sa.Text, nullable=False),
    sa.Column("told", sa.Text, nullable=False),
    sa.Column("before", sa.Text, nullable=False),
    sa.Column("sum", sa.Text, nullable=False),
    sa.Index("event_by_subject", "subject", "sequence"),
    sa.Index("event_by_kind", "kind", "sequence"),
)
_FIXED = """
CREATE TRIGGER IF NOT EXISTS event_{act} BEFORE {act} ON event
BEGIN SELECT RAISE(ABORT, 'the log is only ever added to'); END
"""


class Event(NamedTuple):
    """One act, as it was logged.

    Attributes:
        sequence: its place in the log, counted from 1 without gaps.
        time: UTC, ISO 8601.
        kind: what was done: `decision`, `look.search`, `account.sign_in`, …
        subject: what it was done to, `<sort>:<id>`; empty when there is no one thing.
        witness: hash of what must be found there from now on; empty when nothing must.
        told: small facts; ids, never what a record says.
    """

    sequence: int
    time: str
    person: str
    kind: str
    subject: str
    witness: str
    told: Mapping[str, Any]


class Head(NamedTuple):
    """The newest event: its place and its hash. Who keeps it elsewhere can see a later cut."""

    sequence: int
    sum: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.sum}"


class Break(NamedTuple):
    """A place where the database is not what the program wrote.

    Attributes:
        what: `event` was edited, `gap` in the log, `head` is not in it; of what the log bears
            witness to, `changed`, `gone`, or `unknown` (no event tells of it).
        sequence: of the event that shows it; 0 when there is none.
        subject: what is not as it was; empty when it is the log itself.
    """

    what: Literal["event", "gap", "head", "changed", "gone", "unknown"]
    sequence: int
    subject: str


def make(connection: Connection) -> None:
    """Make the log where there is none."""
    _metadata.create_all(connection)
    for act in ("UPDATE", "DELETE"):
        connection.exec_driver_sql(_FIXED.format(act=act))


def append(
    connection: Connection,
    time: str,
    person: str,
    kind: str,
    subject: str = "",
    witness: str = "",
    **told: Any,
) -> int:
    """Log an act in the transaction that it is done in; return its place in the log.

    Args:
        time: UTC, ISO 8601.
        witness: hash (`sum_of`, `fold`) of what must be found under the subject from now on;
            empty: nothing must.
        told: small facts that JSON can hold; ids, never what a record says.
    """
    last = head(connection)
    event = {
        "sequence": last.sequence + 1,
        "time": time,
        "person": person,
        "kind": kind,
        "subject": subject,
        "witness": witness,
        "told": json.dumps(told, ensure_ascii=False, sort_keys=True),
        "before": last.sum,
    }
    connection.execute(sa.insert(_event).values(**event, sum=_sum(event)))
    return last.sequence + 1


def sum_of(*texts: str) -> str:
    """Return the hash of texts in order, each with its length, so that none runs into the next."""
    total = hashlib.sha256()
    for text in texts:
        raw = text.encode("utf-8")
        total.update(len(raw).to_bytes(8, "big"))
        total.update(raw)
    return total.hexdigest()


def row_sum(row: Mapping[str, Any] | RowMapping) -> str:
    """Return the hash of a row of a table, all its columns."""
    return sum_of(json.dumps(dict(row), ensure_ascii=False, sort_keys=True))


def fold(before: str, rows: Iterable[str]) -> str:
    """Return the hash of rows that follow those of another hash: a list that grows."""
    total = before
    for row in rows:
        total = sum_of(total, row)
    return total


def witness(connection: Connection, subject: str) -> str:
    """Return the hash of what must be found under a subject; empty when nothing must."""
    last = (
        sa.select(_event.c.witness)
        .where(_event.c.subject == subject)
        .order_by(_event.c.sequence.desc())
        .limit(1)
    )
    return connection.execute(last).scalar() or ""


def head(connection: Connection) -> Head:
    """Return the newest event's place and hash."""
    newest = sa.select(_event.c.sequence, _event.c.sum).order_by(_event.c.sequence.desc()).limit(1)
    row = connection.execute(newest).first()
    return Head(row.sequence, row.sum) if row else Head(0, FIRST)


def events(
    connection: Connection, *, kind: str = "", after: int = 0, until: int = 0, limit: int = 0
) -> list[Event]:
    """Return events, oldest first.

    Args:
        kind: how their kinds begin: `look.`; empty: all.
        after: only those with a greater place in the log.
        until: only those with a smaller one, newest first; 0: no bound.
        limit: how many at most; 0: all.
    """
    query = sa.select(_event).where(_event.c.sequence > after)
    query = query.order_by(_event.c.sequence.desc() if until else _event.c.sequence)
    if until:
        query = query.where(_event.c.sequence < until)
    if kind:
        query = query.where(_event.c.kind.startswith(kind, autoescape=True))
    if limit:
        query = query.limit(limit)
    return [_told(row) for row in connection.execute(query).mappings()]


def find_breaks(
    connection: Connection,
    found: Mapping[str, Iterable[tuple[str, str]]],
    known: Iterable[Head] = (),
) -> Iterator[Break]:
    """Compare the log with itself, and what it bears witness to with what is there.

    Args:
        found: by sort of subject, all that is there now: subjects, and the hashes of their
            contents (`sum_of`).
        known: heads that were kept elsewhere; they must be in the log.
    """
    yield from _broken_links(connection)
    for kept in sorted(set(known)):
        told = sa.select(_event.c.sum).where(_event.c.sequence == kept.sequence)
        if connection.execute(told).scalar() != kept.sum:
            yield Break("head", kept.sequence, "")
    for sort, rows in found.items():
        expected = _witnessed(connection, sort)
        for subject, content in rows:
            sequence, witness = expected.pop(subject, (0, ""))
            if not witness:
                yield Break("unknown", sequence, subject)
            elif witness != content:
                yield Break("changed", sequence, subject)
        for subject, (sequence, witness) in expected.items():
            if witness:
                yield Break("gone", sequence, subject)


def _broken_links(connection: Connection) -> Iterator[Break]:
    last = Head(0, FIRST)
    while True:
        query = sa.select(_event).where(_event.c.sequence > last.sequence)
        rows = connection.execute(query.order_by(_event.c.sequence).limit(_PART)).mappings().all()
        for row in rows:
            if row["sequence"] != last.sequence + 1:
                yield Break("gap", row["sequence"], "")
            elif row["before"] != last.sum or row["sum"] != _sum(row):
                yield Break("event", row["sequence"], row["subject"])
            last = Head(row["sequence"], row["sum"])
        if len(rows) < _PART:
            return


def _witnessed(connection: Connection, sort: str) -> dict[str, tuple[int, str]]:
    """Return of each subject of a sort its last event: place in the log, and witness."""
    query = (
        sa.select(_event.c.subject, _event.c.sequence, _event.c.witness)
        .where(_event.c.subject.startswith(f"{sort}:", autoescape=True))
        .order_by(_event.c.subject, _event.c.sequence)
    )
    rows = connection.execute(query)
    newest = (list(same)[-1] for _subject, same in groupby(rows, key=lambda row: row.subject))
    return {row.subject: (row.sequence, row.witness) for row in newest}


def _sum(event: Mapping[str, Any] | RowMapping) -> str:
    names = ("sequence", "time", "person", "kind", "subject", "witness", "told", "before")
    return sum_of(*(str(event[name]) for name in names))


def _told(row: RowMapping) -> Event:
    return Event(
        row["sequence"],
        row["time"],
        row["person"],
        row["kind"],
        row["subject"],
        row["witness"],
        json.loads(row["told"]),
    )
