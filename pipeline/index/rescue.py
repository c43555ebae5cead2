"""What to do when nothing fits: where the entry should stand, and what was not read there yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.index.rules import search_rules
from pipeline.index.wanted import Query, place_name
from pipeline.values import Book, Hit, Record

MOST_BOOKS = 5
_ROOM = 1  # years; a birth is often registered in the year after it


@dataclass(frozen=True, slots=True)
class Shelf:
    """A book that should hold the entry.

    Attributes:
        pages: how many scans of it there are.
        unread: numbers of the scans that were not read, or could not be.
        rows: entries of it that no person has looked at and whose name or number is in doubt, or
            whose number is next to the one that was asked for.
    """

    book: Book
    pages: int
    unread: tuple[int, ...] = ()
    rows: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class Rescue:
    """Where to look on, when nothing fits.

    Attributes:
        shelves: the likeliest books, at most MOST_BOOKS.
        books: how many there are in all.
        near: entries of such names in other years.
    """

    shelves: tuple[Shelf, ...]
    books: int
    near: tuple[Hit, ...]


def likely_books(queries: Sequence[Query], books: Iterable[Book]) -> list[Book]:
    """Return those of the books that should hold what is asked for, the likeliest first.

    Without a kind, a year or a place in the query no book is likelier than another: none then.
    """
    query = queries[0]
    if not (query.kind or query.years or query.places or "volume" in query.numbers):
        return []
    told = [(worth, book) for book in books if (worth := _worth(query, book)) > 0]
    return [book for _worth, book in sorted(told, key=lambda item: (-item[0], item[1].accession))]


def _worth(query: Query, book: Book) -> int:
    """Return how well a book's card fits, 0 when something speaks against it."""
    worth = 1
    kind = search_rules().kind_of(book.form)
    if query.kind and kind:
        if kind != query.kind:
            return 0
        worth += 1
    if query.years and any(book.years):
        first, last = book.years
        if not any(first <= year <= last + _ROOM for year in query.years):
            return 0
        worth += 1 + any(first <= year <= last for year in query.years)
    if query.places and book.place:
        if not any(place_name(place, book.place) for place in query.places):
            return 0
        worth += 1
    return worth


def rows_to_see(query: Query, records: Sequence[Record], seen: Iterable[str]) -> list[Record]:
    """Return the entries of a book that may be the one, and that no person has looked at.

    Args:
        query: what is asked for.
        records: all of the book, in its order.
        seen: ids of entries about which people decided something.
    """
    rules, reviewed = search_rules(), set(seen)
    wanted = query.numbers.get("number", "")
    near = {str(int(wanted) + step) for step in (-1, 0, 1)} if wanted.isdecimal() else set()

    def may_be(record: Record) -> bool:
        numbers = {
            field.value for field in record.fields if rules.numbers.get(field.key) == "number"
        }
        keys = {doubt.key for doubt in record.doubts}
        names = {key for key in keys if rules.is_principal(rules.names.get(key, ""))}
        return bool(numbers & near if near else names or "" in keys)

    return [record for record in records if record.id not in reviewed and may_be(record)]
