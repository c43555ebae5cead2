"""Records are looked at and decided, one after the other."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from sqlalchemy.engine import Connection

from pipeline.desk.pictures import closed_parts, page_of, part, record_cut
from pipeline.desk.seeing import seen_entry, sees
from pipeline.desk.typing import field_of, is_typeable, shown, typed
from pipeline.errors import ConflictError, MissingError, RightsError, UsageError
from pipeline.extract import reasons
from pipeline.extract.form import FormField
from pipeline.flow.book import as_decided, catch_up, index_of
from pipeline.flow.page import forms
from pipeline.flow.reviewing import (
    desk_rows,
    kinds_of,
    queue_book,
    rules_in,
    sensitive_in,
    told_rules,
)
from pipeline.index.documents import document
from pipeline.letters import fold
from pipeline.places.tables import load_places
from pipeline.places.telling import in_full
from pipeline.review.pictures import cut_of, places_in
from pipeline.review.rules import ReviewRules, field_facts
from pipeline.review.state import WHOLE, FieldState, Wanted, reader_for, states_of
from pipeline.review.suggestions import MOST, completions, named_places, next_syllables
from pipeline.settings import Settings
from pipeline.store.database import Database, now
from pipeline.store.decisions import not_undone, standing
from pipeline.store.review import Measured, Review
from pipeline.values import Act, Asker, Book, Decision, Record
from pipeline.words import _

_FIELD_MARGIN = 0.35  # paper around a field, as a share of its height
_ROW = 3.0  # times as wide as high: a row of a table
_ENLARGED = 1.6  # px of a field's picture for one of its scan
Told = Literal["text", "ditto", "unreadable"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reader read; the person's name is shown to whoever decides between readings."""

    person: str
    text: str


@dataclass(frozen=True, slots=True)
class SheetField:
    """A field as a reviewer sees it.

    Attributes:
        text: what stands in the box; empty where the reviewer must not see a value.
        codes: names to choose from; empty where anything may be typed.
        others: other readings of the machine, the keys 1 to 5.
        why: sentences on why it is in doubt.
        asked: this person is asked for it now.
        is_blind: the value is held back.
        is_done: nobody is asked for it any more.
        readings: of a field whose readers differ, what they read.
        base: number of the last decision about it; the answer names it.
        place: left, top, width and height in the record's picture, as shares of it.
    """

    key: str
    title: str
    text: str
    kind: str
    codes: tuple[str, ...]
    others: tuple[str, ...]
    why: tuple[str, ...]
    asked: bool
    is_blind: bool
    is_done: bool
    is_unreadable: bool
    readings: tuple[Reading, ...]
    base: int
    place: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A record on the desk.

    Attributes:
        fields: as they stand on the paper: of a table's row from left to right, of a form in its
            order.
        is_row: it is a row of a table.
        whole: what is doubtful of the record as a whole, as sentences; empty once it was seen.
        whole_base: number of the decision that an answer to that names.
        held_by: another person has it open.
        size: of its picture, width and height in px.
    """

    record: str
    book: Book
    title: str
    page: int
    row: int
    fields: tuple[SheetField, ...]
    whole: tuple[str, ...]
    whole_base: int
    held_by: str
    is_row: bool
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says of a field.

    Attributes:
        told: a text that was typed or left standing, the entry above, or that it cannot be read.
        base: of the field when it was shown, `SheetField.base`.
        token: of the form that sent it; the same one comes twice when it is sent twice.
        keys: key strokes that it took; 0 when nobody counted.
    """

    record: str
    key: str
    told: Told = "text"
    text: str = ""
    base: int = 0
    token: str = ""
    keys: int = 0


@dataclass(frozen=True, slots=True)
class BookQueue:
    """What a book has for its reviewers.

    Attributes:
        waiting: records that wait for a first, a second, a third reader; fields likewise.
    """

    book: Book
    records: int
    done: int
    waiting: tuple[int, int, int]
    fields: tuple[int, int, int]


