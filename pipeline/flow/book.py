"""A book: its pages are read, then it is looked at as a whole, indexed and packed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import portalocker
from sqlalchemy.engine import Connection

from pipeline import plugs
from pipeline.archive.alto import alto
from pipeline.archive.json_lines import json_lines
from pipeline.archive.package import card_of, is_pdfa, seal
from pipeline.archive.pdfa import PdfLimits, PdfPage, Picture, write_pdf
from pipeline.errors import BusyError, ProgramError, StorageError, UsageError
from pipeline.extract.continued import is_rest, put_together
from pipeline.extract.hearing import said_by
from pipeline.extract.joint import decode_book
from pipeline.extract.later import is_cancelled
from pipeline.extract.recognise import usual_forms
from pipeline.extract.sequence import check_book, value_of
from pipeline.extract.totals import declared, series_of
from pipeline.flow.many import read_scans
from pipeline.flow.outcome import BookOutcome
from pipeline.flow.page import ScanJob, forms
from pipeline.flow.reviewing import queue_book
from pipeline.index.backends import Index
from pipeline.index.documents import Document, document
from pipeline.ingest.files import embedded_bytes
from pipeline.ingest.intake import BOOKS, Progress
from pipeline.quality.book import book_findings
from pipeline.quality.profiles import Profile, load_rules, profile_called
from pipeline.quality.verdict import judged_among, lie_of
from pipeline.settings import Settings
from pipeline.store import chain
from pipeline.store.arrangement import Arrangement, Arrangements, Follow
from pipeline.store.database import Database, PageState, gutter_of, now
from pipeline.store.decisions import standing
from pipeline.store.review import Review
from pipeline.store.typed import Imports
from pipeline.values import (
    Book,
    Decision,
    FieldValue,
    Master,
    Origin,
    Page,
    PageReading,
    Record,
)
from pipeline.words import _

_SURE_FORM = 0.6  # of a page's form: below, its neighbours are asked


def index_of(database: Database, settings: Settings) -> Index:
    """Return the index back end that the settings name."""
    made: Index = plugs.load("pipeline.index.backends", settings.index.backend).create(
        settings.index, database
    )
    return made


@contextmanager
def working(archive: Path, lock: str = "lock", wait_s: float = 0.0) -> Iterator[None]:
    """Hold the archive for writing; the lock falls with the process, also a killed one.

    Args:
        lock: its name in `work/`; another name is another lock.
        wait_s: how long to wait for another program, or another thread of this one.

    Raises:
        BusyError: another program holds it.
    """
    (archive / "work").mkdir(parents=True, exist_ok=True)
    try:
        with portalocker.Lock(
            archive / "work" / lock, "a", timeout=wait_s, fail_when_locked=not wait_s
        ):
            yield
    except portalocker.LockException as error:
        raise BusyError(str(archive)) from error


def package_of(archive: Path, accession: str) -> Path:
    """Return the folder of a book's package."""
    return archive / BOOKS / accession


def process(
    database: Database,
    settings: Settings,
    accessions: Sequence[str],
    on_progress: Progress,
    *,
    retry: bool = False,
    again: bool = False,
    finish: bool = True,
) -> list[BookOutcome]:
    """Read what has not been read of these books, and put what is new into packages and index.

    May be killed at any moment and started again: a page is kept whole or is still waiting.

    Args:
        retry: read the failed pages once more.
        again: read all pages once more; people's decisions stay.
        finish: also look at each book as a whole; otherwise only its pages are read.
    """
    reset: Sequence[PageState] = ("read", "failed") if again else ("failed",) if retry else ()
    outcomes = []
    with working(settings.archive):
        for accession in accessions:
            outcome = _process_book(
                database, settings, accession, on_progress, reset=reset, finish=finish
            )
            outcomes.append(replace(outcome, behind=catch_up(database, settings)))
    return outcomes


def _process_book(
    database: Database,
    settings: Settings,
    accession: str,
    on_progress: Progress,
    *,
    reset: Sequence[PageState],
    finish: bool,
) -> BookOutcome:
    book = _known_book(database, accession)
    database.reset_pages(accession, reset)
    waiting = [work.page for work in database.page_work(accession) if work.state == "waiting"]
    jobs = scan_jobs(database, settings, book, waiting)
    _read(database, settings, jobs, on_progress)
    failure = None
    if finish and database.all_pages(accession) and not database.is_sealed(accession):
        if not book.form:
            _read(database, settings, _doubtful_forms(database, settings, book), on_progress)
        try:
            _finish(database, settings, book, on_progress)
        except ProgramError as error:  # the next book may fare better
            failure = (type(error).__name__, str(error))
    return replace(book_outcome(database, settings, book, len(jobs)), failure=failure)


