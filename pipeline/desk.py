"""What people do: take in scans, search, look at a row, verify, check the machine."""

import shutil
import sys
import tomllib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cv2

from pipeline import plugs, programs
from pipeline.answer import quality_answer, scan_answer
from pipeline.archive.fixity import Difference
from pipeline.archive.fixity import verify as verify_package
from pipeline.clean.places import on_page
from pipeline.errors import FormError, SohoaError, StorageError, UsageError
from pipeline.extract.form import Form, load_file
from pipeline.extract.schema_files import find_faults, read_document
from pipeline.extract.typed.entry import Choices
from pipeline.extract.typed.layout import ministry
from pipeline.extract.typed.report import report
from pipeline.flow.book import as_decided, index_of, judged_pages, package_of, working
from pipeline.flow.lessons import Lessons, decided_lessons, folder_lessons
from pipeline.flow.links import SAME_NUMBER
from pipeline.flow.page import forms
from pipeline.flow.train import torch_parts
from pipeline.flow.typed import Imported, import_file
from pipeline.index.documents import may_see
from pipeline.index.keys import key_rules
from pipeline.index.links.weights import link_rules
from pipeline.index.query import readings
from pipeline.index.rescue import MOST_BOOKS, Rescue, Shelf, likely_books, rows_to_see
from pipeline.index.rules import search_rules
from pipeline.index.search import search as search_index
from pipeline.index.wanted import Chip, Query
from pipeline.ingest.files import open_frame
from pipeline.ingest.intake import Intake, Progress, accession_for, take_in
from pipeline.ocr.crops import crop
from pipeline.ocr.engines.ctc_onnx import load_model, model_folder
from pipeline.places import form
from pipeline.places.history import Fault, Places
from pipeline.places.lookup import look_up
from pipeline.places.spellings import Spellings
from pipeline.places.tables import load_places
from pipeline.places.telling import in_full
from pipeline.quality.profiles import Profile, profile_called
from pipeline.quality.sentences import grade_words, sentence
from pipeline.settings import Settings, model_called, shipped
from pipeline.store.database import Database, now, open_database
from pipeline.store.durable import durable_write, refuse_network_disk, sha256_of
from pipeline.store.links import Link, Links, Verdict
from pipeline.store.models import TunedModel, tuned_models, use_model
from pipeline.store.typed import Imports
from pipeline.values import Asker, Book, FieldValue, Hit, Line, Page, Record
from pipeline.words import _

MOST_NEAR = 5  # entries of such names in other years, when none fits
MOST_ROWS = 5  # of a book that should hold the entry
NEEDED_MB = 2048  # below this a book may not find room for its masters and its package


def open_archive(settings: Settings, *, make: bool = False) -> Database:
    """Open the archive's database.

    Raises:
        UsageError: there is no archive there, and none shall be made.
        StorageError: the folder is not fit for one.
    """
    file = settings.archive / "sohoa.db"
    if not make and not file.exists():
        raise UsageError(
            _("chưa có kho ở {folder}; hãy nạp bản quét trước bằng “sohoa ingest”").format(
                folder=settings.archive
            )
        )
    refuse_network_disk(settings.archive)
    try:
        settings.archive.mkdir(mode=0o700, parents=True, exist_ok=True)  # for its owner alone
    except OSError as error:
        raise StorageError(
            _("không tạo được kho ở {folder} ({reason})").format(
                folder=settings.archive, reason=error.strerror
            )
        ) from error
    return open_database(file)


def written_form(file: Path, form: str) -> Form:
    """Return a form that is being written, out of a file of forms.

    Args:
        form: its id; may be empty where the file holds one form, or one that is not shipped.

    Raises:
        FormError: the file is wrong; the sentences name every place in it.
        UsageError: the file has no such form, or several.
    """
    faults = find_faults(read_document(file))
    if faults:
        places = "\n".join(f"   {place or '/'}: {reason}" for place, reason in faults)
        raise FormError(
            _("{file} không phải tệp mẫu sổ đúng:\n{places}").format(file=file, places=places)
        )
    written = load_file(file, shipped("schemas"))
    chosen = [form] if form else [name for name in written if name not in forms()] or [*written]
    if len(chosen) != 1 or chosen[0] not in written:
        raise UsageError(
            _("hãy chọn một mẫu của {file} bằng --form: {forms}").format(
                file=file, forms=", ".join(written)
            )
        )
    return written[chosen[0]]


