"""The scanning desk: a book's card, its pages as they stand, what people do with them, its closing.

Where the asker may not know of a book, it does not exist.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from pipeline.desk.books import check_open, title_of
from pipeline.desk.pictures import page_of, page_pixels
from pipeline.desk.places import units_at
from pipeline.desk.seeing import seen_book, seen_books, sees
from pipeline.errors import ConflictError, RightsError, StorageError
from pipeline.flow.book import book_outcome, catch_up, tray_follower
from pipeline.ingest.intake import separator_key, view_file
from pipeline.ingest.views import VIEW_PX, jpeg, shrunk, view_of
from pipeline.quality.sentences import sentence
from pipeline.quality.verdict import worst_of
from pipeline.settings import Settings
from pipeline.store.accounts import Accounts
from pipeline.store.arrangement import Arrangements, PageAct, arrange, last_to_undo
from pipeline.store.database import Database, PageState, now
from pipeline.store.durable import durable_write
from pipeline.values import Asker, Book, Grade, Page
from pipeline.words import _

Size = Literal["thumb", "view"]
THUMB_PX = 240  # of the longer side: a page is known by it, and nothing on it can be read
_NUMBERED = re.compile(r"^(.*?)(\d+)\D*$")
_OF_SCANNER = "sheet-"  # names that our own scanner gives begin anew with each batch
_MOST_TOLD = 30  # missing numbers told one by one


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about a page that a clerk should look at.

    Attributes:
        name: of a reason (`quality.sentences`), or `order`.
    """

    name: str
    grade: Grade
    sentence: str


@dataclass(frozen=True, slots=True)
class StripPage:
    """A page as the strip shows it.

    Attributes:
        place: where it stands in the book, counted from 1; 0 in the tray.
        name: what its file was called.
        act: number of the act that put it into the tray; 0 elsewhere.
    """

    place: int
    page: Page
    name: str
    state: PageState
    grade: Grade
    flags: tuple[Flag, ...]
    act: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a book has come at the desk.

    Attributes:
        counted: its scans, without those in the tray.
        missing: sentences on what seems to be missing.
        graded: how many pages there are of each grade.
        last: what undoing would take back; None: nothing.
    """

    book: Book
    title: str
    counted: int
    in_tray: int
    waiting: int
    missing: tuple[str, ...]
    graded: dict[Grade, int]
    is_closed: bool
    last: PageAct | None


# Books


def add_book(database: Database, settings: Settings, asker: Asker, card: Book) -> Book:
    """Put the card of a book down; of one that is there, its counts and its shelf anew.

    Raises:
        RightsError: the asker scans no books of that place.
    """
    if not may_scan(database, settings, asker, card):
        raise RightsError(_("tài khoản này không lập sổ của nơi ấy"))
    known = database.book(card.accession)
    book = card
    if known is not None:  # the same form, place, years and volume, perhaps otherwise written
        book = replace(known, pages=card.pages, entries=card.entries, shelf=card.shelf)
    if book != known:
        database.add_book(book, asker.person)
    return book


def may_scan(database: Database, settings: Settings, asker: Asker, book: Book) -> bool:
    """Say whether the asker may bring scans into a book, also into the first one of a place."""
    return sees(asker, book) or is_granted(database, settings, asker.person, book)


def is_granted(database: Database, settings: Settings, person: str, book: Book) -> bool:
    """Say whether an account that may sign in is a clerk's where a book comes from."""
    account = Accounts(database).account(person)
    grants = account.grants if account and account.active else ()
    places = [grant.places for grant in grants if grant.role == "clerk"]
    today = {book.place, *units_at(settings, book.place, book.years[0]).now}
    return any(granted is None or bool(granted & today) for granted in places)


def books(database: Database, asker: Asker) -> list[tuple[Book, str, int, bool]]:
    """Return the books that the asker may know of: title, how many scans, whether closed."""
    counts, closed = database.page_counts(), Arrangements(database).closed_books()
    return [
        (
            book,
            title_of(book),
            sum(counts.get(book.accession, {}).values()),
            book.accession in closed,
        )
        for book in seen_books(database, asker)
    ]


def separator(database: Database, asker: Asker, accession: str) -> bytes:
    """Return the separator sheet of a book, a PDF."""
    from pipeline.desk.paper import separator_sheet  # 17 MB, and seldom needed

    return separator_sheet(seen_book(database, asker, accession), separator_key(database))


# Pages as they stand


def strip(
    database: Database, asker: Asker, accession: str, start: int = 1, count: int = 500
) -> list[StripPage]:
    """Return pages of a book as they stand, from a place on."""
    seen_book(database, asker, accession)
    return _strip(database, accession)[max(0, start - 1) :][:count]


