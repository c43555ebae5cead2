"""Where the search index lives: one file each, with `create(settings, database) -> Index`."""

from collections.abc import Collection, Iterable
from typing import Protocol

from sqlalchemy.engine import Connection

from pipeline.index.documents import Document
from pipeline.index.wanted import Query
from pipeline.values import EVERYTHING, Rights


class Index(Protocol):
    """Finds documents by the keys of `index.keys`; holds nothing that the records do not say.

    A connection given to a method is a writing transaction of the archive's database: what is
    put down then becomes true with all else in it, or not at all. An index that lives elsewhere
    puts down in that transaction what it owes (an outbox), pays it in `catch_up`, and keeps of
    two writes of one document the one with the higher revision, whichever comes last.

    Attributes:
        enough: how many candidates the ranker should get; measured: more cost time and hardly
            hold anyone else.
    """

    enough: int

    def put(self, documents: Iterable[Document], connection: Connection | None = None) -> None:
        """Put documents in; one with the same id is replaced."""

    def remove(self, accession: str, revision: int, connection: Connection | None = None) -> None:
        """Take all documents of a book out that are older than the revision."""

    def take_out(
        self,
        accession: str,
        ids: Collection[str],
        revision: int,
        connection: Connection | None = None,
    ) -> None:
        """Take documents of a book out that are older than the revision; some may not be there."""

    def candidates(self, query: Query, limit: int, rights: Rights = EVERYTHING) -> list[Document]:
        """Return the documents that share most with the query, the likeliest first.

        What the rights leave out is left out by the back end's own query, so that it neither
        takes the place of what may be seen nor shows in any count.
        """

    def count(self, rights: Rights = EVERYTHING) -> int:
        """Return how many documents are in the index, of those that may be seen."""

    def replace_all(self, documents: Iterable[Document]) -> None:
        """Build the index anew from these; searches see the old one until it is complete."""

    def behind(self) -> int:
        """Return how many writes searches do not see yet; 0 where all commits together."""

    def catch_up(self) -> None:
        """Let searches see all that was put in and taken out before this call.

        Raises:
            StorageError: the index cannot be reached; what it is owed stays in the database.
        """

    def rules(self) -> str:
        """Return `keys.key_rules()` of when it was built; empty when it has nothing yet."""