def check_form(form: str) -> None:
    """Let an empty name pass, and the name of a form.

    Raises:
        UsageError: there is no such form; the sentence lists those that are.
    """
    if form and form not in forms():
        raise UsageError(
            _("không có mẫu sổ “{form}”; có thể chọn: {forms}").format(
                form=form, forms=", ".join(sorted(forms()))
            )
        )


def book_card(
    form: str,
    place: str,
    years: tuple[int, int],
    volume: str,
    *,
    pages: int | None = None,
    entries: int | None = None,
    shelf: str = "",
) -> Book:
    """Return the card of a book; the same form, place, years and volume are the same book.

    Raises:
        UsageError: there is no such form.
    """
    check_form(form)
    accession = accession_for(form, place, years, volume)
    return Book(accession, form, place, years, volume, pages, entries, shelf)


def intake(
    database: Database,
    settings: Settings,
    book: Book,
    paths: Sequence[Path],
    on_progress: Progress,
) -> Intake:
    """Bring scans into the archive as masters of a book."""
    with working(settings.archive):
        profile = profile_called(settings.quality.profile)
        return take_in(
            database, settings.archive, book, paths, settings.ingest, profile, on_progress
        )


def name_in(record: Record, role: str) -> str:
    """Return the name of the person in that part of a record, else of whom it is about."""
    names = search_rules().names
    own = next((field for field in record.fields if role and names.get(field.key) == role), None)
    found = own or principal(record)
    return found.value or found.raw if found else ""


# Records typed before


def import_typed(
    database: Database, settings: Settings, file: Path, choices: Choices, on_progress: Progress
) -> tuple[Imported, Path | None]:
    """Bring the records of a file in; return what became of it, and the list of what is to tell.

    The list is a table for Excel in the archive's `work/imports/`; None when there is nothing.

    Raises:
        UsageError: there is no such form.
    """
    check_form(choices.form)
    done = import_file(database, settings, file, choices, on_progress)
    if done.run is None:
        return done, None
    imports = Imports(database)
    if next(imports.faults(done.run), None) is None:
        return done, None
    name = f"{file.stem[:60]}-{done.run.number}.csv"
    target = settings.archive / "work" / "imports" / name
    durable_write(target, report(imports.faults(done.run)))
    return done, target


def write_template(kind: str, file: Path) -> None:
    """Write an empty table of a kind of book in the Ministry's layout.

    Raises:
        UsageError: there is a file of that name, or no table of that kind.
    """
    layouts = ministry().layouts
    if kind not in layouts:
        raise UsageError(
            _("không có bảng “{kind}”; có thể chọn: {kinds}").format(
                kind=kind, kinds=", ".join(layouts)
            )
        )
    if file.exists():
        raise UsageError(_("{file} đã có; hãy chọn tên khác").format(file=file))
    from pipeline.extract.typed.template import template  # heavy, and seldom needed

    durable_write(file, template(layouts[kind]))


def scan_of(database: Database, record: Record) -> tuple[str, int] | None:
    """Return the scan on which a record stands: accession and number of the page.

    Of an imported record, the one scan that has the file name its row gives; the book's own goes
    before those of other books. None when there is none, or when several have that name.
    """
    accession = record.id.split("/")[0]
    if record.page:
        return accession, record.page
    imports = Imports(database)
    origin = imports.origins([record.id]).get(record.id)
    if origin is None or not origin.scan:
        return None
    scans = [scan for found in imports.scans([Path(origin.scan).name]).values() for scan in found]
    own = [scan for scan in scans if scan[0] == accession] or scans
    return own[0] if len(own) == 1 else None


# Finding


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        readings: how the line of the search box was read, the likeliest first; a screen shows
            their chips, and a changed one can be searched for.
        hits: best first, as they stand: with what people decided.
        rescue: where to look on, when nothing that is near the query was found.
        behind: how many changes the index does not know yet.
    """

    readings: tuple[Query, ...]
    hits: tuple[Hit, ...]
    rescue: Rescue | None = None
    behind: int = 0


@dataclass(frozen=True, slots=True)
class Units:
    """What a hit's place was in the year of the entry, and what it is now: addresses in full."""

    then: tuple[str, ...]
    now: tuple[str, ...]