def _read(
    database: Database, settings: Settings, jobs: Sequence[ScanJob], on_progress: Progress
) -> None:
    gutters = {job.page.number: job.gutter for job in jobs}
    for count, outcome in enumerate(read_scans(jobs, settings.work), 1):
        page = outcome.page
        if outcome.error:
            database.keep_failure(page, *outcome.error)
        else:
            database.keep_reading(page, outcome.readings, outcome.steps, gutters[page.number])
        on_progress(_("đọc {book}").format(book=outcome.page.accession), count, len(jobs))


def _doubtful_forms(database: Database, settings: Settings, book: Book) -> list[ScanJob]:
    """Return the pages to read again because their neighbours have a surer and other form."""
    works = database.page_work(book.accession)
    usual = usual_forms(forms(), [(work.form, work.form_confidence) for work in works])
    again = {
        work.page.number: form
        for work, form in zip(works, usual, strict=True)
        if work.sides and form not in ("", work.form) and work.form_confidence < _SURE_FORM
    }
    doubtful = [work.page for work in works if work.page.number in again]
    jobs = scan_jobs(database, settings, book, doubtful)
    return [replace(job, usual=again[job.page.number]) for job in jobs]


def _known_book(database: Database, accession: str) -> Book:
    book = database.book(accession)
    if book is None:
        raise UsageError(_("không có sổ “{book}” trong kho").format(book=accession))
    return book


def scan_jobs(
    database: Database, settings: Settings, book: Book, pages: Sequence[Page]
) -> list[ScanJob]:
    """Return what reading these pages of a book takes."""
    if not pages:
        return []  # most books are read already: theirs need not be looked through
    masters = {master.sha256: master for master in database.masters(book.accession)}
    package = package_of(settings.archive, book.accession)
    said = book_said(book, database.records(book.accession), database.decisions(book.accession))
    gutters = database.gutters(book.accession)
    return [
        ScanJob(
            package / masters[page.master].path,
            masters[page.master].name,
            page.master,
            page,
            book.form,
            book.years,
            settings,
            said,
            gutter=gutter_of(gutters, page.number),
        )
        for page in pages
    ]


def book_said(
    book: Book, records: Sequence[Record], decisions: Sequence[Decision]
) -> dict[str, tuple[str, ...]]:
    """Return by kind of field what is known of the book before its pages are read (again).

    The place on its card, what people decided, and what sure fields said when it was read before:
    the same whatever page comes first, so that reading a page does not depend on chance.
    """
    decided = {place: decision.value for place, decision in standing(decisions).items()}

    def known(record: Record) -> Record:
        fields = (
            replace(field, raw=text, value=text, confidence=1.0)
            if (text := decided.get((record.id, field.key))) is not None
            else field
            for field in record.fields
        )
        return replace(record, fields=tuple(fields))

    said: dict[str, tuple[str, ...]] = {"place_text": (book.place,)} if book.place else {}
    for form in sorted({record.form for record in records}):
        said = said_by(forms()[form], [known(r) for r in records if r.form == form], said)
    return said


def as_decided(record: Record, decisions: Mapping[str, Decision]) -> Record:
    """Return a record as it stands: with what people decided about its fields, by key.

    A field that the machine did not find and a person did comes last.
    """
    fields = [
        replace(
            field,
            raw=decision.raw or field.raw,
            value=decision.value,
            confidence=1.0,
            alternatives=(),
        )
        if (decision := decisions.get(field.key))
        else field
        for field in record.fields
    ]
    known = {field.key for field in record.fields}
    added = [
        FieldValue(key, one.raw or one.value, one.value, 1.0, record.page, record.polygon)
        for key, one in decisions.items()
        if key not in known and one.value
    ]
    return replace(record, fields=(*fields, *added))


def as_they_stand(database: Database, records: Sequence[Record]) -> list[Record]:
    """Return records of any books with what people decided about their fields."""
    decided = database.decided([record.id for record in records])
    return [as_decided(record, decided.get(record.id, {})) for record in records]


def documents_of(
    database: Database, book: Book, records: Sequence[Record], revision: int
) -> Iterator[Document]:
    """Yield what is searched of a book's records, as they stand."""
    for record in as_they_stand(database, records):
        yield document(record, book, revision)


def _finish(database: Database, settings: Settings, book: Book, on_progress: Progress) -> None:
    database.begin_seal(book.accession)  # a scan that comes in from now on unseals it again
    pages = database.pages(book.accession)
    readings = {page.number: database.readings(book.accession, page.number) for page in pages}
    records = book_records(readings.values())
    pages = judged_pages(book, pages, readings, profile_called(settings.quality.profile))
    desk = _Outlet(database, index_of(database, settings), Review(database))
    with database.write() as connection:  # records and index together, or neither
        records = _let_out(desk, connection, book, pages, records)
    if not pages:  # all of them lie in the tray: there is nothing to pack
        return
    on_progress(_("đóng gói {book}").format(book=book.accession), 0, 1)
    _seal(database, settings, book, pages, readings, records)
    database.mark_sealed(book.accession)
    on_progress(_("đóng gói {book}").format(book=book.accession), 1, 1)


