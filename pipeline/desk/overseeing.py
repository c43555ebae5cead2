"""What whoever signs for the result must know: what is done, what is left, what may be wrong."""

import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.desk.reviewing import refresh_queue, review_books
from pipeline.errors import MissingError, UsageError
from pipeline.flow import worker
from pipeline.flow.page import forms
from pipeline.flow.reviewing import rules_in, told_rules
from pipeline.review.measures import (
    Bin,
    Forecast,
    Interval,
    Residual,
    forecast,
    reliability,
    residual,
    wilson,
)
from pipeline.review.rules import ReviewRules
from pipeline.settings import Settings
from pipeline.store import chain
from pipeline.store.database import Database, now
from pipeline.store.jobs import Job, Jobs, Trouble
from pipeline.store.review import BookSums, Review
from pipeline.values import Asker, Book
from pipeline.words import _

PAUSE_S = 300.0  # between two decisions; after a longer one nobody was working
_BINS = 10
_LATE_S = 14 * 86400.0  # what "of late" is, for the forecast
_NOTHING = BookSums()


@dataclass(frozen=True, slots=True)
class BookLine:
    """How far a book, or the books of a reader, have come.

    Attributes:
        name: of the reader; empty in a book's line.
        pages: scans that are there; `unread` and `failed` of them.
        expected: pages that the books' cards declare; None where one declares none.
        accepted: records for which nobody waits.
        waiting: records that wait for a first, second, third reader.
        fields: fields that wait.
        left: errors expected in fields that nobody reads.
    """

    book: Book | None
    name: str
    pages: int
    unread: int
    failed: int
    expected: int | None
    records: int
    accepted: int
    waiting: tuple[int, int, int]
    fields: int
    left: Residual


class PersonLine(NamedTuple):
    """What a person did; shown by name, in no order of merit.

    Attributes:
        an_hour: fields an hour of work; None while there is too little of it.
        keys: key strokes a field; None where none were counted.
        overturned: share that others decided otherwise, and its 95 % interval.
    """

    person: str
    fields: int
    an_hour: float | None
    keys: float | None
    overturned: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it.

    Attributes:
        free, total: bytes of the disk that holds the archive.
    """

    books: tuple[BookLine, ...]
    readers: tuple[BookLine, ...]
    total: BookLine
    bins: tuple[Bin, ...]
    forecast: Forecast
    people: tuple[PersonLine, ...]
    free: int
    size: int


class Fixity(NamedTuple):
    """When a book's package was last verified, and what differed then; empty: never."""

    book: Book
    time: str
    differences: int


class Preview(NamedTuple):
    """What rules would mean, over all books.

    Attributes:
        fields: read by the machine.
        asked: of these, how many people would look at, the blind ones with them.
        unseen: how many nobody would look at, and how many of these are expected to be wrong.
        wrong: likewise.
    """

    fields: int
    asked: int
    unseen: int
    wrong: float


def overview(database: Database, settings: Settings, asker: Asker) -> Overview:
    """Return how far the books that a person may see have come."""
    refresh_queue(database)
    books = review_books(database, asker)
    names = [book.accession for book in books]
    pages, models = database.page_counts(), database.read_by()
    review = Review(database)
    with database.read() as connection:
        rules = rules_in(review, connection)
        sums = review.sums(connection)
        blind = review.blind(connection, rules.sure)
        bins = review.reliability(connection, names, _BINS)
        people = review.people(connection, names, PAUSE_S)
        late = time.time() - _LATE_S
        work = review.people(connection, names, PAUSE_S, late)
        days = review.days_worked(connection, names, late)
    lines = [
        _line(
            book,
            pages.get(book.accession, {}),
            sums.get(book.accession, _NOTHING),
            blind.get(book.accession, (0, 0)),
        )
        for book in books
    ]
    of_reader: dict[str, list[str]] = {}
    for name in names:
        if models.get(name):
            of_reader.setdefault(models[name], []).append(name)
    total = _together("", lines, names, sums, blind)
    disk = shutil.disk_usage(settings.archive)
    return Overview(
        tuple(lines),
        tuple(
            _together(model, lines, read, sums, blind) for model, read in sorted(of_reader.items())
        ),
        total,
        tuple(reliability(bins)),
        forecast(
            total.fields,
            sum(one.fields for one in work),
            sum(one.seconds for one in work),
            days,
        ),
        tuple(
            PersonLine(
                one.person,
                one.fields,
                one.fields * 3600 / one.seconds if one.seconds >= PAUSE_S else None,
                one.keys / one.counted if one.counted else None,
                one.overturned / one.fields,
                wilson(one.overturned, one.fields),
            )
            for one in people
        ),
        disk.free,
        disk.total,
    )