class FieldConflict(ConflictError):
    """Someone else decided about the field meanwhile.

    Attributes:
        mine: what this person would have said; `theirs` is what stands there now, empty where
            this person must not see it.
    """

    def __init__(self, sentence: str, record: str, key: str, mine: str, theirs: str) -> None:
        super().__init__(sentence, record, key, mine, theirs)
        self.record, self.key, self.mine, self.theirs = record, key, mine, theirs

    def __str__(self) -> str:
        return str(self.args[0])


# What waits


def review_books(database: Database, asker: Asker) -> list[Book]:
    """Return the books with scans that a person may see, by accession."""
    return [book for book in database.books_with_pages() if sees(asker, book)]


def refresh_queue(database: Database) -> None:
    """Make the desk anew for books whose part of it was made by other rules, or never."""
    review = Review(database)
    with database.read() as connection:
        rules = told_rules(rules_in(review, connection))
        made = review.made(connection)
    for book in database.books_with_pages():
        if made.get(book.accession) != rules:
            records = database.read_records(book.accession)
            decisions = database.decisions(book.accession)
            with database.write() as connection:
                queue_book(review, connection, book.accession, records, decisions)


def queue(database: Database, asker: Asker) -> list[BookQueue]:
    """Return what each book has for its reviewers, books with nothing to do left out."""
    refresh_queue(database)
    with database.read() as connection:
        sums = Review(database).sums(connection)
    found = []
    for book in review_books(database, asker):
        one = sums.get(book.accession)
        if one and one.waiting:
            waits = [one.waiting.get(reader, (0, 0)) for reader in (1, 2, 3)]
            records, fields = zip(*waits, strict=True)
            found.append(BookQueue(book, one.records, one.done, tuple(records), tuple(fields)))
    return found


def next_record(database: Database, asker: Asker, accession: str = "", after: str = "") -> str:
    """Return the record that a person should see next; empty when nothing waits for them.

    Args:
        database: of the archive.
        asker: who reviews.
        accession: of one book; empty: of all that the person may see.
        after: the record that the person leaves.

    Raises:
        MissingError: there is no such book that the person may see.
    """
    books = [book.accession for book in review_books(database, asker)]
    if accession and accession not in books:
        raise MissingError(_("không có sổ “{book}” trong kho").format(book=accession))
    chosen = [accession] if accession else books
    if not chosen:
        return ""
    with database.read() as connection:
        return Review(database).next_record(
            connection,
            asker.person,
            chosen,
            time.time(),
            after=after,
            sensitive=asker.rights.sensitive,
        )


def asked_fields(database: Database, asker: Asker, record_id: str) -> list[str]:
    """Return the keys of the fields of a record that the person would be asked for.

    Raises:
        MissingError: there is no such record that the person may see.
    """
    record, book = seen_record(database, asker, record_id)
    review = Review(database)
    with database.read() as connection:
        rules = rules_in(review, connection)
        states = _Desk(database, review, connection, asker, record, book, rules).states()
    return [one.key for one in _sheet(asker, record, book, states, "").fields if one.asked]


# One record


def open_sheet(database: Database, asker: Asker, record_id: str) -> Sheet:
    """Return a record on the desk and keep it for the person; the look is logged.

    Raises:
        MissingError: there is no such record that the person may see.
    """
    record, book = seen_record(database, asker, record_id)
    review = Review(database)
    with database.write() as connection:
        rules = rules_in(review, connection)
        holder = _hold(review, connection, asker.person, record_id, rules)
        states = _Desk(database, review, connection, asker, record, book, rules).states()
    sheet = _sheet(asker, record, book, states, holder)
    database.log_look(asker.person, "review", [record_id], asker.purpose)
    return sheet


def hold(database: Database, asker: Asker, record_id: str) -> str:
    """Keep a record for the person who works on it; return who else has it open, if anybody."""
    seen_record(database, asker, record_id)
    review = Review(database)
    with database.write() as connection:
        return _hold(review, connection, asker.person, record_id, rules_in(review, connection))