def search(
    database: Database, settings: Settings, asker: Asker, asked: str | Query, limit: int
) -> Found:
    """Find records that the asker may see.

    Who looked at which of them, and what for, is logged; the query and the names are not.

    Args:
        database: of the archive.
        settings: likewise.
        asker: who asks, what for, and what that person may see.
        asked: a line of the search box, or a reading of one.
        limit: how many hits at most.

    Raises:
        UsageError: the index was built by other rules, so that it would find nothing or little.
    """
    index = index_of(database, settings)
    if index.rules() not in ("", key_rules()):
        raise UsageError(_("chỉ mục do một bản sohoa khác dựng; hãy chạy “sohoa reindex” một lần"))
    places = database.places() if asker.rights.places is None else asker.rights.places
    read = (asked,) if isinstance(asked, Query) else readings(asked, _spellings(settings, places))
    look = partial(search_index, index, database.find_records, rights=asker.rights)
    hits = _as_they_stand(database, look(read, limit))
    rescue = None
    if all(hit.closeness == "widened" for hit in hits):
        known = {hit.record.id for hit in hits}
        undated = tuple(replace(query, years=(), dates=()) for query in read)
        near = [hit for hit in look(undated, limit + MOST_NEAR) if hit.record.id not in known]
        rescue = _rescue(database, asker, read, _as_they_stand(database, near[:MOST_NEAR]))
    seen = [hit.record.id for hit in (*hits, *(rescue.near if rescue else ()))]
    seen += [row.id for shelf in (rescue.shelves if rescue else ()) for row in shelf.rows]
    database.log_look(asker.person, "search", seen, asker.purpose)
    return Found(read, hits, rescue, index.behind())


def _spellings(settings: Settings, written: frozenset[str]) -> Spellings:
    """Return the names of places as seen from the archive's books."""
    return _spellings_of(settings.archive, _own_places_since(settings.archive), written)


@lru_cache(maxsize=8)
def _spellings_of(archive: Path, since: int, written: frozenset[str]) -> Spellings:
    return Spellings(_places_of(archive, since), written)


@lru_cache(maxsize=2)
def _places_of(archive: Path, _since: int) -> Places:
    return load_places(archive)


def _own_places_since(archive: Path) -> int:
    """Return when the archive's own places last changed, in nanoseconds; 0 without any."""
    file = form.own_file(archive)
    return file.stat().st_mtime_ns if file.exists() else 0


