"""What was imported: runs over files, how far they came, which record is from which row, faults."""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from pipeline.letters import nfc
from pipeline.store import chain
from pipeline.store.database import Database, metadata, now
from pipeline.values import Book, Origin, Record, RowFault

_record, _typed = metadata.tables["record"], metadata.tables["typed"]
_run = sa.Table(
    "import_run",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("choices", sa.Text, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("finished", sa.Text, nullable=False),
)
_fault = sa.Table(
    "import_fault",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("import_run.number"), nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sheet", sa.Text, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)
_RECORD = TypeAdapter(Record)
_VARIABLES = 500  # in one statement; old builds of SQLite allow 999
_T = TypeVar("_T")
_NAME = "json_extract(card, '$.name')"  # of a master: as the scan's file was called
_SCANS = f"""
    SELECT name, page.accession, min(page.number) FROM
    (SELECT sha256, {_NAME} AS name FROM master WHERE {_NAME} IN ({{marks}}))
    JOIN page ON page.master = sha256
    LEFT JOIN page_place AS stands
    ON stands.accession = page.accession AND stands.number = page.number
    WHERE NOT coalesce(stands.in_tray, 0) GROUP BY sha256
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows so far.

    Attributes:
        added: records that the archive did not have.
        known: rows whose record it had.
        wrong: rows that cannot be taken; `conflicts`: rows that an earlier import has otherwise.
        differs: of the added, those whose entry was read otherwise from its scan.
        scans: of the added, those that name a scan; `linked`: whose scan is in the archive.
    """

    added: int = 0
    known: int = 0
    wrong: int = 0
    conflicts: int = 0
    differs: int = 0
    scans: int = 0
    linked: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """One import of one file.

    Attributes:
        at: where reading goes on, see `TypedEntry`; (0, 0) at the beginning.
        choices: what whoever imports says of all rows, as JSON.
    """

    number: int
    sha256: str
    name: str
    choices: str
    at: tuple[int, int]
    counts: Counts


@dataclass(frozen=True, slots=True)
class TypedRecord:
    """A record to be kept, and the row that it is from.

    Attributes:
        entry: what makes it the same entry of the book as another record: its number.
    """

    record: Record
    accession: str
    entry: str
    sheet: str
    row: int
    scan: str


class Imports:
    """All that the archive knows of imports; made when it is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database
        index = f"CREATE INDEX IF NOT EXISTS master_by_name ON master ({_NAME})"
        database.make(_run, _fault, index=index)

    def begin(self, sha256: str, name: str, choices: str, person: str) -> Run:
        """Return the run over this file that was cut off, or a new one."""
        with self._database.write() as connection:
            row = connection.execute(
                sa.select(_run)
                .where(_run.c.sha256 == sha256, _run.c.choices == choices, _run.c.finished == "")
                .order_by(_run.c.number.desc())
            ).first()
            if row is not None:
                first, second = json.loads(row.at)
                counts = Counts(**json.loads(row.counts))
                return Run(row.number, sha256, row.name, choices, (first, second), counts)
            added = connection.execute(
                sa.insert(_run).values(
                    sha256=sha256,
                    name=name,
                    choices=choices,
                    person=person,
                    time=now(),
                    at="[0,0]",
                    counts=json.dumps(asdict(Counts())),
                    finished="",
                )
            )
            assert added.inserted_primary_key is not None
            return Run(added.inserted_primary_key[0], sha256, name, choices, (0, 0), Counts())

    def keep(
        self,
        connection: Connection,
        run: Run,
        books: Sequence[Book],
        records: Sequence[TypedRecord],
        faults: Sequence[RowFault],
    ) -> None:
        """Put down a part of a run, and where it stands: with all else in the transaction.

        Args:
            connection: the writing transaction.
            run: as it stands after this part.
            books: of the records, that the archive does not have.
            records: new ones.
            faults: what is to be told of this part.
        """
        self._database.add_new_books(connection, books)
        if records:
            self._database.unseal(connection, *{one.accession for one in records})
            rows = [_record_row(one) for one in records]
            connection.execute(sa.insert(_record), rows)
            connection.execute(sa.insert(_typed), [_typed_row(one, run) for one in records])
            self._log(connection, run, rows)
        if faults:
            told = [{"run": run.number, **fault._asdict()} for fault in faults]
            connection.execute(sa.insert(_fault), told)
        connection.execute(
            sa.update(_run)
            .where(_run.c.number == run.number)
            .values(at=json.dumps(run.at), counts=json.dumps(asdict(run.counts)))
        )

    def _log(self, connection: Connection, run: Run, rows: Sequence[Mapping[str, object]]) -> None:
        """Log the records that came in; each book's hash goes on from its last part."""
        by_book: dict[str, list[str]] = {}
        for row in rows:
            by_book.setdefault(str(row["accession"]), []).append(str(row["card"]))
        for accession, cards in by_book.items():
            subject = f"imported:{accession}"
            told = chain.fold(chain.witness(connection, subject), cards)
            chain.append(connection, now(), "", "records.imported", subject, told, run=run.number)

    def finish(self, run: Run) -> None:
        """Put down that all rows were seen."""
        with self._database.write() as connection:
            done = sa.update(_run).where(_run.c.number == run.number)
            connection.execute(done.values(finished=now()))

    def faults(self, run: Run) -> Iterator[RowFault]:
        """Yield what is to be told of a run's rows, in their order."""
        columns = [_fault.c[name] for name in RowFault._fields]
        asked = sa.select(*columns).where(_fault.c.run == run.number).order_by(_fault.c.sequence)
        with self._database.read() as connection:
            for row in connection.execute(asked.execution_options(yield_per=1000)):
                yield RowFault(*row)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return those of the ids that are records of the archive."""
        with self._database.read() as connection:
            return {
                row.id
                for part in _parts(ids)
                for row in connection.execute(sa.select(_record.c.id).where(_record.c.id.in_(part)))
            }

    def same_entries(self, entries: Sequence[tuple[str, str]]) -> list[tuple[str, str, Record]]:
        """Return the imported records of these entries of books: accession, entry, record."""
        found = []
        with self._database.read() as connection:
            for part in _parts(entries, _VARIABLES // 2):
                asked = (
                    sa.select(_typed.c.accession, _typed.c.entry, _record.c.card)
                    .join(_record, _record.c.id == _typed.c.record)
                    .where(sa.tuple_(_typed.c.accession, _typed.c.entry).in_(part))
                )
                found += [
                    (row.accession, row.entry, _RECORD.validate_json(row.card))
                    for row in connection.execute(asked)
                ]
        return found

    def origins(self, ids: Sequence[str]) -> dict[str, Origin]:
        """Return where those of the records that were imported come from."""
        with self._database.read() as connection:
            return {
                origin.record: origin
                for part in _parts(ids)
                for origin in _origins(connection, _typed.c.record.in_(part))
            }

    def origins_in(self, accession: str) -> list[Origin]:
        """Return where a book's imported records come from, in the order of their files."""
        with self._database.read() as connection:
            return list(_origins(connection, _typed.c.accession == accession))

    def scans(self, names: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
        """Return by file name, in NFC, the scans of that name: accession and number of the page."""
        spelt = {nfc(name): name for name in names}
        wanted = [form for name in spelt for form in {name, unicodedata.normalize("NFD", name)}]
        found: dict[str, list[tuple[str, int]]] = {}
        with self._database.read() as connection:
            for part in _parts(wanted):
                asked = _SCANS.format(marks=",".join("?" * len(part)))
                rows = connection.exec_driver_sql(asked, tuple(part))
                for name, accession, number in rows:
                    found.setdefault(nfc(name), []).append((accession, number))
        return found


def _record_row(one: TypedRecord) -> Mapping[str, object]:
    return {
        "id": one.record.id,
        "accession": one.accession,
        "position": one.row,
        "card": _RECORD.dump_json(one.record).decode("utf-8"),
    }


def _typed_row(one: TypedRecord, run: Run) -> Mapping[str, object]:
    return {
        "record": one.record.id,
        "accession": one.accession,
        "entry": one.entry,
        "run": run.number,
        "sheet": one.sheet,
        "row": one.row,
        "scan": one.scan,
    }


def _origins(connection: Connection, which: sa.ColumnElement[bool]) -> Iterator[Origin]:
    asked = (
        sa.select(_typed, _run.c.name, _run.c.sha256, _run.c.person, _run.c.time)
        .join(_run, _run.c.number == _typed.c.run)
        .where(which)
        .order_by(_typed.c.run, _typed.c.sheet, _typed.c.row)
    )
    for row in connection.execute(asked):
        yield Origin(
            row.record, row.name, row.sha256, row.sheet, row.row, row.scan, row.person, row.time
        )


def _parts(items: Sequence[_T], size: int = _VARIABLES) -> Iterator[Sequence[_T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
