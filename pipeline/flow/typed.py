"""Records that people typed before come into the archive: in parts, each whole or not at all.

May be killed at any moment and started again: the run over a file goes on behind the last part
that was kept. What the archive has is never changed: not what the machine read, not what people
decided, not what was imported before.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import ScanError, UnreadableFileError
from pipeline.extract import reasons
from pipeline.extract.typed.entry import Choices, TypedEntry, record_id
from pipeline.extract.typed.lines import line_entries
from pipeline.extract.typed.sheets import sheet_entries
from pipeline.flow.book import index_of, working
from pipeline.index.documents import document, plain_number
from pipeline.index.links.compare import bare_place
from pipeline.index.rules import search_rules
from pipeline.ingest.files import sheet_rows
from pipeline.ingest.intake import Progress, accession_for
from pipeline.ingest.lines import file_lines
from pipeline.letters import bare, nfc, syllables
from pipeline.places.codes import communes_by_code
from pipeline.places.tables import load_places
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.durable import sha256_of
from pipeline.store.typed import Counts, Imports, Run, TypedRecord
from pipeline.values import Book, Doubt, FieldValue, Record, RowFault
from pipeline.words import _

_PART = 1000  # rows in one transaction: what a kill can cost, and what others wait for
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_NUMBER = "so"  # key of an entry's number in its book
_BOOKS = 8  # whose read entries are kept at hand


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file.

    Attributes:
        run: how far it came, and the counts; None when it cannot be read at all.
        error: why it could not be read, or not to its end.
    """

    file: Path
    run: Run | None
    error: ScanError | None = None

    @property
    def exit_code(self) -> int:
        """Return 0 when every row was taken or known."""
        counts = self.run.counts if self.run else Counts()
        return ScanError.exit_code if self.error or counts.wrong or counts.conflicts else 0


def import_file(
    database: Database,
    settings: Settings,
    file: Path,
    choices: Choices,
    on_progress: Progress,
) -> Imported:
    """Bring the records of a file in; a run over the same file that was cut off goes on.

    Raises:
        StorageError: the disk is full or broken; the same call again goes on from there.
        BusyError: another program works on this archive.
    """
    with working(settings.archive):
        imports = Imports(database)
        try:
            run = imports.begin(
                sha256_of(file), file.name, json.dumps(asdict(choices)), settings.person
            )
        except OSError as error:
            reason = error.strerror or str(error)
            return Imported(file, None, UnreadableFileError(str(file), reason))
        taker = _Taker(database, settings, imports, run)
        try:
            entries = _entries(file, run.at, choices, settings)
            while part := list(islice(entries, _PART)):
                taker.take(part)
                counts = taker.run.counts
                seen = counts.added + counts.known + counts.wrong + counts.conflicts
                on_progress(_("nhập {file}").format(file=file.name), seen, 0)
        except ScanError as error:
            return Imported(file, taker.run, error)
        imports.finish(taker.run)
        index_of(database, settings).catch_up()
        return Imported(file, taker.run)


def _entries(
    file: Path, start: tuple[int, int], choices: Choices, settings: Settings
) -> Iterator[TypedEntry]:
    """Yield the entries of a file, by its content a workbook or JSON lines, behind a place in it.

    Raises:
        ScanError: it is neither, or cannot be read to its end.
    """
    with file.open("rb") as stream:
        head = stream.read(4096)
    if head.startswith((_ZIP, _OLD_EXCEL)):  # the reader of workbooks says what an old one lacks
        codes = cache(lambda: communes_by_code(load_places(settings.archive)))
        rows = sheet_rows(file, start, settings.ingest)
        entries = sheet_entries(rows, choices, lambda code: codes().get(code, ""))
        yield from (entry for entry in entries if entry.at > start)
    elif head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        yield from line_entries(file_lines(file, start), choices)
    else:
        raise UnreadableFileError(str(file), _("không phải Excel .xlsx hay JSON lines"))


class _Known(NamedTuple):
    """An entry as the archive has it: its record, and the values that hold now."""

    record: Record
    values: Mapping[str, str]