def _as_they_stand(database: Database, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Return the hits with what people decided about their fields."""
    decided = database.decided([hit.record.id for hit in hits])
    return tuple(
        replace(hit, record=as_decided(hit.record, decisions), reviewed=frozenset(decisions))
        if (decisions := decided.get(hit.record.id))
        else hit
        for hit in hits
    )


def _rescue(
    database: Database,
    asker: Asker,
    read: Sequence[Query],
    near: tuple[Hit, ...],
) -> Rescue:
    kind_of = search_rules().kind_of
    books = [
        book
        for book in database.books()
        if may_see(asker.rights, book.accession, book.place, kind_of(book.form))
    ]
    likely = likely_books(read, books)
    shelves = []
    for book in likely[:MOST_BOOKS]:
        work = database.page_work(book.accession)
        records = database.records(book.accession)
        decided = database.decided([record.id for record in records])
        unread = tuple(one.page.number for one in work if one.state != "read")
        rows = rows_to_see(read[0], records, decided)[:MOST_ROWS]
        shelves.append(Shelf(book, len(work), unread, tuple(rows)))
    return Rescue(tuple(shelves), len(likely), near)


def chip_label(chip: Chip) -> str:
    """Return what a piece of a query was taken for, as the screen says it."""
    own = {"name": _("tên"), "year": _("năm"), "age": _("tuổi")}
    return own.get(chip.part) or search_rules().label(chip.part)


def neighbours(
    database: Database, asker: Asker, record_id: str, count: int = 1
) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
    """Return the entries before and after one in its book, in the book's order.

    Raises:
        UsageError: there is no such entry that the asker may see.
    """
    found = database.find_records([record_id]).get(record_id)
    kind = search_rules().kind_of(found[0].form or found[1].form) if found else ""
    if not found or not may_see(asker.rights, found[1].accession, found[1].place, kind):
        raise UsageError(_("không có bản ghi “{id}”").format(id=record_id))
    records = database.records(found[1].accession)
    at = next(place for place, record in enumerate(records) if record.id == record_id)
    before, after = records[max(0, at - count) : at], records[at + 1 : at + 1 + count]
    seen = [record.id for record in (*before, *after)]
    database.log_look(asker.person, "neighbours", seen, asker.purpose)
    return tuple(before), tuple(after)


def units_of(settings: Settings, hit: Hit) -> Units:
    """Return what the book's place was in its first year, and where it lies today."""
    places = _places_of(settings.archive, _own_places_since(settings.archive))
    answer = look_up(places, hit.book.place, "", hit.book.years[0] or None)
    told = Units(
        tuple(dict.fromkeys(in_full(chain) for match in answer.matches for chain in match.then)),
        tuple(
            dict.fromkeys(
                in_full(places.chains(target.unit, None)[0])
                for match in answer.matches
                for target in match.now.targets
            )
        ),
    )
    return told if answer.outcome == "found" else Units((), ())


def sync(database: Database, settings: Settings) -> int:
    """Send the index what it is owed; return how many changes it was.

    Raises:
        StorageError: it cannot be reached; what it is owed stays in the database.
    """
    index = index_of(database, settings)
    owed = index.behind()
    index.catch_up()
    return owed


def row_picture(database: Database, settings: Settings, asker: Asker, hit: Hit) -> Path:
    """Cut the record out of its scan, upright, as a PNG in `work/`; return the file."""
    record = hit.record
    scan = scan_of(database, record)
    pages = database.pages(scan[0]) if scan else []
    page = next((page for page in pages if scan and page.number == scan[1]), None)
    found = database.find_master(page.master) if page else None
    if found is None or page is None:
        raise StorageError(_("không thấy bản quét của bản ghi {id}").format(id=record.id))
    accession, master = found
    file = package_of(settings.archive, accession) / master.path
    image = open_frame(file, page.frame, master.name, settings.ingest)
    height, width = image.pixels.shape
    whole = ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))  # of an imported record
    outline = on_page(image, record.polygon) if record.polygon else whole
    row = crop(image, Line(outline))
    _done, png = cv2.imencode(".png", row)
    picture = settings.archive / "work" / "pictures" / (record.id.replace("/", "_") + ".png")
    durable_write(picture, png.tobytes())
    database.log_look(asker.person, "picture", [record.id], asker.purpose)
    return picture


def verify(
    database: Database, settings: Settings, accessions: Sequence[str]
) -> dict[str, tuple[Difference, ...]]:
    """Recompute every sum of the books' packages; return what differs, by accession."""
    return {
        accession: verify_package(
            package_of(settings.archive, accession),
            database.masters(accession),
            sealed=database.is_sealed(accession),
        )
        for accession in chosen_books(database, accessions)
    }


def books_quality(
    database: Database, accessions: Sequence[str], profile: Profile
) -> list[dict[str, Any]]:
    """Return what `quality --json` tells about the pages of books, in order."""
    told = []
    for accession in chosen_books(database, accessions):
        names = {master.sha256: master.name for master in database.masters(accession)}
        told += [
            {"book": accession, "number": page.number, **scan_answer(names[page.master], page)}
            for page in _judged_book(database, accession, profile)
        ]
    return told


def _judged_book(database: Database, accession: str, profile: Profile) -> list[Page]:
    """Return the pages of a book with a profile's verdicts: the kept ones, if they are its."""
    pages = database.pages(accession)
    book = database.book(accession)
    if book is None or all(page.verdict.profile == profile.name for page in pages):
        return pages
    readings = {page.number: database.readings(accession, page.number) for page in pages}
    return judged_pages(book, pages, readings, profile)


def chosen_books(database: Database, accessions: Sequence[str]) -> list[str]:
    """Return the accessions that were named, or those of all books that have scans.

    Raises:
        UsageError: one of them is not in the archive.
    """
    known = [book.accession for book in database.books()]
    for accession in accessions:
        if accession not in known:
            raise UsageError(
                _("không có sổ “{accession}” trong kho; có: {known}").format(
                    accession=accession, known=", ".join(known) or "—"
                )
            )
    return list(accessions) or [book.accession for book in database.books_with_pages()]


