"""The desk of reviewing: what waits for whom, who has what open, what decisions showed.

What waits, what is left and what a book says is derived from records and decisions, and is made
anew for a book when its records or the rules change.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.letters import fold
from pipeline.store import chain
from pipeline.store.database import Database, metadata, now

_RULES = "review rules"  # name of a fact
_MOST_SAID = 2000  # texts that are looked through for suggestions: an answer must come at once
_STEPS = 1000  # of confidence that are told apart

_book = sa.Table(
    "review_book",
    metadata,
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("made", sa.Text, nullable=False),  # by which rules, of which records
)
_record = sa.Table(
    "review_record",
    metadata,
    sa.Column("record", sa.Text, primary_key=True),
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("fields", sa.Integer, nullable=False),
    sa.Column("unseen", sa.Integer, nullable=False),
    sa.Column("wrong", sa.Float, nullable=False),
    sa.Column("variance", sa.Float, nullable=False),
    sa.Index("review_record_by_book", "accession", "position"),
)
_again = sa.Table(
    "review_again",  # of records of a returned lot: the last decision before it came back
    metadata,
    sa.Column("record", sa.Text, primary_key=True),
    sa.Column("since", sa.Integer, nullable=False),
)
_waiting = sa.Table(
    "review_waiting",
    metadata,
    sa.Column("record", sa.Text, primary_key=True),
    sa.Column("reader", sa.Integer, primary_key=True),
    sa.Column("is_sensitive", sa.Boolean, primary_key=True),
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("worth", sa.Float, nullable=False),
    sa.Column("fields", sa.Integer, nullable=False),
    sa.Column("not_for", sa.Text, nullable=False),  # names between bars: |thu|hoa|
    sa.Index("review_waiting_in_book", "accession", sa.text("worth DESC"), "record"),
    sa.Index("review_waiting_by_worth", sa.text("worth DESC"), "record"),
)
_lease = sa.Table(
    "review_lease",
    metadata,
    sa.Column("record", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False),
)
_answer = sa.Table(
    "review_answer",
    metadata,
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("token", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
)
_measure = sa.Table(
    "review_measure",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("accession", sa.Text, nullable=False, index=True),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("reader", sa.Integer, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("sure", sa.Float, nullable=False),
    sa.Column("is_right", sa.Boolean),
    sa.Column("is_blind", sa.Boolean, nullable=False),
    sa.Column("keys", sa.Integer, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("is_overturned", sa.Boolean, nullable=False, default=False),
    sa.Column("is_undone", sa.Boolean, nullable=False, default=False),
    sa.Index("review_measure_by_field", "record", "key"),
    sa.Index("review_measure_by_person", "person", "number"),
)
_said = sa.Table(
    "review_said",
    metadata,
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("plain", sa.Text, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Index("review_said_in_book", "accession", "kind", "plain"),
    sa.Index("review_said_anywhere", "kind", "plain"),
)
_sure = sa.Table(
    "review_sure",  # how sure the machine is of the fields without a doubt
    metadata,
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("step", sa.Integer, primary_key=True),  # confidence in thousandths; -1: doubted
    sa.Column("fields", sa.Integer, nullable=False),
)
_lot = sa.Table(
    "review_lot",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("accession", sa.Text, nullable=False, index=True),
    sa.Column("card", sa.Text, nullable=False),
    sqlite_autoincrement=True,  # people write the number down
)
_READERS = (1, 2, 3)
_ADDED = (
    "records", "fields", "unseen", "wrong", "variance", "done",
    *(f"{what}_{reader}" for reader in _READERS for what in ("records", "fields")),
)  # fmt: skip
_sums = sa.Table(
    "review_sums",  # over a book's rows of `review_record` and `review_waiting`
    sa.MetaData(),  # apart: where it is missing, `Review` makes it and fills it
    sa.Column("accession", sa.Text, primary_key=True),
    *(
        sa.Column(name, sa.Float if name in ("wrong", "variance") else sa.Integer, nullable=False)
        for name in _ADDED
    ),
)
TABLES = (
    _book, _record, _again, _waiting, _lease, _answer, _measure, _said, _sure, _lot, _sums,
)  # fmt: skip
_ADD = sa.text(
    f"INSERT INTO review_sums (accession, {', '.join(_ADDED)})"
    f" VALUES (:accession, {', '.join(f':{name}' for name in _ADDED)})"
    " ON CONFLICT (accession) DO UPDATE SET "
    + ", ".join(f"{name} = {name} + :{name}" for name in _ADDED)
)
# The sums, counted from those rows: once for an archive that has none.
COUNTED = """
SELECT one.accession, count(*), sum(one.fields), sum(unseen), sum(wrong), sum(variance),
    sum(own.record IS NULL), coalesce(sum(records_1), 0), coalesce(sum(fields_1), 0),
    coalesce(sum(records_2), 0), coalesce(sum(fields_2), 0),
    coalesce(sum(records_3), 0), coalesce(sum(fields_3), 0)
