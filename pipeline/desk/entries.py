"""One entry with all that is known of it: the paper, the fields, who said what, and when."""

from collections.abc import Collection
from dataclasses import dataclass

from pipeline.desk import pictures
from pipeline.desk.finding import hidden, name_in, scan_of
from pipeline.desk.places import Units, units_at
from pipeline.desk.seeing import seen_book, seen_entry
from pipeline.desk.typing import field_of, shown
from pipeline.errors import MissingError
from pipeline.extract import reasons
from pipeline.flow.book import as_decided, as_they_stand
from pipeline.flow.page import forms
from pipeline.review.state import WHOLE
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.decisions import not_undone, standing
from pipeline.store.typed import Imports
from pipeline.values import Asker, Book, Decision, Origin, Polygon, Record
from pipeline.words import _

SURE = 0.95  # of a field's value: from here on it is shown as sure


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody said of a field, as the screen shows it.

    Attributes:
        time: UTC, ISO 8601.
        did: what it was, in words.
        before: what stood before the person; `after` what the field was then.
        stands: nobody took it back.
    """

    time: str
    person: str
    did: str
    before: str
    after: str
    stands: bool


@dataclass(frozen=True, slots=True)
class EntryField:
    """A field of an entry, as the screen shows it.

    Attributes:
        text: its value as people write it; `raw` what stands on the paper.
        state: decided by a person, sure or doubtful by the machine.
        why: why it is in doubt, sentences.
        page: number of the scan on which it stands; 0: on none.
        polygon: px of that scan.
        history: oldest first.
    """

    key: str
    title: str
    text: str
    raw: str
    confidence: float
    state: str
    why: tuple[str, ...]
    page: int
    polygon: Polygon
    history: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry, with what stands around it.

    Attributes:
        name: whom it is about.
        scan: accession and number of the scan that shows it; None: none does.
        doubts: of the entry as a whole, sentences.
        units: what its place was then, and is now.
        before: id of the entry before it in the book; likewise `after`; empty at the ends.
        hidden: how many fields this person may not see.
        origin: of an imported one, where it came from.
    """

    record: Record
    book: Book
    title: str
    name: str
    scan: tuple[str, int] | None
    fields: tuple[EntryField, ...]
    doubts: tuple[str, ...]
    units: Units
    before: str
    after: str
    hidden: int
    origin: Origin | None


def open_entry(database: Database, settings: Settings, asker: Asker, record_id: str) -> Entry:
    """Return an entry as it stands; the look is logged first.

    Raises:
        MissingError: there is no such entry that the person may see.
    """
    record, book = seen_entry(database, asker, record_id)
    database.log_look(asker.person, "entry", [record_id], asker.purpose)
    with database.read() as connection:
        told = database.decisions_on(connection, record_id)
    stands = {key: one for (_record, key), one in standing(told).items()}
    current = as_decided(record, stands)
    open_now = hidden(current, asker.rights)
    kept = {one.number for one in not_undone(told)}
    fields = tuple(
        EntryField(
            field.key,
            field_title(record.form, field.key),
            shown(field_of(record.form, field.key), field.value, field.raw),
            field.raw,
            field.confidence,
            _state(field.key in stands, field.confidence),
            tuple(reasons.sentence(one.reason) for one in record.doubts if one.key == field.key),
            field.page,
            field.polygon,
            tuple(_change(record.form, one, kept) for one in told if one.key == field.key),
        )
        for field in open_now.fields
        if field.key != WHOLE
    )
    form = forms().get(record.form)
    before, after = database.beside(record_id)
    return Entry(
        record,
        book,
        form.title if form else record.form,
        name_in(current, ""),
        scan_of(database, record),
        fields,
        tuple(reasons.sentence(one.reason) for one in record.doubts if not one.key),
        units_at(settings, book.place, book.years[0] or None),
        before,
        after,
        len(current.fields) - len(open_now.fields),
        Imports(database).origins([record_id]).get(record_id),
    )


def book_entries(
    database: Database, asker: Asker, accession: str, after: str, limit: int
) -> list[Record]:
    """Return entries of a book as they stand, by id, behind one; the look is logged first.

    Raises:
        MissingError: there is no such book that the person may see.
    """
    seen_book(database, asker, accession)
    found = database.record_part(accession, after, limit)
    database.log_look(asker.person, "entries", [record.id for record in found], asker.purpose)
    return [hidden(record, asker.rights) for record in as_they_stand(database, found)]


def standing_entry(database: Database, asker: Asker, record_id: str) -> Record:
    """Return an entry as it stands; the look is logged first.

    Raises:
        MissingError: there is no such entry that the person may see.
    """
    record, _book = seen_entry(database, asker, record_id)
    database.log_look(asker.person, "entry", [record_id], asker.purpose)
    [current] = as_they_stand(database, [record])
    return hidden(current, asker.rights)


def field_title(form: str, key: str) -> str:
    """Return what a field of a form is called; its key where the form does not know it."""
    known = field_of(form, key)
    return known.title if known else key


def page_picture(
    database: Database, settings: Settings, asker: Asker, accession: str, number: int
) -> bytes:
    """Return the picture of a page, a JPEG made anew from the master; the look is logged.

    From who may not see sensitive fields, these are covered.

    Raises:
        MissingError: there is no such page that the person may see; or nobody knows yet where
            its sensitive fields stand.
    """
    seen_book(database, asker, accession)
    database.log_look(asker.person, "page", [f"{accession}/{number}"], asker.purpose)
    return pictures.page_picture(database, settings, accession, number, asker.rights)


def entry_picture(database: Database, settings: Settings, asker: Asker, record_id: str) -> bytes:
    """Return the picture of an entry's row or form, a JPEG; sensitive fields may be covered.

    Raises:
        MissingError: there is no such entry that the person may see, or no scan of it.
    """
    record, book = seen_entry(database, asker, record_id)
    if not record.page:
        raise MissingError(_("bản ghi {id} không có ảnh dòng").format(id=record_id))
    page = pictures.page_of(database, book.accession, record.page)
    return pictures.record_picture(database, settings, record, page, asker.rights)


def outlines(entry: Entry, size: tuple[int, int], page: int) -> list[dict[str, object]]:
    """Return where the fields of an entry stand on a page: shares of its width and height."""
    width, height = size
    return [
        {
            "key": field.key,
            "title": field.title,
            "points": [(round(x / width, 5), round(y / height, 5)) for x, y in field.polygon],
        }
        for field in entry.fields
        if field.page == page and field.polygon
    ]


def _state(is_decided: bool, confidence: float) -> str:  # noqa: FBT001
    return "decided" if is_decided else "sure" if confidence >= SURE else "doubtful"


def _change(form: str, decision: Decision, kept: Collection[int]) -> Change:
    field = field_of(form, decision.key)
    return Change(
        decision.time,
        decision.person,
        act_words(decision),
        shown(field, decision.shown, ""),
        shown(field, decision.value, decision.raw),
        decision.number in kept,
    )


def act_words(decision: Decision) -> str:
    """Return what a decision did, in words."""
    if decision.reader == 2:
        return _("đọc lần hai")
    if decision.reader == 3:
        return _("quyết định giữa hai người đọc")
    return {
        "accept": _("xác nhận"),
        "correct": _("ghi"),
        "ditto": _("ghi như dòng trên"),
        "unreadable": _("không đọc được"),
        "seen": _("đã xem"),
        "undo": _("rút lại"),
        "reopen": _("mở lại"),
    }[decision.act]