def intake_summary(taken: Intake) -> dict[str, Any]:
    """Return what `ingest --json` prints."""
    return {
        "accession": taken.accession,
        "taken": [{"page": page.number, "quality": quality_answer(page)} for page in taken.taken],
        "adopted": list(taken.adopted),
        "already": [
            {"file": str(file), "accession": accession, "master": number}
            for file, accession, number in taken.already
        ],
        "refused": [
            {"file": str(file), "error": type(error).__name__, "message": str(error)}
            for file, error in taken.refused
        ],
        "notes": [{"file": str(file), "message": sentence} for file, sentence in taken.notes],
        "pages": taken.counted,
        "declared": taken.declared,
    }


def intake_sentences(taken: Intake) -> list[str]:
    """Return what a clerk is told after an intake, except for the refused files."""
    told = [_("{book}: nạp {count} trang").format(book=taken.accession, count=len(taken.taken))]
    if taken.adopted:
        told.append(
            _("nhận lại {count} bản gốc của lần nạp bị ngắt").format(count=len(taken.adopted))
        )
    told += [
        _("{file} đã có trong kho: sổ {book}, bản gốc {number}; không lưu lần nữa").format(
            file=file, book=accession, number=number
        )
        for file, accession, number in taken.already
    ]
    told += [
        _("trang {number}, {grade}: {reason}").format(
            number=page.number, grade=grade_words(reason.grade), reason=sentence(reason)
        )
        for page in taken.taken
        for reason in page.verdict.reasons
    ]
    told += [f"{file}: {sentence}" for file, sentence in taken.notes]
    if taken.declared is None:
        told.append(_("sổ có {counted} trang").format(counted=taken.counted))
    elif taken.declared == taken.counted:
        told.append(_("đủ {counted} trang như bìa sổ ghi").format(counted=taken.counted))
    elif taken.counted < taken.declared <= 2 * taken.counted:
        told.append(
            _(
                "bìa sổ ghi {declared} trang, có {counted} bản quét: nếu là trang đôi, số trang sẽ "
                "được đối chiếu khi đọc"
            ).format(declared=taken.declared, counted=taken.counted)
        )
    else:
        told.append(
            _(
                "sổ ghi {declared} trang, mới có {counted}: hãy kiểm tra trang thiếu hoặc thừa"
            ).format(declared=taken.declared, counted=taken.counted)
        )
    return told


def principal(record: Record) -> FieldValue | None:
    """Return the name of the person that the record is about, None when it has none."""
    rules = search_rules()
    return next(
        (field for field in record.fields if rules.is_principal(rules.names.get(field.key, ""))),
        None,
    )


# The same person


@dataclass(frozen=True, slots=True)
class ShownLink:
    """A suggestion with the records that it is about; None for one that is gone."""

    link: Link
    one: tuple[Record, Book] | None
    two: tuple[Record, Book] | None


def list_links(
    database: Database, asker: Asker, kind: str, *, decided: bool, limit: int
) -> list[ShownLink]:
    """Return suggestions, the likeliest first; who looked at which records is logged.

    Raises:
        UsageError: there is no such kind.
    """
    known = (SAME_NUMBER, *link_rules().kinds)
    if kind and kind not in known:
        raise UsageError(
            _("không có loại liên hệ “{kind}”; có thể chọn: {kinds}").format(
                kind=kind, kinds=", ".join(known)
            )
        )
    found = Links(database).links(kind, decided=decided, limit=limit)
    ids = [id_ for link in found for id_ in (link.suggestion.one, link.suggestion.two)]
    records = database.find_records(ids)
    database.log_look(asker.person, "links", sorted(records), asker.purpose)
    return [
        ShownLink(link, records.get(link.suggestion.one), records.get(link.suggestion.two))
        for link in found
    ]


def decide_link(database: Database, asker: Asker, number: int, verdict: Verdict, note: str) -> None:
    """Put down what a person decided about a suggestion; earlier decisions stay beside it.

    Raises:
        UsageError: there is no such suggestion.
    """
    if not Links(database).decide(number, verdict, asker.person, note):
        raise UsageError(_("không có gợi ý số {number}").format(number=number))


# Models