FROM review_record AS one LEFT JOIN (
    SELECT record,
        max(reader = 1) AS records_1, sum((reader = 1) * fields) AS fields_1,
        max(reader = 2) AS records_2, sum((reader = 2) * fields) AS fields_2,
        max(reader = 3) AS records_3, sum((reader = 3) * fields) AS fields_3
    FROM review_waiting GROUP BY record
) AS own ON own.record = one.record
GROUP BY one.accession
"""


class Standing(NamedTuple):
    """What is left of a record; see `review.order.Left`. `position` is its place in the book."""

    record: str
    position: int
    fields: int
    unseen: int
    wrong: float
    variance: float


class Wait(NamedTuple):
    """What a record has for one reader; see `review.order.Waiting`."""

    record: str
    reader: int
    is_sensitive: bool
    worth: float
    fields: int
    not_for: frozenset[str]


class Measured(NamedTuple):
    """What a decision showed of the machine and of the person.

    Attributes:
        sure: the machine's confidence.
        is_right: whether the person read what the machine did; None where nothing can be read.
        keys: key strokes that it took; 0 when nobody counted.
        time: seconds since 1970.
    """

    number: int
    record: str
    key: str
    person: str
    reader: int
    time: float
    sure: float
    is_right: bool | None
    is_blind: bool
    keys: int
    value: str


@dataclass(frozen=True, slots=True)
class BookSums:
    """Sums over a book.

    Attributes:
        waiting: by reader, how many records and how many fields wait.
        done: records for which nobody waits.
    """

    records: int = 0
    fields: int = 0
    unseen: int = 0
    wrong: float = 0.0
    variance: float = 0.0
    done: int = 0
    waiting: Mapping[int, tuple[int, int]] = field(default_factory=dict)


class PersonSums(NamedTuple):
    """What a person did at the desk.

    Attributes:
        seconds: of work: times between two decisions, pauses left out.
        keys: key strokes in the fields where they were counted; `counted` is how many these are.
        overturned: how many of the fields another person decided otherwise.
    """

    person: str
    fields: int
    seconds: float
    keys: int
    counted: int
    overturned: int


class Review:
    """The tables of an archive; made when they are not there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(*TABLES, index=f"INSERT OR IGNORE INTO review_sums {COUNTED}")

    # The rules

    def rules(self, connection: Connection) -> str:
        """Return the rules as they were kept, JSON; empty before anybody set them."""
        return self._database.fact(connection, _RULES)

    def keep_rules(self, connection: Connection, told: str) -> None:
        """Keep the rules."""
        self._database.keep_fact(connection, _RULES, told)

    # What waits

    def made(self, connection: Connection) -> dict[str, str]:
        """Return of each book by what its part of the desk was made."""
        rows = connection.execute(sa.select(_book))
        return {row.accession: row.made for row in rows}

    def begin_book(self, connection: Connection, accession: str, made: str) -> None:
        """Empty a book's part of the desk, to be filled anew; leases and lots stay."""
        for table in (_record, _waiting, _said, _sure, _sums, _book):
            connection.execute(sa.delete(table).where(table.c.accession == accession))
        connection.execute(sa.insert(_book).values(accession=accession, made=made))

    def forget_book(self, connection: Connection, accession: str) -> None:
        """Put down that a book's part of the desk is to be made anew."""
        connection.execute(sa.delete(_book).where(_book.c.accession == accession))

    def keep_records(
        self,
        connection: Connection,
        accession: str,
        left: Iterable[Standing],
        waits: Iterable[Wait],
    ) -> None:
        """Put down what is left of records and what waits; earlier rows must be gone."""
        left, waits = list(left), list(waits)
        self._keep(connection, accession, left, waits)
        _add(connection, accession, _summed(left, waits))

    def _keep(
        self,
        connection: Connection,
        accession: str,
        left: Sequence[Standing],
        waits: Sequence[Wait],
    ) -> None:
        standing = [{"accession": accession, **one._asdict()} for one in left]
        waiting = [
            {"accession": accession, **one._asdict(), "not_for": _barred(one.not_for)}
            for one in waits
        ]
        if standing:
            connection.execute(sa.insert(_record), standing)
        if waiting:
            connection.execute(sa.insert(_waiting), waiting)

    def replace_record(
        self, connection: Connection, accession: str, left: Standing, waits: Iterable[Wait]
    ) -> None:
        """Put down anew what is left of one record and what waits."""
        own, record = list(waits), {"record": left.record}
        gone = _summed(
            [Standing(*row) for row in connection.execute(_STOOD, record)],
            [Wait(*row) for row in connection.execute(_WAITED, record)],
        )
        come = _summed([left], own)
        for table in (_record, _waiting):
            connection.execute(sa.delete(table).where(table.c.record == left.record))
        self._keep(connection, accession, [left], own)
        _add(connection, accession, {name: come[name] - gone[name] for name in _ADDED})

    def position(self, connection: Connection, record: str) -> int:
        """Return a record's place in its book, counted from 0; 0 when it is not known."""
        asked = sa.select(_record.c.position).where(_record.c.record == record)
        return connection.execute(asked).scalar() or 0

    def above(self, connection: Connection, accession: str, record: str) -> str:
        """Return the id of the record before one in its book; empty before the first."""
        place = self.position(connection, record)
        asked = sa.select(_record.c.record).where(
            _record.c.accession == accession, _record.c.position == place - 1
        )
        return connection.execute(asked).scalar() or ""

    def next_record(
        self,
        connection: Connection,
        person: str,
        accessions: Sequence[str],
        now: float,
        *,
        after: str = "",
        sensitive: bool = True,
    ) -> str:
        """Return the record of these books that a person should see next; empty without any.

        Records that another person has open are left out, and those whose other reader the person
        already was.

        Args:
            now: seconds since 1970.
            after: a record that the person leaves; the next one is less urgent, or the first.
            sensitive: the person may see sensitive fields.
        """
        taken = sa.select(_lease.c.record).where(_lease.c.until > now, _lease.c.person != person)
        asked = (
            sa.select(_waiting.c.record)
            .where(
                _waiting.c.accession == accessions[0]
                if len(accessions) == 1
                # The plus keeps SQLite at the order by worth: the first that fits ends the search.
                else sa.literal_column("+review_waiting.accession").in_(_these(accessions)),
                _waiting.c.not_for.not_like(f"%|{_escaped(person)}|%", escape="\\"),
                _waiting.c.record.not_in(taken),
                _waiting.c.record != after,
            )
            .order_by(_waiting.c.worth.desc(), _waiting.c.record)
            .limit(1)
        )
        if not sensitive:
            asked = asked.where(~_waiting.c.is_sensitive)
        place = sa.select(sa.func.max(_waiting.c.worth)).where(_waiting.c.record == after)
        worth = connection.execute(place).scalar() if after else None
        if worth is not None:
            behind = sa.or_(
                _waiting.c.worth < worth,
                sa.and_(_waiting.c.worth == worth, _waiting.c.record > after),
            )
            if found := connection.execute(asked.where(behind)).scalar():
                return str(found)
        return str(connection.execute(asked).scalar() or "")

    def sums(self, connection: Connection) -> dict[str, BookSums]:
        """Return the sums over each book."""
        return {
            row["accession"]: BookSums(
                row["records"],
                row["fields"],
                row["unseen"],
                max(0.0, row["wrong"]),  # what was added and taken away again leaves 1e-16
                max(0.0, row["variance"]),
                row["done"],
                {
                    reader: (row[f"records_{reader}"], row[f"fields_{reader}"])
                    for reader in _READERS
                    if row[f"records_{reader}"]
                },
            )
            for row in connection.execute(sa.select(_sums)).mappings()
        }

    def done(self, connection: Connection, accession: str) -> list[str]:
        """Return the records of a book for which nobody waits, in the book's order."""
        waits = sa.select(_waiting.c.record).where(_waiting.c.accession == accession)
        asked = (
            sa.select(_record.c.record)
            .where(_record.c.accession == accession, _record.c.record.not_in(waits))
            .order_by(_record.c.position)
        )
        return list(connection.execute(asked).scalars())

    def ask_again(self, connection: Connection, records: Sequence[str], since: int) -> None:
        """Put down that what was decided of records up to a decision is to be looked at again."""
        rows = [{"record": record, "since": since} for record in records]
        if rows:
            connection.execute(sa.insert(_again).prefix_with("OR REPLACE"), rows)

    def since(self, connection: Connection, accession: str) -> dict[str, int]:
        """Return of the records of a book that came back, the last decision before that."""
        asked = sa.select(_again).where(
            _again.c.record.startswith(f"{accession}/", autoescape=True)
        )
        return {row.record: row.since for row in connection.execute(asked)}

    def since_of(self, connection: Connection, record: str) -> int:
        """Return the last decision before a record came back; 0 when it never did."""
        asked = sa.select(_again.c.since).where(_again.c.record == record)
        return connection.execute(asked).scalar() or 0

    # Leases

    def holder(self, connection: Connection, record: str, now: float) -> str:
        """Return who has a record open; empty when nobody has, or the time has run out."""
        asked = sa.select(_lease.c.person).where(_lease.c.record == record, _lease.c.until > now)
        return connection.execute(asked).scalar() or ""

    def take(self, connection: Connection, record: str, person: str, until: float) -> None:
        """Put down that a person has a record open; whoever else had it has it no more."""
        connection.execute(
            sa.insert(_lease)
            .prefix_with("OR REPLACE")
            .values(record=record, person=person, until=until)
        )

    def release(self, connection: Connection, person: str, but: str = "") -> None:
        """Put down that a person has nothing open, but one record."""
        connection.execute(
            sa.delete(_lease).where(_lease.c.person == person, _lease.c.record != but)
        )

    # Answers and what they showed

    def answered(self, connection: Connection, person: str, token: str) -> int:
        """Return the number of the decision that a form's token brought; 0 when none came."""
        asked = sa.select(_answer.c.number).where(
            _answer.c.person == person, _answer.c.token == token
        )
        return connection.execute(asked).scalar() or 0

    def keep_answer(self, connection: Connection, person: str, token: str, number: int) -> None:
        """Put down which decision a form's token brought."""
        connection.execute(sa.insert(_answer).values(person=person, token=token, number=number))

    def keep_measure(self, connection: Connection, accession: str, measured: Measured) -> None:
        """Put down what a decision showed; earlier ones that it contradicts are overturned."""
        connection.execute(
            sa.update(_measure)
            .where(
                _measure.c.record == measured.record,
                _measure.c.key == measured.key,
                _measure.c.person != measured.person,
                _measure.c.value != measured.value,
                ~_measure.c.is_undone,
                sa.literal(measured.reader != 2),
            )
            .values(is_overturned=True)
        )
        connection.execute(
            sa.insert(_measure).values(
                accession=accession,
                is_overturned=False,
                is_undone=False,
                **measured._asdict(),
            )
        )

    def undo_measure(self, connection: Connection, number: int) -> None:
        """Put down that a decision was taken back."""
        connection.execute(
            sa.update(_measure).where(_measure.c.number == number).values(is_undone=True)
        )

    def last_of(self, connection: Connection, person: str) -> tuple[str, str, int] | None:
        """Return record, key and number of the last decision of a person that was not undone."""
        asked = (
            sa.select(_measure.c.record, _measure.c.key, _measure.c.number)
            .where(_measure.c.person == person, ~_measure.c.is_undone)
            .order_by(_measure.c.number.desc())
            .limit(1)
        )
        row = connection.execute(asked).first()
        return (row[0], row[1], row[2]) if row else None

    def blind(self, connection: Connection, sure: float) -> dict[str, tuple[int, int]]:
        """Return by book how many sure fields were read blind, and how many the machine had wrong.

        Where reader and machine differ, a field counts once another person has settled it; a
        reader who was overturned then was the one who was wrong.
        """
        asked = (
            sa.select(
                _measure.c.accession,
                sa.func.count(),
                sa.func.sum(sa.case((_measure.c.is_right | _measure.c.is_overturned, 0), else_=1)),
            )
            .where(
                _measure.c.is_blind,
                _measure.c.is_right.is_not(None),
                _measure.c.is_right | _is_settled(),
                _measure.c.reader == 1,
                _measure.c.sure >= sure,
                ~_measure.c.is_undone,
            )
            .group_by(_measure.c.accession)
        )
        return {row[0]: (row[1], row[2]) for row in connection.execute(asked)}

    def reliability(
        self, connection: Connection, accessions: Sequence[str], bins: int
    ) -> list[tuple[float, int, int]]:
        """Return by bin of the machine's confidence: its sum, fields, and how many were right."""
        place = sa.func.min(sa.cast(_measure.c.sure * bins, sa.Integer), bins - 1)
        asked = (
            sa.select(
                sa.func.sum(_measure.c.sure),
                sa.func.count(),
                sa.func.sum(sa.cast(_measure.c.is_right, sa.Integer)),
            )
            .where(
                _measure.c.accession.in_(_these(accessions)),
                _measure.c.reader == 1,
                _measure.c.is_right.is_not(None),
                _measure.c.is_right | ~_measure.c.is_blind | _is_settled(),
                ~_measure.c.is_undone,
                ~_measure.c.is_overturned,
            )
            .group_by(place)
            .order_by(place)
        )
        return [(row[0], row[1], row[2]) for row in connection.execute(asked)]

    def people(
        self, connection: Connection, accessions: Sequence[str], pause: float, after: float = 0.0
    ) -> list[PersonSums]:
        """Return what each person did in these books, by name.

        Args:
            pause: seconds between two decisions from which on nobody was working.
            after: only what was decided later than this, seconds since 1970.
        """
        gap = _measure.c.time - sa.func.lag(_measure.c.time).over(
            partition_by=_measure.c.person, order_by=_measure.c.number
        )
        each = (
            sa.select(_measure, gap.label("gap"))
            .where(_measure.c.accession.in_(_these(accessions)), _measure.c.time > after)
            .subquery()
        )
        asked = (
            sa.select(
                each.c.person,
                sa.func.count(),
                sa.func.coalesce(sa.func.sum(sa.case((each.c.gap <= pause, each.c.gap))), 0.0),
                sa.func.sum(each.c["keys"]),
                sa.func.sum(sa.case((each.c["keys"] > 0, 1), else_=0)),
                sa.func.sum(sa.cast(each.c.is_overturned, sa.Integer)),
            )
            .where(~each.c.is_undone)
            .group_by(each.c.person)
            .order_by(each.c.person)
        )
        return [PersonSums(*row) for row in connection.execute(asked)]

    def days_worked(self, connection: Connection, accessions: Sequence[str], after: float) -> int:
        """Return on how many days (UTC) something was decided in these books."""
        day = sa.cast(_measure.c.time / 86400, sa.Integer)
        asked = sa.select(sa.func.count(sa.distinct(day))).where(
            _measure.c.accession.in_(_these(accessions)), _measure.c.time > after
        )
        return connection.execute(asked).scalar() or 0

    # What a book says

    def keep_said(
        self, connection: Connection, accession: str, said: Mapping[tuple[str, str], int]
    ) -> None:
        """Put down what fields say, by kind and value, and how often; added to what is there."""
        rows = [
            {"accession": accession, "kind": kind, "value": value, "plain": fold(value), "count": n}
            for (kind, value), n in said.items()
        ]
        if rows:
            upsert = sa.text(
                "INSERT INTO review_said (accession, kind, value, plain, count)"
                " VALUES (:accession, :kind, :value, :plain, :count)"
                " ON CONFLICT (accession, kind, value) DO UPDATE SET count = count + :count"
            )
            connection.execute(upsert, rows)

    def said(
        self, connection: Connection, accession: str, kind: str, typed: str, limit: int
    ) -> list[str]:
        """Return what fields of a kind say that begins as typed, marks left out.

        The most frequent comes first. An empty accession is any book.
        """
        plain = fold(typed)
        some = (
            sa.select(_said.c.value, _said.c["count"])
            .where(
                _said.c.kind == kind,
                _said.c.plain >= plain,
                _said.c.plain < plain + "\U0010ffff",
            )
            .limit(_MOST_SAID)
        )
        if accession:
            some = some.where(_said.c.accession == accession)
        found = some.subquery()
        asked = (
            sa.select(found.c.value)
            .group_by(found.c.value)
            .order_by(sa.func.sum(found.c["count"]).desc(), found.c.value)
            .limit(limit)
        )
        return list(connection.execute(asked).scalars())

    def keep_sure(self, connection: Connection, accession: str, sure: Mapping[int, int]) -> None:
        """Put down how many fields of a book the machine was how sure of, in thousandths."""
        rows = [
            {"accession": accession, "step": step, "fields": fields}
            for step, fields in sure.items()
        ]
        if rows:
            connection.execute(sa.insert(_sure), rows)

    def sure(self, connection: Connection) -> list[tuple[float, int]]:
        """Return how sure the machine is of the fields of all books: confidence, and how many.

        Confidence -1 stands for fields that are doubted whatever it is.
        """
        asked = (
            sa.select(_sure.c.step, sa.func.sum(_sure.c.fields))
            .group_by(_sure.c.step)
            .order_by(_sure.c.step)
        )
        return [
            (row[0] / _STEPS if row[0] >= 0 else -1.0, row[1]) for row in connection.execute(asked)
        ]

    # Lots

    def add_lot(
        self, connection: Connection, accession: str, card: Mapping[str, Any], person: str
    ) -> int:
        """Put down a lot; return its number. The log bears witness to it."""
        told = json.dumps(dict(card), ensure_ascii=False)
        row = connection.execute(sa.insert(_lot).values(accession=accession, card=told))
        assert row.inserted_primary_key is not None
        number: int = row.inserted_primary_key[0]
        _log_lot(connection, person, "lot.drawn", number, told)
        return number

    def keep_lot(
        self, connection: Connection, number: int, card: Mapping[str, Any], person: str, kind: str
    ) -> None:
        """Put down how far a lot has come; `kind` is what was done, for the log."""
        told = json.dumps(dict(card), ensure_ascii=False)
        connection.execute(sa.update(_lot).where(_lot.c.number == number).values(card=told))
        _log_lot(connection, person, kind, number, told)

    def lots(
        self, connection: Connection, number: int = 0
    ) -> list[tuple[int, str, dict[str, Any]]]:
        """Return the lots, the newest first: number, book, card; or the one of that number."""
        asked = sa.select(_lot).order_by(_lot.c.number.desc())
        if number:
            asked = asked.where(_lot.c.number == number)
        rows = connection.execute(asked).mappings()
        return [(row["number"], row["accession"], json.loads(row["card"])) for row in rows]

    def contents(self, connection: Connection) -> Iterator[tuple[str, str]]:
        """Return what the log bears witness to here: subjects, and what is there now."""
        for row in connection.execute(sa.select(_lot)):
            yield f"lot:{row.number}", chain.sum_of(row.card)