class _Outlet(NamedTuple):
    """Where the records of a book go: opened before the transaction in which they do."""

    database: Database
    searched: Index
    review: Review


def _let_out(
    desk: _Outlet,
    connection: Connection,
    book: Book,
    pages: Sequence[Page],
    records: Sequence[Record],
) -> list[Record]:
    """Keep a book's records and verdicts, queue and index them; return imported ones too."""
    database = desk.database
    database.keep_records(connection, book.accession, records)
    decisions = database.decisions(book.accession)
    queue_book(desk.review, connection, book.accession, records, decisions)
    database.keep_verdicts(connection, pages)
    every = [*records, *database.imported_records(book.accession)]
    revision = database.next_revision(connection)
    desk.searched.put(documents_of(database, book, every, revision), connection)
    desk.searched.remove(book.accession, revision, connection)
    return every


def tray_follower(database: Database, settings: Settings) -> Follow:
    """Return what takes records of pages in the tray out of search, and puts them back in.

    It does so in the transaction of the act (see `Arrangements`); call `catch_up` after that.
    """
    desk = _Outlet(database, index_of(database, settings), Review(database))
    profile = profile_called(settings.quality.profile)

    def follow(
        connection: Connection, accession: str, before: Arrangement, stands: Arrangement
    ) -> None:
        book = _known_book(database, accession)
        back = before.tray - stands.tray
        shown = {number: database.records_on(accession, number) for number in back}
        if any(_is_forgotten(database, accession, *one) for one in shown.items()):
            by_number = {page.number: page for page in database.all_pages(accession)}
            pages = [by_number[one] for one in stands.order if one not in stands.tray]
            readings = {one.number: database.readings(accession, one.number) for one in pages}
            judged = judged_pages(book, pages, readings, profile)
            _let_out(desk, connection, book, judged, book_records(readings.values()))
            return
        hidden = stands.tray - before.tray
        gone = [one.id for number in hidden for one in database.records_on(accession, number)]
        records = [record for some in shown.values() for record in some]
        revision = database.next_revision(connection)
        desk.searched.take_out(accession, gone, revision, connection)
        desk.searched.put(documents_of(database, book, records, revision), connection)

    return follow


def _is_forgotten(
    database: Database, accession: str, number: int, records: Sequence[Record]
) -> bool:
    """Say whether a book was finished while a page of it lay in the tray: its records are gone."""
    return not records and any(side.records for side in database.readings(accession, number))


def judged_pages(
    book: Book,
    pages: Sequence[Page],
    readings: Mapping[int, Sequence[PageReading]],
    profile: Profile,
) -> list[Page]:
    """Return the pages of a book with what a profile says about each, after a look at them all."""
    titles = {form.id: form.title for form in forms().values()}
    findings = book_findings(book, readings, load_rules().card, titles)
    numbers = frozenset(page.number for page in pages)
    return [
        judged_among(numbers, page, profile, lie_of(readings[page.number]), findings[page.number])
        for page in pages
    ]


def book_records(readings: Iterable[Sequence[PageReading]]) -> list[Record]:
    """Return the entries on a book's pages, as read, after a look at the whole book.

    What its cover and its closing page say is no entry.
    """
    found = [one for one in _all_records(readings) if not forms()[one.form].about_book]
    checked: dict[str, Record] = {}
    for name in {record.form for record in found}:
        form = forms()[name]
        own = put_together(form, [one for one in found if one.form == name])
        checked |= {one.id: one for one in check_book(form, decode_book(form, own))}
    return [checked[record.id] for record in found if record.id in checked]


def _all_records(readings: Iterable[Sequence[PageReading]]) -> list[Record]:
    return [record for sides in readings for side in sides for record in side.records]


def with_book_records(readings: Sequence[PageReading]) -> tuple[PageReading, ...]:
    """Return the sides of one scan that is a book by itself, with their records looked at so."""
    looked_at = {record.id: record for record in book_records([readings])}
    return tuple(
        replace(
            side,
            records=tuple(looked_at.get(one.id, one) for one in side.records if not is_rest(one)),
        )
        for side in readings
    )


def book_outcome(database: Database, settings: Settings, book: Book, read: int = 0) -> BookOutcome:
    """Return what is known of a book as it was read, `read` of its pages just now."""
    works = database.page_work(book.accession)
    records = database.read_records(book.accession)
    told = [work.page.number for work in works if work.form and forms()[work.form].about_book]
    closing = declared(
        forms(), _all_records(database.readings(book.accession, number) for number in told)
    )
    return BookOutcome(
        book.accession,
        read,
        {work.page.number: work.error for work in works if work.error},
        len(works),
        sum(max(1, work.sides) for work in works),
        len(records),
        (book.pages, book.entries),
        closing,
        tuple(series_of(forms(), records, closing)),
        is_pdfa(package_of(settings.archive, book.accession)),
        tuple((one.page, _serial(one)) for one in records if is_cancelled(one)),
    )