def _hold(
    review: Review, connection: Connection, person: str, record_id: str, rules: ReviewRules
) -> str:
    moment = time.time()
    holder = review.holder(connection, record_id, moment)
    if holder and holder != person:
        return holder
    review.release(connection, person, but=record_id)
    review.take(connection, record_id, person, moment + 60 * rules.lease_minutes)
    return ""


def seen_record(database: Database, asker: Asker, record_id: str) -> tuple[Record, Book]:
    """Return a record that the machine read, and its book.

    Raises:
        MissingError: there is no such record that the person may see.
    """
    record, book = seen_entry(database, asker, record_id)
    if not record.page:
        raise MissingError(_("không có bản ghi “{id}”").format(id=record_id))
    return record, book


def _sheet(
    asker: Asker, record: Record, book: Book, states: Sequence[FieldState], holder: str
) -> Sheet:
    hidden = frozenset() if asker.rights.sensitive else sensitive_in(record.form)
    fields = [one for one in states if one.read.key not in {WHOLE, *hidden}]
    whole = next((one for one in states if one.read.key == WHOLE), None)
    cut = record_cut(record)
    places = places_in(cut, [one.read.polygon or record.polygon for one in fields])
    is_row = cut.width > _ROW * cut.height
    order = {key: at for at, key in enumerate(kinds_of(record.form))}
    placed = sorted(
        zip(fields, places, strict=True),
        key=lambda one: one[1][0] if is_row else order.get(one[0].read.key, len(order)),
    )
    form = forms().get(record.form)
    return Sheet(
        record.id,
        book,
        form.title if form else record.form,
        record.page,
        record.row,
        tuple(_sheet_field(record, one, asker.person, place) for one, place in placed),
        tuple(reasons.sentence(reason) for reason in whole.doubts)
        if whole and whole.wanted
        else (),
        whole.last if whole else 0,
        holder,
        is_row,
        (cut.width, cut.height),
    )


def _sheet_field(
    record: Record, state: FieldState, person: str, place: tuple[float, float, float, float]
) -> SheetField:
    field = field_of(record.form, state.read.key)
    reader = reader_for(state, person)
    asked = state.wanted != 0 and reader == state.wanted
    is_blind = asked and state.is_blind
    value, raw = _standing(state, person)
    differ = asked and state.wanted == 3
    readings: tuple[Reading, ...] = ()
    if differ:
        readings = tuple(
            Reading(one.person, _said(field, one)) for one in (state.first, state.second) if one
        )
        if state.second is None:  # a sure field that was read blind: the machine is the other one
            readings = (*readings, Reading("", shown(field, state.read.value, state.read.raw)))
    others = () if is_blind or differ else _others(field, state)
    own = [one for one in (state.first, state.second, state.third) if one]
    return SheetField(
        state.read.key,
        field.title if field else state.read.key,
        "" if is_blind or differ else shown(field, value, raw),
        field.kind if field else "",
        tuple(code.name for code in field.codes.codes)
        if field and field.codes and not field.codes.is_open
        else (),
        others,
        tuple(map(reasons.sentence, state.doubts)) if asked and not is_blind else (),
        asked,
        is_blind,
        state.wanted == 0,
        bool(own) and own[-1].act == "unreadable" and not is_blind,
        readings,
        state.last,
        place,
    )


def _standing(state: FieldState, person: str) -> tuple[str, str]:
    """Return the value and the raw text that a person may see: of two readers' work, their own."""
    own = [one for one in (state.first, state.second) if one and one.person == person]
    if state.wanted in (2, 3) and own:
        return own[-1].value, own[-1].raw
    return state.value, state.raw


def _said(field: FormField | None, decision: Decision) -> str:
    if decision.act == "unreadable":
        return _("(không đọc được)")
    return shown(field, decision.value, decision.raw)


