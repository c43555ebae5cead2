"""What a person may see: the one check in front of every book and entry.

Whatever is closed to a person looks like what does not exist, so that ids tell nothing.
"""

from pipeline.errors import MissingError
from pipeline.index.documents import may_see
from pipeline.index.rules import search_rules
from pipeline.store.database import Database
from pipeline.values import Asker, Book, Record
from pipeline.words import _


def sees(asker: Asker, book: Book, form: str = "") -> bool:
    """Say whether a person may see a book, or its entries of a form."""
    kind = search_rules().kind_of(form or book.form)
    return may_see(asker.rights, book.accession, book.place, kind)


def seen_books(database: Database, asker: Asker) -> list[Book]:
    """Return the books that a person may see, by accession."""
    return [book for book in database.books() if sees(asker, book)]


def seen_book(database: Database, asker: Asker, accession: str) -> Book:
    """Return a book.

    Raises:
        MissingError: there is no such book that the person may see.
    """
    book = database.book(accession)
    if book is None or not sees(asker, book):
        raise MissingError(_("không có sổ “{accession}”").format(accession=accession))
    return book


def seen_entry(database: Database, asker: Asker, record_id: str) -> tuple[Record, Book]:
    """Return an entry as it was read or imported, and its book.

    Raises:
        MissingError: there is no such entry that the person may see.
    """
    found = database.find_records([record_id]).get(record_id)
    if found is None or not sees(asker, found[1], found[0].form):
        raise MissingError(_("không có bản ghi “{id}”").format(id=record_id))
    return found
