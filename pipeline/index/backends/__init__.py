"""Where the search index lives: one file each, with `create(settings, database) -> Index`."""

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy.engine import Connection

from pipeline.index.documents import Document
from pipeline.index.query import Query


class Index(Protocol):
    """Finds documents by the keys of `index.keys`; holds nothing that the records do not say.

    A connection given to a method is a writing transaction of the archive's database: what is
    put down then becomes true with all else in it, or not at all.
    """

    def put(self, documents: Iterable[Document], connection: Connection | None = None) -> None:
        """Put documents in; one with the same id is replaced."""

    def remove(self, accession: str, connection: Connection | None = None) -> None:
        """Take all documents of a book out."""

    def candidates(self, query: Query, limit: int) -> list[Document]:
        """Return the documents that share most with the query, the likeliest first."""

    def count(self) -> int:
        """Return how many documents are in the index."""

    def replace_all(self, documents: Iterable[Document]) -> None:
        """Build the index anew from these; searches see the old one until it is complete."""