def _others(field: FormField | None, state: FieldState) -> tuple[str, ...]:
    texts = (shown(field, other.text, other.text) for other in state.read.alternatives)
    known = shown(field, state.value, state.raw)
    return tuple(text for text in dict.fromkeys(texts) if text != known)[:5]


# Deciding


def decide(database: Database, settings: Settings, asker: Asker, answer: Answer) -> Sheet:
    """Put down what a person says of a field; return the record as it stands then.

    The decision, its event in the log, the queue and the index are one transaction. An answer
    that was taken before, by its token, is not taken again.

    Raises:
        FieldConflict: someone else decided about the field since it was shown.
        RightsError: the person was one of its readers and may not decide between them.
        UsageError: the text cannot be kept, or there is nothing above.
        MissingError: there is no such record or field that the person may see.
    """
    record, book = seen_record(database, asker, answer.record)
    return _work(
        database,
        settings,
        asker,
        record,
        book,
        lambda desk: desk.keep(answer),
    )


def accept_record(
    database: Database,
    settings: Settings,
    asker: Asker,
    record_id: str,
    answers: Sequence[Answer],
) -> Sheet:
    """Put down that a record is right as it stands, with what was typed in its fields.

    Answers are taken for the fields that the person is asked for; one that is blind or that two
    readers differ about is accepted only if something was typed. What is doubtful of the record
    as a whole was seen with that.

    Raises:
        FieldConflict, RightsError, UsageError, MissingError: as in `decide`; nothing is kept then.
    """
    record, book = seen_record(database, asker, record_id)
    return _work(
        database,
        settings,
        asker,
        record,
        book,
        lambda desk: desk.keep_all(answers),
    )


def undo(database: Database, settings: Settings, asker: Asker) -> tuple[Sheet, str] | None:
    """Take back the last decision of a person, in whatever record; return that record and the key.

    It is a decision too, appended. None when there is nothing to take back.

    Raises:
        FieldConflict: someone else decided about the field since.
    """
    review = Review(database)
    with database.read() as connection:
        last = review.last_of(connection, asker.person)
    if last is None:
        return None
    record_id, key, number = last
    record, book = seen_record(database, asker, record_id)
    sheet = _work(
        database,
        settings,
        asker,
        record,
        book,
        lambda desk: desk.take_back(key, number),
    )
    return sheet, key


def _work(
    database: Database,
    settings: Settings,
    asker: Asker,
    record: Record,
    book: Book,
    act: Callable[["_Desk"], None],
) -> Sheet:
    review = Review(database)
    index = index_of(database, settings)
    with database.write() as connection:
        rules = rules_in(review, connection)
        desk = _Desk(database, review, connection, asker, record, book, rules)
        act(desk)
        if desk.changed:
            desk.requeue()
            decided = {key: one for (_id, key), one in standing(desk.decisions).items()}
            revision = database.next_revision(connection)
            in_tray = record.page in database.tray(book.accession, connection)
            stands = () if in_tray else (document(as_decided(record, decided), book, revision),)
            index.put(stands, connection)  # an index counts the changes that it is told of
            database.unseal(connection, book.accession)
        holder = _hold(review, connection, asker.person, record.id, rules)
        states = desk.states()
    if desk.changed:
        catch_up(database, settings)  # an index that is away is owed it; the decision is kept
    return _sheet(asker, record, book, states, holder)