def lessons(
    database: Database,
    settings: Settings,
    accessions: Sequence[str],
    folder: Path | None,
    on_progress: Progress,
) -> Lessons:
    """Return the lines to tune the reader on: decided ones of the books, and a folder's.

    Raises:
        ProgramError: torch is not installed, and the lines would be gathered in vain.
        UsageError: one of the books is not in the archive, or the folder has no list.
    """
    torch_parts()
    model = load_model(model_folder(settings.ocr))
    books = chosen_books(database, accessions)
    found = [decided_lessons(database, settings, books, model, on_progress)]
    if folder is not None:
        found.append(folder_lessons(folder, model, settings.ingest, on_progress))
    return Lessons(
        tuple(line for one in found for line in one.lines),
        tuple(note for one in found for note in one.notes),
    )


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be used.

    Attributes:
        tuned: its card, when it is one of the archive's own.
    """

    name: str
    in_use: bool
    tuned: TunedModel | None = None


def models(settings: Settings) -> list[KnownModel]:
    """Return the models that come with the program, then the archive's own, oldest first."""
    cards = sorted((shipped("ocr_models") / "vie").glob("*/card.json"))
    used = settings.ocr.model_name
    return [
        *(KnownModel(card.parent.name, card.parent.name == used) for card in cards),
        *(KnownModel(own.name, own.name == used, own) for own in tuned_models(settings.archive)),
    ]


def switch_model(settings: Settings, name: str) -> None:
    """Read with that model from now on; pages that were read stay as they are.

    Raises:
        UsageError: there is no such model; the sentence lists those that are.
        ReadingError: its file was changed.
        BusyError: the archive is being worked on.
    """
    names = [model.name for model in models(settings)]
    if name not in names:
        raise UsageError(
            _("không có mô hình “{name}”; có thể chọn: {names}").format(
                name=name, names=", ".join(names)
            )
        )
    chosen = replace(settings.ocr, hand_model=model_called(settings.archive, name))
    load_model(model_folder(chosen))
    with working(settings.archive):
        use_model(settings.archive, name)


# Places


@dataclass(frozen=True, slots=True)
class PlacesAdded:
    """What became of a form of units and events.

    Attributes:
        added: how many rows the archive did not have.
        known: how many it had.
        faults: why nothing was taken; then `added` is 0.
    """

    added: int
    known: int
    faults: tuple[Fault, ...] = ()


def add_places(settings: Settings, file: Path) -> PlacesAdded:
    """Take an office's own units and events in, all rows or none; rows it has stay as they are.

    Raises:
        UsageError: the file cannot be read.
        BusyError: others are being taken in.
    """
    try:
        rows, faults = form.read_form(file.read_bytes())
    except OSError as error:
        raise UsageError(
            _("không mở được {file} ({reason})").format(file=file, reason=error.strerror)
        ) from error
    with working(settings.archive, "places"):
        own = form.read_own(settings.archive)
        known = {row.told for row in own}
        new = list({row.told: row for row in rows if row.told not in known}.values())
        faults += form.apply(new, load_places(settings.archive)).faults
        if faults:
            return PlacesAdded(0, 0, tuple(faults))
        if new:
            signed = [form.signed(row, settings.person, now()) for row in new]
            form.write_own(settings.archive, [*own, *signed])
    return PlacesAdded(len(new), len(rows) - len(new))


def write_places_template(file: Path) -> None:
    """Write an empty form of units and events with an example.

    Raises:
        UsageError: there is a file of that name.
    """
    if file.exists():
        raise UsageError(_("{file} đã có; hãy chọn tên khác").format(file=file))
    durable_write(file, form.template())


# The machine


@dataclass(frozen=True, slots=True)
class Check:
    """One thing the program leans on.

    Attributes:
        found: version or place; empty when it is missing.
        lost: what does not work without it.
        remedy: how to mend it.
        required: the main job needs it.
    """

    name: str
    found: str
    lost: str
    remedy: str
    required: bool = True


def doctor(settings: Settings) -> list[Check]:
    """Look at everything the program leans on; nothing is changed."""
    return [
        Check("Python", sys.version.split()[0], "", ""),
        _program("tesseract", _("chữ in không đọc được"), "tesseract-ocr tesseract-ocr-vie"),
        _vietnamese(),
        _program("pdftoppm", _("trang PDF dạng vẽ không mở được"), "poppler-utils"),
        _program("scanimage", _("không quét trực tiếp được"), "sane-utils", required=False),
        *[_package(name) for name in ("opencv-python", "onnxruntime", "ocrmypdf", "pikepdf")],
        _model(settings),
        _disk(settings.archive),
        *_index(settings),
    ]