def tray(database: Database, asker: Asker, accession: str) -> list[StripPage]:
    """Return the rejected pages of a book, the last first."""
    seen_book(database, asker, accession)
    names = {master.sha256: master.name for master in database.masters(accession)}
    pages = {page.number: page for page in database.all_pages(accession)}
    acts = Arrangements(database).acts(accession)
    hidden = arrange(tuple(pages), acts).tray
    return [
        StripPage(0, page, names[page.master], "waiting", page.verdict.grade, (), act)
        for number, act in _rejections(acts, hidden)
        for page in [pages[number]]
    ]


def standing(database: Database, asker: Asker, accession: str) -> Standing:
    """Return how far a book has come."""
    book = seen_book(database, asker, accession)
    pages = _strip(database, accession)
    acts = Arrangements(database).acts(accession)
    stands = arrange([page.number for page in database.all_pages(accession)], acts)
    graded: dict[Grade, int] = {"good": 0, "look": 0, "rescan": 0}
    for page in pages:
        graded[page.grade] += 1
    return Standing(
        book,
        title_of(book),
        len(pages),
        len(stands.tray),
        sum(page.state == "waiting" for page in pages),
        tuple(_missing(database, book, pages)),
        graded,
        stands.is_closed,
        last_to_undo(acts),
    )


def version(database: Database, asker: Asker, accession: str) -> str:
    """Return a text that changes with whatever the desk shows of a book's pages."""
    seen_book(database, asker, accession)
    acts = Arrangements(database)
    with database.read() as connection:
        told = (
            *database.pages_version(connection, accession),
            acts.last_number(connection, accession),
        )
    return "-".join(str(number) for number in told)


def number_at(database: Database, accession: str, place: int) -> int:
    """Return the number of the page that stands at a place, the last one's beyond; 0 for 0."""
    order = database.page_order(accession)
    return order[min(place, len(order)) - 1] if place > 0 and order else 0


def _strip(database: Database, accession: str) -> list[StripPage]:
    works = database.page_work(accession)
    names = {master.sha256: master.name for master in database.masters(accession)}
    places = {work.page.number: place for place, work in enumerate(works, 1)}
    acts = Arrangements(database).acts(accession)
    by_hand = {act.page for act in acts if act.kind in ("move", "rescan")}
    before, pages = ("", 0), []
    for place, work in enumerate(works, 1):
        name = names[work.page.master]
        flags = [*_flags(work.page, places)]
        here = _numbered(name)
        if work.page.frame == 1 and work.page.number not in by_hand:
            if here[0] == before[0] and here[1] < before[1]:
                flags.append(Flag("order", "look", _order(name)))
            before = here
        pages.append(
            StripPage(
                place,
                work.page,
                name,
                work.state,
                worst_of(flag.grade for flag in flags),
                tuple(flags),
            )
        )
    return pages


def _order(name: str) -> str:
    return _("tệp {name} có số nhỏ hơn tệp trước; hãy xem thứ tự trang").format(name=name)


def _flags(page: Page, places: dict[int, int]) -> Iterator[Flag]:
    """Yield what is to be looked at, pages called by where they stand."""
    for reason in page.verdict.reasons:
        if reason.name == "duplicate":
            double = places.get(page.quality.double_of)
            if double is None:  # it lies in the tray by now
                continue
            reason = replace(reason, told=str(double))
        yield Flag(reason.name, reason.grade, sentence(reason))


def _numbered(name: str) -> tuple[str, int]:
    """Return what stands before the number in a file's name, and the number; ("", 0) without."""
    found = _NUMBERED.match(name)
    if not found or name.startswith(_OF_SCANNER):
        return "", 0
    return found.group(1) or "-", int(found.group(2)[-9:])


def differences(
    database: Database, settings: Settings, asker: Asker, accession: str
) -> tuple[str, ...]:
    """Return what is not as it should be: as `Standing.missing`; once all is read, serials too."""
    book = seen_book(database, asker, accession)
    pages = _strip(database, accession)
    if not pages or any(page.state == "waiting" for page in pages):
        return tuple(_missing(database, book, pages))
    names = (master.name for master in database.masters(accession))
    return (*book_outcome(database, settings, book).differences, *_gaps(names))


def _missing(database: Database, book: Book, pages: Sequence[StripPage]) -> Iterator[str]:
    """Yield what seems to be missing: against the card, and in files' names."""
    short = (book.pages or 0) - len(pages)
    if book.pages and short > 0:
        yield _("bìa ghi {declared} trang, còn thiếu {short}").format(
            declared=book.pages, short=short
        )
    elif book.pages and short < 0:
        yield _("bìa ghi {declared} trang, thừa {more}").format(declared=book.pages, more=-short)
    yield from _gaps(master.name for master in database.masters(book.accession))


