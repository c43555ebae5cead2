"""The database of one archive: books, masters, pages and their states, records, decisions, log.

SQLite in WAL mode with synchronous=FULL: measured, 200 acknowledged commits before a power cut
were all there with FULL and none with NORMAL. Only one process writes; many may read.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection, Engine, RowMapping
from sqlalchemy.exc import DatabaseError, OperationalError

from pipeline.errors import StorageError
from pipeline.store import chain
from pipeline.store.decisions import standing
from pipeline.store.durable import refuse_network_disk
from pipeline.values import Book, Decision, Gutter, Master, Page, PageReading, Record, Step
from pipeline.words import _

PageState = Literal["waiting", "read", "failed"]
_SEALING = "…"  # of a book whose package is being made
SCHEMA_VERSION = 3  # PRAGMA user_version; an older program refuses a newer database

metadata = sa.MetaData()
_book = sa.Table(
    "book",
    metadata,
    sa.Column("accession", sa.Text, primary_key=True),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("added", sa.Text, nullable=False),
    sa.Column("sealed", sa.Text, nullable=False, default=""),
)
_master = sa.Table(
    "master",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("accession", sa.ForeignKey("book.accession"), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("added", sa.Text, nullable=False),
    sa.UniqueConstraint("accession", "number"),
)
_page = sa.Table(
    "page",
    metadata,
    sa.Column("accession", sa.ForeignKey("book.accession"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("master", sa.ForeignKey("master.sha256"), nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, default="waiting"),
    sa.Column("error", sa.Text, nullable=False, default=""),
    sa.Column("readings", sa.Text, nullable=False, default="[]"),
)
_place = sa.Table(
    "page_place",  # of pages that people arranged; made anew from their acts, store/arrangement.py
    metadata,
    sa.Column("accession", sa.ForeignKey("book.accession"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),  # of the page; 0 tells of the whole book
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("in_tray", sa.Boolean, nullable=False),
    sa.Column("gutter", sa.Text, nullable=False),
)
_STANDS = sa.and_(_place.c.accession == _page.c.accession, _place.c.number == _page.c.number)
# A scan that came after the pages were arranged stands behind them: positions run as numbers do.
_ORDER = sa.func.coalesce(_place.c.position, _page.c.number)
_IN_BOOK = _place.c.in_tray.is_not(True)  # most pages were never arranged, and stand nowhere else
_record = sa.Table(
    "record",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("accession", sa.ForeignKey("book.accession"), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    sa.Index("record_by_book", "accession", "position"),
)
_typed = sa.Table(
    "typed",  # of a record that was imported, where from; see store/typed.py
    metadata,
    sa.Column("record", sa.ForeignKey("record.id"), primary_key=True),
    sa.Column("accession", sa.ForeignKey("book.accession"), nullable=False, index=True),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("run", sa.Integer, nullable=False),
    sa.Column("sheet", sa.Text, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("scan", sa.Text, nullable=False),
    sa.Index("typed_by_entry", "accession", "entry"),
)
_decision = sa.Table(
    "decision",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("record", sa.Text, nullable=False, index=True),
    sa.Column("card", sa.Text, nullable=False),
)
_step = sa.Table(
    "step",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("accession", sa.Text, nullable=False, index=True),
    sa.Column("card", sa.Text, nullable=False),
)
_fact = sa.Table(
    "fact",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

_BOOK, _MASTER, _PAGE = TypeAdapter(Book), TypeAdapter(Master), TypeAdapter(Page)
_RECORD, _DECISION, _STEP = TypeAdapter(Record), TypeAdapter(Decision), TypeAdapter(Step)
_READINGS = TypeAdapter(tuple[PageReading, ...])
_UNREAD = chain.sum_of("[]")  # of the readings of a page that nobody read yet


@dataclass(frozen=True, slots=True)
class PageWork:
    """A page and how far it has come.

    Attributes:
        error: class name and sentence of what went wrong, as a pair; None when nothing did.
        sides: how many sides were read; 0 while none was.
        form: id of the form that was recognised; empty when none was, or nothing was read.
        form_confidence: 0 to 1; 0 without a form.
    """

    page: Page
    state: PageState
    error: tuple[str, str] | None
    sides: int
    form: str
    form_confidence: float


class Look(NamedTuple):
    """A look-up: when (UTC, ISO 8601), who, what was done, the ids of the records, what for."""

    time: str
    person: str
    action: str
    records: list[str]
    purpose: str


def now() -> str:
    """Return the time in UTC, ISO 8601 with seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class Database:
    """All that the archive knows; every method is one transaction unless given a connection."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._made: set[str] = set()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open a writing transaction; all in it is kept, or nothing.

        Raises:
            StorageError: the disk is full or read-only, or another program holds the database.
        """
        with _explained(), self.engine.connect() as connection:
            # The write lock is taken at once: a reader that later writes could not wait for it.
            writing = connection.execution_options(immediate=True)
            with writing.begin():
                yield writing

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a reading transaction: one unchanging view of the database."""
        with _explained(), self.engine.connect() as connection, connection.begin():
            yield connection

    def make(self, *tables: sa.Table, index: str = "") -> None:
        """Make tables that an older archive does not have; `index` is one more statement."""
        last = tables[-1].name
        if last in self._made:  # asked for with every request
            return
        with self.read() as connection:
            is_there = sa.inspect(connection).has_table(last)
        if not is_there:
            with self.write() as connection:
                for table in tables:
                    table.create(connection, checkfirst=True)
                if index:
                    connection.exec_driver_sql(index)
        self._made.add(last)

    # Books and masters

    def add_book(self, book: Book, person: str = "") -> None:
        """Put down a book, or its corrected card."""
        card = _json(_BOOK, book)
        with self.write() as connection:
            known = connection.execute(
                sa.update(_book).where(_book.c.accession == book.accession).values(card=card)
            )
            if known.rowcount == 0:
                self.add_new_books(connection, [book], person)
            else:
                self._log(connection, person, "book.changed", f"book:{book.accession}", card)

    def add_new_books(
        self, connection: Connection, books: Sequence[Book], person: str = ""
    ) -> None:
        """Put down books that the archive does not have."""
        rows = [
            {"accession": book.accession, "card": _json(_BOOK, book), "added": now(), "sealed": ""}
            for book in books
        ]
        if rows:
            connection.execute(sa.insert(_book), rows)
        for row in rows:
            self._log(connection, person, "book.added", f"book:{row['accession']}", row["card"])

    def book(self, accession: str) -> Book | None:
        """Return the book, None when there is none."""
        row = self._one(sa.select(_book.c.card).where(_book.c.accession == accession))
        return _BOOK.validate_json(row["card"]) if row else None

    def find_books(self, accessions: Sequence[str]) -> dict[str, Book]:
        """Return the books with these accessions; unknown ones are left out."""
        found: dict[str, Book] = {}
        for start in range(0, len(accessions), 500):  # as in `find_records`
            part = accessions[start : start + 500]
            rows = self._all(sa.select(_book).where(_book.c.accession.in_(part)))
            found |= {row["accession"]: _BOOK.validate_json(row["card"]) for row in rows}
        return found

    def books(self) -> list[Book]:
        """Return all books, by accession."""
        rows = self._all(sa.select(_book.c.card).order_by(_book.c.accession))
        return [_BOOK.validate_json(row["card"]) for row in rows]

    def books_with_pages(self) -> list[Book]:
        """Return the books that have scans, by accession."""
        has_pages = sa.exists().where(_page.c.accession == _book.c.accession)
        rows = self._all(sa.select(_book.c.card).where(has_pages).order_by(_book.c.accession))
        return [_BOOK.validate_json(row["card"]) for row in rows]

    def places(self) -> frozenset[str]:
        """Return the places of all books, as their cards write them."""
        place = sa.func.json_extract(_book.c.card, "$.place")
        rows = self._all(sa.select(place.label("place")).distinct())
        return frozenset(row["place"] for row in rows)

    def add_master(
        self,
        accession: str,
        master: Master,
        pages: Sequence[Page],
        person: str = "",
        then: Callable[[Connection], None] = lambda _connection: None,
    ) -> None:
        """Acknowledge a master that is safe on the disk, with its pages: all or nothing.

        Args:
            then: what else belongs into the same transaction.
        """
        card = _json(_MASTER, master)
        with self.write() as connection:
            connection.execute(
                sa.insert(_master).values(
                    sha256=master.sha256,
                    accession=accession,
                    number=master.number,
                    card=card,
                    added=now(),
                )
            )
            self._log(connection, person, "master.added", f"master:{master.sha256}", card)
            for page in pages:
                connection.execute(
                    sa.insert(_page).values(
                        accession=accession,
                        number=page.number,
                        master=page.master,
                        card=_json(_PAGE, page),
                    )
                )
            self.unseal(connection, accession)
            then(connection)

    def find_master(self, sha256: str) -> tuple[str, Master] | None:
        """Return the book (accession) and the master that has these bytes, None when none has."""
        row = self._one(
            sa.select(_master.c.accession, _master.c.card).where(_master.c.sha256 == sha256)
        )
        return (row["accession"], _MASTER.validate_json(row["card"])) if row else None

    def masters(self, accession: str) -> list[Master]:
        """Return the masters of a book, by number."""
        rows = self._all(
            sa.select(_master.c.card)
            .where(_master.c.accession == accession)
            .order_by(_master.c.number)
        )
        return [_MASTER.validate_json(row["card"]) for row in rows]

    # Pages and what was read on them

    def pages(self, accession: str) -> list[Page]:
        """Return the pages of a book in its order, without those in the tray."""
        return [work.page for work in self.page_work(accession)]

    def all_pages(self, accession: str) -> list[Page]:
        """Return the pages of a book by number, also those in the tray."""
        rows = self._all(
            sa.select(_page.c.card).where(_page.c.accession == accession).order_by(_page.c.number)
        )
        return [_PAGE.validate_json(row["card"]) for row in rows]

    def page_order(self, accession: str) -> list[int]:
        """Return the numbers of a book's pages in its order, without those in the tray."""
        rows = self._all(
            sa.select(_page.c.number)
            .outerjoin(_place, _STANDS)
            .where(_page.c.accession == accession, _IN_BOOK)
            .order_by(_ORDER)
        )
        return [row["number"] for row in rows]

    def tray(self, accession: str, connection: Connection | None = None) -> frozenset[int]:
        """Return the numbers of a book's pages that lie in the tray."""
        told = sa.select(_place.c.number).where(_place.c.accession == accession, _place.c.in_tray)
        with nullcontext(connection) if connection else self.read() as reading:
            return frozenset(reading.execute(told).scalars())

    def page_numbers(self, connection: Connection, accession: str) -> list[int]:
        """Return the numbers of the pages of a book, also of those in the tray."""
        told = sa.select(_page.c.number).where(_page.c.accession == accession)
        return list(connection.execute(told.order_by(_page.c.number)).scalars())

    def pages_version(self, connection: Connection, accession: str) -> tuple[int, int, int]:
        """Return three numbers that change when pages come in, are read or judged anew."""
        waiting = sa.func.sum(_page.c.state == "waiting")
        told = sa.select(sa.func.count(), waiting, sa.func.sum(sa.func.length(_page.c.card)))
        row = connection.execute(told.where(_page.c.accession == accession)).one()
        return row[0], row[1] or 0, row[2] or 0

    def gutters(self, accession: str, connection: Connection | None = None) -> dict[int, Gutter]:
        """Return where people part the spreads of a book, by number; 0 is for all other pages."""
        told = sa.select(_place.c.number, _place.c.gutter).where(
            _place.c.accession == accession, _place.c.gutter != ""
        )
        with nullcontext(connection) if connection else self.read() as reading:
            return {row.number: Gutter(*json.loads(row.gutter)) for row in reading.execute(told)}

    def arrange_pages(
        self,
        connection: Connection,
        accession: str,
        order: Sequence[int],
        tray: Iterable[int],
        gutters: Mapping[int, Gutter],
    ) -> None:
        """Put down in which order a book's pages stand, which lie in the tray, and the gutters.

        A page whose gutter is another than before waits to be read again.
        """
        before, hidden = self.gutters(accession, connection), frozenset(tray)
        connection.execute(sa.delete(_place).where(_place.c.accession == accession))
        connection.execute(
            sa.insert(_place),
            [
                {
                    "accession": accession,
                    "number": number,
                    "position": position,
                    "in_tray": number in hidden,
                    "gutter": json.dumps(gutters[number]) if number in gutters else "",
                }
                for position, number in enumerate([0, *order])
            ],
        )
        again = [
            number for number in order if gutter_of(before, number) != gutter_of(gutters, number)
        ]
        for start in range(0, len(again), 500):  # as in `find_records`
            connection.execute(
                sa.update(_page)
                .where(
                    _page.c.accession == accession, _page.c.number.in_(again[start : start + 500])
                )
                .values(state="waiting", error="")
            )
        self.unseal(connection, accession)

    def page(self, accession: str, number: int) -> Page | None:
        """Return a page of a book, None when there is none of that number."""
        row = self._one(
            sa.select(_page.c.card).where(_page.c.accession == accession, _page.c.number == number)
        )
        return _PAGE.validate_json(row["card"]) if row else None

    def page_work(self, accession: str) -> list[PageWork]:
        """Return the pages of a book with their states, in its order, without those in the tray."""
        rows = self._all(
            sa.select(
                _page.c.card,
                _page.c.state,
                _page.c.error,
                sa.func.json_array_length(_page.c.readings).label("sides"),
                # Both sides of a spread have one form; whole readings are long to parse.
                sa.func.json_extract(_page.c.readings, "$[0].form").label("form"),
                sa.func.json_extract(_page.c.readings, "$[0].form_confidence").label("sure"),
            )
            .outerjoin(_place, _STANDS)
            .where(_page.c.accession == accession, _IN_BOOK)
            .order_by(_ORDER)
        )
        return [
            PageWork(
                _PAGE.validate_json(row["card"]),
                row["state"],
                tuple(json.loads(row["error"])) if row["error"] else None,
                row["sides"],
                row["form"] or "",
                row["sure"] or 0.0,
            )
            for row in rows
        ]

    def page_counts(self) -> dict[str, dict[str, int]]:
        """Return of each book how many pages it has in each state, without those in the tray."""
        rows = self._all(
            sa.select(_page.c.accession, _page.c.state, sa.func.count().label("pages"))
            .outerjoin(_place, _STANDS)
            .where(_IN_BOOK)
            .group_by(_page.c.accession, _page.c.state)
        )
        found: dict[str, dict[str, int]] = {}
        for row in rows:
            found.setdefault(row["accession"], {})[row["state"]] = row["pages"]
        return found

    def failed_pages(self) -> list[tuple[str, int, str, str]]:
        """Return the pages that could not be read: book, number, name of the error, sentence."""
        rows = self._all(
            sa.select(_page.c.accession, _page.c.number, _page.c.error)
            .outerjoin(_place, _STANDS)
            .where(_page.c.state == "failed", _IN_BOOK)
            .order_by(_page.c.accession, _page.c.number)
        )
        return [(row["accession"], row["number"], *json.loads(row["error"])) for row in rows]

    def read_by(self) -> dict[str, str]:
        """Return of each book the model that read most of its pages."""
        told = sa.func.json_extract(_step.c.card, "$.settings")
        model = sa.func.json_extract(told, "$.hand_model").label("model")
        rows = self._all(
            sa.select(_step.c.accession, model, sa.func.count().label("pages"))
            .where(sa.func.json_extract(_step.c.card, "$.stage") == "ocr")
            .group_by(_step.c.accession, model)
            .order_by(sa.text("pages"))
        )
        return {row["accession"]: row["model"] or "" for row in rows}

    def readings(self, accession: str, number: int) -> tuple[PageReading, ...]:
        """Return what was read on a page; empty when it was not read yet."""
        row = self._one(
            sa.select(_page.c.readings).where(
                _page.c.accession == accession, _page.c.number == number
            )
        )
        return _READINGS.validate_json(row["readings"]) if row else ()

    def keep_reading(
        self,
        page: Page,
        readings: Sequence[PageReading],
        steps: Sequence[Step],
        gutter: Gutter | None = None,
    ) -> None:
        """Put down what was read on a page: state, readings and provenance together.

        Args:
            gutter: by which it was parted; when that is another by now, the page goes on waiting.
        """
        with self.write() as connection:
            if gutter_of(self.gutters(page.accession, connection), page.number) != gutter:
                return
            self._set_page(connection, page, state="read", error="", readings=readings)
            for step in steps:
                connection.execute(
                    sa.insert(_step).values(accession=page.accession, card=_json(_STEP, step))
                )

    def keep_failure(self, page: Page, error: str, sentence: str) -> None:
        """Put down why a page could not be read."""
        with self.write() as connection:
            told = json.dumps([error, sentence], ensure_ascii=False)
            self._set_page(connection, page, state="failed", error=told, readings=())

    def keep_verdicts(self, connection: Connection, pages: Sequence[Page]) -> None:
        """Put down the cards of a book's pages anew, for the sake of their verdicts."""
        for page in pages:
            connection.execute(
                sa.update(_page)
                .where(_page.c.accession == page.accession, _page.c.number == page.number)
                .values(card=_json(_PAGE, page))
            )

    def reset_pages(self, accession: str, states: Iterable[PageState]) -> int:
        """Set pages in these states back to waiting; return how many there were."""
        with self.write() as connection:
            done = connection.execute(
                sa.update(_page)
                .where(_page.c.accession == accession, _page.c.state.in_(list(states)))
                .values(state="waiting", error="")
            )
            if done.rowcount:
                self.unseal(connection, accession)
            return done.rowcount

    def steps(self, accession: str) -> list[Step]:
        """Return the provenance of a book, in order."""
        rows = self._all(
            sa.select(_step.c.card).where(_step.c.accession == accession).order_by(_step.c.sequence)
        )
        return [_STEP.validate_json(row["card"]) for row in rows]

    # Records and decisions

    def keep_records(
        self, connection: Connection, accession: str, records: Sequence[Record]
    ) -> None:
        """Replace the machine's records of a book; decisions stay, they are other rows.

        So do records that were imported.
        """
        imported = sa.select(_typed.c.record).where(_typed.c.accession == accession)
        connection.execute(
            sa.delete(_record).where(
                _record.c.accession == accession, _record.c.id.not_in(imported)
            )
        )
        cards = [_json(_RECORD, record) for record in records]
        for position, (record, card) in enumerate(zip(records, cards, strict=True)):
            connection.execute(
                sa.insert(_record).values(
                    id=record.id, accession=accession, position=position, card=card
                )
            )
        told = chain.fold("", cards)
        chain.append(connection, now(), "", "records.read", f"records:{accession}", told)

    def records(self, accession: str) -> list[Record]:
        """Return the records of a book: those read, in the order of the book, then imported ones.

        Imported ones stand in the order of their file.
        """
        return [*self.read_records(accession), *self.imported_records(accession)]

    def read_records(self, accession: str) -> list[Record]:
        """Return the records that the machine read in a book, in the order of the book."""
        return self._records(accession, imported=False)

    def imported_records(self, accession: str) -> list[Record]:
        """Return the records of a book that were imported, in the order of their file."""
        return self._records(accession, imported=True)

    def _records(self, accession: str, *, imported: bool) -> list[Record]:
        typed = sa.exists().where(_typed.c.record == _record.c.id)
        rows = self._all(
            sa.select(_record.c.card)
            .where(_record.c.accession == accession, typed if imported else ~typed)
            .order_by(_record.c.position)
        )
        return [_RECORD.validate_json(row["card"]) for row in rows]

    def record_part(self, accession: str, after: str, limit: int) -> list[Record]:
        """Return some records of a book, by id: those behind one, or the first ones."""
        rows = self._all(
            sa.select(_record.c.card)
            .where(_record.c.accession == accession, _record.c.id > after)
            .order_by(_record.c.id)
            .limit(limit)
        )
        return [_RECORD.validate_json(row["card"]) for row in rows]

    def records_on(self, accession: str, number: int) -> list[Record]:
        """Return the records that the machine read on a page, also on one in the tray."""
        first = f"{accession}/{number}/"
        rows = self._all(
            sa.select(_record.c.card)
            .where(_record.c.id >= first, _record.c.id < f"{accession}/{number}0")  # 0 follows /
            .order_by(_record.c.position)
        )
        return [_RECORD.validate_json(row["card"]) for row in rows]

    def beside(self, record: str) -> tuple[str, str]:
        """Return the ids of the entries before and after one in its book; empty at its ends."""
        own = sa.select(_record.c.accession, _record.c.position).where(_record.c.id == record)
        typed = sa.exists().where(_typed.c.record == _record.c.id)
        ids = sa.select(_record.c.id).where(~typed).limit(1)
        position = _record.c.position
        with self.read() as connection:
            found = connection.execute(own).first()
            if found is None:
                return "", ""
            ids = ids.where(_record.c.accession == found.accession)
            before = ids.where(position < found.position).order_by(position.desc())
            after = ids.where(position > found.position).order_by(position)
            return (
                connection.execute(before).scalar() or "",
                connection.execute(after).scalar() or "",
            )

    def has_records(self) -> bool:
        """Say whether any book has a record."""
        return self._one(sa.select(_record.c.id).limit(1)) is not None

    def find_records(self, ids: Sequence[str]) -> Mapping[str, tuple[Record, Book]]:
        """Return the records with these ids and their books; unknown ids are left out."""
        found: dict[str, tuple[Record, Book]] = {}
        with self.read() as connection:
            for start in range(0, len(ids), 500):  # SQLite allows 999 variables on old builds
                rows = connection.execute(
                    sa.select(_record.c.id, _record.c.card, _book.c.card.label("book"))
                    .join(_book, _book.c.accession == _record.c.accession)
                    .where(_record.c.id.in_(ids[start : start + 500]))
                ).mappings()
                for row in rows:
                    found[row["id"]] = (
                        _RECORD.validate_json(row["card"]),
                        _BOOK.validate_json(row["book"]),
                    )
        return found

    def add_decision(self, decision: Decision, connection: Connection | None = None) -> Decision:
        """Append a decision; nothing is ever overwritten. Return it with its number.

        Searches know of it once the index does: see `desk/reviewing.py`.
        """
        card = _json(_DECISION, decision)
        with nullcontext(connection) if connection else self.write() as writing:
            row = sa.insert(_decision).values(record=decision.record, card=card)
            added = writing.execute(row)
            assert added.inserted_primary_key is not None
            number: int = added.inserted_primary_key[0]
            self._log(writing, decision.person, "decision", f"decision:{number}", card)
        return replace(decision, number=number)

    def decisions(self, accession: str) -> list[Decision]:
        """Return the decisions about a book's records, oldest first."""
        rows = self._all(
            sa.select(_decision)
            .where(_decision.c.record.startswith(f"{accession}/", autoescape=True))
            .order_by(_decision.c.sequence)
        )
        return [_made_decision(row) for row in rows]

    def decisions_on(self, connection: Connection, record: str) -> list[Decision]:
        """Return the decisions about a record, oldest first, as a transaction sees them."""
        asked = (
            sa.select(_decision).where(_decision.c.record == record).order_by(_decision.c.sequence)
        )
        return [_made_decision(row) for row in connection.execute(asked).mappings()]

    def last_decision(self, connection: Connection) -> int:
        """Return the number of the newest decision; 0 without any."""
        return connection.execute(sa.select(sa.func.max(_decision.c.sequence))).scalar() or 0

    def decided(self, records: Sequence[str]) -> Mapping[str, Mapping[str, Decision]]:
        """Return the decision that stands about each field of these records, by id and key."""
        found: dict[str, dict[str, Decision]] = {}
        for start in range(0, len(records), 500):
            rows = self._all(
                sa.select(_decision)
                .where(_decision.c.record.in_(records[start : start + 500]))
                .order_by(_decision.c.sequence)
            )
            for (record, key), decision in standing(map(_made_decision, rows)).items():
                found.setdefault(record, {})[key] = decision
        return found

    # Sealing, and who looked at what

    def unfinished(self) -> list[tuple[str, int, str]]:
        """Return the books that lack something: accession, pages that wait, newest master's time.

        Times are UTC, ISO 8601. Books without masters lack nothing, nor do those whose pages all
        lie in the tray, once that is known to the search.
        """
        own = (
            sa.select(sa.func.count())
            .select_from(_page.outerjoin(_place, _STANDS))
            .where(_page.c.accession == _book.c.accession, _IN_BOOK)
        )
        waiting = own.where(_page.c.state == "waiting").scalar_subquery()
        begun = sa.and_(_book.c.sealed == _SEALING, own.scalar_subquery() > 0)  # perhaps killed
        newest = (
            sa.select(sa.func.max(_master.c.added))
            .where(_master.c.accession == _book.c.accession)
            .scalar_subquery()
        )
        query = sa.select(_book.c.accession, waiting, newest).where(
            sa.or_(_book.c.sealed == "", begun), newest.is_not(None)
        )
        with self.read() as connection:
            found = connection.execute(query.order_by(newest)).all()
        return [(accession, count, added) for accession, count, added in found]

    def is_sealed(self, accession: str) -> bool:
        """Say whether the package on the disk holds all that the database knows of the book."""
        row = self._one(sa.select(_book.c.sealed).where(_book.c.accession == accession))
        return bool(row and row["sealed"] not in ("", _SEALING))

    def begin_seal(self, accession: str) -> None:
        """Put down that a package is being made of what the database knows at this moment."""
        with self.write() as connection:
            connection.execute(
                sa.update(_book).where(_book.c.accession == accession).values(sealed=_SEALING)
            )

    def mark_sealed(self, accession: str) -> None:
        """Put down that the package is complete, unless something changed since `begin_seal`."""
        with self.write() as connection:
            connection.execute(
                sa.update(_book)
                .where(_book.c.accession == accession, _book.c.sealed == _SEALING)
                .values(sealed=now())
            )

    def unseal(self, connection: Connection, *accessions: str) -> None:
        """Put down that the packages lack what the database knows now."""
        connection.execute(
            sa.update(_book).where(_book.c.accession == sa.bindparam("of_book")).values(sealed=""),
            [{"of_book": accession} for accession in accessions],
        )

    def log_look(self, person: str, action: str, records: Sequence[str], purpose: str = "") -> None:
        """Log who looked at which records, and what for; ids only, never names nor the query."""
        with self.write() as connection:
            kind = f"look.{action}"
            chain.append(connection, now(), person, kind, records=list(records), purpose=purpose)

    def looks(self) -> list[Look]:
        """Return the log of look-ups, oldest first."""
        with self.read() as connection:
            found = chain.events(connection, kind="look.")
        return [
            Look(
                event.time,
                event.person,
                event.kind.removeprefix("look."),
                event.told["records"],
                event.told["purpose"],
            )
            for event in found
        ]

    # What the index has to remember

    def revision(self, connection: Connection | None = None) -> int:
        """Return the number of the last change of records; 0 before the first."""
        with nullcontext(connection) if connection else self.read() as reading:
            return int(self.fact(reading, "revision") or 0)

    def next_revision(self, connection: Connection) -> int:
        """Return the number of the change of records that this transaction makes."""
        number = self.revision(connection) + 1
        self.keep_fact(connection, "revision", str(number))
        return number

    def fact(self, connection: Connection, name: str) -> str:
        """Return what was kept under a name; empty when nothing was."""
        found = connection.execute(sa.select(_fact.c.value).where(_fact.c.name == name)).scalar()
        return str(found or "")

    def keep_fact(self, connection: Connection, name: str, value: str) -> None:
        """Keep a text under a name, in place of what was there."""
        connection.execute(
            sa.insert(_fact).prefix_with("OR REPLACE").values(name=name, value=value)
        )

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    def _set_page(
        self,
        connection: Connection,
        page: Page,
        *,
        state: PageState,
        error: str,
        readings: Sequence[PageReading],
    ) -> None:
        told = _json(_READINGS, tuple(readings))
        connection.execute(
            sa.update(_page)
            .where(_page.c.accession == page.accession, _page.c.number == page.number)
            .values(state=state, error=error, readings=told)
        )
        subject = f"reading:{page.accession}/{page.number}"
        witness = chain.sum_of(told) if readings else ""
        chain.append(connection, now(), "", f"page.{state}", subject, witness)
        self.unseal(connection, page.accession)

    def _log(
        self, connection: Connection, person: str, kind: str, subject: str, content: str
    ) -> None:
        """Log what was written, and that it must be found so."""
        chain.append(connection, now(), person, kind, subject, chain.sum_of(content))

    def _one(self, query: sa.Select[Any]) -> RowMapping | None:
        with self.read() as connection:
            return connection.execute(query).mappings().first()

    def _all(self, query: sa.Select[Any]) -> Sequence[RowMapping]:
        with self.read() as connection:
            return connection.execute(query).mappings().all()