class _Taker:
    """One run at work."""

    def __init__(self, database: Database, settings: Settings, imports: Imports, run: Run) -> None:
        self.run = run
        self._database, self._imports = database, imports
        self._index = index_of(database, settings)
        self._scanned = _scanned_books(database)
        self._read = lru_cache(maxsize=_BOOKS)(self._read_entries)

    def take(self, part: Sequence[TypedEntry]) -> None:
        """Keep what is right of a part, and what is to be told of it: all or nothing."""
        placed = [(entry, _accession(entry)) for entry in part if entry.fields]
        told = {
            accession: Book(accession, entry.form, entry.place, entry.years, entry.volume)
            for entry, accession in placed
        }
        old = self._database.find_books(list(told))
        books = told | old
        ids = {
            id(entry): record_id(accession, entry.form, entry.fields) for entry, accession in placed
        }
        known = self._imports.known(list(ids.values())) | self._same_ids(part)
        entries = self._same_entries(placed)
        taken: dict[str, TypedRecord] = {}
        faults: list[RowFault] = []
        counts = asdict(self.run.counts)
        for entry in part:
            faults += entry.faults
            if entry.is_wrong:
                counts["wrong"] += 1
            if not entry.fields:
                continue
            made = ids[id(entry)]
            accession = made.split("/")[0]
            if made in known or made in taken or (entry.id and entry.id in known):
                counts["known"] += 1
                continue
            number = _number(entry.fields)
            others = entries.setdefault((accession, number), []) if number else []
            same = next((one for one in others if _is_same_person(one, entry)), None)
            if same is not None:
                counts["conflicts"] += 1
                faults.append(_conflict(entry, same))
                continue
            record = self._record(made, entry, repeated=bool(others))
            others.append(record)
            read = self._counterpart(entry, number)
            if read is not None and (keys := _differing(entry.fields, read.values)):
                counts["differs"] += 1
                faults.append(_differs(entry, read.record, keys))
            taken[made] = TypedRecord(record, accession, number, entry.sheet, entry.row, entry.scan)
        counts["added"] += len(taken)
        named = {Path(one.scan).name for one in taken.values() if one.scan}
        scans = self._imports.scans(sorted(named))
        counts["scans"] += sum(bool(one.scan) for one in taken.values())
        counts["linked"] += sum(nfc(Path(one.scan).name) in scans for one in taken.values())
        self.run = replace(self.run, at=part[-1].at, counts=Counts(**counts))
        fresh = [books[name] for name in {one.accession for one in taken.values()} - old.keys()]
        with self._database.write() as connection:
            self._imports.keep(connection, self.run, fresh, list(taken.values()), faults)
            revision = self._database.next_revision(connection)
            self._index.put(
                [document(one.record, books[one.accession], revision) for one in taken.values()],
                connection,
            )

    def _same_ids(self, part: Sequence[TypedEntry]) -> set[str]:
        """Return the ids that the file itself has, of records that the archive has just so."""
        told = {entry.id: entry for entry in part if entry.id and entry.fields}
        found = self._database.find_records(list(told))
        return {
            name
            for name, (record, _book) in found.items()
            if record_id("", record.form, record.fields)
            == record_id("", told[name].form, told[name].fields)
        }

    def _same_entries(
        self, placed: Sequence[tuple[TypedEntry, str]]
    ) -> dict[tuple[str, str], list[Record]]:
        wanted = {
            (accession, number) for entry, accession in placed if (number := _number(entry.fields))
        }
        found: dict[tuple[str, str], list[Record]] = {}
        for accession, number, record in self._imports.same_entries(sorted(wanted)):
            found.setdefault((accession, number), []).append(record)
        return found

    def _record(self, made: str, entry: TypedEntry, *, repeated: bool) -> Record:
        doubts = entry.doubts
        if repeated:
            doubts = (*doubts, Doubt(_NUMBER, reasons.SERIAL_REPEATED))
        return Record(made, entry.form, 0, None, entry.row, (), entry.fields, doubts)

    def _counterpart(self, entry: TypedEntry, number: str) -> _Known | None:
        """Return the same entry as it was read from its scan, None when none is known."""
        kind, volume = search_rules().kind_of(entry.form), plain_number(entry.volume)
        for known in (kind, ""):
            for book in self._scanned.get((known, bare_place(entry.place), volume), ()):
                if book.years[0] <= entry.years[1] and entry.years[0] <= book.years[1]:
                    found = self._read(book.accession).get(number)
                    if number and found and search_rules().kind_of(found.record.form) == kind:
                        return found
        return None

    def _read_entries(self, accession: str) -> dict[str, _Known]:
        decided: dict[str, dict[str, str]] = {}
        for decision in self._database.decisions(accession):
            decided.setdefault(decision.record, {})[decision.key] = decision.value
        found = {}
        for record in self._database.read_records(accession):
            values = {field.key: field.value for field in record.fields}
            values |= decided.get(record.id, {})
            found[values.get(_NUMBER, "").lower()] = _Known(record, values)
        return found


def _accession(entry: TypedEntry) -> str:
    return accession_for(entry.form, entry.place, entry.years, entry.volume)


def _scanned_books(database: Database) -> dict[tuple[str, str, str], list[Book]]:
    """Return the books that have scans, by kind, place and volume."""
    found: dict[tuple[str, str, str], list[Book]] = {}
    for book in database.books_with_pages():
        kind = search_rules().kind_of(book.form)
        key = (kind, bare_place(book.place), plain_number(book.volume))
        found.setdefault(key, []).append(book)
    return found


def _number(fields: Sequence[FieldValue]) -> str:
    """Return an entry's number as records of one book compare it; empty without one."""
    return next((one.value.lower() for one in fields if one.key == _NUMBER), "")


def _is_same_person(record: Record, entry: TypedEntry) -> bool:
    return _people(record.fields) == _people(entry.fields)


def _people(fields: Sequence[FieldValue]) -> list[tuple[str, ...]]:
    """Return the names of whom an entry is about, as far as marks are left out."""
    rules = search_rules()
    return [
        tuple(map(bare, syllables(one.value or one.raw)))
        for one in fields
        if rules.is_principal(rules.names.get(one.key, ""))
    ]


def _differing(fields: Sequence[FieldValue], values: Mapping[str, str]) -> list[str]:
    """Return the keys of which both say something, and not the same."""
    return [
        one.key
        for one in fields
        if one.value and values.get(one.key) and nfc(values[one.key]) != one.value
    ]


def _conflict(entry: TypedEntry, same: Record) -> RowFault:
    keys = _differing(entry.fields, {field.key: field.value for field in same.fields})
    told = _("số này của quyển đã nhập trước với nội dung khác ({keys}): {id}; bản trước được giữ")
    reason = told.format(keys=", ".join(keys) or _("có trường thêm hoặc bớt"), id=same.id)
    return RowFault("conflict", entry.sheet, entry.row, "", reason)


def _differs(entry: TypedEntry, read: Record, keys: Sequence[str]) -> RowFault:
    told = _("khác bản ghi đọc từ bản quét ({keys}): {id}; cả hai được giữ")
    reason = told.format(keys=", ".join(keys), id=read.id)
    return RowFault("differs", entry.sheet, entry.row, "", reason)
