"""Certified extracts of entries: prepared beside the paper, made when a person answers for them.

What only the machine read is never printed as certain: whoever makes the extract says of each such
field that it is right on the paper, or leaves it open.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from pydantic import TypeAdapter

from pipeline.desk.entries import field_title
from pipeline.desk.layouts import Cell, Layout, layouts
from pipeline.desk.places import Units, units_at
from pipeline.desk.seeing import seen_entry, sees
from pipeline.desk.typing import field_of, shown
from pipeline.errors import ConflictError, MissingError, UsageError
from pipeline.extract import reasons
from pipeline.extract.kinds.saying_dates import date_in_words
from pipeline.flow.reviewing import rules_in, sensitive_in
from pipeline.index.rules import search_rules
from pipeline.review.letters import is_uncertain
from pipeline.review.state import FieldState, states_of
from pipeline.settings import Settings
from pipeline.store.database import Database, now
from pipeline.store.decisions import not_undone
from pipeline.store.extracts import Extracts
from pipeline.store.review import Review
from pipeline.values import Asker, Book, Record
from pipeline.words import _

LONGEST = 200  # letters of the office's name, and of the purpose
State = Literal["decided", "card", "open", "differs", "unread", "absent", "closed"]


@dataclass(frozen=True, slots=True)
class Said:
    """What an entry says in a field of its extract.

    Attributes:
        text: as it would be printed; empty when nothing would.
        words: of a date, the same in words.
        state: who answers for it. `decided`: people did. `card`: who wrote the book's card did.
            `open`: nobody yet. `differs`: its readers do, a third person decides. `unread`:
            nobody can read it. `absent`: this book does not say it. `closed`: this person may not
            see it.
        person: who decided; empty when nobody did.
        why: of an open one, why the machine doubts it, sentences.
        has_picture: it has a place on the paper.
    """

    key: str
    title: str
    text: str
    words: str
    state: State
    person: str = ""
    why: tuple[str, ...] = ()
    has_picture: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """An extract before it is made.

    Attributes:
        said: in printed order.
        open: keys that nobody answers for yet.
        doubts: of the entry as a whole, sentences.
        units: what its place was then, and is now.
        office: who would issue it; `sign` and `number` likewise are offered, not fixed.
        seen: stands for all that the screen shows of the entry; an answer names it.
    """

    record: Record
    book: Book
    layout: Layout
    said: tuple[Said, ...]
    open: frozenset[str]
    doubts: tuple[str, ...]
    units: Units
    office: str
    sign: str
    number: int
    seen: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What whoever makes an extract says.

    Attributes:
        seen: `Prepared.seen` of the screen that was answered.
        right: keys of open fields that are on the paper as shown; `blank` of those left open.
        number: digits; empty: it is written by hand.
    """

    seen: str
    right: frozenset[str]
    blank: frozenset[str]
    office: str
    number: str
    sign: str
    purpose: str


@dataclass(frozen=True, slots=True)
class PrintedCell:
    """A label and the text behind it; empty: dots. `key` is the Ministry's, or empty."""

    label: str
    text: str
    key: str


