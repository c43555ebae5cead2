"""Look through the archive for records that may tell of one person; people decide."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import combinations

from pipeline.flow.book import as_they_stand, index_of, working
from pipeline.index.documents import plain_number
from pipeline.index.links.compare import Commonness, bare_place
from pipeline.index.links.people import people
from pipeline.index.links.suggest import suggest
from pipeline.index.links.weights import LinkRules, link_rules
from pipeline.index.rules import search_rules
from pipeline.ingest.intake import Progress
from pipeline.places.lookup import lies_today
from pipeline.places.tables import load_places
from pipeline.settings import Settings
from pipeline.store.database import Database
from pipeline.store.links import Links
from pipeline.values import Book, Record, Suggestion
from pipeline.words import _

SAME_NUMBER = "same_number"
_NUMBER, _REGISTERED = "so", "ngayDangKy"  # keys


def find_links(
    database: Database,
    settings: Settings,
    on_progress: Progress,
    rules: LinkRules | None = None,
) -> dict[str, int]:
    """Suggest links over the whole archive; return how many of each kind.

    What people decided stays. May be killed and started again; others may write meanwhile.

    Raises:
        BusyError: links are being looked for already.
    """
    rules = rules or link_rules()
    with working(settings.archive, "links"):
        links = Links(database)
        run = links.next_run()
        counts: dict[str, int] = defaultdict(int)
        for found in (same_numbers(database), likely(database, settings, rules, on_progress)):
            for part in found:
                with database.write() as connection:
                    links.keep(connection, run, part)
                for one in part:
                    counts[one.kind] += 1
        links.end_run(run)
        return dict(counts)


def likely(
    database: Database, settings: Settings, rules: LinkRules, on_progress: Progress
) -> Iterator[list[Suggestion]]:
    """Yield what is suggested for the records of each book."""
    books = database.books()
    common = commonness(database, books)
    index = index_of(database, settings)
    places = cache(partial(load_places, settings.archive))
    today = cache(lambda written: lies_today(places(), written))
    look = partial(find_standing, database)
    for done, book in enumerate(books, 1):
        yield [
            one
            for record in as_they_stand(database, database.records(book.accession))
            for one in suggest(record, book, index, look, rules, common, today)
        ]
        on_progress(_("tìm người trùng"), done, len(books))


def find_standing(database: Database, ids: Sequence[str]) -> dict[str, tuple[Record, Book]]:
    """Return the records with these ids as they stand, and their books."""
    found = database.find_records(ids)
    standing = as_they_stand(database, [record for record, _book in found.values()])
    return {record.id: (record, found[record.id][1]) for record in standing}


def commonness(database: Database, books: Sequence[Book]) -> Commonness:
    """Return how common names are in the archive."""
    found = Commonness()
    for book in books:
        for record in database.records(book.accession):
            for person in people(record, book):
                found.add(person.names[0])
    return found


def same_numbers(database: Database) -> Iterator[list[Suggestion]]:
    """Yield records that have the same number of the same volume, place and year, by volume."""
    rules = search_rules()
    volumes: dict[tuple[str, str, str], list[Book]] = defaultdict(list)
    for book in database.books():
        kind = rules.kind_of(book.form)
        volumes[kind, bare_place(book.place), plain_number(book.volume)].append(book)
    for books in volumes.values():
        entries: dict[tuple[str, str], list[str]] = defaultdict(list)
        for book in books:
            for record in database.records(book.accession):
                entry = _entry(record, book)
                if all(entry):
                    entries[entry].append(record.id)
        yield [
            Suggestion(SAME_NUMBER, one, two, ("", ""), 1.0, {})
            for ids in entries.values()
            for one, two in combinations(sorted(ids), 2)
        ]


def _entry(record: Record, book: Book) -> tuple[str, str]:
    """Return number and year of an entry; empty where they are not known."""
    values = {field.key: field.value for field in record.fields}
    first, last = book.years
    year = values.get(_REGISTERED, "")[:4] or (str(first) if first == last else "")
    return values.get(_NUMBER, "").lower(), year
