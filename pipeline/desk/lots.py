"""Lots: the records of a book that are done, accepted or returned by a sample of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from pydantic import TypeAdapter
from sqlalchemy.engine import Connection

from pipeline.desk.overseeing import new_seed
from pipeline.desk.reviewing import refresh_queue, review_books, seen_record
from pipeline.desk.typing import field_of, shown
from pipeline.errors import ConflictError, MissingError, UsageError
from pipeline.flow.book import as_they_stand
from pipeline.flow.reviewing import sensitive_in
from pipeline.review.sampling import draw, plan_for, tables
from pipeline.store.database import Database, now
from pipeline.store.review import Review
from pipeline.values import Asker, Book, Decision
from pipeline.words import _


@dataclass(frozen=True, slots=True)
class Judged:
    """What an inspector found of a record of the sample.

    Attributes:
        wrong: keys of fields that are wrong; none of a record that is right.
        time: UTC, ISO 8601.
    """

    wrong: tuple[str, ...]
    note: str
    person: str
    time: str


@dataclass(frozen=True, slots=True)
class Lot:
    """Records that stand or fall together.

    Attributes:
        level, aql: inspection level and acceptance quality limit (percent) of ISO 2859-1.
        letter: code letter of the plan; `accept` is the most wrong records of the sample with
            which the lot is accepted.
        seed: draws the sample out of `records` again.
        state: drawn, accepted or returned.
        settled: when, UTC; empty before. Likewise by whom.
    """

    level: str
    aql: str
    letter: str
    accept: int
    seed: str
    records: tuple[str, ...]
    sample: tuple[str, ...]
    person: str
    time: str
    judged: dict[str, Judged] = field(default_factory=dict)
    state: str = "drawn"
    settled: str = ""
    settled_by: str = ""

    @property
    def wrong(self) -> list[str]:
        """Return the records of the sample that are wrong."""
        return [record for record in self.sample if record in self.judged
                and self.judged[record].wrong]  # fmt: skip

    @property
    def open(self) -> list[str]:
        """Return the records of the sample that nobody has judged."""
        return [record for record in self.sample if record not in self.judged]


_LOT = TypeAdapter(Lot)


@dataclass(frozen=True, slots=True)
class NumberedLot:
    """A lot as people name it."""

    number: int
    book: Book
    lot: Lot


def draw_lot(
    database: Database, asker: Asker, accession: str, level: str, aql: str, seed: str = ""
) -> int:
    """Make a lot of the records of a book for which nobody waits, and draw its sample.

    Args:
        database: of the archive.
        asker: who inspects.
        accession: of the book.
        level: inspection level; `aql` the limit, both as the standard writes them.
        aql: likewise.
        seed: chooses the sample; empty: one that nobody could foresee.

    Raises:
        UsageError: there is no such level or limit, or no record is done that is in no other lot.
        MissingError: there is no such book that the person may see.
    """
    known = tables()
    if level not in known.levels or aql not in known.limits:
        raise UsageError(_("không có mức kiểm tra hoặc giới hạn chất lượng ấy trong ISO 2859-1"))
    if accession not in {book.accession for book in review_books(database, asker)}:
        raise MissingError(_("không có sổ “{book}” trong kho").format(book=accession))
    refresh_queue(database)
    review = Review(database)
    seed = seed or new_seed()
    with database.write() as connection:
        taken = {
            record
            for _number, book, card in review.lots(connection)
            if book == accession and card["state"] != "returned"
            for record in card["records"]
        }
        records = [one for one in review.done(connection, accession) if one not in taken]
        if not records:
            raise UsageError(_("sổ này không có bản ghi nào đã xong mà chưa vào lô"))
        plan = plan_for(len(records), level, aql)
        lot = Lot(
            level,
            aql,
            plan.letter,
            plan.accept,
            seed,
            tuple(records),
            tuple(draw(records, plan.size, seed)),
            asker.person,
            now(),
        )
        return review.add_lot(connection, accession, asdict(lot), asker.person)


def lots(database: Database, asker: Asker, number: int = 0) -> list[NumberedLot]:
    """Return the lots that a person may see, the newest first; or the one of that number."""
    books = {book.accession: book for book in review_books(database, asker)}
    review = Review(database)
    with database.read() as connection:
        rows = review.lots(connection, number)
    return [
        NumberedLot(one, books[accession], _LOT.validate_python(card))
        for one, accession, card in rows
        if accession in books
    ]


def lot_called(database: Database, asker: Asker, number: int) -> NumberedLot:
    """Return a lot.

    Raises:
        MissingError: there is none of that number that the person may see.
    """
    found = lots(database, asker, number) if number > 0 else []
    if not found:
        raise MissingError(_("không có lô số {number}").format(number=number))
    return found[0]


def inspected(database: Database, asker: Asker, record_id: str) -> list[tuple[str, str, str]]:
    """Return what a record says, for who inspects it: key, title and text of its fields.

    The look is logged. Sensitive fields are left out for who may not see them.
    """
    record, _book = seen_record(database, asker, record_id)
    [stands] = as_they_stand(database, [record])
    database.log_look(asker.person, "inspect", [record_id], asker.purpose)
    hidden = frozenset() if asker.rights.sensitive else sensitive_in(record.form)
    return [
        (one.key, field.title if field else one.key, shown(field, one.value, one.raw))
        for one in stands.fields
        if one.key not in hidden
        for field in [field_of(record.form, one.key)]
    ]


def judge(
    database: Database, asker: Asker, number: int, record: str, wrong: Sequence[str], note: str = ""
) -> Lot:
    """Put down what an inspector found of a record of the sample; anew until the lot is settled.

    Raises:
        UsageError: the record is not in the sample, or has no such field.
        ConflictError: the lot was settled meanwhile.
        MissingError: there is no such lot that the person may see.
    """
    lot_called(database, asker, number)
    found = database.find_records([record]).get(record)
    keys = {one.key for one in found[0].fields} if found else set()
    review = Review(database)
    with database.write() as connection:
        lot = _LOT.validate_python(review.lots(connection, number)[0][2])
        if record not in lot.sample or not set(wrong) <= keys:
            raise UsageError(_("mẫu không có bản ghi hoặc trường ấy"))
        _check_open(lot)
        lot.judged[record] = Judged(tuple(wrong), note[:500], asker.person, now())
        review.keep_lot(connection, number, asdict(lot), asker.person, "lot.judged")
    return lot


def settle(database: Database, asker: Asker, number: int) -> Lot:
    """Accept a lot whose sample was judged, or return it, as the plan says.

    Fields that were found wrong are opened in either case; of a returned lot all that people had
    to look at is to be looked at again.

    Raises:
        UsageError: some of the sample was not judged.
        ConflictError: the lot was settled meanwhile.
        MissingError: there is no such lot that the person may see.
    """
    accession = lot_called(database, asker, number).book.accession
    review = Review(database)
    with database.write() as connection:
        lot = _LOT.validate_python(review.lots(connection, number)[0][2])
        _check_open(lot)
        if lot.open:
            raise UsageError(_("còn {count} bản ghi của mẫu chưa xem").format(count=len(lot.open)))
        is_good = len(lot.wrong) <= lot.accept
        last = 0
        for record in lot.wrong:
            for key in lot.judged[record].wrong:
                last = _reopen(database, connection, asker, record, key, number).number
        if not is_good:
            review.ask_again(connection, lot.records, last or database.last_decision(connection))
        told = {
            **asdict(lot),
            "state": "accepted" if is_good else "returned",
            "settled": now(),
            "settled_by": asker.person,
        }
        review.keep_lot(connection, number, told, asker.person, f"lot.{told['state']}")
        review.forget_book(connection, accession)
    refresh_queue(database)
    return _LOT.validate_python(told)


def _check_open(lot: Lot) -> None:
    if lot.state != "drawn":
        raise ConflictError(_("lô này đã có kết luận"))


def _reopen(
    database: Database, connection: Connection, asker: Asker, record: str, key: str, number: int
) -> Decision:
    before = [one for one in database.decisions_on(connection, record) if one.key == key]
    decision = Decision(
        record,
        key,
        "",
        asker.person,
        now(),
        note=_("lô {number}").format(number=number),
        act="reopen",
        base=before[-1].number if before else 0,
    )
    return database.add_decision(decision, connection)