_STOOD = sa.text(f"SELECT {', '.join(Standing._fields)} FROM review_record WHERE record = :record")
_WAITED = sa.text(f"SELECT {', '.join(Wait._fields)} FROM review_waiting WHERE record = :record")


def _summed(left: Sequence[Standing], waits: Sequence[Wait]) -> dict[str, float]:
    """Return what records add to the sums of their book."""
    found: dict[str, float] = dict.fromkeys(_ADDED, 0)
    open_ = {one.record for one in waits}
    found["records"] = len(left)
    found["done"] = len([one for one in left if one.record not in open_])
    for name in ("fields", "unseen", "wrong", "variance"):
        found[name] = sum(getattr(one, name) for one in left)
    for reader in _READERS:
        own = [one for one in waits if one.reader == reader]
        found[f"records_{reader}"] = len({one.record for one in own})
        found[f"fields_{reader}"] = sum(one.fields for one in own)
    return found


def _add(connection: Connection, accession: str, added: Mapping[str, float]) -> None:
    """Add to the sums of a book."""
    connection.execute(_ADD, {"accession": accession, **added})


def step_of(confidence: float) -> int:
    """Return a confidence in thousandths, rounded down."""
    return int(confidence * _STEPS)


def _log_lot(connection: Connection, person: str, kind: str, number: int, told: str) -> None:
    chain.append(connection, now(), person, kind, f"lot:{number}", chain.sum_of(told))


def _is_settled() -> sa.ColumnElement[bool]:
    """Say whether another person decided between the readings of a measured field."""
    other = _measure.alias()
    return sa.exists().where(
        other.c.record == _measure.c.record,
        other.c.key == _measure.c.key,
        other.c.reader == 3,
        ~other.c.is_undone,
    )


def _these(accessions: Sequence[str]) -> sa.Select[Any]:
    """Return the accessions as a query: SQLite allows 999 variables on old builds."""
    listed = sa.func.json_each(json.dumps(list(accessions))).table_valued("value")
    return sa.select(listed.c.value)


def _barred(people: Iterable[str]) -> str:
    return "|" + "".join(f"{_name(person)}|" for person in sorted(people))


def _name(person: str) -> str:
    return person.replace("|", "/")  # no account has one; it would end a name


def _escaped(person: str) -> str:
    name = _name(person)
    for sign in ("\\", "%", "_"):
        name = name.replace(sign, "\\" + sign)
    return name
