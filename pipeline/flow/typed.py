"""Records that people typed before come into the archive: in parts, each whole or not at all.

May be killed at any moment and started again: the run over a file goes on behind the last part
that was kept. What the archive has is never changed: not what the machine read, not what people
decided, not what was imported before.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import ScanError, UnreadableFileError
from pipeline.extract import reasons
from pipeline.extract.typed.entry import Choices, TypedEntry, record_id
from pipeline.extract.typed.lines import line_entries
from pipeline.extract.typed.sheets import sheet_entries
from pipeline.flow.book import as_they_stand, catch_up, index_of, working
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
_NUMBER, _REGISTERED = "so", "ngayDangKy"  # keys of what makes an entry one of its book
_BOOKS = 8  # whose read entries are kept at hand


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file.

    Attributes:
        run: how far it came, and the counts; None when it cannot be read at all.
        error: why it could not be read, or not to its end.
        behind: why searches do not see all of it yet, empty when they do.
    """

    file: Path
    run: Run | None
    error: ScanError | None = None
    behind: str = ""

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
        return Imported(file, taker.run, behind=catch_up(database, settings))


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


class _Placed(NamedTuple):
    """An entry with its book, the id of its record, and its number in the book."""

    entry: TypedEntry
    accession: str
    id: str
    number: str


@dataclass(slots=True)
class _Sorted:
    """What becomes of the entries of a part, while they are looked at."""

    taken: dict[str, TypedRecord] = field(default_factory=dict)
    faults: list[RowFault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


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
        placed = [_placed(entry) for entry in part if entry.fields]
        told = {one.accession: _book(one) for one in placed}
        old = self._database.find_books(list(told))
        books = told | old
        found = self._sort(placed)
        found.faults += [fault for entry in part for fault in entry.faults]
        found.faults.sort(key=lambda fault: fault.row)
        found.counts["wrong"] += sum(entry.is_wrong for entry in part)
        taken = list(found.taken.values())
        fresh = [books[name] for name in {one.accession for one in taken} - old.keys()]
        self.run = replace(self.run, at=part[-1].at, counts=self._counts(found))
        with self._database.write() as connection:
            self._imports.keep(connection, self.run, fresh, taken, found.faults)
            revision = self._database.next_revision(connection)
            self._index.put(
                [document(one.record, books[one.accession], revision) for one in taken],
                connection,
            )

    def _sort(self, placed: Sequence[_Placed]) -> _Sorted:
        """Tell apart what is new, what is known, and what an earlier import has otherwise."""
        known = self._imports.known([one.id for one in placed])
        known |= self._same_ids([one.entry for one in placed])
        there = self._same_entries(placed)
        found = _Sorted()
        for one in placed:
            entry = one.entry
            if one.id in known or one.id in found.taken or (entry.id and entry.id in known):
                found.counts["known"] += 1
                continue
            others = there.setdefault((one.accession, one.number), []) if one.number else []
            same = next((record for record in others if _is_same_person(record, entry)), None)
            if same is not None:
                found.counts["conflicts"] += 1
                found.faults.append(_conflict(entry, same))
                continue
            record = _record(one, repeated=bool(others))
            others.append(record)
            read = self._counterpart(one)
            if read is not None and (keys := _differing(entry.fields, read.values)):
                found.counts["differs"] += 1
                found.faults.append(_differs(entry, read.record, keys))
            found.taken[one.id] = TypedRecord(
                record, one.accession, one.number, entry.sheet, entry.row, entry.scan
            )
        return found

    def _counts(self, found: _Sorted) -> Counts:
        """Return the counts of the run so far, with those of a part."""
        named = [nfc(Path(one.scan).name) for one in found.taken.values() if one.scan]
        scans = self._imports.scans(sorted(set(named)))
        own = found.counts + Counter(
            added=len(found.taken), scans=len(named), linked=sum(name in scans for name in named)
        )
        before = asdict(self.run.counts)
        return Counts(**{name: count + own[name] for name, count in before.items()})

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

    def _same_entries(self, placed: Sequence[_Placed]) -> dict[tuple[str, str], list[Record]]:
        wanted = {(one.accession, one.number) for one in placed if one.number}
        found: dict[tuple[str, str], list[Record]] = {}
        for accession, number, record in self._imports.same_entries(sorted(wanted)):
            found.setdefault((accession, number), []).append(record)
        return found

    def _counterpart(self, one: _Placed) -> _Known | None:
        """Return the same entry as it was read from its scan, None when none is known.

        Where no date of registration was read, the number alone has to do.
        """
        entry = one.entry
        if not one.number:
            return None
        kind, volume = search_rules().kind_of(entry.form), plain_number(entry.volume)
        for known in (kind, ""):
            for book in self._scanned.get((known, bare_place(entry.place), volume), ()):
                if book.years[0] <= entry.years[1] and entry.years[0] <= book.years[1]:
                    entries = self._read(book.accession)
                    found = entries.get(one.number) or entries.get(f"{one.number.split('/')[0]}/")
                    if found and search_rules().kind_of(found.record.form) == kind:
                        return found
        return None

    def _read_entries(self, accession: str) -> dict[str, _Known]:
        records = self._database.read_records(accession)
        found = {}
        for record, now in zip(records, as_they_stand(self._database, records), strict=True):
            values = {field.key: field.value for field in now.fields}
            found[_number(now.fields)] = _Known(record, values)
        found.pop("", None)
        return found


def _placed(entry: TypedEntry) -> _Placed:
    accession = accession_for(entry.form, entry.place, entry.years, entry.volume)
    made = record_id(accession, entry.form, entry.fields)
    return _Placed(entry, accession, made, _number(entry.fields))


def _book(one: _Placed) -> Book:
    entry = one.entry
    return Book(one.accession, entry.form, entry.place, entry.years, entry.volume)


def _record(one: _Placed, *, repeated: bool) -> Record:
    entry = one.entry
    doubts = entry.doubts
    if repeated:
        doubts = (*doubts, Doubt(_NUMBER, reasons.SERIAL_REPEATED))
    return Record(one.id, entry.form, 0, None, entry.row, (), entry.fields, doubts)


def _scanned_books(database: Database) -> dict[tuple[str, str, str], list[Book]]:
    """Return the books that have scans, by kind, place and volume."""
    found: dict[tuple[str, str, str], list[Book]] = {}
    for book in database.books_with_pages():
        kind = search_rules().kind_of(book.form)
        key = (kind, bare_place(book.place), plain_number(book.volume))
        found.setdefault(key, []).append(book)
    return found


def _number(fields: Sequence[FieldValue]) -> str:
    """Return number and year of an entry, for a volume may begin anew each year; else nothing."""
    said = {one.key: one.value for one in fields if one.key in (_NUMBER, _REGISTERED)}
    number = said.get(_NUMBER, "").lower()
    return f"{number}/{said.get(_REGISTERED, '')[:4]}" if number else ""


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