class _Desk:
    """One record in one writing transaction: what is decided is kept, the rest follows from it."""

    def __init__(
        self,
        database: Database,
        review: Review,
        connection: Connection,
        asker: Asker,
        record: Record,
        book: Book,
        rules: ReviewRules,
    ) -> None:
        self._database, self._review, self._connection = database, review, connection
        self._asker, self._record, self._book, self._rules = asker, record, book, rules
        self.decisions = database.decisions_on(connection, record.id)
        self._since = review.since_of(connection, record.id)
        self.changed = False

    def states(self) -> list[FieldState]:
        return states_of(self._record, not_undone(self.decisions), self._rules, self._since)

    def keep(self, answer: Answer) -> None:
        if answer.token and self._review.answered(
            self._connection, self._asker.person, answer.token
        ):
            return
        state = self._state(answer.key)
        reader = reader_for(state, self._asker.person)
        mine = answer.text if answer.told == "text" else ""
        self._check_base(state, answer.base, mine)
        if reader == 0:
            raise RightsError(_("hai người đọc khác nhau: người thứ ba quyết định"))
        self._keep(answer, state, reader)

    def keep_all(self, answers: Sequence[Answer]) -> None:
        for answer in answers:
            state = self._state(answer.key)
            asked = state.wanted != 0 and reader_for(state, self._asker.person) == state.wanted
            is_open = state.is_blind or state.wanted == 3
            if answer.base == state.last and not (asked and (answer.text.strip() or not is_open)):
                continue
            self.keep(answer)

    def take_back(self, key: str, number: int) -> None:
        self._check_base(self._state(key), number, "")
        rest = not_undone(one for one in self.decisions if one.number != number)
        states = states_of(self._record, rest, self._rules, self._since)
        value = next((state.value for state in states if state.read.key == key), "")
        self._add(
            Decision(
                self._record.id, key, value, self._asker.person, now(), act="undo", base=number
            )
        )
        self._review.undo_measure(self._connection, number)

    def requeue(self) -> None:
        place = self._review.position(self._connection, self._record.id)
        left, waits = desk_rows(self._record, place, self.states())
        self._review.replace_record(self._connection, self._book.accession, left, waits)

    def _state(self, key: str) -> FieldState:
        hidden = frozenset() if self._asker.rights.sensitive else sensitive_in(self._record.form)
        for state in self.states():
            if state.read.key == key and key not in hidden:
                return state
        raise MissingError(_("bản ghi không có trường “{key}”").format(key=key))

    def _check_base(self, state: FieldState, base: int, mine: str) -> None:
        if state.last == base:
            return
        field = field_of(self._record.form, state.read.key)
        is_hidden = state.is_blind and reader_for(state, self._asker.person) == state.wanted
        theirs = "" if is_hidden else shown(field, state.value, state.raw)
        raise FieldConflict(
            _("người khác vừa quyết định trường này; hãy xem cả hai rồi quyết định lại"),
            self._record.id,
            state.read.key,
            mine,
            theirs,
        )

    def _keep(self, answer: Answer, state: FieldState, reader: Wanted) -> None:
        assert reader
        key = state.read.key
        field = field_of(self._record.form, key)
        is_hidden = state.is_blind and reader == state.wanted
        before = shown(field, state.value, state.raw)
        act, value, raw = self._meant(answer, state, field, before, is_hidden=is_hidden)
        decision = self._add(
            Decision(
                self._record.id,
                key,
                value,
                self._asker.person,
                now(),
                raw=raw,
                act=act,
                reader=reader,
                shown="" if is_hidden else state.value,
                is_blind=is_hidden,
                base=state.last,
            )
        )
        if answer.token:
            self._review.keep_answer(
                self._connection, self._asker.person, answer.token, decision.number
            )
        self._measure(decision, state, answer.keys)
        kind = kinds_of(self._record.form).get(key, "")
        if value and kind and act != "accept":
            self._review.keep_said(self._connection, self._book.accession, {(kind, value): 1})

    def _meant(
        self,
        answer: Answer,
        state: FieldState,
        field: FormField | None,
        before: str,
        *,
        is_hidden: bool,
    ) -> tuple[Act, str, str]:
        """Return act, value and raw text of an answer."""
        if state.read.key == WHOLE:
            return "seen", "", ""
        if answer.told == "unreadable":
            return "unreadable", "", ""
        if answer.told == "ditto":
            return "ditto", self._above(state.read.key), ""
        if not is_typeable(answer.text):
            raise UsageError(
                _("không giữ được chữ này: ngoặc [ ] chứa 2 đến 8 chữ cái có thể là chữ ấy")
            )
        if not is_hidden and " ".join(answer.text.split()) == before:
            return "accept", state.value, "" if state.value else state.raw
        value, raw = typed(field, answer.text, self._book.years)
        same = not is_hidden and value == state.value and bool(value)
        return "accept" if same else "correct", value, raw

    def _above(self, key: str) -> str:
        """Return what the entry above says in a field, as it stands."""
        above = self._review.above(self._connection, self._book.accession, self._record.id)
        found = self._database.find_records([above]).get(above) if above else None
        if found is not None:
            decided = self._database.decisions_on(self._connection, above)
            stand = {key: one for (_id, key), one in standing(decided).items()}
            for field in as_decided(found[0], stand).fields:
                if field.key == key and (field.value or field.raw):
                    return field.value or field.raw
        raise UsageError(_("dòng trên không có nội dung ở trường này"))

    def _measure(self, decision: Decision, state: FieldState, keys: int) -> None:
        is_right = (
            None
            if decision.act in ("unreadable", "seen")
            else decision.value == state.read.value and not (decision.raw and decision.value == "")
        )
        self._review.keep_measure(
            self._connection,
            self._book.accession,
            Measured(
                decision.number,
                decision.record,
                decision.key,
                decision.person,
                decision.reader,
                time.time(),
                state.read.confidence,
                is_right,
                decision.is_blind,
                max(0, min(keys, 10_000)),
                decision.value or decision.raw,
            ),
        )

    def _add(self, decision: Decision) -> Decision:
        kept = self._database.add_decision(decision, self._connection)
        self.decisions.append(kept)
        self.changed = True
        return kept