def _serial(record: Record) -> str:
    keys = [rule.key for rule in forms()[record.form].rules if rule.name == "rises_by_one"]
    return value_of(record, keys[0]) if keys else ""


def reindex(database: Database, settings: Settings) -> int:
    """Build the index anew from the records; searching goes on meanwhile. Return the count."""
    with working(settings.archive):
        made = index_of(database, settings)
        revision = database.revision()  # what is written from now on is newer
        made.replace_all(
            one
            for book in database.books()
            for one in documents_of(database, book, _in_book(database, book), revision)
        )
        return made.count()


def _in_book(database: Database, book: Book) -> list[Record]:
    """Return the records of a book without those of pages that lie in the tray."""
    tray = database.tray(book.accession)
    return [record for record in database.records(book.accession) if record.page not in tray]


def catch_up(database: Database, settings: Settings) -> str:
    """Let searches see what was written; return why they do not, empty when they do.

    An index that cannot be reached stops no work: what it is owed stays in the database.
    """
    search_index = index_of(database, settings)
    if not search_index.behind():
        return ""
    try:
        search_index.catch_up()
    except StorageError as error:
        return _("tìm kiếm còn thiếu {count} thay đổi: {reason}").format(
            count=search_index.behind(), reason=error
        )
    return ""


def _seal(
    database: Database,
    settings: Settings,
    book: Book,
    pages: Sequence[Page],
    readings: Mapping[int, Sequence[PageReading]],
    records: Sequence[Record],
) -> None:
    package = package_of(settings.archive, book.accession)
    masters = {master.sha256: master for master in database.masters(book.accession)}
    origins = Imports(database).origins_in(book.accession)
    acts = Arrangements(database).acts(book.accession)
    with database.read() as connection:
        log_head = chain.head(connection)
    target = package / "data" / "book.pdf"
    pdf = write_pdf(
        [
            _pdf_page(page, masters[page.master], readings[page.number], package, settings)
            for page in pages
        ],
        target,
        title=f"{book.place} {book.volume} {book.years[0]}",
        work=settings.archive / "work",
        limits=PdfLimits(max_pixels=settings.ingest.max_pixels),
    )
    texts = [
        (
            f"text/{page.number:04}.xml",
            alto(page, readings[page.number], _beside_text(masters[page.master])),
        )
        for page in pages
    ]
    seal(
        package,
        card_of(
            book,
            pages=len(pages),
            records=len(records),
            pdf=pdf,
            software=f"sohoa {version('sohoa')}",
            date=now(),
            log_head=str(log_head),
        ),
        list(masters.values()),
        [
            ("book.pdf", target),
            *texts,
            ("records.jsonl", json_lines(_with_card(records, book, origins))),
            ("decisions.jsonl", json_lines(database.decisions(book.accession))),
            ("provenance.jsonl", json_lines([*database.steps(book.accession), *origins])),
            ("pages.jsonl", json_lines(pages)),
            *([("page-acts.jsonl", json_lines(acts))] if acts else []),
        ],
    )


def _with_card(
    records: Sequence[Record], book: Book, origins: Sequence[Origin]
) -> Iterator[dict[str, object]]:
    """Yield records so that each line can be imported by itself: with their book and scan."""
    scans = {origin.record: {"file": origin.scan} for origin in origins if origin.scan}
    card = {"place": book.place, "years": book.years, "volume": book.volume}
    for record in records:
        own = {one.name: getattr(record, one.name) for one in fields(record)}
        yield {**own, **card, **scans.get(record.id, {})}


def _beside_text(master: Master) -> str:
    """Return where the master stands as seen from `data/text/`."""
    return f"../{master.path.removeprefix('data/')}"


def _pdf_page(
    page: Page,
    master: Master,
    readings: Sequence[PageReading],
    package: Path,
    settings: Settings,
) -> PdfPage:
    return PdfPage(
        page.number,
        partial(_picture, package / master.path, master.media_type, page.frame, settings),
        page.width_px,
        page.height_px,
        page.dpi,
        readings[0].turn_deg if readings else 0,
        tuple(line for reading in readings for line in reading.lines),
        master.path,
    )


def _picture(file: Path, media_type: str, frame: int, settings: Settings) -> Picture:
    if media_type == "application/pdf":
        embedded = embedded_bytes(file, frame, settings.ingest)
        if embedded is not None:
            return Picture(embedded.data, 1, embedded.turn_deg)
    return Picture(file, frame)
