"""Search, and what stands around a hit: its row, its neighbours, its place then and now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pipeline.desk.pictures import record_picture
from pipeline.desk.places import Units, spellings, units_at
from pipeline.desk.seeing import seen_books, seen_entry
from pipeline.errors import StorageError, UsageError
from pipeline.flow.book import as_decided, index_of
from pipeline.flow.reviewing import sensitive_in
from pipeline.index.keys import key_rules
from pipeline.index.query import readings
from pipeline.index.rescue import MOST_BOOKS, Rescue, Shelf, likely_books, rows_to_see
from pipeline.index.rules import search_rules
from pipeline.index.search import search as search_index
from pipeline.index.wanted import Chip, Query
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.durable import durable_write
from pipeline.store.typed import Imports
from pipeline.values import Asker, FieldValue, Hit, Record, Rights
from pipeline.words import _

MOST_NEAR = 5  # entries of such names in other years, when none fits
MOST_ROWS = 5  # of a book that should hold the entry


def name_in(record: Record, role: str) -> str:
    """Return the name of the person in that part of a record, else of whom it is about."""
    names = search_rules().names
    own = next((field for field in record.fields if role and names.get(field.key) == role), None)
    found = own or principal(record)
    return found.value or found.raw if found else ""


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
    read = (asked,) if isinstance(asked, Query) else read_line(database, settings, asker, asked)
    look = partial(search_index, index, database.find_records, rights=asker.rights)
    hits = _as_they_stand(database, look(read, limit))
    rescue = None
    if all(hit.closeness == "widened" for hit in hits):
        known = {hit.record.id for hit in hits}
        undated = tuple(replace(query, years=(), dates=()) for query in read)
        near = [hit for hit in look(undated, limit + MOST_NEAR) if hit.record.id not in known]
        rescue = _rescue(database, asker, read, _as_they_stand(database, near[:MOST_NEAR]))
    hits = tuple(hide(hit, asker.rights) for hit in hits)
    if rescue is not None:
        rescue = replace(rescue, near=tuple(hide(hit, asker.rights) for hit in rescue.near))
    seen = [hit.record.id for hit in (*hits, *(rescue.near if rescue else ()))]
    seen += [row.id for shelf in (rescue.shelves if rescue else ()) for row in shelf.rows]
    database.log_look(asker.person, "search", seen, asker.purpose)
    return Found(read, hits, rescue, index.behind())


def read_line(database: Database, settings: Settings, asker: Asker, line: str) -> tuple[Query, ...]:
    """Return how a line of the search box may be meant, the likeliest first."""
    places = database.places() if asker.rights.places is None else asker.rights.places
    return readings(line, spellings(settings, places))


def hide(hit: Hit, rights: Rights) -> Hit:
    """Return a hit without the fields that these rights leave closed."""
    return replace(hit, record=hidden(hit.record, rights))


def hidden(record: Record, rights: Rights) -> Record:
    """Return a record without the fields that these rights leave closed, and doubts about them."""
    if rights.sensitive:
        return record
    closed = sensitive_in(record.form)
    return replace(
        record,
        fields=tuple(field for field in record.fields if field.key not in closed),
        doubts=tuple(doubt for doubt in record.doubts if doubt.key not in closed),
    )


def line_of(chips: Iterable[Chip]) -> str:
    """Return a line of the search box that is read as these chips."""
    rules = search_rules()
    words = {
        **{role: told.words[:1] for role, told in rules.roles.items()},
        **{part: told[:1] for part, told in rules.number_words.items()},
        "year": rules.year_words[:1],
        "place": ("ở",),
    }
    said = []
    for chip in chips:
        if chip.text:
            said += [*words.get(chip.part, ()), chip.text]
            said += rules.age_words[:1] if chip.part == "age" else ()
    return " ".join(said)


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
    likely = likely_books(read, seen_books(database, asker))
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
        MissingError: there is no such entry that the asker may see.
    """
    _record, book = seen_entry(database, asker, record_id)
    records = database.records(book.accession)
    at = next(place for place, record in enumerate(records) if record.id == record_id)
    before, after = records[max(0, at - count) : at], records[at + 1 : at + 1 + count]
    seen = [record.id for record in (*before, *after)]
    database.log_look(asker.person, "neighbours", seen, asker.purpose)
    return tuple(before), tuple(after)


def units_of(settings: Settings, hit: Hit) -> Units:
    """Return what the book's place was in its first year, and where it lies today."""
    return units_at(settings, hit.book.place, hit.book.years[0] or None)


def row_picture(database: Database, settings: Settings, asker: Asker, hit: Hit) -> Path:
    """Cut the record out of its scan, upright, as a JPEG in `work/`; return the file."""
    record = hit.record
    scan = scan_of(database, record)
    page = database.page(*scan) if scan else None
    if page is None:
        raise StorageError(_("không thấy bản quét của bản ghi {id}").format(id=record.id))
    picture = settings.archive / "work" / "pictures" / (record.id.replace("/", "_") + ".jpg")
    durable_write(picture, record_picture(database, settings, record, page, asker.rights))
    database.log_look(asker.person, "picture", [record.id], asker.purpose)
    return picture


def principal(record: Record) -> FieldValue | None:
    """Return the name of the person that the record is about, None when it has none."""
    rules = search_rules()
    return next(
        (field for field in record.fields if rules.is_principal(rules.names.get(field.key, ""))),
        None,
    )