def _gaps(names: Iterable[str]) -> Iterator[str]:
    """Yield which numbers in files' names are left out."""
    numbers: dict[str, set[int]] = {}
    for name in names:
        before, number = _numbered(name)
        if before:
            numbers.setdefault(before, set()).add(number)
    for before, there in numbers.items():
        left_out = sorted(set(range(min(there), max(there))) - there)
        if 0 < len(left_out) <= len(there):  # else the names count something else
            told = ", ".join(str(number) for number in left_out[:_MOST_TOLD])
            yield _("trong tên tệp “{before}…” không thấy số {numbers}").format(
                before="" if before == "-" else before, numbers=told
            )


def _rejections(acts: Sequence[PageAct], hidden: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Yield the pages of the tray with the act to be undone for each, the last first."""
    left = set(hidden)
    for act in reversed(acts):
        if act.kind == "reject" and act.page in left:
            left.remove(act.page)
            yield act.page, act.number
        elif act.kind == "rescan":
            for number in left & {act.page, act.other}:
                left.remove(number)
                yield number, act.number


# What people do with pages


def act(database: Database, settings: Settings, asker: Asker, accession: str, done: PageAct) -> int:
    """Do something with the pages of a book; return the act's number, by which it is undone.

    What was read on a page leaves search when the page goes to the tray, and comes back with it.

    Raises:
        MissingError: there is no such book.
        ConflictError: the book is closed, or another person was faster.
    """
    seen_book(database, asker, accession)
    if done.kind != "undo":
        check_open(database, accession)
    arrangements = Arrangements(database, tray_follower(database, settings))
    with database.write() as connection:
        number = arrangements.add(connection, accession, done, asker.person)
    catch_up(database, settings)  # an index that is away is owed it
    return number


def bring_back(
    database: Database, settings: Settings, asker: Asker, accession: str, number: int
) -> int:
    """Take a page out of the tray; return the act's number.

    Raises:
        ConflictError: it does not lie there.
    """
    for one in tray(database, asker, accession):
        if one.page.number == number:
            return act(database, settings, asker, accession, PageAct("undo", other=one.act))
    raise ConflictError(_("trang ấy không còn trong khay loại"))


def undo(database: Database, settings: Settings, asker: Asker, accession: str) -> int | None:
    """Take back what was done last with the pages of a book; None: there was nothing."""
    seen_book(database, asker, accession)
    last = last_to_undo(Arrangements(database).acts(accession))
    if last is None:
        return None
    return act(database, settings, asker, accession, PageAct("undo", other=last.number))


def close(database: Database, settings: Settings, asker: Asker, accession: str) -> int:
    """Close a book: no more pages come. It is opened again by undoing that."""
    return act(database, settings, asker, accession, PageAct("close"))


def closing_sheet(database: Database, settings: Settings, asker: Asker, accession: str) -> bytes:
    """Return the completeness sheet of a book, a PDF; closed or not yet."""
    from pipeline.desk.paper import Completeness, completeness_sheet  # as above

    told = standing(database, asker, accession)
    closing = [one for one in Arrangements(database).acts(accession) if one.kind == "close"]
    by = closing[-1] if told.is_closed else PageAct("close", person="", time=now())
    stored = {one.sha256: Path(one.path).name for one in database.masters(accession)}
    rejected = tuple(
        _("bản gốc {name}, tệp {file}").format(name=stored[one.page.master], file=one.name)
        for one in tray(database, asker, accession)
    )
    flags = tuple(
        _("tờ {place}: {sentence}").format(place=page.place, sentence=flag.sentence)
        for page in _strip(database, accession)
        for flag in page.flags
    )
    missing = differences(database, settings, asker, accession)
    sums = tuple((name, sha256) for sha256, name in stored.items())
    return completeness_sheet(
        Completeness(told.book, told.counted, missing, rejected, flags, sums, by.person, by.time)
    )


# Pictures


def picture(
    database: Database, settings: Settings, asker: Asker, accession: str, number: int, size: Size
) -> Path:
    """Return a small picture of a page as a JPEG in `work/`, made by us; masters are not shown.

    A look at a picture that can be read is logged.

    Raises:
        MissingError: there is no such page that the asker may know of.
    """
    seen_book(database, asker, accession)
    page = page_of(database, accession, number)
    view = view_file(settings.archive, page.master, page.frame)
    if not view.exists():  # of a scan that came before intake made them
        whole = page_pixels(database, settings, page)
        durable_write(view, view_of(shrunk(whole, VIEW_PX)))
    if size == "view":
        database.log_look(asker.person, "scan", [f"{accession}/{number}"], asker.purpose)
        return view
    thumb = view.with_name(f"{view.stem}-thumb.jpg")
    if not thumb.exists():
        pixels = cv2.imdecode(np.frombuffer(view.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
        if pixels is None:
            raise StorageError(_("ảnh xem của trang {number} hỏng").format(number=number))
        durable_write(thumb, jpeg(shrunk(pixels.astype(np.uint8), THUMB_PX), 70))
    return thumb