# Suggestions


def suggestions(database: Database, asker: Asker, record_id: str, key: str, text: str) -> list[str]:
    """Return what a person may be about to type in a field: the book's own first.

    Only whole texts that begin as typed are offered. Nothing typed is ever changed, least of all
    a name that no list knows.

    Raises:
        MissingError: there is no such record or field that the person may see.
    """
    record, book = seen_record(database, asker, record_id)
    field = field_of(record.form, key)
    if field is None or (field.sensitive and not asker.rights.sensitive):
        raise MissingError(_("bản ghi không có trường “{key}”").format(key=key))
    if not text.strip():
        return []
    if field.codes is not None:
        return completions(text, (), [code.name for code in field.codes.codes])
    review = Review(database)
    with database.read() as connection:
        own = review.said(connection, book.accession, field.kind, text.strip(), MOST)
        everywhere = asker.rights.places is None and asker.rights.kinds is None
        others = review.said(connection, "", field.kind, text.strip(), MOST) if everywhere else []
    if field.kind == "place_text":
        others += named_places(text, _place_names())
    if field.kind in ("person_name", "person_or_org"):
        others += next_syllables(text, field_facts().names)
    found = completions(text, own, others)
    return [shown(field, value, value) for value in found]


@lru_cache(maxsize=1)
def _place_names() -> tuple[tuple[str, str], ...]:
    """Return the units of the tables by folded name, each with its address as of its last day."""
    places = load_places(None)
    return tuple(
        sorted({(fold(unit.name), in_full(places.chains(unit, None)[0])) for unit in places.units})
    )


# Pictures


def field_picture(
    database: Database, settings: Settings, asker: Asker, record_id: str, key: str
) -> bytes:
    """Return the picture of a field, enlarged, a JPEG.

    Raises:
        MissingError: there is no such record or field that the person may see.
    """
    record, book = seen_record(database, asker, record_id)
    if key in sensitive_in(record.form) and not asker.rights.sensitive:
        raise MissingError(_("bản ghi không có trường “{key}”").format(key=key))
    field = next((one for one in record.fields if one.key == key), None)
    number = field.page if field and field.page else record.page
    polygon = field.polygon if field and field.polygon else record.polygon
    page = page_of(database, book.accession, number)
    cut = cut_of(polygon, _FIELD_MARGIN, _ENLARGED)
    return part(database, settings, page, cut, closed_parts([record], asker.rights))
