"""What is owed to a search index that lives elsewhere, put down with the records it comes from.

A write stands here until the index has taken it, so nothing is lost while the index is away or
when the sender is killed. While an index is built anew, writes that the old one has taken are
kept for the new one.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from pipeline.store.database import Database

_BATCH = 1000  # rows in one statement
_REBUILD = "outbox rebuild"  # name of the fact: the new index and the last write before it
_GENERATION = "outbox generation"  # likewise: how many times a new index took over

_outbox = sa.Table(
    "search_outbox",
    sa.MetaData(),
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("accession", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("card", sa.Text, nullable=False),
    sa.Column("is_taken", sa.Boolean, nullable=False, default=False),
    sqlite_autoincrement=True,  # a number is never used again
)


class Owed(NamedTuple):
    """One write.

    Attributes:
        id: of the document; empty when all older documents of the book are to go.
        card: the document; empty when it is to go, unless it is as new as the revision.
        sequence: writes in the order in which they were put down; 0 before.
    """

    accession: str
    id: str
    revision: int
    card: str
    sequence: int = 0


class Rebuild(NamedTuple):
    """An index that is being built: its name, and the last write that it holds from the start."""

    name: str
    since: int


class Outbox:
    """The writes that an index has not taken yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.make(_outbox)

    def owe(self, connection: Connection, writes: Iterable[Owed]) -> None:
        """Put writes down in the transaction of the records."""
        rows = (
            {key: value for key, value in write._asdict().items() if key != "sequence"}
            for write in writes
        )
        while batch := list(islice(rows, _BATCH)):
            connection.execute(sa.insert(_outbox), batch)

    def count(self) -> int:
        """Return how many writes the index has not taken."""
        counted = sa.select(sa.func.count()).where(_outbox.c.is_taken.is_(False))
        with self._database.read() as connection:
            return connection.execute(counted.select_from(_outbox)).scalar_one()

    def documents(self, batch: int, *, after: int = 0, taken: bool = False) -> Iterator[list[Owed]]:
        """Yield documents that are owed, oldest first; others may write in between.

        Args:
            batch: how many at a time.
            after: the sequence before the first.
            taken: also those that were taken since a rebuild began.
        """
        wanted = sa.select(_outbox).where(_outbox.c.id != "")
        if not taken:
            wanted = wanted.where(_outbox.c.is_taken.is_(False))
        while writes := self._owed(wanted.where(_outbox.c.sequence > after).limit(batch)):
            yield writes
            after = writes[-1].sequence

    def removals(self, *, after: int = 0, taken: bool = False) -> list[Owed]:
        """Return the books whose older documents are to go; arguments as of `documents`."""
        wanted = sa.select(_outbox).where(_outbox.c.id == "", _outbox.c.sequence > after)
        return self._owed(wanted if taken else wanted.where(_outbox.c.is_taken.is_(False)))

    def settle(self, sequences: Sequence[int], generation: int) -> None:
        """Put down that the index took these writes, unless another has taken over since."""
        with self._database.write() as connection:
            if not sequences or self._generation(connection) != generation:
                return
            which = _outbox.c.sequence == sa.bindparam("taken")
            is_kept = self._rebuild(connection) is not None
            change = sa.update(_outbox).values(is_taken=True) if is_kept else sa.delete(_outbox)
            rows = [{"taken": sequence} for sequence in sequences]
            connection.execute(change.where(which), rows)

    def generation(self) -> int:
        """Return how many times a new index took over."""
        with self._database.read() as connection:
            return self._generation(connection)

    # Building anew

    def rebuild(self) -> Rebuild | None:
        """Return the index that is being built, None when none is."""
        with self._database.read() as connection:
            return self._rebuild(connection)

    def begin_rebuild(self, name: str) -> Rebuild:
        """Keep from now on what the old index takes, for the new one."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_outbox).where(_outbox.c.is_taken.is_(True)))
            last = connection.execute(sa.select(sa.func.max(_outbox.c.sequence))).scalar()
            self._database.keep_fact(connection, _REBUILD, f"{last or 0} {name}")
        return Rebuild(name, last or 0)

    def give_up_rebuild(self) -> None:
        """Forget what was kept for a new index that comes to nothing."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_outbox).where(_outbox.c.is_taken.is_(True)))
            self._database.keep_fact(connection, _REBUILD, "")

    def end_rebuild(self, rebuild: Rebuild) -> None:
        """Owe the new index, which has taken over, all writes since its building began."""
        with self._database.write() as connection:
            connection.execute(sa.delete(_outbox).where(_outbox.c.sequence <= rebuild.since))
            connection.execute(sa.update(_outbox).values(is_taken=False))
            generation = self._generation(connection) + 1
            self._database.keep_fact(connection, _GENERATION, str(generation))
            self._database.keep_fact(connection, _REBUILD, "")

    def _owed(self, wanted: sa.Select[tuple[object, ...]]) -> list[Owed]:
        with self._database.read() as connection:
            rows = connection.execute(wanted.order_by(_outbox.c.sequence)).all()
        return [Owed(row.accession, row.id, row.revision, row.card, row.sequence) for row in rows]

    def _generation(self, connection: Connection) -> int:
        return int(self._database.fact(connection, _GENERATION) or 0)

    def _rebuild(self, connection: Connection) -> Rebuild | None:
        since, _space, name = self._database.fact(connection, _REBUILD).partition(" ")
        return Rebuild(name, int(since)) if name else None