def _line(book: Book, pages: dict[str, int], sums: BookSums, blind: tuple[int, int]) -> BookLine:
    waits = [sums.waiting.get(reader, (0, 0)) for reader in (1, 2, 3)]
    return BookLine(
        book,
        "",
        sum(pages.values()),
        pages.get("waiting", 0),
        pages.get("failed", 0),
        book.pages,
        sums.records,
        sums.done,
        (waits[0][0], waits[1][0], waits[2][0]),
        sum(fields for _records, fields in waits),
        residual(sums.unseen, sums.wrong, sums.variance, *blind),
    )


def _together(
    name: str,
    lines: Sequence[BookLine],
    accessions: Sequence[str],
    sums: dict[str, BookSums],
    blind: dict[str, tuple[int, int]],
) -> BookLine:
    own = [line for line in lines if line.book and line.book.accession in accessions]
    counted = [sums.get(accession, _NOTHING) for accession in accessions]
    seen = [blind.get(accession, (0, 0)) for accession in accessions]
    expected = [line.expected for line in own if line.expected is not None]
    first, second, third = (sum(line.waiting[at] for line in own) for at in range(3))
    return BookLine(
        None,
        name,
        sum(line.pages for line in own),
        sum(line.unread for line in own),
        sum(line.failed for line in own),
        sum(expected) if len(expected) == len(own) else None,
        sum(line.records for line in own),
        sum(line.accepted for line in own),
        (first, second, third),
        sum(line.fields for line in own),
        residual(
            sum(one.unseen for one in counted),
            sum(one.wrong for one in counted),
            sum(one.variance for one in counted),
            sum(read for read, _wrong in seen),
            sum(wrong for _read, wrong in seen),
        ),
    )


def fixity(database: Database, asker: Asker) -> list[Fixity]:
    """Return of each book when its sums were last recomputed."""
    with database.read() as connection:
        last = {one.subject: one for one in chain.events(connection, kind="fixity.checked")}
    found = []
    for book in review_books(database, asker):
        event = last.get(f"fixity:{book.accession}")
        found.append(
            Fixity(book, event.time, event.told["differences"]) if event else Fixity(book, "", 0)
        )
    return found


def audited(database: Database) -> tuple[str, int]:
    """Return when the log was last checked, and how many breaks that found; empty: never."""
    with database.read() as connection:
        last = chain.events(
            connection, kind="audit.checked", until=chain.head(connection).sequence + 1, limit=1
        )
    return (last[0].time, last[0].told["breaks"]) if last else ("", 0)


# What the machine is at


class FailedPage(NamedTuple):
    """A page that could not be read, and why, a sentence."""

    number: int
    sentence: str


@dataclass(frozen=True, slots=True)
class BookJob:
    """A book that the worker is not done with.

    Attributes:
        waiting: pages that were not read; `failed` those that could not be.
        newest: when its last scan came in, UTC.
        trouble: why it could not be finished; None: nothing holds it up.
    """

    book: Book
    waiting: int
    failed: tuple[FailedPage, ...]
    newest: str
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class Work:
    """What the worker is at, and what waits for it.

    Attributes:
        is_running: there is a worker.
        is_held: another program reads books: `sohoa process`.
        job: what it is at; None: nothing, or a book that this person may not see.
    """

    is_running: bool
    is_held: bool
    job: Job | None
    books: tuple[BookJob, ...]