def _program(name: str, lost: str, package: str, *, required: bool = True) -> Check:
    found = programs.find(name)
    return Check(
        name, str(found or ""), lost, f"sudo apt-get install -y {package}", required=required
    )


def _vietnamese() -> Check:
    found = ""
    if programs.find("tesseract"):
        told = programs.run("tesseract", ["--list-langs"], timeout_s=20)
        found = "vie" if "vie" in told.stdout.decode("utf-8", "replace").split() else ""
    return Check(
        "tesseract vie",
        found,
        _("chữ in tiếng Việt không đọc được"),
        "sudo apt-get install -y tesseract-ocr-vie",
    )


def _package(name: str) -> Check:
    try:
        found = version(name)
    except PackageNotFoundError:
        found = ""
    return Check(name, found, _("chương trình không chạy"), f"pip install {name}")


def _model(settings: Settings) -> Check:
    try:
        plugs.load("pipeline.ocr.engines", settings.ocr.hand).create(settings.ocr)
        found = settings.ocr.model_name
    except SohoaError as error:
        return Check(_("mô hình chữ viết tay"), "", _("chữ viết tay không đọc được"), str(error))
    return Check(_("mô hình chữ viết tay"), found, "", "")


def _disk(archive: Path) -> Check:
    name = _("đĩa của kho")
    folder = next(place for place in (archive, *archive.parents) if place.exists())
    try:
        refuse_network_disk(folder)
    except StorageError as error:
        return Check(name, "", _("kho không an toàn"), str(error))
    free_mb = shutil.disk_usage(folder).free // 2**20
    enough = free_mb >= NEEDED_MB
    return Check(
        name,
        _("{folder}, còn {free} MB").format(folder=archive, free=free_mb) if enough else "",
        _("chỉ còn {free} MB").format(free=free_mb),
        _("giải phóng ít nhất {need} MB").format(need=NEEDED_MB),
    )


def _index(settings: Settings) -> list[Check]:
    """Ask the index, when there is an archive and the index does not live in it."""
    if settings.index.backend == "sqlite" or not (settings.archive / "sohoa.db").exists():
        return []
    name, found, why = settings.index.backend, "", ""
    try:
        with closing(open_archive(settings)) as database:
            index = index_of(database, settings)
            index.rules()
            found = _("còn thiếu {count} thay đổi").format(count=index.behind())
    except SohoaError as error:
        why = str(error)
    return [Check(name, found, _("không tìm kiếm được"), why)]


# The demonstration


@dataclass(frozen=True, slots=True)
class Sample:
    """A book of `samples/`: its card, its folder, and its scans in order."""

    book: Book
    folder: Path
    scans: tuple[Path, ...]


def samples() -> list[Sample]:
    """Return the invented books that come with the program."""
    found = []
    for card in sorted(shipped("samples").glob("*/book.toml")):
        told: dict[str, Any] = tomllib.loads(card.read_text(encoding="utf-8"))
        first, last = told["years"]
        book = book_card(
            told["form"],
            told["place"],
            (first, last),
            str(told["volume"]),
            pages=told.get("pages"),
            entries=told.get("entries"),
            shelf=told.get("shelf", ""),
        )
        found.append(Sample(book, card.parent, tuple(sorted(card.parent.glob("*.jpg")))))
    return found


def fresh_demo(folder: Path) -> Path:
    """Return an empty folder for the demonstration; only an older demonstration is removed.

    Raises:
        UsageError: the folder holds something else.
    """
    mark = folder / "demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise UsageError(
            _("thư mục {folder} không trống; hãy chọn thư mục khác cho lần thử").format(
                folder=folder
            )
        )
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    mark.touch()
    return folder


def clear_taken(database: Database, folder: Path) -> None:
    """Remove the sheets of a scanner's folder that are safe as masters; the others stay."""
    for sheet in folder.iterdir():
        if sheet.is_file() and database.find_master(sha256_of(sheet)):
            sheet.unlink()