def gutter_of(gutters: Mapping[int, Gutter], number: int) -> Gutter | None:
    """Return where a page is parted: by its own line, else by the book's; None: not told."""
    if number in gutters or 0 not in gutters:
        return gutters.get(number)
    return gutters[0]._replace(for_all=True)


def open_database(file: Path) -> Database:
    """Open the archive's database, made when it does not exist.

    Raises:
        StorageError: on a network disk, written by a newer sohoa, damaged, or without the
            durability that was asked for.
    """
    refuse_network_disk(file.parent)
    # What stands in a statement's places is personal data: no error and no log may show it.
    engine = sa.create_engine(
        f"sqlite:///{file}", connect_args={"timeout": 30}, hide_parameters=True
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    database = Database(engine)
    with database.write() as connection:
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version > SCHEMA_VERSION:
            raise StorageError(
                _("{file} do một bản sohoa mới hơn ghi; hãy cập nhật sohoa trên máy này").format(
                    file=file
                )
            )
        metadata.create_all(connection)
        if version < SCHEMA_VERSION:
            _begin_log(connection, version)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")
    return database


def _begin_log(connection: Connection, version: int) -> None:
    """Begin the chained log; of an older archive it bears witness to all that is there."""
    chain.make(connection)
    if version == 0:
        return
    purpose = "purpose" if version > 1 else "''"
    older = connection.exec_driver_sql(
        f"SELECT time, person, action, records, {purpose} FROM look ORDER BY sequence"
    )
    for time, person, action, records, why in older.all():
        told = json.loads(records)
        chain.append(connection, time, person, f"look.{action}", records=told, purpose=why)
    connection.exec_driver_sql("DROP TABLE look")
    for rows in contents(connection).values():
        for subject, content in rows:
            chain.append(connection, now(), "", "adopted", subject, content)


def contents(connection: Connection) -> Mapping[str, Iterable[tuple[str, str]]]:
    """Return all that the log bears witness to here: by sort, subjects and what is there now.

    Its caller compares it with the log (`chain.find_breaks`).
    """

    def rows(
        sort: str, id_: sa.ColumnElement[Any], card: sa.Column[Any]
    ) -> Iterator[tuple[str, str]]:
        for row in connection.execute(sa.select(id_.label("id"), card.label("card"))):
            yield f"{sort}:{row.id}", chain.sum_of(row.card)

    page = sa.cast(_page.c.accession, sa.Text) + "/" + sa.cast(_page.c.number, sa.Text)
    return {
        "book": rows("book", _book.c.accession, _book.c.card),
        "master": rows("master", _master.c.sha256, _master.c.card),
        "reading": (one for one in rows("reading", page, _page.c.readings) if one[1] != _UNREAD),
        "records": _folded(connection, "records", imported=False),
        "imported": _folded(connection, "imported", imported=True),
        "decision": rows("decision", _decision.c.sequence, _decision.c.card),
    }


def _folded(connection: Connection, sort: str, *, imported: bool) -> Iterator[tuple[str, str]]:
    """Return the hash of each book's records, of one kind, in the order they were written."""
    typed = sa.exists().where(_typed.c.record == _record.c.id)
    order = sa.literal_column("record.rowid") if imported else _record.c.position
    query = (
        sa.select(_record.c.accession, _record.c.card)
        .where(typed if imported else ~typed)
        .order_by(_record.c.accession, order)
    )
    rows = connection.execute(query.execution_options(yield_per=1000))
    for accession, own in groupby(rows, key=lambda row: row.accession):
        yield f"{sort}:{accession}", chain.fold("", (row.card for row in own))


def _prepare(raw: Any, _record: object) -> None:
    raw.isolation_level = None  # transactions are begun in `_begin`, not guessed by the driver
    cursor = raw.cursor()
    mode = cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    cursor.execute("PRAGMA synchronous = FULL")
    full = cursor.execute("PRAGMA synchronous").fetchone()[0]
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
    if (mode, full) != ("wal", 2):
        raise StorageError(_("cơ sở dữ liệu không bật được chế độ an toàn (WAL, synchronous=FULL)"))


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except (OperationalError, DatabaseError) as error:
        raise StorageError(
            _(
                "cơ sở dữ liệu của kho không ghi hoặc đọc được ({reason}); hãy kiểm tra chỗ "
                "trống và quyền ghi của đĩa, rồi chạy lại"
            ).format(reason=error.orig)
        ) from error


def _made_decision(row: RowMapping) -> Decision:
    return replace(_DECISION.validate_json(row["card"]), number=row["sequence"])


def _json(adapter: TypeAdapter[Any], value: object) -> str:
    return adapter.dump_json(value).decode("utf-8")