def work(database: Database, settings: Settings, asker: Asker) -> Work:
    """Return what the worker is at, and what waits for it of the books a person may see."""
    jobs = Jobs(database)
    job, troubles = jobs.at(), jobs.troubles()
    unfinished = {accession: newest for accession, _waiting, newest in database.unfinished()}
    waiting = database.page_counts()
    failed: dict[str, list[FailedPage]] = {}
    for accession, number, _error, sentence in database.failed_pages():
        failed.setdefault(accession, []).append(FailedPage(number, sentence))
    books = review_books(database, asker)
    is_seen = job is not None and any(book.accession == job.accession for book in books)
    is_running = worker.is_running(settings)
    return Work(
        is_running,
        job is None and worker.is_running(settings, "lock"),
        job if is_running and is_seen else None,
        tuple(
            BookJob(
                book,
                waiting.get(book.accession, {}).get("waiting", 0),
                tuple(failed.get(book.accession, ())),
                unfinished.get(book.accession, ""),
                troubles.get(book.accession),
            )
            for book in books
            if book.accession in {*unfinished, *failed, *troubles}
        ),
    )


def try_again(database: Database, asker: Asker, accession: str = "") -> int:
    """Have the failed pages of a book read again, and the book finished; return how many pages.

    Args:
        database: of the archive.
        asker: an administrator.
        accession: of the book; empty: all that the person may see.

    Raises:
        MissingError: there is no such book that the person may see.
    """
    books = [book.accession for book in review_books(database, asker)]
    if accession and accession not in books:
        raise MissingError(_("không có sổ “{book}” trong kho").format(book=accession))
    jobs, count = Jobs(database), 0
    for one in [accession] if accession else books:
        reset = database.reset_pages(one, ("failed",))
        with database.write() as connection:
            if jobs.free(connection, one) or reset:
                chain.append(connection, now(), asker.person, "pages.retried", "", book=one)
        count += reset
    return count


# What people look at


def current_rules(database: Database) -> ReviewRules:
    """Return what people look at, as it is set."""
    review = Review(database)
    with database.read() as connection:
        return rules_in(review, connection)


def preview(database: Database, rules: ReviewRules) -> Preview:
    """Return what rules would mean for the fields that the machine has read so far."""
    refresh_queue(database)
    with database.read() as connection:
        sure = Review(database).sure(connection)
    fields = sum(count for _confidence, count in sure)
    safe = [(confidence, count) for confidence, count in sure if confidence >= rules.sure]
    taken = sum(count for _confidence, count in safe)
    unseen = round(taken * (1 - rules.blind_share))
    wrong = sum((1 - confidence) * count for confidence, count in safe) * (1 - rules.blind_share)
    return Preview(fields, fields - unseen, unseen, wrong)


def field_titles() -> dict[str, str]:
    """Return the titles of all forms' fields by key."""
    return {field.key: field.title for form in forms().values() for field in form.fields}


def check_rules(rules: ReviewRules) -> None:
    """Let rules pass that can be set.

    Raises:
        UsageError: a number is out of its range, or there is no such field.
    """
    unknown = [key for key in rules.twice if key not in field_titles()]
    if unknown:
        raise UsageError(_("không có trường “{key}”").format(key=unknown[0]))
    if not (0.5 <= rules.sure <= 1 and 0 <= rules.blind_share <= 0.5):
        raise UsageError(_("ngưỡng chắc từ 50 đến 100 %; phần đọc không có chữ máy từ 0 đến 50 %"))
    if not 1 <= rules.lease_minutes <= 240:
        raise UsageError(_("thời gian giữ bản ghi từ 1 đến 240 phút"))


def save_rules(database: Database, asker: Asker, rules: ReviewRules) -> None:
    """Set what people look at from now on; the queue follows.

    Raises:
        UsageError: as in `check_rules`.
    """
    check_rules(rules)
    told = told_rules(rules)
    review = Review(database)
    with database.write() as connection:
        review.keep_rules(connection, told)
        chain.append(
            connection,
            now(),
            asker.person,
            "rules.changed",
            sure=rules.sure,
            blind_share=rules.blind_share,
            twice=list(rules.twice),
            lease_minutes=rules.lease_minutes,
        )
    refresh_queue(database)


def new_seed() -> str:
    """Return a seed that nobody could foresee; it is recorded with what it draws."""
    return secrets.token_hex(8)