@dataclass(frozen=True, slots=True)
class PrintedBlock:
    """Rows that stand together under a title, or none."""

    title: str
    rows: tuple[tuple[PrintedCell, ...], ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """An extract as it was made; all that is printed stands in it.

    Attributes:
        number: None: it is written by hand.
        day: of issue, ISO 8601, as the office's clock shows it.
        right: keys for which the maker answers; `blank` of those left open by choice.
        time: when it was made, UTC.
    """

    kind: str
    title: str
    copy: str
    nation: tuple[str, ...]
    office: str
    number: int | None
    sign: str
    day: str
    blocks: tuple[PrintedBlock, ...]
    signer: str
    sign_here: str
    person: str
    time: str
    right: tuple[str, ...]
    blank: tuple[str, ...]


_EXTRACT = TypeAdapter(Extract)


class OpenFieldsError(UsageError):
    """Some fields are answered for by nobody.

    Attributes:
        keys: theirs.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__(keys)
        self.keys = keys

    def __str__(self) -> str:
        return _(
            "còn {count} trường chưa ai xác nhận; hãy xem ảnh rồi chọn cho từng trường"
        ).format(count=len(self.keys))


def layout_of(record: Record, book: Book) -> Layout | None:
    """Return how an extract of an entry is printed; None where there is no such paper."""
    return layouts().kinds.get(_kind_of(record, book))


def _kind_of(record: Record, book: Book) -> str:
    return search_rules().kind_of(record.form or book.form)


def certifies(asker: Asker, record: Record, book: Book) -> bool:
    """Say whether a person may make an extract of an entry: `asker` with an officer's rights."""
    return layout_of(record, book) is not None and sees(asker, book, record.form)


def prepare(database: Database, settings: Settings, asker: Asker, record_id: str) -> Prepared:
    """Return what an extract of an entry would say, and who answers for it; the look is logged.

    Raises:
        MissingError: there is no such entry that the person may see, or no extract of its kind.
    """
    prepared = _prepared(database, settings, asker, record_id)
    database.log_look(asker.person, "certify", [record_id], asker.purpose)
    return prepared


def _prepared(database: Database, settings: Settings, asker: Asker, record_id: str) -> Prepared:
    record, book = seen_entry(database, asker, record_id)
    layout = layout_of(record, book)
    if layout is None:
        raise MissingError(_("không có mẫu trích lục cho loại sổ này"))
    review, extracts = Review(database), Extracts(database)
    units = units_at(settings, book.place, book.years[0] or None)
    place = units.now[0] if len(units.now) == 1 else book.place
    office = f"{layouts().office} {place}"
    with database.read() as connection:
        decisions = not_undone(database.decisions_on(connection, record_id))
        rules = rules_in(review, connection)
        since = review.since_of(connection, record_id)
        last = extracts.last(connection, office, layout.sign, date.today().year)
    states = {one.read.key: one for one in states_of(record, decisions, rules, since)}
    hidden = frozenset() if asker.rights.sensitive else sensitive_in(record.form)
    places = {cell.key for cell in layout.cells if cell.place}
    said = tuple(
        Said(key, field_title(record.form, key), "", "", "closed")
        if key in hidden
        else _said(record, book, key, states.get(key), is_place=key in places)
        for key in layout.keys
    )
    told = json.dumps([(one.key, one.text, one.state) for one in said])
    return Prepared(
        record,
        book,
        layout,
        said,
        frozenset(one.key for one in said if one.state == "open"),
        tuple(reasons.sentence(one.reason) for one in record.doubts if not one.key),
        units,
        office,
        layout.sign,
        last + 1,
        hashlib.sha256(told.encode()).hexdigest()[:32],
    )


def _said(
    record: Record, book: Book, key: str, state: FieldState | None, *, is_place: bool
) -> Said:
    field = field_of(record.form, key)
    title = field_title(record.form, key)
    if state is None or not (state.value or state.raw or state.first or state.wanted):
        if is_place:
            return Said(key, title, book.place, "", "card")
        if state is None and not (field and field.printed):
            return Said(key, title, "", "", "absent")
    if state is None:
        return Said(key, title, "", "", "open")
    made = state.third or state.first
    text = shown(field, *((made.value, made.raw) if made else (state.value, state.raw)))
    value = made.value if made else state.value
    person = made.person if made else ""
    words = date_in_words(value) if field and "date" in field.kind else ""
    why = tuple(map(reasons.sentence, state.doubts))
    has_picture = bool(state.read.polygon and record.page)
    if state.wanted == 3:
        return Said(key, title, "", "", "differs", "", why, has_picture)
    if (made and made.act == "unreadable") or is_uncertain(text):
        return Said(key, title, "", "", "unread", person, why, has_picture)
    settled = made is not None and state.wanted == 0
    return Said(key, title, text, words, "decided" if settled else "open", person, why, has_picture)


def certify(
    database: Database, settings: Settings, asker: Asker, record_id: str, answers: Answers
) -> int:
    """Make an extract of an entry; return what it is called by.

    It is kept as it is printed, and logged as an export with the entry's id, kind and purpose.

    Raises:
        OpenFieldsError: a field is answered for by nobody.
        UsageError: office, purpose or number cannot be taken.
        ConflictError: the entry changed since it was shown, or the number was given meanwhile.
        MissingError: as in `prepare`.
    """
    prepared = _prepared(database, settings, asker, record_id)
    if answers.seen != prepared.seen:
        raise ConflictError(_("bản ghi vừa được sửa; hãy xem lại từng trường"))
    if left := prepared.open - answers.right - answers.blank:
        raise OpenFieldsError(tuple(one.key for one in prepared.said if one.key in left))
    office, sign = (" ".join(text.split()) for text in (answers.office, answers.sign))
    purpose, digits = answers.purpose.strip(), answers.number.strip()
    if not office or not purpose:
        raise UsageError(_("hãy ghi cơ quan cấp và cấp để làm gì"))
    if max(len(office), len(purpose), len(sign)) > LONGEST:
        raise UsageError(_("quá dài: nhiều nhất {count} chữ").format(count=LONGEST))
    if digits and not (digits.isascii() and digits.isdigit() and 0 < int(digits[:10]) < 10**9):
        raise UsageError(_("“{text}” không phải số").format(text=digits))
    number, today = int(digits) if digits else None, date.today()
    right = answers.right & prepared.open
    blank = prepared.open - right
    made = _EXTRACT.dump_python(
        _filled(prepared, blank, office, number, sign, today, asker.person), mode="json"
    )
    extracts = Extracts(database)
    with database.write() as connection:
        if number is not None and extracts.has(connection, office, sign, today.year, number):
            raise ConflictError(
                _("số {number} đã cấp trong năm nay; hãy ghi số khác").format(number=number)
            )
        return extracts.add(
            connection,
            record_id,
            (office, sign, today.year, number),
            made,
            asker.person,
            extract=_kind_of(prepared.record, prepared.book),
            purpose=purpose,
            confirmed=sorted(right),
        )


def _filled(
    prepared: Prepared,
    blank: frozenset[str],
    office: str,
    number: int | None,
    sign: str,
    today: date,
    person: str,
) -> Extract:
    said = {one.key: one for one in prepared.said if one.key not in blank}
    words = layouts()

    def text(cell: Cell) -> str:
        one = said.get(cell.key)
        if one is None:
            return ""
        if cell.words:
            return one.words
        units = prepared.units
        if not (cell.place and one.text and len(units.then) == len(units.now) == 1):
            return one.text
        return f"{one.text} ({words.then} {units.then[0]}; {words.now} {units.now[0]})"

    return Extract(
        _kind_of(prepared.record, prepared.book),
        prepared.layout.title,
        words.copy,
        words.nation,
        office,
        number,
        sign,
        today.isoformat(),
        tuple(
            PrintedBlock(
                block.title,
                tuple(
                    tuple(PrintedCell(cell.label, text(cell), cell.key) for cell in row)
                    for row in block.rows
                ),
            )
            for block in prepared.layout.blocks
        ),
        words.signer,
        words.sign_here,
        person,
        now(),
        tuple(sorted(prepared.open - blank)),
        tuple(sorted(blank)),
    )


def extract_called(database: Database, asker: Asker, id_: int) -> tuple[Record, Extract]:
    """Return an extract as it was made, and the entry it is of; the look is logged.

    Fields that the person may not see are left out.

    Raises:
        MissingError: there is none, or its entry is closed to the person.
    """
    extracts = Extracts(database)
    with database.read() as connection:
        found = extracts.find(connection, id_)
    if found is None:
        raise MissingError(_("không có trích lục ấy"))
    try:
        record, _book = seen_entry(database, asker, found[0])
    except MissingError as error:  # forbidden looks like absent: the entry's id is not told
        raise MissingError(_("không có trích lục ấy")) from error
    database.log_look(asker.person, "extract", [record.id], asker.purpose)
    made = _EXTRACT.validate_python(found[1])
    if asker.rights.sensitive:
        return record, made
    closed = sensitive_in(record.form)
    blocks = tuple(
        replace(block, rows=tuple(tuple(_without(cell, closed) for cell in row)
                                  for row in block.rows))
        for block in made.blocks
    )  # fmt: skip
    return record, replace(made, blocks=blocks)


def _without(cell: PrintedCell, closed: frozenset[str]) -> PrintedCell:
    return replace(cell, text="") if cell.key in closed else cell


def made_of(database: Database, record_id: str) -> list[tuple[int, Extract]]:
    """Return the extracts made of an entry, the newest first; whoever asks may see the entry."""
    extracts = Extracts(database)
    with database.read() as connection:
        found = extracts.of_record(connection, record_id)
    return [(id_, _EXTRACT.validate_python(card)) for id_, card in found]
